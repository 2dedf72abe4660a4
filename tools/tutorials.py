"""Runs the tutorials under docs/tutorials: their commands, and their SQL over what these made; `python tools/tutorials.py`
writes the answers of the SQL into the pages.

In a page, `sh` blocks are run in order in a new directory. A `text` block right behind one holds lines of its output, in
order; `…` stands for lines, or the rest of a line, left out. A `sql` block asks the data set that was made last; the table behind it is its answer.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

PAGES = Path(__file__).parents[1] / "docs" / "tutorials"
BLOCK = re.compile(r"^```(sh|sql|text)\n(.*?)^```\n(?:\n((?:\|[^\n]*\n)+))?", re.MULTILINE | re.DOTALL)
SUFFIXES = {".parquet": "read_parquet", ".csv": "read_csv", ".ndjson": "read_ndjson"}


@dataclass(frozen=True)
class Step:
    """One block of a page: what kind, its text, the table behind it, and where that begins and ends."""

    kind: str
    text: str
    answer: str
    start: int
    end: int


def steps(page: str) -> list[Step]:
    """The blocks of a page in order."""
    return [Step(found[1], found[2], found[3] or "", found.start(), found.end()) for found in BLOCK.finditer(page)]


def commands(page: str) -> Iterator[list[str]]:
    """The commands of a page, each as its words behind `datagen`."""
    for step in steps(page):
        if step.kind == "sh":
            for line in step.text.splitlines():
                words = shlex.split(line)
                if words[0] != "datagen":
                    raise ValueError(f"no command of Datagen: {line}")
                yield words[1:]


def answered(page: str, where: Path) -> str:
    """The page with the answers that its SQL has now; commands are run in `where`. Raises where one says something else."""
    pieces, end, said, data = [], 0, "", where
    for step in steps(page):
        pieces.append(page[end : step.start])
        block, end = page[step.start : step.end], step.end
        if step.kind == "sh":
            said = "".join(run(shlex.split(line)[1:], where) for line in step.text.splitlines())
            made = re.findall(r"-o (out/\S+)", step.text)
            data = where / made[-1] if made and "generate" in step.text else data
        elif step.kind == "text":
            look_for(step.text.splitlines(), said)
        else:
            block = f"```sql\n{step.text}```\n\n{table(step.text, data)}"
        pieces.append(block)
    return "".join([*pieces, page[end:]])


def run(words: list[str], where: Path) -> str:
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "datagen", *words], cwd=where, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValueError(f"datagen {shlex.join(words)} left with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def look_for(lines: list[str], said: str) -> None:
    """Every line stands in what was said, in order."""
    rest = iter(said.splitlines())
    for line in lines:
        begun = line.endswith(" …")
        if line != "…" and not any(one.startswith(line[:-2]) if begun else line == one.rstrip() for one in rest):
            raise ValueError(f"{line!r} is not, or not there, in:\n{said}")


def table(sql: str, data: Path) -> str:
    """The answer of a query over the tables in a directory, as a table of Markdown."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for path in sorted(data.iterdir()):
            files = path / "*" if path.is_dir() else path
            suffix = next((one.suffix for one in path.iterdir()), "") if path.is_dir() else path.suffix
            if suffix in SUFFIXES:
                connection.execute(f"create view {path.stem} as select * from {SUFFIXES[suffix]}('{files}')")
        asked = connection.execute(sql)
        names = [column[0] for column in asked.description or []]
        rows = [["" if value is None else str(value) for value in row] for row in asked.fetchall()]
    return "".join(f"| {' | '.join(row)} |\n" for row in (names, ["---"] * len(names), *rows))


if __name__ == "__main__":
    for path in sorted(PAGES.glob("*.md")):
        if len(sys.argv) == 1 or path.stem in sys.argv[1:]:
            with tempfile.TemporaryDirectory() as folder:
                path.write_text(answered(path.read_text(), Path(folder)))
            sys.stdout.write(f"{path}\n")
