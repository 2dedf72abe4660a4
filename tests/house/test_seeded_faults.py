"""The faults that are put into the engine on demand can still be put in: their texts stand where they are looked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.house.tools import tool

faults = tool("seeded_faults")


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.what)
def test_a_fault_can_be_put_in(fault: object) -> None:
    assert faults.misplaced(fault) == ""


def test_there_are_forty_and_one_that_cannot_be_put_in_is_told() -> None:
    assert len(set(faults.FAULTS)) == 40
    first = faults.FAULTS[0]
    assert faults.misplaced(replace(first, old="no such text")).startswith("its text stands 0 times")
    assert faults.misplaced(replace(first, tests=("engine/none.py",))) == "no tests engine/none.py"
