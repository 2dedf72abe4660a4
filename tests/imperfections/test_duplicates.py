"""Rows that stand twice: behind their originals, alike, and unseen by everything else."""

from __future__ import annotations

import numpy as np

from tests.imperfections.documents import PEOPLE, TWO, table
from tests.parts.proofs import proof
from tests.support import made, plan_of, table_of


@proof("imperfection", "duplicates")
def test_copies_stand_right_behind_their_originals_and_are_alike() -> None:
    plan = plan_of(table(PEOPLE, duplicates={"rate": "5%"}))
    dirty = table_of(plan, "people")
    assert dirty.height == 4200
    keys = dirty.get_column("people_id").to_numpy()
    assert (np.diff(keys) >= 0).all()
    assert np.bincount(keys).max() == 2
    assert dirty.unique().height == 4000
    again = table_of(plan, "people", block_rows=13)
    assert dirty.equals(again)


def test_children_are_those_of_the_table_without_copies() -> None:
    document = {**TWO, "tables": [{**TWO["tables"][0], "duplicates": {"rate": 0.0}}, TWO["tables"][1]]}
    assert made(document, "visits").equals(made(TWO, "visits"))


def test_a_bare_share_is_the_rate() -> None:
    short, long = (plan_of(table(PEOPLE, duplicates=written)) for written in ("5%", {"rate": "5%"}))
    assert short.fingerprint == long.fingerprint
