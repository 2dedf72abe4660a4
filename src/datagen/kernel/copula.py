"""Uniforms with given rank correlations: a Gaussian copula over the draws that each column has by itself.

Source: NORTA (Cario and Nelson 1997). What is worked out here once per plan is rounded, so that it is the same on every
processor; what is done per row uses only + - × ÷ and tables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GRID = 4_096  # equally likely points on which a margin with ties is known
PLACES = 9  # decimals of what a plan works out
FINEST = 1e-7  # least pivot of a matrix that counts as positive
MOST = 1.0 - 1e-6  # of a latent correlation


def even(points: int = GRID) -> Floats:
    """(points,) uniforms in the middle of equally likely cells."""
    return (np.arange(points, dtype=np.float64) + 0.5) / points


class Margin:
    """One column as ranks see it: values at equally likely points, rising; ties share their middle rank."""

    def __init__(self, values: Floats) -> None:
        from scipy.special import ndtri

        rising = np.sort(values)
        distinct, counts = np.unique(rising, return_counts=True)
        ends = np.cumsum(counts)
        self.smooth = len(distinct) > len(rising) // 4
        self.ranks = (ends - counts / 2.0) / len(rising)  # (k,) middle rank of each distinct value
        self.edges = ndtri(ends[:-1] / len(rising))  # (k - 1,) where the standard normal passes to the next
        grades = even(len(rising)) if self.smooth else np.repeat(self.ranks, counts)
        self.grades = grades - 0.5
        self.spread = float(np.sqrt(np.mean(self.grades * self.grades)))

    def expected_grade(self, z: Floats, rho: float) -> Floats:
        """(n,) mean grade where the other column's latent is z and the latent correlation is rho."""
        from scipy.special import ndtr

        if self.smooth:
            return ndtr(rho * z / math.sqrt(2.0 - rho * rho)) - 0.5  # type: ignore[no-any-return]
        rest = math.sqrt(max(1.0 - rho * rho, 1e-12))
        found = np.full(len(z), self.ranks[0] - 0.5)
        for edge, step in zip(self.edges, np.diff(self.ranks), strict=True):  # over the distinct values
            found += step * ndtr((rho * z - edge) / rest)
        return found


def rank_correlation(one: Margin, other: Margin, rho: float) -> float:
    """Spearman's correlation of two columns whose latents have the correlation rho."""
    from scipy.special import ndtri

    if one.smooth and other.smooth:
        return 6.0 / math.pi * math.asin(rho / 2.0)
    if not one.spread or not other.spread:
        return 0.0
    if one.smooth:  # the one with fewer values is integrated exactly
        one, other = other, one
    z = ndtri(even(len(one.grades)))
    return float(np.mean(one.grades * other.expected_grade(z, rho))) / (one.spread * other.spread)


def latent(one: Margin, other: Margin, spearman: float) -> float | None:
    """The latent correlation that gives a rank correlation; None where none gives it."""
    if one.smooth and other.smooth:
        return round(2.0 * math.sin(math.pi * spearman / 6.0), PLACES)
    low, high = -MOST, MOST
    if not rank_correlation(one, other, low) <= spearman <= rank_correlation(one, other, high):
        return None
    for _ in range(40):
        middle = (low + high) / 2.0
        if rank_correlation(one, other, middle) < spearman:
            low = middle
        else:
            high = middle
    return round((low + high) / 2.0, PLACES)


def nearest_correlation(matrix: Floats) -> Floats:
    """The nearest correlation matrix: symmetric, ones on the diagonal, no negative eigenvalue.

    Source: alternating projections with Dykstra's correction (Higham 2002).
    """
    found, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(200):
        wanted = found - correction
        values, vectors = np.linalg.eigh(wanted)
        projected = (vectors * np.maximum(values, 1e-6)) @ vectors.T
        correction = projected - wanted
        found = projected.copy()
        np.fill_diagonal(found, 1.0)
    rounded = np.round((found + found.T) / 2.0, PLACES)
    return (
        rounded
        if factor(rounded) is not None
        else np.round(rounded * (1.0 - 1e-5) + np.eye(len(rounded)) * 1e-5, PLACES)
    )


def factor(matrix: Floats) -> Floats | None:
    """(k, k) the lower triangle L with L Lᵀ = matrix (Cholesky); None where the matrix is not positive definite."""
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = float(matrix[i, j])
            for k in range(j):
                rest -= lower[i][k] * lower[j][k]
            if i == j:
                if rest < FINEST:
                    return None
                lower[i][i] = math.sqrt(rest)
            else:
                lower[i][j] = rest / lower[j][j]
    return np.array(lower)


class Copula:
    """Latents of several columns, each made from the columns' own uniforms. rows: L of each column, in order."""

    def __init__(self, lower: Floats) -> None:
        from datagen.kernel.elementary import normal_quantile
        from datagen.kernel.quantiles import QuantileTable

        self.lower = lower
        self._standard = QuantileTable(normal_quantile, lambda v: -normal_quantile(v))

    def uniform(self, place: int, own: Sequence[Floats]) -> Floats:
        """(n,) the uniform of one column from those that it and the columns before it draw, (n,) each."""
        weights = self.lower[place]
        if not weights[:place].any():
            return own[place]
        total = np.zeros(len(own[place]), dtype=np.float64)
        for weight, u in zip(weights[: place + 1], own, strict=True):
            if weight:
                total += weight * self._standard.draw(u)
        return np.clip(self._standard.cdf(total), 0.0, 1.0 - 2.0**-53)


def scales(values: Sequence[float], shares: Sequence[float]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """How a rising uniform picks from a list that does not rise: (k + 1,) borders in rising order, (k,) where each of
    them begins in the list's own order, and (k,) its place in the list."""
    order = np.argsort(np.array(values), kind="stable")
    weights = np.array(shares, dtype=np.float64) / math.fsum(shares)
    own = np.concatenate([[0.0], np.cumsum(weights)[:-1]])
    borders = np.concatenate([[0.0], np.cumsum(weights[order])])
    borders[-1] = 1.0
    return borders, own[order], order.astype(np.int64)
