"""What is written instead: slips of the keyboard, numbers far off, times that are late."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen.imperfections._keyboard import neighbours, slips
from datagen.plan.spoils import clean
from tests.imperfections.documents import table
from tests.support import plan_of, table_of

ODD = ["", "a", "aa", "aaaa", "ÅÄÖ", "日本", "😀", "😀😀", "12", " ", "  ", "O'Neil", "x" * 300, "-", "Ab Cd", "\u00df"]


def pairs(column: dict[str, Any], rows: int = 4000) -> tuple[pl.Series, pl.Series]:
    """The values of a column as they are and as they are written, where these differ."""
    plan = plan_of(table({"x": column}, rows=rows))
    dirty, pure = (table_of(one, "people").get_column("x") for one in (plan, clean(plan)))
    differ = dirty.ne_missing(pure)
    return pure.filter(differ), dirty.filter(differ)


@pytest.mark.parametrize("seed", range(20))
def test_a_slip_never_leaves_a_text_as_it_was(seed: int) -> None:
    draws = np.random.default_rng(seed)
    texts = pl.Series(ODD * 50)
    found = slips(texts, draws.random(len(texts)), draws.random(len(texts)), draws.random(len(texts)))
    assert (found != texts).all()
    assert found.str.len_chars().min() == 1
    assert ((found.str.len_chars().cast(int) - texts.str.len_chars().cast(int)).abs() <= 1).all()


def test_the_edges_of_the_draws_are_slips_as_well() -> None:
    for edge in (0.0, 1.0 - 2.0**-52):
        texts = pl.Series(ODD)
        draws = np.full(len(texts), edge)
        for kind in (0.0, 0.4, 0.65, 0.85, 1.0 - 2.0**-52):
            assert (slips(texts, np.full(len(texts), kind), draws, draws) != texts).all()


def kind_of(text: str, slip: str) -> str:
    """What happened to a text, told from the two alone."""
    if len(slip) > len(text):
        return "double"
    if len(slip) < len(text):
        return "drop"
    differ = [place for place, (one, other) in enumerate(zip(text, slip, strict=True)) if one != other]
    return "swap" if len(differ) == 2 else "neighbour"


def test_slips_come_in_their_shares_and_hit_the_next_key() -> None:
    pure, dirty = pairs({"faker": "name", "imperfections": {"typos": 1.0}})
    assert len(dirty) == 4000
    found = Counter(kind_of(one, other) for one, other in zip(pure, dirty, strict=True))
    shares = {"neighbour": 0.40, "drop": 0.25, "swap": 0.20, "double": 0.15}
    for kind, share in shares.items():
        # a swap of two equal signs or behind the last one doubles instead: some of the one are the other
        slack = 4 * np.sqrt(share * (1 - share) / 4000) + (0.03 if kind in ("swap", "double") else 0.0)
        assert abs(found[kind] / 4000 - share) < slack, f"{kind}: {found[kind] / 4000:.3f}, {share}"
    near, keys = neighbours()
    for one, other in zip(pure, dirty, strict=True):
        if kind_of(one, other) == "neighbour":
            [(was, now)] = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
            assert ord(now) in near[ord(was)][: keys[ord(was)]]
            assert was.isupper() == now.isupper()


def test_outliers_are_the_number_times_the_factor() -> None:
    column = {
        "lognormal": {"median": 30, "sigma": 0.5},
        "imperfections": {"outliers": {"rate": "10%", "magnitude": "3..9"}},
    }
    pure, dirty = pairs(column)
    factors = dirty / pure
    assert len(factors) == 400
    assert 3 - 1e-6 < factors.min() < 3.2
    assert 8.8 < factors.max() < 9 + 1e-6


def test_outliers_without_a_magnitude_are_three_times_off_at_least() -> None:
    pure, dirty = pairs({"uniform": {"low": 1, "high": 2}, "imperfections": {"outliers": "10%"}})
    assert (dirty / pure).min() > 3 - 1e-6
    assert abs(float((dirty / pure).median()) - 10.0) < 4 * 1.2533 * 5 / np.sqrt(
        400
    )  # 4 errors of a median, sd about 5


@pytest.mark.parametrize(
    "column",
    [
        {"type": "int", "constant": 0},
        {"constant": 0.0, "type": "float"},
        {"constant": 1, "type": "int"},
        {"constant": 1.0, "type": "float", "decimals": 0},
    ],
)
@pytest.mark.parametrize("magnitude", [1, 1.2, 0.9, 7])
def test_every_outlier_differs_however_it_is_rounded(column: dict[str, Any], magnitude: float) -> None:
    _, dirty = pairs({**column, "imperfections": {"outliers": {"rate": "25%", "magnitude": magnitude}}}, rows=100)
    assert len(dirty) == 25


def test_outliers_of_times_are_days_later() -> None:
    for column in ({"datetime_series": {}}, {"type": "date", "datetime_series": {}}):
        pure, dirty = pairs({**column, "imperfections": {"outliers": {"rate": "1%", "magnitude": "180..720"}}})
        days = (dirty - pure).dt.total_days()
        assert len(days) == 40
        assert days.min() >= 180
        assert days.max() <= 720
        assert days.n_unique() > 20


def test_late_times_are_late_by_the_law() -> None:
    column = {
        "datetime_series": {},
        "imperfections": {"late": {"rate": "25%", "delay": {"exponential": {"mean": "6h"}}}},
    }
    pure, dirty = pairs(column)
    hours = (dirty - pure).dt.total_seconds() / 3600
    assert len(hours) == 1000
    assert hours.min() > 0
    assert abs(float(hours.mean()) - 6) < 4 * 6 / np.sqrt(1000)  # 4 standard errors


def test_a_profile_is_exact_by_class() -> None:
    profile = {"same_day": "80%", "1-3d": "18%", "4-7d": "2%"}
    pure, dirty = pairs({"datetime_series": {}, "imperfections": {"late": {"profile": profile}}})
    days = Counter((dirty - pure).dt.total_days().to_list())
    assert sum(days[k] for k in (1, 2, 3)) == 720
    assert sum(days[k] for k in (4, 5, 6, 7)) == 80
    assert set(days) == {1, 2, 3, 4, 5, 6, 7}
    assert len(dirty) == 800


def test_delays_of_less_than_a_day_move_a_date_by_one() -> None:
    pure, dirty = pairs(
        {"type": "date", "datetime_series": {}, "imperfections": {"late": {"rate": "5%", "delay": "1h..2h"}}}
    )
    assert set((dirty - pure).dt.total_days().to_list()) == {1}
    assert len(dirty) == 200
