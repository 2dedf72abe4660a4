"""Whatever is written, expanding it never fails, never changes the written tree, and a second time changes nothing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from language import GENERATORS, LAWS, MODIFIERS, Language, marks, same
from tests.support import examples

from datagen.errors import Finding
from datagen.schema.expand import expand
from datagen.schema.load import from_object
from datagen.schema.params import substitute

WORDS = sorted({*GENERATORS.split(), *LAWS.split(), *MODIFIERS.split()})
KEY_TEXT = """id name pk kind rows parents columns fanout per_parent modifiers data stage_config emits type params clamp
state_transition_model min max lambda mean mu sigma std low high by else distribution multipliers transform args value
generator choices choices_ref weights weights_kind exact ref on where delay censor when role nullable unique
imperfections stages states transition_rate next_states dwell lifecycle_model duration magnitude magnitude_dist user
order a b missing description x-note total per
integers law weight components cases values of at fill_to version metadata"""
KEYS = KEY_TEXT.split()
TEXTS = [
    "user", "order", "order.a", "a", "2..5", "1..", "0.5..1.5", "3d", "1d..2d", "15%", "4%..9%", "normal", "poisson",
    "$n", "$$n", "a $n b", "1...5", "fact", "vocab", "derived", "uniform", "sequence", "",
]  # fmt: skip

scalars = st.none() | st.booleans() | st.integers(-5, 50) | st.floats(-2, 9, width=16) | st.sampled_from(TEXTS)
keys = st.sampled_from(KEYS) | st.sampled_from(WORDS)


def objects(values: st.SearchStrategy[Any], *likely: str) -> st.SearchStrategy[Any]:
    own = st.sampled_from(likely) | keys if likely else keys
    return st.dictionaries(own, values, max_size=5)


parts = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | objects(inner), max_leaves=8)
columns = objects(parts, "name", "generator", "ref", "choices", "modifiers", "type", *LAWS.split(), *GENERATORS.split())
column_lists = st.lists(columns | scalars, max_size=3) | st.dictionaries(keys, columns | scalars, max_size=3)
nodes = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["user", "order", "User"]) | parts,
        "name": st.sampled_from(["user", "order"]),
        "columns": column_lists,
        "parents": st.lists(st.sampled_from(["user", "order", "gone"]) | parts, max_size=2) | scalars,
        "fanout": parts,
        "per_parent": parts,
        "rows": parts,
        "kind": parts,
        "pk": parts,
        "data": st.lists(objects(scalars), max_size=3),
        "modifiers": parts,
        "stage_config": objects(parts, "stages", "start"),
        "state_transition_model": objects(parts, "states"),
        "emits": st.lists(objects(parts, "fanout", "at", "columns"), max_size=2),
        "lifecycle_model": objects(parts, "stages"),
    },
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "nodes": st.lists(nodes | parts, max_size=3) | parts,
        "tables": st.lists(nodes, max_size=2),
        "name": scalars,
        "metadata": parts,
        "version": st.sampled_from(["1.0", "2", 1.0, None]),
        "params": objects(parts),
    },
)


def settled(finding: Finding) -> bool:
    """Whether expanding takes the contradiction out of the tree: the key of a map wins over the name inside."""
    return finding.code in ("column.two_names", "stage.two_names")


@settings(max_examples=examples(150), deadline=None, derandomize=True)
@given(documents)
def test_any_document_expands_once_and_for_all(written: dict[str, Any]) -> None:
    document = from_object(written)
    before = json.dumps(document.root)
    places = set(marks(document.root))
    result, findings = expand(document, Language())
    again, same_findings = expand(result, Language())
    assert same(again.root, result.root)
    assert same_findings == [finding for finding in findings if finding.severity == "error" and not settled(finding)]
    assert json.dumps(document.root) == before
    assert set(marks(result.root)) <= places
    assert all(finding.line == 1 and finding.found for finding in findings)


@settings(max_examples=examples(100), deadline=None, derandomize=True)
@given(documents)
def test_any_document_takes_its_parameters_without_failing(written: dict[str, Any]) -> None:
    document = from_object(written)
    before = json.dumps(document.root)
    result, findings = substitute(document, lambda text, names: len(text))
    assert json.dumps(document.root) == before
    assert set(marks(result.root)) <= set(marks(document.root))
    if "$" not in before:
        assert findings == []
        expected = {key: value for key, value in document.root.items() if key != "params"}
        assert same({key: value for key, value in result.root.items() if key != "params"}, expected)
