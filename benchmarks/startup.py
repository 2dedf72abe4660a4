"""How long small things take, whole processes: `python benchmarks/startup.py`. Medians; the budgets stand beside them."""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import PYTHON, Measured, fresh, record, run, versions

SMALL = """
name: small
timeframe: {start: 2024-01-01, days: 366}
tables:
  - {name: shops, rows: 20, columns: {city: {faker: city}, opened: {datetime_series: {}}}}
  - name: sales
    parents: [shops]
    fanout: {poisson: 50}
    columns:
      bread: {choices: {rye: 50%, wheat: 35%, spelt: 15%}}
      price: {lognormal: {median: 4.2, sigma: 0.25}, decimals: 2}
      total: {expression: price * 1.21, type: float, decimals: 2}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/datagen-benchmark"))
    choice = parser.parse_args()
    choice.folder.mkdir(parents=True, exist_ok=True)
    schema = choice.folder / "small.yaml"
    schema.write_text(SMALL)
    cases = {
        "python -c pass": ([PYTHON, "-c", "pass"], None),
        "datagen --help": ([PYTHON, "-m", "datagen", "--help"], 0.3),
        "datagen validate": ([PYTHON, "-m", "datagen", "validate", str(schema)], 0.8),
        "datagen preview": ([PYTHON, "-m", "datagen", "preview", str(schema)], 2.0),
        "datagen generate (1,020 rows)": ([PYTHON, "-m", "datagen", "generate", str(schema), "-q", "-o"], 1.5),
    }
    measured = {name: Measured(name) for name in cases}
    for _ in range(choice.runs):
        for name, (command, _) in cases.items():
            last = [str(fresh(choice.folder / "small"))] if command[-1] == "-o" else []
            run([*command, *last], measured[name])
    lines = [
        f"`python benchmarks/startup.py --runs {choice.runs}`",
        "",
        versions(),
        "",
        "| command | wall s | must | MiB |",
        "|---|---:|---:|---:|",
    ]
    for name, (_, budget) in cases.items():
        one = measured[name]
        lines.append(
            f"| {name} | {one.median:.2f} | {'' if budget is None else f'< {budget}'} | {max(one.process_mib):.0f} |"
        )
    text = "\n".join(lines)
    print(text)
    record("start-up", text)


if __name__ == "__main__":
    main()
