"""The tutorials: their commands are commands, their SQL fits the tables, and on demand all of it gives what the pages say."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import click
import duckdb
import pytest

from datagen.cli.commands import main
from datagen.datasets import shipped
from datagen.plan.model import Plan
from datagen.plan.prepare import prepare
from datagen.schema.load import load_text
from tests.house import tools

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
TYPES = {
    "int": "bigint",
    "float": "double",
    "bool": "boolean",
    "string": "varchar",
    "datetime": "timestamptz",
    "date": "date",
}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return tools.tool("tutorials")


def plan_of(name: str) -> Plan:
    path = shipped()[name]
    return prepare(load_text(path.read_text(), path=path.name)).bind()


@pytest.mark.parametrize("name", ["worktrack", "tapflow", "course_churn", "shop"])
def test_there_is_a_tutorial_with_all_its_parts(name: str) -> None:
    page = (ROOT / "docs" / "tutorials" / f"{name}.md").read_text()
    for part in (
        "## Make it",
        "## Ask it",
        "## Judge it",
        "## Change it",
        "Planted",
        f"datagen generate {name} -o out/{name}",
        "datagen check",
    ):
        assert part in page, part
    assert page.count("```sql") == len(re.findall(r"```sql\n(?:.*\n)+?```\n\n\| ", page)) >= 4


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_commands_are_commands(path: Path, tool: ModuleType) -> None:
    called = list(tool.commands(path.read_text()))
    assert len(called) >= 3
    for name, *words in called:
        command = main.get_command(click.Context(main), name)
        assert command is not None, name
        command.make_context(name, [word for word in words if word != ">"])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_queries_fit_the_tables(path: Path, tool: ModuleType) -> None:
    plan = plan_of(path.stem)
    with duckdb.connect() as connection:
        for table in (*plan.tables.values(), *(one.table for one in plan.derived.values())):
            columns = ", ".join(f'"{column.name}" {TYPES[column.type]}' for column in table.visible)
            if columns and not table.hidden:
                connection.execute(f"create or replace table {table.id} ({columns})")
        for step in tool.steps(path.read_text()):
            if step.kind == "sql":
                connection.execute(f"explain {step.text}")


def test_lines_that_were_not_said_are_found(tool: ModuleType) -> None:
    tool.look_for(["one", "…", "three is …"], "one\ntwo\nthree is 3\n")
    for lines in (["three is 3", "one"], ["tow"], ["one", "…", "four …"]):
        with pytest.raises(ValueError, match="is not, or not there"):
            tool.look_for(lines, "one\ntwo\nthree is 3\n")


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_whole_tutorial_says_what_comes_out(path: Path, tool: ModuleType, tmp_path: Path) -> None:
    page = path.read_text()
    assert tool.answered(page, tmp_path) == page
