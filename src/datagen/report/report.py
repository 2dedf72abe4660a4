"""A report: its facts, the page that shows them, and how they are gathered from a published data set."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.errors import Finding, UsageError, did_you_mean, listed, quoted
from datagen.report import sections
from datagen.report import sections_declared as declared
from datagen.report import sections_of_behaviour as behaviour
from datagen.report.charts import Chart, over_time, spread
from datagen.report.diagnostics import diagnostics
from datagen.report.files import open_files
from datagen.report.page import Sheet, page, text
from datagen.report.profile import profile
from datagen.report.told import add_answers, add_checks, add_plan, add_summary
from datagen.sinks.manifest import Manifest

if TYPE_CHECKING:
    from datagen.plan.model import Plan
    from datagen.plan.prepare import Prepared

# in the order of the page: how the section is called in the navigation, and what writes it
SECTIONS: tuple[tuple[str, str, Callable[[Mapping[str, Any], Sheet], str]], ...] = (
    ("stand-out", "Overview", sections.stand_out),
    ("findings", "Checks", declared.findings),
    ("effects", "Planted", declared.effects),
    ("metrics", "Metrics", declared.metrics),
    ("tables", "Tables", sections.entities),
    ("time", "Time", behaviour.over_time),
    ("growth", "Growth", behaviour.growth),
    ("seasons", "Seasons", behaviour.seasons),
    ("cohorts", "Cohorts", behaviour.cohorts),
    ("funnels", "Funnels", behaviour.funnels),
    ("states", "States", behaviour.states),
    ("groups", "Groups", behaviour.groups),
    ("imperfections", "Imperfections", sections.imperfections),
    ("columns", "Columns", sections.columns),
    ("document", "Document", declared.document),
)


@dataclass(frozen=True)
class Declared:
    """What a page is told besides the files. results: of checks, as dicts."""

    plan: Plan
    prepared: Prepared
    results: Sequence[Mapping[str, Any]] = ()
    score: Mapping[str, Any] | None = None
    answers: bool = True  # planted effects, laws and the document too, which tell an analyst what to find


@dataclass(frozen=True)
class DataReport:
    """What a data set looks like. `facts` are plain and JSON-ready; `save` writes the page."""

    facts: Mapping[str, Any]

    @cached_property
    def html(self) -> str:
        """The page: one file, offline."""
        sheet = Sheet()
        written = [(name, title, section(self.facts, sheet)) for name, title, section in SECTIONS]
        there = [(name, title, body) for name, title, body in written if body]
        links = "".join(f'<a href="#{name}">{text(title)}</a>' for name, title, _ in there)
        body = sections.header(self.facts) + "".join(body for _, _, body in there)
        return page(f"{self.facts['header']['name']}: data profile", links, body, sheet, self.facts)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, whole or not at all."""
        from datagen.report.saving import save

        return save(self.html, Path(path))

    def chart(self, what: str) -> Chart:
        """The picture of a column, `orders.amount`, or of the rows of a table over time, `orders`.

        Raises UsageError for what has none.
        """
        pictures = {
            f"{one['table']}.{one['column']}": drawn
            for one in self.facts["distributions"]
            if one["kind"] != "key" and (drawn := spread(one)) is not None
        }
        pictures |= {one["table"]: over_time(one) for one in self.facts["rows_over_time"]}
        if what not in pictures:
            expected = f"one of {listed(tuple(pictures), most=20)}"
            raise UsageError(
                Finding("report.no_chart", found=quoted(what), expected=expected, hint=did_you_mean(what, pictures))
            )
        return pictures[what]

    def __repr__(self) -> str:
        head = self.facts["header"]
        return f"<report on {head['name']}: {head['rows']:,} rows in {head['tables']} tables; .save('report.html') writes it>"

    def _repr_html_(self) -> str:
        style = "width:100%;height:780px;border:1px solid #ccc;border-radius:8px"
        return f'<iframe srcdoc="{text(self.html)}" style="{style}" title="data profile"></iframe>'


def report(
    directory: Path, *, blind: bool = False, told: Declared | None = None, missing: str = "",
    manifest: Manifest | None = None, memory: int, threads: int = 1,
) -> DataReport:  # fmt: skip
    """The report on a published data set.

    told: what to show of a schema; missing: why there is nothing to tell; memory: bytes; manifest: of files that are not
    published yet.
    """
    with open_files(directory, manifest=manifest, memory=memory, threads=threads) as files:
        facts = profile(files, blind=blind)
        if not blind:
            add_summary(facts, directory)
            facts["missing"] = missing
        if told is not None and not blind:
            add_plan(facts, told.plan, told.prepared.document)
            if told.answers:
                add_answers(facts, told.plan, told.prepared.document, files)
            add_checks(facts, told.results, told.score)
            facts["diagnostics"] = diagnostics(facts, told.plan, told.prepared)
        return DataReport(facts)
