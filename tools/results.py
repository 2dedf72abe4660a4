"""Keeps what runs on demand have found in tests/RESULTS.md, one section for each tool."""

from __future__ import annotations

from pathlib import Path

RESULTS = Path(__file__).parents[1] / "tests" / "RESULTS.md"


def record(section: str, text: str, path: Path = RESULTS) -> None:
    """Put a section in place of the one of the same title, or behind the others."""
    old = path.read_text() if path.exists() else "# Results of runs on demand\n"
    head, *sections = old.rstrip("\n").split("\n## ")
    titles = [one.partition("\n")[0] for one in sections]
    new = f"{section}\n\n{text}"
    if section in titles:
        sections[titles.index(section)] = new
    else:
        sections.append(new)
    path.write_text("\n\n## ".join(one.strip("\n") for one in [head, *sections]) + "\n")
