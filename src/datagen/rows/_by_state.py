"""A rate that follows the state of something else: while a subscription is paused or gone, its owner's rows are fewer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import NUMBERS, Block
from datagen.errors import did_you_mean, listed
from datagen.kernel.ages import AgeCurve
from datagen.kernel.clock import Times
from datagen.kernel.intensity import Pieces
from datagen.rows._contract import RowScope
from datagen.schema.model_fanout import ByState

Floats = NDArray[np.float64]
MOST_STEPS = 256  # of the mean course in the plan


@dataclass(frozen=True, slots=True)
class Stays:
    """Factors over the stays of each parent. pieces(parent, at, start, end) of some parents of a block; curve: the mean
    factor by time since the states began, for the plan.
    """

    pieces: Callable[[Block, slice, Times, Times], Pieces]
    curve: AgeCurve
    starts: Times  # equally likely moments at which the states begin
    first: float  # the factor of the first state, which also counts before it
    text: str

    def course(self, begun: Times, start: Times, end: Times) -> Pieces:
        """The mean factor over [start, end) of parents whose states begin at some time: (n, j) pieces."""
        after = self.curve.pieces(begun, start, end)
        before = np.full((len(start), 1), self.first)
        edges = np.concatenate([start[:, None], after.edges], axis=1)
        return Pieces(edges, np.concatenate([before, after.factors], axis=1))


def state_reads(spec: ByState, scope: RowScope) -> list[tuple[str, str]]:
    """The table whose states must be bound before a rate that follows them."""
    node = _named(spec.node, scope.made_by("state_transition_model"))
    return [] if node is None else [(node, NUMBERS)]


def bind_by_state(spec: ByState, scope: RowScope) -> Stays | None:
    """The stays that a rate follows, or None after a refusal."""
    made = scope.made_by("state_transition_model")
    node = _named(spec.node, made)
    if node is None:
        scope.refuse(
            "by_state.unknown_node",
            ("by_state", "node"),
            found=f"'{spec.node}'",
            expected="a table with a state_transition_model" + (f": {listed(tuple(made))}" if made else ""),
            hint=did_you_mean(spec.node, made),
        )
        return None
    if made[node] not in (scope.parent, *scope.ancestors):
        scope.refuse(
            "by_state.not_reached",
            ("by_state", "node"),
            found=f"{node}, whose states are those of {made[node]}",
            expected=f"states of {listed((scope.parent, *scope.ancestors))}, below which the rows of {scope.own} are",
        )
        return None
    from datagen.rows._states_rows import StateRows

    rows = scope.rows_of(node)
    if not isinstance(rows, StateRows):
        return None  # its own model is refused
    chain = rows.rules.chain
    states = chain.names[: chain.declared]
    factors = np.ones(chain.declared)
    known = True
    for name, factor in spec.factors.items():
        if name in states:
            factors[states.index(name)] = float(factor)
            continue
        known = False
        momentary = name in chain.names
        scope.refuse(
            "by_state.unknown_state",
            ("by_state", "factors", name),
            found=f"'{name}'" + (", a momentary state, in which nobody stays" if momentary else ""),
            expected=f"a declared state of {node}: {listed(states)}",
            hint="" if momentary else did_you_mean(name, states),
        )
    if not known:
        return None
    mean = rows.outlook.states @ factors
    # who leaves does so evenly over a period: half of what it changes
    steps = tuple(float(one) for one in ((mean[:-1] + mean[1:]) / 2.0)[:MOST_STEPS])
    said = " ".join(f"{name} x{float(factor):g}" for name, factor in spec.factors.items())

    def pieces(parent: Block, at: slice, start: Times, end: Times) -> Pieces:
        return rows.pieces(parent, at, factors, start, end)

    return Stays(
        pieces, AgeCurve(rows.rules.periods.length, steps), rows.starts, float(mean[0]), f"state of {node} {said}"
    )


def _named(node: str, made: Iterable[str]) -> str | None:
    """The table of that name, without regard to case."""
    return next((name for name in made if name.lower() == node.lower()), None)
