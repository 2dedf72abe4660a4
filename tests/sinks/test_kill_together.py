"""A run with tables made by SQL, a truth set and a clean twin is killed: its directory holds the old set or the new, whole."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_publish_crash import MOVES, Killed, faults

from datagen import api
from datagen.checks.verify import verify
from datagen.engine.options import Options
from datagen.errors import UsageError
from datagen.sinks.manifest import read_manifest
from datagen.sinks.publish import Stage
from datagen.truth import read

KILLS = 20
DOCUMENT = """
timeframe: {start: 2024-01-01, days: 60}
tables:
  - name: people
    rows: 400
    duplicates: 2%
    columns:
      plan: {choices: {free: 70%, paid: 30%}}
      age: {type: int, uniform: {low: 18, high: 80}, imperfections: {missing: 5%}}
    segment_behavior: {free: {}, paid: {fanout_multiplier: 2}}
  - name: visits
    parents: [people]
    fanout: {poisson: 3}
    columns: {came: {datetime_series: {}}, long: {lognormal: {median: 10, sigma: 1}, imperfections: {outliers: 1%}}}
  - name: by_plan
    pk: plan
    columns: [{name: plan, type: string}, {name: people, type: int}]
    sql: select plan, count(*) as people from people group by plan order by plan
  - name: by_day
    pk: day
    columns: [{name: day, type: date}, {name: visits, type: int}]
    sql: select cast(came as date) as day, count(*) as visits from visits group by 1 order by day
"""
SEEDS = (1, 2)


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """The document, in a directory of its own."""
    path = tmp_path / "schema" / "people.yaml"
    path.parent.mkdir()
    path.write_text(DOCUMENT)
    return path


def contents(schema: Path, directory: Path) -> dict[str, int]:
    """The seeds of both data sets by their content."""
    options = Options(clean=True, truth=True)
    return {
        api.generate(api.prepare(str(schema), seed=seed), directory / str(seed), options).content_hash: seed
        for seed in SEEDS
    }


def whole(target: Path, seed_of: dict[str, int]) -> tuple[int, int]:
    """Which data set and which answers are there. Fails unless both are whole, and told apart if they do not belong."""
    truth = Path(f"{target}.truth")
    assert verify(target) == []
    assert verify(truth) == []
    manifest, answers = read_manifest(target), read_manifest(truth)
    assert manifest.clean
    found = seed_of[manifest.content_hash], seed_of[str(answers.truth_of)]
    if found[0] == found[1]:
        assert read(truth, target).effects
    else:
        with pytest.raises(UsageError) as error:
            read(truth, target)
        assert error.value.findings[0].code == "truth.other_data"
    return found


def tidied(target: Path, seed_of: dict[str, int]) -> tuple[int, int]:
    """What is there after the start of the next run, which is given up: no stage, no lock, nothing half moved."""
    with Stage(target) as data, Stage(Path(f"{target}.truth")) as truth:
        assert {note.code for note in (*data.notes, *truth.notes)} <= {"output.recovered"}
    assert sorted(os.listdir(target.parent)) == [target.name, f"{target.name}.truth"]
    return whole(target, seed_of)


def test_a_kill_between_any_steps_leaves_the_old_or_the_new(schema: Path, tmp_path: Path) -> None:
    """As a process would die: at some call of the system no further one does anything."""
    seed_of, target = contents(schema, tmp_path / "both"), tmp_path / "set" / "out"
    prepared = {seed: api.prepare(str(schema), seed=seed) for seed in SEEDS}
    plans, options = {seed: one.bind() for seed, one in prepared.items()}, Options(clean=True, truth=True)
    api.generate(prepared[1], target, options, plan=plans[1])
    with faults(1_000_000, None) as state:
        api.generate(prepared[2], target, options, plan=plans[2])
    moves = [at for at, name in enumerate(state.names, 1) if name in MOVES]
    assert moves
    assert whole(target, seed_of) == (2, 2)
    last, seen = 2, set()
    for at in sorted({state.calls // 3, *(move + 1 for move in moves)}):
        seed = 3 - last
        with faults(at, None), contextlib.suppress(Killed):
            api.generate(prepared[seed], target, options, plan=plans[seed])
        found = tidied(target, seed_of)
        assert found in ((last, last), (last, seed), (seed, seed))  # never new data with the answers of the old
        seen.add((found[0] == seed, found[1] == seed))
        if found[0] != found[1]:  # both of one seed before the next kill
            api.generate(prepared[last], target, options, plan=plans[last])
        last = found[0]
    assert seen == {(False, False), (False, True), (True, True)}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_kill_at_any_time_leaves_the_old_or_the_new(schema: Path, tmp_path: Path, workers: int) -> None:
    """Ten kills between the first directory and the end of a run, and ten once the answers have their manifest."""
    seed_of, target = contents(schema, tmp_path / "both"), tmp_path / "set" / "out"

    def begun(seed: int) -> subprocess.Popen[bytes]:
        words = ["generate", schema, "-o", target, "--truth", "--clean", "--seed", seed, "--workers", workers, "-q"]
        process = subprocess.Popen([sys.executable, "-m", "datagen", *map(str, words)])
        end = time.monotonic() + 120
        while not any(target.parent.glob(".*.datagen-*")) and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.002)
        return process

    target.parent.mkdir()
    process, start = begun(1), time.monotonic()
    assert process.wait() == 0
    length, last, seen = 1.3 * (time.monotonic() - start), 1, set()
    assert whole(target, seed_of) == (1, 1)
    for number in range(KILLS):
        seed = 3 - last
        process = begun(seed)
        share = number * 0.618 % 1
        if number % 2:
            while process.poll() is None and not any(target.parent.glob(".out.truth.datagen-*/manifest.json")):
                time.sleep(0.001)
        time.sleep((0.1 if number % 2 else length) * share)
        process.kill()
        process.wait()
        found = tidied(target, seed_of)
        assert found in ((last, last), (last, seed), (seed, seed))
        seen.add(found[0] == seed)
        last = found[0]
    assert seen == {False, True}
