"""Parameters that vary by row: nulls, limits, and rows that do not look at each other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from datagen.errors import SchemaError
from datagen.laws.poisson import poisson_quantile
from tests.laws.law_scope import Column, Rows, bound, law, uniforms, whole_block

N = 3_000
U = uniforms(N)
MEANS = 1.0 + uniforms(N, 2) * 40
WIDTHS = 0.2 + uniforms(N, 3) * 3
BELL = law("normal", mean="mean", std=1)
SPECS = {
    "normal": law("normal", mean="mean", std="width"),
    "normal, moved only": law("normal", mean="mean", std=2),
    "lognormal": law("lognormal", median="mean", sigma="width"),
    "gamma": law("gamma", shape="width", mean="mean"),
    "gamma, scaled only": law("gamma", shape=2, mean="mean"),
    "beta": law("beta", a="width", b="mean"),
    "weibull": law("weibull", shape="width", scale="mean"),
    "pareto": law("pareto", alpha="width", min="mean"),
    "exponential": law("exponential", mean="mean"),
    "triangular": law("triangular", low=-5, mode="width", high=60),
    "uniform": law("uniform", low="width", high=50),
    "poisson": law("poisson", lambda_="mean"),
    "negative_binomial": law("negative_binomial", mean="mean", shape="width"),
    "zipf": law("zipf", s="width", n=200),
    "constant": law("constant", value="mean"),
    "clamped": law("normal", mean="mean", std="width", clamp=[2, 30]),
    "truncated": law("normal", mean="mean", std=2, truncate=[-3, 50]),
    "truncated counts": law("poisson", lambda_="mean", truncate=[1, None]),
    "mixture": law("mixture", components=[{"weight": 1, "law": BELL}, {"weight": 3, "law": law("constant", value=7)}]),
}
each = pytest.mark.parametrize("name", SPECS)


DRAWS = {name: bound(spec, mean=MEANS, width=WIDTHS) for name, spec in SPECS.items()}


def _made(name: str, rows: Rows, u: np.ndarray) -> np.ndarray:
    values: np.ndarray = DRAWS[name].quantile(u, rows)
    return values


@each
def test_a_row_has_the_same_value_in_any_block(name: str) -> None:
    whole = _made(name, whole_block(N), U)
    assert np.isfinite(whole).all()
    order = np.argsort(uniforms(N, 5), kind="stable")
    assert np.array_equal(_made(name, Rows(order), U[order]), whole[order])
    for start in range(0, 70, 7):
        places = np.arange(start, start + 7)
        assert np.array_equal(_made(name, Rows(places), U[places]), whole[places])
    assert len(_made(name, Rows(np.arange(0)), U[:0])) == 0


@each
def test_cdf_and_quantile_belong_together(name: str) -> None:
    draw, block = DRAWS[name], whole_block(N)
    values = draw.quantile(U, block)
    at, before = draw.cdf(values, block), draw.cdf(np.nextafter(values, -np.inf), block)
    assert (at >= U - 1e-9).all()
    assert (before <= U + 1e-9).all()


def test_values_follow_the_law_of_their_own_row() -> None:
    # through its own distribution function each value becomes uniform again; p-value, n = 3,000
    normal = _made("normal", whole_block(N), U)
    assert stats.kstest(stats.norm.cdf(normal, MEANS, WIDTHS), "uniform").pvalue > 1e-3
    gamma = _made("gamma", whole_block(N), U)
    assert stats.kstest(stats.gamma.cdf(gamma, WIDTHS, scale=MEANS / WIDTHS), "uniform").pvalue > 1e-3
    counts = _made("poisson", whole_block(N), U)
    assert (stats.poisson.cdf(counts, MEANS) > U - 1e-12).all()
    assert (stats.poisson.cdf(counts - 1, MEANS) <= U + 1e-12).all()


def test_poisson_counts_of_any_mean_are_exact() -> None:
    means = np.concatenate([np.zeros(10), np.exp(uniforms(N, 8) * 25 - 5)])
    u = uniforms(len(means), 9)
    counts = poisson_quantile(u, means)
    assert (counts[:10] == 0).all()
    assert (stats.poisson.cdf(counts, means) > u - 1e-12).all()
    assert (stats.poisson.cdf(counts - 1, means) <= u + 1e-12).all()
    assert np.array_equal(poisson_quantile(U, 3.0), bound(law("poisson", lambda_=3)).quantile(U, None))


def test_extreme_uniforms_give_finite_counts() -> None:
    ends = np.array([0.0, 2.0**-52, 1 - 2.0**-52])
    for mean in (0.0, 1e-9, 0.3, 11.9, 12.1, 1e4, 1e9):
        counts = poisson_quantile(ends, np.full(3, mean))
        assert np.isfinite(counts).all()
        assert (np.diff(counts) >= 0).all()


@each
def test_a_null_parameter_makes_no_number(name: str) -> None:
    known = np.arange(N) % 10 != 0
    column = Column(np.where(known, MEANS, -1e9), valid=known)  # what stands under a null has no meaning
    draw, block = bound(SPECS[name], mean=column, width=WIDTHS), whole_block(N)
    values = draw.quantile(U, block)
    reads_mean = "mean" in str(SPECS[name]["params"].values())
    assert np.isnan(values[~known]).all() == reads_mean
    assert np.array_equal(values[known], _made(name, block, U)[known])


@pytest.mark.parametrize(
    ("spec", "numbers", "found", "expected"),
    [
        (law("normal", mean=0, std="x"), [1.0, 0.0, -3.0, 2.0], "2 rows of one block, such as std = 0", "std > 0"),
        (law("bernoulli", p="x"), [0.5, 1.5, 0.1, 0.2], "1 rows of one block, such as p = 1.5", "0 <= p <= 1"),
        (law("poisson", lambda_="x"), [1.0, np.inf, 1.0, 1.0], "1 rows of one block, such as lambda = inf", "lambda"),
        (law("binomial", n="x", p=0.5), [1.0, 2.5, 1.0, 1.0], "1 rows of one block, such as n = 2.5", "whole number"),
        (law("uniform", low="x", high=2), [1.0, 3.0, 1.0, 1.0], "1 rows of one block, such as high = 2", "low <= high"),
        (law("lognormal", median=1, sigma="x"), [1.0, 900.0, 1.0, 1.0], "such as sigma = 900", "below 1e308"),
    ],
)
def test_parameters_that_cannot_be_stop_the_run(spec, numbers, found, expected) -> None:  # type: ignore[no-untyped-def]
    draw = bound(spec, x=np.array(numbers))
    with pytest.raises(SchemaError) as caught:
        draw.quantile(U[:4], whole_block(4))
    (finding,) = caught.value.findings
    assert finding.code == "law.parameter_out_of_range"
    assert finding.json_path == "orders.amount"
    assert found in finding.found
    assert expected in finding.expected
    assert finding.hint


def test_rows_whose_law_cannot_reach_a_truncation_stop_the_run() -> None:
    draw = bound(law("normal", mean="x", std=1, truncate=[0, 10]), x=np.array([5.0, 1e6, 3.0]))
    with pytest.raises(SchemaError) as caught:
        draw.quantile(U[:3], whole_block(3))
    assert caught.value.findings[0].code == "law.empty_truncation"
    assert "1 rows" in caught.value.findings[0].found


def test_a_law_that_needs_the_row_says_so() -> None:
    with pytest.raises(TypeError, match="need the block"):
        bound(law("normal", mean="x", std=1), x=MEANS).quantile(U, None)


def test_whole_number_expressions_make_whole_numbers() -> None:
    assert bound(law("constant", value="x"), x=Column(np.arange(5), "int")).discrete
    assert not bound(law("constant", value="x"), x=Column(np.arange(5.0))).discrete
