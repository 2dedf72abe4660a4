"""Stages passed one after another, fewer at each: funnels of users, loans, patients, with times between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from datagen.contracts import Block, ColumnType, Dictionary, Draw, Fill, Reader, Values
from datagen.generators._interval import TimeBounds
from datagen.rows._contract import BoundRows, Filler, Ints, RowScope, Variation, mean_factor, whole
from datagen.rows._exposure import STEPS, Exposure
from datagen.rows._scaled_law import ScaledLaw, scaled_law, written_law
from datagen.rows._stages_outlook import outlook, said, unsure
from datagen.rows._stages_passed import Passed, passed
from datagen.rows._stages_rules import SECOND, Rules, StageRule
from datagen.schema.durations import parse_duration
from datagen.schema.model_behaviors import Stage
from datagen.schema.model_behaviors import StageConfig as Spec
from datagen.schema.times import parse_time

ABANDONED = "abandoned"  # the stage of a row that says where somebody dropped out
# how long the next stage takes where nothing is said: mostly hours to a week
DEFAULT_DWELL = {"type": "lognormal", "params": {"median": "1d", "sigma": 1.0}}
DOMINANT = 1e-3  # share of a law below 0 that is worth a word
NEVER = -(2**60)  # before all times


class StageConfig:
    """The rows of a funnel, one per passage and stage reached. Source: a truncated absorbing Markov chain."""

    SPEC: ClassVar[type[Spec]] = Spec
    FILLS: ClassVar[dict[str, ColumnType]] = {
        "stage": "string",
        "stage_index": "int",
        "time": "datetime",
        "journey": "int",
    }

    def __init__(self, spec: Spec, scope: RowScope) -> None:
        self.spec, self.scope = spec, scope
        # the canonical tree has stages as a list
        self.stages: tuple[Stage, ...] = () if isinstance(spec.stages, Mapping) else tuple(spec.stages)
        start = spec.start
        self.start = None if start is None else start.from_
        self.delay = None if start is None or start.delay is None else written_law(start.delay)
        self.instances = None if spec.instances_per_parent is None else written_law(spec.instances_per_parent)

    def reads(self) -> Iterable[Any]:
        """What the rows read, as names of the driving parent."""
        scope = self.scope
        names: list[Any] = []
        if self.spec.segment_variation:
            variation = self._variation()
            names += [] if variation is None else [variation.name]
        if self.start is not None:
            names += scope.names_in(self.start)
        elif scope.begin is not None:
            names.append(scope.begin)
        laws = [self.delay, self.instances, *(written_law(one.dwell) for one in self.stages if one.dwell is not None)]
        for law in laws:
            names += [] if law is None else scope.law_reads(law)
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
        variation = self._variation() if self.spec.segment_variation else None
        if self.spec.segment_variation and variation is None:
            return None
        stages = [self._stage(place, one) for place, one in enumerate(self.stages)]
        delay = None if self.delay is None else self._times(self.delay, ("start", "delay"))
        instances = self._instances()
        rules = Rules(
            stages=tuple(one for one in stages if one is not None),
            segment=None if variation is None else variation.reader,
            begin=self._begin(),
            delay=delay,
            instances=instances,
            factors=tuple(scope.factors),
            exposure=self._exposure(),
            opens=scope.timeframe.start,
            compress=self.spec.censor == "compress",
            dropoff=bool(self.spec.dropoff_event),
            key=scope.key ^ scope.salt("journeys"),
            salts={use: scope.salt(use) for use in ("begin", "delay", "instances", "rounding")},
            home=scope.own,
            arms=scope.chances,
        )
        if rules.compress and rules.begun:
            scope.refuse(
                "experiment.compressed",
                ("censor",),
                found="censor: compress, and an experiment on the stages that starts inside the timeframe",
                expected="start: timeframe.start, or censor: drop",
                hint="with compress the time of a stage follows from how far the passage gets",
            )
        if len(rules.stages) < len(self.stages) or (self.instances is not None and instances is None):
            return None
        return self._rows(rules, variation)

    def _rows(self, rules: Rules, variation: Variation | None) -> BoundRows:
        scope = self.scope
        starts, known = self._starts()
        factor, unsure_factor = mean_factor(scope.factors)
        mean = 1.0 if rules.instances is None else rules.instances.draw.mean()
        each = (1.0 if mean is None else mean) * factor
        shares = {} if variation is None or variation.shares is None else variation.shares
        seen = outlook(rules, shares, starts, each)
        most = 1.0 if rules.instances is None else math.inf if scope.factors else rules.instances.draw.support()[1]
        begin = self.start if self.start is not None else scope.begin
        where = "anywhere in the timeframe" if begin is None else f"from {begin}"
        return StageRows(
            rules=rules,
            names=Dictionary([*(one.name for one in rules.stages), ABANDONED]),
            own=scope.own,
            parent=scope.parent,
            expected=each * float(np.sum(seen.written)),
            largest=(math.ceil(most) if math.isfinite(most) else math.inf) * (len(rules.stages) + rules.dropoff),
            description=f"stages {where}: "
            + said(rules.stages, seen, dropoff=ABANDONED if rules.dropoff else None)
            + (f"; {each:.3g} passages" if rules.instances is not None else ""),
            guessed=not known
            or mean is None
            or unsure_factor
            or unsure(rules)
            or rules.arms.guessed
            or (variation is not None and variation.shares is None),
        )

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
        if self.spec.dropoff_event and ABANDONED in names:
            self.scope.refuse(
                "stage.name_taken",
                ("stages", names.index(ABANDONED), "stage_name"),
                found=f"a stage '{ABANDONED}' beside dropoff_event, whose rows have that stage",
                expected="another name for the stage, or no dropoff_event",
            )

    def _refuse_elsewhere(self) -> None:
        """What is declared elsewhere and has no meaning for stages."""
        scope = self.scope
        what = "an age curve on its rate" if scope.ages else "an effect on its volume" if scope.table_effects else ""
        if what:
            scope.refuse(
                "stage.not_a_rate",
                (),
                found=f"{what}, and rows of {scope.own} that are stages",
                expected="effects and ages on the rate of a table with a fanout",
                hint="segments change stages by segment_variation, passages per parent by instances_per_parent",
            )

    # the parts of a funnel

    def _variation(self) -> Variation | None:
        return self.scope.variation(tuple(self.spec.segment_variation or ()), "segment_variation")

    def _stage(self, place: int, stage: Stage) -> StageRule | None:
        scope, name = self.scope, stage.stage_name
        rate = 1.0 if stage.transition_rate is None else float(stage.transition_rate)
        if rate == 0.0:
            scope.refuse(
                "stage.nobody",
                ("stages", place, "transition_rate"),
                found=f"nobody enters {name}" + (", so there are no rows" if not place else " or a stage behind it"),
                expected="a rate above 0",
                severity="warning",
            )
        dwell: Draw | None = None
        if stage.dwell is not None or place:
            written = DEFAULT_DWELL if stage.dwell is None else written_law(stage.dwell)
            dwell = self._times(written, ("stages", place, "dwell"))
            if dwell is None:
                return None
        step = STEPS["s"] if scope.time is None else STEPS[scope.time.precision]
        least = 0 if stage.min_dwell is None else parse_duration(stage.min_dwell) or 0
        least = max(-(-least // step) * step, SECOND if place else 0)
        return StageRule(
            name=name,
            rate=rate,
            by_segment=self._by_segment(name, rate),
            skip=0.0 if stage.skip_rate is None else float(stage.skip_rate),
            dwell=dwell,
            least=least,
            reach_salt=scope.salt(f"reach {name}"),
            skip_salt=scope.salt(f"skip {name}"),
            dwell_salt=scope.salt(f"dwell {name}"),
        )

    def _by_segment(self, stage: str, rate: float) -> dict[str, float]:
        """The chances of segments. A rate of exactly 1 is certain, whatever the segment."""
        chances: dict[str, float] = {}
        if rate == 1.0:
            return chances
        for segment, one in (self.spec.segment_variation or {}).items():
            factor = float(one.transition_multiplier)
            if self.spec.multiplier_mode == "odds":
                chances[segment] = factor * rate / (1.0 - rate + factor * rate)
                continue
            chances[segment] = min(1.0, factor * rate)
            if factor * rate > 1.0:
                self.scope.refuse(
                    "stage.clipped",
                    ("segment_variation", segment, "transition_multiplier"),
                    found=f"{factor:g} x {rate:g} = {factor * rate:.3g} for segment {segment} at stage {stage}: "
                    "taken as 1, so the segment differs by less than declared",
                    expected=f"a multiplier of at most {1 / rate:.3g} there",
                    hint="multiplier_mode: odds never leaves 0 to 1",
                    severity="warning",
                )
        return chances

    def _times(self, law: Mapping[str, Any], at: tuple[str | int, ...]) -> Draw | None:
        """A law of lengths of time."""
        draw = self.scope.law(law, at, durations=True)  # type: ignore[arg-type]
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

    def _instances(self) -> ScaledLaw | None:
        if self.instances is None and not self.scope.factors:
            return None
        return scaled_law(
            self.instances or {"type": "constant", "params": {"value": 1}}, self.scope.at(("instances_per_parent",))
        )

    def _begin(self) -> Reader | int | None:
        scope, written = self.scope, self.start
        if written is None:
            return None if scope.begin is None else scope.read(scope.begin, "start")
        if isinstance(written, str) and not isinstance(time := parse_time(written), str):
            return time
        reader = scope.expression(written, ("start", "from"))  # type: ignore[arg-type]
        if reader.type not in ("datetime", "date"):
            scope.refuse(
                "stage.start_type",
                ("start", "from"),
                found=f"{written!r} of type {reader.type}",
                expected=f"a time: a datetime column of {scope.parent}, an expression or a date",
            )
        return reader

    def _starts(self) -> tuple[Any, bool]:
        """(k,) equally likely beginnings, None for evenly over the window; and whether that is known."""
        scope = self.scope
        if self.start is None:
            found = None if scope.begin is None else scope.begins()
            return found, scope.begin is None or found is not None
        time = parse_time(self.start) if isinstance(self.start, str) else ""
        if not isinstance(time, str):
            return np.array([float(time)]), True
        same = scope.begin is not None and str(self.start).lower() == scope.begin.lower()
        found = scope.begins() if same else None
        return found, found is not None

    def _exposure(self) -> Exposure:
        scope = self.scope
        assert scope.timeframe is not None
        bounds, step = TimeBounds((), (), scope.own), STEPS["s"]
        if scope.time is not None:
            bounds, step = TimeBounds.of(scope.time), STEPS[scope.time.precision]
        return Exposure(NEVER, scope.timeframe.end, bounds, step)


@dataclass(frozen=True)
class StageRows:
    """The rows of a funnel, ready to be made."""

    rules: Rules
    names: Dictionary
    own: str
    parent: str
    expected: float
    largest: float
    description: str
    guessed: bool
    fills: Mapping[str, Fill] = field(init=False)

    def __post_init__(self) -> None:
        kind = np.uint8 if len(self.names) <= 255 else np.uint16
        made = {
            "stage": lambda rows, at: Values("category", rows.stage[at].astype(kind), dictionary=self.names),
            "stage_index": lambda rows, at: Values("int", rows.index[at]),
            "time": lambda rows, at: Values("time", rows.time[at]),
            "journey": lambda rows, at: Values("int", rows.journey[at]),
        }
        object.__setattr__(self, "fills", {role: self._fill(make) for role, make in made.items()})

    def __call__(self, parent: Block) -> Ints:
        return self.made(parent).counts

    def made(self, parent: Block) -> Passed:
        """The rows of a block of parents, worked out once."""
        found: Passed = whole(parent, self.own, lambda: passed(parent, self.rules))
        return found

    @property
    def outcomes(self) -> Mapping[str, Filler]:
        """By stage: whether a parent has a row of it, the number of its rows where it passes more than once."""
        names = [*(one.name for one in self.rules.stages), *([ABANDONED] if self.rules.dropoff else [])]
        return {
            name: ("bool" if self.rules.instances is None else "int", self._outcome(place))
            for place, name in enumerate(names)
        }

    def _outcome(self, place: int) -> Fill:
        def fill(parent: Block) -> Values:
            rows = self.made(parent)
            owner = np.repeat(np.arange(parent.rows, dtype=np.int64), rows.counts)
            counts = np.bincount(owner[rows.stage == place], minlength=parent.rows).astype(np.int64)
            return Values("bool", counts > 0) if self.rules.instances is None else Values("int", counts)

        return fill

    def _fill(self, make: Any) -> Fill:
        def fill(block: Block) -> Values:
            parent, index = block.ancestor(self.parent)
            rows = self.made(parent)
            owner = np.arange(block.rows, dtype=np.int64) if index is None else index
            found: Values = make(rows, rows.offsets[owner] + block.ordinal)
            return found

        return fill
