"""Sizes, names and voice of the house."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "datagen"
MOST_LINES = 500
VAGUE = {"utils.py", "util.py", "helpers.py", "helper.py", "misc.py", "common.py", "base.py"}


def tracked(*patterns: str) -> list[Path]:
    """Files of the project: those that git knows, or all where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", *patterns],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return [path for pattern in patterns for path in ROOT.rglob(pattern) if path.is_file()]
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_file_grows_past_its_limit_without_a_reason() -> None:
    long = []
    for path in tracked("*.py"):
        if "peers" in path.parts:
            continue
        lines = path.read_text().splitlines()
        if len(lines) > MOST_LINES and not any("long because" in line.lower() for line in lines[:12]):
            long.append(f"{path.relative_to(ROOT)}: {len(lines)} lines")
    assert not long


def test_no_file_has_a_vague_name() -> None:
    assert not [str(path) for path in tracked("*.py") if path.name in VAGUE]


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT)) for path in SOURCE.rglob("*.py")
        if not re.match(r'\s*(?:#[^\n]*\n\s*)*[rR]?"""\S[^\n]{20,}', path.read_text())
    ]  # fmt: skip
    assert not silent


def test_no_stub_and_no_swallowed_exception() -> None:
    pattern = re.compile(
        r"except(?: Exception| BaseException)?:\s*\n\s*(?:pass|continue)\b|\b(?:TODO|FIXME|XXX)\b|pytest\.mark\.(?:skip|xfail)|assert True\b"
    )
    own = Path(__file__)
    found = [
        f"{path.relative_to(ROOT)}: {match[0]!r}"
        for path in tracked("*.py")
        if path != own
        for match in pattern.finditer(path.read_text())
    ]
    assert not found


def test_the_project_speaks_of_itself_only() -> None:
    words = re.compile(
        r"\b(?:this session|issue #?\d+|helper-\d|as an AI|language model wrote|the CEO|subagent)\b", re.IGNORECASE
    )
    own = Path(__file__)
    found = [
        f"{path.relative_to(ROOT)}: {match[0]!r}"
        for path in tracked("*.py", "*.md", "*.yaml", "*.yml", "*.toml") if path != own and "corpus" not in path.parts for match in words.finditer(path.read_text())
    ]  # fmt: skip
    assert not found
