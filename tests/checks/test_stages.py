"""The gate `all`: a stage that fails, or a score that is too low, publishes nothing and leaves the old data where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.cli.running import call, shop

from datagen import api
from datagen.engine import executor
from datagen.engine.options import Options
from datagen.errors import SchemaError
from datagen.sinks.manifest import read_manifest

CLUB: dict[str, Any] = {
    "name": "club",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "tables": [
        {"name": "members", "rows": 300, "columns": {"sex": {"choices": {"f": 0.5, "m": 0.5}}}},
        {
            "name": "games",
            "parents": ["members"],
            "fanout": {"poisson": 4},
            "columns": {"score": {"normal": {"mean": 50, "std": 10}}},
        },
        {"name": "moves", "parents": ["games"], "fanout": 2, "columns": {"piece": {"choices": ["king", "pawn"]}}},
    ],
}
BROKEN = {**CLUB, "constraints": {"ranges": [{"attr": "games.score", "min": 45, "max": 55}]}}
MISSED = {**CLUB, "metrics": {"mean_score": {"sql": "select avg(score) from games", "min": 70, "max": 80}}}


def generate(document: dict[str, Any], target: Path, **more: Any) -> api.Generated:
    options = Options(**{"format": "csv", "gate": "all", **more})
    return api.generate(api.prepare(document), target, options)


def refusal(document: dict[str, Any], target: Path, **more: Any) -> tuple[list[str], str]:
    """The codes with which a run is refused over an older data set, which stays, and what the last one says."""
    generate({**CLUB, "seed": 7}, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    with pytest.raises(SchemaError) as refused:
        generate(document, target, **more)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    return [finding.code for finding in refused.value.findings], refused.value.findings[-1].found


def log(target: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (target / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("format", ["csv", "parquet", "ndjson"])
def test_sound_data_pass_stage_by_stage_and_the_log_says_so(format: str, tmp_path: Path) -> None:
    made = generate(CLUB, tmp_path / "club", format=format)
    assert made.gate == read_manifest(tmp_path / "club").gate == "all"
    assert made.findings == ()
    lines = log(tmp_path / "club")
    assert all({"stage", "rows", "seconds", "peak_memory_kib"} <= line.keys() for line in lines)
    assert all(line["peak_memory_kib"] > 10_000 and line["seconds"] >= 0 for line in lines)
    stages = [line for line in lines if line["stage"] == "check"]
    assert [line["tables"] for line in stages] == [["members"], ["games"], ["moves"]]
    assert [line["rows"] for line in stages] == list(made.rows.values())
    assert all(line["failed"] == 0 and line["checks"] > 5 for line in stages)
    [score] = [line["score"] for line in lines if line["stage"] == "score"]
    assert score == 100.0
    assert {line["table"] for line in lines if line["stage"] == "table"} == set(made.rows)


def test_rows_that_break_a_rule_end_the_run_at_their_stage(tmp_path: Path) -> None:
    codes, said = refusal(BROKEN, tmp_path / "club")
    assert codes == ["value.range", "gate.stage"]
    assert said.startswith("stage 2 of 3 (games): 1 of ")
    assert said.endswith("nothing was published")
    # the gate that is not asked for everything publishes them, and says what they break
    made = generate(BROKEN, tmp_path / "club", gate="structural")
    assert [finding.code for finding in made.findings if finding.severity == "error"] == ["value.range"]


def test_a_structure_that_came_out_broken_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate({**CLUB, "seed": 7}, tmp_path / "club")
    before = (tmp_path / "club" / "manifest.json").read_bytes()
    make = executor.execute

    def lose_a_member(plan: Any, job: Any, *more: Any) -> Any:
        made = make(plan, job, *more)
        path = job.directory / "members.csv"
        pl.read_csv(path, infer_schema=False)[1:].write_csv(path)
        return made

    monkeypatch.setattr(executor, "execute", lose_a_member)
    with pytest.raises(SchemaError) as refused:
        generate(CLUB, tmp_path / "club")
    codes = [finding.code for finding in refused.value.findings]
    assert codes == ["structure.row_count", "gate.stage"]
    assert refused.value.findings[-1].found.startswith("stage 1 of 3 (members)")
    assert (tmp_path / "club" / "manifest.json").read_bytes() == before


def test_a_score_below_the_least_ends_the_run(tmp_path: Path) -> None:
    codes, said = refusal(MISSED, tmp_path / "club", min_score=90.0)
    assert codes == ["metric.missed", "gate.score"]
    assert "quality score of all tables is " in said
    made = generate(MISSED, tmp_path / "club", min_score=50.0)  # the metric is told, and costs no more than its share
    assert [finding.code for finding in made.findings] == ["metric.missed"]


def test_the_document_may_ask_for_the_gate(tmp_path: Path) -> None:
    asking = {**BROKEN, "metadata": {"gate": "all"}}
    with pytest.raises(SchemaError) as refused:
        api.generate(api.prepare(asking), tmp_path / "club", Options(format="csv"))
    assert refused.value.findings[-1].code == "gate.stage"
    assert list(tmp_path.iterdir()) == []


def test_some_tables_alone_pass_the_gate(tmp_path: Path) -> None:
    assert generate(CLUB, tmp_path / "club", select=("games",)).rows.keys() == {"games"}


def test_the_command_takes_the_gate_and_its_least_score(tmp_path: Path) -> None:
    done = call("generate", shop(tmp_path), "-o", tmp_path / "out", "--gate", "all", "--min-score", "99")
    assert done.code == 0
    assert call("generate", shop(tmp_path), "-o", tmp_path / "out", "--min-score", "99").codes == ["gate.min_score"]
