"""Keeps what is finished of a run, grain by grain, so that a run that was stopped is gone on with instead of made again.

A grain is finished when its parts are closed. It is then noted in the journal of the stage with all that the rest of the run
needs of it: its rows, its files and their hashes, its share of the content hash. What a run takes over is read again, byte by
byte; whatever is not what was written is made anew. A grain that is made on the way is lost with the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Lock
from typing import Any

from datagen.engine.grain import Grain
from datagen.engine.options import cores
from datagen.engine.parts import Part, part_path
from datagen.engine.work import STAGED, Written, spoiled_name
from datagen.errors import Finding, listed
from datagen.kernel.content_hash import ColumnSum, TableSums
from datagen.sinks.journal import Journal, unchanged
from datagen.sinks.manifest import FileFacts
from datagen.sinks.target import SPOILED


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished grain: rows of its tables as the ledger counts them, and what it became."""

    counts: Mapping[str, int]
    written: Written


class Checkpoint:
    """The finished grains of one run in its stage. notes: what was found wrong with those of the run before.

    run: what tells this run from others; tell: is told how much is taken over; patience: seconds that a run which is stopped
    waits for the disk to take what is finished.
    """

    def __init__(
        self, journal: Journal, run: Mapping[str, Any], *, resumed: bool, tell: Callable[[str], None], patience: float
    ) -> None:  # fmt: skip
        self.notes: list[Finding] = []
        self.pieces = 0
        self._journal = journal
        self._run = run
        self._resumed = resumed
        self._tell = tell
        self._patience = patience
        self._lock = Lock()
        self._noting: list[Future[None]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def take(self, cut: Sequence[Grain], format: str) -> dict[int, Kept]:
        """The finished grains of the run before, by number; everything else that it has left is removed."""
        self.pieces = len(cut)
        if not self._resumed:
            self._journal.begin(self._run)
            return {}
        self._tell("looking at what an interrupted run has left")
        self._journal.undo()
        found = {
            number: None if facts is None or number >= len(cut) else _kept(facts, cut[number], format)
            for number, facts in self._journal.pieces().items()
        }
        kept = {number: one for number, one in found.items() if one is not None}
        wrong = self._changed(kept)
        for number in wrong:
            del kept[number]
        self._journal.sweep([name for one in kept.values() for name, _ in files_of(one.written)], kept)
        unread = [f"the record of piece {number + 1}" for number, one in found.items() if one is None]
        if changed := [*unread, *wrong.values()]:
            what = f"no longer as the interrupted run left it, and made anew: {listed(changed, most=5)}"
            hint = "nobody else should write there; if nobody did, look at the disk"
            self.notes.append(Finding("resume.made_anew", severity="warning", found=what, hint=hint))
        self._tell(f"going on with an interrupted run: {len(kept)} of {self.pieces} pieces are finished")
        return kept

    def keep(self, grain: Grain, counts: Mapping[str, int], written: Written) -> None:
        """Note a finished grain, beside what is being made. Raises what was wrong with noting an earlier one."""
        with self._lock:
            self._look(to_the_end=False)
            names = [name for name, _ in files_of(written)]
            facts = _facts(grain, counts, written)
            self._noting.append(self._thread.submit(self._journal.add, grain.number, facts, names))

    def done(self) -> None:
        """Until all that was given is noted."""
        with self._lock:
            self._look(to_the_end=True)

    def close(self) -> None:
        """Note what is finished, as long as that takes little time, and nothing more."""
        wait(self._noting, timeout=self._patience)
        self._thread.shutdown(cancel_futures=True)

    def moving(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Before files of finished grains get other names: (old, new), names from the stage on."""
        self._journal.moving(pairs)

    def _look(self, *, to_the_end: bool) -> None:
        noting = []
        for one in self._noting:
            if to_the_end or one.done():
                one.result()
            else:
                noting.append(one)
        self._noting = noting

    def _changed(self, kept: Mapping[int, Kept]) -> dict[int, str]:
        """The grains of which a file is not what was written, with its name."""
        files = [(number, name, facts) for number, one in kept.items() for name, facts in files_of(one.written)]
        stage = self._journal.stage
        threads = ThreadPoolExecutor(cores(), thread_name_prefix="reading")
        try:
            same = [threads.submit(unchanged, stage / name, facts.bytes, facts.sha256) for _, name, facts in files]
            return {number: name for (number, name, _), right in zip(files, same, strict=True) if not right.result()}
        finally:
            threads.shutdown(cancel_futures=True)  # whoever stops the run does not wait for what was not begun


def files_of(written: Written) -> list[tuple[str, FileFacts]]:
    """The files of a grain, with their names from the stage on."""
    return [
        *((part.facts.name, part.facts) for part in written.parts),
        *((f"{SPOILED}/{part.facts.name}", part.facts) for part in written.spoiled),
        *((f"{STAGED}/{part.facts.name}", part.facts) for part in written.staged),
    ]


def _facts(grain: Grain, counts: Mapping[str, int], written: Written) -> dict[str, Any]:
    """A finished grain as JSON-ready facts. Names of files are left out: they follow from the rest."""
    return {
        "grain": [grain.number, grain.root, grain.first, grain.last],
        "counts": dict(counts),
        **{
            name: [[part.table, part.place, part.facts.rows, part.facts.bytes, part.facts.sha256] for part in parts]
            for name, parts in (("parts", written.parts), ("spoiled", written.spoiled), ("staged", written.staged))
        },
        "sums": {
            table: {name: [one.type, one.rows, one.left, one.right] for name, one in sums.columns.items()}
            for table, sums in written.sums.items()
        },
        "rows": written.rows,
        "cells": [[*spoilt, number] for spoilt, number in written.cells.items()],
        "values": [[*column, number] for column, number in written.values.items()],
    }


def _kept(facts: Mapping[str, Any], grain: Grain, format: str) -> Kept | None:
    """What the facts say of a grain; None where they are about another one."""
    if facts["grain"] != [grain.number, grain.root, grain.first, grain.last]:
        return None

    def parts(name: str, path: Callable[[str, int], str]) -> list[Part]:
        return [
            Part(grain.number, table, place, FileFacts(path(table, place), rows, size, sha256))
            for table, place, rows, size, sha256 in facts[name]
        ]

    written = Written(
        grain.number,
        parts=parts("parts", lambda table, place: part_path(table, grain.number, place, format)),
        spoiled=parts("spoiled", lambda table, _: spoiled_name(table, grain.number)),
        staged=parts("staged", lambda table, place: part_path(table, grain.number, place, "parquet")),
        sums={
            table: TableSums({name: ColumnSum(*one) for name, one in columns.items()})
            for table, columns in facts["sums"].items()
        },
        rows=facts["rows"],
        cells={(table, column, kind): number for table, column, kind, number in facts["cells"]},
        values={(table, column): number for table, column, number in facts["values"]},
    )
    return Kept(facts["counts"], written)
