"""Heartbeats of `tapflow` as a stream to Parquet, of one day and of thirty: `python benchmarks/heartbeats.py`.

One run each of `datagen generate tapflow --select heartbeats`. Memory must not grow with the number of days: the peak of the
longer run is compared with that of the shorter.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from measure import PYTHON, Measured, fresh, record, run, versions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", default=[1, 30])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/datagen-benchmark"))
    parser.add_argument("--no-record", action="store_true")
    choice = parser.parse_args()
    days = " ".join(str(one) for one in choice.days)
    lines = [
        f"`python benchmarks/heartbeats.py --days {days} --workers {choice.workers}`",
        "",
        versions(),
        "",
        "| days | rows | wall s | CPU s | M rows per s of wall | of CPU | MiB, largest process | MiB, all processes | GB of Parquet |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    peaks = []
    for one in choice.days:
        measured = Measured(f"{one} days")
        lines.append(line(choice, one, measured))
        peaks.append(max(measured.tree_mib))
    lines += [
        "",
        f"- memory, {choice.days[-1]} days / {choice.days[0]}: **{peaks[-1] / peaks[0]:.2f}** (must be <= 1.15)",
    ]
    text = "\n".join(lines)
    print(text)
    if not choice.no_record:
        record(f"heartbeats of tapflow, {choice.workers} workers", text)


def line(choice: argparse.Namespace, days: int, measured: Measured) -> str:
    """The figures of one run, whose files are removed."""
    out = fresh(choice.folder / "heartbeats")
    command = [PYTHON, "-m", "datagen", "generate", "tapflow", "--select", "heartbeats", "-f", "parquet", "-q"]
    run([*command, "--set", f"heartbeat_hours={24 * days}", "--workers", str(choice.workers), "-o", str(out)], measured)
    [table] = json.loads((out / "manifest.json").read_text())["tables"]
    size = sum(file.stat().st_size for file in out.rglob("*.parquet"))
    shutil.rmtree(out)
    rows, cpu = table["rows"], measured.cpu[0]
    return (
        f"| {days} | {rows:,} | {measured.median:.1f} | {cpu:.1f} | {rows / measured.median / 1e6:.2f} | {rows / cpu / 1e6:.2f} "
        f"| {max(measured.process_mib):.0f} | {max(measured.tree_mib):.0f} | {size / 1e9:.2f} |"
    )


if __name__ == "__main__":
    main()
