"""Words of the language put together at random: the laws that hold for each of them hold for all of them together."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from datagen import api
from datagen.engine.derived import make_derived, staged_tables
from datagen.engine.executor import Job, Made, execute
from datagen.engine.options import default_memory
from datagen.errors import DatagenError
from datagen.kernel.content_hash import root_hash
from tests.engine.combined import document
from tests.parts.columns import child, column, law, schema, table

FAST = (*range(6), 327)  # the last one has events of one source at the same time, in two blocks
MORE = range(6, 150)
# what only the rows can tell: nobody to pick, or nobody who is there
REFUSED_WHILE_MADE = {"lookup.no_candidate", "lookup.nobody_yet", "lookup.too_few", "generate.null", "after.no_room"}


def content(made: Any, block_rows: int = 65_536, workers: int = 1, format: str = "parquet") -> Made | str:
    """What a run of a document makes, or its refusal."""
    prepared = api.prepare(made)
    plan = prepared.bind()
    with TemporaryDirectory() as directory:
        staged = staged_tables(plan, format, None)
        job = Job(format, Path(directory), workers, block_rows, spec=api.worker_spec(prepared), staged=staged)
        try:
            done = execute(plan, job)
            make_derived(plan, job, done, memory=default_memory())
        except DatagenError as error:
            refused = error
        else:
            return done
    assert {one.code for one in refused.findings} <= REFUSED_WHILE_MADE, refused
    return str(refused)


def tables(done: Made) -> dict[str, str]:
    return {name: root_hash({name: sums}) for name, sums in done.sums.items()}


def same_in_any_cut(number: int, **ways: Any) -> None:
    """The same content and the same spoiled cells, in blocks of any size, from any workers, in any format."""
    made = document(number)
    whole = content(made)
    for rows, workers, format in ((1, 1, "csv"), (7, 1, "ndjson"), (1000, ways.get("workers", 1), "parquet")):
        cut = content(made, rows, workers, format)
        if isinstance(whole, str) or isinstance(cut, str):
            assert cut == whole
            continue
        assert tables(cut) == tables(whole), (number, rows)
        assert (cut.content_hash, cut.cells, cut.rows) == (whole.content_hash, whole.cells, whole.rows), number


def unmoved_by_others(number: int) -> None:
    """A further column, table and key of a document change no value of the others."""
    made = document(number)
    more = json.loads(json.dumps(made))
    more["tables"].insert(0, {"name": "zebra", "rows": 7, "columns": {"stripes": {"poisson": 4}}})
    for one in more["tables"]:
        if one["name"] in ("user", "visit"):
            one["columns"] = {"zz": {"normal": {"mean": 0, "std": 1}}, **one["columns"]}
    before, after = content(made), content(more)
    if isinstance(before, str) or isinstance(after, str):
        assert before == after
        return
    for name, sums in before.sums.items():
        assert {key: after.sums[name].columns[key] for key in sums.columns} == sums.columns, (number, name)


@pytest.mark.parametrize("number", FAST)
def test_words_together_make_the_same_in_any_cut(number: int) -> None:
    same_in_any_cut(number)


@pytest.mark.parametrize("number", FAST)
def test_words_together_are_unmoved_by_others(number: int) -> None:
    unmoved_by_others(number)


@pytest.mark.slow
@pytest.mark.parametrize("number", MORE)
def test_many_words_together_make_the_same_in_any_cut(number: int) -> None:
    same_in_any_cut(number, workers=1 + number % 2)
    unmoved_by_others(number)


def test_rows_two_floors_below_are_numbered_when_they_are_written() -> None:
    """A figure of the root keeps the blocks below it; those of one child block do not know how many come before them."""
    root = table(
        "shop", 3, column("mean", {"rollup": {"from": "visit", "agg": "mean", "column": "length"}}, nullable=True)
    )
    device = child("device", "shop", fanout={"type": "constant", "params": {"value": 9}})
    visit = child(
        "visit",
        "device",
        column("length", law("normal", mean=5, std=1)),
        fanout={"type": "poisson", "params": {"lambda": 2}},
    )
    made = schema(root, device, visit)
    whole = content(made)
    for rows in (1, 4, 7):
        cut = content(made, rows)
        assert not isinstance(whole, str)
        assert not isinstance(cut, str)
        assert cut.content_hash == whole.content_hash
