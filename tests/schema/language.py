"""The words that the tests of the schema floor give to the expansion, and plain ways to look at its trees."""

from __future__ import annotations

import json
from typing import Any

from datagen.schema.tree import Map, Mark, Seq

GENERATORS = """sequence choice distribution datetime_series faker lookup expression enum_list trend after ingested
bernoulli case rollup siblings series uuid pattern nested point polygon"""
MODIFIERS = "multiply add clamp jitter time_jitter map_values seasonality effect outliers expression trend"
LAWS = """constant normal lognormal uniform poisson exponential gamma beta weibull pareto student_t triangular binomial
bernoulli negative_binomial zipf empirical mixture"""
MAIN = {
    "sequence": "start",
    "choice": "choices",
    "faker": "method",
    "expression": "code",
    "enum_list": "values",
    "lookup": "from",
    "after": "column",
    "bernoulli": "p",
    "pattern": "regex",
    "case": "cases",
}


class Language:
    """Every word of the language, built or not."""

    generators = frozenset(GENERATORS.split())
    modifiers = frozenset(MODIFIERS.split())
    laws = frozenset(LAWS.split())

    def main(self, kind: str, word: str) -> str | None:
        return MAIN.get(word) if kind == "generator" else None


def same(left: Any, right: Any) -> bool:
    """Whether two trees are the same, key order and the difference between 1, 1.0 and true included."""
    return json.dumps(left) == json.dumps(right)


def marks(node: Any) -> list[Mark]:
    """Every mark of a tree, asserting that each entry has its own."""
    if isinstance(node, Map):
        assert set(node.key_marks) == set(node.value_marks) == set(node)
        found = [node.mark, *node.key_marks.values(), *node.value_marks.values()]
        return found + [mark for value in node.values() for mark in marks(value)]
    if isinstance(node, Seq):
        assert len(node.item_marks) == len(node)
        return [node.mark, *node.item_marks, *(mark for value in node for mark in marks(value))]
    assert not isinstance(node, (dict, list))
    return []
