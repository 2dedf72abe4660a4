"""Metrics: one number each over the written files, kept in the side files, and a check where it has bounds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen import api
from datagen.engine.options import Options
from datagen.errors import SchemaError
from datagen.schema.load import load_text
from tests.support import codes_of, findings_of

SHOP = """
seed: 4
params: {{reference_date: 2025-06-25, least: 3}}
tables:
  - {{name: users, rows: 50, columns: {{size: {{uniform: {{low: 0, high: 9}}, type: int}}, latent: {{uniform: {{low: 0, high: 1}}, hidden: true}}}}}}
  - {{name: secret, rows: 5, hidden: true}}
  - {{name: large, sql: "select users_id, size from users where size > $least order by 1"}}
metrics:
{metrics}
"""
PLAIN = {
    "mean_size": "select avg(size) from users",
    "large": "select count(*) from large",
    "share": "select (select count(*) from large) / (select count(*) from users)",
    "nothing": "select avg(size) from users where size > 100",
    "any_big": "select bool_or(size > 8) from users",
}


def shop(**metrics: str) -> str:
    return SHOP.format(metrics="\n".join(f"  {name}: {text}" for name, text in metrics.items()))


def made(text: str, place: Path, **options: object) -> api.Generated:
    return api.generate(api.prepare(load_text(text)), place, Options(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson"])
def test_figures_are_measured_and_kept(tmp_path: Path, format: str) -> None:
    text = shop(**{name: json.dumps({"sql": sql, "description": f"about {name}"}) for name, sql in PLAIN.items()})
    run = made(text, tmp_path / "out", format=format)
    sizes = api.preview(api.prepare(load_text(text)), 50)["users"]["size"]
    large = int((sizes > 3).sum())
    assert run.metrics == {
        "mean_size": pytest.approx(sizes.mean(), rel=1e-9), "large": large, "share": pytest.approx(large / 50),
        "nothing": None, "any_big": int((sizes > 8).any()),
    }  # fmt: skip
    assert run.findings == ()
    summary = json.loads((tmp_path / "out" / "run_summary.json").read_text())
    assert summary["metrics"] == run.metrics
    assert (summary["seed"], summary["content_hash"]) == (4, run.content_hash)
    assert summary["params"]["reference_date"] == "2025-06-25"
    assert "about mean_size" in (tmp_path / "out" / "generation_notes.md").read_text()
    assert not list((tmp_path / "out").glob(".*"))


def test_side_files_are_the_same_in_every_run(tmp_path: Path) -> None:
    text = shop(mean_size=json.dumps({"sql": PLAIN["mean_size"], "min": 0}))
    made(text, tmp_path / "a", workers=1)
    made(text, tmp_path / "b", block_rows=7)
    for name in ("run_summary.json", "generation_notes.md", "assumptions.md", "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("bounds", "missed"),
    [
        ({"min": 49, "max": 51}, False), ({"max": 50}, False), ({"min": 50}, False), ({"min": 51}, True),
        ({"max": 49}, True), ({"min": "10%"}, False),
    ],
)  # fmt: skip
def test_a_metric_with_bounds_is_a_check(tmp_path: Path, bounds: dict[str, object], missed: bool) -> None:
    text = shop(users=json.dumps({"sql": "select count(*) from users", **bounds}))
    run = made(text, tmp_path / "out")
    assert [(one.code, one.severity, one.json_path) for one in run.findings] == (
        [("metric.missed", "error", "metrics.users")] if missed else []
    )
    assert (tmp_path / "out" / "users.parquet").exists()


def test_no_number_misses_a_bound_and_no_gate_asks_for_none(tmp_path: Path) -> None:
    text = shop(nothing=json.dumps({"sql": PLAIN["nothing"], "min": 0}))
    assert [one.code for one in made(text, tmp_path / "out").findings] == ["metric.missed"]
    assert made(text, tmp_path / "free", gate="none").findings == ()


def test_a_metric_of_a_table_that_is_not_written_is_a_warning(tmp_path: Path) -> None:
    text = shop(large=json.dumps({"sql": PLAIN["large"], "min": 1}))
    run = made(text, tmp_path / "out", select=("users",))
    assert [(one.code, one.severity) for one in run.findings] == [("metric.not_measured", "warning")]
    assert run.metrics == {}


@pytest.mark.parametrize("sql", ["select size from users", "select size from users where size > 100"])
def test_a_metric_gives_one_row(tmp_path: Path, sql: str) -> None:
    with pytest.raises(SchemaError) as caught:
        made(shop(sizes=json.dumps({"sql": sql})), tmp_path / "out")
    assert [one.code for one in caught.value.findings] == ["metric.rows"]
    assert list(tmp_path.iterdir()) == []


REFUSED = {
    "select count(*), max(size) from users": "metric.not_a_number",
    "select 'a' from users": "metric.not_a_number",
    "select count(*) from secret": "sql.unknown_table",
    "select avg(latent) from users": "sql.unknown_column",
    "select avg(sise) from users": "sql.unknown_column",
    "select random()": "sql.function",
    "select count(*) from read_csv('/etc/passwd')": "sql.function",
    "select count(*) from '/etc/passwd'": "sql.unknown_table",
    "drop table users": "sql.not_select",
    "select 1; select 2": "sql.not_select",
    "select first(size) from users": "sql.no_order",
}


@pytest.mark.parametrize("sql", REFUSED)
def test_a_metric_that_cannot_be_is_refused(sql: str) -> None:
    assert REFUSED[sql] in codes_of(shop(wrong=json.dumps({"sql": sql})))


def test_a_hidden_table_is_told_as_that() -> None:
    (finding,) = findings_of(shop(wrong=json.dumps({"sql": "select count(*) from secret"})))
    assert finding.hint == "secret is hidden, and metrics are measured in the written files"
    assert codes_of(shop(wrong=json.dumps({"sql": "select count(*) from users", "min": 5, "max": 2}))) == [
        "metric.bounds"
    ]


def test_imperfections_are_told_as_asked_and_found(tmp_path: Path) -> None:
    text = "tables: [{name: users, rows: 200, columns: {email: {faker: email, imperfections: {missing: {rate: 5%}}}}}]"
    made(text, tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "run_summary.json").read_text())
    told = {"table": "users", "column": "email", "kind": "missing", "asked": 0.05, "found": 10}
    assert summary["imperfections"] == [told]
    assert "| users.email | missing | 0.05 | 10 |" in (tmp_path / "out" / "generation_notes.md").read_text()


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select avg(Size) from users", {"size"}),
        ("select count(*) from users", set()),
        ("select avg(n) from (select u.size as n from users u join large using (users_id))", {"u", "n", "size", "users_id"}),
        ("select count(*) from (select * from users)", None),
        ("select count(distinct u) from users u", None),
        ("select avg(size) from users natural join large", None),
    ],
)  # fmt: skip
def test_a_metric_reads_the_columns_that_it_names(tmp_path: Path, sql: str, names: set[str] | None) -> None:
    text = shop(one=json.dumps({"sql": sql}))
    [metric] = api.prepare(load_text(text)).bind().metrics
    assert metric.columns == names
    assert made(text, tmp_path / "out").metrics["one"] is not None
