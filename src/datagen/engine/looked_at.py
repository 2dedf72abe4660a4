"""Of how many rows a refusal speaks: a part counts those of its block, a user is told of how many rows they are some."""

from __future__ import annotations

import re

from datagen.errors import Finding, SchemaError

NUMBER, NOUN = r"\b([0-9][0-9,]*)", r"((?:[a-z]+ ){0,3}?[a-z]+)"
OF_ONE_BLOCK = re.compile(rf"{NUMBER} {NOUN} of one block\b")
LOOKED_AT = re.compile(rf"{NUMBER} {NOUN} (?:of the [0-9,]+|in [0-9,]+ rows) looked at\b")


def looked_at(error: SchemaError, rows: int) -> SchemaError:
    """What parts have counted in a block of so many rows: `12 rows of the 640 looked at whose country is null`."""
    found = [finding.moved(found=_among(finding.found, rows)) for finding in error.findings]
    return error if found == list(error.findings) else SchemaError(found)


def counted(finding: Finding) -> int:
    """The rows that a finding counts among those looked at; 0 where it counts none."""
    number = LOOKED_AT.search(finding.found)
    return int(number[1].replace(",", "")) if number else 0


def in_all(finding: Finding, number: int, rows: int | None, *, last: bool) -> Finding:
    """The finding with what it counts in all parts of the data: `at least` where there are parts that were not looked at.

    rows: of the whole table, None where they are not known.
    """
    noun = LOOKED_AT.search(finding.found)
    if noun is None:
        return finding
    what = noun[2] if noun[2] != "row" or number == 1 else "rows"
    whole = "" if rows is None else f" of {rows:,}" if what.startswith("row") else f" in {rows:,} rows"
    told = f"{'' if last else 'at least '}{number:,} {what}{whole}"
    return finding.moved(found=LOOKED_AT.sub(told, finding.found, count=1))


def _among(found: str, rows: int) -> str:
    def told(match: re.Match[str]) -> str:
        if match[2] != "rows":
            return f"{match[1]} {match[2]} in {rows:,} rows looked at"
        return f"{match[1]} {'row' if match[1] == '1' else 'rows'} of the {rows:,} looked at"

    return OF_ONE_BLOCK.sub(told, found)
