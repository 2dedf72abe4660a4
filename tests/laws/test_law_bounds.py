"""Clamped laws pile up at their bounds, truncated laws stay inside, and keep_mean keeps the mean."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.laws.law_scope import bound, law, refused, uniforms

N = 50_000
U = uniforms(N)


def test_clamped_values_pile_up_at_the_bounds() -> None:
    draw = bound(law("normal", mean=5, std=2, clamp=[4, 9]))
    values = draw.quantile(U, None)
    assert values.min() == 4
    assert values.max() == 9
    for edge, share in ((4, stats.norm.cdf(-0.5)), (9, stats.norm.sf(2))):
        # 4 standard errors, n = 50,000
        assert abs((values == edge).mean() - share) < 4 * (share / N) ** 0.5
    free = bound(law("normal", mean=5, std=2)).quantile(U, None)
    inside = (free > 4) & (free < 9)
    assert np.array_equal(values[inside], free[inside])
    assert draw.cdf(np.array([3.9, 4.0, 9.0]), None) == pytest.approx([0.0, stats.norm.cdf(-0.5), 1.0], abs=1e-6)
    assert draw.support() == (4.0, 9.0)
    assert draw.mean() == pytest.approx(values.mean(), abs=4 * values.std() / N**0.5)


def test_one_open_bound() -> None:
    values = bound(law("normal", mean=0, std=1, clamp=[0, None])).quantile(U, None)
    assert values.min() == 0
    assert values.max() > 3.5


@pytest.mark.parametrize(
    ("spec", "truth"),
    [
        (law("normal", mean=5, std=2, truncate=[4, 9]), stats.truncnorm(-0.5, 2, 5, 2)),
        (law("normal", mean=0, std=1, truncate=[6, None]), stats.truncnorm(6, np.inf)),
        (law("normal", mean=0, std=1, truncate=[None, -9]), stats.truncnorm(-np.inf, -9)),
        (law("exponential", mean=1, truncate=[2, 3]), stats.truncexpon(1, loc=2)),
        (law("exponential", mean=1, truncate=[40, None]), stats.expon(40)),
        (law("pareto", alpha=2, min=1, truncate=[5, None]), stats.pareto(2, scale=5)),
        (law("uniform", low=0, high=10, truncate=[3, 4]), stats.uniform(3, 1)),
        (law("triangular", low=0, mode=0, high=1, truncate=[0.5, None]), stats.triang(0, 0.5, 0.5)),
    ],
)
def test_truncated_laws_are_the_law_given_the_interval(spec, truth) -> None:  # type: ignore[no-untyped-def]
    draw = bound(spec)
    values = draw.quantile(U, None)
    # p-value of the largest distance, n = 50,000
    assert stats.kstest(values, truth.cdf).pvalue > 1e-3
    low, high = spec["truncate"]
    assert low is None or values.min() >= low
    assert high is None or values.max() <= high
    assert draw.mean() == pytest.approx(truth.mean(), rel=1e-4)
    assert np.isfinite(draw.quantile(np.array([0.0, 1 - 2.0**-52]), None)).all()
    assert np.allclose(draw.cdf(values, None), U, rtol=0, atol=1e-9)
    assert (np.diff(draw.quantile(np.sort(U), None)) >= 0).all()


def test_truncated_counts_keep_their_proportions() -> None:
    draw = bound(law("poisson", lambda_=3, truncate=[2, 5]))
    values = draw.quantile(U, None)
    chances = stats.poisson.pmf(np.arange(2, 6), 3)
    assert stats.chisquare(np.bincount(values.astype(int))[2:], chances / chances.sum() * N).pvalue > 1e-3
    assert draw.support() == (2.0, 5.0)
    assert draw.mean() == pytest.approx((chances / chances.sum()) @ np.arange(2, 6))


def test_a_window_far_out_in_the_tail_of_counts() -> None:
    values = bound(law("poisson", lambda_=3, truncate=[1_000, 1_010])).quantile(U, None)
    assert values.min() == 1_000  # nearly always: each further one is 300 times rarer
    assert (values == 1_001).mean() == pytest.approx(3 / 1_001, rel=0.3)


def test_bounds_that_are_not_whole_cut_counts_inside() -> None:
    assert bound(law("poisson", lambda_=3, truncate=[0.5, 2.5])).support() == (1.0, 2.0)
    dice = bound(law("uniform", low=1, high=6, integers=True, truncate=[1.5, 4.5]))
    assert set(dice.quantile(U, None)) == {2.0, 3.0, 4.0}
    assert not bound(law("poisson", lambda_=3, clamp=[0.5, None])).discrete
    assert bound(law("poisson", lambda_=3, clamp=[1, None])).discrete


def test_truncated_and_clamped_at_once() -> None:
    values = bound(law("normal", mean=0, std=1, truncate=[-2, 2], clamp=[-1, None])).quantile(U, None)
    assert values.min() == -1
    assert 1.9 < values.max() <= 2


@pytest.mark.parametrize(
    ("spec", "mean"),
    [
        (law("normal", mean=0.75, std=0.12, truncate=[0, 1]), 0.75),
        (law("normal", mean=0.98, std=0.12, truncate=[0, 1]), 0.98),
        (law("exponential", mean=3, truncate=[0, 8]), 3.0),
        (law("gamma", shape=2, mean=3, truncate=[1, 5]), 3.0),
        (law("lognormal", median=3, sigma=0.5, truncate=[1, 10]), 3 * np.exp(0.125)),
        (law("lognormal", mean=1, sigma=0.5, truncate=[1, 10]), np.exp(1.125)),
        (law("weibull", shape=2, scale=3, truncate=[None, 5]), 3 * stats.weibull_min(2).mean()),
        (law("pareto", alpha=3, min=2, truncate=[1, 50]), 3.0),
        (law("student_t", df=4, mean=2, std=1, truncate=[1, 9]), 2.0),
        (law("poisson", lambda_=3, truncate=[1, None]), 3.0),
        (law("binomial", n=10, p=0.2, truncate=[1, None]), 2.0),
        (law("negative_binomial", mean=4, shape=1, truncate=[1, 30]), 4.0),
    ],
)
def test_keep_mean_keeps_the_mean(spec, mean: float) -> None:  # type: ignore[no-untyped-def]
    draw = bound({**spec, "keep_mean": True})
    assert draw.mean() == pytest.approx(mean, rel=1e-9)
    values = draw.quantile(U, None)
    # 4 standard errors, n = 50,000
    assert abs(values.mean() - mean) < 4 * values.std() / N**0.5
    low, high = spec["truncate"]
    assert (values >= (low if low is not None else -np.inf)).all()
    assert (values <= (high if high is not None else np.inf)).all()


def test_a_mean_that_cannot_be_kept_is_refused_with_its_limit() -> None:
    (finding,) = refused(law("exponential", mean=5, truncate=[0, 8], keep_mean=True))
    assert finding["code"] == "law.mean_out_of_reach"
    assert finding["expected"] == "a mean below 4"  # flatter and flatter, the law nears the middle of the interval
    (finding,) = refused(law("binomial", n=10, p=0.1, truncate=[1, None], keep_mean=True))
    assert finding["expected"] == "a mean above 1"
    (finding,) = refused(law("binomial", n=10, p=0.9, truncate=[0, 8], keep_mean=True))
    assert finding["expected"] == "a mean below 8"


@pytest.mark.parametrize(
    "spec",
    [
        law("normal", mean=5, std=1, keep_mean=True),
        law("beta", a=1, b=2, truncate=[0, 0.5], keep_mean=True),
        law("normal", mean="x", std=1, truncate=[0, 1], keep_mean=True),
    ],
)
def test_keep_mean_where_it_means_nothing_is_refused(spec) -> None:  # type: ignore[no-untyped-def]
    from datagen.laws._bind import bind_law
    from tests.laws.law_scope import Column, LawScope

    scope = LawScope({"x": Column(np.ones(3))})
    assert bind_law(spec, scope, "law") is None  # type: ignore[arg-type]
    assert [finding["code"] for finding in scope.said] == ["law.keep_mean"]


def test_bounds_hold_to_the_last_digit() -> None:
    ends = [(4.1234567890123456, 9.0), (0.1, 0.3), (1e-9, 1e-3)]
    for low, high in ends:
        for spec in (law("normal", mean=5, std=1), law("gamma", shape=2, mean=3), law("lognormal", median=1, sigma=2)):
            draw = bound({**spec, "truncate": [low, high]})
            values = draw.quantile(np.append(U, [0.0, 1 - 2.0**-52]), None)
            assert values.min() >= low
            assert values.max() <= high


def test_a_law_cut_where_it_passes_nought_is_no_trouble() -> None:
    # quantiles near 0 have lost the digits of the mean: their order is mended, not refused
    values = bound(law("normal", mean=5, std=1, truncate=[0, 1])).quantile(np.sort(U), None)
    assert (np.diff(values) >= 0).all()
    assert values.min() >= 0
