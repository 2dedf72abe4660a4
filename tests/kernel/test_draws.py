"""Draws look random in every way that data could show, whichever rows, parents and salts lie beside each other.

Bounds are 4.5 standard errors or a p-value of 1e-5 unless said otherwise: the seeds are fixed, so these tests never
flicker, and some 500 comparisons pass together with a chance of 99 % if the draws are random.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from datagen.kernel.address import child_addresses, root_addresses, salt_of, table_key
from datagen.kernel.draws import PIECE, bits, uniform

N = 1 << 18
SALT = salt_of("orders", "amount", "draw", 0)
ROOTS = root_addresses(table_key(42, "orders"), np.arange(N))
P_LEAST = 1e-5


def _neighbouring_roots() -> NDArray[np.uint64]:
    return ROOTS


def _raw_numbers() -> NDArray[np.uint64]:
    return np.arange(N, dtype=np.uint64)  # harder than anything the engine gives: not yet mixed


def _first_children() -> NDArray[np.uint64]:
    return child_addresses(ROOTS, table_key(42, "items"), np.zeros(N, dtype=np.int64))


def _children_of_few() -> NDArray[np.uint64]:
    return child_addresses(np.repeat(ROOTS[:256], N // 256), table_key(42, "items"), np.tile(np.arange(N // 256), 256))


def _grandchildren() -> NDArray[np.uint64]:
    key = table_key(42, "items")
    return child_addresses(_children_of_few(), key, np.zeros(N, dtype=np.int64))


def _strided_roots() -> NDArray[np.uint64]:
    return root_addresses(table_key(42, "orders"), np.arange(N) * 65_536)


KINDS = [_neighbouring_roots, _raw_numbers, _first_children, _children_of_few, _grandchildren, _strided_roots]


def name(kind) -> str:  # type: ignore[no-untyped-def]
    return kind.__name__[1:]


addresses = pytest.mark.parametrize("addresses", KINDS, ids=name)


def test_draws_never_change() -> None:
    salt = salt_of("customer", "segment", "draw", 0)
    rows = root_addresses(table_key(42, "customer"), np.array([0, 1, 2, 10**12]))
    words = [0xE494B84AA51FBA92, 0x8C5C6F511306159D, 0x80730D84C0380A32, 0x71E68A5BB98604A4]
    assert bits(rows, salt).tolist() == words
    numbers = [0.8928942854155355, 0.5482854435859041, 0.5017555665110365, 0.44492401828167516]
    assert uniform(rows, salt).tolist() == numbers


def test_uniforms_are_the_upper_52_bits() -> None:
    assert (uniform(ROOTS, SALT) == (bits(ROOTS, SALT) >> np.uint64(12)).astype(np.float64) * 2.0**-52).all()


@pytest.mark.parametrize("size", [0, 1, 7, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])
def test_a_row_draws_the_same_alone_and_in_a_block(size: int) -> None:
    rows = ROOTS[:size]
    assert (uniform(rows, SALT) == uniform(ROOTS, SALT)[:size]).all()
    assert (bits(rows[::-1], SALT)[::-1] == bits(rows, SALT)).all()


def test_results_can_be_written_in_place() -> None:
    out = np.empty(N)
    assert uniform(ROOTS, SALT, out) is out
    words = ROOTS.copy()
    bits(words, SALT, words)
    assert (words == bits(ROOTS, SALT)).all()
    assert (out == uniform(ROOTS, SALT)).all()


def test_threads_do_not_disturb_each_other() -> None:
    salts = [salt_of("t", number) for number in range(32)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda salt: uniform(ROOTS, salt), salts))
    assert all((values == uniform(ROOTS, salt)).all() for values, salt in zip(together, salts, strict=True))


@addresses
def test_uniforms_are_uniform(addresses) -> None:  # type: ignore[no-untyped-def]
    u = uniform(addresses(), SALT)
    assert u.min() >= 0
    assert u.max() < 1
    for cells in (16, 1_024, 65_536):
        counts = np.bincount((u * cells).astype(np.int64), minlength=cells)
        assert stats.chisquare(counts).pvalue > P_LEAST
    assert stats.kstest(u, "uniform").pvalue > P_LEAST
    assert abs(u.mean() - 0.5) < 4.5 * (1 / 12 / N) ** 0.5
    # fine digits too: the fraction of u × 2^20 is uniform
    assert stats.kstest(u * 2**20 % 1, "uniform").pvalue > P_LEAST


@addresses
def test_neighbouring_rows_are_not_related(addresses) -> None:  # type: ignore[no-untyped-def]
    u = uniform(addresses(), SALT) - 0.5
    for lag in (1, 2, 3, 4, 8, 16, 256, 1_024, 4_096):
        correlation = 12 * (u[:-lag] * u[lag:]).mean()
        assert abs(correlation) < 4.5 / (N - lag) ** 0.5, lag
    pairs = np.bincount(((u[::2] + 0.5) * 64).astype(int) * 64 + ((u[1::2] + 0.5) * 64).astype(int), minlength=4_096)
    assert stats.chisquare(pairs).pvalue > P_LEAST
    rises = np.diff(u) > 0  # of 3 neighbours each order is equally likely: runs have known lengths
    turns = (rises[1:] != rises[:-1]).mean()
    assert abs(turns - 2 / 3) < 4.5 * (16 / 90 / N) ** 0.5


def _coins(words: NDArray[np.uint64]) -> NDArray[np.float32]:
    """(n, 64) the bits as -1 and 1."""
    return np.unpackbits(words.view(np.uint8)).reshape(len(words), 64).astype(np.float32) * 2 - 1


@addresses
def test_every_bit_is_a_fair_coin(addresses) -> None:  # type: ignore[no-untyped-def]
    coins = _coins(bits(addresses()[:65_536], SALT))
    assert np.abs(coins.mean(axis=0)).max() < 4.5 / 65_536**0.5


@pytest.mark.parametrize("addresses", [kind for kind in KINDS if kind is not _raw_numbers], ids=name)
def test_no_bit_knows_another(addresses) -> None:  # type: ignore[no-untyped-def]
    # addresses only: one mixing of bare row numbers leaves some pairs of bits related by 3 %, the second one does not
    coins = _coins(bits(addresses()[:65_536], SALT))
    related = coins.T @ coins / 65_536 - np.eye(64, dtype=np.float32)
    assert np.abs(related).max() < 5.5 / 65_536**0.5  # 2,016 pairs at once
    after = coins[:-1].T @ coins[1:] / 65_535
    assert np.abs(after).max() < 5.5 / 65_536**0.5  # each bit against each bit of the next row


def test_neighbouring_salts_are_not_related() -> None:
    base = uniform(ROOTS, SALT) - 0.5
    for change in [1, 2, 3, 1 << 12, 1 << 31, 1 << 63, 0x5555555555555555]:
        other = uniform(ROOTS, SALT ^ change) - 0.5
        assert abs(12 * (base * other).mean()) < 4.5 / N**0.5, hex(change)
        assert abs(12 * (base[1:] * other[:-1]).mean()) < 4.5 / N**0.5, hex(change)
        pairs = np.bincount(((base + 0.5) * 32).astype(int) * 32 + ((other + 0.5) * 32).astype(int), minlength=1_024)
        assert stats.chisquare(pairs).pvalue > P_LEAST, hex(change)


def test_columns_of_one_table_are_not_related() -> None:
    columns = np.array([uniform(ROOTS, salt_of("orders", f"column_{number}", "draw", 0)) for number in range(24)])
    related = np.corrcoef(columns) - np.eye(24)
    assert np.abs(related).max() < 4.5 / N**0.5


def test_children_are_not_related_to_their_parents_or_siblings() -> None:
    parents = uniform(ROOTS, SALT) - 0.5
    key = table_key(42, "items")
    children = [uniform(child_addresses(ROOTS, key, np.full(N, ordinal)), SALT) - 0.5 for ordinal in range(4)]
    for place, child in enumerate(children):
        assert abs(12 * (parents * child).mean()) < 4.5 / N**0.5
        for other in children[:place]:
            assert abs(12 * (other * child).mean()) < 4.5 / N**0.5


def test_one_changed_bit_of_an_address_or_a_salt_changes_half_of_the_draw() -> None:
    n = 8_192
    words = bits(ROOTS[:n], SALT)
    for place in range(64):
        for changed in (bits(ROOTS[:n] ^ np.uint64(1 << place), SALT), bits(ROOTS[:n], SALT ^ (1 << place))):
            flips = np.unpackbits((words ^ changed).view(np.uint8)).reshape(n, 64).mean(axis=0)
            # 5 standard errors (8,192 comparisons), and a known residue of this mixing: 0.5 ± 0.02 for some top bits
            assert np.abs(flips - 0.5).max() < 5 * 0.5 / n**0.5 + 0.02, place
            assert abs(flips.mean() - 0.5) < 4.5 * 0.5 / (64 * n) ** 0.5 + 0.001, place


def test_gaps_between_rare_rows_are_geometric() -> None:
    rare = np.flatnonzero(uniform(ROOTS, SALT) < 0.01)
    gaps = np.diff(rare)
    counts = np.bincount(np.minimum(gaps // 20, 20), minlength=21)
    borders = np.concatenate([[1.0], 0.99 ** (20.0 * np.arange(1, 21) - 1.0), [0.0]])
    assert stats.chisquare(counts, -np.diff(borders) * len(gaps)).pvalue > P_LEAST
