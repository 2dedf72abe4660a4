"""A preview shows the first rows of every table, the very ones of a full run, wherever it cuts between siblings."""

from __future__ import annotations

import pytest

from datagen import api
from datagen.datasets import shipped
from datagen.engine.preview import preview
from datagen.structures import with_json
from tests.golden.content import planned
from tests.support import plain, table_of

HUNDREDS = 130  # rows: ends among the children of some parent in most tables


@pytest.mark.parametrize("name", shipped())
def test_as_many_rows_as_one_likes_are_the_first_of_each_table(name: str) -> None:
    plan = planned(name)[1]
    seen = 0
    for place, shown in preview(plan, HUNDREDS).items():
        if place in plan.tables:
            assert plain(shown).equals(with_json(table_of(plan, place).head(shown.height))), place
            seen += shown.height
    assert seen > 20


def test_a_preview_may_end_at_every_child() -> None:
    document = {
        "timeframe": {"start": "2024-01-01", "end": "2024-03-31"},
        "tables": [
            {"name": "users", "rows": 6, "columns": {"plan": {"choices": ["free", "pro"]}}},
            {"name": "visits", "parents": ["users"], "fanout": {"poisson": 2, "per": "month"}, "columns": {"at": {"role": "time"}}},
        ],
    }  # fmt: skip
    plan = api.prepare(document).bind()
    whole = table_of(plan, "visits")
    assert whole.height > 20
    for rows in range(6, whole.height):
        assert plain(preview(plan, rows)["visits"]).equals(whole.head(rows))
