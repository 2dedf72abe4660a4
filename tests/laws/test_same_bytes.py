"""The same bytes on processors with and without wide vector units, where numpy and the C library give others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

HERE = Path(__file__).parent
# numpy names the levels of a processor X86_V4, X86_V3 or, in older releases, one by one
WIDE = {"X86_V4", "AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL", "AVX512_ICL", "AVX512_SPR"}
MIDDLE = {"X86_V3", "AVX", "F16C", "FMA3", "AVX2"}
NARROW_LIBC = "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512DQ,-AVX2,-FMA,-AVX2_Usable,-FMA_Usable"


def _present(names: set[str]) -> list[str]:
    """Those of the names that this numpy can switch off on this processor."""
    return sorted(names & set(__cpu_dispatch__) & {name for name, there in __cpu_features__.items() if there})


@cache
def _run(off: tuple[str, ...] = (), libc: str = "") -> dict[str, Any]:
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(off)}
    if not off:
        del environment["NPY_DISABLE_CPU_FEATURES"]
    if libc:
        environment["GLIBC_TUNABLES"] = libc
    result = subprocess.run(
        [sys.executable, "-m", "tests.laws.bytes_of_everything"],
        cwd=HERE.parent.parent, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    made: dict[str, Any] = json.loads(result.stdout)
    return made


@pytest.mark.parametrize("names", [WIDE, WIDE | MIDDLE], ids=["without AVX512", "without AVX512 and AVX2"])
def test_processors_without_wide_vectors_give_the_same_bytes(names: set[str]) -> None:
    off = _present(names)
    narrow, wide = _run(tuple(off)), _run()
    assert narrow["ours"] == wide["ours"]
    assert set(off).isdisjoint(narrow["features"])  # the switch took effect
    if _present(WIDE):  # and it matters: numpy's own exponential is another one
        assert narrow["numpy"] != wide["numpy"]


def test_another_c_library_path_gives_the_same_bytes() -> None:
    assert _run(libc=NARROW_LIBC)["ours"] == _run()["ours"]


def test_this_process_gives_the_same_bytes_as_a_fresh_one() -> None:
    from hashlib import blake2b

    from tests.laws.bytes_of_everything import pieces

    here = {
        name: blake2b(np.ascontiguousarray(array).tobytes(), digest_size=8).hexdigest()
        for name, array in pieces().items()
    }
    assert here == _run()["ours"]


def test_the_bytes_never_change() -> None:
    # a change here is a change of every data set: it needs a new data version and a line that says why
    from hashlib import blake2b

    everything = json.dumps(_run()["ours"], sort_keys=True).encode()
    assert blake2b(everything, digest_size=8).hexdigest() == "19bad2d1a80e3a21"
