"""Memory of a process between two grains: what is free goes back to the system."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Return free memory to the system, which the C library would keep for later, in pieces of any size."""
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    if sys.platform != "linux":
        return lambda _: None
    import ctypes

    trim: Callable[[int], object] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim if trim is not None else lambda _: None  # a C library other than GNU's
