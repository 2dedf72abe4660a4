"""The draws of rows, and of children of rows, in the tests of dieharder, each by itself: a run that is cut has told something.

Of `dieharder -a` all are here but `diehard_sums`, which its own list says not to use, and most lags of sums, which alone
read 200 GB: kept are those near one row's and one parent's words (two words a row, eight children a parent). All ask for more
bits where a p-value is weak, until it is none or a fault. Every test reads rows that no other has read.
"""

from __future__ import annotations

import shutil
import subprocess
from threading import Thread
from typing import IO

import numpy as np
import pytest

from datagen.kernel.address import child_addresses, root_addresses, salt_of, table_key
from datagen.kernel.draws import bits

SALT = salt_of("orders", "amount", "draw", 0)
CHILDREN = 8  # of each parent
SIZES = {  # numbers of tests that are asked for at several sizes: of tuples, permutations, dimensions and lags
    200: [*range(1, 13)], 201: [2, 3, 4, 5], 202: [2, 3, 4, 5], 203: [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32],
    207: [32], 209: [12],
}  # fmt: skip
ONCE = [*range(14), 15, 16, 17, 100, 101, 102, 204, 205, 206, 208]
TESTS = [(number, size) for number in sorted([*ONCE, *SIZES]) for size in SIZES.get(number, [None])]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rows", "children"])
@pytest.mark.parametrize(("number", "size"), TESTS)
def test_dieharder_finds_no_fault(kind: str, number: int, size: int | None) -> None:
    if shutil.which("dieharder") is None:
        pytest.fail("dieharder is not installed: apt-get install dieharder")
    asked = ["-d", str(number), *(["-n", str(size)] if size is not None else [])]
    printed = _dieharder(kind, TESTS.index((number, size)), asked)
    print(printed)
    lines = [line.split("|") for line in printed.splitlines() if line.count("|") == 5 and "test_name" not in line]
    assert lines, printed
    assert not [line for line in lines if line[-1].strip() == "FAILED"], printed
    most = max(
        int(line[3]) for line in lines
    )  # samples: all statistics are told again, of more of them, while one is weak
    assert {line[-1].strip() for line in lines if int(line[3]) == most} == {"PASSED"}, printed


def _dieharder(kind: str, place: int, asked: list[str]) -> str:
    """What dieharder prints of the draws of a table; it reads as many bits from its standard input as it wants."""
    command = ["dieharder", *asked, "-g", "200", "-Y", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as tester:
        assert tester.stdin is not None
        assert tester.stdout is not None
        feeder = Thread(target=_feed, args=(tester.stdin, kind, place << 36), daemon=True)
        feeder.start()
        printed = tester.stdout.read().decode()
        feeder.join()
    assert tester.returncode == 0, printed
    return printed


def _feed(pipe: IO[bytes], kind: str, start: int) -> None:
    """Write the draws of consecutive rows, or of the children of each, until the reader has had enough."""
    key = table_key(42, "dieharder")
    try:
        while True:
            rows = np.arange(start, start + 100_000)
            if kind == "rows":
                addresses = root_addresses(key, rows)
            else:
                addresses = child_addresses(root_addresses(key, rows // CHILDREN), key, rows % CHILDREN)
            words = memoryview(bits(addresses, SALT)).cast("B")
            while len(words):  # an unbuffered pipe takes what fits
                words = words[pipe.write(words) :]
            start += len(rows)
    except BrokenPipeError:
        return
