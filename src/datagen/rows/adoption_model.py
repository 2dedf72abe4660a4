"""Rows of adopters of a novelty: one when each adopts, and one for every use after that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, ColumnType, Dictionary, Reader
from datagen.errors import did_you_mean, listed
from datagen.kernel.clock import DAY_US
from datagen.rows._adopters import Adopters, Adopting, AdoptionRows, FromAdoption
from datagen.rows._adoption_curve import AdoptionCurve, Bass, Classes
from datagen.rows._cascade import CLASSES
from datagen.rows._cascade_bind import bind_cascade, cascade_reads, cascade_rows, fits_cascade, is_cascade
from datagen.rows._contract import BoundRows, RowScope, Variation, mean_factor
from datagen.rows._mapped import mapped
from datagen.rows._rate import RateRows
from datagen.rows.fanout import Fanout
from datagen.schema.durations import LENGTHS
from datagen.schema.model_fanout import Fanout as FanoutSpec
from datagen.schema.model_processes import AdoptionModel as Spec
from datagen.schema.weights import SLACK, share

Floats = NDArray[np.float64]

# Rogers 1962: the classes of a Bass curve, by who adopts first
ROGERS = {
    "innovators": 0.025,
    "early_adopters": 0.135,
    "early_majority": 0.34,
    "late_majority": 0.34,
    "laggards": 0.16,
}
PER_DAY = {"high": 1.0, "medium": 0.3, "low": 0.1}
OTHERWISE = "else"
NODES = 128  # equally likely adopters that stand for all in the plan
STARTS = 64  # and creation times


class AdoptionModel:
    """Adoption by Bass diffusion, along the classes of adopters or along a graph, from a launch or from creation on."""

    SPEC: ClassVar[type[Spec]] = Spec
    FILLS: ClassVar[dict[str, ColumnType]] = {"time": "datetime", "segment": "string", "stage": "string"}

    def __init__(self, spec: Spec, scope: RowScope) -> None:
        self.scope = scope
        self.inside: dict[str, tuple[str, ...]] = {}  # where each key that stands under params is
        self.spec = self._flat(spec)

    def _flat(self, spec: Spec) -> Spec:
        """The parameters with those under `params` beside the others."""
        if not spec.params:
            return spec
        inner = self.scope.at(("params",)).part(Spec, spec.params)
        if inner is None:
            return spec
        found: dict[str, Any] = {}
        for name in inner.model_fields_set:
            if getattr(spec, name, None) is not None:
                self.scope.refuse(
                    "adoption.two_values",
                    ("params", name),
                    found=f"{name} under params and beside them",
                    expected="one of them",
                )
            found[name] = getattr(inner, name)
            self.inside[name] = ("params", name)
        return spec.model_copy(update={**found, "params": None})

    def at(self, name: str) -> tuple[str, ...]:
        """Where a parameter is written."""
        return self.inside.get(name, (name,))

    def reads(self) -> Iterable[Any]:
        """The creation that a clock starts at, and the segments that are faster."""
        names = list(self._uses().reads())
        if self.spec.origin == "created" and self.scope.begin is not None:
            names.append(self.scope.begin)
        if is_cascade(self.spec):
            return [*names, *cascade_reads(self.spec, self.scope)]
        variation = self._variation()
        return names if variation is None else [*names, variation.name]

    def _uses(self) -> Fanout:
        """The rate of uses, one a day; it also knows when parents are there."""
        return Fanout(FanoutSpec(type="poisson", params={"lambda": 1.0}, per="day"), self.scope)

    def _variation(self) -> Variation | None:
        speeds = self.spec.acceleration
        return self.scope.variation(tuple(speeds), "acceleration") if speeds else None

    def bind(self) -> BoundRows | None:
        """The rows, or None after a refusal."""
        scope, spec = self.scope, self.spec
        uses = self._uses().bind()
        if is_cascade(spec):
            return self._cascade(uses)
        curve, classes = self._curve()
        rates = self._rates(classes)
        variation = self._variation()
        origin = self._origin()
        if not isinstance(uses, RateRows) or curve is None or origin is None or rates is None:
            return None
        if spec.acceleration and variation is None:
            return None
        if spec.engagement_frequency is None:
            self._refuse_idle(uses)
        step = DAY_US if scope.time_type == "date" else uses.shape.step
        adopters = Adopters(
            own=scope.own,
            curve=curve,
            ceiling=1.0 if spec.ceiling is None else float(spec.ceiling),
            unit=DAY_US if spec.innovation_diffusion else LENGTHS[spec.time_unit or "month"],
            origin=origin,
            exposure=replace(uses.shape.exposure, step=step),
            bands=np.cumsum(np.array(list(classes.values()), dtype=np.float64)),
            speed=None if variation is None else _speed(variation, spec.acceleration or {}),
            salt=scope.salt("adopts"),
            ever_salt=scope.salt("ever adopts"),
        )
        adopted, used, guessed = self._expected(adopters, variation, rates)
        used *= mean_factor(uses.shape.factors)[0]
        return AdoptionRows(
            adopters=adopters,
            uses=None if spec.engagement_frequency is None else _after_adoption(uses, adopters, rates, step),
            categories=Dictionary(classes),
            parent=scope.parent,
            expected=adopted + used,
            largest=1.0 if spec.engagement_frequency is None else math.inf,
            description=f"{self._said()}: {adopted:.2%} adopt in the window"
            + (f", {used / adopted:.3g} uses each" if used and adopted else ""),
            guessed=guessed,
            begins=self._begins(adopters)[0],
            variation=variation,
            speeds={name: float(factor) for name, factor in (spec.acceleration or {}).items()},
        )

    def _cascade(self, uses: Any) -> BoundRows | None:
        """The rows of adoption along a graph, or None after a refusal."""
        if not fits_cascade(self):
            return None
        rates = self._rates(dict.fromkeys(CLASSES, 0.5))
        origin = self._origin()
        if not isinstance(uses, RateRows) or origin is None or rates is None:
            return None
        if self.spec.engagement_frequency is None:
            self._refuse_idle(uses)
        step = DAY_US if self.scope.time_type == "date" else uses.shape.step
        bound = bind_cascade(self, replace(uses.shape.exposure, step=step), origin, rates)
        if bound is None:
            return None
        cascade, adopted, used, text = bound
        used *= mean_factor(uses.shape.factors)[0]
        later = None if self.spec.engagement_frequency is None else _after_adoption(uses, cascade, rates, step)
        return cascade_rows(self.scope.parent, cascade, later, adopted, used, text)

    # what is written

    def _curve(self) -> tuple[AdoptionCurve | None, dict[str, float]]:
        """The curve and the shares of its classes of adopters; None after a refusal."""
        spec, scope = self.spec, self.scope
        bass = [key for key in ("curve_type", "p", "q", "time_unit") if getattr(spec, key) is not None]
        if spec.innovation_diffusion and bass:
            scope.refuse(
                "adoption.two_curves",
                self.at(bass[0]),
                found=f"{listed(bass)} beside innovation_diffusion",
                expected="p and q, or the classes of adopters",
            )
            return None, ROGERS
        if spec.innovation_diffusion:
            return self._classes()
        if spec.p is None or spec.q is None or float(spec.p) <= 0:
            given = [f"{key} {getattr(spec, key):g}" for key in ("p", "q") if getattr(spec, key) is not None]
            scope.refuse(
                "adoption.no_curve",
                () if spec.p is None else self.at("p"),
                found="an adoption_model " + (f"with {listed(given)}" if given else "without a curve"),
                expected="p above 0 and q, such as p: 0.03, q: 0.38, or innovation_diffusion",
            )
            return None, ROGERS
        return Bass(float(spec.p), float(spec.q)), ROGERS

    def _classes(self) -> tuple[AdoptionCurve | None, dict[str, float]]:
        written = self.spec.innovation_diffusion or {}
        shares = {name: float(one.pct) for name, one in written.items()}
        ends = [float(one.time_to_adopt_days) for one in written.values()]
        total = sum(shares.values())
        wrong = None
        if abs(total - 1.0) > SLACK or not all(one > 0 for one in shares.values()):
            wrong = f"{' + '.join(f'{one:g}' for one in shares.values())} = {total:g}", "shares above 0 that sum to 1"
        elif any(late <= early for early, late in pairwise(ends)):
            wrong = f"{listed([f'{end:g}' for end in ends])} days", "days that rise from class to class"
        if wrong is None:
            return Classes(ends, list(shares.values())), {name: one / total for name, one in shares.items()}
        self.scope.refuse(
            "adoption.classes",
            self.at("innovation_diffusion"),
            found=wrong[0],
            expected=wrong[1],
            hint="ceiling is the share that adopts in the end" if total < 1 - SLACK else "",
        )
        return None, shares

    def _origin(self) -> int | Reader | None:
        scope = self.scope
        if self.spec.origin != "created":
            return None if scope.timeframe is None else int(scope.timeframe.start)
        if scope.begin is None:
            scope.refuse(
                "adoption.no_creation",
                self.at("origin"),
                found=f"origin: created, where {scope.parent} does not say when its rows were created",
                expected=f"a column of {scope.parent} with role: created, or origin: launch",
            )
            return None
        return scope.read(scope.begin)

    def _rates(self, classes: Mapping[str, float]) -> Floats | None:
        """(k,) uses per day of each class; None after a refusal."""
        written = self.spec.engagement_frequency
        if written is None:
            return np.zeros(len(classes))
        scope, at = self.scope, self.at("engagement_frequency")
        sound = True
        found: dict[str, float] = {}
        for name, value in written.items():
            number = PER_DAY.get(value) if isinstance(value, str) and value in PER_DAY else share(value)
            if name not in classes and name != OTHERWISE:
                sound = False
                scope.refuse(
                    "adoption.engagement",
                    (*at, name),
                    found=f"'{name}'",
                    expected=f"a class of adopters: {listed(tuple(classes))}, or else",
                    hint=did_you_mean(name, (*classes, OTHERWISE)),
                )
            elif number is None or not 0 <= number < math.inf:
                sound = False
                scope.refuse(
                    "adoption.engagement",
                    (*at, name),
                    found=f"{value!r}",
                    expected=f"uses per day, or {listed(tuple(PER_DAY))}",
                )
            else:
                found[name] = number
        open_classes = [name for name in classes if name not in written and OTHERWISE not in written]
        if open_classes:
            sound = False
            scope.refuse(
                "adoption.engagement",
                at,
                found=f"nothing for {listed(open_classes)}",
                expected="a rate for every class, or else: for those that are not listed",
            )
        return np.array([found.get(name, found.get(OTHERWISE, 0.0)) for name in classes]) if sound else None

    def _refuse_idle(self, uses: RateRows) -> None:
        """Without uses there is one row per adopter, whose time the curve alone tells."""
        shape, scope = uses.shape, self.scope
        idle = [
            name
            for name, there in (
                ("segments", shape.factors),
                ("ages", shape.ages),
                ("effects on its volume", shape.windows),
                ("a season of its time", shape.zones is not None or float(np.ptp(shape.calendar.rates)) > 0),
            )
            if there
        ]
        if idle:
            scope.refuse(
                "adoption.idle",
                (),
                found=f"{listed(idle)} that act on {scope.own}, whose only rows are adoptions",
                expected="engagement_frequency, whose uses they change, or a table that they reach",
                hint="acceleration makes a segment adopt sooner",
            )

    # what to expect

    def _expected(self, adopters: Adopters, variation: Variation | None, rates: Floats) -> tuple[float, float, bool]:
        """Chance that a parent adopts in the window, its expected uses, and whether something had to be guessed."""
        begins, guessed = self._begins(adopters)
        origin = np.full(len(begins), float(adopters.origin)) if isinstance(adopters.origin, int) else begins
        late = np.maximum(np.maximum(begins, adopters.exposure.start) - origin, 0.0) / adopters.unit
        until = np.maximum(adopters.exposure.end - origin, 0.0) / adopters.unit
        v = (np.arange(NODES) + 0.5) / NODES
        adopted = used = 0.0
        for part, speed in self._speeds(variation):
            adopted += part * adopters.share_by(adopters.exposure.end, begins, speed)
            left = (adopters.curve.left(late * speed)[:, None] * (1.0 - v)).ravel()
            wait = adopters.curve.time(left) / speed
            days = np.maximum(np.repeat(until, NODES) - np.maximum(wait, np.repeat(late, NODES)), 0.0)
            rate = rates[np.searchsorted(adopters.bands[:-1], 1.0 - left, side="right")]
            used += part * adopters.ceiling * float((days * rate).mean()) * adopters.unit / DAY_US
        return adopted, used, guessed

    def _begins(self, adopters: Adopters) -> tuple[Floats, bool]:
        """Equally likely moments from which parents are there, and whether they had to be guessed."""
        scope = self.scope
        created = scope.begins() if scope.begin is not None and (scope.creation or self.spec.origin) else None
        if created is None:
            return np.array([float(adopters.exposure.start)]), scope.begin is not None and self.spec.origin == "created"
        return np.sort(created)[:: max(1, len(created) // STARTS)].astype(np.float64), False

    def _speeds(self, variation: Variation | None) -> list[tuple[float, float]]:
        """(share of the parents, factor on their speed)."""
        speeds = {name: float(speed) for name, speed in (self.spec.acceleration or {}).items()}
        if variation is None or variation.shares is None:
            return [(1.0, 1.0)]
        return [(part, speeds.get(name, 1.0)) for name, part in variation.shares.items()]

    def _said(self) -> str:
        spec = self.spec
        if spec.innovation_diffusion:
            said = f"adoption along {listed(tuple(spec.innovation_diffusion))}"
        else:
            said = f"Bass diffusion, p {spec.p:g} and q {spec.q:g} per {spec.time_unit or 'month'}"
        return said + (" from each creation" if spec.origin == "created" else "")


def _speed(variation: Variation, speeds: Mapping[str, Any]) -> Any:
    factors = {name: float(speed) for name, speed in speeds.items()}

    def speed(parent: Block) -> Floats:
        return mapped(variation.reader(parent), factors)

    return speed


def _after_adoption(uses: RateRows, adopters: Adopting, rates: Floats, step: int) -> RateRows:
    """Uses at the rate of each adopter's class, from the moment after its adoption on."""
    exposure = replace(uses.shape.exposure, begins=FromAdoption(adopters), step=step)
    shape = replace(uses.shape, exposure=exposure, step=step, name=f"{adopters.own} uses")

    def per_day(parent: Block) -> Floats:
        found: Floats = rates[adopters(parent).category]
        return found

    return replace(uses, shape=shape, per_day=per_day)
