"""Factors by the value of a column: what a segment, an arm or a state multiplies by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Values

Floats = NDArray[np.float64]


def mapped(values: Values, factors: Mapping[str, float], other: float = 1.0) -> Floats:
    """(n,) the factor of each value, by its text; `other` for values that are not listed and for nulls."""
    if values.kind == "category":
        assert values.dictionary is not None
        table = np.array([factors.get(text, other) for text in values.dictionary.values] or [other], dtype=np.float64)
        found = table[values.array if values.valid is None else np.where(values.valid, values.array, 0)]
    elif values.kind == "bool":
        found = np.where(values.array, factors.get("true", other), factors.get("false", other))
    elif values.kind == "int":
        found = np.full(len(values), other, dtype=np.float64)
        for text, factor in factors.items():  # few: the listed values
            number = _whole(text)
            if number is not None:
                found[values.array == number] = factor
    elif values.kind == "text":
        found = np.full(len(values), other, dtype=np.float64)
        for text, factor in factors.items():
            found[(values.array == text).fill_null(False).to_numpy()] = factor
    else:
        raise AssertionError(f"factors by a column of kind {values.kind}")
    return found if values.valid is None else np.where(values.valid, found, other)


def _whole(text: Any) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
