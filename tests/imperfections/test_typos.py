"""Slips of the keyboard: never the text as it was, in their shares, on the key beside."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest

from datagen.imperfections._keyboard import neighbours, slips
from tests.imperfections.documents import pairs
from tests.parts.proofs import proof

ODD = ["", "a", "aa", "aaaa", "ÅÄÖ", "日本", "😀", "😀😀", "12", " ", "  ", "O'Neil", "x" * 300, "-", "Ab Cd", "\u00df"]


@pytest.mark.parametrize("seed", range(20))
def test_a_slip_never_leaves_a_text_as_it_was(seed: int) -> None:
    draws = np.random.default_rng(seed)
    texts = pl.Series(ODD * 50)
    found = slips(texts, draws.random(len(texts)), draws.random(len(texts)), draws.random(len(texts)))
    assert (found != texts).all()
    assert found.str.len_chars().min() == 1
    assert ((found.str.len_chars().cast(int) - texts.str.len_chars().cast(int)).abs() <= 1).all()


def test_the_edges_of_the_draws_are_slips_as_well() -> None:
    for edge in (0.0, 1.0 - 2.0**-52):
        texts = pl.Series(ODD)
        draws = np.full(len(texts), edge)
        for kind in (0.0, 0.4, 0.65, 0.85, 1.0 - 2.0**-52):
            assert (slips(texts, np.full(len(texts), kind), draws, draws) != texts).all()


def kind_of(text: str, slip: str) -> str:
    """What happened to a text, told from the two alone."""
    if len(slip) > len(text):
        return "double"
    if len(slip) < len(text):
        return "drop"
    differ = [place for place, (one, other) in enumerate(zip(text, slip, strict=True)) if one != other]
    return "swap" if len(differ) == 2 else "neighbour"


@proof("imperfection", "typos")
def test_slips_come_in_their_shares_and_hit_the_next_key() -> None:
    pure, dirty = pairs({"faker": "name", "imperfections": {"typos": 1.0}})
    assert len(dirty) == 4000
    found = Counter(kind_of(one, other) for one, other in zip(pure, dirty, strict=True))
    shares = {"neighbour": 0.40, "drop": 0.25, "swap": 0.20, "double": 0.15}
    for kind, share in shares.items():
        # a swap of two equal signs or behind the last one doubles instead: some of the one are the other
        slack = 4 * np.sqrt(share * (1 - share) / 4000) + (0.03 if kind in ("swap", "double") else 0.0)
        assert abs(found[kind] / 4000 - share) < slack, f"{kind}: {found[kind] / 4000:.3f}, {share}"
    near, keys = neighbours()
    for one, other in zip(pure, dirty, strict=True):
        if kind_of(one, other) == "neighbour":
            [(was, now)] = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
            assert ord(now) in near[ord(was)][: keys[ord(was)]]
            assert was.isupper() == now.isupper()
