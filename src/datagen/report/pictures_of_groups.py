"""Pictures of groups and processes: funnels, states, comparisons and what is missing, from the facts of the profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen.report.charts import AT, Chart, Spec, data

Facts = Mapping[str, Any]


def funnel(facts: Facts) -> Chart:
    """How many reach each stage."""
    order = [one["stage"] for one in facts["stages"]]
    rows = [
        {
            "stage": one["stage"],
            "reached": one["reached"],
            "of_first": one["of_first"],
            "text": f"{one['reached']:,} · {one['of_first']:.1%}",
        }
        for one in facts["stages"]
    ]
    spec = {
        "data": data(rows),
        "encoding": {
            "y": {
                "field": "stage",
                "type": "nominal",
                "scale": {"domain": order},
                "title": None,
                "axis": {"domain": False},
            },
            "x": {
                "field": "reached",
                "type": "quantitative",
                "title": "reached",
                "axis": {"format": "~s"},
                "scale": {"domainMax": max(one["reached"] for one in rows) * 1.25},
            },
        },
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 3, "tooltip": True},
                "encoding": {
                    "tooltip": [
                        {"field": "stage", "title": "stage"},
                        {"field": "reached", "title": "reached", "format": ","},
                        {"field": "of_first", "title": "of the first", "format": ".1%"},
                    ]
                },
            },
            {"mark": {"type": "text", "align": "left", "dx": 6}, "encoding": {"text": {"field": "text"}}},
        ],
    }
    text = ", ".join(f"{one['stage']} {one['of_first']:.1%}" for one in facts["stages"])
    return Chart(
        f"{facts['table']}: stages",
        f"Share that reaches each stage of {facts['table']}: {text}",
        spec,
        38 * len(rows) + 40,
    )


def funnel_groups(facts: Facts, groups: Facts) -> Chart:
    """The share that goes on from each stage, by group, with intervals."""
    order = [one["stage"] for one in facts["stages"]]
    return _dots(
        [
            {
                "what": one["stage"],
                "group": one["group"],
                "mean": one["share_on"],
                "low": one["low"],
                "high": one["high"],
                "rows": one["reached"],
            }
            for one in groups["steps"]
        ],
        order,
        "share that goes on",
        "%",
        f"{facts['table']} by {groups['by']}",
        f"Share that goes on from each stage of {facts['table']}, by {groups['by']}",
    )


def _dots(rows: Sequence[Facts], order: Sequence[str], title: str, form: str, name: str, summary: str) -> Chart:
    """Dots with intervals, groups beside each other."""
    shared: Spec = {
        "y": {
            "field": "what",
            "type": "nominal",
            "scale": {"domain": list(order)},
            "title": None,
            "axis": {"domain": False, "grid": True},
        },
        "yOffset": {"field": "group"},
        "color": {"field": "group", "type": "nominal"},
    }
    x = {"type": "quantitative", "title": title, "axis": {"format": form, "grid": True}, "scale": {"zero": False}}
    groups = len({one["group"] for one in rows})
    spec = {
        "data": data(rows),
        "encoding": shared,
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "tooltip": True, "opacity": 1},
                "encoding": {
                    "x": {**x, "field": "mean"},
                    "tooltip": [
                        {"field": "what", "title": "where"},
                        {"field": "group", "title": "group"},
                        {"field": "mean", "title": "mean", "format": ",.4~g"},
                        {"field": "low", "title": "from", "format": ",.4~g"},
                        {"field": "high", "title": "to", "format": ",.4~g"},
                        {"field": "rows", "title": "of", "format": ","},
                    ],
                },
            },
        ],
    }
    return Chart(name, summary, spec, max(120, (14 * groups + 16) * len(order) + 60))


def shares(facts: Facts) -> Chart:
    """The share of entities in each state over time."""
    order = sorted(
        {one["state"] for one in facts["over_time"]},
        key=lambda state: -sum(one["share"] for one in facts["over_time"] if one["state"] == state),
    )
    spec = {
        "data": data(facts["over_time"]),
        "mark": {"type": "area", "opacity": 0.85, "tooltip": True},
        "encoding": {
            "x": AT,
            "y": {
                "field": "share",
                "type": "quantitative",
                "title": f"share of {facts['entity']}",
                "stack": "zero",
                "axis": {"format": "%"},
                "scale": {"domain": [0, 1]},
            },
            "color": {"field": "state", "type": "nominal", "scale": {"domain": order}},
            "order": {"field": "state", "sort": "ascending"},
            "tooltip": [
                {"field": "at", "type": "temporal", "title": "at", "format": "%Y-%m-%d"},
                {"field": "state", "title": "state"},
                {"field": "share", "title": "share", "format": ".1%"},
                {"field": "entities", "title": "of them", "format": ","},
            ],
        },
    }
    last = [one for one in facts["over_time"] if one["at"] == facts["over_time"][-1]["at"]]
    text = ", ".join(f"{one['state']} {one['share']:.1%}" for one in last)
    return Chart(
        f"{facts['table']}: states", f"Share of {facts['entity']} in each state over time; at the end {text}", spec, 230
    )


def groups(facts: Facts) -> Chart:
    """The means of groups with their intervals."""
    what = f"mean {facts['measure']}" if facts["measure"] else f"{facts['table']} rows each"
    rows = [{**one, "what": one["value"]} for one in facts["groups"]]
    order = [one["value"] for one in sorted(facts["groups"], key=lambda one: -one["mean"])]
    x = {
        "type": "quantitative",
        "title": what,
        "axis": {
            "format": "~s" if max(abs(one["mean"]) for one in rows) >= 10_000 else ",~r",
            "grid": True,
            "tickCount": 5,
        },
        "scale": {"zero": False},
    }
    spec = {
        "data": data(rows),
        "encoding": {
            "y": {
                "field": "what",
                "type": "nominal",
                "scale": {"domain": order},
                "title": None,
                "axis": {"domain": False},
            }
        },
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2.5},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "tooltip": True, "opacity": 1},
                "encoding": {
                    "x": {**x, "field": "mean"},
                    "tooltip": [
                        {"field": "what", "title": "group"},
                        {"field": "mean", "title": "mean", "format": ",.4~g"},
                        {"field": "low", "title": "from", "format": ",.4~g"},
                        {"field": "high", "title": "to", "format": ",.4~g"},
                        {"field": "rows", "title": "rows", "format": ","},
                    ],
                },
            },
        ],
    }
    text = ", ".join(f"{one['value']} {one['mean']:,.4g}" for one in facts["groups"])
    return Chart(
        f"{what} by {facts['by']}",
        f"{what} of {facts['table']} by {facts['by']}: {text}",
        spec,
        max(90, 24 * len(rows) + 50),
    )


def missing(facts: Sequence[Facts]) -> Chart:
    """Shares of values that are missing."""
    rows = [
        {"column": f"{one['table']}.{one['column']}", "share": one["share"], "nulls": one["nulls"]} for one in facts
    ][:40]
    spec = {
        "data": data(rows),
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "tooltip": True},
        "encoding": {
            "y": {
                "field": "column",
                "type": "nominal",
                "sort": "-x",
                "title": None,
                "axis": {"domain": False, "labelLimit": 260},
            },
            "x": {
                "field": "share",
                "type": "quantitative",
                "title": "share of rows without a value",
                "axis": {"format": "%"},
            },
            "tooltip": [
                {"field": "column", "title": "column"},
                {"field": "share", "title": "missing", "format": ".2%"},
                {"field": "nulls", "title": "rows", "format": ","},
            ],
        },
    }
    text = ", ".join(f"{one['column']} {one['share']:.1%}" for one in rows[:6])
    return Chart("Missing values", f"Share of rows without a value: {text}", spec, max(80, 20 * len(rows) + 50))
