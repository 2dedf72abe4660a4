"""Keys found by value."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datagen.kernel.key_codes import NumberCodes, PairCodes

INTS = st.integers(-(2**62), 2**62)
NEAR = st.integers(-20, 20)


@given(st.lists(INTS | NEAR, max_size=20), st.lists(INTS | NEAR, max_size=30))
def test_a_number_has_the_place_of_itself_among_the_distinct_keys(keys: list[int], asked: list[int]) -> None:
    codes = NumberCodes(np.array(keys, dtype=np.int64))
    distinct = sorted(set(keys))
    found = codes.codes(np.array([*asked, *keys], dtype=np.int64)).tolist()
    assert codes.count == len(distinct)
    assert found == [distinct.index(one) if one in distinct else len(distinct) for one in [*asked, *keys]]


def test_whole_numbers_match_floats_by_value() -> None:
    assert NumberCodes(np.array([1.0, 2.5])).codes(np.array([1, 2, 3])).tolist() == [0, 2, 2]
    assert NumberCodes(np.array([1, 2])).codes(np.array([1.0, 2.5])).tolist() == [0, 2]


@given(st.lists(st.tuples(NEAR, NEAR), max_size=15), st.lists(st.tuples(NEAR, NEAR), min_size=1, max_size=20))
def test_pairs_are_told_apart(keys: list[tuple[int, int]], asked: list[tuple[int, int]]) -> None:
    ones = [NumberCodes(np.array([key[side] for key in keys], dtype=np.int64)) for side in (0, 1)]

    def parts(pairs: list[tuple[int, int]]) -> list[np.ndarray]:
        return [one.codes(np.array([pair[side] for pair in pairs], dtype=np.int64)) for side, one in enumerate(ones)]

    pairs = PairCodes(parts(keys), [one.count for one in ones])
    found = pairs.codes(parts([*asked, *keys])).tolist()
    assert pairs.count == len(set(keys))
    by_pair = dict(zip([*asked, *keys], found, strict=True))
    for pair, code in by_pair.items():
        assert (code < pairs.count) == (pair in keys)
    assert len({by_pair[key] for key in keys}) == len(set(keys))
