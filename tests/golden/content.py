"""Makes shipped data sets at a small scale and says their content hashes. As a program it prints those of all of them.

The hash looks at values only: not at blocks, workers, file formats or the machine.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from datagen import api
from datagen.datasets import shipped
from datagen.engine.block import BLOCK_ROWS
from datagen.engine.derived import make_derived, staged_tables
from datagen.engine.executor import Job, execute
from datagen.engine.grain import grains
from datagen.engine.options import default_memory
from datagen.kernel.content_hash import root_hash
from datagen.plan.model import Plan
from datagen.plan.prepare import Prepared

HASHES = Path(__file__).with_name("hashes.json")
SCALES = {"orders": 0.0005}  # of the others a tenth
# tapflow has totals that go with its number of accounts, and windows: it is made small by its parameters
TAPFLOW = {
    "accounts": 15, "devices_total": 1_250, "admin_share": 0.2, "staff_share": 0.5, "tap_days": 4, "usage_days": 4,
    "heartbeat_hours": 3,
}  # fmt: skip
SETS = {"tapflow": list(TAPFLOW.items())}


@cache
def planned(name: str, seed: int | None = None) -> tuple[Prepared, Plan]:
    """A shipped schema at its small scale. Plans are made once; making rows leaves nothing in them."""
    small: dict[str, Any] = {"sets": SETS[name]} if name in SETS else {"scale": SCALES.get(name, 0.1)}
    prepared = api.prepare(name, seed=seed, **small)
    return prepared, prepared.bind()


def content(name: str, *, workers: int = 1, block_rows: int = BLOCK_ROWS, format: str = "parquet") -> dict[str, Any]:
    """The content hash of a data set, and one of each of its tables."""
    prepared, plan = planned(name)
    with tempfile.TemporaryDirectory() as directory:
        staged = staged_tables(plan, format, None)
        job = Job(format, Path(directory), workers, block_rows, spec=api.worker_spec(prepared), staged=staged)
        made = execute(plan, job)
        make_derived(plan, job, made, memory=default_memory())
    assert made.workers == min(workers, len(grains(plan)))
    tables = {table: root_hash({table: sums})[:16] for table, sums in sorted(made.sums.items())}
    return {"content": made.content_hash, "tables": tables}


def all_contents(names: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Those of every shipped data set, or of some."""
    return {name: content(name) for name in names or shipped()}


def arithmetic() -> dict[str, str]:
    """What this processor, numpy, the C library and OpenBLAS make of functions that no value may depend on."""
    import numpy as np

    x = np.arange(1, 20_001, dtype=np.float64) / 1_000
    single, turned = x.astype(np.float32), (x[:400].reshape(20, 20) ** 3).T
    made = {
        "exp": np.exp(x), "tanh": np.tanh(x), "exp of singles": np.exp(single), "sin": np.sin(x * 1e3),
        "dot": turned @ x[:400].reshape(20, 20),
    }  # fmt: skip
    return {name: hashlib.sha256(values.tobytes()).hexdigest()[:16] for name, values in made.items()}


def golden() -> dict[str, dict[str, Any]]:
    """What is on file."""
    known: dict[str, dict[str, Any]] = json.loads(HASHES.read_text())
    return known


if __name__ == "__main__":
    from numpy._core._multiarray_umath import __cpu_features__

    features = [one for one, on in __cpu_features__.items() if on]
    made = all_contents(sys.argv[1:])
    print(json.dumps({"contents": made, "features": features, "arithmetic": arithmetic()}))
