"""A schema in Python: load it, ask what is wrong with it, change it, plan it, and make data from it."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen import api
from datagen.errors import DatagenError, Finding, UsageError, quoted, render

if TYPE_CHECKING:
    from datagen.checks.judge import Report
    from datagen.dataset import Dataset
    from datagen.engine.trace import Traced
    from datagen.plan.model import Plan
    from datagen.plan.prepare import Prepared
    from datagen.report.report import DataReport
    from datagen.schema.tree import Document

MOST_SEED = 2**64 - 1


def load(source: str | os.PathLike[str] | Mapping[str, Any]) -> Schema:
    """A schema from a file, by the name of a shipped data set, or from Python objects.

    Raises SchemaError for what cannot be read at all; everything else `Schema.validate` says.
    """
    return Schema(api.load(source))


def load_text(text: str | bytes, *, path: str | None = None) -> Schema:
    """A schema from its YAML or JSON text. path: names it in findings. Raises SchemaError for what cannot be read."""
    from datagen.schema.load import load_text

    return Schema(load_text(text, path=path))


def report_on(
    directory: str | os.PathLike[str], schema: Schema | None = None, *, blind: bool = False, memory: int | None = None
) -> DataReport:
    """The report on a published data set, with what its schema declares unless it is blind.

    schema: another one than the data were made from; memory: bytes. `.save("page.html")` writes the page. Raises UsageError
    where there is no data set, MachineError where the machine does not suffice.
    """
    prepared = None if schema is None else schema._prepared()
    return api.report(directory, prepared, blind=blind, memory=memory)


class Findings(list[Finding]):
    """Findings: a list that prints as people read it, and shows as a table in notebooks."""

    def __str__(self) -> str:
        return "\n\n".join(render(finding) for finding in self) or "no findings"

    def _repr_html_(self) -> str:
        if not self:
            return "<p>no findings</p>"
        header = ("line", "where", "severity", "code", "found", "expected", "hint")
        rows = [(f.line or "", f.json_path, f.severity, f.code, f.found, f.expected, f.hint) for f in self]
        return html_table(header, rows)


@dataclass(frozen=True, slots=True)
class PlanView:
    """What would be made: `print` it, or look at `facts`."""

    plan: Plan

    @property
    def facts(self) -> dict[str, Any]:
        """Tables, columns, expected rows, bytes and time, as JSON-ready facts."""
        from datagen.plan.explain import as_facts

        return as_facts(self.plan)

    def __str__(self) -> str:
        from datagen.plan.explain import as_text

        return as_text(self.plan)

    def __repr__(self) -> str:
        return f"<plan of {self.plan.name}: {', '.join(self.plan.all_tables)}; print() shows it>"

    def _repr_html_(self) -> str:
        from datagen.report.outline import drawn

        return f"{drawn(self.plan)}<pre>{html.escape(str(self))}</pre>"


class Schema:
    """A loaded schema. Nothing in it changes; `override` gives a changed one."""

    def __init__(self, document: Document, sets: Sequence[tuple[str, Any]] = ()) -> None:
        self._document = document
        self._sets = tuple(sets)

    @property
    def path(self) -> str | None:
        """The file that it came from."""
        return self._document.path

    def validate(self, *, strict: bool = False) -> Findings:
        """All that is wrong, errors first; warnings are among them. Never raises for what a schema says.

        strict: warnings count as errors.
        """
        try:
            found = self._plan.findings
        except DatagenError as error:
            found = error.findings
        if strict:
            found = tuple(replace(f, severity="error") if f.severity == "warning" else f for f in found)
        return Findings(found)

    def plan(self, *, seed: int | None = None, scale: float = 1.0) -> PlanView:
        """What would be made, and at what cost. Raises SchemaError when the schema is wrong."""
        return PlanView(self._prepared(seed=seed, scale=scale).bind())

    def trace(self, reference: str, row: int, *, seed: int | None = None, scale: float = 1.0) -> Traced:
        """How the value of `table.column` in a row came to be, step by step; of a `table` alone, its number of rows.

        row: from 1. Print it, or look at `facts`. Raises SchemaError, and UsageError for what is not there.
        """
        return api.trace(self._prepared(seed=seed, scale=scale).bind(look=False), reference, row)

    def check(
        self, directory: str | os.PathLike[str], *, seed: int | None = None, scale: float = 1.0,
        select: Sequence[str] = (), examples: int = 5,
    ) -> Report:  # fmt: skip
        """Judge the files of a data set by this schema, as `datagen check` does: `print` the sum, or look at `failed`.

        seed: of the data, where they are not of Datagen; select: only these tables; examples: keys to show of rows that
        break a rule. Raises SchemaError, and UsageError where there are no data.
        """
        from datagen.checks.origin import manifest_in

        manifest = manifest_in(Path(directory))
        seed = manifest.seed if seed is None and manifest is not None else seed
        names = (select,) if isinstance(select, str) else tuple(select)
        return api.check(directory, self._prepared(seed=seed, scale=scale), select=names, examples=examples).report

    def override(self, settings: Mapping[str, Any]) -> Schema:
        """The schema with parameters or paths set: `{"rows": 50, "tables.users.rows": 5}`; None takes a key away."""
        return Schema(self._document, (*self._sets, *settings.items()))

    def generate(
        self, *, seed: int | None = None, scale: float = 1.0, set: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None, scenario: str | None = None,
    ) -> Dataset:  # fmt: skip
        """The data set that the schema makes. It is checked and planned now; its rows are made when they are asked for.

        The arguments are those of `datagen generate`. Raises SchemaError with everything that is wrong.
        """
        from datagen.dataset import Dataset

        more = () if set is None else tuple(set.items())
        prepared = self._prepared(seed=seed, scale=scale, more=more, params=params, scenario=scenario)
        return Dataset(prepared, prepared.bind())

    def __repr__(self) -> str:
        where = f" from {self.path}" if self.path else ""
        changed = f", {len(self._sets)} settings" if self._sets else ""
        return f"<schema{where}: {', '.join(self._tables) or 'no tables'}{changed}>"

    def _repr_html_(self) -> str:
        try:
            plan = self._plan
        except DatagenError as error:
            return Findings(error.findings)._repr_html_()
        rows = [
            (
                table.id, "by SQL" if table.id in plan.by_sql else f"{table.expected_rows:,.0f}", table.parent or "",
                ", ".join(c.name for c in table.visible),
            )
            for table in plan.all_tables.values() if not table.hidden
        ]  # fmt: skip
        from datagen.report.outline import drawn

        return f"<b>{html.escape(plan.name)}</b>{drawn(plan)}" + html_table(
            ("table", "rows", "parent", "columns"), rows
        )

    @cached_property
    def _plan(self) -> Plan:
        return self._prepared().bind()

    @property
    def _tables(self) -> list[str]:
        nodes = self._document.root.get("tables") or self._document.root.get("nodes")
        if not isinstance(nodes, list):
            return []
        return [str(node.get("name") or node.get("id")) for node in nodes if isinstance(node, Mapping)]

    def _prepared(
        self, *, seed: int | None = None, scale: float = 1.0, more: Sequence[tuple[str, Any]] = (),
        params: Mapping[str, Any] | None = None, scenario: str | None = None,
    ) -> Prepared:  # fmt: skip
        refuse_numbers(seed, scale)
        sets = [*self._sets, *more]
        return api.prepare(self._document, sets=sets, params=params, scenario=scenario, seed=seed, scale=float(scale))


def refuse_numbers(seed: int | None, scale: float) -> None:
    """Raises UsageError for a seed or a scale that is none."""
    faults = []
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MOST_SEED):
        faults.append(
            Finding("option.out_of_range", found=f"seed={quoted(seed)}", expected=f"a whole number, 0 to {MOST_SEED}")
        )
    number = isinstance(scale, (int, float)) and not isinstance(scale, bool)
    if not number or not math.isfinite(scale) or not 0 < scale <= 1e9:
        faults.append(Finding("option.out_of_range", found=f"scale={quoted(scale)}", expected="a number above 0"))
    if faults:
        raise UsageError(faults)


def html_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A plain HTML table, every text escaped."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    lines = ("".join(f"<td>{html.escape(str(value))}</td>" for value in row) for row in rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
