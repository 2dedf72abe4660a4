"""Texts as whole numbers in their order: by code point, the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Values

Ints = NDArray[np.int64]


def text_ranks(values: Values) -> Ints:
    """(n,) ranks of texts or categories among each other; equal texts have equal ranks. Of nulls they say nothing."""
    if values.kind == "category":
        assert values.dictionary is not None  # a category has one
        texts = np.array(values.dictionary.values, dtype=object)
        codes = values.array.astype(np.int64)
        if values.valid is not None:
            codes = np.where(values.valid, codes, 0)
        found: Ints = _ranks(texts)[codes]
        return found
    return _ranks(values.array.to_numpy().astype(object))


def _ranks(texts: NDArray[np.object_]) -> Ints:
    encoded = [str(text).encode() for text in texts.tolist()]
    place = {text: rank for rank, text in enumerate(sorted(set(encoded)))}
    return np.array([place[text] for text in encoded], dtype=np.int64)
