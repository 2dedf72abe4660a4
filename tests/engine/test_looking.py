"""Some rows are looked at before a run, once, and only where what comes out is compared with what was expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import datagen as dg
from datagen import api
from datagen.engine.options import Options
from datagen.plan import bind
from tests.cli.running import call

CLUB: dict[str, Any] = {
    "name": "club",
    "tables": [{"name": "members", "rows": 60, "columns": {"sex": {"choices": {"f": 0.5, "m": 0.5}}}}],
}
ASKED = {**CLUB, "metadata": {"gate": "all"}}
SCHEMA = """name: club
tables:
  - {name: members, rows: 60, columns: {sex: {choices: {f: 0.5, m: 0.5}}}}
"""


def generate(document: dict[str, Any], target: Path, **options: Any) -> None:
    api.generate(api.prepare(document), target, Options(**options))


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each plan that is bound has looked."""
    found: list[bool] = []
    own = bind.bind

    def bound(*given: Any, look: bool = True, **more: Any) -> Any:
        found.append(look)
        return own(*given, look=look, **more)

    monkeypatch.setattr(bind, "bind", bound)
    return found


@pytest.mark.parametrize(
    ("run", "looked"),
    [
        (lambda target: generate(CLUB, target), False),
        (lambda target: generate(CLUB, target, gate="none"), False),
        (lambda target: generate(CLUB, target, gate="all"), True),
        (lambda target: generate(ASKED, target), True),
        (lambda target: generate(CLUB, target, truth=True), True),
        (lambda target: api.preview(api.prepare(CLUB)), False),
        (lambda target: dg.load(CLUB).trace("members.sex", 3), False),
    ],
    ids=["generate", "gate none", "gate all", "gate of the document", "truth", "preview", "trace"],
)
def test_from_python(run: Callable[[Path], None], looked: bool, looks: list[bool], tmp_path: Path) -> None:
    run(tmp_path / "out")
    assert looks == [looked]


@pytest.mark.parametrize(
    ("command", "more", "looked"),
    [
        ("generate", [], False), ("generate", ["--gate", "all"], True), ("generate", ["--truth"], True),
        ("generate", ["--dry-run"], True), ("preview", [], False), ("trace", ["members.sex", "--row", "3"], False),
        ("plan", [], True), ("validate", [], True),
    ],
)  # fmt: skip
def test_from_the_command(command: str, more: list[str], looked: bool, looks: list[bool], tmp_path: Path) -> None:
    path = tmp_path / "club.yaml"
    path.write_text(SCHEMA)
    where = ["-o", tmp_path / "out"] if command == "generate" else []
    assert call(command, path, *more, *where).code == 0
    assert looks == [looked]
