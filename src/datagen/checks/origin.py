"""Where the schema of a published data set is to be found: `run.json` says from which document it was made, and how changed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen.errors import Finding, UsageError
from datagen.sinks.disk import disk_errors
from datagen.sinks.manifest import LARGEST, NAME, SUMMARY, Manifest, read_manifest

RUN = "run.json"
WAY_OUT = "say by which schema the data are to be judged: --schema SCHEMA|NAME"


@dataclass(frozen=True, slots=True)
class Origin:
    """A document, by its shipped name or its path, and what the run changed in it."""

    source: str
    sets: tuple[tuple[str, str], ...] = ()
    params: Mapping[str, Any] | None = None
    scenario: str | None = None
    scale: float = 1.0


def manifest_in(directory: Path) -> Manifest | None:
    """The manifest of a directory; None where there is none, as of data from elsewhere.

    Raises UsageError where there is no directory, or one that holds the truth of other data.
    """
    if not directory.is_dir():
        found = "no such directory" if not directory.exists() else "not a directory"
        raise UsageError(
            Finding("check.no_data", path=os.fspath(directory), found=found, expected="a directory of tables")
        )
    if not (directory / NAME).exists():
        return None
    manifest = read_manifest(directory)
    if manifest.truth_of is not None:
        raise UsageError(
            Finding(
                "check.truth_set", path=os.fspath(directory), found="a truth set", expected="the data that it tells of",
                hint=f"datagen check {os.fspath(directory).rstrip('/').removesuffix('.truth')}",
            )
        )  # fmt: skip
    return manifest


def solved_in(directory: Path) -> dict[str, int | float]:
    """The parameters that a run has tuned for its metrics, as `run_summary.json` or, in a truth set, its answer key tells them.

    None where neither does.
    """
    from datagen.sinks.truth import ANSWERS

    told = (_facts(directory / SUMMARY) or _facts(directory / ANSWERS)).get("solved")
    return {
        one["param"]: one["value"]
        for one in (told if isinstance(told, list) else ())
        if isinstance(one, dict) and isinstance(one.get("param"), str)
        and isinstance(one.get("value"), int | float) and not isinstance(one.get("value"), bool)
    }  # fmt: skip


def origin_of(directory: Path) -> Origin:
    """The document of a data set. Raises UsageError "check.no_schema" where nothing says which it is."""
    origin = _read(_facts(directory / RUN).get("schema"))
    if origin is None:
        found = f"nothing says from which schema the data were made ({RUN} is missing, or names none)"
        raise UsageError(Finding("check.no_schema", path=os.fspath(directory), found=found, hint=WAY_OUT))
    return origin


def _facts(path: Path) -> Mapping[str, Any]:
    """What a side file says; nothing where it is missing or another's: what it would tell is asked for or worked out."""
    if not path.is_file():
        return {}
    with disk_errors("reading", path), path.open("rb") as file:
        raw = file.read(LARGEST)
    try:
        facts = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _read(facts: Any) -> Origin | None:
    """The origin that was noted; None where the note is none of ours."""
    if not isinstance(facts, dict) or not isinstance(facts.get("source"), str):
        return None
    sets = facts.get("sets") or []
    if not all(isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) for one in sets):
        return None
    scale, params = facts.get("scale", 1.0), facts.get("params")
    if not isinstance(scale, int | float) or not (params is None or isinstance(params, dict)):
        return None
    pairs = tuple((str(name), value) for name, value in sets)
    return Origin(facts["source"], pairs, params, facts.get("scenario"), float(scale))


def noted(source: str | None, overrides: Any) -> dict[str, Any] | None:
    """What `run.json` says of the document of a run; None where it came from no file. overrides: of `prepare`."""
    if source is None:
        return None
    return {
        "source": source, "sets": [list(one) for one in overrides.sets],
        "params": None if overrides.params is None else dict(overrides.params), "scenario": overrides.scenario,
        "scale": overrides.scale,
    }  # fmt: skip


def refuse_other(directory: Path, manifest: Manifest | None, source: str, hash: str) -> None:
    """Refuse to judge by a document that has changed since the data were made."""
    if manifest is not None and manifest.schema_hash != hash:
        found = f"{source} is not what the data were made from: its hash is {hash[:16]}…"
        expected = f"{manifest.schema_hash[:16]}…, as the manifest says"
        raise UsageError(
            Finding("check.schema_changed", path=os.fspath(directory), found=found, expected=expected, hint=WAY_OUT)
        )


def notes(directory: Path, manifest: Manifest | None, rows: Mapping[str, int], hash: str) -> list[Finding]:
    """What a reader of the report should know: data that are not as published, a schema that is not theirs."""
    if manifest is None:
        return []
    found: list[Finding] = []
    place = os.fspath(directory)
    if manifest.schema_hash != hash:
        what = "the data were made from another schema than the one that they are judged by"
        found.append(Finding("check.other_schema", severity="info", path=place, found=what))
    other = [
        file.name for file in manifest.files
        if not (directory / file.name).is_file() or (directory / file.name).stat().st_size != file.bytes
    ]  # fmt: skip
    if other or any(rows.get(table.name, table.rows) != table.rows for table in manifest.tables):
        what = "the files are not those that were published; what is there was judged"
        hint = "`datagen verify` says which bytes and values differ"
        found.append(Finding("check.not_as_published", severity="info", path=place, found=what, hint=hint))
    return found
