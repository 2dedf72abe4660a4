"""The modifier `clamp`: keeps a number between two bounds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.parts.columns import law, modified, numbers, one_column, refused, values
from tests.parts.proofs import proof

NORMAL = law("normal", mean=0, std=1)


@proof("modifier", "clamp")
def test_values_outside_pile_up_at_the_bounds() -> None:
    free = numbers(NORMAL)
    assert np.array_equal(numbers(NORMAL, modifiers=[modified("clamp", min=-0.5, max=1)]), np.clip(free, -0.5, 1))
    assert np.array_equal(numbers(NORMAL, modifiers=[modified("clamp", min=0)]), np.maximum(free, 0))
    assert np.array_equal(numbers(NORMAL, modifiers=[modified("clamp", max=0)]), np.minimum(free, 0))


def test_a_later_modifier_may_leave_it() -> None:
    found = numbers(NORMAL, modifiers=[modified("clamp", min=0, max=1), modified("multiply", factor=3)])
    assert found.max() == 3
    last = numbers(NORMAL, modifiers=[modified("multiply", factor=3), modified("clamp", min=0, max=1)])
    assert last.max() == 1


def test_bounds_that_make_no_sense_are_refused() -> None:
    assert refused(one_column(NORMAL, modifiers=[modified("clamp", min=3, max=1)]), "clamp.reversed")
    assert refused(one_column(NORMAL, modifiers=[modified("clamp")]), "clamp.no_bound")
    assert refused(one_column({"uuid": {}}, modifiers=[modified("clamp", min=0)]), "modifier.needs_number")


@pytest.mark.parametrize("type", ["int", "float"])
def test_nulls_stay_null(type: str) -> None:
    code = {"expression": {"code": "case when row_number % 2 = 0 then row_number end"}}
    found = values(code, rows=6, type=type, nullable=True, modifiers=[modified("clamp", min=3, max=5)])
    assert found.to_list() == [None, 3, None, 4, None, 5]
