"""Sections of the page that tell what happens: time, seasons, growth, cohorts, funnels, states, groups compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen.report import charts
from datagen.report import pictures_of_groups as of_groups
from datagen.report import pictures_of_time as of_time
from datagen.report.highlights import SURE
from datagen.report.page import Sheet, card, figure, folded, grid, section, share, table, text

Facts = Mapping[str, Any]
SHOWN = 30  # comparisons without a difference that are pictured


def over_time(profile: Facts, sheet: Sheet) -> str:
    """Rows per unit of time, table by table."""
    shown = "".join(
        sheet.picture(charts.over_time(one), _named(one["table"], f"by {one['column']}"))
        for one in profile["rows_over_time"]
    )
    return section("time", "Rows over time", "", grid(shown)) if shown else ""


def seasons(profile: Facts, sheet: Sheet) -> str:
    """Weeks and years; the table with the plainest ones first, the others folded."""
    ranked = sorted(profile["seasons"], key=_strength, reverse=True)
    if not ranked:
        return ""
    rows = [
        grid(
            sheet.picture(of_time.heat_map(one), _named(one["table"], f"weekday by hour, {one['column']}"))
            + sheet.picture(of_time.weekdays(one), _named(one["table"], "weekdays"))
            + sheet.picture(of_time.months(one), _named(one["table"], "months of the year"))
        )
        for one in ranked
    ]
    more = folded(f"{len(rows) - 1} more tables", "".join(rows[1:]), keep=True) if len(rows) > 1 else ""
    return section(
        "seasons", "Seasons", "Against the average hour and day; the stronger the colour, the more.", rows[0] + more
    )


def _strength(one: Facts) -> float:
    """How far weekdays and hours are from even, less what chance does to so many rows."""
    days = [(day["times_usual"] - 1) ** 2 / 7 for day in one["by_day"]]
    hours = [(hour["times_usual"] - 1) ** 2 / 24 for hour in one["by_hour"]]
    chance = (7 + (24 if hours else 0)) / max(one["rows"], 1)
    uneven: float = sum(days) + sum(hours) - 2 * chance
    return uneven


def growth(profile: Facts, sheet: Sheet) -> str:
    """Trends of rows and measures."""
    shown = ""
    for one in profile["trends"]:
        told = f"{one['growth']:+.2%} a month ({one['low']:+.2%} to {one['high']:+.2%})"
        if one.get("within"):
            told += f" within {one['within']}"
        if one.get("left_out"):
            months = "month is" if one["left_out"] == 1 else f"{one['left_out']} months are"
            told += f"; the first {months} left out, while the table fills"
        what = f"mean {one['measure']}" if one["measure"] else "rows a month"
        shown += sheet.picture(of_time.trend(one), _named(one["table"], what), told)
    lead = "Monthly figures of full months; the line is fitted to their logarithms."
    return section("growth", "Growth", lead, grid(shown)) if shown else ""


def cohorts(profile: Facts, sheet: Sheet) -> str:
    """Retention and activity by age."""
    shown = "".join(
        grid(
            sheet.picture(of_time.retention(one), _named(f"{one['table']} of {one['entity']}", "by age"))
            + sheet.picture(of_time.triangle(one), _named(one["entity"], f"by the {one['unit']} in which they came")),
            "two",
        )
        for one in profile["cohorts"]
    )
    lead = "By the age of an entity: the share with an event, and the rate of events when growth and seasons are taken out."
    return section("cohorts", "Cohorts", lead, shown) if shown else ""


def funnels(profile: Facts, sheet: Sheet) -> str:
    """Stages, and the steps between them by group."""
    found = ""
    for one in profile["funnels"]:
        shown, quiet = sheet.picture(of_groups.funnel(one), text(one["table"])), ""
        for groups in one["by"]:
            if not groups["pooled"]:
                continue
            odds = ", ".join(
                f"{pair['group']} {pair['odds']:.2f} ({pair['low']:.2f} to {pair['high']:.2f})"
                for pair in groups["pooled"]
            )
            told = f"odds of going on, all steps, against {groups['base']}: {odds}"
            drawn = sheet.picture(of_groups.funnel_groups(one, groups), f"by {text(groups['by'])}", told)
            if any(abs(pair["errors"]) >= SURE for pair in groups["pooled"]):
                shown += drawn
            else:
                quiet += drawn
        rows = [
            [
                stage["stage"], stage["reached"], share(stage["of_first"]), share(stage["share_on"]),
                share(stage["followed_share_on"]), figure(stage["median_days"], ".3g"),
            ]
            for stage in one["stages"]
        ]  # fmt: skip
        head = ["stage", "reached", "of the first", "go on", "… if followed to the end", "days, median"]
        listed = card(table(head, rows, numbers=(1, 2, 3, 4, 5)))
        hidden = folded("Nothing found", grid(quiet, "two"), "groups that go on alike", keep=True) if quiet else ""
        found += grid(shown, "two") + listed + hidden
    return section("funnels", "Funnels", "", found) if found else ""


def states(profile: Facts, sheet: Sheet) -> str:
    """Shares over time and the moves between states."""
    found = ""
    for one in profile["states"]:
        rows = [
            [f"{move['from']} → {move['to']}", move["number"], share(move["share"]), share(move["per_unit"], 2)]
            for move in one["moves"]
        ]
        listed = table(["move", "number", "of those that leave", f"per {one['unit']}"], rows, numbers=(1, 2, 3))
        by = [
            [
                f"{move['from']} → {move['to']}", f"{groups['by']}: {move['group']}", share(move["per_unit"], 2),
                f"{move['times_base']:.2f}× ({move['low']:.2f} to {move['high']:.2f})", groups["base"],
            ]
            for groups in one["by"]
            for move in groups["moves"]
            if move["times_base"] is not None
        ]  # fmt: skip
        head = ["move", "group", f"per {one['unit']}", "against the base", "base"]
        grouped = folded("By group", table(head, by, numbers=(2, 3))) if by else ""
        name = _named(one["table"], f"share of {one['entity']} in each state")
        drawn = sheet.picture(of_groups.shares(one), name) if one["over_time"] else ""
        found += grid(drawn + card(listed + grouped), "two")
    return section("states", "States", "", found) if found else ""


def groups(profile: Facts, sheet: Sheet) -> str:
    """What differs between groups, then what does not."""
    compared = profile["comparisons"]
    if not compared["found"]:
        return ""
    sure = [one for one in compared["found"] if one["differs"]]
    rest = [one for one in compared["found"] if not one["differs"]]
    left = f" {compared['columns_left_out']} columns were not compared." if compared["columns_left_out"] else ""
    lead = (
        f"{compared['tried']:,} comparisons were made. These differ even after correction for all of them (Holm): the "
        f"chance that any is mere chance is at most {compared['alpha']:.0%}. Bars are intervals of 95 %.{left}"
    )
    shown = "".join(_compared(one, sheet) for one in sure)
    quiet = grid("".join(_compared(one, sheet) for one in rest[:SHOWN]), "small")
    if len(rest) > SHOWN:
        quiet += f'<p class="note">and {len(rest) - SHOWN} more, in the figures inside this page</p>'
    hidden = folded("Nothing found", quiet, f"{len(rest)} questions", keep=True) if rest else ""
    none = '<p class="note">No difference holds after correction.</p>'
    return section("groups", "Groups compared", lead, (grid(shown) if shown else none) + hidden)


def _compared(one: Facts, sheet: Sheet) -> str:
    what = f"{one['table']}.{one['measure']}" if one["measure"] else f"{one['table']} rows each"
    sign = "×" if one["kind"] == "ratio" else ""
    pairs = ", ".join(
        f"{pair['value']} {pair['size']:.3g}{sign} ({pair['low']:.3g} to {pair['high']:.3g})"
        + ("" if pair["differs"] else ", no difference")
        for pair in one["pairs"][:6]
    )
    return sheet.picture(of_groups.groups(one), _named(what, f"by {one['by']}"), f"against {one['base']}: {pairs}")


def _named(name: str, small: str) -> str:
    return f"{text(name)} <small>{text(small)}</small>"
