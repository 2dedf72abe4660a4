"""What every part promises, for free: the same values however rows are cut, the declared type, no unknown parameter.

The parts come from the registry and their parameters from EXAMPLES: a new part is held to all of this by being there.
"""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import jsonschema
import numpy as np
import polars as pl
import pytest

from datagen import registry
from datagen.engine.block import TableBlock
from datagen.engine.grain import Grain, Walk
from datagen.engine.run import Run
from datagen.errors import SchemaError
from datagen.plan.model import ColumnPlan, Plan
from datagen.schema.json_schema import json_schema
from datagen.structures import dtype_of
from tests.parts.examples import ROWS, Subject, root_with, subject_of, subjects
from tests.support import blocks_of, codes_of, plan_of

TYPES = {
    "int": pl.Int64,
    "float": pl.Float64,
    "bool": pl.Boolean,
    "string": pl.String,
    "datetime": pl.Datetime("us"),
    "date": pl.Date,
}
KINDS = ("generator", "modifier", "law")

every_part = pytest.mark.parametrize("subject", list(subjects()), ids=lambda subject: subject.name)
every_row_part = pytest.mark.parametrize(
    "subject", [one for one in subjects() if one.word != "enum_list"], ids=lambda subject: subject.name
)


def dtype(column: ColumnPlan) -> Any:
    """The Polars type that a column's values have."""
    return TYPES[column.type] if column.structure is None else dtype_of(column.structure)


@cache
def _plan(name: str, shape: str) -> Plan:
    subject = next(one for one in subjects() if one.name == name)
    return plan_of(subject.root() if shape == "root" else subject.child())


def plan(subject: Subject, shape: str = "root") -> Plan:
    return _plan(subject.name, shape)


@cache
def _whole(name: str, shape: str) -> pl.Series:
    return made(_plan(name, shape))


def whole(subject: Subject, shape: str = "root") -> pl.Series:
    """The column `made`, made in blocks of the usual size."""
    return _whole(subject.name, shape)


def made(plan: Plan, block_rows: int | None = None) -> pl.Series:
    """The column `made` of the whole table, block by block."""
    blocks = blocks_of(plan, "subject", **({} if block_rows is None else {"block_rows": block_rows}))
    return pl.concat([as_text(block.series("made")) for block in blocks])


def first_rows(plan: Plan, root: str, rows: int, block_rows: int) -> pl.Series:
    """The column `made` below the first rows of a root, in blocks of another size."""
    walk = Walk(Run(plan), Grain(0, root, 0, rows), dict.fromkeys(plan.tables, 0), block_rows=block_rows)
    blocks = [block for block in walk.blocks(frozenset({"subject"})) if block.table.id == "subject"]
    return pl.concat([as_text(block.series("made")) for block in blocks])


def as_text(series: pl.Series) -> pl.Series:
    return series.cast(pl.String) if isinstance(series.dtype, pl.Enum) else series


@every_part
def test_values_do_not_depend_on_how_rows_are_cut(subject: Subject) -> None:
    for block_rows in (97, 1_000):
        assert made(plan(subject), block_rows).equals(whole(subject), null_equal=True), f"blocks of {block_rows} rows"
    if subject.word != "enum_list":
        assert first_rows(plan(subject), "subject", 203, 7).equals(whole(subject)[:203], null_equal=True)


@every_row_part
def test_values_of_children_do_not_depend_on_how_rows_are_cut(subject: Subject) -> None:
    assert len(whole(subject, "child")) > 300
    assert made(plan(subject, "child"), 97).equals(whole(subject, "child"), null_equal=True)
    first = first_rows(plan(subject, "child"), "holder", 11, 7)
    assert len(first) > 80
    assert first.equals(whole(subject, "child")[: len(first)], null_equal=True)


@every_row_part
def test_a_slice_is_the_slice_of_the_whole(subject: Subject) -> None:
    run = Run(plan(subject))
    for first, last in ((0, 1), (311, 420), (ROWS - 13, ROWS)):
        alone = TableBlock(run, run.plan.tables["subject"], np.arange(first, last, dtype=np.int64))
        assert as_text(alone.series("made")).equals(whole(subject)[first:last], null_equal=True)


@every_part
def test_an_empty_block_has_no_values_and_the_declared_type(subject: Subject) -> None:
    table = plan(subject).tables["subject"]
    none = TableBlock(Run(plan(subject)), table, np.zeros(0, dtype=np.int64))
    assert len(none.series("made")) == 0
    assert as_text(none.series("made")).dtype == dtype(table.columns["made"])


@every_part
def test_values_have_the_declared_type_and_are_finite(subject: Subject) -> None:
    values = whole(subject)
    assert values.dtype == dtype(plan(subject).tables["subject"].columns["made"])
    assert values.null_count() == 0
    if values.dtype == pl.Float64:
        assert np.isfinite(values.to_numpy()).all()


@every_row_part
def test_another_seed_gives_other_values(subject: Subject) -> None:
    other = made(plan_of(subject.root(), seed=7))
    assert other.equals(whole(subject), null_equal=True) != subject.draws


@every_row_part
def test_what_is_added_elsewhere_changes_no_value(subject: Subject) -> None:
    schema = subject.root()
    *tables, node = schema["nodes"]
    noise = {"type": "float", "generator": {"distribution": {"type": "normal", "params": {"mean": 0, "std": 1}}}}
    spoiled = [{"transform": "jitter", "args": {"std": 2}}, {"transform": "outliers", "args": {"rate": 0.2}}]
    other = {"name": "made", **noise, "modifiers": spoiled}
    number = {"name": "id", "generator": {"sequence": {}}}
    stranger = {"id": "a_stranger", "pk": "id", "rows": 30, "columns": [number, other]}
    child = {"id": "a_child", "parents": ["subject"], "columns": [other]}
    first, *rest = node["columns"]
    wider = {**node, "columns": [first, {**other, "name": "extra"}, *rest]}
    more = {**schema, "nodes": [stranger, *tables, wider, child]}
    assert made(plan_of(more)).equals(whole(subject), null_equal=True)


@every_part
def test_no_global_randomness_is_read_or_moved(subject: Subject) -> None:
    before = whole(subject)
    old_python, old_numpy = random.getstate(), np.random.get_state()
    try:
        random.seed(99)
        np.random.seed(99)
        python, numpy = random.getstate(), np.random.get_state()
        again = made(plan_of(subject.root()))
        assert random.getstate() == python
        after = np.random.get_state()
        assert after[0] == numpy[0]
        assert after[2:] == numpy[2:]
        assert np.array_equal(after[1], numpy[1])
        assert again.equals(before, null_equal=True)
    finally:
        random.setstate(old_python)
        np.random.set_state(old_numpy)


@every_part
def test_an_unknown_parameter_is_refused_at_its_place(subject: Subject) -> None:
    with pytest.raises(SchemaError) as caught:
        plan_of(subject.with_params(no_such_thing=1))
    told = [one for one in caught.value.findings if one.json_path.endswith("no_such_thing")]
    assert told, caught.value
    assert "no_such_thing" in told[0].found


@every_part
def test_parameters_survive_the_round_trip(subject: Subject) -> None:
    part = registry.find(subject.kind, subject.word)
    read = part.model_validate(subject.params)
    written = read.model_dump(by_alias=True, exclude_unset=True)
    assert written.keys() == subject.params.keys()
    assert part.model_validate(written) == read


@every_part
def test_the_published_schema_of_a_part_takes_its_examples_and_no_unknown_parameter(subject: Subject) -> None:
    part = registry.find(subject.kind, subject.word)
    validator = jsonschema.Draft202012Validator(part.model_json_schema(by_alias=True))
    assert validator.is_valid(subject.params)
    # where the parameters depend on one of them (the arguments of a faker method), only the plan knows the others
    open_ended = part.model_config.get("extra") == "allow"
    assert validator.is_valid({**subject.params, "no_such_thing": 1}) == open_ended


@cache
def _published() -> Any:
    parts = {kind: {word: registry.find(kind, word) for word in registry.words(kind)} for kind in KINDS}
    return jsonschema.Draft7Validator(json_schema(parts))


@every_part
def test_the_published_language_takes_every_example(subject: Subject) -> None:
    faults = sorted(_published().iter_errors(subject.root()), key=lambda fault: len(fault.path), reverse=True)
    assert not faults, faults[0].message


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_says_what_it_does_and_shows_an_example(kind: str) -> None:
    for word in registry.words(kind):
        part = registry.find(kind, word)
        assert part.EXAMPLES, f"{kind} {word} has no EXAMPLES"
        text = part.__doc__ or ""
        assert len(text) > 40, f"{kind} {word} says nothing of itself"
        silent = [name for name, field in part.model_fields.items() if (field.alias or name) not in text]
        assert not silent, f"{kind} {word} does not speak of {silent}"


def test_every_example_is_a_subject() -> None:
    words = {(kind, word) for kind in KINDS for word in registry.words(kind)}
    assert {(one.kind, one.word) for one in subjects()} == words
    assert len(words) > 35
    assert subject_of("generator", "sequence", 0, {"sequence": {}}).draws is False


def test_the_surroundings_are_a_schema_themselves() -> None:
    assert codes_of(root_with({"generator": {"sequence": {}}})) == []
