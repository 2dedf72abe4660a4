"""Parameters that differ by the value of a column: generators, laws, modifiers, fan-outs and their multipliers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datagen.errors import SchemaError
from datagen.plan.prepare import prepare
from datagen.schema.load import load_text
from tests.support import table_of

HEAD = "timeframe: {start: 2024-01-01, end: 2024-12-31}\ntables:\n"
USERS = "  - {name: users, rows: 4000, columns: {tier: {choices: {vip: 20%%, std: 50%%, low: 30%%}}, %s}}\n"


def made(text: str, table: str) -> Any:
    return table_of(prepare(load_text(HEAD + text)).bind(), table)


def users(columns: str) -> Any:
    return made(USERS % columns, "users")


def means(frame: Any, column: str) -> dict[str, float]:
    return {
        tier: float(np.mean(frame.filter(frame["tier"] == tier)[column].to_numpy())) for tier in ("vip", "std", "low")
    }


def test_a_law_takes_the_parameters_of_the_rows_value():
    found = means(users("x: {normal: {mean: 40, std: 5, by: {tier: {vip: {mean: 60}, else: {}}}}}"), "x")
    # 4 standard errors of 5 / sqrt(800)
    assert found == pytest.approx({"vip": 60, "std": 40, "low": 40}, abs=4 * 5 / 800**0.5)


def test_a_row_has_the_same_draw_in_every_branch():
    plain = users("x: {normal: {mean: 40, std: 5}}")["x"].to_numpy()
    moved = users("x: {normal: {mean: 40, std: 5, by: {tier: {vip: {mean: 60}, else: {}}}}}")
    vip = (moved["tier"] == "vip").to_numpy()
    assert np.allclose(moved["x"].to_numpy() - plain, np.where(vip, 20.0, 0.0), atol=1e-6)


def test_another_law_in_a_branch_has_its_own_parameters():
    frame = users("x: {normal: {mean: 40, std: 5, by: {tier: {vip: {uniform: {low: 0, high: 1}}, else: {}}}}}")
    vip = frame.filter(frame["tier"] == "vip")["x"].to_numpy()
    assert vip.min() >= 0
    assert vip.max() <= 1


def test_choices_and_texts_differ():
    frame = users(
        "x: {choice: {choices: {en: 50%, de: 50%}, by: {tier: {vip: {choices: {fr: 90%, en: 10%}}, else: {}}}}}"
    )
    texts = {tier: set(frame.filter(frame["tier"] == tier)["x"].to_list()) for tier in ("vip", "std")}
    assert texts == {"vip": {"fr", "en"}, "std": {"en", "de"}}


def test_a_modifier_takes_the_arguments_of_the_rows_value():
    found = means(
        users(
            "x: {normal: {mean: 0, std: 1}, modifiers: [{add: {value: 0, by: {tier: {vip: {value: 100}, else: {}}}}}]}"
        ),
        "x",
    )
    assert found == pytest.approx({"vip": 100, "std": 0, "low": 0}, abs=4 / 800**0.5)


def test_several_columns_act_one_after_the_other():
    frame = users(
        "kind: {choices: [a, b]}, "
        "x: {normal: {mean: 0, std: 1, by: {tier: {vip: {mean: 100}, else: {}}, kind: {a: {std: 0.001}, else: {}}}}}"
    )
    vip = frame.filter((frame["tier"] == "vip") & (frame["kind"] == "a"))["x"].to_numpy()
    rest = frame.filter((frame["tier"] == "low") & (frame["kind"] == "b"))["x"].to_numpy()
    assert abs(vip.mean() - 100) < 0.01
    assert vip.std() < 0.01
    assert abs(rest.mean()) < 4 / len(rest) ** 0.5
    assert rest.std() > 0.9


def test_a_parents_column_chooses_the_fanout():
    text = USERS % "x: {sequence: {}}"
    text += "  - {name: orders, parents: [users], fanout: {poisson: 2, by: {tier: {vip: {lambda: 10}, low: {constant: 1}, else: {}}}}, columns: {k: {sequence: {}}}}\n"
    parents, orders = made(text, "users"), made(text, "orders")
    counts = np.bincount(np.searchsorted(parents["users_id"].to_numpy(), orders["users_id"].to_numpy()), minlength=4000)
    found = {tier: counts[(parents["tier"] == tier).to_numpy()].mean() for tier in ("vip", "std", "low")}
    assert found["low"] == 1
    assert abs(found["vip"] - 10) < 4 * (10 / 800) ** 0.5
    assert abs(found["std"] - 2) < 4 * (2 / 2000) ** 0.5


def test_rates_in_time_and_their_multipliers_differ_by_parent():
    text = USERS % "x: {sequence: {}}"
    text += (
        "  - name: visits\n    parents: [users]\n"
        "    fanout: {poisson: 1, per: month, by: {tier: {vip: {lambda: 3}, else: {}}}, multipliers: "
        "[{trend: {growth_rate: 10%, time_unit: month, by: {tier: {low: {growth_rate: 0}, else: {}}}}}]}\n"
        "    columns: {moment: {role: time}, tier: {lookup: {from: users.tier}}}\n"
    )
    visits = made(text, "visits")
    months = visits["moment"].dt.month().to_numpy()
    tier = visits["tier"].to_list()
    ratio = {}
    for one in ("vip", "std", "low"):
        own = months[np.array([other == one for other in tier])]
        ratio[one] = (own == 12).sum() / (own == 1).sum()
    # 1.1^11 between the middles of the months; standard error of a ratio of Poisson counts of at least 1,100
    for one, expected in (("vip", 1.1**11), ("std", 1.1**11), ("low", 1.0)):
        assert abs(ratio[one] / expected - 1) < 4 * (2 / 1100) ** 0.5, (one, ratio[one], expected)
    first = {one: sum(m == 1 and t == one for m, t in zip(months, tier, strict=True)) for one in ("vip", "std")}
    assert abs(first["vip"] / first["std"] * 2.5 - 3) < 4 * 3 * (1 / first["vip"] + 1 / first["std"]) ** 0.5


def test_rows_are_sorted_in_time_within_each_parent_whatever_its_branch():
    text = USERS % "x: {sequence: {}}"
    text += (
        "  - {name: visits, parents: [users], columns: {moment: {role: time}}, "
        "fanout: {poisson: 1, per: month, by: {tier: {vip: {lambda: 3}, low: {poisson: 5, per: week}, else: {}}}}}\n"
    )
    visits = made(text, "visits")
    same = np.diff(visits["users_id"].to_numpy()) == 0
    assert (np.diff(visits["moment"].to_numpy().astype("int64"))[same] >= 0).all()


def test_a_null_without_else_is_refused_in_words():
    text = USERS % (
        "kind: {choices: [a, b], when: \"tier = 'vip'\"}, x: {normal: {mean: 0, std: 1, by: {kind: {a: {}, b: {}}}}}"
    )
    with pytest.raises(SchemaError) as caught:
        made(text, "users")
    [finding] = caught.value.findings
    assert finding.code == "by.unlisted_value"
    assert "whose kind is null" in finding.found


@pytest.mark.parametrize("table", ["users", "visits"])
def test_rows_are_the_same_in_blocks_of_any_size(table: str):
    text = USERS % "x: {normal: {mean: 40, std: 5, by: {tier: {vip: {mean: 60}, else: {}}}}}"
    text += (
        "  - {name: visits, parents: [users], columns: {moment: {role: time}, y: {normal: {mean: 0, std: 1, "
        "by: {users.tier: {vip: {std: 2}, else: {}}}}}}, "
        "fanout: {poisson: 1, per: month, by: {tier: {vip: {lambda: 3}, low: {poisson: 5, per: week}, else: {}}}}}\n"
    )
    plan = prepare(load_text(HEAD + text)).bind()
    assert table_of(plan, table).equals(table_of(plan, table, block_rows=700))
