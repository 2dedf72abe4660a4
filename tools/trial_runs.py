"""Runs Datagen as a careless and as a hostile user would and records what happened: `python tools/trial_runs.py`.

Each run is a real process on a schema written to a file. A run is good when it ends with the expected exit code, prints no
traceback and no internal bug, and publishes nothing unless it succeeds. The table goes to tests/RESULTS.md.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tools.results import record

GOOD = "name: t\ntables:\n  - {name: a, rows: 20, columns: {x: {normal: {mean: 1, std: 1}}}}\n"


@dataclass(frozen=True)
class Trial:
    what: str
    schema: str
    exit: int
    arguments: tuple[str, ...] = ("generate", "{schema}", "-q", "-o", "{out}")
    code: str = ""


def table(columns: str, rows: str = "20", rest: str = "") -> str:
    return f"name: t\ntimeframe: {{start: 2024-01-01, days: 30}}\ntables:\n  - {{name: a, rows: {rows}, columns: {{{columns}}}{rest}}}\n"


TRIALS = [
    Trial("a plain schema", GOOD, 0),
    Trial("misspelt key of a table", GOOD.replace("rows", "row"), 1, code="language.unknown_key"),
    Trial("misspelt generator", table("x: {chioces: {a: 1}}"), 1, code="language.unknown_key"),
    Trial("weights of 97 %", table("x: {choices: {a: 50%, b: 47%}}"), 1, code="weights.sum"),
    Trial("negative weight", table("x: {choices: {a: -1, b: 2}}"), 1),
    Trial("rows as a text", table("x: {sequence: 1}", rows='"many"'), 1),
    Trial("rows negative", table("x: {sequence: 1}", rows="-5"), 1),
    Trial("rows 0 makes empty files", table("x: {sequence: 1}", rows="0"), 0),
    Trial("10^18 rows", table("x: {sequence: 1}", rows="1000000000000000000"), 1, code="rows.too_many"),
    Trial("unique PIN of 4 digits for 20,000 rows", table("x: {uniform: {low: 0, high: 9999, integers: true}, type: int, unique: true}", rows="20000"), 1, code="unique.domain_too_small"),
    Trial("unique nearly full", table("x: {uniform: {low: 0, high: 9999, integers: true}, type: int, unique: true}", rows="9999"), 0),
    Trial("std 0", table("x: {normal: {mean: 1, std: 0}}"), 1),
    Trial("min above max", table("x: {uniform: {low: 9, high: 1}}"), 1),
    Trial("lookup of a missing table", table("x: {lookup: {from: custmer.id}}"), 1, code="ref.unknown_table"),
    Trial("a column that reads itself", table("x: {expression: x + 1}"), 1),
    Trial("two columns in a circle", table("x: {expression: y + 1}, y: {expression: x + 1}"), 1, code="plan.loop"),
    Trial("division by zero is null", table("x: {expression: row_number / 0, nullable: true, type: float}"), 0),
    Trial("division by zero in a column that is not nullable", table("x: {expression: row_number / 0, type: float}"), 1, code="generate.null"),
    Trial("a number out of range", table("x: {expression: 9**9**9**9}"), 1),
    Trial("an int that overflows", table("x: {sequence: 9223372036854775807}"), 1),
    Trial("python in an expression", table("x: {expression: \"__import__('os').system('id')\"}"), 1),
    Trial("attribute escape in an expression", table('x: {expression: "().__class__.__base__.__subclasses__()"}'), 1),
    Trial("SQL file function in an expression", table("x: {expression: \"read_csv('/etc/passwd')\"}"), 1),
    Trial("SQL statement behind an expression", table('x: {expression: "1; drop table a"}'), 1),
    Trial("python tag in YAML", "!!python/object/apply:os.system ['id']\n", 1),
    Trial("billion laughs", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", 1),
    Trial("deep nesting", "[" * 100_000, 1),
    Trial("a path as a table name", GOOD.replace("name: a", 'name: "../../etc/x"'), 1),
    Trial("a Windows device as a table name", GOOD.replace("name: a", "name: con"), 1),
    Trial("SQL in a column name", table('"x; DROP TABLE y--": {sequence: 1}'), 1),
    Trial("a reserved word as a column", table("group: {sequence: 1}, order: {expression: group + 1}"), 0),
    Trial("an evil regular expression", table('x: {choices: {aaaaaaaaaaaaaaaaaaaaaaaaaaaa: 1}, constraints: {pattern: "(a+)+$"}}'), 0),
    Trial("a broken regular expression", table('x: {choices: {a: 1}, constraints: {pattern: "("}}'), 1),
    Trial("a window that ends before it starts", "name: t\ntimeframe: {start: 2024-02-01, end: 2024-01-01}\ntables: [{name: a, columns: {x: {datetime_series: {}}}}]\n", 1, code="time.reversed"),
    Trial("a date that does not exist", "name: t\ntimeframe: {start: 2024-02-30, days: 3}\ntables: [{name: a, columns: {x: {datetime_series: {}}}}]\n", 1),
    Trial("faker method of the class itself", table("x: {faker: __class__}"), 1),
    Trial("faker method that seeds", table("x: {faker: seed}"), 1),
    Trial("faker method misspelt", table("x: {faker: credit_card_numbr}"), 1),
    Trial("a locale that does not exist", table("x: {faker: {method: name, locale: en_UK}}"), 1),
    Trial("a key of a later version", table("x: {sequence: 1}", rest=", segment_behavior: {vip: {fanout_multiplier: 2}}"), 1, code="language.not_available_yet"),
    Trial("a later generator", table("x: {pattern: '[A-Z]{3}'}"), 1, code="language.not_available_yet"),
    Trial("outlier rate of 150 %", table("x: {normal: {mean: 1, std: 1}, modifiers: [{outliers: {rate: 1.5}}]}"), 1),
    Trial("multiply on a text", table("x: {choices: {a: 1}, modifiers: [{multiply: {factor: 2}}]}"), 1, code="modifier.needs_number"),
    Trial("start < end that cannot hold", table("s: {datetime_series: {within: {start: 2024-05-01, end: 2024-06-01}}}, e: {datetime_series: {within: {start: 2024-01-01, end: 2024-02-01}}}") + "constraints: {inequalities: [{left: a.s, op: <, right: a.e}]}\n", 1),
    Trial("a range that the generator leaves: published, exit 1", table("x: {normal: {mean: 0, std: 10}}") + "constraints: {ranges: [{attr: a.x, min: 0, max: 1}]}\n", 1, code="value.range"),
    Trial("unknown format", GOOD, 2, ("generate", "{schema}", "-o", "{out}", "--format", "parqet")),
    Trial("unknown option", GOOD, 2, ("generate", "{schema}", "-o", "{out}", "--formt", "csv")),
    Trial("unknown command", GOOD, 2, ("generat", "{schema}")),
    Trial("0 workers", GOOD, 2, ("generate", "{schema}", "-o", "{out}", "--workers", "0")),
    Trial("memory of 10 bytes", GOOD, 2, ("generate", "{schema}", "-o", "{out}", "--memory", "10")),
    Trial("seed out of range", GOOD, 2, ("generate", "{schema}", "-o", "{out}", "--seed", "99999999999999999999999")),
    Trial("--set of a path that is not there", GOOD, 1, ("generate", "{schema}", "-o", "{out}", "--set", "tables.b.rows=3")),
    Trial("output over a foreign directory", GOOD, 2, ("generate", "{schema}", "-o", "{foreign}")),
    Trial("output over a file", GOOD, 2, ("generate", "{schema}", "-o", "{schema}")),
    Trial("output to /", GOOD, 2, ("generate", "{schema}", "-o", "/")),
    Trial("a schema that is not there", GOOD, 1, ("generate", "{schema}.nope.yaml", "-o", "{out}")),
    Trial("a directory as a schema", GOOD, 1, ("generate", "{foreign}/", "-o", "{out}")),
    Trial("verify of what is no data set", GOOD, 2, ("verify", "{foreign}")),
    Trial("explain of an unknown code", GOOD, 2, ("explain", "no.such_code")),
]  # fmt: skip


def main() -> None:
    lines = ["| # | run | expected exit | exit | codes told | good |", "|---:|---|---:|---:|---|---|"]
    bad = 0
    for number, trial in enumerate(TRIALS, start=1):
        with tempfile.TemporaryDirectory() as folder:
            exit_code, codes, good = run(trial, Path(folder))
        bad += not good
        lines.append(
            f"| {number} | {trial.what} | {trial.exit} | {exit_code} | {codes} | {'yes' if good else '**no**'} |"
        )
    text = "\n".join([f"`python tools/trial_runs.py`: {len(TRIALS)} runs, {len(TRIALS) - bad} good", "", *lines])
    sys.stdout.write(text + "\n")
    record("Trial runs of careless and hostile users", text)
    sys.exit(1 if bad else 0)


def run(trial: Trial, folder: Path) -> tuple[int, str, bool]:
    schema, out, foreign = folder / "schema.yaml", folder / "out", folder / "foreign"
    schema.write_text(trial.schema)
    foreign.mkdir()
    (foreign / "mine.txt").write_text("mine")
    words = [word.format(schema=schema, out=out, foreign=foreign) for word in trial.arguments]
    done = subprocess.run(
        [sys.executable, "-m", "datagen", *words], capture_output=True, text=True, timeout=60, cwd=folder
    )
    told = done.stdout + done.stderr
    codes = list(
        dict.fromkeys(
            piece.split("]")[0]
            for piece in told.split("[")[1:]
            if "." in piece.split("]")[0] and " " not in piece.split("]")[0]
        )
    )
    quiet = "Traceback" not in told and "internal.bug" not in told
    kept = (foreign / "mine.txt").read_text() == "mine" and schema.read_text() == trial.schema
    nothing = done.returncode == 0 or not out.exists() or any(code.startswith("value.") for code in codes)
    good = done.returncode == trial.exit and quiet and kept and nothing and (not trial.code or trial.code in codes)
    if not good:
        sys.stderr.write(f"--- {trial.what}: exit {done.returncode}\n{told[-600:]}\n")
    return done.returncode, ", ".join(codes[:3]), good


if __name__ == "__main__":
    main()
