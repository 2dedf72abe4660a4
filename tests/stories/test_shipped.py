"""What holds for all shipped data sets alike: any scale, every scenario, what the document says about its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen import api
from datagen.datasets import shipped
from datagen.engine.options import Options, settle
from datagen.errors import UsageError
from tests.golden.content import planned
from tests.written import publish

SCENARIOS = [(name, scenario) for name in shipped() for scenario in api.load(name).root.get("scenarios") or ()]
# tapflow has totals that go with its number of accounts
ONE = {
    "accounts": 1, "devices_total": 10, "tap_share": 0.4, "gateway_share": 0.3, "admin_share": 0.5, "manager_share": 0.25, "staff_share": 0.25, "tap_days": 1,
    "usage_days": 1, "heartbeat_hours": 1, "operational_least": 0, "operational_most": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", shipped())
def test_a_data_set_can_be_made_with_hardly_a_row(name: str, tmp_path: Path) -> None:
    few = {"sets": list(ONE.items())} if name == "tapflow" else {"scale": 1e-6}
    made = publish(name, tmp_path / "data", "parquet", seed=1, **few)
    assert sum(made.rows.values()) < 5_000  # children of the one row that every root keeps
    faint = {"effect.invisible", "metric.missed"}  # hardly anything is visible then, and figures of one row are any
    assert [one for one in made.findings if one.code not in faint] == []


@pytest.mark.parametrize(("name", "scenario"), SCENARIOS)
def test_a_scenario_can_be_planned(name: str, scenario: str) -> None:
    assert api.prepare(name, scenario=scenario).bind().findings == ()


def test_a_scenario_changes_what_it_says(tmp_path: Path) -> None:
    made = publish("energy", tmp_path / "data", "parquet", scenario="village")
    assert made.rows["household"] == 60
    assert made.rows["reading"] == 60 * 200


def test_the_document_chooses_the_format_and_the_gate(tmp_path: Path) -> None:
    _, factory = planned("factory")
    _, airline = planned("airline")
    assert settle(factory, Options()).format == "ndjson"
    assert settle(factory, Options(format="csv")).format == "csv"
    assert settle(airline, Options()).gate == "structural"
    with pytest.raises(UsageError) as refused:
        settle(airline, Options(gate="none"))
    assert [finding.code for finding in refused.value.findings] == ["gate.lowered"]


def test_assumptions_and_notes_lie_beside_the_tables(tmp_path: Path) -> None:
    publish("clinic", tmp_path / "data", "csv", scale=0.01)
    assert "A visit has one doctor" in (tmp_path / "data" / "assumptions.md").read_text()
    assert "Money is in euros." in (tmp_path / "data" / "generation_notes.md").read_text()
