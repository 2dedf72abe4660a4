"""Addressed uniforms against numpy's Philox: 10 million values, paired (A B A B …), medians and their ratio.

    python benchmarks/uniforms.py [--values 10000000] [--rounds 7]

Two comparisons: fresh arrays on both sides, and both sides into an array that is already there. Exit code 1 when the
ratio of fresh arrays is below 1.2, which is the least that is asked for (the goal is 1.6).
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from datagen.kernel.address import root_addresses, salt_of, table_key
from datagen.kernel.draws import uniform

LEAST = 1.2


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(name: str, ours: Callable[[], object], theirs: Callable[[], object], values: int, rounds: int) -> float:
    """Run both in turn, print the medians in ns per value, give back how many times faster ours is."""
    ours(), theirs()  # memory is touched once before it counts
    times = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    own = statistics.median(time for time, _ in times) * 1e9 / values
    other = statistics.median(time for _, time in times) * 1e9 / values
    print(f"{name:<14} addressed {own:6.2f} ns   Philox {other:6.2f} ns   ratio {other / own:5.2f}")
    return other / own


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--values", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    print(f"numpy {np.__version__}, Python {platform.python_version()}, {options.values:,} values")
    addresses = root_addresses(table_key(42, "uniforms"), np.arange(options.values))
    salt, out = salt_of("uniforms", "value", "draw", 0), np.empty(options.values)
    philox = np.random.Generator(np.random.Philox(42))
    arguments = (options.values, options.rounds)
    ratio = paired("fresh arrays", lambda: uniform(addresses, salt), lambda: philox.random(options.values), *arguments)
    paired("into an array", lambda: uniform(addresses, salt, out), lambda: philox.random(out=out), *arguments)
    return 0 if ratio >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
