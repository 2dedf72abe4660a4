"""Pictures of time: seasons, growth and cohorts, from the facts of the profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen.report.activity import DAYS
from datagen.report.charts import AT, Chart, Spec, data

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STEEP = 2.0  # times the rate at age 0
Facts = Mapping[str, Any]


def heat_map(facts: Facts) -> Chart | None:
    """Weekday by hour: the darker, the more rows."""
    if not facts["cells"]:
        return None
    rows = [{**one, "day": DAYS[one["day"]]} for one in facts["cells"]]
    most = max(rows, key=lambda one: one["times_usual"])
    spec = {
        "data": data(rows),
        "mark": {"type": "rect", "tooltip": True, "cornerRadius": 2},
        "encoding": {
            "x": {
                "field": "hour",
                "type": "ordinal",
                "title": "hour of the day (UTC)",
                "axis": {"labelAngle": 0, "labelOverlap": True, "domain": False, "ticks": False},
                "scale": {"paddingInner": 0.06},
            },
            "y": {
                "field": "day",
                "type": "ordinal",
                "sort": list(DAYS),
                "title": None,
                "axis": {"domain": False},
                "scale": {"paddingInner": 0.06},
            },
            "opacity": _darker("times_usual"),
            "tooltip": [
                {"field": "day", "title": "day"},
                {"field": "hour", "title": "hour"},
                {"field": "rows", "title": "rows", "format": ","},
                {"field": "times_usual", "title": "times the average hour", "format": ".2f"},
            ],
        },
    }
    busiest = f"most on {most['day']} at {most['hour']}:00, {most['times_usual']:.1f} times the average hour"
    summary = f"Rows of {facts['table']} by weekday and hour; {busiest}"
    return Chart(f"{facts['table']}: week", summary, spec, 190)


def _darker(field: str) -> Spec:
    """The darker, the more; nothing is nearly white."""
    return {"field": field, "type": "quantitative", "scale": {"domainMin": 0, "range": [0.04, 1]}, "legend": None}


def _against_usual(rows: Sequence[Facts], order: Sequence[str], title: str, summary: str, height: int = 150) -> Chart:
    highest = max(1.15, *(one["times_usual"] for one in rows)) * 1.05
    spec = {
        "data": data(rows),
        "encoding": {
            "x": {
                "field": "name",
                "type": "ordinal",
                "sort": list(order),
                "title": None,
                "axis": {"labelAngle": 0, "labelOverlap": True, "domain": False, "ticks": False},
            },
            "y": {"type": "quantitative", "title": "times usual", "scale": {"domain": [0, highest]}},
        },
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 2, "tooltip": True},
                "encoding": {
                    "y": {"field": "times_usual"},
                    "tooltip": [
                        {"field": "name", "title": "when"},
                        {"field": "rows", "title": "rows", "format": ","},
                        {"field": "times_usual", "title": "times usual", "format": ".3f"},
                    ],
                },
            },
            {
                "mark": {"type": "rule", "style": "faint", "strokeDash": [4, 4]},
                "encoding": {"x": None, "y": {"datum": 1}, "tooltip": None},
            },
        ],
    }
    return Chart(title, summary, spec, height)


def weekdays(facts: Facts) -> Chart:
    """Rows per weekday against the average day."""
    rows = [
        {"name": DAYS[one["day"]], "rows": one["rows"], "times_usual": one["times_usual"]} for one in facts["by_day"]
    ]
    text = ", ".join(f"{one['name']} {one['times_usual']:.2f}" for one in rows)
    return _against_usual(
        rows,
        DAYS,
        f"{facts['table']}: weekdays",
        f"Rows of {facts['table']} per weekday, times the average day: {text}",
    )


def months(facts: Facts) -> Chart | None:
    """Rows per month of the year against the average day."""
    if not facts["by_month"]:
        return None
    rows = [
        {"name": MONTHS[one["month"] - 1], "rows": one["rows"], "times_usual": one["times_usual"]}
        for one in facts["by_month"]
    ]
    text = ", ".join(f"{one['name']} {one['times_usual']:.2f}" for one in rows)
    return _against_usual(
        rows,
        MONTHS,
        f"{facts['table']}: months",
        f"Rows of {facts['table']} per day in each month, times the average day; growth is not taken out: {text}",
    )


def trend(facts: Facts) -> Chart:
    """Monthly figures with the line through their logarithms."""
    what = facts["measure"] or "rows"
    title = f"mean {what}" if facts["measure"] else "rows a month"
    x = AT
    y = {"type": "quantitative", "title": title, "axis": {"format": "~s"}, "scale": {"zero": not facts["measure"]}}
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "point": True, "opacity": 0.85, "tooltip": True},
            "encoding": {
                "y": {**y, "field": "value"},
                "tooltip": [
                    {"field": "at", "type": "temporal", "title": "month", "format": "%Y-%m"},
                    {"field": "value", "title": "value", "format": ",.4~g"},
                ],
            },
        }
    ]
    fitted = [one for one in facts["points"] if one["line"] is not None]
    if fitted:
        layers.append(
            {
                "data": data(fitted),
                "mark": {"type": "line", "style": "trend", "strokeDash": [6, 4]},
                "encoding": {"y": {**y, "field": "line"}},
            }
        )
    spec = {"data": data(facts["points"]), "encoding": {"x": x}, "layer": layers}
    summary = f"{facts['table']}, {title}: {facts['growth']:+.2%} a month, interval {facts['low']:+.2%} to {facts['high']:+.2%}"
    return Chart(f"{facts['table']}: {title}", summary, spec, 180)


def retention(facts: Facts) -> Chart:
    """Share of entities with an event by age, and the rate of events with the calendar taken out."""
    rates = [one["rate"] for one in facts["by_age"] if one["rate"] is not None]
    peak = max(rates, default=1.0)
    base = peak if peak > STEEP else 1.0  # of what rises far the first stretch is no measure
    names = ("with an event", f"rate against {'its peak' if base > 1 else 'age 0'}, calendar taken out")
    rows = [
        {"age": one["age"], "what": names[0], "value": one["active"], "entities": one["entities"]}
        for one in facts["by_age"]
    ]
    rows += [
        {"age": one["age"], "what": names[1], "value": one["rate"] / base, "entities": one["entities"]}
        for one in facts["by_age"]
        if one["rate"] is not None
    ]
    spec = {
        "data": data(rows),
        "mark": {"type": "line", "point": True, "tooltip": True},
        "encoding": {
            "x": {
                "field": "age",
                "type": "quantitative",
                "title": f"age in {facts['unit']}s",
                "axis": {"tickMinStep": 1, "format": "d"},
            },
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": None,
                "axis": {"format": "%"},
                "scale": {"domainMin": 0},
            },
            "color": {"field": "what", "type": "nominal", "sort": list(names), "legend": {"labelLimit": 300}},
            "tooltip": [
                {"field": "age", "title": f"age in {facts['unit']}s"},
                {"field": "what", "title": "what"},
                {"field": "value", "title": "value", "format": ".1%"},
                {"field": "entities", "title": "of them", "format": ","},
            ],
        },
    }
    text = ", ".join(f"{one['rate']:.2f}" for one in facts["by_age"] if one["rate"] is not None)
    return Chart(
        f"{facts['entity']} by age",
        f"{facts['table']} of {facts['entity']} by age in {facts['unit']}s; rate relative to age 0: {text}",
        spec,
        _cohort_height(facts),
    )


def triangle(facts: Facts) -> Chart:
    """Cohorts by age: the darker, the more of a cohort have an event at that age."""
    rows = [
        {
            "cohort": one["cohort"][:7] if facts["unit"] == "month" else one["cohort"],
            "age": one["age"],
            "share": one["active"] / one["entities"],
            "entities": one["entities"],
        }
        for one in facts["triangle"]
    ]
    spec = {
        "data": data(rows),
        "mark": {"type": "rect", "tooltip": True, "cornerRadius": 2},
        "encoding": {
            "x": {
                "field": "age",
                "type": "ordinal",
                "title": f"age in {facts['unit']}s",
                "axis": {"labelAngle": 0, "domain": False, "ticks": False},
                "scale": {"paddingInner": 0.06},
            },
            "y": {
                "field": "cohort",
                "type": "ordinal",
                "title": None,
                "axis": {"domain": False, "labelOverlap": True},
                "scale": {"paddingInner": 0.08},
            },
            "opacity": _darker("share"),
            "tooltip": [
                {"field": "cohort", "title": "cohort"},
                {"field": "age", "title": "age"},
                {"field": "share", "title": "with an event", "format": ".1%"},
                {"field": "entities", "title": "of", "format": ","},
            ],
        },
    }
    return Chart(
        f"cohorts of {facts['entity']}",
        f"Share of each cohort of {facts['entity']} with {facts['table']}, by age",
        spec,
        _cohort_height(facts),
    )


def _cohort_height(facts: Facts) -> int:
    """Of both pictures of a cohort, which stand beside each other."""
    return min(420, max(230, 13 * len({one["cohort"] for one in facts["triangle"]}) + 50))
