"""The `orders` case against a hand-written script and against only writing the built tables: `python benchmarks/orders.py`.

Whole processes, paired (A B A B …), medians: `datagen generate orders`, `peers/orders_polars.py`, and reading our finished
tables into memory and writing them with the same settings, of which only the writing is timed.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
from pathlib import Path

from measure import PYTHON, Measured, fresh, record, run, versions

WRITE_ONLY = """
import sys, time, os, json, polars as pl
source, out = sys.argv[1], sys.argv[2]
os.makedirs(out)
tables = {name: pl.read_parquet(f"{source}/{name}.parquet" if os.path.exists(f"{source}/{name}.parquet") else f"{source}/{name}/*.parquet") for name in ("customer", "orders")}
started = time.perf_counter()
for name, frame in tables.items():
    frame.write_parquet(f"{out}/{name}.parquet", compression="zstd", compression_level=1, row_group_size=262_144)
print(time.perf_counter() - started)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/datagen-benchmark"))
    parser.add_argument("--gate", default="structural")
    parser.add_argument("--workers", type=int)
    parser.add_argument(
        "--only-ours", action="store_true", help="one run of datagen alone, for sizes that peers cannot hold"
    )
    parser.add_argument("--no-record", action="store_true")
    choice = parser.parse_args()
    folder = choice.folder
    ours, one, core, peer, write = (
        Measured("datagen"),
        Measured("datagen, 1 worker on 1 thread"),
        Measured("datagen, 1 worker on 1 core"),
        Measured("hand-written Polars"),
        Measured("writing only"),
    )
    here = Path(__file__).parent
    if choice.only_ours:
        large(choice, ours)
        return
    stages: list[dict[str, float]] = []
    for _ in range(choice.runs):
        out = fresh(folder / "ours")
        extra = ["--workers", str(choice.workers)] if choice.workers else []
        run([*generate(choice, out), *extra], ours)
        stages.append(json.loads((out / "run.json").read_text())["seconds"])
        run(
            [PYTHON, str(here / "peers" / "orders_polars.py"), str(choice.customers), str(fresh(folder / "peer"))], peer
        )
        write.told.append(float(run([PYTHON, "-c", WRITE_ONLY, str(out), str(fresh(folder / "write"))], write)))
        alone = [*generate(choice, fresh(folder / "one")), "--workers", "1"]
        run(alone, one, POLARS_MAX_THREADS="1")  # without it Polars encodes on a second one
        fresh(folder / "one")
        run(
            alone, core, one_core=True
        )  # on two, the thread that writes files and those that check them take the second
    text = table(choice, ours, one, core, peer, write, stages)
    print(text)
    if not choice.no_record:
        record(f"orders, {choice.customers:,} customers", text)


def generate(choice: argparse.Namespace, out: Path) -> list[str]:
    """The command that makes the case of the asked size."""
    scale = str(choice.customers / 1_000_000)
    asked = ["-q", "-o", str(out), "--scale", scale, "--gate", choice.gate]
    return [PYTHON, "-m", "datagen", "generate", "orders", *asked]


def large(choice: argparse.Namespace, ours: Measured) -> None:
    """One run by itself: rows per second and memory."""
    out = fresh(choice.folder / "large")
    run(generate(choice, out), ours)
    rows = sum(table["rows"] for table in json.loads((out / "manifest.json").read_text())["tables"])
    text = (
        f"`python benchmarks/orders.py --customers {choice.customers} --only-ours --gate {choice.gate}`\n\n{versions()}\n\n"
        f"{rows:,} rows in {ours.median:.1f} s ({rows / ours.median / 1e6:.2f} M rows/s); "
        f"largest process {max(ours.process_mib):.0f} MiB, all processes {max(ours.tree_mib):.0f} MiB"
    )
    print(text)
    if not choice.no_record:
        record(f"orders, {choice.customers:,} customers", text)


def table(
    choice: argparse.Namespace,
    ours: Measured,
    one: Measured,
    core: Measured,
    peer: Measured,
    write: Measured,
    stages: list[dict[str, float]],
) -> str:
    command = f"python benchmarks/orders.py --customers {choice.customers} --runs {choice.runs} --gate {choice.gate}"
    lines = [
        f"`{command}`",
        "",
        versions(),
        "",
        "| run | wall s | CPU s | MiB, largest process | MiB, tree | wall against datagen |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for measured in (ours, one, core, peer, write):
        lines.append(
            f"| {measured.name} | {measured.median:.2f} | {statistics.median(measured.cpu):.2f} | {max(measured.process_mib):.0f} | "
            f"{max(measured.tree_mib):.0f} | {measured.median / ours.median:.2f} |"
        )
    ledger = statistics.median(stage["ledger"] / stage["total"] for stage in stages)
    ticks = ", ".join(
        f"{name} {statistics.median(stage[name] for stage in stages):.2f} s"
        for name in ("plan", "ledger", "tables", "check")
    )
    lines += [
        "",
        f"- wall / hand-written Polars: **{ours.median / peer.median:.2f}** (must <= 1.0)",
        f"- wall / writing only: **{ours.median / write.median:.2f}** (must <= 2.0)",
        f"- workers 1 -> all: **{one.median / ours.median:.2f} x** (must >= 1.8), cores 1 -> all: {core.median / ours.median:.2f} x",
        f"- ledger: **{ledger:.1%}** of the run (must <= 8 %)",
        f"- stages: {ticks}",
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


if __name__ == "__main__":
    main()
