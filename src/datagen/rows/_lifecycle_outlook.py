"""What lives through stages come to on average, before a row is made: who is where when, how many stays and events.

The renewal equation of the chain on a grid of equal cells of time: who enters a stage in a cell is who leaves the others
there, and leaving is entering so much earlier. Source: semi-Markov processes (Howard 1971).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.kernel.clock import DAY_US
from datagen.rows._lifecycle_course import MONTH_US, LifeStage, Rules

Floats = NDArray[np.float64]

CELLS = 1_200  # of time, from the first entity's beginning to the window's end
FINER = 16  # parts of a cell in which lasting times are told apart
SHORT = 48  # parts, in rising lengths, of the first of those
SHORTEST = 500_000.0  # microseconds: half of the shortest stay there is in whole seconds
UNKNOWN = 0.25  # of the window: the mean of a lasting time that only the rows would tell


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of one entity on average. edges (c + 1,) of the cells; entered (s, c) stays that begin in each; there (s, c + 1)
    share of the entities in a stage at each edge, the ways of leaving last."""

    edges: Floats
    entered: Floats
    there: Floats
    opens: float

    @property
    def stays(self) -> Floats:
        """(s,) stays that begin inside the window."""
        found: Floats = self.entered[:, self._inside].sum(axis=1)
        return found

    @property
    def days(self) -> Floats:
        """(s,) days spent in each stage inside the window."""
        middle = (self.there[:, 1:] + self.there[:, :-1])[:, self._inside] / 2
        found: Floats = middle.sum(axis=1) * (self.edges[1] - self.edges[0]) / DAY_US
        return found

    @property
    def _inside(self) -> NDArray[np.bool_]:
        middles = (self.edges[1:] + self.edges[:-1]) / 2
        inside: NDArray[np.bool_] = middles >= self.opens
        return inside

    def begun(self, stage: int, until: float) -> float:
        """Stays in a stage that begin inside the window and before a moment."""
        middles = (self.edges[1:] + self.edges[:-1]) / 2
        return float(self.entered[stage, self._inside & (middles < until)].sum())


def outlook(rules: Rules, starts: Floats) -> Outlook | None:
    """starts (k,): equally likely beginnings. None where stays follow each other without end."""
    end = float(rules.exposure.end)
    first = min(float(starts.min(initial=end)), float(rules.opens), end - 1.0)
    edges = first + np.arange(CELLS + 1) / CELLS * (end - first)
    width = edges[1] - edges[0]
    names = len(rules.names)
    begun = np.zeros((names, CELLS))
    place = (starts[starts < end] - first) / width
    begun[0] = np.bincount(np.clip(place.astype(np.int64), 0, CELLS - 1), minlength=CELLS) / max(len(starts), 1)
    ended, lost, staying = (np.zeros((names, CELLS)) for _ in range(3))
    staying[:] = 1.0
    for code, stage in enumerate(rules.stages):
        ended[code], lost[code], staying[code] = _leaving(stage, width, end - first)
    routes = np.zeros((names, names))
    for code, stage in enumerate(rules.stages):
        for to, share in zip(stage.to, np.diff(stage.ways, prepend=0.0), strict=True):
            routes[to, code] += share
    entered = _entered(begun, ended, lost, routes, rules.gone)
    if entered is None:
        return None
    there = np.zeros((names, CELLS + 1))
    for code in range(names):
        there[code, 1:] = np.convolve(entered[code], staying[code])[:CELLS]
    return Outlook(edges, entered, there, float(rules.opens))


def _entered(begun: Floats, ended: Floats, lost: Floats, routes: Floats, gone: int) -> Floats | None:
    """(s, c) stays that begin in each cell."""
    names = len(begun)

    def led(by_end: Floats, by_loss: Floats) -> Floats:
        found = routes @ by_end
        found[gone] += by_loss.sum(axis=0)
        return found

    at_once = led(np.diag(ended[:, 0]), np.diag(lost[:, 0]))  # into what, from what, within one cell
    turned = np.eye(names) - at_once
    if np.linalg.matrix_rank(turned) < names:
        return None
    solve = np.linalg.inv(turned)
    entered = np.zeros_like(begun)
    back_ended, back_lost = ended[:, ::-1].copy(), lost[:, ::-1].copy()
    for cell in range(CELLS):
        before = entered[:, :cell]
        by_end = np.einsum("ij,ij->i", before, back_ended[:, CELLS - 1 - cell : CELLS - 1])
        by_loss = np.einsum("ij,ij->i", before, back_lost[:, CELLS - 1 - cell : CELLS - 1])
        entered[:, cell] = solve @ (begun[:, cell] + led(by_end, by_loss))
    return entered


def survival(stage: LifeStage, times: Floats, window: float) -> tuple[Floats, Floats]:
    """(k,) the share of stays whose law, and whose churn, leaves them longer than each time."""
    lasting = np.ones(len(times))
    if stage.duration is not None:
        if stage.duration.constant:
            lasting = 1.0 - stage.duration.cdf(times, None)
        else:
            mean = stage.duration.mean() or window * UNKNOWN
            lasting = np.exp(-times / mean)
    return lasting, np.power(1.0 - stage.lost, times / MONTH_US) if stage.lost else np.ones(len(times))


def _leaving(stage: LifeStage, width: float, window: float) -> tuple[Floats, Floats, Floats]:
    """(c,) shares of stays that end by themselves, and by churn, so many cells later; and that last until the edge of
    the cell so many later. A stay begins anywhere in its cell."""
    parts = np.arange(1, CELLS * FINER + 1) / FINER
    times = np.concatenate(
        [np.zeros(1), np.geomspace(SHORTEST, parts[0] * width, SHORT, endpoint=False), parts * width]
    )
    lasting, kept = survival(stage, times, window)
    middle_l, middle_k = (lasting[1:] + lasting[:-1]) / 2, (kept[1:] + kept[:-1]) / 2
    ends, loses = -np.diff(lasting) * middle_k, -np.diff(kept) * middle_l
    ends[0] += 1.0 - lasting[0]  # what lasts no time at all
    after = (times[1:] + times[:-1]) / 2 / width
    cell = after.astype(np.int64)
    late = after - cell  # of a stay that begins anywhere in its cell, this share ends one cell later
    found: list[Floats] = []
    for mass in (ends, loses):
        spread: Floats = np.zeros(CELLS + 1)
        spread += np.bincount(cell, mass * (1 - late), minlength=CELLS + 1)
        spread += np.bincount(cell + 1, mass * late, minlength=CELLS + 1)[: CELLS + 1]
        found.append(spread[:CELLS])
    alive = lasting * kept
    running = np.concatenate([np.zeros(1), np.cumsum((alive[1:] + alive[:-1]) / 2 * np.diff(times))])
    at_edges = np.concatenate([running[:1], running[SHORT + FINER :: FINER]])
    return found[0], found[1], np.diff(at_edges) / width
