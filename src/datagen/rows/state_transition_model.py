"""Rows of entities that change between states: a row per change, per stay, or per period."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, ColumnType, Reader
from datagen.errors import listed
from datagen.generators._interval import TimeBounds
from datagen.kernel.clock import DAY_US, Times
from datagen.rows._arms import changed
from datagen.rows._contract import BoundRows, RowScope
from datagen.rows._exposure import STEPS, Exposure
from datagen.rows._mapped import mapped
from datagen.rows._states_chain import Chain, read_chain
from datagen.rows._states_history import Rules
from datagen.rows._states_outlook import Outlook, outlook
from datagen.rows._states_periods import Periods
from datagen.rows._states_rows import StateRows
from datagen.schema.model_behaviors import StateTransitionModel as Spec

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NODES = 256  # equally likely entities that stand for a beta law in the plan
LEAVERS = 64  # equally likely departures of each of them
MOST_OUTLOOKS = 20_000  # periods that are looked ahead at most, over segments, arms and starts, where experiments act
CLIPPED = 0.02  # of the mean chance of loss that may be cut off at 1
ONLY_WITH = {"valid_to": ("intervals",), "is_current": ("intervals",)}  # roles that some outputs alone fill


class StateTransitionModel:
    """Competing risks in discrete time: in every period an entity may leave its state, to one of several others."""

    SPEC: ClassVar[type[Spec]] = Spec
    FILLS: ClassVar[dict[str, ColumnType]] = {
        "state": "string",
        "previous_state": "string",
        "time": "datetime",
        "valid_to": "datetime",
        "is_current": "bool",
        "period": "int",
        "level": "string",
        "level_value": "float",
    }

    def __init__(self, spec: Spec, scope: RowScope) -> None:
        self.spec, self.scope = spec, scope

    def reads(self) -> Iterable[Any]:
        """When the entity begins, and its segment."""
        names = [] if self.scope.begin is None else [self.scope.begin]
        if self.spec.segment_variation:
            found = self.scope.variation(tuple(self.spec.segment_variation), "segment_variation")
            names += [] if found is None else [found.name]
        return names

    def bind(self) -> BoundRows | None:
        """The rows, or None after a refusal."""
        scope, spec = self.scope, self.spec
        if scope.timeframe is None:
            scope.refuse(
                "state.no_timeframe",
                (),
                found=f"states of {scope.own} in time, in a document without a timeframe",
                expected="timeframe: {start, end} at the top of the document",
            )
            return None
        factors = {name: float(one.churn_multiplier) for name, one in (spec.segment_variation or {}).items()}
        chain = read_chain(spec, scope, self._most(factors))
        variation = scope.variation(tuple(factors), "segment_variation") if factors else None
        if chain is None or (factors and variation is None):
            return None
        if scope.chances.effects and not chain.losses.total.any():
            scope.refuse(
                "state.nothing_lost",
                (),
                found="an experiment on churn, where no state counts as lost",
                expected="churn_states: [a state], or a terminal state",
            )
        self._refuse_roles(chain)
        self._refuse_elsewhere()
        frailty = self._frailty(chain)
        rules = self._rules(chain, factors, None if variation is None else variation.reader, frailty)
        if rules is None:
            return None
        start, end = scope.timeframe.start, scope.timeframe.end
        shares = {} if variation is None or variation.shares is None else dict(variation.shares)
        most = rules.periods.most(start, end) + 1
        starts, guessed = self._starts()
        groups = self._outlooks(rules, factors, shares, frailty, most)
        treated = [
            (members, self._outlooks(rules, factors, shares, frailty, most, before))
            for before, members in self._classes(rules, starts, most, len(groups))
        ]
        came, left = (tuple(scope.read(name) for name in names) for names in scope.life)
        return StateRows(
            own=scope.own,
            parent=scope.parent,
            rules=rules,
            exposure=Exposure(start, end, self._bounds(), rules.step, self._begin(), None, came, left),
            output=self._output,
            expected=sum(self._expected(rules, one, starts[at]) * len(at) for at, one in treated) / len(starts),
            largest=float(1 + rules.periods.most(start, end)),
            description=self._said(chain, rules, groups),
            guessed=guessed or (variation is not None and variation.shares is None) or rules.arms.guessed,
            outlook=_mixed([(len(at) / len(starts) * share, one) for at, some in treated for _, share, one in some]),
            control=_mixed([(share, one) for _, share, one in groups]),
            starts=starts,
        )

    def _most(self, factors: dict[str, float]) -> Callable[[float], float]:
        """The highest probability of loss that a declared one becomes, by segments and experiments."""
        arms, factor = self.scope.chances, max([1.0, *factors.values()])

        def most(declared: float) -> float:
            found = [np.array(declared * factor)]
            for level in arms.levels:
                chance = found[0]
                for effect, size in zip(arms.effects, level.sizes, strict=True):
                    chance = changed(chance, size, effect.op) if effect.op == "odds" else chance * size
                found.append(chance)
            return max(float(one) for one in found)

        return most

    @property
    def _output(self) -> str:
        return self.spec.output or "transitions"

    def _bounds(self) -> TimeBounds:
        return TimeBounds((), (), self.scope.own) if self.scope.time is None else TimeBounds.of(self.scope.time)

    def _begin(self) -> Reader | None:
        return None if self.scope.begin is None else self.scope.read(self.scope.begin)

    def _refuse_roles(self, chain: Chain) -> None:
        """Columns that this model has nothing for, and levels that no column shows."""
        scope = self.scope
        for role, outputs in ONLY_WITH.items():
            if role in scope.filled and self._output not in outputs:
                scope.refuse(
                    "state.role_without_output",
                    "output",
                    found=f"{scope.filled[role]} with role: {role}, and output: {self._output}",
                    expected=f"output: {listed(outputs)}, or no such column",
                )
        shown = [role for role in ("level", "level_value") if role in scope.filled]
        if shown and not chain.ladder:
            scope.refuse(
                "state.no_levels",
                (),
                found=f"{scope.filled[shown[0]]} with role: {shown[0]}, and no levels",
                expected="levels: [{name, value}, …], lowest first",
            )
        if chain.ladder and not shown:
            scope.refuse(
                "state.hidden_levels",
                "levels",
                found=f"levels that no column of {scope.own} shows",
                expected="a column with role: level or role: level_value",
            )

    def _refuse_elsewhere(self) -> None:
        """What is declared elsewhere and has no meaning for states."""
        scope = self.scope
        what = (
            "an age curve on its rate"
            if scope.ages
            else "an effect on its volume"
            if scope.table_effects
            else "a multiplier of its rows"
            if scope.factors
            else ""
        )
        if what:
            scope.refuse(
                "state.not_a_rate",
                (),
                found=f"{what}, and rows of {scope.own} that are states",
                expected="effects, ages and multipliers on the rate of a table with a fanout",
                hint="segments change states by segment_variation, tenure by hazard_curve",
            )
        moved = [] if scope.time is None else [word for word, _ in scope.time.own_modifiers if word != "seasonality"]
        if moved and scope.time is not None:
            scope.refuse(
                "state.moved_time",
                (),
                found=f"{moved[0]} on {scope.time.column}, whose times follow each other in their periods",
                expected=f"{scope.time.column} without modifiers",
                hint="an expression in a column of its own may move them",
            )

    def _frailty(self, chain: Chain) -> Any:
        """The law of how much entities differ, mean 1 after scaling; None without one or after a refusal."""
        if self.spec.heterogeneity is None:
            return None
        scope = self.scope
        a, b = (float(one) for one in self.spec.heterogeneity.beta)
        draw = scope.law({"type": "beta", "params": {"a": a, "b": b}}, "heterogeneity")
        if draw is None:
            return None
        mean = a / (a + b)
        declared = float(chain.losses.total.max(initial=0.0))
        if declared > 0:
            share = draw.quantile(_middles(), None) * declared / mean
            cut = 1.0 - float(np.minimum(share, 1.0).mean() / share.mean())
            if cut > CLIPPED:
                scope.refuse(
                    "state.frailty_cut",
                    ("heterogeneity", "beta"),
                    found=f"beta [{a:g}, {b:g}], of mean {mean:.3g}, for a probability of loss of {declared:.3g}: "
                    f"scaled to it, {cut:.0%} of the losses would lie above a probability of 1",
                    expected=f"a beta law whose mean a / (a + b) is near {declared:.3g}",
                )
        return draw

    def _rules(self, chain: Chain, factors: dict[str, float], segment: Reader | None, frailty: Any) -> Rules | None:
        scope, spec = self.scope, self.spec
        periods = Periods(spec.period_unit or "month", spec.period_anchor == "calendar")
        step = STEPS["s"] if scope.time is None else STEPS[scope.time.precision]
        if scope.time is not None and scope.time_type == "date":
            step = DAY_US
            if periods.length < DAY_US:
                scope.refuse(
                    "state.period_too_fine",
                    "period_unit",
                    found=f"periods of an {periods.unit} in {scope.time.column}, a column of dates",
                    expected="type: datetime, or periods of a day and more",
                )
                return None
        salt = scope.salt("frailty")
        mean = 1.0 if frailty is None else _beta_mean(spec)

        def factor(parent: Block) -> Floats:
            found = np.ones(parent.rows) if segment is None else mapped(segment(parent), factors)
            return found if frailty is None else found * (frailty.quantile(parent.uniform(salt), parent) / mean)

        return Rules(
            chain=chain,
            periods=periods,
            curve=tuple(float(one) for one in spec.hazard_curve or ()),
            term=int(spec.term or 1),
            early=float(spec.early_exit or 0.0),
            factor=None if segment is None and frailty is None else factor,
            salt=scope.salt("states"),
            step=step,
            arms=scope.chances,
        )

    # what to expect

    def _classes(self, rules: Rules, starts: Times, periods: int, segments: int) -> list[tuple[tuple[int, ...], Ints]]:
        """Places of the starts for which effects of experiments act after as many whole periods, with these periods."""
        effects, every = rules.arms.effects, np.arange(len(starts), dtype=np.int64)
        if not any(effect.since is not None for effect in effects):
            return [((0,) * len(effects), every)]
        begun = np.zeros((len(starts), len(effects)), dtype=np.int64)
        for place, effect in enumerate(effects):
            if effect.since is not None:
                begun[:, place] = rules.periods.passed(starts, effect.since)[0]
        different, code = np.unique(np.minimum(begun, periods), axis=0, return_inverse=True)
        kept = max(1, min(LEAVERS, MOST_OUTLOOKS // (periods * segments * len(rules.arms.levels))))
        joined = -(-len(different) // kept)  # neighbours that count as one
        code = code.ravel() // joined
        return [
            (tuple(int(one) for one in different[min(place * joined + joined // 2, len(different) - 1)]), members)
            for place in range(int(code.max()) + 1)
            if len(members := every[code == place])
        ]

    def _outlooks(
        self, rules: Rules, factors: dict[str, float], shares: dict[str, float], frailty: Any, periods: int,
        before: tuple[int, ...] | None = None,
    ) -> list[tuple[str, float, Outlook]]:  # fmt: skip
        """(segment, its share of the entities, what becomes of it), those without a factor of their own as one.

        before: periods that pass before the effects of experiments act; None: as in the control.
        """
        spread = np.ones(1) if frailty is None else frailty.quantile(_middles(), None) / _beta_mean(self.spec)
        named = [(name, shares.get(name, 0.0), factor) for name, factor in factors.items()]
        rest = max(0.0, 1.0 - sum(share for _, share, _ in named))
        if rest > 0 or not named:
            named.append(("others" if factors else "", rest or 1.0, 1.0))
        total = sum(share for _, share, _ in named)
        levels = [(1.0, ())] if before is None else [(level.share, level.sizes) for level in rules.arms.levels]
        return [
            (
                name if before is None else "",
                share / total * part,
                outlook(rules, self._output, spread * factor, periods, sizes, (before or ()) if sizes else ()),
            )
            for name, share, factor in named
            for part, sizes in levels
        ]

    def _starts(self) -> tuple[Times, bool]:
        """Equally likely moments at which histories begin, and whether they had to be guessed."""
        scope = self.scope
        assert scope.timeframe is not None
        start, end = scope.timeframe.start, scope.timeframe.end
        known = np.array([float(start)]) if scope.begin is None else scope.begins()
        # the times of a process: as if they came evenly
        starts = start + (np.arange(NODES) + 0.5) / NODES * (end - start) if known is None else known
        return np.maximum(starts, start).astype(np.int64), known is None

    def _expected(self, rules: Rules, groups: list[tuple[str, float, Outlook]], starts: Times) -> float:
        assert self.scope.timeframe is not None
        end = self.scope.timeframe.end
        begun, passed = rules.periods.passed(starts, end)
        there = begun > 0 if self._output == "snapshots" else starts < end
        until = np.repeat(passed, LEAVERS).reshape(-1, LEAVERS)
        for place, curve in enumerate(self.scope.leaving):
            u = ((np.arange(LEAVERS) * (2 * place + 1)) % LEAVERS + 0.5) / LEAVERS  # another order for each curve
            most = (end - self.scope.timeframe.start) / curve.unit
            stays = curve.leaving(u, np.full(LEAVERS, 0.5), most) * (curve.unit / rules.periods.length)
            until = np.minimum(until, stays[None, :])
        if self._output == "snapshots":  # written at the beginning of their period
            until = np.maximum(np.ceil(until) - 1.0, 0.0)
        rows = np.zeros(until.size)
        for _, share, one in groups:
            rows += share * one.rows_after(until.ravel())
        return float(np.where(there, rows.reshape(until.shape).mean(axis=1), 0.0).mean())

    def _said(self, chain: Chain, rules: Rules, groups: list[tuple[str, float, Outlook]]) -> str:
        parts = [f"{self._output} of {listed(chain.names[: chain.declared])} by {rules.periods.unit}"]
        if chain.momentary:
            parts.append(f"momentary: {listed(chain.momentary)}")
        if chain.lost.any():
            lasting = [f"{name} {one.kept[-1]:.3f}".strip() for name, _, one in groups]
            parts.append(f"not lost after {len(groups[0][2].kept) - 1} periods: {', '.join(lasting)}")
        return "; ".join(parts)


def _middles() -> Floats:
    """(NODES,) middles of equally likely parts of the unit interval."""
    return (np.arange(NODES) + 0.5) / NODES


def _beta_mean(spec: Spec) -> float:
    a, b = (1.0, 1.0) if spec.heterogeneity is None else (float(one) for one in spec.heterogeneity.beta)
    return a / (a + b)


def _mixed(groups: list[tuple[float, Outlook]]) -> Outlook:
    """All segments together, by their shares."""
    return Outlook(
        sum((share * one.rows for share, one in groups), start=np.zeros(1)),
        sum((share * one.kept for share, one in groups), start=np.zeros(1)),
        sum((share * one.states for share, one in groups), start=np.zeros(1)),
    )
