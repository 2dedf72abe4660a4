"""The options that several commands share, and how their texts are read: all faults together, each its own finding."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from datagen.errors import Finding, SchemaError, UsageError, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from datagen.engine.options import Options
    from datagen.plan.prepare import Overrides, Prepared
    from datagen.schema.tree import Document

MOST_SEED = 2**64 - 1
MOST_WORKERS = 256
LEAST_MEMORY, MOST_MEMORY = 64_000_000, 10**15  # bytes
MOST_SCALE = 1e9
MOST_SCORE = 100.0
MOST_ROWS = 10**15
WHOLE = re.compile(r"\s*[+-]?[0-9][0-9_]*\s*")
STANDARD_INPUT = "<stdin>"

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def schema_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """SCHEMA and what changes it. The command reads them with `Given`."""
    return click.argument("schema", metavar="SCHEMA|NAME")(override_options(function))


def override_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What changes a schema."""
    decorators: Sequence[Decorator] = (
        click.option("--seed", metavar="N", help="Seed of all random draws, 0 to 2^64-1 [the schema's, else 42]."),
        click.option("--scale", metavar="X", help="Multiply the rows of tables without parents [1]."),
        click.option(
            "--set", "sets", multiple=True, metavar="NAME=VALUE",
            help="Set a parameter, or any path: nodes.users.rows=500. May be repeated.",
        ),
        click.option("--params", metavar="FILE", help="YAML or JSON file with values of parameters."),
        click.option("--scenario", metavar="NAME", help="Apply a scenario of the schema."),
        errors_option,
    )  # fmt: skip
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def errors_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--errors, which `failures` looks for in the words of the call."""
    option = click.option(
        "--errors", type=click.Choice(("text", "json")), default="text", metavar="text|json",
        help="How findings are printed on standard error [text].",
    )  # fmt: skip
    return option(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--json."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """How a run is made. The command reads them with `Given.run`."""
    decorators: Sequence[Decorator] = (
        click.option(
            "-f", "--format", "format", metavar="FORMAT",
            help="parquet, csv, ndjson, csv.gz or ndjson.gz [the schema's].",
        ),
        click.option(
            "--select", multiple=True, metavar="TABLE",
            help="Write only these tables; orders+ means all below it too, +orders all above it. May be repeated.",
        ),
        click.option("--workers", metavar="N", help="Worker processes [all cores, for runs that are worth it]."),
        click.option("--memory", metavar="SIZE", help="Memory of all workers together [2GB, or 1/4 of the machine]."),
        click.option("--gate", metavar="GATE", help="What must hold to publish: structural, all or none [structural]."),
        click.option("--min-score", metavar="X", help="With --gate all: publish nothing below this quality score [80]."),
        click.option("--max-rows", metavar="N", help="Refuse to make more rows than this, such as 500M [1000M]."),
    )  # fmt: skip
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


class Given:
    """The options of one call, as texts. Reading gathers faults; `stop` raises them."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self.faults: list[Finding] = []

    def prepared(self, *, document: Document | None = None, data: Path | None = None) -> Prepared:
        """The schema, loaded, changed and checked. Raises what is wrong with the options first.

        document: the schema where it is loaded already; data: see `api.prepare`.
        """
        from datagen import api

        changes = self.overrides()
        return api.prepare(
            document or self.document(), sets=changes.sets, params=changes.params, scenario=changes.scenario,
            seed=changes.seed, scale=changes.scale, data=data,
        )  # fmt: skip

    def overrides(self) -> Overrides:
        """What the options change in the schema. Raises what is wrong with them."""
        from datagen.plan.prepare import Overrides

        sets, seed, scale = self.sets(), self.seed(), self.scale()
        self.stop()
        return Overrides(sets, self.params(), self.options["scenario"], seed, 1.0 if scale is None else scale)

    def run(self) -> Options:
        """How a run is made."""
        from datagen.engine import options
        from datagen.plan import limits
        from datagen.sinks.manifest import FORMATS

        workers = self.whole("workers", 1, MOST_WORKERS)
        memory = self.memory()
        format, gate = self.options["format"], self.options["gate"]
        if format is not None and format not in FORMATS:
            self.faults.append(options.unknown_format(format))
        if gate is not None and gate not in options.GATES:
            self.faults.append(options.unknown_gate(gate))
        most = self.count("max_rows", MOST_ROWS)
        return options.Options(
            own_process=True, min_score=self.score(),
            format=format, gate=gate, workers=workers, memory=memory, select=tuple(self.options["select"]),
            max_rows=limits.MOST_ROWS if most is None else most,
        )  # fmt: skip

    def document(self) -> Document:
        """The document behind SCHEMA: a file, a shipped name, or standard input for a dash."""
        from datagen import api
        from datagen.schema.load import MAX_BYTES, load_text

        if self.options["schema"] != "-":
            return api.load(self.options["schema"])
        raw = b"" if sys.stdin is None else sys.stdin.buffer.read(MAX_BYTES + 1)
        return load_text(raw, path=STANDARD_INPUT)

    def params(self) -> Mapping[str, Any] | None:
        """The parameters in a file."""
        from datagen.schema.load import load

        name = self.options["params"]
        if name is None:
            return None
        try:
            return load(name).root
        except SchemaError as error:
            expected = "an object with values of parameters, such as `rows: 500`"
            raise UsageError(
                finding.moved(expected=expected, hint="")
                if finding.code in ("load.empty", "load.not_an_object")
                else finding
                for finding in error.findings
            ) from None

    def sets(self) -> list[tuple[str, str]]:
        """The settings of `--set`."""
        pairs: list[tuple[str, str]] = []
        for text in self.options["sets"]:
            name, sign, value = text.partition("=")
            if not sign or not name.strip():
                self.fault("option.set", "set", text, "name=value, such as --set nodes.users.rows=500")
            else:
                pairs.append((name.strip(), value))
        return pairs

    def seed(self) -> int | None:
        return self.whole("seed", 0, MOST_SEED)

    def scale(self) -> float | None:
        return self._number("scale", "a number above 0, such as 0.1", lambda value: 0 < value <= MOST_SCALE)

    def score(self) -> float | None:
        """The points that are good enough."""
        return self._number("min_score", "a number from 0 to 100", lambda value: 0 <= value <= MOST_SCORE)

    def memory(self) -> int | None:
        """A limit of memory in bytes."""
        from datagen.plan.memory import parse_size

        text = self.options["memory"]
        if text is None:
            return None
        value = parse_size(text)
        if value is None:
            self.fault("option.not_a_size", "memory", text, "a size such as 2GB, 512MB or 1.5GiB")
        elif not LEAST_MEMORY <= value <= MOST_MEMORY:
            hint = "a number alone is bytes; write 2GB" if text.strip().isdigit() else ""
            self.fault("option.out_of_range", "memory", text, "64 MB to 1000 TB", hint)
        return value

    def _number(self, name: str, expected: str, fits: Callable[[float], bool]) -> float | None:
        text = self.options[name]
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            self.fault("option.not_a_number", name, text, expected)
            return None
        if not math.isfinite(value) or not fits(value):
            self.fault("option.out_of_range", name, text, expected)
            return None
        return value

    def whole(self, name: str, low: int, high: int) -> int | None:
        """A whole number from low to high."""
        text = self.options[name]
        if text is None:
            return None
        expected = f"a whole number from {low} to {high}"
        if not WHOLE.fullmatch(text):
            self.fault("option.not_a_number", name, text, expected)
            return None
        value = int(text) if len(text) < 40 else high + 1
        if not low <= value <= high:
            self.fault("option.out_of_range", name, text, expected)
            return None
        return value

    def count(self, name: str, most: int) -> int | None:
        """A number of rows, letters allowed: 10M."""
        from datagen.schema.counts import read_count

        text = self.options[name]
        if text is None:
            return None
        value = read_count(int(text) if WHOLE.fullmatch(text) and len(text) < 40 else text)
        if value is None or not 1 <= value <= most:
            code = "option.not_a_number" if value is None else "option.out_of_range"
            self.fault(code, name, text, f"a number of rows from 1 to {most:,}, such as 500k or 10M")
            return None
        return value

    def fault(self, code: str, name: str, text: str, expected: str, hint: str = "") -> None:
        """Record what is wrong with one option."""
        found = f"--{name.replace('_', '-')} {quoted(text) if not text.isprintable() or not text else text}"
        self.faults.append(Finding(code, found=found[:200], expected=expected, hint=hint))

    def stop(self) -> None:
        """Raise the faults that were found."""
        if self.faults:
            raise UsageError(self.faults)
