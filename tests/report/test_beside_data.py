"""The page beside the data, what stands in the way of using data, and the same pictures in notebooks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import datagen
from datagen import api
from datagen.checks.verify import verify
from datagen.datasets import shipped
from datagen.engine.options import Options
from datagen.errors import Finding, MachineError, UsageError
from datagen.report import beside
from datagen.report.charts import Chart
from datagen.schema.load import load_text
from datagen.sinks.manifest import PROFILE, read_manifest

WITH_METRIC = """
name: counted
params: {chance: 0.2, hide: false, n: 300}
timeframe: {start: 2024-01-01, days: 30}
tables:
  - name: people
    rows: $n
    columns:
      zeal: {type: float, hidden: $hide, distribution: {type: beta, params: {a: 2, b: 2}}}
      leaves: {hidden: true, bernoulli: {p: "$chance * zeal"}}
      score: {expression: "if(leaves, 0.0, zeal)"}
  - name: visits
    parents: [people]
    fanout: {poisson: 5}
    columns: {seen_at: {datetime_series: {}}, amount: {uniform: {low: 1, high: 2}}}
metrics:
  mean_score: {sql: select avg(score) from people, description: how well they do, min: 0}
"""


def publish(directory: Path, *, profile: bool | None = None, **sets: Any) -> Path:
    prepared = api.prepare(load_text(WITH_METRIC), sets=list(sets.items()))
    api.generate(prepared, directory, Options(profile=profile, format="csv"))
    return directory


def facts_in(directory: Path) -> dict[str, Any]:
    found = re.search(r'id="facts">(.*?)</script>', (directory / PROFILE).read_text())
    assert found is not None
    facts: dict[str, Any] = json.loads(found[1])
    return facts


def test_data_whose_schema_names_metrics_have_their_page_beside_them(tmp_path: Path) -> None:
    directory = publish(tmp_path / "data")
    assert PROFILE in [file.name for file in read_manifest(directory).side_files]
    assert verify(directory) == []
    facts = facts_in(directory)
    assert facts["header"]["rows"] == sum(table.rows for table in read_manifest(directory).tables)
    [metric] = facts["metrics"]
    assert (metric["name"], metric["kept"], metric["description"]) == ("mean_score", True, "how well they do")


def test_the_page_beside_the_data_holds_no_answers(tmp_path: Path) -> None:
    """Who gets the data gets no answers: those are in the truth set, and on the page that somebody asks for."""
    facts = facts_in(publish(tmp_path / "data"))
    assert not {"effects", "document"} & set(facts)
    assert not [one for one in facts["distributions"] if "declared" in one]


def test_the_page_is_the_same_in_every_run_and_can_be_left_out(tmp_path: Path) -> None:
    one, other = publish(tmp_path / "one"), publish(tmp_path / "other")
    assert (one / PROFILE).read_bytes() == (other / PROFILE).read_bytes()
    without = publish(tmp_path / "one", profile=False)  # in its place: the old page goes
    assert not (without / PROFILE).exists()
    assert verify(without) == []


def test_data_without_metrics_have_no_page_unless_it_is_asked_for(tmp_path: Path) -> None:
    text = WITH_METRIC.partition("metrics:")[0]
    api.generate(api.prepare(load_text(text)), tmp_path / "data", Options())
    assert not (tmp_path / "data" / PROFILE).exists()
    api.generate(api.prepare(load_text(text)), tmp_path / "data", Options(profile=True))
    assert (tmp_path / "data" / PROFILE).exists()


def test_data_too_large_for_a_page_are_published_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "MOST_PROFILED", 1_000)
    made = api.generate(api.prepare(load_text(WITH_METRIC)), tmp_path / "data")
    [finding] = made.findings
    assert (finding.code, finding.severity) == ("report.left_out", "warning")
    assert "rows, more than 1,000" in finding.found
    assert not (tmp_path / "data" / PROFILE).exists()
    asked = api.generate(api.prepare(load_text(WITH_METRIC)), tmp_path / "data", Options(profile=True))
    assert asked.findings == ()


def test_data_are_published_where_memory_is_too_small_for_their_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*args: object, **more: object) -> None:
        raise MachineError(Finding("check.memory", found="the checks of the files do not fit into 64 MB"))

    monkeypatch.setattr("datagen.report.report.report", short)
    made = api.generate(api.prepare(load_text(WITH_METRIC)), tmp_path / "data")
    assert [one.code for one in made.findings] == ["report.left_out"]
    assert verify(tmp_path / "data") == []


@pytest.mark.parametrize(
    ("sets", "code", "words"),
    [
        ({"chance": 0}, "report.one_sided", ("people.leaves is true for none of 300 rows", "--set chance=… (now 0)")),
        ({"n": 40}, "report.too_few_events", ("rows of what happens (visits)", "--set n=… (now 40)")),
        ({"hide": True}, "report.latent_left_out", ("people.zeal is not in the files", "--set hide=… (now True)")),
    ],
)
def test_what_makes_data_useless_is_said_with_its_knob(
    sets: dict[str, Any], code: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    directory = publish(tmp_path / "data", **sets)
    [one] = [one for one in facts_in(directory)["diagnostics"] if one["code"] == code]
    assert all(word in f"{one['found']} {one['hint']}" for word in words)
    assert one["found"].split()[0] in (directory / PROFILE).read_text().partition('id="facts"')[0]


def test_useful_data_are_not_complained_about(tmp_path: Path) -> None:
    assert facts_in(publish(tmp_path / "data"))["diagnostics"] == []


def test_churn_of_everybody_or_nobody_is_told_of_course_churn(tmp_path: Path) -> None:
    prepared = api.prepare("course_churn", sets=[("churn_base_rate", 0), ("n_users", 60), ("days", 20)])
    api.generate(prepared, tmp_path / "data", Options(gate="none"))
    [one] = facts_in(tmp_path / "data")["diagnostics"]
    assert (one["code"], one["hint"]) == ("report.one_sided", "--set churn_base_rate=… (now 0)")


def test_a_dataset_reports_on_itself(tmp_path: Path) -> None:
    data = datagen.load_text(WITH_METRIC).generate()
    made = data.report()
    assert made.save(tmp_path / "page.html").read_text() == made.html
    assert made.facts["score"]["total"] >= 95
    assert "<iframe srcdoc=" in made._repr_html_()
    data.write(tmp_path / "data")
    again = datagen.report_on(tmp_path / "data", blind=True)
    assert again.facts["comparisons"] == made.facts["comparisons"]


def test_pictures_show_themselves_in_notebooks() -> None:
    made = datagen.load_text(WITH_METRIC).generate().report()
    chart = made.chart("visits.amount")
    assert isinstance(chart, Chart)
    shown = chart._repr_mimebundle_()
    spec = shown["application/vnd.vegalite.v6+json"]
    assert spec["$schema"].endswith("vega-lite/v6.json")
    assert "var(--" not in json.dumps(spec)  # no colours of a page that is not there
    assert "visits.amount" in shown["text/plain"]
    assert made.chart("visits").title == "visits per day"
    with pytest.raises(UsageError) as refused:
        made.chart("visits.amont")
    assert "visits.amount" in refused.value.findings[0].hint


def test_schemas_plans_and_data_sets_draw_their_tables() -> None:
    schema = datagen.load_text(WITH_METRIC)
    for shown in (schema, schema.plan(), schema.generate()):
        drawn = shown._repr_html_()
        assert drawn.count('class="box"') == 2
        assert "visits.people_id → people.people_id" in drawn
        assert "300 rows" in drawn


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_data_set_can_be_shown(name: str, tmp_path: Path) -> None:
    """Few rows of each: tables without times, without keys, without rows, with structures, hours, days and levels."""
    prepared = api.prepare(name, scale=1.0 if name == "tapflow" else 0.02)
    plan = prepared.bind()
    small = tuple(table.id for table in plan.tables.values() if not table.hidden and table.expected_rows < 50_000)
    select = small if name == "tapflow" else ()
    api.generate(prepared, tmp_path / "data", Options(select=select, profile=True))
    facts = facts_in(tmp_path / "data")
    assert len(facts["tables"]) >= 1
    made = api.report(tmp_path / "data", blind=True)
    assert "NaN" not in made.html.partition('id="facts"')[2].partition("</script>")[0]
