"""The fingerprint of data: blind to how values are stored and in which order they come, awake to every change."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import examples

from datagen.kernel.content_hash import ColumnSum, TableSums, canonical, lane_sum, prepare, root_hash
from datagen.kernel.text_bytes import text_chunks
from datagen.kernel.text_hash import FAR_WORDS, FEW_BUFFERS, text_hash

MASK = (1 << 64) - 1
GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def mixed(bits: int) -> int:
    bits = (bits ^ bits >> 30) * FIRST & MASK
    bits = (bits ^ bits >> 27) * SECOND & MASK
    return bits ^ bits >> 31


def text_by_hand(text: str) -> int:
    """The definition of a text's hash, word by word in plain integers."""
    raw = text.encode()
    words = max(2, -(-len(raw) // 8))
    total = len(raw) * SECOND
    for place in range(words):
        word = int.from_bytes(raw[8 * place : 8 * place + 8], "little")
        total += mixed((word + (place + 1) * GOLDEN) & MASK)
    total &= MASK
    total = (total ^ total >> 32) * FIRST & MASK
    return total ^ total >> 29


def sum_of(series: pl.Series | np.ndarray, start: int = 0) -> str:
    column = ColumnSum("any")
    column.add(np.arange(start, start + len(series)), series)
    return column.hex


def test_text_hash_follows_its_definition_at_every_length() -> None:
    texts = ["", "a", "é", "12345678", "123456789", "123456789012", "1234567890123", "ž" * 7, "x" * 16, "x" * 17]
    texts += ["ab" * 150, "a" * 256, "b" * 257, "c" * 263, "d" * 264, "🙂" * 100, "\0", "\0\0", "nul\0inside and long"]
    assert text_hash(pl.Series(texts)).tolist() == [text_by_hand(text) for text in texts]


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.text(max_size=40) | st.text(min_size=250, max_size=300), max_size=30))
def test_text_hash_follows_its_definition_for_any_text(texts: list[str]) -> None:
    assert text_hash(pl.Series(texts, dtype=pl.String)).tolist() == [text_by_hand(text) for text in texts]


def test_very_long_texts_are_hashed_in_pieces() -> None:
    texts = ["a" * (8 * FAR_WORDS + 5), "b" * 4000, "a" * (8 * FAR_WORDS + 6)]
    hashes = text_hash(pl.Series(texts))
    assert len(set(hashes.tolist())) == 3
    assert hashes[1] == text_by_hand(texts[1])
    assert text_hash(pl.Series(texts[:1]))[0] == hashes[0]


def test_text_hash_does_not_see_slices_chunks_or_buffers() -> None:
    numbers = pl.Series(np.arange(20_000)).cast(pl.String)
    texts = "a text longer than one view " + numbers
    whole = text_hash(texts)
    assert (text_hash(texts[3:9_000]) == whole[3:9_000]).all()
    assert (text_hash(pl.concat([texts[:7], texts[7:9_999], texts[9_999:]])) == whole).all()
    assert (text_hash(pl.Series(texts.to_list())) == whole).all()
    assert (text_hash(texts.gather(pl.Series(np.arange(20_000)[::-1]))) == whole[::-1]).all()


@pytest.mark.parametrize("parts", [3, 3 * FEW_BUFFERS])
def test_text_hash_reads_texts_that_lie_in_many_buffers(parts: int) -> None:
    """Neighbours of one piece of the column that lie in few and in many buffers, in any order."""
    texts = [f"a text longer than one view {number}" for number in range(1_000)]
    size = -(-len(texts) // parts)
    apart = pl.concat([pl.Series(texts[start : start + size]) for start in range(0, len(texts), size)])
    places = np.arange(len(texts)) * 7 % len(texts)
    mixed = apart.rechunk().gather(places)
    with text_chunks(mixed) as chunks:
        assert max(len(chunk.buffers) for chunk in chunks) >= parts
    assert (text_hash(mixed) == text_hash(pl.Series(texts))[places]).all()


def test_the_same_text_has_one_hash_in_every_type_of_column() -> None:
    words = ["paid", None, "", "a status of more than twelve bytes", "paid", "žluť"]
    text = pl.Series(words, dtype=pl.String)
    enum = text.cast(pl.Enum(["žluť", "unused", "paid", "", "a status of more than twelve bytes"]))
    expected = canonical(text).tolist()
    assert canonical(enum).tolist() == expected
    assert canonical(text.cast(pl.Categorical)).tolist() == expected
    codes = np.array([2, 0, 3, 4, 2, 0], np.uint8)
    valid = np.array([True, False, True, True, True, True])
    assert canonical(codes, valid, texts=text_hash(enum.dtype.categories)).tolist() == expected
    assert len(set(expected)) == 5
    assert canonical(pl.Series([None, None], dtype=pl.Enum([]))).tolist() == [expected[1]] * 2
    assert canonical(pl.Series([None, None], dtype=pl.Null)).tolist() == [expected[1]] * 2


def test_numbers_have_one_form_whatever_their_width() -> None:
    assert canonical(pl.Series([-1, 2], dtype=pl.Int8)).tolist() == canonical(np.array([-1, 2])).tolist()
    assert canonical(pl.Series([7], dtype=pl.UInt32)).tolist() == [7]
    zeros = canonical(pl.Series([0.0, -0.0]))
    assert zeros[0] == zeros[1]
    quiet, other = np.array([0x7FF8000000000000, 0xFFF8000000000123], np.uint64).view(np.float64)
    assert len(set(canonical(np.array([quiet, other])).tolist())) == 1
    assert canonical(pl.Series([5e-324]))[0] == 1
    assert canonical(pl.Series([0.1], dtype=pl.Float32))[0] == canonical(np.array([np.float32(0.1)], np.float64))[0]
    assert canonical(pl.Series([True, False, None]))[:2].tolist() == [1, 0]


def test_times_count_in_microseconds_and_dates_in_days() -> None:
    micro = pl.Series([1_700_000_000_123_000, None], dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    assert canonical(micro)[0] == 1_700_000_000_123_000
    assert (canonical(micro) == canonical(micro.cast(pl.Datetime("ms")))).all()
    assert canonical(pl.Series([-1]).cast(pl.Date))[0] == MASK


@pytest.mark.parametrize("dtype", [pl.Datetime("ns"), pl.Duration("us"), pl.List(pl.Int64), pl.Binary])
def test_a_type_without_canonical_form_is_refused(dtype: pl.DataType) -> None:
    with pytest.raises(TypeError, match="canonical form"):
        canonical(pl.Series([None], dtype=dtype))


def test_a_missing_value_is_not_an_empty_one() -> None:
    assert len({sum_of(pl.Series([value], dtype=pl.String)) for value in ("", None, "null", "0")}) == 4
    assert sum_of(pl.Series([0])) != sum_of(pl.Series([None], dtype=pl.Int64))
    assert sum_of(pl.Series([0.0])) != sum_of(pl.Series([None], dtype=pl.Float64))
    assert sum_of(pl.Series([False])) != sum_of(pl.Series([None], dtype=pl.Boolean))


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(1, 30_000), st.lists(st.integers(0, 30_000), max_size=6), st.randoms(use_true_random=False))
def test_blocks_of_any_size_in_any_order_give_one_sum(rows: int, cuts: list[int], order) -> None:  # type: ignore[no-untyped-def]
    values = pl.Series(np.arange(rows) * 7 - 3)
    edges = sorted({0, rows, *(cut for cut in cuts if cut < rows)})
    blocks = list(pairwise(edges))
    order.shuffle(blocks)
    column = ColumnSum("int")
    for start, stop in blocks:
        part = ColumnSum("int")
        part.add(np.arange(start, stop), values[start:stop])
        column.join(part)
    assert (column.rows, column.hex) == (rows, sum_of(values))


def test_every_changed_moved_or_swapped_value_changes_the_sum() -> None:
    rng = np.random.Generator(np.random.PCG64(7))
    values = rng.integers(-5, 5, 3_000)
    lanes = prepare(np.arange(3_000))
    sums = {lane_sum(lanes, canonical(values))}
    for bit in range(64):
        changed = values.copy()
        changed[rng.integers(3_000)] ^= np.int64(np.uint64(1 << bit).astype(np.int64))
        sums.add(lane_sum(lanes, canonical(changed)))
    swaps = 0
    for row in range(500):  # neighbours changing places is what a wrong order looks like
        changed = values.copy()
        changed[[row, row + 1]] = values[[row + 1, row]]
        swaps += int((changed != values).any())
        if (changed != values).any():
            sums.add(lane_sum(lanes, canonical(changed)))
    sums.add(lane_sum(prepare(np.arange(1, 3_001)), canonical(values)))
    assert len(sums) == 1 + 64 + swaps + 1


def test_pairs_of_small_changes_do_not_cancel() -> None:
    """+1 here, -1 there is the fault that a weak sum forgives: each pair of rows must differ in both lanes."""
    values = np.full(200, 1000)
    lanes = prepare(np.arange(200))
    left, right = set(), set()
    pairs = 0
    for up in range(200):
        for down in range(up + 1, 200, 7):
            changed = values.copy()
            changed[up] += 1
            changed[down] -= 1
            a, b = lane_sum(lanes, canonical(changed))
            left.add(a)
            right.add(b)
            pairs += 1
    assert len(left) == len(right) == pairs


@pytest.mark.parametrize("bit", [0, 30, 31, 32, 62, 63])
def test_pairs_of_flipped_bits_do_not_cancel(bit: int) -> None:
    """A column with its signs turned differs, and so does every pair of rows with one bit turned, in both lanes."""
    values = np.arange(300).astype(np.float64).view(np.uint64)
    lanes = prepare(np.arange(300))
    left, right = lane_sum(lanes, values)
    for second in range(1, 300):
        changed = values.copy()
        changed[[0, second]] ^= np.uint64(1 << bit)
        a, b = lane_sum(lanes, changed)
        assert a != left
        assert b != right
    assert lane_sum(lanes, values ^ np.uint64(1 << bit)) != (left, right)


def test_sums_look_random_in_every_bit() -> None:
    """4,096 sums of one-row columns: each of 128 bits is set 2,048 times, give or take 5 standard deviations (160)."""
    columns = [lane_sum(prepare(np.array([row])), np.array([row * 10], np.uint64)) for row in range(4096)]
    bits = np.unpackbits(np.array(columns, np.uint64).view(np.uint8).reshape(4096, 16), axis=1).sum(axis=0)
    assert (abs(bits.astype(np.int64) - 2048) < 160).all()


def test_the_root_names_tables_columns_types_and_rows() -> None:
    def tables(table: str = "t", column: str = "c", kind: str = "int", rows: int = 3) -> dict[str, TableSums]:
        sums = TableSums({column: ColumnSum(kind), "other": ColumnSum("string")})
        sums.add(np.arange(rows), pl.DataFrame({column: np.arange(rows), "other": ["x"] * rows}))
        return {table: sums}

    base = root_hash(tables())
    assert len(base) == 64
    assert base == root_hash(tables())
    variants = {
        root_hash(tables(**change)) for change in ({"table": "u"}, {"column": "d"}, {"kind": "date"}, {"rows": 4})
    }
    assert len(variants | {base}) == 5
    both = {**tables("a"), **tables("b")}
    assert root_hash(both) == root_hash(dict(reversed(both.items())))


def test_golden_sums_do_not_move() -> None:
    """Changing these needs a new data version: published data sets are verified against them."""
    names = ["Ann", None, "a name longer than a view"]
    frame = pl.DataFrame({"id": [1, 2, 3], "name": names, "price": [1.5, -0.0, 1e300]})
    sums = TableSums({"id": ColumnSum("int"), "name": ColumnSum("string"), "price": ColumnSum("float")})
    sums.add(np.arange(3), frame)
    assert {name: column.hex for name, column in sums.columns.items()} == {
        "id": "4f1368dc6c91aaf748070ed9115b8b7b",
        "name": "37bc3765840e5f2b5b8c5538c275b417",
        "price": "d9517dd35b3ce38bc2cc165a32a3e95f",
    }
    assert root_hash({"t": sums}) == "9498f3b9dc29dd1da2c29f4db9484dfa7e2014ae4ff52259f444ca5aaeb3bdc6"


def test_rows_and_values_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="2 values for 3 rows"):
        lane_sum(prepare(np.arange(3)), np.zeros(2, np.uint64))
