"""Every law has the shape that its name promises: against scipy, in the middle, in the tails, and in its moments."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import numpy as np
import pytest
from scipy import stats

import datagen.laws
from tests.laws.law_scope import bound, law, uniforms, whole_block

N = 200_000
U = uniforms(N)
SOME = U[:20_000]

CONTINUOUS: dict[str, tuple[dict[str, Any], Any]] = {
    "normal": (law("normal", mean=5, std=2), stats.norm(5, 2)),
    "lognormal": (law("lognormal", mean=0, sigma=1), stats.lognorm(1)),
    "lognormal by median": (law("lognormal", median=30, sigma=0.5), stats.lognorm(0.5, scale=30)),
    "uniform": (law("uniform", low=-1, high=3), stats.uniform(-1, 4)),
    "exponential": (law("exponential", mean=3), stats.expon(scale=3)),
    "gamma": (law("gamma", shape=2, mean=6), stats.gamma(2, scale=3)),
    "gamma below 1": (law("gamma", shape=0.4, mean=6), stats.gamma(0.4, scale=15)),
    "beta": (law("beta", a=2, b=5), stats.beta(2, 5)),
    "beta at the ends": (law("beta", a=0.5, b=0.5), stats.beta(0.5, 0.5)),
    "weibull": (law("weibull", shape=1.5, scale=4), stats.weibull_min(1.5, scale=4)),
    "pareto": (law("pareto", alpha=3, min=2), stats.pareto(3, scale=2)),
    "student_t": (law("student_t", df=5, mean=1, std=2), stats.t(5, 1, 2 * (3 / 5) ** 0.5)),
    "triangular": (law("triangular", low=1, mode=2, high=6), stats.triang(0.2, 1, 5)),
}
DISCRETE: dict[str, tuple[dict[str, Any], Any]] = {
    "poisson": (law("poisson", lambda_=4), stats.poisson(4)),
    "poisson, rare": (law("poisson", lambda_=0.05), stats.poisson(0.05)),
    "poisson, a million": (law("poisson", lambda_=1e6), stats.poisson(1e6)),
    "binomial": (law("binomial", n=10, p=0.3), stats.binom(10, 0.3)),
    "binomial, likely": (law("binomial", n=40, p=0.99), stats.binom(40, 0.99)),
    "bernoulli": (law("bernoulli", p=0.3), stats.bernoulli(0.3)),
    "negative_binomial": (law("negative_binomial", mean=4, shape=0.8), stats.nbinom(0.8, 0.8 / 4.8)),
    "zipf": (law("zipf", s=1.2, n=1_000), stats.zipfian(1.2, 1_000)),
    "uniform, whole": (law("uniform", low=1, high=6, integers=True), stats.randint(1, 7)),
}
each_continuous = pytest.mark.parametrize("name", CONTINUOUS)
each_discrete = pytest.mark.parametrize("name", DISCRETE)
each = pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE])
DRAWS = {name: bound(spec) for name, (spec, _) in (CONTINUOUS | DISCRETE).items()}
VALUES = {name: draw.quantile(U, None) for name, draw in DRAWS.items()}


def _truth(name: str) -> Any:
    return (CONTINUOUS | DISCRETE)[name][1]


def test_every_law_is_tried_here() -> None:
    words = {module.name for module in pkgutil.iter_modules(datagen.laws.__path__) if not module.name.startswith("_")}
    elsewhere = {"constant", "empirical", "mixture"}  # see test_law_lists
    assert {spec["type"] for spec, _ in (CONTINUOUS | DISCRETE).values()} == words - elsewhere


@each_continuous
def test_draws_follow_the_law(name: str) -> None:
    # p-value of the largest distance, n = 200,000
    assert stats.kstest(VALUES[name], _truth(name).cdf).pvalue > 1e-3


@each_discrete
def test_whole_numbers_come_as_often_as_they_should(name: str) -> None:
    values, truth = VALUES[name], _truth(name)
    assert np.array_equal(values, np.floor(values))
    # inverted exactly: each uniform lies between the true distribution function before its number and at it
    numbers, places = np.unique(values, return_inverse=True)
    assert (truth.cdf(numbers)[places] > U - 1e-12).all()
    assert (truth.cdf(numbers - 1)[places] <= U + 1e-12).all()


@each
def test_mean_and_deviation_of_draws(name: str) -> None:
    values, truth = VALUES[name], _truth(name)
    # 4 standard errors, n = 200,000; the deviation's own error from the fourth moment of the draws
    assert abs(values.mean() - truth.mean()) < 4 * truth.std() / N**0.5
    fourth = ((values - values.mean()) ** 4).mean()
    assert abs(values.var() - truth.var()) < 4 * (fourth / N) ** 0.5


@each
def test_the_law_knows_its_moments_and_ends(name: str) -> None:
    draw, truth = DRAWS[name], _truth(name)
    assert draw.mean() == pytest.approx(truth.mean(), rel=1e-12)
    assert draw.variance() == pytest.approx(truth.var(), rel=1e-9)
    assert draw.support() == pytest.approx(truth.support())
    assert draw.constant
    assert draw.discrete == (name in DISCRETE)


@each_continuous
def test_the_tables_deviation_is_right_to_one_in_ten_thousand(name: str) -> None:
    # an integral without chance in it, over uniforms that crowd towards both ends
    edges = np.arange(200_001) / 200_000
    middles = (edges[:-1] + edges[1:]) / 2
    for _ in range(3):
        edges, middles = edges * edges * (3 - 2 * edges), middles * middles * (3 - 2 * middles)
    values, weights = DRAWS[name].quantile(middles, None), np.diff(edges)
    mean = (values * weights).sum()
    deviation = ((values - mean) ** 2 * weights).sum() ** 0.5
    assert deviation == pytest.approx(_truth(name).std(), rel=1e-4)


@each_continuous
def test_tails_are_right_to_one_in_a_billion(name: str) -> None:
    chances = np.array([1e-9, 1e-6, 1e-3])
    truth, draw = _truth(name), DRAWS[name]
    assert np.allclose(draw.quantile(chances, None), truth.ppf(chances), rtol=0.01, atol=1e-12)
    assert np.allclose(draw.quantile(1 - chances, None), truth.ppf(1 - chances), rtol=0.01, atol=1e-12)


@each
def test_a_larger_uniform_never_gives_a_smaller_value(name: str) -> None:
    assert (np.diff(DRAWS[name].quantile(np.sort(SOME), None)) >= 0).all()


@each_continuous
def test_the_distribution_function_undoes_the_draw(name: str) -> None:
    assert np.allclose(DRAWS[name].cdf(VALUES[name][:20_000], None), SOME, rtol=0, atol=1e-10)


@each_discrete
def test_the_distribution_function_encloses_the_uniform(name: str) -> None:
    draw, values = DRAWS[name], VALUES[name][:20_000]
    assert (draw.cdf(values, None) > SOME).all()
    assert (draw.cdf(values - 1, None) <= SOME).all()
    assert np.array_equal(draw.cdf(values + 0.5, None), draw.cdf(values, None))


@each
def test_each_value_depends_on_its_own_uniform_alone(name: str) -> None:
    draw = DRAWS[name]
    assert np.array_equal(draw.quantile(U[:7], None), VALUES[name][:7])
    assert np.array_equal(draw.quantile(SOME[::-1], None)[::-1], VALUES[name][:20_000])
    assert len(draw.quantile(U[:0], None)) == 0


def test_moments_that_no_float_holds_are_infinite() -> None:
    for spec in (
        law("normal", mean=0, std=1e300),
        law("uniform", low=-8e306, high=8e306),
        law("exponential", mean=1e200),
        law("lognormal", mean=0, sigma=20),
        law("pareto", alpha=0.5, min=1),
        law("weibull", shape=0.01, scale=1),
        law("mixture", components=[{"weight": 2, "law": law("pareto", alpha=0.5, min=1)}, {"weight": 2, "law": 0}]),
    ):
        draw = bound(spec)
        assert draw.variance() == np.inf
        assert np.isfinite(draw.quantile(SOME[:1_000], None)).all()
        assert not np.isnan(draw.mean())


# the same laws with every parameter read from a column


def _columns(spec: dict[str, Any], n: int) -> tuple[dict[str, Any], dict[str, Any]]:
    numbers = {key: value for key, value in spec["params"].items() if not isinstance(value, bool)}
    flags = {key: value for key, value in spec["params"].items() if isinstance(value, bool)}
    columns = {f"{key}_column": np.full(n, float(value)) for key, value in numbers.items()}
    return {**spec, "params": {key: f"{key}_column" for key in numbers} | flags}, columns


@each
def test_parameters_that_vary_by_row_give_the_same_law(name: str) -> None:
    n = 2_000
    spec, columns = _columns((CONTINUOUS | DISCRETE)[name][0], n)
    draw, block = bound(spec, **columns), whole_block(n)
    values = draw.quantile(U[:n], block)
    if name in DISCRETE:
        assert np.array_equal(values, VALUES[name][:n])
    else:
        truth = _truth(name)
        assert np.allclose(values, truth.ppf(U[:n]), rtol=1e-4, atol=5e-5 * truth.std())
    assert np.allclose(draw.cdf(values, block), DRAWS[name].cdf(VALUES[name][:n], None), rtol=0, atol=1e-6)
    assert draw.mean() is None
    assert draw.variance() is None
    assert not draw.constant
    assert draw.discrete == (name in DISCRETE)
    low, high = draw.support()
    assert low <= values.min()
    assert values.max() <= high


@each
def test_each_row_has_its_own_parameters(name: str) -> None:
    spec, n = (CONTINUOUS | DISCRETE)[name][0], 1_000
    numbers = {key: value for key, value in spec["params"].items() if not isinstance(value, bool)}
    kept = ("n", "min", "low", "high") if spec["type"] == "uniform" else ("n", "min")
    other = {key: value if key in kept else value * 0.9 + 0.06 for key, value in numbers.items()}
    other |= {"high": 9} if spec["type"] == "uniform" else {}
    _, columns = _columns(spec, n)
    even = np.arange(n) % 2 == 0
    mixed = {f"{key}_column": np.where(even, columns[f"{key}_column"], other[key]) for key in numbers}
    by_row, _ = _columns(spec, n)
    values = bound(by_row, **mixed).quantile(U[:n], whole_block(n))
    alone = bound(by_row, **columns).quantile(U[:n], whole_block(n))
    moved = bound(by_row, **{f"{key}_column": np.full(n, float(other[key])) for key in numbers})
    assert np.array_equal(values[even], alone[even])
    assert np.array_equal(values[~even], moved.quantile(U[:n], whole_block(n))[~even])
    assert not np.array_equal(values, alone)


def test_examples_of_every_law_bind_and_draw() -> None:
    for module in pkgutil.iter_modules(datagen.laws.__path__):
        if module.name.startswith("_"):
            continue
        made = importlib.import_module(f"datagen.laws.{module.name}")
        kind = getattr(made, "".join(piece.capitalize() for piece in module.name.split("_")))
        assert kind.EXAMPLES, module.name
        assert kind.MAIN is not None
        assert kind.__doc__
        for example in kind.EXAMPLES:
            ((word, params),) = example.items()
            assert word == module.name
            assert np.isfinite(bound({"type": word, "params": params}).quantile(U[:100], None)).all()
