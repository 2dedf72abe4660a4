"""Guide tables give every possibility its share, exactly, and never step back."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from datagen.kernel.address import root_addresses
from datagen.kernel.draws import uniform
from datagen.kernel.guides import GuideTable

U = uniform(root_addresses(1, np.arange(100_000)), 98)

WEIGHTS = {
    "one": [3.0],
    "two": [0.3, 0.7],
    "with nothing": [0.0, 1.0, 0.0, 0.0, 2.0, 0.0],
    "poisson": stats.poisson.pmf(np.arange(60), 10).tolist(),
    "zipf": (1 / np.arange(1, 5_001) ** 1.1).tolist(),
    "one large, many tiny": [1.0] + [1e-12] * 50_000,
    "many equal": [1.0] * 100_000,
}
each = pytest.mark.parametrize("name", WEIGHTS)


@each
def test_the_share_of_each_is_its_weight(name: str) -> None:
    weights = np.array(WEIGHTS[name])
    table = GuideTable(weights)
    exact = weights / math.fsum(weights)
    assert np.allclose(table.probabilities, exact, rtol=2e-12, atol=3e-16)  # 40 bits of weight, borders are floats
    assert table.borders[-1] == 1.0


@each
def test_draws_are_the_inverse_of_the_running_shares(name: str) -> None:
    table = GuideTable(WEIGHTS[name])
    edges = np.concatenate([table.borders, np.nextafter(table.borders, 0), np.nextafter(table.borders, 2)])
    u = np.concatenate([U, [0.0, 1 - 2.0**-52], edges[edges < 1][:20_000]])
    assert np.array_equal(table.draw(u), np.searchsorted(table.borders, u, side="right"))
    assert np.array_equal(table.codes(u), table.draw(u))


@each
def test_what_has_no_weight_never_comes(name: str) -> None:
    table = GuideTable(WEIGHTS[name])
    drawn = np.unique(table.draw(np.concatenate([U, [0.0, 1 - 2.0**-52]])))
    assert (np.array(WEIGHTS[name])[drawn] > 0).all()


def test_a_larger_uniform_never_gives_an_earlier_possibility() -> None:
    assert (np.diff(GuideTable(WEIGHTS["zipf"]).draw(np.sort(U))) >= 0).all()


def test_draws_follow_the_weights() -> None:
    table = GuideTable(WEIGHTS["poisson"])
    counts = np.bincount(table.draw(U), minlength=60)[:25]
    expected = table.probabilities[:25] * len(U)
    # normal bounds with the rest of the law in the last class
    counts, expected = np.append(counts, len(U) - counts.sum()), np.append(expected, len(U) - expected.sum())
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > 1e-3


def test_codes_are_as_narrow_as_the_possibilities_allow() -> None:
    sizes = {2: np.uint8, 256: np.uint8, 257: np.uint16, 65_536: np.uint16, 65_537: np.uint32}
    for size, kind in sizes.items():
        codes = GuideTable([1.0] * size).codes(U)
        assert codes.dtype == kind
        assert codes.max() == size - 1 or size > 50_000


def test_the_distribution_function_counts_up_to_an_index() -> None:
    table = GuideTable([1.0, 2.0, 1.0])
    assert table.cdf(np.array([-1, 0, 1, 2, 3])).tolist() == [0.0, 0.25, 0.75, 1.0, 1.0]


def test_the_borders_are_exact_sums_in_fixed_point() -> None:
    weights = (uniform(root_addresses(1, np.arange(1_000)), 5) ** 8).tolist()
    table = GuideTable(weights)
    whole = sum(Fraction(weight) for weight in weights)
    running = Fraction(0)
    for weight, border in zip(weights, table.borders.tolist(), strict=True):
        running += Fraction(weight)
        assert abs(float(running / whole) - border) < 1e-12


def test_scaling_the_weights_by_a_power_of_two_changes_nothing() -> None:
    weights = np.array(WEIGHTS["zipf"])
    for scale in (2.0**-900, 2.0**900):
        assert np.array_equal(GuideTable(weights * scale).borders, GuideTable(weights).borders)


def test_ten_million_possibilities_are_within_reach() -> None:
    weights = np.ones(2_000_000)  # the same code as for 10 M, at a fifth of the time
    table = GuideTable(weights)
    assert np.array_equal(table.draw(U), np.floor(U * 2_000_000).astype(np.int64))


@pytest.mark.parametrize("weights", [[], [0.0, 0.0], [1.0, -1.0], [1.0, math.inf], [1.0, math.nan]])
def test_weights_that_mean_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        GuideTable(weights)


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385])
def test_a_draw_does_not_depend_on_the_draws_beside_it(size: int) -> None:
    table = GuideTable(WEIGHTS["zipf"])
    assert np.array_equal(table.draw(U[:size]), table.draw(U)[:size])
