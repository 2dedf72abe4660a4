"""The states of a state model as tables of numbers: where each state leads, how likely in a period, and what counts as lost.

Reading a model refuses what cannot be meant: probabilities above 1, a terminal state with exits, names a slip apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Dictionary
from datagen.errors import Meant, did_you_mean, listed, quoted
from datagen.rows._contract import RowScope
from datagen.schema.model_behaviors import StateTransitionModel as Spec
from datagen.schema.weights import SLACK

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLIP = 2  # letters by which an undeclared name may differ from a declared one before it is taken for a slip
ROUNDING = 1e-9  # by which a sum of probabilities written as decimals may pass 1
CLIMBS, FALLS = "upgrad", "downgrad"  # how names of moves along the ladder begin


@dataclass(frozen=True, slots=True)
class Exits:
    """Ways out of each of n states: (n, j) running sums of probabilities, padded with the last, and (n, j) names."""

    running: Floats
    to: Ints

    @property
    def total(self) -> Floats:
        """(n,) probability of any of them."""
        return self.running[:, -1]

    def pick(self, state: Ints, share: Floats) -> Ints:
        """(m,) the way that each row takes; share (m,) between 0 and the total of its state."""
        if self.to.shape[1] == 1:
            return self.to[state, 0]  # type: ignore[no-any-return]
        place = (self.running[state] <= share[:, None]).sum(axis=1)
        picked: Ints = self.to[state, np.minimum(place, self.to.shape[1] - 1)]  # padded with the last way
        return picked


@dataclass(frozen=True, slots=True)
class Chain:
    """names: declared states first, then momentary ones. others, losses: exits to states that do not count as lost, and
    to those that do. rung (names,) steps along the ladder that going there means; onto (names,) the rung it leads to, -1.
    """

    names: tuple[str, ...]
    declared: int
    initial: int
    terminal: NDArray[np.bool_]
    lost: NDArray[np.bool_]
    others: Exits
    losses: Exits
    rung: Ints
    onto: Ints
    ladder: tuple[tuple[str, float], ...]

    @property
    def dictionary(self) -> Dictionary:
        return Dictionary(self.names)

    @property
    def momentary(self) -> tuple[str, ...]:
        return self.names[self.declared :]

    def landed(self, state: Ints, to: Ints) -> Ints:
        """(m,) the state after going somewhere: a momentary one returns to where it came from."""
        return np.where(to < self.declared, to, state)

    def climbed(self, rung: Ints, to: Ints) -> Ints:
        """(m,) the rung after going somewhere; at the ends of the ladder it stays."""
        onto = self.onto[to]
        moved = np.clip(rung + self.rung[to], 0, max(len(self.ladder) - 1, 0))
        return np.where(onto >= 0, onto, moved)


def read_chain(spec: Spec, scope: RowScope, most: Callable[[float], float]) -> Chain | None:
    """The chain of a model, or None after a refusal. most: the highest probability of loss that a declared one becomes."""
    say = Refusals(scope)
    exits: dict[str, dict[str, float]] = {}
    terminal: set[str] = set()
    for name, state in spec.states.items():
        at = ("states", name)
        if isinstance(state, Mapping):  # the short form, where it was not expanded
            exits[name] = {to: float(share) for to, share in state.items()}
            continue
        written = {to: float(share) for to, share in (state.next_states or {}).items()}
        if state.terminal:
            terminal.add(name)
            if written or state.transition_prob_per_period:
                say(
                    "state.terminal_exits",
                    at,
                    found=f"{name}: terminal, and with a way out",
                    expected="terminal: true alone, or next_states without it",
                )
        exits[name] = _shares(name, state.transition_prob_per_period, written, state.terminal, say)
    declared = tuple(spec.states)
    initial = _known(spec.initial_state, declared, "initial_state", say)
    lost = _lost(spec, declared, terminal, say)
    momentary = _momentary(exits, declared, say)
    names = (*declared, *momentary)
    rung, onto, ladder = _ladder(spec, names, say)
    _refuse_over_one(spec, exits, lost, most, say)
    if say.said or initial is None:
        return None
    _warn_of_unreachable(declared, exits, declared[initial], scope)
    return Chain(
        names=names,
        declared=len(declared),
        initial=initial,
        terminal=np.array([name in terminal for name in declared]),
        lost=np.array([name in lost for name in names]),
        others=_exits(exits, names, [name for name in names if name not in lost]),
        losses=_exits(exits, names, [name for name in names if name in lost]),
        rung=rung,
        onto=onto,
        ladder=ladder,
    )


class Refusals:
    """Refuses through a scope, and knows whether it did."""

    def __init__(self, scope: RowScope) -> None:
        self.scope, self.said = scope, False

    def __call__(self, code: str, at: str | Sequence[str | int], *, found: str, expected: str, hint: str = "") -> None:
        self.said = True
        self.scope.refuse(code, at, found=found, expected=expected, hint=hint)


def _shares(name: str, leaving: Any, written: dict[str, float], terminal: bool, say: Refusals) -> dict[str, float]:
    """Probabilities per period of the ways out of a state."""
    at = ("states", name)
    if terminal or (written and leaving is None):
        return written
    if not written:
        say(
            "state.no_exit",
            at,
            found=f"{name}: " + ("left with no next_states" if leaving is not None else "neither left nor terminal"),
            expected="next_states with their shares, or terminal: true",
        )
        return {}
    total = sum(written.values())
    if abs(total - 1.0) > SLACK:
        say(
            "state.shares",
            (*at, "next_states"),
            found=f"{' + '.join(f'{share:g}' for share in written.values())} = {total:g}",
            expected="shares of those who leave, which sum to 1",
            hint="without transition_prob_per_period they are probabilities per period",
        )
        return {}
    return {to: float(leaving) * share / total for to, share in written.items()}


def _known(name: str, declared: Sequence[str], at: Any, say: Refusals) -> int | None:
    if name in declared:
        return declared.index(name)
    say(
        "state.unknown",
        at,
        found=quoted(name),
        expected=f"a declared state: {listed(declared)}",
        hint=did_you_mean(name, declared),
    )
    return None


def _lost(spec: Spec, declared: Sequence[str], terminal: set[str], say: Refusals) -> set[str]:
    """States that count as lost; without any, nothing may speak of them."""
    if spec.churn_states is None:
        found = set(terminal)
    else:
        found = {
            name
            for place, name in enumerate(spec.churn_states)
            if _known(name, declared, ("churn_states", place), say) is not None
        }
    speaks = [
        key
        for key in ("segment_variation", "term", "early_exit", "heterogeneity")
        if getattr(spec, key) not in (None, {})
    ]
    if not found and speaks and not spec.churn_states:
        say(
            "state.nothing_lost",
            speaks[0],
            found=f"{listed(speaks)}, where no state counts as lost",
            expected="churn_states: [a state], or a terminal state",
        )
    if spec.early_exit is not None and spec.term is None:
        say(
            "state.early_exit",
            "early_exit",
            found="early_exit without a term",
            expected="term: how many periods lie between two dates of exit",
        )
    return found


def _momentary(exits: Mapping[str, Mapping[str, float]], declared: Sequence[str], say: Refusals) -> tuple[str, ...]:
    """Next states that are not declared, in the order written."""
    found: dict[str, None] = {}
    for source, ways in exits.items():
        for name in ways:
            if name in declared:
                continue
            near = next((one for one in declared if distance(name.lower(), one.lower()) <= SLIP), None)
            if near is not None:
                say(
                    "state.near_name",
                    ("states", source, "next_states", name),
                    found=f"'{name}', which is not declared, beside the state '{near}'",
                    expected="a declared state, or a momentary one whose name is more than two letters away",
                    hint=Meant(f"did you mean '{near}'?", name, near),
                )
            found[name] = None
    return tuple(found)


def distance(one: str, other: str) -> int:
    """Letters to change, add or leave out to make one word the other. Source: Levenshtein."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        left, row[0] = row[0], place
        for column, beside in enumerate(other, 1):
            left, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, left + (letter != beside))
    return row[-1]


def _warn_of_unreachable(
    declared: Sequence[str], exits: Mapping[str, Mapping[str, float]], initial: str, scope: RowScope
) -> None:
    """Name the states that no way leads to."""
    waiting, reached = [initial], {initial}
    while waiting:
        ways = [name for name, share in exits.get(waiting.pop(), {}).items() if share > 0 and name not in reached]
        waiting += ways
        reached.update(ways)
    for name in declared:
        if name not in reached:
            scope.refuse(
                "state.unreachable",
                ("states", name),
                found=f"no way leads from {initial} to {name}",
                expected="a state that some other leads to, with a probability above 0",
                severity="warning",
            )


def _ladder(spec: Spec, names: Sequence[str], say: Refusals) -> tuple[Ints, Ints, tuple[tuple[str, float], ...]]:
    """How each name moves along the ladder: (names,) steps, (names,) rungs, and the rungs with their values."""
    levels = tuple((level.name, float(level.value)) for level in spec.levels or ())
    known = [name for name, _ in levels]
    for place, name in enumerate(known):
        if name in known[:place]:
            say(
                "state.level_twice",
                ("levels", place, "name"),
                found=f"'{name}' a second time",
                expected="levels with names of their own",
            )
    rung = np.array([name.lower().startswith(CLIMBS) - 1 * name.lower().startswith(FALLS) for name in names], np.int64)
    onto = np.array([known.index(name) if name in known else -1 for name in names], dtype=np.int64)
    if spec.levels is not None and not rung.any() and (onto < 0).all():
        say(
            "state.idle_levels",
            "levels",
            found=f"levels {listed(known)}, along which no state moves",
            expected="a next state upgraded or downgraded, or one named like a level",
        )
    return rung, onto, levels


def _refuse_over_one(
    spec: Spec, exits: Mapping[str, Mapping[str, float]], lost: set[str], most: Callable[[float], float], say: Refusals
) -> None:
    """Refuse probabilities of leaving that pass 1 in some period, for the segment and arm that is most likely to be lost."""
    curve = max((float(step) for step in spec.hazard_curve), default=1.0) if spec.hazard_curve else 1.0
    for name, ways in exits.items():
        stays = sum(share for to, share in ways.items() if to not in lost)
        leaves = sum(share for to, share in ways.items() if to in lost)
        factor = most(leaves) / leaves if leaves else 1.0
        total = (stays + leaves * factor) * curve
        if total > 1.0 + ROUNDING:
            parts = [f"{share:g}" for to, share in ways.items() if to not in lost]
            parts += [
                f"{share:g}" + (f" x {factor:g}" if factor != 1 else "") for to, share in ways.items() if to in lost
            ]
            said = " + ".join(parts)
            say(
                "state.over_one",
                ("states", name),
                found=(f"({said}) x {curve:g}" if curve != 1 else said) + f" = {total:g} of {name} in a period",
                expected="probabilities of leaving that sum to 1 at most, multipliers included",
            )


def _exits(exits: Mapping[str, Mapping[str, float]], names: Sequence[str], allowed: Sequence[str]) -> Exits:
    ways = [[(to, share) for to, share in of.items() if to in allowed and share > 0] for of in exits.values()]
    width = max([1, *(len(one) for one in ways)])
    running, to = np.zeros((len(ways), width)), np.zeros((len(ways), width), dtype=np.int64)
    for row, one in enumerate(ways):  # few: a loop over states
        total = 0.0
        for column in range(width):
            if column < len(one):
                total += one[column][1]
                to[row, column:] = names.index(one[column][0])
            running[row, column] = total
    return Exits(running, to)
