"""The table of reached lines counts lines, part by part, and refuses a part of which nothing was measured."""

from __future__ import annotations

import pytest

from tests.house.tools import tool

bars = tool("coverage_bars")


def file(covered: int, count: int) -> dict[str, dict[str, int]]:
    return {"summary": {"covered_lines": covered, "num_statements": count}}


def test_a_part_has_the_lines_of_its_files_and_the_package_those_of_all() -> None:
    lines = bars.lines_of(
        {
            "files": {
                "src/datagen/checks/a.py": file(90, 100),
                "/elsewhere/src/datagen/checks/b.py": file(10, 10),
                "src/datagen/modifiers/c.py": file(1, 2),
                "src/datagen/cli/d.py": file(3, 4),
                "tests/written.py": file(0, 1_000),
            }
        }
    )
    assert bars.shares(lines) == {
        "": pytest.approx(100 * 104 / 116), "checks/": pytest.approx(100 * 100 / 110), "modifiers/": 50.0, "cli/": 75.0,
    }  # fmt: skip


def test_a_part_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match="no lines of src/datagen/modifiers/ were measured"):
        bars.shares({"checks/a.py": (1, 1), "cli/b.py": (1, 1)})


def test_every_bar_is_of_a_folder_that_there_is() -> None:
    assert all((bars.ROOT / bars.PACKAGE / part).is_dir() for part in bars.BARS)
