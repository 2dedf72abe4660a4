"""A law for counts whose mean is multiplied: by a segment, by a season, by the share of a period that somebody was there.

Poisson and negative binomial laws take the factor into their mean, so that they stay what they are; any other law is
multiplied and rounded up with the chance of its fraction, so that the mean is exactly the factor times the law's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Draw, Reader, Scope
from datagen.laws._rows import read_parameters
from datagen.registry import find

Floats = NDArray[np.float64]

SCALED = {"poisson": "lambda", "negative_binomial": "mean"}


@dataclass(frozen=True, slots=True)
class ScaledLaw:
    """A bound law and, for laws that scale exactly, its parameters as readers."""

    draw: Draw
    word: str
    params: Mapping[str, Reader] | None
    law: Any = None
    home: str = ""  # where the law stands, for messages

    def counts(self, u: Floats, v: Floats, factor: Floats, parent: Block) -> Floats:
        """(n,) counts at uniforms u, multiplied by a factor; v (n,) uniforms decide the rounding. NaN where null."""
        if self.params is not None:
            given, missing = read_parameters(self.law, self.params, parent, self.home)
            centre = SCALED[self.word]
            given[centre] = given[centre] * factor
            found: Floats = self.law.inverse(u, given)
            return found if missing is None else np.where(missing, np.nan, found)
        scaled = np.floor(self.draw.quantile(u, parent) * factor + v)
        return np.maximum(scaled, 0.0)


def scaled_law(spec: Mapping[str, Any], scope: Scope, bound: Draw | None = None) -> ScaledLaw | None:
    """The law of a fan-out, or None after a refusal. bound: the law itself, where it is bound already."""
    draw = scope.law(spec, "") if bound is None else bound
    if draw is None:
        return None
    word = str(spec.get("type"))
    plain = not any(spec.get(key) is not None for key in ("truncate", "clamp"))
    if word not in SCALED or not plain:
        return ScaledLaw(draw, word, None)
    model = find("law", word)
    assert model is not None  # the law was bound
    law = model.model_validate(dict(spec["params"]))
    readers = {name: scope.expression(value, ("params", name)) for name, value in law.parameters().items()}  # type: ignore[arg-type]
    return ScaledLaw(draw, word, readers, law, f"{scope.table}.{scope.column}")


def written_law(spec: Any) -> dict[str, Any]:
    """A law as the model holds it, as the mapping that binding reads."""
    keys = ("type", "params", "clamp", "truncate", "keep_mean", "by")
    return {key: value for key in keys if (value := getattr(spec, key)) not in (None, False)}
