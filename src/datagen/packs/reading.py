"""Reads the files of the packs, each once and only when somebody asks: tables of texts with weights, rules, locales."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent / "data"
SHARED = "shared"  # the folder whose tables and rules hold in every locale
WEIGHTS = ("weight", "population")  # a column of one of these names weighs the rows


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of texts, all of one length; weights of the rows, any scale, or None when all are equally likely."""

    columns: Mapping[str, tuple[str, ...]]
    weights: tuple[float, ...] | None
    rows: int

    def column(self, name: str) -> tuple[str, ...]:
        return self.columns[name]


@cache
def pack_locales() -> tuple[str, ...]:
    """The locales that have a folder, sorted."""
    return tuple(sorted(path.name for path in DATA.iterdir() if path.is_dir() and path.name != SHARED))


@cache
def about(folder: str) -> Mapping[str, Any]:
    """What `locale.json` says: country, parent, postcode_form, rules.

    text: how sentences are written, where not as in English. family: which word of a name is the family's, where not
    the last one.
    """
    content: dict[str, Any] = json.loads((DATA / folder / "locale.json").read_text(encoding="utf-8"))
    return content


@cache
def folders(locale: str) -> tuple[str, ...]:
    """Where a locale's lists are looked up: its own folder, its parents', the shared one."""
    found: list[str] = []
    step: str | None = locale if locale in pack_locales() else None
    while step is not None and step not in found:
        found.append(step)
        step = about(step).get("parent")
    return (*found, SHARED)


@cache
def table(locale: str, name: str) -> Table | None:
    """A list of a locale, or None where neither it nor its parents have one."""
    for folder in folders(locale):
        path = DATA / folder / f"{name}.tsv"
        if path.is_file():
            return _read(path)
    return None


@cache
def rule(locale: str, name: str) -> Mapping[str, float] | None:
    """The templates of a method with their weights, or None. A list is a rule that takes one of its entries.

    The nearest folder that has either wins, so that a locale's own list beats its parent's rule. A rule that is null
    says that the parent's is none of this locale: a French `ssn` has not the form of an American one.
    """
    for folder in folders(locale):
        rules = about(folder).get("rules", {})
        found = rules.get(name)
        if name in rules:
            return {found: 1.0} if isinstance(found, str) else found
        path = DATA / folder / f"{name}.tsv"
        if path.is_file() and _header(path)[0] == "value":
            return {f"{{{{{name}.value}}}}": 1.0}
    return None


@cache
def rule_names(locale: str) -> frozenset[str]:
    """Every method that a locale's rules and one-column lists make."""
    found: set[str] = set()
    for folder in folders(locale):
        found.update(name for name in about(folder).get("rules", {}) if rule(locale, name) is not None)
        found.update(path.stem for path in (DATA / folder).glob("*.tsv") if _header(path)[0] == "value")
    return frozenset(found)


@cache
def _read(path: Path) -> Table:
    head, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    columns = {name: tuple(row[place] for row in rows) for place, name in enumerate(head)}
    weighing = next((columns[name] for name in WEIGHTS if name in columns), None)
    weights = None if weighing is None else tuple(float(weight) for weight in weighing)
    return Table(columns, weights, len(rows))


@cache
def _header(path: Path) -> tuple[str, ...]:
    with path.open(encoding="utf-8") as lines:
        return tuple(lines.readline().rstrip("\n").split("\t"))
