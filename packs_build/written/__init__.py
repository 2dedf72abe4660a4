"""Lists that Faker lacks or has only in English, written for these packs: streets, trades, jobs, colours, common names.

A file of a locale has sections `[list]`, and in each of them entries between ` | `; a number behind an entry is its
weight. `[list latin]`: behind each entry stands its spelling in Latin letters. `[common_list]`: entries that come before
all others, the number their share in thousandths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass
class Written:
    """The lists of one file. latin: of which lists the spelling in Latin letters is known."""

    lists: dict[str, dict[str, float]] = field(default_factory=dict)
    latin: dict[str, dict[str, str]] = field(default_factory=dict)
    common: dict[str, dict[str, float]] = field(default_factory=dict)


def written(locale: str) -> Written:
    """What is written for a locale; nothing where it has no file."""
    path = Path(__file__).with_name(f"{locale}.txt")
    found = Written()
    name, latin = "", False
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        if line.startswith("["):
            name, _, kind = line.strip("[]").partition(" ")
            latin = kind == "latin"
            continue
        for entry in line.split(" | "):
            words = entry.split(" ")
            weight = float(words.pop()) if len(words) > 1 and NUMBER.fullmatch(words[-1]) else 1.0
            if latin:
                found.latin.setdefault(name, {})[words[0]] = words.pop()
            common = name.startswith("common_")
            place = found.common if common else found.lists
            entries = place.setdefault(name.removeprefix("common_"), {})
            entries.setdefault(" ".join(words), weight)
    return found
