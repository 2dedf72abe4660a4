"""What is done in a thread beside the work is done in order, and its faults are told where somebody waits for it."""

from __future__ import annotations

import threading

import pytest

from datagen.engine.behind import Behind


def test_things_are_done_one_after_another_while_others_are_being_made() -> None:
    done: list[int] = []
    begun = threading.Event()
    with Behind() as behind:
        behind.do(begun.wait, 60)
        assert done == []  # and nobody has waited for it
        begun.set()
        for number in range(5):
            behind.do(done.append, number)
    assert done == [0, 1, 2, 3, 4]


def test_a_fault_is_told_by_whoever_waits_and_only_once() -> None:
    with Behind() as behind:
        behind.do(lambda: [].pop())
        with pytest.raises(IndexError):
            behind.wait()
        behind.wait()


def test_a_fault_from_before_is_told_in_place_of_a_later_one() -> None:
    def both() -> None:
        with Behind() as behind:
            behind.do([].pop)
            raise KeyError("later")

    with pytest.raises(IndexError):
        both()
