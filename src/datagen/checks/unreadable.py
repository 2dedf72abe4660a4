"""Says in plain words why the files of a table cannot be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from datagen.sinks.gzipped import SUFFIX, packed, sound

# what follows in a message of DuckDB are settings of its reader, which nobody can change here
ADVICE = ("Possible", "* ", "file =", "delimiter =", "quote =", "LINE ", "^")
TRY = re.compile(r"[;.]? Try setting .*$")
KINDS = {"ARRAY": "a list", "VARCHAR": "a text", "UBIGINT": "a number", "BIGINT": "a number", "DOUBLE": "a number"}
UTF8 = "convert it, such as with: iconv -f WINDOWS-1252 -t UTF-8"
GZIP = "pack it again with gzip"
NO_GZIP = "this is no gzip, or not all of it, or its checksum is wrong"
MOST, MOST_QUOTED = 500, 200  # characters of what DuckDB says, and of a line that it quotes
OBJECTS = 'every line is one object, such as {"id": 1, "name": "Ada"}'

# what DuckDB says, the same in plain words, and what to do about it
WORDS = (
    (
        r"CSV Error on Line: (\d+); (?:Original Line: (.*); )?Expected Number of Columns: (\d+) Found: (\d+)",
        "line {0} has {3} columns and the header {2}: {1}",
        "a text with a comma in it stands in double quotes",
    ),
    (r"CSV Error on Line: (\d+);.*not utf-8", "line {0} is no text in UTF-8", UTF8),
    (
        r"CSV Error on Line: (\d+); (?:Original Line: (.*); )?Value with unterminated quote",
        "line {0} begins a quote that does not end: {1}",
        "a quote inside a text is written twice",
    ),
    (r"in line (\d+): Expected OBJECT, but got (\w+): (.*)$", "line {0} is {1}, not an object: {2}", OBJECTS),
    (r"Malformed JSON.*in line (?P<after>\d+): (.*)$", "line {0} is no JSON: {1}", OBJECTS),
    (r"GZIP", NO_GZIP, GZIP),
    (r"too small to be a Parquet file|No magic bytes found", "this is no Parquet file", "write it again as Parquet"),
)


class UnreadableError(Exception):
    """A file that says nothing as the format that it should have. Its text says which and why; hint: what to do."""

    def __init__(self, found: str, hint: str = "") -> None:
        super().__init__(found)
        self.hint = hint


def why(error: Exception, paths: tuple[Path, ...]) -> tuple[str, str]:
    """What is wrong, in one line, and what to do about it: in our words, else in those of DuckDB without its advice."""
    said: list[str] = []
    for line in str(error).strip().split("\n"):
        text = line.strip()
        if text.startswith(ADVICE):
            break
        if text:
            said.append(text)
    whole = TRY.sub("", "; ".join(said))
    names = [path.name for path in paths if str(path) in str(error) or path.name in whole] or [paths[0].name]
    hint = getattr(error, "hint", "")
    for pattern, words, way_out in () if isinstance(error, UnreadableError) else WORDS:
        match = re.search(pattern, whole)
        if match is not None:
            found = [_cut(KINDS.get(one, one)) for one in (part or "" for part in match.groups())]
            if "after" in match.groupdict():  # of a line that is no JSON DuckDB tells the number of the next one
                found[0] = str(int(found[0]) - 1)
            return f"{names[0]}: {words.format(*found).rstrip(': ')}", way_out
    for path in paths:
        whole = whole.replace(str(path), path.name)
    whole = _cut(whole, MOST)
    return (whole if names[0] in whole else f"{names[0]}: {whole}"), hint


def _cut(text: str, most: int = MOST_QUOTED) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def unpackable(paths: Sequence[Path]) -> None:
    """Raises UnreadableError for the first file whose packing is broken or not in its name; of a missing one its reader tells."""
    for path in paths:
        if not path.name.endswith(SUFFIX) and path.is_file() and packed(path):
            raise UnreadableError(f"{path.name}: this is packed with gzip", f"name it {path.name}{SUFFIX}")
        if path.name.endswith(SUFFIX) and path.is_file() and not sound(path):
            raise UnreadableError(f"{path.name}: {NO_GZIP}", GZIP)


def named(names: Sequence[str], path: Path) -> tuple[str, ...]:
    """The names in a header, each there once and with signs in it that a name may have."""
    if not names:
        raise UnreadableError(f"{path.name}: the file is empty, without even a header")
    if any("\0" in name for name in names):
        raise UnreadableError(f"{path.name}: the header holds NUL bytes; this is no text in UTF-8", UTF8)
    twice = sorted({name for name in names if sum(name.lower() == other.lower() for other in names) > 1})
    if twice:
        raise UnreadableError(
            f"{path.name}: the header names {', '.join(twice[:5])} more than once; is there a header?",
            "the first line of a CSV file names its columns, each once",
        )
    return tuple(names)
