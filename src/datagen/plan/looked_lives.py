"""Lives whose beginnings only the rows tell: they are looked at, before a run, in rows that stand for all."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from datagen.errors import SchemaError
from datagen.plan.binding import Binding
from datagen.plan.representative import FEWEST_ROOTS, SampleBlock, UntoldError, samples
from datagen.rows._lifecycle_imagined import last_shares
from datagen.rows._lifecycle_outlook import outlook
from datagen.rows.lifecycle_model import LifecycleRows

Floats = NDArray[np.float64]
MOST = 16_384  # parents: more of them tell hardly more


def seen_lives(binding: Binding, rows: LifecycleRows) -> tuple[LifecycleRows, Floats, float] | None:
    """The rows with what beginnings that were looked at let expect, these beginnings, and how many they are: infinitely many
    where they are those of the run itself. None where they cannot be looked at."""
    for sample in samples(binding) if binding.look else ():
        try:
            block = sample.block(rows.parent)
            if block.rows > MOST and sample.roots > FEWEST_ROOTS:
                continue
            starts = _starts(rows, block)
        except (UntoldError, SchemaError):  # a run that meets the same error tells it
            continue
        seen = outlook(rows.rules, starts) if len(starts) else None
        if seen is None:
            return None
        known = math.inf if sample.real else float(len(starts))
        return replace(rows, outlook=seen, last=last_shares(rows.rules, starts, seen)), starts, known
    return None


def _starts(rows: LifecycleRows, block: SampleBlock) -> Floats:
    """(n,) when the life of each parent begins; after the end for those whose beginning is null."""
    rules = rows.rules
    assert rules.begin is not None  # asked for where a column says when it is
    low, high = rules.exposure(block)
    values = rules.begin(block)
    times = np.asarray(values.array, dtype=np.int64)
    there = times < high if values.valid is None else values.valid & (times < high)
    begins = -(-np.maximum(np.where(there, times, 0), low) // rules.step) * rules.step
    return np.where(there, begins, rules.exposure.end).astype(np.float64)
