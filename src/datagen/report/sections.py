"""Sections of the page that tell what there is: header, overview, tables, columns, imperfections.

Each takes the profile and gives HTML, or nothing where there is nothing to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen.report import charts
from datagen.report import pictures_of_groups as of_groups
from datagen.report.diagram import diagram
from datagen.report.highlights import MOST, highlights
from datagen.report.page import Html, Sheet, card, figure, folded, grid, section, share, table, text

Facts = Mapping[str, Any]
BAR = 160  # pixels of the table with most rows
OPEN = 4  # tables whose columns are shown at once


def header(profile: Facts) -> str:
    """Name, and the figures of the whole in tiles."""
    head = profile["header"]
    window = f"{str(head['first'])[:10]} to {str(head['last'])[:10]}" if head["first"] else "no times"
    tiles = [
        ("rows", f"{head['rows']:,}", ""),
        ("tables", str(head["tables"]), ""),
        ("columns", str(head["columns"]), ""),
    ]
    if (score := profile.get("score")) is not None:
        tiles.insert(0, ("quality score", f"{score['total']:.1f} of 100", ""))
    tiles.append(("time", window, "small"))
    if "seed" in head:
        tiles.append(("seed", str(head["seed"]), "small"))
    shown = "".join(
        f'<div class="tile"><dt>{text(name)}</dt><dd class="{classes}">{text(value)}</dd></div>'
        for name, value, classes in tiles
    )
    shown += (
        f'<div class="tile wide"><dt>content hash</dt><dd class="small mono">{text(head["content_hash"])}</dd></div>'
    )
    blind = "What the files alone tell: nothing that was declared is on this page."
    said = (
        blind if profile["blind"] else profile.get("description") or "What was measured in the written files, by SQL."
    )
    return f'<header><h1>{text(head["name"])}</h1><p>{text(said)}</p><dl class="tiles">{shown}</dl></header>'


def stand_out(profile: Facts, sheet: Sheet) -> str:
    """The surest facts, a sentence each, and what is wrong with the data as a whole."""
    found = [
        f'<li><a href="#{one["at"]}"><span>{text(one["text"])}</span></a></li>' for one in highlights(profile)
    ]  # fmt: skip
    advice = "".join(
        f'<li class="advice"><span class="tag bad">{text(one["code"])}</span> {text(one["found"])} '
        f'<span class="soft">{text(one["hint"])}</span></li>'
        for one in profile.get("diagnostics") or ()
    )
    told = f'<ul class="advices">{advice}</ul>' if advice else ""
    if not found:
        return section("stand-out", "What stands out", "", told) if told else ""
    rest = f'<ul class="stand">{"".join(found[MOST:])}</ul>'
    more = folded(f"{len(found) - MOST} more", rest) if len(found) > MOST else ""
    return section("stand-out", "What stands out", "", f'{told}<ul class="stand">{"".join(found[:MOST])}</ul>{more}')


def entities(profile: Facts, sheet: Sheet) -> str:
    """The entity diagram, and the tables with their rows."""
    most = max((one["rows"] for one in profile["tables"]), default=1) or 1
    declared = any("expected_rows" in one for one in profile["tables"])
    rows = []
    for one in profile["tables"]:
        keys = "; ".join(
            f"{key['mean']:,.3g} per {key['table']} ({key['min']:,} to {key['max']:,})"
            for key in one["foreign_keys"]
            if key["mean"] is not None
        )
        bar = Html(f'<span class="bar" style="width:{max(2, round(BAR * one["rows"] / most))}px"></span>')
        expected = [figure(one["expected_rows"])] if declared else []
        rows.append([one["table"], one["rows"], bar, *expected, len(one["columns"]), keys])
    head = ["table", "rows", "", *(["expected"] if declared else []), "columns", "rows of it, on average"]
    drawn = f'<div class="card entity-box" tabindex="0" aria-label="Entity diagram">{diagram(profile["tables"])}</div>'
    listed = card(table(head, rows, numbers=(1, 3, 4) if declared else (1, 3)))
    return section("tables", "Tables", "Every table stands right of those that its keys point to.", drawn + listed)


def columns(profile: Facts, sheet: Sheet) -> str:
    """Every column of every table."""
    by_table: dict[str, list[Facts]] = {}
    for one in profile["distributions"]:
        by_table.setdefault(one["table"], []).append(one)
    found: list[str] = []
    for name, own in by_table.items():
        drawn = [(one, charts.spread(one) if one["kind"] != "key" else None) for one in own]
        shown = "".join(
            sheet.picture(chart, f'<span class="type">{text(one["type"])}</span>{text(one["column"])}', _told(one))
            for one, chart in drawn
            if chart is not None
        )
        plain = [
            [one["column"], one["kind"] if one["kind"] == "key" else one["type"], _told(one)]
            for one, chart in drawn
            if chart is None
        ]
        shown += card(table(["column", "type", "values"], plain)) if plain else ""
        number = f"{len(own)} columns"
        found.append(folded(name, grid(shown, "small"), number, open=len(by_table) <= OPEN or len(found) < OPEN // 2))
    lead = "Figures are exact; ≈ marks estimates."
    if any("declared" in one for one in profile["distributions"]):
        lead += " Black marks are what was declared."
    return section("columns", "Columns", lead, "".join(found))


def _told(one: Facts) -> str:
    """The figures of a column in a line."""
    told = []
    if one.get("mean") is not None:
        told.append(f"mean {figure(one['mean'])}")
    if one.get("quantiles"):
        told.append(f"median {'≈ ' if one['about'] else ''}{figure(one['quantiles']['0.5'])}")
    if one.get("sd") is not None:
        told.append(f"sd {figure(one['sd'])}")
    if one.get("min") is not None:
        told.append(f"{figure(one['min'])} to {figure(one['max'])}")
    if one.get("lengths"):
        told.append(f"{one['lengths']['min']} to {one['lengths']['max']} characters")
    told.append(f"{'' if one['distinct_exact'] else '≈ '}{one['distinct']:,} values")
    if one["nulls"]:
        told.append(f"{one['nulls'] / one['rows']:.2%} missing")
    if beyond := one.get("above", 0) + one.get("below", 0):
        told.append(f"{beyond:,} rows beyond the picture")
    if one.get("declared"):
        told.append(f"declared: {one['declared']}")
    return " · ".join(told)


def imperfections(profile: Facts, sheet: Sheet) -> str:
    """What is missing, far off or there twice."""
    seen = profile["imperfections"]
    shown = sheet.picture(of_groups.missing(seen["missing"])) if seen["missing"] else ""
    if seen["far"]:
        rows = [
            [f"{one['table']}.{one['column']}", one["rows"], share(one["share"], 2), _span(one)] for one in seen["far"]
        ]
        shown += card(table(["column", "rows", "share", "usual"], rows, numbers=(1, 2, 3)), "Far from the rest")
    if seen["twice"]:
        rows = [[one["table"], one["rows"], share(one["share"], 2)] for one in seen["twice"]]
        shown += card(table(["table", "rows", "share"], rows, numbers=(1, 2)), "Rows that are there again")
    if told := profile.get("asked_imperfections"):
        rows = [
            [".".join(filter(None, (one["table"], one["column"]))), one["kind"], share(one["asked"], 2), one["found"]]
            for one in told
        ]
        shown += card(table(["where", "what", "asked", "cells or rows"], rows, numbers=(2, 3)), "Asked for")
    return section("imperfections", "Imperfections", "", grid(shown, "two")) if shown else ""


def _span(one: Facts) -> str:
    return f"{figure(one['usual_from'])} to {figure(one['usual_to'])}"
