"""The answer key is right: its SQL, on the written files, finds every effect and finds nothing at every placebo."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from datagen import api, truth
from datagen.engine.options import Options
from tests.truth.documents import FACTORY, SHOP
from tests.written import Tables

ERRORS = 4.0  # one true statement in 16,000 is this far off by chance


def distances(document: dict[str, Any], target: Path, seed: int | None = None) -> dict[str, float]:
    """Of every effect and placebo, how many standard errors the measured statistic is from what the key says."""
    made = api.generate(api.prepare(document, seed=seed), target, Options(format="parquet", truth=True))
    assert made.truth is not None
    answers, tables = truth.read(made.truth), Tables(target, "parquet")
    return {
        one["effect_id"]: (tables.value(one["how_to_measure"]) - one["expected"]) / one["standard_error"]
        for one in (*answers.effects, *answers.placebos)
    }


@pytest.mark.parametrize("document", [SHOP, FACTORY], ids=["shop", "factory"])
def test_every_effect_and_every_placebo_is_found_as_told(document: dict[str, Any], tmp_path: Path) -> None:
    found = distances(document, tmp_path / "data")
    assert sum(name.startswith("placebo.") for name in found) >= 6
    assert not {name: off for name, off in found.items() if abs(off) > ERRORS}


# seeds -> between what the mean of so many squares of normal distances lies in 999 of 1,000 cases
CHANCE = {4: (0.016, 5.0), 12: (0.2, 3.0)}


@pytest.mark.parametrize(
    ("document", "seeds"),
    [
        pytest.param(FACTORY, 4, id="factory, few seeds"),
        pytest.param(FACTORY, 12, id="factory", marks=pytest.mark.slow),
        pytest.param(SHOP, 12, id="shop", marks=pytest.mark.slow),
    ],
)
def test_standard_errors_of_placebos_are_as_wide_as_chance(
    document: dict[str, Any], seeds: int, tmp_path: Path
) -> None:
    squares: dict[str, list[float]] = {}
    for seed in range(seeds):
        for name, off in distances(document, tmp_path / str(seed), seed).items():
            if name.startswith("placebo."):
                squares.setdefault(name.replace(".Adler.", ".*.").replace(".dry.", ".*."), []).append(off * off)
    means = {name: sum(own) / len(own) for name, own in squares.items() if len(own) >= seeds * 5 / 6}
    assert len(means) >= 6
    low, high = CHANCE[seeds]
    assert not {name: math.sqrt(mean) for name, mean in means.items() if not low < mean < high}


def test_an_effect_that_is_switched_off_is_missed(tmp_path: Path) -> None:
    """The twin: measured where the effect was left out, its statistic is far from what the key says."""
    plain = {**SHOP, "tables": [dict(SHOP["tables"][0]), SHOP["tables"][1]]}
    del plain["tables"][0]["segment_behavior"]
    api.generate(api.prepare(SHOP), tmp_path / "with", Options(format="parquet", truth=True))
    api.generate(api.prepare(plain), tmp_path / "without", Options(format="parquet"))
    tables = Tables(tmp_path / "without", "parquet")
    for effect in truth.read(tmp_path / "with.truth").effects:
        if effect["kind"].startswith("segment"):
            off = (tables.value(effect["how_to_measure"]) - effect["expected"]) / effect["standard_error"]
            assert abs(off) > ERRORS, effect["effect_id"]
