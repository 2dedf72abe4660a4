"""Densities shaped by effects and cut to intervals, against brute force over every point of the grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen.kernel import density
from datagen.kernel.density import Pattern, TimeDensity
from datagen.kernel.effects import Stretches, stretches
from datagen.kernel.keyed_density import KeyedLaw, PlainLaw
from datagen.schema.times import parse_time

HOUR = 3_600_000_000
DAY = 24 * HOUR
TINY = 1e-11  # weights are rounded to 40 bits, one part in 10^12
OPEN = [0.0] * 8 + [1, 2, 3, 1, 2, 3] + [1.0] * 8 + [0.0] * 2
PATTERNS: list[list[Pattern]] = [[], [("hour", OPEN)], [("dow", [1, 2, 3, 1, 0, 1, 5]), ("hour", OPEN)]]
STEPS = (HOUR // 4, HOUR, HOUR // 60)


def at(text: str) -> int:
    time = parse_time(text)
    assert isinstance(time, int)
    return time


START, END = at("2023-01-01T09:30"), at("2023-03-11T17:00")


class World(NamedTuple):
    """A density with effects, and the weight of every key at every point."""

    density: TimeDensity
    stretches: Stretches
    points: NDArray[np.int64]
    weights: NDArray[np.float64]  # (keys + 1, points)


def world(seed: int) -> World:
    draw = np.random.default_rng(seed)
    step, patterns = STEPS[seed % 3], PATTERNS[seed // 3 % 3]
    made = density.regular(START, END, step, patterns)
    keys, count = 3, int(draw.integers(0, 8))
    starts = draw.integers(START - 5 * DAY, END, count)
    parts = stretches(
        draw.integers(0, keys, count), starts, starts + draw.integers(0, 20 * DAY, count),
        draw.choice([0, 0.5, 2, 3.0], count), keys=keys, default=1.0, combine="product",
    )  # fmt: skip
    points = np.arange(START, END, step)
    base = density.relative(points, patterns)
    weights = np.stack([base * parts.factor(np.full(len(points), key), points) for key in range(keys + 1)])
    return World(made, parts, points, weights / base.sum())


def interval(seed: int, rows: int) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    draw = np.random.default_rng(1000 + seed)
    low = draw.integers(START - DAY, END, rows)
    high = low + draw.integers(0, 40 * DAY, rows)
    return (None if seed % 4 == 0 else low), (None if seed % 4 == 1 else high)


@pytest.mark.parametrize("seed", range(18))
def test_mass_and_draws_agree_with_every_point_of_the_grid(seed: int) -> None:
    made = world(seed)
    law, rows = KeyedLaw(made.density, made.stretches), 4_000
    draw = np.random.default_rng(2000 + seed)
    codes, u = draw.integers(0, 4, rows), draw.random(rows)
    low, high = interval(seed, rows)
    times, mass = law.draw(codes, u, low, high)
    running = np.concatenate([np.zeros((4, 1)), np.cumsum(made.weights, axis=1)], axis=1)
    first = np.zeros(rows, dtype=np.int64) if low is None else np.searchsorted(made.points, low)
    last = np.full(rows, len(made.points)) if high is None else np.searchsorted(made.points, high, side="right")
    first = np.minimum(first, last)
    wanted = running[codes, last] - running[codes, first]
    assert np.abs(mass - wanted).max() < TINY
    assert (law.mass(codes, low, high, rows) == mass).all()
    good = wanted > TINY
    assert ((mass > 0) == good).all()
    place = np.searchsorted(made.points, times[good])
    assert (made.points[place] == times[good]).all()
    # the point whose running weight holds the target; the hair is a few parts in 10^12 of the whole
    target = running[codes, first][good] + u[good] * wanted[good]
    assert (running[codes[good], place] <= target + TINY).all()
    assert (running[codes[good], place + 1] >= target - TINY).all()
    assert (made.weights[codes[good], place] > 0).all()
    assert low is None or (times >= low)[good].all()
    assert high is None or (times <= high)[good].all()


@pytest.mark.parametrize("seed", range(9))
def test_a_plain_law_is_one_whose_effects_do_nothing(seed: int) -> None:
    made = world(seed)
    nothing = stretches(*(np.zeros(0, dtype=np.int64),) * 3, np.zeros(0), keys=1, default=1.0)
    u = np.random.default_rng(seed).random(3_000)
    low, high = interval(seed, 3_000)
    times, mass = PlainLaw(made.density).draw(None, u, low, high)
    shaped, other = KeyedLaw(made.density, nothing).draw(None, u, low, high)
    assert np.abs(mass - other).max() < TINY
    good = mass > TINY
    assert (times[good] == shaped[good]).mean() > 0.999  # a draw on the border of two points may fall on either


def test_the_times_of_a_key_do_not_depend_on_other_keys() -> None:
    made = density.regular(START, END, 1_000_000, [("hour", OPEN)])
    few = stretches(
        np.array([0]), np.array([START + DAY]), np.array([START + 9 * DAY]), np.array([4.0]), keys=1, default=1.0
    )
    many = stretches(
        np.array([0, 1, 2]), np.array([START + DAY, START, START + 3]), np.array([START + 9 * DAY, END, END - 5]),
        np.array([4.0, 1e9, 1e-9]), keys=3, default=1.0,
    )  # fmt: skip
    u, code = np.random.default_rng(1).random(5_000), np.zeros(5_000, dtype=np.int64)
    assert (KeyedLaw(made, few).draw(code, u, None, None)[0] == KeyedLaw(made, many).draw(code, u, None, None)[0]).all()


def test_a_million_rows_never_leave_their_bounds() -> None:
    made = density.regular(START, END, 1_000_000, [("hour", OPEN)])
    draw = np.random.default_rng(9)
    low = draw.integers(START - DAY, END - DAY, 1_000_000)
    high = low + draw.integers(0, DAY, 1_000_000)
    times, mass = PlainLaw(made).draw(None, draw.random(1_000_000), low, high)
    good = mass > 0
    assert good.mean() > 0.8
    assert ((times >= low) & (times <= high))[good].all()
    assert ((times - START) % 1_000_000 == 0).all()
    assert (density.relative(times[good], [("hour", OPEN)]) > 0).all()


def test_an_interval_without_an_open_point_has_no_mass_at_all() -> None:
    made = density.regular(START, END, 1_000_000, [("hour", OPEN)])
    night = at("2023-01-05T22:00") + np.arange(0, 9 * HOUR, HOUR)
    mass = PlainLaw(made).mass(None, night, night + HOUR - 1, 9)
    assert mass.tolist() == [0.0] * 9
    one = np.array([at("2023-01-05T12:00")])
    assert PlainLaw(made).mass(None, one, one, 1)[0] > 0  # a single point
