"""Lives imagined before a row is made, for stages of lengths so alike that entities stay in step until the end.

The outlook's cells blur every moment a little. Where all stays in a stage last nearly as long as each other, that blur is all
that would set the entities apart: then the shares at the end are those of lives with the laws' own starts and lengths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Draw
from datagen.kernel import elementary
from datagen.kernel.address import child_addresses, root_addresses
from datagen.kernel.draws import uniform
from datagen.rows._lifecycle_course import LifeStage, Rules, stay
from datagen.rows._lifecycle_outlook import UNKNOWN, Outlook

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PLACES = (np.arange(32) + 0.5) / 32  # of a law
QUARTER = 8  # of those
APART = 1.0  # cells over which any quarter of a law spreads, where cells do not blur it
WIDE = 0.25  # of its median, likewise: after a few such stays nobody is in step, however short they are
DRAWS = 2_000_000  # of all imagined lives
MOST_LIVES, FEWEST_LIVES = 16_384, 256


@dataclass(frozen=True, slots=True)
class LastShares:
    """Of one entity: (s,) the chance to be in a stage at the window's end, the ways of leaving last; and of how many imagined
    lives that is the share, infinitely many where it was worked out."""

    shares: Floats
    lives: float


def last_shares(rules: Rules, starts: Floats, seen: Outlook) -> LastShares | None:
    """Who is where at the end; None where lives in step have too many stays to imagine them.

    starts (k,): equally likely beginnings, as for the outlook.
    """
    width = float(seen.edges[1] - seen.edges[0])
    if not any(_in_step(stage, width) for stage in rules.stages):
        return LastShares(seen.there[:, -1], math.inf)
    lives = min(int(DRAWS / max(float(seen.entered.sum()), 1.0)), MOST_LIVES)
    if lives < FEWEST_LIVES:
        return None
    return LastShares(_imagined(rules, starts, lives), float(lives))


def _in_step(stage: LifeStage, width: float) -> bool:
    """Whether stays in a stage end so close to each other that cells of time are too coarse."""
    if stage.duration is None or not stage.duration.constant:
        return False
    lengths = stage.duration.quantile(PLACES, None)
    quarter = float((lengths[QUARTER:] - lengths[:-QUARTER]).min())
    return quarter < min(APART * width, WIDE * float(np.median(lengths)))


def _imagined(rules: Rules, starts: Floats, lives: int) -> Floats:
    """(s,) the share of imagined lives in each stage at the end."""
    step, end = rules.step, rules.exposure.end
    lived = root_addresses(rules.key, np.arange(lives, dtype=np.int64))
    time = -(-_begins(starts, uniform(lived, rules.salts["events"])) // step) * step
    time = time[time < end]
    last = np.zeros(len(time), dtype=np.int64)  # stage of each life, the first to begin with
    whose, stage = np.arange(len(time)), last.copy()
    number = 0

    def lengths(draw: Draw, at: Ints, u: Floats) -> Floats:
        if draw.constant:
            return draw.quantile(u, None)
        mean = draw.mean() or float(end - rules.opens) * UNKNOWN  # as in the outlook
        return -mean * elementary.log(1.0 - u)

    while len(whose):
        last[whose] = stage
        address = child_addresses(lived[whose], rules.key, np.full(len(whose), number, dtype=np.int64))
        lasting, to = stay(rules, address, stage, lengths)
        time = time + lasting
        on = time < end
        whose, stage, time = whose[on], to[on], time[on]
        number += 1
    found: Floats = np.bincount(last, minlength=len(rules.names)) / lives
    return found


def _begins(starts: Floats, u: Floats) -> Ints:
    """(lives,) beginnings of imagined lives, one in each of as many equal parts of the law of starts. u places it there."""
    known = np.sort(starts)
    place = (np.arange(len(u)) + u) / len(u) * len(known)
    if 2 * len(np.unique(known)) < len(known):  # moments that many share, such as dates
        return np.rint(known[place.astype(np.int64)]).astype(np.int64)
    left = np.clip(place - 0.5, 0.0, len(known) - 1.0)  # those that are known stand for the middles of equal parts
    before = left.astype(np.int64)
    after = np.minimum(before + 1, len(known) - 1)
    return np.rint(known[before] + (left - before) * (known[after] - known[before])).astype(np.int64)
