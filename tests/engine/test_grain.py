"""How children are cut into blocks: whole parents, wide parents continued, every row exactly once and in order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.engine import grain
from datagen.engine.grain import Walk, cuts, grains, places
from datagen.engine.run import Run
from tests.support import examples, plan_of


def rows_of(counts: np.ndarray, block_rows: int) -> list[tuple[int, int]]:
    """(parent, ordinal) of every row, in the order that blocks make them."""
    ends = np.cumsum(counts)
    found: list[tuple[int, int]] = []
    for first, last, skip, rows in cuts(counts, ends, block_rows):
        index, ordinal = places(counts, first, last, skip, rows)
        assert len(index) == len(ordinal) == rows
        found.extend(zip(index.tolist(), ordinal.tolist(), strict=True))
    return found


def expected_rows(counts: np.ndarray) -> list[tuple[int, int]]:
    return [(parent, ordinal) for parent, count in enumerate(counts.tolist()) for ordinal in range(count)]


@settings(derandomize=True, max_examples=examples(200))
@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 50), st.integers(1, 30))
def test_every_row_is_in_exactly_one_block_and_in_order(counts: list[int], block_rows: int, wide: int) -> None:
    numbers = np.array(counts, dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grain, "WIDE_PARENT", wide)
        assert rows_of(numbers, block_rows) == expected_rows(numbers)


def test_blocks_hold_whole_parents() -> None:
    counts = np.array([3, 4, 5, 100, 2], dtype=np.int64)
    assert [(first, last, rows) for first, last, _, rows in cuts(counts, np.cumsum(counts), 10)] == [
        (0, 2, 7), (2, 3, 5), (3, 4, 100), (4, 5, 2),
    ]  # fmt: skip


def test_a_parent_wider_than_the_limit_is_continued_over_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grain, "WIDE_PARENT", 50)
    counts = np.array([3, 120, 2], dtype=np.int64)
    assert [(first, last, skip, rows) for first, last, skip, rows in cuts(counts, np.cumsum(counts), 50)] == [
        (0, 1, 0, 3), (1, 2, 0, 50), (1, 2, 50, 50), (1, 2, 100, 20), (2, 3, 0, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("block_rows", [1, 3, 10, 99])
def test_the_blocks_of_a_root_table_hold_each_of_its_rows_once(block_rows: int) -> None:
    plan = plan_of("tables: [{name: users, rows: 10, columns: {name: {choices: [Ann, Bo]}}}]")
    [one] = grains(plan)
    blocks = Walk(Run(plan), one, {"users": 0}, block_rows=block_rows).roots()
    assert [int(number) for block in blocks for number in block.row_number] == list(range(10))
