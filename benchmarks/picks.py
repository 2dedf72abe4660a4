"""What a pick of a row in another table costs, by its conditions: `python benchmarks/picks.py`. CPU time of whole runs, paired."""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from measure import PYTHON, Measured, fresh, record, run, versions

SCHEMA = """
name: picks
tables:
  - {{name: products, rows: {products}, columns: {{kind: {{choices: [a, b, c, d, e]}}, weight: {{uniform: {{low: 0, high: 1}}}}, limit: {{uniform: {{low: 0, high: 1}}}}}}}}
  - name: rows
    rows: {rows}
    columns: {{kind: {{choices: [a, b, c, d, e]}}, x: {{uniform: {{low: 0, high: 1}}}}{pick}}}
"""
WAYS = {
    "any row": "{from: products.products_id}",
    "`same: kind`": "{from: products.products_id, same: kind}",
    "`weights: weight`": "{from: products.products_id, weights: weight}",
    "`where: candidate.limit < x + 0.01`": "{from: products.products_id, where: candidate.limit < x + 0.01}",
    "all three": "{from: products.products_id, same: kind, weights: weight, where: candidate.limit < x + 0.01}",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/datagen-benchmark"))
    choice = parser.parse_args()
    choice.folder.mkdir(parents=True, exist_ok=True)
    measured = {name: Measured(name) for name in ("none", *WAYS)}
    for _ in range(choice.runs):
        for number, name in enumerate(measured):
            pick = f", pick: {{lookup: {WAYS[name]}}}" if name in WAYS else ""
            path = choice.folder / f"picks-{number}.yaml"
            path.write_text(SCHEMA.format(products=choice.products, rows=choice.rows, pick=pick))
            command = [PYTHON, "-m", "datagen", "generate", str(path), "-q", "--workers", "1", "--gate", "none", "-o"]
            run([*command, str(fresh(choice.folder / "picks"))], measured[name])
    without = measured["none"].cpu
    lines = [
        f"`python benchmarks/picks.py --rows {choice.rows} --products {choice.products} --runs {choice.runs}`: CPU time"
        " beyond that of the same rows without the column, which is written to Parquet",
        "",
        versions(),
        "",
        "| pick | ns per row |",
        "|---|---:|",
    ]
    for name in WAYS:
        beyond = [each - base for each, base in zip(measured[name].cpu, without, strict=True)]
        lines.append(f"| {name} | {statistics.median(beyond) / choice.rows * 1e9:.0f} |")
    text = "\n".join(lines)
    print(text)
    record("picks in another table", text)


if __name__ == "__main__":
    main()
