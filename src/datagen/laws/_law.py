"""What every law promises: parameters with their limits, an inverse distribution function, moments and support.

A parameter is a number or an expression over the row. `p` below is always the parameters by the user's word: floats, or
(n,) float64 arrays where they vary by row, or NaN where a law is asked for facts that hold for every row.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, ConfigDict

from datagen.contracts import Part

if TYPE_CHECKING:
    from datagen.laws._bind import Binding
    from datagen.laws._draws import BoundDraw

Floats = NDArray[np.float64]
Params = Mapping[str, Any]  # float or (n,) float64 by parameter


def _number_or_text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a number or an expression")
    return value


Parameter = Annotated[float | int | str, BeforeValidator(_number_or_text)]


class Domain(NamedTuple):
    """The numbers that a parameter may be."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    whole: bool = False

    def holds(self, x: Any) -> Any:
        """Whether a number, or each of (n,) numbers, is inside; what is not a finite number is not."""
        above = np.greater(x, self.low) if self.low_open else np.greater_equal(x, self.low)
        below = np.less(x, self.high) if self.high_open else np.less_equal(x, self.high)
        inside = above & below & np.isfinite(x)
        return inside & (np.floor(x) == x) if self.whole else inside

    def text(self, name: str) -> str:
        """`std > 0`, `0 <= p <= 1`, as a message says it."""
        low, high = f"{self.low:.10g}", f"{self.high:.10g}"
        kind = "a whole number, " if self.whole else ""
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{kind}{low} {'<' if self.low_open else '<='} {name} {'<' if self.high_open else '<='} {high}"
        if math.isfinite(self.low):
            return f"{kind}{name} {'>' if self.low_open else '>='} {low}"
        return (
            f"{kind}{name} {'<' if self.high_open else '<='} {high}" if math.isfinite(self.high) else f"a finite {name}"
        )


ANY = Domain()
POSITIVE = Domain(low=0.0, low_open=True)
NOT_NEGATIVE = Domain(low=0.0)
PROBABILITY = Domain(low=0.0, high=1.0)


def squared(x: float) -> float:
    """x², infinite where no float holds it (Python's own power raises)."""
    return float(x) * float(x)


class Relation(NamedTuple):
    """Something that several parameters must keep together. holds: bool, or (n,) bool where they vary."""

    holds: Any
    field: str
    expected: str
    hint: str = ""


class Law(Part, ABC):
    """A law with its parameters as written."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    discrete: ClassVar[bool] = False  # every value is a whole number, whatever the parameters
    MAIN: ClassVar[str | None] = None  # the parameter that a bare value stands for
    TIMES: ClassVar[frozenset[str]] = frozenset()  # parameters that are lengths of time in a law of times
    NO_TIMES: ClassVar[Mapping[str, str]] = {}  # parameters that cannot stand in a law of times, and what can instead
    CENTRE: ClassVar[str | None] = None  # the parameter that `keep_mean` moves

    @abstractmethod
    def bound(self, binding: Binding) -> BoundDraw | None:
        """The law ready to draw from, or None after a refusal."""


class Parametric(Law):
    """A law given by a formula with a few numbers."""

    DOMAINS: ClassVar[Mapping[str, Domain]] = {}
    CLOSED: ClassVar[bool] = False  # the inverse is so cheap that no table is made

    def bound(self, binding: Binding) -> BoundDraw | None:
        return binding.parametric(self)

    def parameters(self) -> dict[str, Any]:
        """The numeric parameters that were given, by the user's word."""
        fields = type(self).model_fields
        given = {field.alias or name: getattr(self, name) for name, field in fields.items()}
        return {name: given[name] for name in self.DOMAINS if given.get(name) is not None}

    def relations(self, p: Params) -> Sequence[Relation]:
        """What parameters must keep together, beyond the limits of each."""
        return ()

    def truncated(self, p: Params, low: float, high: float) -> Params | None:
        """Parameters of the same law for the part of it in [low, high], when there are such."""
        return None

    @abstractmethod
    def inverse(self, u: Floats, p: Params) -> Floats:
        """(n,) the smallest value with a distribution function above u (of continuous laws: equal to u)."""

    @abstractmethod
    def cdf(self, x: Floats, p: Params) -> Floats:
        """(n,) probability of a value <= x."""

    @abstractmethod
    def mean_of(self, p: Params) -> float:
        """Expected value, for constant parameters; infinite where there is none."""

    @abstractmethod
    def variance_of(self, p: Params) -> float: ...

    @abstractmethod
    def support_of(self, p: Params) -> tuple[float, float]:
        """Smallest and largest possible value; NaN or infinite where it is open or depends on the row."""


class Continuous(Parametric):
    """A law over the real numbers."""

    VIA_EXP: ClassVar[bool] = False  # values are e^(location + scale × standard)

    def inverse_upper(self, v: Floats, p: Params) -> Floats:
        """(n,) values at probability 1 - v, exact for small v."""
        return self.inverse(1.0 - v, p)

    def below(self, x: float, p: Params) -> float:
        """Probability of a value <= x, for constant parameters, exact where it is small."""
        return float(self.cdf(np.array([x], dtype=np.float64), p)[0])

    def above(self, x: float, p: Params) -> float:
        """Probability of a value > x, for constant parameters, exact where it is small."""
        return 1.0 - self.below(x, p)

    def affine(self, p: Params) -> tuple[Any, Any, Continuous, Params] | None:
        """(location, scale, law, p): value = location + scale × a value of the standard law; None if there is no such.

        The standard law's parameters must not depend on the row for a table to serve every row.
        """
        return None


class Discrete(Parametric):
    """A law over whole numbers."""

    discrete: ClassVar[bool] = True

    @abstractmethod
    def atoms(self, p: Params, low: float, high: float) -> tuple[float, Floats]:
        """The first possible value in [low, high] and (k,) relative weights of it and the following whole numbers."""

    def entries(self, p: Params) -> float:
        """About how many weights `atoms` gives without limits."""
        return 1.0
