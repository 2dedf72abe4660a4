"""How the command starts quickly: what libraries would do for a long life is put off until rows are made."""

from __future__ import annotations

import gc
import os

# what stays of a start: modules, models and a plan are hardly ever garbage, and looking through them takes a tenth of it
FEW = 500_000

# numpy's threads for products of matrices wait busily for work that never comes; plug-ins of pydantic are not ours to run;
# Polars gives memory back after half a second without use and asks for it again with the next part
QUIET = {
    "OPENBLAS_NUM_THREADS": "1",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:10000",
}

_usual: tuple[int, int, int] | None = None


def begin() -> None:
    """Before any library is loaded. What the user has set in the environment stays."""
    global _usual
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    _usual = gc.get_threshold()
    gc.set_threshold(FEW, *_usual[1:])


def finish() -> None:
    """Before rows are made: from now on memory is given back as soon as it can be."""
    if _usual is not None:
        gc.freeze()  # what a start has loaded is never looked through again
        gc.set_threshold(*_usual)
