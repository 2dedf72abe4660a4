"""The `course_churn` case against the loop it comes from and a hand-vectorised script: `python benchmarks/course_churn.py`.

Whole processes, paired (A B A B …), medians: `datagen generate course_churn` with all prepared tables and without `data_profile.html`, as CSV and as Parquet,
`peers/course_loop.py … daily_fast` and `peers/course_vectorised.py`, which write users, events and user_daily. The peers need
pandas and pyarrow, which Datagen does not have: say with --peer-python where they are installed.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from measure import PYTHON, Measured, fresh, record, run, versions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/datagen-benchmark"))
    parser.add_argument("--peer-python", default=PYTHON)
    parser.add_argument("--workers", type=int)
    parser.add_argument(
        "--only-ours", action="store_true", help="one run of datagen alone, for sizes that peers cannot hold"
    )
    parser.add_argument("--no-record", action="store_true")
    choice = parser.parse_args()
    text = large(choice) if choice.only_ours else paired(choice)
    print(text)
    if not choice.no_record:
        record(title(choice), text)


def title(choice: argparse.Namespace) -> str:
    workers = f", workers {choice.workers}" if choice.workers else ""
    return f"course_churn, {choice.users:,} users x {choice.days} days{workers}"


def ours(choice: argparse.Namespace, out: Path, format: str) -> list[str]:
    sets = ["--set", f"n_users={choice.users}", "--set", f"days={choice.days}"]
    extra = ["--workers", str(choice.workers)] if choice.workers else []
    return [
        PYTHON,
        "-m",
        "datagen",
        "generate",
        "course_churn",
        "-q",
        "--no-profile",
        "-o",
        str(out),
        "-f",
        format,
        *sets,
        *extra,
    ]


def paired(choice: argparse.Namespace) -> str:
    csv, parquet = Measured("datagen, CSV"), Measured("datagen, Parquet")
    loop, vectorised, columns = (
        Measured("course_loop.py"),
        Measured("course_vectorised.py, CSV"),
        Measured("the same, Parquet"),
    )
    peers, size = Path(__file__).parent / "peers", [str(choice.users), str(choice.days)]
    for _ in range(choice.runs):
        run(ours(choice, fresh(choice.folder / "csv"), "csv"), csv)
        for measured, script, rest in (
            (loop, "course_loop.py", ["daily_fast"]),
            (vectorised, "course_vectorised.py", ["csv"]),
            (columns, "course_vectorised.py", ["parquet"]),
        ):
            run([choice.peer_python, str(peers / script), *size, str(fresh(choice.folder / "peer")), *rest], measured)
        run(ours(choice, fresh(choice.folder / "parquet"), "parquet"), parquet)
    lines = [
        f"`python benchmarks/course_churn.py --users {choice.users} --days {choice.days} --runs {choice.runs}`",
        "",
        versions(),
        "",
        "| run | wall s | CPU s | MiB, largest process | wall against datagen, CSV | CPU against it |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.name} | {one.median:.2f} | {cpu(one):.2f} | {max(one.process_mib):.0f} | {one.median / csv.median:.2f} | {cpu(one) / cpu(csv):.2f} |"
        for one in (csv, parquet, loop, vectorised, columns)
    ]
    lines += [
        "",
        f"- course_loop.py / datagen: **{loop.median / csv.median:.2f} x** wall, {cpu(loop) / cpu(csv):.2f} x CPU (must be >= 8)",
        f"- datagen / course_vectorised.py: **{csv.median / vectorised.median:.2f} x** wall, {cpu(csv) / cpu(vectorised):.2f} x CPU "
        f"(must be <= 2); as Parquet {parquet.median / columns.median:.2f} x wall, {cpu(parquet) / cpu(columns):.2f} x CPU",
        "- datagen also writes users_clean and events_clean, and reads all files again to check them; made with `--no-profile`, "
        "and CPU of its process of queries is not in the figures",
    ]
    return "\n".join(lines)


def large(choice: argparse.Namespace) -> str:
    """One run by itself: rows per second and memory."""
    alone, out = Measured("datagen"), fresh(choice.folder / "large")
    run(ours(choice, out, "parquet"), alone)
    tables = {table["name"]: table["rows"] for table in json.loads((out / "manifest.json").read_text())["tables"]}
    seconds = json.loads((out / "run.json").read_text())["seconds"]
    stages = ", ".join(f"{name} {seconds[name]:.1f} s" for name in ("plan", "ledger", "tables", "check", "total"))
    rows = sum(tables.values())
    return (
        f"`python benchmarks/course_churn.py --users {choice.users} --days {choice.days} --only-ours"
        f"{f' --workers {choice.workers}' if choice.workers else ''}`\n\n{versions()}\n\n"
        f"{rows:,} rows ({', '.join(f'{name} {number:,}' for name, number in tables.items())}) as Parquet in {alone.median:.1f} s "
        f"({rows / alone.median / 1e6:.2f} M rows/s), {cpu(alone):.1f} s of CPU; largest process {max(alone.process_mib):.0f} MiB, "
        f"all processes {max(alone.tree_mib):.0f} MiB; {stages}"
    )


def cpu(measured: Measured) -> float:
    return statistics.median(measured.cpu)


if __name__ == "__main__":
    main()
