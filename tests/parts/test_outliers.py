"""The modifier `outliers`: an exact number of real extremes, alone or in bursts."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import (
    child,
    column,
    modified,
    near_mean,
    numbers,
    one_column,
    refused,
    schema,
    table,
    values,
)
from tests.parts.proofs import proof
from tests.support import made

ROWS = 10_000
FLAT = {"distribution": 100.0}
DOUBLE = {"type": "constant", "params": {"value": 1}}  # 1 + m = 2


def far(mode: str, rate: Any = 0.04, rows: int = ROWS, **args: Any) -> np.ndarray:
    return numbers(FLAT, rows=rows, modifiers=[modified("outliers", rate=rate, mode=mode, **args)])


@proof("modifier", "outliers")
def test_the_number_of_extremes_is_the_exact_quota_in_every_mode() -> None:
    for mode in ("spike", "drop", "burst"):
        for rate, rows, quota in (
            (0.04, ROWS, 400),
            ("3%", 999, 30),
            (0.5, 999, 500),
            (0.0004, 999, 0),
            (0.0006, 999, 1),
            (1, 50, 50),
        ):
            assert (far(mode, rate, rows) != 100).sum() == quota, (mode, rate, rows)


@proof("modifier", "outliers")
def test_a_spike_multiplies_and_a_drop_divides_by_one_plus_m() -> None:
    assert set(far("spike", magnitude_dist=DOUBLE)) == {100.0, 200.0}
    assert set(far("drop", magnitude_dist=DOUBLE)) == {100.0, 50.0}
    assert set(far("burst", magnitude_dist=DOUBLE)) == {100.0, 200.0}


@pytest.mark.parametrize(
    "spelt",
    [
        {"magnitude_dist": {"kind": "uniform", "params": {"low": 1, "high": 3}}},
        {"magnitude_dist": {"type": "uniform", "low": 1, "high": 3}},
        {"magnitude_dist": {"uniform": {"low": 1, "high": 3}}},
        {"magnitude": {"type": "uniform", "params": {"low": 1, "high": 3}}},
    ],
)
def test_every_spelling_of_the_magnitude_is_the_same(spelt: dict[str, Any]) -> None:
    plain = far("spike", magnitude_dist={"type": "uniform", "params": {"low": 1, "high": 3}})
    assert np.array_equal(far("spike", **spelt), plain)
    extremes = plain[plain != 100] / 100 - 1
    assert near_mean(extremes, 2, 2 / np.sqrt(12))


def test_the_magnitude_is_lognormal_unless_told_and_bounded() -> None:
    m = far("spike", rate=0.5) / 100 - 1
    m = m[m != 0]
    assert m.min() >= 0.1
    assert m.max() <= 10
    assert near_mean(np.log(m), 0, 0.5)


def test_single_extremes_stand_anywhere() -> None:
    hit = far("spike", rate=0.1) != 100
    together = (hit[1:] & hit[:-1]).sum()
    assert abs(together - 100) < 4 * 10  # 10,000 × 0.1², 4 standard errors of a count


def runs(hit: np.ndarray) -> np.ndarray:
    """Lengths of runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], hit.astype(np.int8), [0]))))
    return edges[1::2] - edges[::2]


@proof("modifier", "outliers")
def test_a_burst_is_a_run_of_about_five_rows_in_time_order() -> None:
    at = column("at", {"datetime_series": {}}, role="time")
    x = column("x", FLAT, modifiers=[modified("outliers", rate=0.05, mode="burst")])
    frame = made(schema(table("t", ROWS, at, x)), "t")
    lengths = runs((frame.sort("at", maintain_order=True)["x"] != 100).to_numpy())
    assert lengths.sum() == 500
    assert 4.9 <= lengths.mean() <= 6  # two runs may touch
    by_row = runs((frame["x"] != 100).to_numpy())
    assert by_row.mean() < 1.5  # rows of one burst lie anywhere in the table


def test_without_times_bursts_go_by_the_rows() -> None:
    document = {
        "nodes": [table("t", ROWS, column("x", FLAT, modifiers=[modified("outliers", rate=0.05, mode="burst")]))]
    }
    lengths = runs((made(document, "t")["x"] != 100).to_numpy())
    assert lengths.sum() == 500
    assert 4.9 <= lengths.mean() <= 6


@pytest.mark.parametrize("rate", [0.6, 0.9])
def test_many_bursts_leave_runs_of_ordinary_rows(rate: float) -> None:
    assert (far("burst", rate=rate) != 100).sum() == round(rate * ROWS)


def test_the_quota_is_that_of_the_whole_child_table() -> None:
    x = column("x", FLAT, modifiers=[modified("outliers", rate=0.04)])
    frame = made(schema(table("a", 700), child("b", "a", x, fanout={"poisson": 5.0})), "b")
    assert (frame["x"] != 100).sum() == int(np.floor(0.04 * frame.height + 0.5))


@pytest.mark.parametrize(("mode", "sign"), [("spike", 1), ("drop", -1)])
def test_on_a_datetime_the_magnitude_is_days(mode: str, sign: int) -> None:
    three = {"type": "constant", "params": {"value": 3}}
    plain = values({"datetime_series": {}}, rows=1_000)
    found = values(
        {"datetime_series": {}}, rows=1_000, modifiers=[modified("outliers", rate=0.1, mode=mode, magnitude_dist=three)]
    )
    days = (found - plain).dt.total_days()
    assert days.value_counts().sort("x").rows() == sorted([(0, 900), (3 * sign, 100)])


def test_the_magnitude_may_read_the_row() -> None:
    k = column("k", {"choice": {"choices": [1, 3]}})
    x = column(
        "x",
        FLAT,
        modifiers=[modified("outliers", rate=0.5, magnitude_dist={"type": "constant", "params": {"value": "k"}})],
    )
    frame = made(schema(table("t", 1_000, k, x)), "t").filter(pl.col("x") != 100)
    assert (frame["x"] == (frame["k"] + 1) * 100).all()


def test_what_makes_no_sense_is_refused() -> None:
    for rate, found in ((-0.1, "-0.1"), (1.5, "1.5"), ("lots", "'lots'"), ("", "''")):
        told = refused(one_column(FLAT, modifiers=[modified("outliers", rate=rate)]), "share.out_of_range")
        assert (told.json_path.endswith("rate"), told.found) == (True, found)
    assert refused(one_column({"uuid": {}}, modifiers=[modified("outliers", rate=0.1)]), "modifier.needs_number")
    below = {"type": "uniform", "params": {"low": -2, "high": 1}}
    assert refused(
        one_column(FLAT, modifiers=[modified("outliers", rate=0.1, magnitude_dist=below)]), "outliers.magnitude"
    )
    times = schema(
        table(
            "t",
            9,
            column(
                "at", {"datetime_series": {}}, role="time", modifiers=[modified("outliers", rate=0.1, mode="burst")]
            ),
        )
    )
    assert refused(times, "outliers.burst_of_times")


def test_another_column_or_seed_hits_other_rows() -> None:
    spoil = [modified("outliers", rate=0.1)]
    frame = made(schema(table("t", ROWS, column("x", FLAT, modifiers=spoil), column("y", FLAT, modifiers=spoil))), "t")
    both = ((frame["x"] != 100) & (frame["y"] != 100)).sum()
    assert abs(both - 100) < 40
