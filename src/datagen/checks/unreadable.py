"""Says in plain words why the files of a table cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# what follows in a message of DuckDB are settings of its reader, which nobody can change here
ADVICE = ("Possible", "* ", "file =", "delimiter =", "quote =")


class UnreadableError(Exception):
    """A file that says nothing as the format that it should have. Its text says which and why."""


def why(error: Exception, paths: tuple[Path, ...]) -> str:
    """What is wrong, in one line: the words of DuckDB without its advice, or our own."""
    said: list[str] = []
    for line in str(error).strip().split("\n"):
        text = line.strip()
        if text.startswith(ADVICE):
            break
        if text:
            said.append(text)
    whole = "; ".join(said)
    for path in paths:
        whole = whole.replace(str(path), path.name)
    if len(paths) == 1 and paths[0].name not in whole:
        whole = f"{paths[0].name}: {whole}"
    return whole


def named(names: Sequence[str], path: Path) -> tuple[str, ...]:
    """The names in a header, each there once and with signs in it that a name may have."""
    if not names:
        raise UnreadableError(f"{path.name}: the file is empty, without even a header")
    if any("\0" in name for name in names):
        raise UnreadableError(f"{path.name}: the header holds NUL bytes; this is no text in UTF-8")
    twice = sorted({name for name in names if sum(name.lower() == other.lower() for other in names) > 1})
    if twice:
        raise UnreadableError(
            f"{path.name}: the header names {', '.join(twice[:5])} more than once; is there a header?"
        )
    return tuple(names)
