"""Rows of lives in stages that last, lead to each other and are full of events: equipment, members, patients, devices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from datagen.contracts import Block, ColumnType, Dictionary, Draw, Fill, Values
from datagen.errors import did_you_mean, listed
from datagen.generators._interval import TimeBounds
from datagen.kernel.clock import DAY_US
from datagen.kernel.guides import GuideTable
from datagen.rows._contract import BoundRows, Ints, RowScope, mean_factor, whole
from datagen.rows._exposure import STEPS, Exposure
from datagen.rows._lifecycle_course import Course, LifeStage, Rules, course
from datagen.rows._lifecycle_imagined import LastShares, last_shares
from datagen.rows._lifecycle_outlook import Outlook, outlook
from datagen.rows._scaled_law import written_law
from datagen.schema.model_processes import LifecycleModel as Spec
from datagen.schema.model_processes import LifecycleStage, StageEvents
from datagen.schema.weights import shares

EXITED, CHURNED = "exited", "churned"  # where those go who leave; stages of these names are declared ones
OPENING = "entered"  # the event of a row that opens a stay
PER_DAY: Mapping[str, float] = {"high": 1.0, "medium": 0.3, "low": 0.1}
BEFORE = -(2**60)  # before all times
MOST_STAYS = 10_000.0  # of an entity on average: more are a slip in a duration
EVENLY = 1_000  # beginnings that stand for unknown ones
DOMINANT = 1e-3  # share of a law below 0 that is worth a word


class LifecycleModel:
    """A semi-Markov chain of stages: each lasts as its law says, leads on by shares, and has events at a rate."""

    SPEC: ClassVar[type[Spec]] = Spec
    FILLS: ClassVar[dict[str, ColumnType]] = {
        "stage": "string",
        "stage_index": "int",
        "event_type": "string",
        "time": "datetime",
    }

    def __init__(self, spec: Spec, scope: RowScope) -> None:
        self.spec, self.scope = spec, scope
        # the canonical tree has stages as a list
        self.stages: tuple[LifecycleStage, ...] = () if isinstance(spec.stages, Mapping) else tuple(spec.stages)
        declared = [one.stage_name for one in self.stages]
        self.names = (*declared, *(name for name in (EXITED, CHURNED) if name not in declared))

    def reads(self) -> Iterable[Any]:
        """When the entity begins, and what durations are made of, as names of the driving parent."""
        scope = self.scope
        names = [] if scope.begin is None else [scope.begin]
        for one in self.stages:
            names += [] if one.duration is None else scope.law_reads(written_law(one.duration))
        return names

    def bind(self) -> BoundRows | None:
        """The rows, or None after a refusal."""
        scope = self.scope
        if scope.timeframe is None:
            scope.refuse(
                "stage.no_timeframe",
                (),
                found=f"stages of {scope.own} in a document without a timeframe",
                expected="timeframe: {start, end} at the top of the document",
            )
            return None
        self._refuse_names()
        self._refuse_elsewhere()
        types = [OPENING]
        stages = [self._stage(place, one, types) for place, one in enumerate(self.stages)]
        bound = tuple(one for one in stages if one is not None)
        if len(bound) < len(self.stages) or self._refuses_unreached(bound):
            return None
        step = STEPS["s"] if scope.time is None else STEPS[scope.time.precision]
        rules = Rules(
            stages=bound,
            names=Dictionary(self.names),
            types=Dictionary(types),
            gone=self.names.index(CHURNED),
            begin=None if scope.begin is None else scope.read(scope.begin),
            exposure=Exposure(
                BEFORE,
                scope.timeframe.end,
                TimeBounds((), (), scope.own) if scope.time is None else TimeBounds.of(scope.time),
                DAY_US if scope.time_type == "date" else step,
            ),
            opens=scope.timeframe.start,
            factors=tuple(scope.factors),
            key=scope.key ^ scope.salt("stays"),
            salts={use: scope.salt(use) for use in ("duration", "way", "churn", "events", "kind")},
            home=scope.own,
        )
        return self._rows(rules)

    def _rows(self, rules: Rules) -> BoundRows | None:
        scope = self.scope
        begun = np.array([float(rules.opens)]) if scope.begin is None else scope.begins()
        even = (np.arange(EVENLY) + 0.5) / EVENLY
        starts = rules.opens + even * (rules.exposure.end - rules.opens) if begun is None else begun
        seen = outlook(rules, starts)
        if seen is None or not float(seen.entered.sum()) <= MOST_STAYS:
            scope.refuse(
                "lifecycle.no_end",
                ("stages",),
                found=f"stages of {scope.own} that follow each other more than {MOST_STAYS:,.0f} times",
                expected="durations that fit the timeframe",
            )
            return None
        last = last_shares(rules, starts, seen)
        factor, unsure = mean_factor(scope.factors)
        events = float(seen.days[: len(rules.stages)] @ np.array([one.rate for one in rules.stages])) * factor
        stays = float(seen.stays.sum())
        return LifecycleRows(
            rules=rules,
            own=scope.own,
            parent=scope.parent,
            expected=stays + events,
            largest=math.inf,
            description=f"lives from {scope.begin or 'the start of the timeframe'}: {stays:.3g} stays and {events:.3g} "
            "events each"
            + ("" if last is None else f"; at the end {self._said(last)}")
            + (", if they began evenly" if begun is None else ""),
            guessed=unsure
            or (begun is None)
            or any(one.duration is not None and not one.duration.constant for one in rules.stages),
            outlook=seen,
            last=last,
        )

    def _said(self, last: LastShares) -> str:
        """Who is where at the end, in a line."""
        return ", ".join(f"{name} {share:.1%}" for name, share in zip(self.names, last.shares, strict=True))

    # what is refused

    def _refuse_names(self) -> None:
        names = [one.stage_name for one in self.stages]
        for place, name in enumerate(names):
            if name in names[:place]:
                self.scope.refuse(
                    "stage.twice",
                    ("stages", place, "stage_name"),
                    found=f"a second stage '{name}'",
                    expected="a name of its own for every stage",
                )

    def _refuse_elsewhere(self) -> None:
        """What is declared elsewhere and has no meaning here, and events that no column or no rate shows."""
        scope = self.scope
        what = "an age curve on its rate" if scope.ages else "an effect on its volume" if scope.table_effects else ""
        if what:
            scope.refuse(
                "stage.not_a_rate",
                (),
                found=f"{what}, and rows of {scope.own} that are stages and their events",
                expected="effects and ages on the rate of a table with a fanout",
            )
        moved = [] if scope.time is None else [word for word, _ in scope.time.own_modifiers if word != "seasonality"]
        if moved and scope.time is not None:
            scope.refuse(
                "process.moved_time",
                (),
                found=f"{moved[0]} on {scope.time.column}, whose times lie in their stages",
                expected=f"{scope.time.column} without {moved[0]}",
                hint="an expression in a column of its own may move them",
            )
        busy = [place for place, one in enumerate(self.stages) if one.events_during_stage is not None]
        if busy and "event_type" not in scope.filled:
            scope.refuse(
                "lifecycle.hidden_events",
                ("stages", busy[0], "events_during_stage"),
                found=f"events whose kind no column of {scope.own} shows",
                expected="a column event_type of type string, without a generator",
            )
        if scope.factors and not busy:
            scope.refuse(
                "lifecycle.no_events",
                (),
                found=f"a segment that multiplies the rows of {scope.own}, whose stages have no events",
                expected="events_during_stage in a stage: its rate is multiplied",
            )

    def _refuses_unreached(self, stages: tuple[LifeStage, ...]) -> bool:
        """Refuse stages that nobody comes to."""
        reached, waiting = {0}, [0]
        while waiting:
            one = stages[waiting.pop()]
            ways = {to for to, share in zip(one.to, np.diff(one.ways, prepend=0.0), strict=True) if share > 0}
            ways |= {self.names.index(CHURNED)} if one.lost > 0 else set()
            fresh = [to for to in ways - reached if to < len(stages)]
            reached |= ways
            waiting += fresh
        missing = [place for place in range(len(stages)) if place not in reached]
        for place in missing:
            self.scope.refuse(
                "lifecycle.unreached",
                ("stages", place, "stage_name"),
                found=f"stage '{stages[place].name}', to which no other leads",
                expected="a way there: next_stages of another stage, or its place right after one that ends",
            )
        return bool(missing)

    # the parts of a lifecycle

    def _stage(self, place: int, stage: LifecycleStage, types: list[str]) -> LifeStage | None:
        scope, at = self.scope, ("stages", place)
        ways = self._ways(place, stage)
        duration = None if stage.duration is None else self._duration(stage.duration, (*at, "duration"))
        if ways is None or (stage.duration is not None and duration is None):
            return None
        if duration is None:
            for key in ("next_stages", "exit_probability"):
                if getattr(stage, key) is not None:
                    scope.refuse(
                        "lifecycle.endless",
                        (*at, key),
                        found=f"{key} of stage '{stage.stage_name}', which has no duration and lasts for good",
                        expected="a duration: a law of times, such as {lognormal: {median: 30d, sigma: 0.5}}",
                    )
            ways = {}
        events = self._events((*at, "events_during_stage"), stage.events_during_stage)
        if events is None:
            return None
        rate, kinds = events
        for kind in kinds:
            if kind not in types:
                types.append(kind)
        targets = {to: share for to, share in ways.items() if share > 0}
        return LifeStage(
            name=stage.stage_name,
            duration=duration,
            ways=tuple(float(one) for one in np.cumsum(list(targets.values()))),
            to=tuple(self.names.index(to) for to in targets),
            lost=float(stage.churn_probability_per_period or 0.0),
            rate=rate,
            kinds=np.array([types.index(kind) for kind in kinds], dtype=np.int64),
            pick=GuideTable(np.array(list(kinds.values()))) if len(kinds) > 1 else None,
        )

    def _ways(self, place: int, stage: LifecycleStage) -> dict[str, float] | None:
        """Shares of where a stage leads when it ends."""
        scope, at = self.scope, ("stages", place)
        written, on = stage.next_stages, stage.exit_probability
        written = (written,) if isinstance(written, str) else written
        chance = 1.0 if on is None else float(on)
        if isinstance(written, Mapping):
            found = self._shares(written, (*at, "next_stages"), chance)
            if found is not None and on is not None and EXITED in written:
                scope.refuse(
                    "lifecycle.two_exits",
                    (*at, "exit_probability"),
                    found=f"exit_probability beside next_stages that say how many go to {EXITED}",
                    expected="one of them",
                )
        else:
            onward = [stage.stage_name for stage in self.stages[place + 1 : place + 2]]
            names = onward if written is None else [str(name) for name in written]
            if len(names) > 2 or (len(names) == 2 and on is None):
                scope.refuse(
                    "lifecycle.no_shares",
                    (*at, "next_stages"),
                    found=f"{len(names)} next stages without shares",
                    expected="next_stages: {" + ", ".join(f"{name}: {1 / len(names):.0%}" for name in names) + "}",
                    hint="of two, exit_probability is the share of the first",
                )
                return None
            if not names and on is not None:
                scope.refuse(
                    "lifecycle.endless",
                    (*at, "exit_probability"),
                    found=f"exit_probability of stage '{stage.stage_name}', after which there is none",
                    expected="next_stages, or no exit_probability",
                )
            found = {names[0]: chance} if names else {EXITED: 1.0}
            if names and chance < 1.0:
                other = names[1] if len(names) == 2 else EXITED
                found[other] = found.get(other, 0.0) + 1.0 - chance
            for one in names:
                found.setdefault(one, 0.0)
        strange = [name for name in found or () if name not in self.names]
        for name in strange:
            scope.refuse(
                "lifecycle.unknown_stage",
                (*at, "next_stages"),
                found=f"'{name}'",
                expected=f"a stage: {listed(self.names)}",
                hint=did_you_mean(name, self.names),
            )
        return None if strange else found

    def _shares(self, written: Mapping[str, Any], at: tuple[Any, ...], chance: float) -> dict[str, float] | None:
        result = shares(list(written.values()), relative_ok=True, version_1=self.scope.version_1)
        if result.code:
            self.scope.refuse(
                result.code,
                at,
                found=result.found,
                expected=result.expected,
                hint=result.hint,
                severity=result.severity,
            )
        if result.values is None:
            return None
        found = {str(name): share * chance for name, share in zip(written, result.values, strict=True)}
        if chance < 1.0:
            found[EXITED] = found.get(EXITED, 0.0) + 1.0 - chance
        return found

    def _duration(self, written: Any, at: tuple[str | int, ...]) -> Draw | None:
        draw = self.scope.law(written_law(written), at, durations=True)  # type: ignore[arg-type]
        if draw is not None and draw.constant:
            below = float(draw.cdf(np.array([-1.0]), None)[0])
            if below > DOMINANT:
                self.scope.refuse(
                    "stage.negative_time",
                    at,
                    found=f"{below:.1%} of the times of this law are below 0, and are taken as the least there can be",
                    expected="a law of times above 0: exponential, gamma, lognormal, weibull",
                    hint="truncate: [0, null] cuts it instead",
                    severity="warning",
                )
        return draw

    def _events(self, at: tuple[str | int, ...], written: StageEvents | None) -> tuple[float, dict[str, float]] | None:
        """Events per day, and their kinds with weights; None after a refusal."""
        if written is None:
            return 0.0, {}
        scope = self.scope
        if (written.rate is None) == (written.frequency is None):
            scope.refuse(
                "lifecycle.one_rate",
                at,
                found="both a frequency and a rate" if written.rate is not None else "events without a rate",
                expected="one of frequency: high, medium or low (1, 0.3 or 0.1 events per day), and rate: events per day",
            )
            return None
        kinds = written.event_types
        weights = kinds if isinstance(kinds, Mapping) else dict.fromkeys((str(kind) for kind in kinds), 1.0)
        found = {str(kind): float(weight) for kind, weight in weights.items()}
        if OPENING in found:
            scope.refuse(
                "lifecycle.name_taken",
                (*at, "event_types"),
                found=f"an event '{OPENING}', which is what the row that opens a stage is called",
                expected="another name for the event",
            )
            return None
        if not 0 < sum(found.values()) < math.inf:
            scope.refuse(
                "lifecycle.no_kinds",
                (*at, "event_types"),
                found="no kinds of events" if not found else f"weights of {listed(tuple(found))} that are all 0",
                expected="at least one kind of event with a weight above 0",
            )
            return None
        rate = float(written.rate) if written.rate is not None else PER_DAY[str(written.frequency)]
        return rate, found


@dataclass(frozen=True)
class LifecycleRows:
    """The rows of lives in stages, ready to be made."""

    rules: Rules
    own: str
    parent: str
    expected: float
    largest: float
    description: str
    guessed: bool
    outlook: Outlook
    last: LastShares | None  # None: not known before rows are made

    @cached_property
    def fills(self) -> Mapping[str, Fill]:
        """What fills the columns of each role."""
        rules = self.rules

        def texts(codes: Ints, dictionary: Dictionary) -> Values:
            kind = np.uint8 if len(dictionary) <= 255 else np.uint16
            return Values("category", codes.astype(kind), dictionary=dictionary)

        return {
            "stage": self._fill(lambda rows, at: texts(rows.stage[at], rules.names)),
            "stage_index": self._fill(lambda rows, at: Values("int", rows.stage[at] + 1)),
            "event_type": self._fill(lambda rows, at: texts(rows.kind[at], rules.types)),
            "time": self._fill(lambda rows, at: Values("time", rows.time[at])),
        }

    def __call__(self, parent: Block) -> Ints:
        return self.made(parent).counts

    def made(self, parent: Block) -> Course:
        """The rows of a block of parents, worked out once."""
        found: Course = whole(parent, self.own, lambda: course(parent, self.rules))
        return found

    def _fill(self, make: Any) -> Fill:
        def fill(block: Block) -> Values:
            parent, index = block.ancestor(self.parent)
            rows = self.made(parent)
            owner = np.arange(block.rows, dtype=np.int64) if index is None else index
            found: Values = make(rows, rows.offsets[owner] + block.ordinal)
            return found

        return fill
