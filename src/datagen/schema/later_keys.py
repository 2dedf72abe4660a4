"""Which keys and words of the language this version reads but does not build yet, and what does a similar job today.

A key leaves these lists in the change that builds it; nothing else has to be told.
"""

from __future__ import annotations

from collections.abc import Mapping

TOP_KEYS = frozenset[str]()
LATER_TARGETS: tuple[str, ...] = ()
METRIC_KEYS: frozenset[str] = frozenset()
NODE_KEYS: frozenset[str] = frozenset()
COLUMN_KEYS: frozenset[str] = frozenset()
FANOUT_KEYS: frozenset[str] = frozenset()
# Keys of a node's objects that are available themselves, and values of those keys.
INSIDE: Mapping[str, frozenset[str]] = {}
INSIDE_VALUES: Mapping[tuple[str, str], frozenset[str]] = {}
# Values of keys that are otherwise available: where the value is one of these, it is not.
KINDS: frozenset[str] = frozenset()

GENERATOR_WORDS: tuple[str, ...] = ()
# Keys of parts that are available themselves.
PART_KEYS: Mapping[tuple[str, str], frozenset[str]] = {}
PART_VALUES: Mapping[tuple[str, str, str], frozenset[str]] = {}

# What exists instead, by key, or by `where.key` where one key means different things.
INSTEAD: Mapping[str, str] = {
    "fanout.total": "a law whose mean is the total over the number of parents comes close",
    "fanout.mean": "a law with that mean and a `clamp`",
    "rows": "a number of `rows`, and a `datetime_series` for the times they arrive",
}
