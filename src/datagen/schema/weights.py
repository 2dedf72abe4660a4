"""Reads lists of weights and single shares, and says what is wrong with them.

Weights that are all at most 1 are shares and must sum to 1; any weight above 1 makes them relative; with `%` they must
sum to 100. Documents of version 1.0 are older than this rule: there a wrong sum is a warning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from datagen.errors import Meant, quoted

SLACK = 0.005  # 0.333 three times is meant as a whole

_PERCENT = re.compile(r"\s*([+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18}))\s*%\s*")
_NUMBER = re.compile(r"\s*([+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][+-]?\d{1,3})?)\s*")


@dataclass(frozen=True, slots=True)
class Shares:
    """Weights normalised to a sum of 1, and what is wrong with them: after an error (not a warning) values is None."""

    values: list[float] | None
    code: str = ""  # "" when nothing is wrong
    place: int | None = None  # of the wrong weight; None when it is all of them
    found: str = ""
    expected: str = ""
    hint: str = ""
    severity: Literal["error", "warning"] = "error"


def share(value: object) -> float | None:
    """A number, or a text such as `4%` (0.04) or `0.04`; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    percent = _PERCENT.fullmatch(value)
    if percent is not None:
        return float(Decimal(percent[1]) / 100)
    number = _NUMBER.fullmatch(value)
    return None if number is None else float(number[1])


def share_hint(value: object) -> str:
    """What was probably meant by a share above 1: `for 5 % write 5%`."""
    number = None if isinstance(value, str) and "%" in value else share(value)
    return f"for {number:g} % write {number:g}%" if number is not None and 1 < number <= 100 else ""


def shares(weights: Sequence[Any], *, relative_ok: bool, version_1: bool) -> Shares:
    """Weights (numbers, texts such as `15%`) as shares that sum to 1. relative_ok: weights above 1 may be relative."""
    if not weights:
        return Shares(None, "weights.empty", None, "no weights", "at least one weight")
    numbers = [share(weight) for weight in weights]
    for place, (weight, number) in enumerate(zip(weights, numbers, strict=True)):
        if number is None or not math.isfinite(number):
            return Shares(None, "weights.not_a_number", place, quoted(weight), "a number, or a share such as 15%")
        if number < 0:
            return Shares(None, "weights.negative", place, f"weight {weight}", "weights of 0 or more")
    sizes = [number for number in numbers if number is not None]
    if not math.isfinite(sum(sizes)):
        return Shares(None, "weights.too_large", None, "weights whose sum is above 1e308", "smaller weights")
    total = math.fsum(sizes)
    if total <= 0:
        return Shares(None, "weights.all_zero", None, "every weight is 0", "at least one weight above 0")
    normal = [size / total for size in sizes]
    percents = [isinstance(weight, str) and "%" in weight for weight in weights]
    if any(percents) and not all(percents):
        place = percents.index(False)
        if sizes[place]:
            meant = [
                size if percent or size <= 1 else size / 100 for size, percent in zip(sizes, percents, strict=True)
            ]
            text = f"{_short(meant[place] * 100)}%"
            sure = abs(math.fsum(meant) - 1) <= SLACK + 1e-12
            return Shares(
                None,
                "weights.mixed",
                place,
                f"{quoted(weights[place])} beside weights with %",
                "% on all or none",
                Meant(f"write {text}", weights[place], text) if sure else f"write {text}",
            )
    relative = not any(percents) and any(size > 1 for size in sizes)
    if relative and not relative_ok:
        place = next(place for place, size in enumerate(sizes) if size > 1)
        return Shares(
            None, "weights.above_one", place, f"{weights[place]}", "a share between 0 and 1", f"write {weights[place]}%"
        )
    if relative or abs(total - 1) <= SLACK + 1e-12:
        return Shares(normal)
    said = f"{_short(total * 100)} %" if any(percents) else _short(total)
    whole = "100 %" if any(percents) else "1"
    gap = f"{_short(abs(total - 1) * (100 if any(percents) else 1))}{' %' if any(percents) else ''}"
    hint = f"{'add' if total < 1 else 'take away'} {gap}"
    if relative_ok:
        example = f": {', '.join(map(_short, _relative(sizes)))}" if len(sizes) <= 6 else ""
        alike = len(sizes) > 1 and len(set(sizes)) == 1 and example
        hint = (
            f"for equal chances write{example[1:]}"
            if alike
            else f"{hint}, or write relative weights, with one above 1{example}"
        )
    if version_1:
        return Shares(
            normal,
            "weights.sum",
            None,
            f"weights that sum to {said}",
            f"a sum of {whole}",
            "they are scaled to it, because the document is of version 1.0",
            "warning",
        )
    return Shares(None, "weights.sum", None, f"weights that sum to {said}", f"a sum of {whole}", hint)


def _relative(sizes: Sequence[float]) -> list[float]:
    """The same weights with one above 1: whole ones doubled, others as percentages."""
    factor = 2 if all(size == int(size) for size in sizes) else 100
    return [size * factor for size in sizes]


def _short(number: float) -> str:
    return f"{number:.6g}"
