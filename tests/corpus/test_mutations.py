"""The run that breaks thousands of documents: the same ones every time, and it sees every kind of failure that it looks for."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.errors import Finding, MachineError, SchemaError
from tests.corpus import mutants
from tests.corpus.mutants import SHARES, Mutant, attempt, mutant, sources
from tests.house.tools import tool

mutations = tool("mutations")
SMALL = Mutant("one", "tables: [{name: a, rows: 3, columns: {x: {choices: [p, q]}}}]", "broken.yaml")


def test_mutants_are_the_same_every_time_and_of_every_kind() -> None:
    again = [mutant(number) for number in range(0, 60, 7)]
    assert again == [mutant(number) for number in range(0, 60, 7)]
    assert {mutant(number).name.split(" ")[0] for number in range(20)} == {kind.split(" ")[0] for kind in SHARES}
    assert mutant(0, seed=1) != mutant(0)
    assert all(sources(kind) for kind in SHARES)


def test_numbers_come_to_every_document() -> None:
    whole = len(sources("shipped"))
    rounds = range(20 * -(-whole // SHARES["shipped"]))
    names = {mutant(number).name for number in rounds if number % 20 < SHARES["shipped"]}
    assert len({name.removesuffix(", as text") for name in names}) == whole


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ZeroDivisionError("1"), "ZeroDivisionError in"),
        (SchemaError([Finding("a.b", found="x", path="broken.yaml")]), "a.b: without its line"),
        (SchemaError([Finding("a.b", line=1, path="broken.yaml")]), "a.b: without what was found"),
        (SchemaError([Finding("a.b", found="x", line=1)]), "a.b: without its file"),
        (MachineError(Finding("a.b", found="x", line=1, path="broken.yaml")), "exit 3: a.b"),
    ],
)
def test_whatever_is_no_finding_with_its_place_is_a_fault(
    error: Exception, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attempt(SMALL).faults == ()

    def fails(*given: Any, **named: Any) -> Any:
        raise error

    monkeypatch.setattr(api, "preview_of", fails)
    [found] = attempt(SMALL).faults
    assert found.startswith(fault)
    assert mutations.kind_of(found) != "deaths"


@pytest.mark.parametrize(
    ("does", "patience", "fault"),
    [
        ("while True: pass", 60, "over 0.3 s of CPU"),
        ("import time; time.sleep(99)", 0.3, "waits for ever"),
        ("import os; os.abort()", 60, "died with -6"),
    ],
    ids=["busy", "idle", "dead"],
)
def test_a_process_that_hangs_or_dies_is_an_answer_and_another_takes_its_place(
    does: str, patience: float, fault: str
) -> None:
    command = [sys.executable, "-c", f"print('ready', flush=True)\ninput()\n{does}"]
    worker = mutations.Worker(command, seconds=0.3, patience=patience)
    for _ in range(2):
        assert worker.ask({"number": 1}).faults == [fault]
    worker.close()


def test_too_much_memory_is_a_fault() -> None:
    assert mutations.faults_of(mutations.Answer(memory=511.0)) == []
    assert mutations.faults_of(mutations.Answer(memory=513.0)) == ["over 512 MB"]


def test_a_failing_document_is_made_small() -> None:
    def ask(request: dict[str, Any]) -> Any:
        return mutations.Answer(faults=["bad"] if re.search(r"bad", request["text"]) else [])

    root = {"a": [1, {"bad": 2, "c": 3}], "d": {"e": 4}}
    small = mutations.smallest("x", json.dumps(root), "broken.json", "bad", ask)
    assert json.loads(small) == {"a": [{"bad": 2}]}
    assert mutations.smallest("x", "a: 1\nb: [\nc: bad", "broken.yaml", "bad", ask) == "c: bad"


def test_a_run_is_told_and_what_it_finds_is_written_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two mutants by a real process, then by one that stumbles over the first."""
    assert mutations.main(["--count", "2", "--workers", "1", "--no-record", "--to", str(tmp_path / "none")]) == 0
    told = capsys.readouterr().out
    assert "2 mutants in" in told
    assert "| tracebacks | 0 |" in told
    assert not (tmp_path / "none").exists()

    class Stumbles:
        def ask(self, request: dict[str, Any]) -> Any:
            one = mutant(request["number"]) if "number" in request else Mutant(**request)
            faults = ["KeyError in plan.py, bind"] if one.text == mutant(0).text else []
            return mutations.Answer("made", 0, faults=faults, detail="Traceback")

        close = staticmethod(lambda: None)

    monkeypatch.setattr(mutations, "Worker", lambda command: Stumbles())
    assert mutations.main(["--count", "3", "--workers", "1", "--no-record", "--to", str(tmp_path)]) == 1
    assert "| tracebacks | 1 |" in capsys.readouterr().out
    [explained] = tmp_path.glob("*.txt")
    assert explained.read_text().startswith("KeyError in plan.py, bind\nmutants 0 of seed 0: shipped airline")


def test_results_take_the_place_of_older_ones(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    results = sys.modules["tools.results"]
    for section, text in (("One", "a"), ("Two", "b"), ("One", "c")):
        results.record(section, text, path)
    assert path.read_text() == "# Results of runs on demand\n\n## One\n\nc\n\n## Two\n\nb\n"
    assert mutants.ROOT / "tests" / "RESULTS.md" == results.RESULTS
