"""What the plan says of its planted effects is what an analyst finds in the files: value, error and all."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.plan.effects import PlantedEffect
from tests.recovery.planted import DOCUMENTS, SHOP, USERS
from tests.written import Tables, publish

ERRORS = 4.0  # one true statement in 16,000 is this far off by chance


@pytest.fixture(scope="module", params=DOCUMENTS.values(), ids=DOCUMENTS)
def planted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[PlantedEffect, ...], Tables]:
    directory = tmp_path_factory.mktemp("planted") / "data"
    publish(request.param, directory, "parquet")
    return api.prepare(request.param).bind().effects, Tables(directory, "parquet")


def off(effect: PlantedEffect, estimate: float) -> float:
    """How many standard errors an estimate is from what is expected."""
    assert effect.standard_error is not None
    return (estimate - effect.expected) / effect.standard_error


def test_an_analyst_finds_what_the_plan_says(planted: tuple[tuple[PlantedEffect, ...], Tables]) -> None:
    effects, tables = planted
    assert effects
    wrong = []
    for effect in effects:
        estimate = tables.value(effect.sql)
        if abs(off(effect, estimate)) > ERRORS:
            wrong.append(
                f"{effect.id}: estimate {estimate:.4g}, target {effect.expected:.4g} ± {effect.standard_error}"
            )
    assert not wrong, "; ".join(wrong)


# seeds -> between what the mean of so many squares of normal distances lies in 999 of 1,000 cases
CHANCE = {3: (0.005, 5.9), 8: (0.15, 3.5)}
SEEDS = [3, pytest.param(8, marks=pytest.mark.slow)]


@pytest.mark.parametrize("seeds", SEEDS)
def test_standard_errors_are_as_wide_as_chance(seeds: int, tmp_path: Path) -> None:
    """Over seeds the root mean square distance is 1; half of it or twice it would be a wrong error."""
    small = {**SHOP, "tables": [dict(SHOP["tables"][0], rows=1_500), SHOP["tables"][1]]}
    squares: dict[str, list[float]] = {}
    for seed in range(seeds):
        publish(small, tmp_path / str(seed), "parquet", seed=seed)
        tables = Tables(tmp_path / str(seed), "parquet")
        for effect in api.prepare(small, seed=seed).bind().effects:
            squares.setdefault(effect.id, []).append(off(effect, tables.value(effect.sql)) ** 2)
    means = {name: sum(own) / len(own) for name, own in squares.items()}
    low, high = CHANCE[seeds]
    wrong = {name: math.sqrt(mean) for name, mean in means.items() if not low < mean < high}
    assert not wrong, f"root mean square distances in standard errors: {wrong}"


def test_every_part_of_the_shop_is_told() -> None:
    kinds = {effect.kind for effect in api.prepare(SHOP).bind().effects}
    assert kinds == {"segment_rows", "segment_values", "ageing", "trend", "seasonality"}


def test_an_effect_too_small_to_see_is_said_to_be_invisible() -> None:
    document = {**SHOP, "tables": [dict(SHOP["tables"][0], rows=60), SHOP["tables"][1]]}
    document["tables"][0]["segment_behavior"] = {"vip": {"fanout_multiplier": 1.05}, "standard": {}, "budget": {}}
    [effect] = [one for one in api.prepare(document).bind().effects if one.kind == "segment_rows"]
    assert effect.visible is False


KINDS = {
    "funnel": {"step_conversion": 4},
    "contract": {"loss_per_period": 3},
    "tenure": {"survival": 1},
    "life": {"stage_share": 5, "stay_median": 3},
    "in_step": {"stage_share": 2},
    "bounded": {"segment_rows": 1, "ageing": 1, "seasonality": 1, "trend": 1},
    "lifted": {"segment_rows": 1, "ageing": 1, "seasonality": 1, "trend": 1},
    "stalls": {"segment_rows": 1},
    "emits": {
        "segment_rows": 2,
        "segment_values": 2,
        "ageing": 1,
        "seasonality": 1,
        "trend": 2,
        "experiment_rows": 2,
        "experiment_value": 1,
    },
}


@pytest.mark.parametrize("name", KINDS)
def test_every_part_of_a_process_is_told(name: str) -> None:
    kinds = [effect.kind for effect in api.prepare(DOCUMENTS[name]).bind().effects]
    assert {kind: kinds.count(kind) for kind in kinds} == KINDS[name]


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("name", KINDS)
def test_errors_of_processes_are_as_wide_as_chance(name: str, seeds: int, tmp_path: Path) -> None:
    squares: dict[str, list[float]] = {}
    for seed in range(seeds):
        publish(DOCUMENTS[name], tmp_path / str(seed), "parquet", seed=seed)
        tables = Tables(tmp_path / str(seed), "parquet")
        for effect in api.prepare(DOCUMENTS[name], seed=seed).bind().effects:
            squares.setdefault(effect.id, []).append(off(effect, tables.value(effect.sql)) ** 2)
    means = {name: sum(own) / len(own) for name, own in squares.items()}
    low, high = CHANCE[seeds]
    wrong = {name: math.sqrt(mean) for name, mean in means.items() if not low < mean < high}
    assert not wrong, f"root mean square distances in standard errors: {wrong}"


def without_behaviours(document: dict[str, Any]) -> dict[str, Any]:
    """The same tables: no segment, no ages, no trend, no season, and everybody stays as long."""
    twin: dict[str, Any] = json.loads(json.dumps(document).replace("if(plan = 'vip', 2 * stay, stay)", "stay"))
    users, rows = twin["tables"][-2:]
    del users["segment_behavior"], users["vintage_behavior"]
    if "moment" in rows["columns"]:
        rows["columns"]["moment"] = {"role": "time"}
    for key in ("multipliers", "from", "until"):
        rows["fanout"].pop(key, None)
    rows.pop("modifiers", None)
    return twin


@pytest.mark.parametrize("name", ["bounded", "lifted", "stalls"])
def test_rows_that_plain_parents_have_are_not_those_that_were_looked_at(name: str, tmp_path: Path) -> None:
    publish(without_behaviours(DOCUMENTS[name]), tmp_path / "data", "parquet")
    tables = Tables(tmp_path / "data", "parquet")
    for effect in api.prepare(DOCUMENTS[name]).bind().effects:
        estimate = tables.value(effect.sql)
        assert abs(off(effect, estimate)) > ERRORS, (
            f"{effect.id}: estimate {estimate:.3g}, target {effect.expected:.3g}"
        )


WITHOUT = {
    "step_conversion": ("stage_config", "stages", {"visit": 1, "sign_up": 1, "order": 1}),
    "loss_per_period": ("state_transition_model", "states", {"active": {"churned": "0%", "upgraded": "2%", "paused": "3%"}, "paused": {"active": "30%"}, "churned": {}}),
    "stage_share": ("lifecycle_model", "stages", {"new": {}}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"), [("funnel", "step_conversion"), ("contract", "loss_per_period"), ("life", "stage_share")]
)
def test_without_it_the_analyst_finds_something_else(name: str, kind: str, tmp_path: Path) -> None:
    word, key, value = WITHOUT[kind]
    document = {
        **DOCUMENTS[name],
        "tables": [USERS, {**DOCUMENTS[name]["tables"][1], word: {**DOCUMENTS[name]["tables"][1][word], key: value}}],
    }
    document["tables"][1][word].pop("segment_variation", None)
    publish(document, tmp_path / "data", "parquet")
    tables = Tables(tmp_path / "data", "parquet")
    for effect in (one for one in api.prepare(DOCUMENTS[name]).bind().effects if one.kind == kind):
        assert abs(off(effect, tables.value(effect.sql))) > ERRORS, f"{effect.id}: {effect.expected}"
