"""A run that was stopped is gone on with: to the same bytes, without making again what was finished."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.checks.verify import verify
from datagen.engine import grain, resume, runners, sorting
from datagen.engine.options import Options
from datagen.errors import Finding, MachineError, SchemaError, UsageError
from datagen.schema.load import from_object, load_text
from datagen.sinks import describe, journal, truth
from datagen.sinks.journal import FOLDER, RUN, Journal
from datagen.sinks.publish import Stage
from tests.cli.running import call
from tests.rows.test_sorted_streams import document as logged

PLAIN = """
name: club
timeframe: {start: 2024-01-01, days: 60}
tables:
  - name: people
    rows: 400
    duplicates: 2%
    columns:
      plan: {choices: {free: 70%, paid: 30%}}
      age: {type: int, uniform: {low: 18, high: 80}, imperfections: {missing: 5%}}
      luck: {uniform: {low: 0, high: 1}, hidden: true}
  - name: visits
    parents: [people]
    fanout: {poisson: 3}
    columns: {came: {datetime_series: {}}, long: {lognormal: {median: 10, sigma: 1}}}
  - name: towns
    rows: 5
    columns: {name: {faker: city}}
"""
BY_SQL = """
  - name: by_plan
    pk: plan
    columns: [{name: plan, type: string}, {name: people, type: int}]
    sql: select plan, count(*) as people from people group by plan order by plan
"""
PIECES = 5  # four of people with their visits, one of towns
OPTIONS = Options(format="csv", gate="none", resume=True)


class Killed(BaseException):
    """What the process never lives to see."""


@pytest.fixture(autouse=True)
def small_grains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four grains of 100 people each."""
    monkeypatch.setattr(grain, "GRAIN_ROWS", 400)


@contextlib.contextmanager
def stopped(
    at: int, how: Callable[[], BaseException], place: Any = runners, name: str = "write_grain"
) -> Iterator[list[int]]:
    """The at-th call of a function is the last thing of a run. Gives the numbers of the grains that were made until then."""
    real, calls = getattr(place, name), list[int]()

    def called(*given: Any, **more: Any) -> Any:
        if len(calls) + 1 == at:
            raise how()
        calls.append(given[1].number if name == "write_grain" else len(calls))
        return real(*given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, called)
        yield calls


@contextlib.contextmanager
def left_by_a_kill(target: Path) -> Iterator[None]:
    """Whatever is beside the target when the run is killed stays there, as no process was there to tidy up."""
    real = Stage.__exit__

    def dies(stage: Stage, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Killed):
            stage._lock.release()
        else:
            real(stage, kind, error, trace)

    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(Stage, "__exit__", dies)
        yield


def prepared(text: str = PLAIN, **overrides: Any) -> Any:
    return api.prepare(load_text(text), **overrides)


def stage_of(target: Path) -> Path:
    [stage] = target.parent.glob(f".{target.name}.datagen-*")
    return stage


def inodes(stage: Path) -> dict[int, str]:
    """The files of finished pieces that lie in a stage."""
    names = set()
    for facts in Journal(stage).pieces().values():
        assert facts is not None
        names |= {part[4] for part in facts["parts"]}
    return {
        path.stat().st_ino: path.name
        for path in stage.rglob("*")
        if path.is_file() and ".datagen-" not in str(path.relative_to(stage)) and _sha256(path) in names
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def contents(directory: Path) -> dict[str, bytes]:
    """Every byte of a data set that does not differ from run to run."""
    files = sorted(
        path for path in directory.rglob("*") if path.is_file() and path.name not in ("run.json", "log.jsonl")
    )
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def interrupted(target: Path, at: int = 4, text: str = PLAIN, options: Options = OPTIONS, **overrides: Any) -> Path:
    """The stage of a run that was stopped while it made its at-th piece."""
    with stopped(at, KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        api.generate(prepared(text, **overrides), target, options)
    return stage_of(target)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plain document, made at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grain, "GRAIN_ROWS", 400)
        target = tmp_path_factory.mktemp("whole") / "out"
        api.generate(prepared(), target, replace(OPTIONS, resume=False))
    return target


def test_an_interrupted_run_is_gone_on_with(tmp_path: Path, undisturbed: Path) -> None:
    target = tmp_path / "out"
    with stopped(4, KeyboardInterrupt), pytest.raises(KeyboardInterrupt) as error:
        api.generate(prepared(), target, OPTIONS)
    assert error.value.__notes__ == [f"3 of {PIECES} pieces are finished and kept: the same command goes on with them"]
    finished = inodes(stage_of(target))
    assert len(finished) == 6
    with stopped(99, KeyboardInterrupt) as calls, stopped(99, KeyboardInterrupt, runners, "totals") as counted:
        made = api.generate(prepared(), target, OPTIONS)
    assert calls == [3, 4]
    assert len(counted) == 2
    assert (made.taken, made.pieces, made.findings) == (3, PIECES, ())
    assert contents(target) == contents(undisturbed)
    assert set(finished) <= {path.stat().st_ino for path in target.rglob("*")}
    assert os.listdir(tmp_path) == ["out"]
    assert '"stage": "taken"' in (target / "log.jsonl").read_text()


def test_a_piece_is_noted_when_its_files_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, order = journal.sync, list[str]()

    def sync(path: Path) -> None:
        order.append(path.name)
        real(path)

    monkeypatch.setattr(journal, "sync", sync)
    interrupted(tmp_path / "out", 2)
    own = ["grain-00000000-00000.csv", "grain-00000000-00000.csv", "people-00000000.parquet"]
    start = order.index(own[0])
    assert sorted(order[start : start + 3]) == own
    assert {"people", "visits", ".datagen-imperfections"} <= set(order[start + 3 :])
    assert order[-1] == FOLDER


MOMENTS = {
    "before the first piece": ((runners, "write_grain"), 1, 0),
    "between two pieces": ((runners, "write_grain"), 3, 2),
    "when parts have their names": ((describe, "table_entries"), 1, PIECES),
    "when all is on the disk": ((Stage, "_bare"), 1, PIECES),
    "when the journal is gone": ((Stage, "_place"), 1, 0),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_kill_at_any_moment_the_bytes_are_the_same(tmp_path: Path, undisturbed: Path, moment: str) -> None:
    (place, name), at, taken = MOMENTS[moment]
    target = tmp_path / "out"
    with stopped(at, Killed, place, name), left_by_a_kill(target):
        api.generate(prepared(), target, OPTIONS)
    assert not target.exists()
    with stopped(99, KeyboardInterrupt) as calls:
        made = api.generate(prepared(), target, OPTIONS)
    assert made.taken == taken
    assert len(calls) == PIECES - taken
    assert contents(target) == contents(undisturbed)
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(("place", "at"), [("data", 3), ("labels", 6), ("truth", 1)])
def test_truth_twins_and_tables_by_sql_go_on_together(tmp_path: Path, place: str, at: int) -> None:
    options = Options(format="csv", truth=True, clean=place != "data", resume=True)
    whole = api.generate(prepared(PLAIN + BY_SQL), tmp_path / "whole", options)
    where = (truth, "write_truth") if place == "truth" else (runners, "write_grain")
    target = tmp_path / "out"
    with stopped(at, Killed, *where), left_by_a_kill(target):
        api.generate(prepared(PLAIN + BY_SQL), target, options)
    with stopped(99, KeyboardInterrupt) as calls:
        made = api.generate(prepared(PLAIN + BY_SQL), target, options)
    assert made.content_hash == whole.content_hash
    assert len(calls) == {"data": 3 + PIECES, "labels": PIECES, "truth": 0}[place]
    assert contents(target) == contents(whole.directory)
    assert "labels/people.part-00003.parquet" in contents(Path(f"{target}.truth"))
    assert contents(Path(f"{target}.truth")) == contents(Path(f"{whole.directory}.truth"))
    assert sorted(os.listdir(tmp_path)) == ["out", "out.truth", "whole", "whole.truth"]


def test_a_stream_in_one_order_is_put_in_order_again(tmp_path: Path) -> None:
    """Its sorted pieces are those of the run before, and stay until it is published."""
    one = api.prepare(from_object(logged()))
    whole = api.generate(one, tmp_path / "whole", OPTIONS)
    target = tmp_path / "out"
    for place, name in ((sorting, "put_in_order"), (describe, "table_entries")):
        with stopped(1, Killed, place, name), left_by_a_kill(target):
            api.generate(one, target, OPTIONS)
    with stopped(99, KeyboardInterrupt) as calls:
        made = api.generate(one, target, OPTIONS)
    assert (calls, made.taken) == ([], made.pieces)
    assert contents(target) == contents(whole.directory)


OTHERS: dict[str, tuple[dict[str, Any], Options, str, str]] = {
    "seed": ({"seed": 8}, OPTIONS, PLAIN, "seed (42, now 8)"),
    "scale": ({"scale": 1.5}, OPTIONS, PLAIN, "--scale (1.0, now 1.5)"),
    "format": ({}, replace(OPTIONS, format="parquet"), PLAIN, "format (csv, now parquet)"),
    "tables": ({}, replace(OPTIONS, select=("towns",)), PLAIN, "--select (none, now towns)"),
    "clean": ({}, replace(OPTIONS, clean=True), PLAIN, "--clean (no, now yes)"),
    "schema": ({}, OPTIONS, PLAIN.replace("sigma: 1", "sigma: 2"), "schema (nodes[visits].columns[long].generator"),
    "setting": ({"sets": [("nodes.towns.rows", "6")]}, OPTIONS, PLAIN, "schema (nodes[towns].rows)"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_run_is_refused_by_what_differs(tmp_path: Path, other: str) -> None:
    overrides, options, text, told = OTHERS[other]
    stage = interrupted(tmp_path / "out", 2)
    before = contents(stage)
    with pytest.raises(UsageError) as error:
        api.generate(prepared(text, **overrides), tmp_path / "out", options)
    [finding] = error.value.findings
    assert finding.code == "resume.other_run"
    assert told in finding.found
    assert contents(stage) == before


def test_a_run_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(tmp_path / "out", 2)
    monkeypatch.setattr(resume, "__version__", "99.0")
    with pytest.raises(UsageError, match=r"version of Datagen \(.*, now 99\.0\)"):
        api.generate(prepared(), tmp_path / "out", OPTIONS)


def flipped(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def linked(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def directory_instead(path: Path) -> None:
    path.unlink()
    (path / "within").mkdir(parents=True)


def pipe_instead(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a flipped bit": flipped,
    "cut short": lambda path: os.truncate(path, path.stat().st_size - 1),
    "gone": Path.unlink,
    "a link": linked,
    "a directory": directory_instead,
    "a pipe": pipe_instead,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_no_longer_as_it_was_left_is_made_anew_and_told(tmp_path: Path, undisturbed: Path, damage: str) -> None:
    target = tmp_path / "out"
    stage = interrupted(target)
    DAMAGE[damage](stage / "visits" / "grain-00000001-00000.csv")
    with stopped(99, KeyboardInterrupt) as calls:
        made = api.generate(prepared(), target, OPTIONS)
    assert calls == [1, 3, 4]
    [finding] = made.findings
    assert (finding.code, finding.severity) == ("resume.made_anew", "warning")
    assert "visits/grain-00000001-00000.csv" in finding.found
    assert contents(target) == contents(undisturbed)


@pytest.mark.parametrize("damage", [flipped, directory_instead, pipe_instead])
def test_a_damaged_record_is_made_anew_and_a_lost_journal_is_no_run(
    tmp_path: Path, undisturbed: Path, damage: Callable[[Path], object]
) -> None:
    target = tmp_path / "out"
    damage(interrupted(target) / FOLDER / "piece-00000002.json")
    made = api.generate(prepared(), target, OPTIONS)
    assert [(one.code, made.taken) for one in made.findings] == [("resume.made_anew", 2)]
    assert "piece 3" in made.findings[0].found
    assert contents(target) == contents(undisturbed)
    (interrupted(target) / FOLDER / RUN).unlink()
    made = api.generate(prepared(), target, OPTIONS)
    assert [(one.code, made.taken) for one in made.findings] == [("resume.nothing", 0)]
    assert contents(target) == contents(undisturbed)
    assert os.listdir(tmp_path) == ["out"]


def test_the_journal_of_another_user_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = interrupted(tmp_path / "out")
    assert Journal(stage).run() is not None
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert Journal(stage).run() is None


def test_without_resume_the_leftovers_are_removed(tmp_path: Path, undisturbed: Path) -> None:
    target = tmp_path / "out"
    interrupted(target)
    with stopped(99, KeyboardInterrupt) as calls:
        made = api.generate(prepared(), target, replace(OPTIONS, resume=False))
    assert len(calls) == PIECES
    assert (made.taken, made.findings) == (0, ())
    assert os.listdir(tmp_path) == ["out"]


def test_two_runs_do_not_go_on_at_once(tmp_path: Path) -> None:
    target = tmp_path / "out"
    stage = interrupted(target)
    before = contents(stage)
    with Stage(target, choose=lambda stages: stages[0], keep=True):
        with pytest.raises(MachineError) as error:
            api.generate(prepared(), target, OPTIONS)
        assert [one.code for one in error.value.findings] == ["output.locked"]
    assert contents(stage) == before


def test_a_full_disk_keeps_what_is_finished_and_a_fault_of_the_data_keeps_nothing(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with stopped(3, lambda: MachineError(Finding("disk.full"))), pytest.raises(MachineError) as error:
        api.generate(prepared(), target, OPTIONS)
    assert [one.code for one in error.value.findings] == ["disk.full", "resume.kept"]
    assert Journal(stage_of(target)).number_of_pieces() == 2
    with (
        stopped(PIECES - 2, lambda: MachineError(Finding("disk.failure")), Journal, "add"),
        pytest.raises(MachineError),
    ):
        api.generate(prepared(), target, OPTIONS)  # the record of the last piece could not be written
    assert Journal(stage_of(target)).number_of_pieces() == PIECES - 1
    with stopped(1, lambda: SchemaError(Finding("generate.null"))), pytest.raises(SchemaError):
        api.generate(prepared(), target, OPTIONS)
    assert os.listdir(tmp_path) == []


def test_long_runs_keep_for_the_case_of_a_kill_what_short_ones_do_not(
    tmp_path: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, plain = tmp_path / "out", replace(OPTIONS, resume=False)
    with stopped(3, Killed), left_by_a_kill(target):
        api.generate(prepared(), target, plain)
    assert not (stage_of(target) / FOLDER).exists()
    monkeypatch.setattr(resume, "KEPT_FROM_SECONDS", 0.0)
    with stopped(3, KeyboardInterrupt), pytest.raises(KeyboardInterrupt) as error:
        api.generate(prepared(), target, plain)
    assert "with --resume a run keeps what is finished" in error.value.__notes__[0]
    assert os.listdir(tmp_path) == []

    def killed_when_two_are_noted() -> BaseException:
        end = time.monotonic() + 60
        while Journal(stage_of(target)).number_of_pieces() < 2 and time.monotonic() < end:
            time.sleep(0.001)
        return Killed()

    with stopped(3, killed_when_two_are_noted), left_by_a_kill(target):
        api.generate(prepared(), target, plain)
    monkeypatch.undo()
    monkeypatch.setattr(grain, "GRAIN_ROWS", 400)
    made = api.generate(prepared(), target, OPTIONS)
    assert made.taken == 2
    assert contents(target) == contents(undisturbed)


def test_the_command_says_how_to_go_on(tmp_path: Path) -> None:
    schema = tmp_path / "club.yaml"
    schema.write_text(PLAIN)
    words = ("generate", schema, "-o", tmp_path / "set" / "out", "--gate", "none", "--resume")
    assert "there is no interrupted run to go on with" in call(*words, "--dry-run").out
    with stopped(4, KeyboardInterrupt):
        done = call(*words, "--workers", 1)
    assert done.code == 130
    assert "interrupted; 3 of 5 pieces are finished and kept: the same command goes on with them" in done.err
    assert "an interrupted run of 3 finished pieces" in call(*words, "--dry-run").out
    assert call(*words, "--dry-run", "--seed", 1).code == 2
    done = call(*words, "--json", "--workers", 1)
    assert done.code == 0
    assert done.document["pieces"] == {"all": 5, "taken_over": 3}
    assert "going on with an interrupted run: 3 of 5 pieces are finished" in done.err
    assert json.loads((tmp_path / "set" / "out" / "run.json").read_text())["seconds"]["taken"] > 0
    assert verify(tmp_path / "set" / "out") == []
