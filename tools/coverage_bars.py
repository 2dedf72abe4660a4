"""Runs the suite under coverage.py and holds the lines it reaches against a bar for each part of the package.

    python tools/coverage_bars.py               # the suite, then the table; about three times as long as the suite alone
    python tools/coverage_bars.py --measured    # the table again, from what the last run left
    python tools/coverage_bars.py --worst 20    # and the files with the most lines that no test reaches

Exits with 1 where a part is below its bar or a test fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGE = "src/datagen/"
# folder of the package -> share of its lines that tests must reach, in percent
BARS = {"": 85.0, "checks/": 90.0, "modifiers/": 90.0, "cli/": 80.0}

Lines = dict[str, tuple[int, int]]  # file -> lines that tests reach, lines in all


def measure() -> None:
    """Run the suite; what it reached lies in .coverage afterwards."""
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "erase"], cwd=ROOT, check=True)
    subprocess.run([*coverage, "run", "-m", "pytest", "-q", "-n", "2"], cwd=ROOT, check=True)
    subprocess.run([*coverage, "combine", "-q"], cwd=ROOT, check=True)


def reached() -> Lines:
    """What the last run reached."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "coverage.json")
        subprocess.run([sys.executable, "-m", "coverage", "json", "-q", "-o", file], cwd=ROOT, check=True)
        return lines_of(json.loads(file.read_text()))


def lines_of(report: Mapping[str, Any]) -> Lines:
    """Of the files of the package in a report of coverage.py."""
    found = {}
    for name, file in report["files"].items():
        _, package, inside = Path(name).as_posix().rpartition(PACKAGE)
        if package:
            found[inside] = (file["summary"]["covered_lines"], file["summary"]["num_statements"])
    return found


def shares(lines: Lines) -> dict[str, float]:
    """Percent of the lines of each part with a bar. Raises ValueError where a part has no lines."""
    found = {}
    for part in BARS:
        inside = [counts for name, counts in lines.items() if name.startswith(part)]
        total = sum(count for _, count in inside)
        if not total:
            raise ValueError(f"no lines of {PACKAGE}{part} were measured")
        found[part] = 100 * sum(count for count, _ in inside) / total
    return found


def main() -> int:
    """Print the table. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measured", action="store_true", help="of the last run")
    parser.add_argument("--worst", type=int, default=0, help="so many files with the most lines that no test reaches")
    asked = parser.parse_args()
    if not asked.measured:
        measure()
    lines = reached()
    found = shares(lines)
    print("| part | lines reached | bar | |\n|---|---:|---:|---|")
    for part, share in found.items():
        print(
            f"| {PACKAGE}{part} | {share:.1f} % | {BARS[part]:.0f} % | {'yes' if share >= BARS[part] else '**no**'} |"
        )
    for name, (covered, count) in sorted(lines.items(), key=lambda one: one[1][0] - one[1][1])[: asked.worst]:
        print(f"{name}: {count - covered} of {count} lines are reached by no test")
    return int(any(share < BARS[part] for part, share in found.items()))


if __name__ == "__main__":
    sys.exit(main())
