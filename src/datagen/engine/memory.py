"""Memory of a run: how `--memory` is shared out, and when what is free goes back to the system.

While tables are made the workers share all of it (`plan/memory.py` says what each needs). Afterwards they are gone, and
DuckDB gets a share that leaves room for the process that asks it: that one seals and writes what queries give.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

LEAST = 64 << 20  # bytes below which DuckDB gets nothing done
MANY = 8  # grains between two times at which memory is given back: pages that come and go with every one take time


@dataclass(frozen=True, slots=True)
class Shares:
    """Bytes for DuckDB. queries: of a document, beside parts of their results; checks: of files, beside nothing else."""

    queries: int
    checks: int


def share_out(memory: int) -> Shares:
    """The shares of a limit of memory, in bytes. DuckDB itself takes up to a fifth more than it is told."""
    return Shares(queries=max(LEAST, memory // 2), checks=max(LEAST, memory // 4 * 3))


def give_back(done: int) -> None:
    """Before a grain: return free memory to the system, which the C library would keep for later in pieces of any size.

    done: grains before this one, in this process; what is free stays until they are MANY.
    """
    if done and done % MANY == 0:
        _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    if sys.platform != "linux":
        return lambda _: None
    import ctypes

    trim: Callable[[int], object] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim if trim is not None else lambda _: None  # a C library other than GNU's
