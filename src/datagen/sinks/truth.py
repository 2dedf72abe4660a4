"""Writes the truth set of a data set: the answer key, the labels of rows, and a manifest that names the data it tells of.

It lies beside the data, in `OUT.truth/`, so that who gets OUT gets no answers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.errors import Finding, UsageError
from datagen.plan.effects import PlantedEffect
from datagen.plan.explain import spell_time
from datagen.plan.model import Plan
from datagen.sinks.disk import disk_errors
from datagen.sinks.manifest import NAME, FileFacts, Manifest, TableEntry, read_manifest, write_manifest, write_text

if TYPE_CHECKING:
    from datagen.engine.checkpoint import Checkpoint
    from datagen.engine.executor import Made
    from datagen.rows._anomalies import AnomalyLabel

SUFFIX = ".truth"
ANSWERS = "answer_key.json"
LABELS = "labels"
KEY_VERSION = 1


def truth_place(target: str | os.PathLike[str]) -> Path:
    """Where the truth set of a data set lies."""
    return Path(f"{os.fspath(target).rstrip('/')}{SUFFIX}")


def refuse_other_sets(target: Path) -> None:
    """Refuse to put data where a truth set is, and the truth where data are: either would be lost."""
    for place, truth in ((target, False), (truth_place(target), True)):
        if os.path.lexists(place / NAME):
            found = told_by(place)
            if found is not None and (found.truth_of is not None) != truth:
                what = "a data set, where the truth set would go" if truth else "a truth set"
                expected = "a place for the data and, behind it with .truth, one for its truth set"
                hint = "move it away, or choose another directory"
                raise UsageError(
                    Finding("truth.place", path=os.fspath(place), found=what, expected=expected, hint=hint)
                )


def told_by(place: Path) -> Manifest | None:
    """The manifest of a directory; None where there is none of ours, which publishing has its own words for."""
    try:
        return read_manifest(place)
    except UsageError:
        return None


def answer_key(
    plan: Plan,
    content_hash: str,
    written: Sequence[str],
    placebos: Sequence[PlantedEffect],
    labels: Sequence[TableEntry],
    imperfections: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The text of `answer_key.json`: what was planted in the written tables, and what only looks as if it could have been."""
    shown = set(written)
    effects = [
        effect
        for effect in plan.effects
        if effect.table in shown and all(table in shown for table, _ in effect.columns)
    ]
    facts = {
        "format_version": KEY_VERSION,
        "name": plan.name,
        "seed": plan.seed,
        "fingerprint": plan.fingerprint,
        "data_content_hash": content_hash,
        "measured_in": "SQL of DuckDB over the written tables, each under its own name",
        "effects": [effect.as_dict() for effect in effects],
        "placebos": [effect.as_dict() for effect in placebos],
        "anomalies": [_oddity(one) for one in plan.anomalies if one.table in shown],
        "imperfections": list(imperfections),
        "labels": {table.name: [column.name for column in table.columns] for table in labels},
        **({"solved": [one.facts for one in plan.solved]} if plan.solved else {}),
    }
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"


def _oddity(one: AnomalyLabel) -> dict[str, Any]:
    """A planted oddity; its end is excluded."""
    where = {"table": one.table, "column": one.column, "kind": one.kind, "size": one.size}
    return {**where, "from": spell_time(one.start), "until": spell_time(one.end)}


def lay_labels(directory: Path, made: Made, checkpoint: Checkpoint | None = None) -> None:
    """Put the files of the labels where they belong: `labels/<table>.parquet`, parts with their numbers before the suffix."""
    folder = directory / LABELS
    if checkpoint is not None:
        checkpoint.moving((file.name, _label(file)) for files in made.files.values() for file in files)
    if made.files:
        with disk_errors("making a directory", folder):
            folder.mkdir(exist_ok=True)  # parts of a table of that name lie there already
    for table, files in made.files.items():
        moved: list[FileFacts] = []
        for file in files:
            name = _label(file)
            with disk_errors("naming", directory / name):
                os.rename(directory / file.name, directory / name)
            moved.append(replace(file, name=name))
        if len(files) > 1 and table != LABELS:
            with disk_errors("tidying", directory / table):
                (directory / table).rmdir()
        made.files[table] = tuple(moved)


def _label(file: FileFacts) -> str:
    return f"{LABELS}/{file.name.replace('/', '.')}"


def write_truth(
    directory: Path, plan: Plan, data: Manifest, entries: tuple[TableEntry, ...], content_hash: str,
    placebos: Sequence[PlantedEffect], imperfections: Sequence[Mapping[str, Any]] = (),
) -> str:  # fmt: skip
    """Write the answer key and the manifest of a truth set; gives the SHA-256 of the key.

    entries: of the labels, and of the ledger of imperfections, whose file alone lies in the directory itself.
    """
    labels = [entry for entry in entries if all(file.name.startswith(f"{LABELS}/") for file in entry.files)]
    written = [table.name for table in data.tables]
    text = answer_key(plan, data.content_hash, written, placebos, labels, imperfections)
    answers = write_text(directory, ANSWERS, text)
    manifest: Any = replace(
        data, format="parquet", gate="none", content_hash=content_hash, tables=entries, side_files=(answers,), packs={},
        truth_of=data.content_hash,
    )  # fmt: skip
    write_manifest(manifest, directory)
    return answers.sha256
