"""The funnel of the first version runs unchanged, and its declared rates are in the written files."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen import api
from tests.written import Tables, share_error, written

FUNNEL = Path(__file__).with_name("funnel.json")
USERS = 1_000
STAGES = ("signup", "activation", "first_purchase", "repeat_purchase", "advocate")
# share of users by segment that go on at last: 0.35, 0.80, 0.65 and 0.42 times 1.3 or 0.7, never above 1
RATES = {
    "vip": (1.0, 0.455, 1.0, 0.845, 0.546),
    "standard": (1.0, 0.35, 0.8, 0.65, 0.42),
    "budget": (1.0, 0.245, 0.56, 0.455, 0.294),
}


@pytest.fixture(scope="module")
def funnel(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written(FUNNEL, tmp_path_factory.mktemp("funnel") / "data")


def test_the_document_is_planned_with_one_warning() -> None:
    [warning] = [one for one in api.prepare(FUNNEL).bind().findings if one.severity == "warning"]
    assert warning.code == "stage.clipped"
    assert "vip" in warning.found
    assert "first_purchase" in warning.found


def test_the_table_has_key_reference_and_what_the_process_fills(funnel: Tables) -> None:
    assert funnel.rows("select column_name, column_type from (describe select * from user_journey)") == [
        ("user_journey_id", "BIGINT"),
        ("user_id", "BIGINT"),
        ("stage_index", "BIGINT"),
        ("stage_name", "VARCHAR"),
        ("event_timestamp", "TIMESTAMP"),
    ]


def test_every_user_signs_up_once_and_passes_the_stages_in_order(funnel: Tables) -> None:
    assert funnel.row("select count(*), count(distinct user_id) from user_journey where stage_index = 1") == (
        USERS,
        USERS,
    )
    names = funnel.rows("select distinct stage_index, stage_name from user_journey order by all")
    assert names == list(enumerate(STAGES, 1))
    assert (
        funnel.value(
            """select count(*) from user_journey a join user_journey b using (user_id)
               where b.stage_index = a.stage_index + 1 and b.event_timestamp < a.event_timestamp + interval 1 second"""
        )
        == 0
    )
    assert (
        funnel.value(
            """select count(*) from user_journey a anti join user_journey b
               on a.user_id = b.user_id and a.stage_index = b.stage_index + 1 where a.stage_index > 1"""
        )
        == 0
    )


@pytest.mark.parametrize("segment", RATES)
def test_users_go_on_at_the_declared_rates(funnel: Tables, segment: str) -> None:
    """Of those whose stage before lies a month before the end: 99.97 % of steps take less (lognormal, 1 day, 1)."""
    for place, rate in enumerate(RATES[segment][1:], 1):
        n, share = funnel.row(
            f"""select count(*), avg((b.user_id is not null)::int) from user_journey a join user using (user_id)
                left join user_journey b on a.user_id = b.user_id and b.stage_index = a.stage_index + 1
                where a.stage_index = {place} and segment = '{segment}' and a.event_timestamp < '2024-12-01'"""
        )
        assert abs(share - rate) <= share_error(rate, n) + 1e-3, f"{STAGES[place]}: {share} of {n}, declared {rate}"
