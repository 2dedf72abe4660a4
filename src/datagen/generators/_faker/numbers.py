"""Whole numbers, shares and coordinates between bounds: `random_int`, `random_digit`, `boolean`, `latitude`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from datagen.contracts import ColumnType, Values
from datagen.generators._faker.arguments import Arguments
from datagen.generators._faker.request import Maker, Request
from datagen.generators._faker.rows import Rows

LARGEST = 1 << 52  # numbers that one uniform can tell apart
INT64_MAX = 2**63 - 1


class WholeNumber(Maker):
    """start + step × one of `count`, all equally likely; divided by `unit` where the column is a float."""

    def __init__(self, request: Request, start: int, count: int, *, step: int = 1, unit: float | None = None) -> None:
        self.request = request
        self.start, self.step, self.count, self.unit = start, step, count, unit
        self.type: ColumnType = "int" if unit is None else "float"
        self.span = start / (unit or 1), (start + step * (count - 1)) / (unit or 1)
        if request.unique:
            self.size = count

    def fill(self, rows: Rows) -> Values:
        if self.request.unique:
            places = self.request.ranks(rows, self.count)
        else:
            places = rows.below(self.count, self.request.salt("number"))
        numbers = self.start + self.step * places
        if self.unit is None:
            return Values("int", numbers)
        return Values("float", numbers / self.unit)


class Chance(Maker):
    """True with a probability."""

    type: ColumnType = "bool"

    def __init__(self, request: Request, probability: float) -> None:
        self.request = request
        self.probability = probability
        if request.unique:
            self.size = 2

    def fill(self, rows: Rows) -> Values:
        if self.request.unique:
            return Values("bool", self.request.ranks(rows, 2) == 1)
        return Values("bool", rows.uniform(self.request.salt("number")) < self.probability)


class Digits(Maker):
    """A whole number whose number of digits is drawn first: `random_number` without `digits`."""

    type: ColumnType = "int"

    def __init__(self, request: Request, *, fixed_length: bool) -> None:
        self.request = request
        self.fixed_length = fixed_length
        if request.unique:
            self.size = 10**9 - (1 if fixed_length else 0)

    def fill(self, rows: Rows) -> Values:
        if self.request.unique:
            numbers = self.request.ranks(rows, self.size or 1)
            return Values("int", numbers + 1 if self.fixed_length else numbers)
        limit = 10 ** (1 + rows.below(9, self.request.salt("length")))
        low = limit // 10 if self.fixed_length else np.zeros_like(limit)
        return Values("int", low + rows.below(limit - low, self.request.salt("number")))


def whole_number(request: Request, start: int, end: int, step: int = 1) -> Maker:
    """From start to end, both included, in steps. Refuses an empty range and one that is too wide."""
    scope = request.scope
    if start > end:
        scope.refuse(
            "faker.argument",
            (),
            found=f"a range from {start} to {end}",
            expected="a smallest number that is not above the largest",
        )
        return WholeNumber(request, 0, 1)
    count = (end - start) // step + 1
    largest = max(abs(start), abs(end))
    if count > LARGEST or largest > INT64_MAX:
        scope.refuse(
            "faker.argument",
            (),
            found=f"{count:,} possible numbers" if count > LARGEST else f"numbers up to {largest:,}",
            expected=f"at most {LARGEST:,}" if count > LARGEST else f"at most {INT64_MAX:,}",
            hint="use uuid4, or a distribution",
        )
        return WholeNumber(request, 0, 1)
    return WholeNumber(request, start, count, step=step)


def random_int(request: Request) -> Maker:
    """`random_int(min, max, step)` and `pyint(min_value, max_value, step)`."""
    low, high = ("min_value", "max_value") if request.method == "pyint" else ("min", "max")
    arguments = Arguments(request.scope, request.arguments)
    return whole_number(
        request,
        arguments.whole(low, 0, -INT64_MAX, INT64_MAX),
        arguments.whole(high, 9999, -INT64_MAX, INT64_MAX),
        arguments.whole("step", 1, 1, INT64_MAX),
    )


def random_number(request: Request) -> Maker:
    """`random_number(digits, fix_len)`."""
    arguments = Arguments(request.scope, request.arguments)
    fixed_length = arguments.flag("fix_len", False)
    if request.arguments.get("digits") is None:
        return Digits(request, fixed_length=fixed_length)
    digits = arguments.whole("digits", 9, 1 if fixed_length else 0, 15)
    return whole_number(request, 10 ** (digits - 1) if fixed_length else 0, 10**digits - 1)


def boolean(request: Request) -> Maker:
    """`boolean(chance_of_getting_true)` and `pybool(truth_probability)`, in percent."""
    name = "truth_probability" if request.method == "pybool" else "chance_of_getting_true"
    return Chance(request, Arguments(request.scope, request.arguments).whole(name, 50, 0, 100) / 100)


def digit(request: Request) -> Maker:
    """`random_digit` and its like."""
    start = {"random_digit": 0, "random_digit_not_null": 1, "random_digit_above_two": 2}[request.method]
    return whole_number(request, start, 9)


def port_number(request: Request) -> Maker:
    """`port_number(is_system, is_user, is_dynamic)`."""
    arguments = Arguments(request.scope, request.arguments)
    for name, start, end in (("is_system", 0, 1023), ("is_user", 1024, 49151), ("is_dynamic", 49152, 65535)):
        if arguments.flag(name, False):
            return whole_number(request, start, end)
    return whole_number(request, 0, 65535)


def http_status_code(request: Request) -> Maker:
    """`http_status_code()`: 100 to 599, as Faker has it."""
    return whole_number(request, 100, 599)


def latitude(request: Request) -> Maker:
    """Degrees north, millionths, anywhere between the poles."""
    return WholeNumber(request, -90_000_000, 180_000_001, unit=1e6)


def longitude(request: Request) -> Maker:
    """Degrees east, millionths."""
    return WholeNumber(request, -180_000_000, 360_000_001, unit=1e6)


def between(request: Request) -> Maker:
    """`pyfloat` and `pydecimal` with both bounds: evenly between them, on a grid of `right_digits` decimals."""
    arguments = Arguments(request.scope, request.arguments)
    low, high = arguments.number("min_value", 0.0) or 0.0, arguments.number("max_value", 1.0) or 0.0
    unit = 10 ** arguments.whole("right_digits", 6, 0, 12)
    start, end = round(low * unit), round(high * unit)
    checked = whole_number(request, start, end)
    return WholeNumber(request, start, getattr(checked, "count", 1), unit=float(unit))


def has_bounds(arguments: Mapping[str, Any]) -> bool:
    """Whether `pyfloat` has both bounds; without them its values are Faker's own."""
    return all(name in arguments for name in ("min_value", "max_value"))
