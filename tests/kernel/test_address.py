"""Addresses are functions of names and places, unique, and the same for ever."""

from __future__ import annotations

import numpy as np
import pytest

from datagen.kernel.address import child_addresses, root_addresses, salt_of, table_key

KEY = table_key(42, "customer")


def test_salts_never_change() -> None:
    assert salt_of("customer", "segment", "choice") == 0x898DDF1377F1A595
    assert salt_of("a", 1) == 0xBF0900786D0E3B13
    assert table_key(42, "customer") == 0x725913D1EAEF9BA9


def test_addresses_never_change() -> None:
    roots = root_addresses(KEY, np.array([0, 1, 2, 10**12]))
    assert roots.tolist() == [0xC249E16FC9970166, 0xA19C9C93B7895AEE, 0xA287FF78DEBA4D44, 0xCC860B58ABE249C8]
    children = child_addresses(np.repeat(roots[:2], 2), table_key(42, "order"), np.array([0, 1, 0, 1]))
    assert children.tolist() == [0x980BCD207C0111F8, 0x920F492E4745158, 0xEC6D84C2637AB656, 0xF19F17B707437A40]


def test_salts_tell_apart_where_names_end_and_what_they_are() -> None:
    texts = [("ab", "c"), ("a", "bc"), ("abc",), ("a", "b", "c"), ("abc", ""), ()]
    numbers = [("a", 1), ("a", "1"), ("a", 11), ("a", -1)]
    assert len({salt_of(*names) for names in [*texts, *numbers]}) == 10


def test_seeds_and_tables_have_their_own_keys() -> None:
    keys = {table_key(seed, table) for seed in (0, 1, -1, 2**70) for table in ("a", "A", "b")}
    assert len(keys) == 12


def test_rows_have_the_same_address_alone_and_in_any_block() -> None:
    rows = np.arange(1_000)
    whole = root_addresses(KEY, rows)
    alone = np.concatenate([root_addresses(KEY, rows[start : start + 7]) for start in range(0, 1_000, 7)])
    assert (whole == alone).all()
    assert (root_addresses(KEY, rows[::-1])[::-1] == whole).all()


def test_a_childs_address_depends_on_its_parent_table_and_ordinal_alone() -> None:
    parents = root_addresses(KEY, np.arange(50))
    order = table_key(42, "order")
    few = child_addresses(np.repeat(parents, 2), order, np.tile([0, 1], 50)).reshape(50, 2)
    many = child_addresses(np.repeat(parents, 5), order, np.tile(np.arange(5), 50)).reshape(50, 5)
    assert (many[:, :2] == few).all()
    other = child_addresses(parents, table_key(42, "visit"), np.zeros(50, dtype=np.int64))
    assert not np.isin(other, many).any()


def test_no_two_rows_of_a_root_table_share_an_address() -> None:
    addresses = root_addresses(KEY, np.arange(200_000))
    assert len(np.unique(addresses)) == 200_000  # by construction: the mixing is a bijection


def test_inputs_are_left_alone() -> None:
    parents, ordinals, rows = np.arange(5, dtype=np.uint64), np.arange(5), np.arange(5)
    child_addresses(parents, KEY, ordinals)
    root_addresses(KEY, rows)
    assert parents.tolist() == ordinals.tolist() == rows.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.slow
def test_ten_million_children_collide_no_more_than_chance_allows() -> None:
    # expected collisions of 10 M draws from 2^64: 2.7e-6; one at all would be a fault of the mixing
    parents = root_addresses(KEY, np.arange(1_000_000))
    ordinals = np.tile(np.arange(10), 1_000_000)
    addresses = child_addresses(np.repeat(parents, 10), table_key(42, "order"), ordinals)
    grandchildren = child_addresses(addresses[:5_000_000], table_key(42, "item"), np.zeros(5_000_000, dtype=np.int64))
    everything = np.sort(np.concatenate([parents, addresses, grandchildren]))
    assert (np.diff(everything) > 0).all()
