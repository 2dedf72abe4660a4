"""Constants, observed values and mixtures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.laws.law_scope import bound, law, uniforms, whole_block

N = 100_000
U = uniforms(N)


def test_a_constant_is_always_the_same() -> None:
    for spec in (7, law("constant", value=7), law("constant", value="7")):
        draw = bound(spec)
        assert (draw.quantile(U, None) == 7).all()
        assert (draw.mean(), draw.variance(), draw.support()) == (7.0, 0.0, (7.0, 7.0))
        assert draw.discrete
        assert draw.cdf(np.array([6.9, 7.0]), None).tolist() == [0.0, 1.0]
    assert not bound(2.5).discrete
    assert (bound(2.5).quantile(U, None) == 2.5).all()


def test_observed_values_come_by_their_weights() -> None:
    draw = bound(law("empirical", values=[5, 1, 2.5], weights=["10%", "70%", "20%"]))
    values, counts = np.unique(draw.quantile(U, None), return_counts=True)
    assert values.tolist() == [1.0, 2.5, 5.0]
    assert stats.chisquare(counts, np.array([0.7, 0.2, 0.1]) * N).pvalue > 1e-3
    assert draw.mean() == pytest.approx(0.7 + 0.5 + 0.5)
    assert draw.support() == (1.0, 5.0)
    assert not draw.discrete


def test_observed_values_without_weights_are_equally_likely() -> None:
    draw = bound(law("empirical", values=[3, 1, 1, 2]))
    assert draw.discrete
    assert draw.cdf(np.array([0.0, 1.0, 2.0, 3.0]), None).tolist() == pytest.approx([0.0, 0.5, 0.75, 1.0])
    assert draw.mean() == pytest.approx(1.75)


def test_observed_values_can_be_truncated_and_clamped() -> None:
    assert set(bound(law("empirical", values=[1, 2, 5, 9], truncate=[2, 5])).quantile(U, None)) == {2.0, 5.0}
    assert set(bound(law("empirical", values=[1, 2, 5, 9], clamp=[2, 5])).quantile(U, None)) == {2.0, 5.0}


def _mix(*parts: tuple[float, object]) -> dict:  # type: ignore[type-arg]
    return law("mixture", components=[{"weight": weight, "law": part} for weight, part in parts])


MIXTURES = {
    "two bells": (
        _mix((0.4, law("normal", mean=0, std=1)), (0.6, law("normal", mean=5, std=2))),
        lambda x: 0.4 * stats.norm.cdf(x) + 0.6 * stats.norm.cdf(x, 5, 2),
    ),
    "mostly nought": (
        _mix((0.7, 0), (0.3, law("lognormal", median=30, sigma=0.5))),
        lambda x: 0.7 * (x >= 0) + 0.3 * stats.lognorm.cdf(x, 0.5, scale=30),
    ),
    "with a gap": (
        _mix((1, law("uniform", low=0, high=1)), (3, law("uniform", low=10, high=11))),
        lambda x: 0.25 * stats.uniform.cdf(x) + 0.75 * stats.uniform.cdf(x, 10),
    ),
    "counts and sizes": (
        _mix((0.5, law("poisson", lambda_=2, clamp=[None, 4])), (0.5, law("exponential", mean=3))),
        lambda x: 0.5 * np.where(x >= 4, 1, stats.poisson.cdf(x, 2)) + 0.5 * stats.expon.cdf(x, scale=3),
    ),
    "clamped inside": (
        _mix((0.5, law("normal", mean=0, std=1, clamp=[-1, 1])), (0.5, law("normal", mean=3, std=1))),
        lambda x: 0.5 * np.where(x < -1, 0, np.where(x >= 1, 1, stats.norm.cdf(x))) + 0.5 * stats.norm.cdf(x, 3),
    ),
    "two counts": (
        _mix((0.5, law("poisson", lambda_=2)), (0.5, law("binomial", n=4, p=0.5))),
        lambda x: 0.5 * stats.poisson.cdf(x, 2) + 0.5 * stats.binom.cdf(x, 4, 0.5),
    ),
    "a mixture inside": (
        _mix((0.5, _mix((0.5, 1), (0.5, 2))), (0.5, law("uniform", low=0, high=4))),
        lambda x: 0.25 * (x >= 1) + 0.25 * (x >= 2) + 0.5 * stats.uniform.cdf(x, 0, 4),
    ),
}
each = pytest.mark.parametrize("name", MIXTURES)
DRAWS = {name: bound(spec) for name, (spec, _) in MIXTURES.items()}  # tables are made once


@each
def test_a_mixture_is_the_inverse_of_its_blended_distribution(name: str) -> None:
    cdf = MIXTURES[name][1]
    values = DRAWS[name].quantile(U, None)
    # tables are straight between their knots: 1e-4 of probability
    assert (cdf(values + 1e-9) > U - 1e-4).all()
    assert (cdf(values - 1e-9) < U + 1e-4).all()


@each
def test_a_mixtures_own_distribution_function_belongs_to_its_draws(name: str) -> None:
    draw = DRAWS[name]
    values = draw.quantile(U, None)
    assert (draw.cdf(values, None) >= U - 1e-10).all()
    assert (draw.cdf(np.nextafter(values, -np.inf), None) <= U + 1e-10).all()
    assert (np.diff(draw.quantile(np.sort(U), None)) >= 0).all()


@each
def test_a_mixtures_moments(name: str) -> None:
    draw = DRAWS[name]
    values = draw.quantile((np.arange(N) + 0.5) / N, None)
    assert draw.mean() == pytest.approx(values.mean(), rel=1e-3)
    assert draw.variance() == pytest.approx(values.var(), rel=5e-3)
    assert draw.support()[0] <= values.min()
    assert draw.support()[1] >= values.max()


def test_single_values_in_a_mixture_stay_exact() -> None:
    values = DRAWS["mostly nought"].quantile(U, None)
    # 4 standard errors, n = 100,000; nothing lies between nought and the smallest amounts
    assert abs((values == 0).mean() - 0.7) < 4 * (0.21 / N) ** 0.5
    assert values[values != 0].min() > 1
    gap = DRAWS["with a gap"].quantile(U, None)
    assert not ((gap > 1) & (gap < 10)).any()


def test_a_mixture_of_counts_is_whole_numbers() -> None:
    assert DRAWS["two counts"].discrete
    assert bound(_mix((0.5, law("uniform", low=1, high=10**9, integers=True)), (0.5, 0))).discrete
    assert not DRAWS["counts and sizes"].discrete


def test_many_single_values_beside_a_continuous_law_stay_exact_too() -> None:
    spec = _mix((0.5, law("uniform", low=1, high=10**6, integers=True)), (0.5, law("uniform", low=-2, high=-1)))
    values = bound(spec).quantile(U[:2_000], None)
    positive = values[values > 0]
    assert np.array_equal(positive, np.floor(positive))
    # 4 standard errors, n = 2,000
    assert abs(len(positive) / 2_000 - 0.5) < 4 * (0.25 / 2_000) ** 0.5


def test_a_mixture_inside_bounds() -> None:
    spec = {**MIXTURES["mostly nought"][0], "truncate": [10, 40]}
    values = bound(spec).quantile(U, None)
    assert values.min() >= 10
    assert values.max() <= 40
    part = stats.lognorm(0.5, scale=30)
    inside = lambda x: (part.cdf(x) - part.cdf(10)) / (part.cdf(40) - part.cdf(10))  # noqa: E731
    assert stats.kstest(values, inside).pvalue > 1e-3
    clamped = bound({**MIXTURES["two bells"][0], "clamp": [0, None]})
    assert clamped.quantile(U, None).min() == 0
    assert clamped.mean() == pytest.approx(clamped.quantile(U, None).mean(), rel=0.01)


def test_a_mixture_with_parameters_of_the_row() -> None:
    n = 10_000
    means = 10 + 5 * uniforms(n, 3)
    spec = _mix((0.5, law("normal", mean="mean", std=1)), (0.5, law("normal", mean=0, std=1)))
    values = bound(spec, mean=means).quantile(U[:n], whole_block(n))
    made = 0.5 * stats.norm.cdf(values, means, 1) + 0.5 * stats.norm.cdf(values)
    assert np.allclose(made, U[:n], rtol=0, atol=1e-4)


def test_lengths_of_time_come_in_microseconds() -> None:
    hour, day = 3_600_000_000, 86_400_000_000
    assert (bound(law("constant", value="36h"), durations=True).quantile(U[:3], None) == 36 * hour).all()
    assert bound(law("exponential", mean={"days": 3}), durations=True).mean() == 3 * day
    uniform = bound(law("uniform", low="1d", high="36h", clamp=["25h", None]), durations=True)
    assert uniform.quantile(U, None).min() == 25 * hour
    assert bound(law("lognormal", median="1d", sigma=0.8), durations=True).quantile(
        np.array([0.5]), None
    ) == pytest.approx(day)
    values = bound(law("empirical", values=["1d", "2d"], weights=[3, 1]), durations=True)
    assert values.mean() == pytest.approx(1.25 * day)
    mixed = bound(_mix((0.5, law("constant", value="1h")), (0.5, law("normal", mean="5d", std="1d"))), durations=True)
    assert mixed.mean() == pytest.approx(0.5 * hour + 2.5 * day)
    assert bound(law("constant", value=0), durations=True).mean() == 0
