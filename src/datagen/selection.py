"""Which tables to write: `orders`, `orders+` (and all below it), `+orders` (and all above it), `+orders+`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from datagen.errors import Finding, UsageError, did_you_mean, listed

TERM = re.compile(r"(\+?)([A-Za-z][A-Za-z0-9_]*)(\+?)$")


def selected(terms: Iterable[str], parents: Mapping[str, tuple[str, ...]]) -> frozenset[str] | None:
    """The tables that the terms name, or None (all) without terms. `parents`: of each table, those it refers to.

    Raises UsageError "select.unknown_table" for a name that is no table.
    """
    wanted: set[str] = set()
    faults: list[Finding] = []
    written = [term for text in terms for term in re.split(r"[,\s]+", text) if term]
    if not written:
        return None
    for term in written:
        match = TERM.match(term)
        table = None if match is None else next((name for name in parents if name.lower() == match[2].lower()), None)
        if match is None or table is None:
            faults.append(
                Finding(
                    "select.unknown_table",
                    found=f"'{term}'",
                    expected=f"tables, with + for all above or below: {listed(tuple(parents))}",
                    hint=did_you_mean(term.strip("+"), parents),
                )
            )
            continue
        wanted.add(table)
        if match[1]:
            wanted |= _reach(table, parents)
        if match[3]:
            wanted |= _reach(
                table, {name: tuple(other for other, above in parents.items() if name in above) for name in parents}
            )
    if faults:
        raise UsageError(faults)
    return frozenset(wanted)


def _reach(start: str, edges: Mapping[str, tuple[str, ...]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for other in edges[waiting.pop()]:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
