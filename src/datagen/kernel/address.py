"""Who a row is: a 64-bit address that depends on names and places only, never on what else is generated.

A root row is `mix(seed, table, row number)`, a child row `mix(parent's address, child table, ordinal)`. So any block of
any table can be made alone, and changing one parent's number of children moves no other row. Keys and salts are BLAKE2b
hashes of names; rows are mixed by the splitmix64 finaliser (Steele, Lea, Flood 2014; constants of Stafford's mix 13).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SCHEME = b"datagen/1"  # the version of the address scheme; another one gives other data everywhere
GOLDEN = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd: neighbours land far apart before they are mixed
FIRST_MULTIPLIER = 0xBF58476D1CE4E5B9
SECOND_MULTIPLIER = 0x94D049BB133111EB


@lru_cache(maxsize=65_536)
def salt_of(*names: str | int) -> int:
    """A 64-bit number made from names, by BLAKE2b over parts that carry their kind and length.

    ("ab", "c") and ("a", "bc") differ, and so do 1 and "1".
    """
    digest = blake2b(digest_size=8, person=SCHEME)
    for name in names:
        kind, text = (b"s", name) if isinstance(name, str) else (b"i", str(int(name)))
        part = text.encode("utf-8", "surrogatepass")
        digest.update(kind + len(part).to_bytes(8, "little") + part)
    return int.from_bytes(digest.digest(), "little")


def table_key(seed: int, table: str) -> int:
    """The 64-bit key under which a table's rows get their addresses."""
    return salt_of("table", seed, table)


def mix(bits: NDArray[np.uint64], scratch: NDArray[np.uint64]) -> None:
    """The splitmix64 finaliser, in place: a bijection in which every input bit moves every output bit.

    bits (n,) uint64 is changed; scratch (n,) uint64 is overwritten.
    """
    np.right_shift(bits, 30, out=scratch)
    np.bitwise_xor(bits, scratch, out=bits)
    np.multiply(bits, FIRST_MULTIPLIER, out=bits)
    np.right_shift(bits, 27, out=scratch)
    np.bitwise_xor(bits, scratch, out=bits)
    np.multiply(bits, SECOND_MULTIPLIER, out=bits)
    np.right_shift(bits, 31, out=scratch)
    np.bitwise_xor(bits, scratch, out=bits)


def root_addresses(key: int, row_numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """(n,) uint64 addresses of rows without a driving parent; no two rows of a table share one."""
    addresses = _steps(row_numbers)
    np.add(addresses, key, out=addresses)
    mix(addresses, np.empty_like(addresses))
    return addresses


def child_addresses(parents: NDArray[np.uint64], key: int, ordinals: NDArray[np.int64]) -> NDArray[np.uint64]:
    """(n,) uint64 addresses of child rows.

    parents (n,) uint64: the parent's address, already repeated once per child; key: `table_key` of the child table;
    ordinals (n,) int64: place among the parent's children, from 0.
    """
    addresses = _steps(ordinals)
    scratch = np.bitwise_xor(parents, key)
    np.add(addresses, scratch, out=addresses)
    mix(addresses, scratch)
    return addresses


def _steps(places: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A fresh (n,) uint64 array, (place + 1) × GOLDEN modulo 2^64."""
    steps = np.asarray(places, dtype=np.int64).astype(np.uint64)
    np.add(steps, 1, out=steps)
    np.multiply(steps, GOLDEN, out=steps)
    return steps
