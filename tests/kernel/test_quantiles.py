"""Tables of quantiles keep the moments, the tails and the order of the law they were made from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from datagen.kernel.address import root_addresses
from datagen.kernel.draws import uniform
from datagen.kernel.elementary import normal_quantile
from datagen.kernel.quantiles import CELLS, QuantileTable, tail_probabilities

U = uniform(root_addresses(1, np.arange(50_000)), 99)

LAWS = {
    "normal": stats.norm(),
    "lognormal": stats.lognorm(1.0),
    "wide lognormal": stats.lognorm(2.0),
    "exponential": stats.expon(),
    "gamma": stats.gamma(3.0),
    "steep gamma": stats.gamma(0.3),
    "beta": stats.beta(2.0, 5.0),
    "student_t": stats.t(5.0),
    "pareto": stats.pareto(3.0),
    "uniform": stats.uniform(),
}
TABLES = {name: QuantileTable(law.ppf, law.isf) for name, law in LAWS.items()}
each = pytest.mark.parametrize("name", LAWS)


def _borders() -> NDArray[np.float64]:
    """Every border between cells and its neighbours: where a table could step back."""
    cells = np.arange(CELLS) / CELLS
    tails = tail_probabilities()
    edges = np.concatenate([cells, tails, 1.0 - tails[1:]])
    near = np.concatenate([edges, np.nextafter(edges, 0), np.nextafter(edges, 1), edges + 2.0**-52, edges - 2.0**-52])
    return np.unique(near[(near >= 0) & (near < 1)])


@each
def test_the_tables_mean_and_standard_deviation_are_the_laws(name: str) -> None:
    law = LAWS[name]
    mean, variance = TABLES[name].moments()
    assert abs(mean - law.mean()) < 1e-4 * law.std()
    assert variance**0.5 == pytest.approx(law.std(), rel=1e-4)


@each
def test_draws_follow_the_law(name: str) -> None:
    # p-value of the largest distance, n = 50,000
    assert stats.kstest(TABLES[name].draw(U), LAWS[name].cdf).pvalue > 1e-3


@each
def test_tails_are_right_to_one_in_a_billion(name: str) -> None:
    chances = np.array([1e-9, 1e-7, 1e-5, 1e-3])
    table, law = TABLES[name], LAWS[name]
    assert np.allclose(table.draw(chances), law.ppf(chances), rtol=0.01, atol=0)
    assert np.allclose(table.draw(1 - chances), law.ppf(1 - chances), rtol=0.01, atol=0)


@each
def test_a_larger_uniform_never_gives_a_smaller_value(name: str) -> None:
    assert (np.diff(TABLES[name].draw(np.sort(np.concatenate([_borders(), U])))) >= 0).all()


@each
def test_the_distribution_function_undoes_the_draw(name: str) -> None:
    u = np.concatenate([U, [2.0**-50, 1e-12, 1e-6]])
    # the relative step of a 40-bit knot where values crowd, rounding elsewhere
    assert np.allclose(TABLES[name].cdf(TABLES[name].draw(u)), u, rtol=1e-11, atol=1e-11)


@each
def test_the_ends_are_finite(name: str) -> None:
    table = TABLES[name]
    ends = table.draw(np.array([0.0, 1.0 - 2.0**-52, 1.0]))
    assert np.isfinite(ends).all()
    assert table.cdf(np.array([-np.inf, ends[0] - 1, ends[2] + 1, np.inf])).tolist() == [0.0, 0.0, 1.0, 1.0]


def test_draws_never_change() -> None:
    u = np.array([0.0, 1e-9, 0.001, 0.3, 0.5, 0.9, 1 - 2.0**-30])
    table = QuantileTable(normal_quantile, lambda v: -normal_quantile(v))
    low = [-8.209536151596694, -5.997822370920557, -3.0902551643059706, -0.5244005334012399]
    high = [0.0, 1.2815518632498426, 6.009353565532365]
    assert table.draw(u).tolist() == [*low, *high]


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 50_000])
def test_a_value_does_not_depend_on_the_values_beside_it(size: int) -> None:
    table = TABLES["lognormal"]
    assert np.array_equal(table.draw(U[:size]), table.draw(U)[:size])
    assert np.array_equal(table.draw(U[::-1])[::-1], table.draw(U))


def test_draws_can_replace_their_uniforms() -> None:
    table, u = TABLES["gamma"], U.copy()
    assert table.draw(u, out=u) is u
    assert np.array_equal(u, table.draw(U))


def test_clamped_moments_are_those_of_clamped_draws() -> None:
    table = TABLES["normal"]
    mean, variance = table.moments(-0.5, 1.0)
    clamped = np.clip(table.draw((np.arange(1_000_000) + 0.5) / 1_000_000), -0.5, 1.0)
    assert mean == pytest.approx(clamped.mean(), abs=1e-6)
    assert variance == pytest.approx(clamped.var(), rel=1e-5)


def test_a_wrong_callable_is_refused() -> None:
    with pytest.raises(ValueError, match="fall"):
        QuantileTable(lambda u: -u)
    with pytest.raises(ValueError, match="not a number"):
        QuantileTable(lambda u: np.full(len(u), np.nan))


def test_values_beyond_all_floats_stay_finite() -> None:
    with np.errstate(over="ignore"):
        table = QuantileTable(lambda u: np.exp(stats.norm.ppf(u) * 120), lambda v: np.exp(-stats.norm.ppf(v) * 120))
    values = table.draw(np.array([0.0, 0.5, 0.999, 1 - 2.0**-52]))
    assert np.isfinite(values).all()
    assert values[-1] == pytest.approx(8e307)
