"""`solve_for`: a parameter is tuned until a metric lies between its bounds, and is the same for everybody."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import datagen.solving as solving
from datagen import api
from datagen.checks.regenerate import same_schema
from datagen.engine.options import Options
from datagen.errors import SchemaError
from datagen.sinks.describe import schema_hash
from datagen.sinks.manifest import read_manifest
from tests.cli.running import call
from tests.support import codes_of


def shop(solve_for: Any = "rate", params: dict[str, Any] | None = None, **metric: Any) -> dict[str, Any]:
    return {
        "name": "shop",
        "seed": 9,
        "params": {"rate": 0.2, "factor": 1, "word": "x", **(params or {})},
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {"name": "users", "rows": 2000, "columns": {"tier": {"choices": ["a", "b"]}}},
            {
                "name": "orders", "parents": ["users"], "fanout": {"poisson": "$rate", "per": "month"},
                "columns": {"at": {"role": "time"}, "amount": {"lognormal": {"median": 30, "sigma": 0.5}, "decimals": 2}},
            },
        ],
        "metrics": {
            "orders_per_user": {
                "sql": "select (select count(*) from orders) / (select count(*) from users)", "min": 5.9, "max": 6.1,
                "solve_for": solve_for, **metric,
            }
        },
    }  # fmt: skip


def generated(document: dict[str, Any], place: Path, **overrides: Any) -> Any:
    options = Options(workers=overrides.pop("workers", None))
    return api.generate(api.prepare(deepcopy(document), **overrides), place, options)


def test_the_figure_is_in_its_bounds_and_the_value_is_told(tmp_path: Path) -> None:
    made = generated(shop(), tmp_path / "out")
    assert 5.9 <= made.metrics["orders_per_user"] <= 6.1
    assert not [one for one in made.findings if one.severity == "error"]
    summary = json.loads((tmp_path / "out" / "run_summary.json").read_text())
    [told] = summary["solved"]
    assert told["param"] == "rate"
    assert abs(told["value"] - 0.5) < 0.02  # 12 months
    assert summary["params"]["rate"] == told["value"]
    assert told["measured"] == made.metrics["orders_per_user"]  # at full size: that is what comes out
    assert f"rate is {told['value']:g}" in (tmp_path / "out" / "assumptions.md").read_text()


def test_setting_the_solved_value_gives_the_same_content(tmp_path: Path) -> None:
    made = generated(shop(), tmp_path / "out", workers=1)
    value = api.prepare(shop()).document.root["params"]["rate"]
    again = generated(shop(), tmp_path / "again", sets=[("rate", str(value))], workers=2)
    assert again.content_hash == made.content_hash
    entry, other = read_manifest(tmp_path / "out"), read_manifest(tmp_path / "again")
    assert (entry.schema_hash, entry.fingerprint) == (other.schema_hash, other.fingerprint)
    prepared = api.prepare(shop())
    assert same_schema(prepared.bind(), schema_hash(prepared.document), entry, tmp_path / "out") == []


def test_a_value_that_fits_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = api.prepare(shop(params={"rate": 0.5}))
    assert prepared.document.root["params"]["rate"] == 0.5
    assert prepared.solved[0].tries == 1


def test_a_value_from_outside_is_kept_though_it_misses() -> None:
    prepared = api.prepare(shop(), sets=[("rate", "0.3")])
    assert prepared.document.root["params"]["rate"] == 0.3
    assert prepared.solved == ()


def test_what_the_ends_do_not_hold_is_refused_with_what_was_measured() -> None:
    with pytest.raises(SchemaError) as error:
        api.prepare(shop({"param": "rate", "low": 0.1, "high": 0.3}))
    [finding] = error.value.findings
    assert finding.code == "metric.not_solved"
    assert finding.json_path == "metrics.orders_per_user.solve_for"
    low, high = (float(part.split()[0]) for part in finding.found.split("from ")[1].split(" to ")[:2])
    assert abs(low - 1.2) < 0.1
    assert abs(high - 3.6) < 0.2


def test_a_large_document_is_tried_at_a_smaller_scale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(solving, "MOST_ROWS", 4000)
    prepared = api.prepare(shop(min=5.5, max=6.5))
    [told] = prepared.solved
    assert told.scale < 1
    assert 5.5 <= generated(shop(min=5.5, max=6.5), tmp_path / "out").metrics["orders_per_user"] <= 6.5
    count = shop(sql="select count(*) from orders", min=10_000, max=14_000)
    with pytest.raises(SchemaError) as error:
        api.prepare(count)
    assert "of the rows" in error.value.findings[0].found


def test_a_whole_number_stays_one(tmp_path: Path) -> None:
    document = shop("factor", min=11, max=13)
    document["tables"][1]["fanout"] = "$factor"
    document["params"]["factor"] = 4
    [told] = api.prepare(document).solved
    assert told.value == 12
    document["metrics"]["orders_per_user"] |= {"min": 11.2, "max": 11.8}
    with pytest.raises(SchemaError) as error:
        api.prepare(document)
    assert error.value.findings[0].code == "metric.not_solved"


def test_two_metrics_have_a_parameter_each() -> None:
    document = shop(params={"median": 10.0})
    document["tables"][1]["columns"]["amount"] = {"lognormal": {"median": "$median", "sigma": 0.5}, "decimals": 2}
    document["metrics"]["revenue_per_user"] = {
        "sql": "select (select sum(amount) from orders) / (select count(*) from users)", "min": 195, "max": 205,
        "solve_for": {"param": "median", "low": 5, "high": 80},
    }  # fmt: skip
    values = {one.metric: one for one in api.prepare(document).solved}
    assert 5.9 <= values["orders_per_user"].measured <= 6.1
    assert 195 <= values["revenue_per_user"].measured <= 205


def test_an_end_at_which_the_document_is_refused_is_told() -> None:
    document = shop({"param": "share", "low": 0.5, "high": 1.5}, {"share": 0.6}, sql="select avg(paid::int) from orders", min=0.8, max=0.9)  # fmt: skip
    document["tables"][1]["columns"]["paid"] = {"bernoulli": "$share"}
    with pytest.raises(SchemaError) as error:
        api.prepare(document)
    assert "share of 1.5, with which tables[1].columns.paid" in error.value.findings[0].found
    document["metrics"]["orders_per_user"]["solve_for"] = "share"
    [told] = api.prepare(document).solved
    assert abs(told.value - 0.85) < 0.05


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"solve_for": "rat"}, "metric.solve_param"),
        ({"solve_for": "word"}, "metric.solve_param"),
        ({"solve_for": {"param": "rate", "low": 2, "high": 1}}, "metric.solve_range"),
        ({"solve_for": {"param": "rate", "lower": 2}}, "language.unknown_key"),
        ({"solve_for": 3}, "language.wrong_type"),
    ],
)
def test_what_cannot_be_tuned_is_refused(changes: dict[str, Any], code: str) -> None:
    assert codes_of(shop(**changes)) == [code]


def test_bounds_are_needed() -> None:
    document = shop()
    del document["metrics"]["orders_per_user"]["min"], document["metrics"]["orders_per_user"]["max"]
    assert codes_of(document) == ["metric.solve_bounds"]


def test_plan_and_expand_show_the_value(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(shop()))
    value = api.prepare(shop()).solved[0].value
    assert json.loads(call("expand", path, "--json").out)["params"]["rate"] == value
    assert f"rate is {value:g}, with which orders_per_user was" in call("plan", path).out
    assert json.loads(call("plan", path, "--json").out)["solved"][0]["value"] == value


def test_a_data_set_is_judged_and_made_again_with_the_value_that_its_run_has_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`verify --regenerate`, `check` and `report` look for nothing: `run_summary.json`, or the answer key, says what was found."""
    schema, place = tmp_path / "shop.json", tmp_path / "out"
    schema.write_text(json.dumps(shop()))
    assert call("generate", str(schema), "-o", str(place), "--truth").code == 0

    def never(*_: Any) -> Any:
        raise AssertionError("solved again")

    monkeypatch.setattr(solving, "_search", never)
    assert call("verify", str(place), "--regenerate", str(schema)).code == 0
    assert call("verify", f"{place}.truth", "--regenerate", str(schema)).code == 0
    assert call("check", str(place)).code == 0
    assert call("check", str(place), "--schema", str(schema)).code == 0
    assert call("report", str(place), "-o", str(tmp_path / "page.html")).code == 0
    summary = json.loads((place / "run_summary.json").read_text())
    del summary["solved"]
    (place / "run_summary.json").write_text(json.dumps(summary))
    with pytest.raises(AssertionError, match="solved again"):
        api.prepare(shop(), data=place)
