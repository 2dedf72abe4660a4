"""What `--resume` means: which interrupted run is gone on with, what is kept of a run that is stopped, and the words for both.

An interrupted run is gone on with only by one that would make the same bytes. What differs is refused, with its name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.engine.checkpoint import Checkpoint
from datagen.errors import Finding, MachineError, UsageError, quoted
from datagen.packs import pack_versions
from datagen.plan.estimate import estimate_all
from datagen.sinks.journal import Journal, richest
from datagen.sinks.publish import Stage, leftovers
from datagen.sinks.target import absolute
from datagen.version import DATA_VERSION, __version__

if TYPE_CHECKING:
    from datagen.engine.options import Options, Settled
    from datagen.plan.model import Plan
    from datagen.plan.prepare import Prepared

JOURNAL_VERSION = 1
KEPT_FROM_SECONDS = (
    30.0  # expected seconds on one core from which every run keeps what is finished, for the case of a kill
)
PATIENCE = 1.0  # seconds that a run which is stopped waits for the disk to take what it keeps
WORDS = {
    "seed": "seed", "scale": "--scale", "format": "format", "tables": "--select", "clean": "--clean",
    "program": "version of Datagen", "data_version": "version of the data", "packs": "word packs",
    "block_rows": "rows of a block", "journal": "version of the journal", "fingerprint": "plan",
}  # fmt: skip
MOST_PLACES = 3  # of a schema that are named


class Resuming:
    """Stages and checkpoints of one run. tell: is told at once what the run begins with."""

    def __init__(
        self, prepared: Prepared, plan: Plan, settled: Settled, options: Options, target: Path, tell: Callable[[str], None]
    ) -> None:  # fmt: skip
        self.asked = options.resume
        self.noting = options.resume or estimate_all(plan).seconds >= KEPT_FROM_SECONDS
        self.notes: list[Finding] = []
        self._target = target
        self._tell = tell
        self._stages: list[Stage] = []
        self._checkpoints: list[Checkpoint] = []
        self._run = run_of(prepared, plan, settled, options) if self.noting else {}

    def stage(self, place: Path, *, labels: bool = False) -> Stage:
        """The stage of the data, or of the truth set with its labels."""
        choose = (lambda stages: self._chosen(stages, labels)) if self.asked else None
        self._stages.append(Stage(place, choose=choose, keep=self.asked))
        return self._stages[-1]

    def checkpoint(self, stage: Stage, *, labels: bool = False) -> Checkpoint | None:
        """What keeps the finished pieces in a stage; None for runs that are soon made again."""
        if not self.noting:
            return None
        if self.asked and not stage.resumed and not labels:
            found = "no interrupted run to go on with: everything is made"
            self._tell(found)
            hint = "short runs keep nothing unless they are started with --resume; what has been published needs no second run"
            self.notes.append(
                Finding("resume.nothing", severity="warning", path=str(self._target), found=found, hint=hint)
            )
        run, journal = self._run | {"labels": labels}, Journal(stage.path)
        patience = PATIENCE if self.asked else 0.0
        self._checkpoints.append(Checkpoint(journal, run, resumed=stage.resumed, tell=self._tell, patience=patience))
        return self._checkpoints[-1]

    def outlook(self) -> str:
        """What the run would go on with. Raises UsageError where it may not."""
        with suppress(FileNotFoundError):  # the place is to be made first
            stage = self._chosen(leftovers(absolute(self._target)), labels=False)
            if stage is not None:
                return f"it would go on with an interrupted run of {Journal(stage).number_of_pieces()} finished pieces"
        return "there is no interrupted run to go on with"

    def findings(self) -> list[Finding]:
        """What is to be known of the run before."""
        return [*self.notes, *(note for one in self._checkpoints for note in one.notes)]

    @contextmanager
    def told(self) -> Iterator[None]:
        """Around the stages: what ends the run says what is left of it and how to go on."""
        try:
            yield
        except KeyboardInterrupt as error:
            if self.noting:
                error.add_note(
                    self._left() or "nothing half made was left behind; with --resume a run keeps what is finished"
                )
            raise
        except MachineError as error:
            if left := self._left():
                hint = "without --resume it is removed, and everything is made again"
                note = Finding("resume.kept", severity="warning", path=str(self._target), found=left, hint=hint)
                raise MachineError([*error.findings, note]) from error
            raise

    def _left(self) -> str:
        kept = self._stages[0].kept if self._stages else 0
        if not kept:
            return ""
        pieces = self._checkpoints[0].pieces if self._checkpoints else 0
        share = f"{kept} of {pieces}" if pieces else f"{kept}"  # stopped before the run was cut into pieces
        return f"{share} pieces are finished and kept: the same command goes on with them"

    def _chosen(self, stages: Sequence[Path], labels: bool) -> Path | None:
        """The stage that an equal run has left. Raises UsageError where there is only one of another run."""
        mine = self._run | {"labels": labels}
        runs = {stage: run for stage in stages if (run := Journal(stage).run()) is not None}
        if same := [stage for stage, run in runs.items() if run == mine]:
            return richest(same)
        if not runs or labels:  # labels of other data are soon made again
            return None
        raise UsageError(
            Finding(
                "resume.other_run", path=str(self._target),
                found=f"an interrupted run with another {differences(runs[richest(list(runs))], mine)}",
                expected="the same schema, seed, scale, format, tables and version as the run to go on with",
                hint="give it what it was started with; without --resume it is removed, and everything is made anew",
            )
        )  # fmt: skip


def run_of(prepared: Prepared, plan: Plan, settled: Settled, options: Options) -> dict[str, Any]:
    """What tells a run from others that would make other bytes, as JSON gives it back."""
    fills = (column.fill for table in plan.tables.values() for column in table.columns.values())
    facts = {
        "journal": JOURNAL_VERSION, "program": __version__, "data_version": DATA_VERSION, "seed": prepared.seed,
        "scale": prepared.overrides.scale, "format": settled.format,
        "tables": None if settled.tables is None else sorted(settled.tables), "clean": options.clean,
        "block_rows": options.block_rows, "packs": pack_versions(fills), "fingerprint": plan.fingerprint,
        "schema": prepared.document.root,
    }  # fmt: skip
    read: dict[str, Any] = json.loads(json.dumps(facts))
    return read


def differences(old: dict[str, Any], new: dict[str, Any]) -> str:
    """What differs between two runs, in words of the command: `seed (7, now 8) and schema (tables[0].rows)`."""
    told = [
        f"{WORDS[name]} ({_said(old.get(name))}, now {_said(new.get(name))})"
        for name in WORDS
        if name != "fingerprint" and old.get(name) != new.get(name)
    ]
    if places := list(_changed(old.get("schema"), new.get("schema"), "")):
        more = f" and {len(places) - MOST_PLACES} more places" if len(places) > MOST_PLACES else ""
        told.append(f"schema ({', '.join(places[:MOST_PLACES])}{more})")
    return " and ".join(told or [WORDS["fingerprint"]])


def _said(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value))[:100]
        case _:
            return quoted(value)[:100] if isinstance(value, dict) else str(value)


def _changed(old: Any, new: Any, place: str) -> Iterator[str]:
    """The places of two documents at which they differ, in the order of the new one."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*new, *(name for name in old if name not in new)]:
            yield from _changed(old.get(name), new.get(name), f"{place}.{name}" if place else str(name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _changed(one, other, f"{place}[{_name(other) or number}]")
    elif old != new:
        yield place


def _name(entry: Any) -> str:
    """The name of an entry of a list, where it has one."""
    name = entry.get("name") or entry.get("id") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else ""
