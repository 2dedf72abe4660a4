"""Charts: Vega-Lite specifications as plain dicts, with colours named by what they mean and set by a theme.

No name of a stranger's is ever the name of a field or part of an expression: fields are ours, names are values. So orders
are domains of scales and titles in tooltips are fixed: Vega-Lite makes expressions of lists to sort by and of such titles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
Spec = dict[str, Any]
TIMES = {
    "year": "%Y",
    "quarter": "%b",
    "month": "%b",
    "week": "%-d %b",
    "date": "%-d %b",
    "hours": "%H:%M",
    "minutes": "%H:%M",
}
# an axis of time
AT: Spec = {
    "field": "at",
    "type": "temporal",
    "title": None,
    "axis": {"tickCount": 5, "format": TIMES, "labelOverlap": True},
}
COLOURS = 8  # of series; more share them

# what a page and a notebook draw with; a page's are CSS variables, so that one picture is right in light, dark and print
PAGE = {
    "ink": "var(--ink)",
    "soft": "var(--soft)",
    "line": "var(--line)",
    "ground": "var(--card)",
    "series": [f"var(--c{k})" for k in range(1, COLOURS + 1)],
    "declared": "var(--declared)",
}
NOTEBOOK = {
    "ink": "#1d2430",
    "soft": "#5b6472",
    "line": "#dfe3ea",
    "ground": "#ffffff",
    "series": ["#2f6fde", "#d9702b", "#1f9a78", "#a8489a", "#b58a1b", "#6a63c9", "#6d7a88", "#cc4a5e"],
    "declared": "#1d2430",
}


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture. title: in words; summary: what it shows, for those who cannot see it; height in pixels."""

    title: str
    summary: str
    spec: Spec
    height: int

    def whole(self, theme: Mapping[str, Any] = PAGE) -> Spec:
        """The specification with its theme, which stands on its own."""
        return {
            "$schema": SCHEMA,
            "description": self.summary,
            **self.spec,
            "height": self.height,
            "config": config(theme),
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """The picture in a notebook, for those that draw Vega-Lite 6 and those that draw 5."""
        spec = {**self.whole(NOTEBOOK), "width": 460}
        older = {**spec, "$schema": SCHEMA.replace("/v6.", "/v5.")}
        return {
            "application/vnd.vegalite.v6+json": spec, "application/vnd.vegalite.v5+json": older,
            "text/plain": f"{self.title}: {self.summary}",
        }  # fmt: skip


def config(theme: Mapping[str, Any]) -> Spec:
    """How every chart looks."""
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
    axis = {
        "labelColor": theme["soft"],
        "titleColor": theme["soft"],
        "titleFontWeight": 500,
        "titleFontSize": 11,
        "labelFontSize": 11,
        "gridColor": theme["line"],
        "domainColor": theme["line"],
        "tickColor": theme["line"],
        "tickSize": 4,
        "titlePadding": 8,
        "labelFont": font,
        "titleFont": font,
        "labelLimit": 150,
    }
    return {
        "aria": False,  # the box of a picture says what it shows; marks one by one would be noise, and expressions
        "background": "transparent",
        "font": font,
        "padding": 4,
        "view": {"stroke": None},
        "autosize": {"type": "fit", "contains": "padding"},
        "axis": axis,
        "axisX": {"grid": False, "labelFlush": True},
        "axisY": {"domain": False, "ticks": False, "tickCount": 4},
        "legend": {
            "labelColor": theme["ink"],
            "titleColor": theme["soft"],
            "orient": "top",
            "titleFontWeight": 500,
            "labelFont": font,
            "titleFont": font,
            "symbolType": "circle",
            "symbolSize": 80,
            "offset": 6,
            "columns": 6,
            "title": None,
            "labelLimit": 140,
        },
        "range": {"category": theme["series"]},
        "mark": {"color": theme["series"][0]},
        "bar": {"color": theme["series"][0]},
        "line": {"color": theme["series"][0], "strokeWidth": 2, "strokeJoin": "round"},
        "point": {"color": theme["series"][0], "filled": True, "size": 45},
        "rule": {"color": theme["series"][0]},
        "area": {"color": theme["series"][0]},
        "rect": {"color": theme["series"][0]},
        "text": {"color": theme["ink"], "font": font, "fontSize": 11},
        "style": {
            "declared": {"color": theme["declared"], "stroke": theme["declared"], "strokeWidth": 1.6, "opacity": 0.9},
            "faint": {"color": theme["soft"], "stroke": theme["soft"]},
            "trend": {"stroke": theme["series"][1], "color": theme["series"][1], "strokeWidth": 2},
            "second": {"stroke": theme["series"][1], "color": theme["series"][1]},
        },
        "header": {"labelColor": theme["ink"], "titleColor": theme["soft"]},
    }


def data(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Rows inside a specification."""
    return {"values": [dict(row) for row in rows]}


def spread(facts: Mapping[str, Any], height: int = 120) -> Chart | None:
    """The distribution of a column: bars of a histogram or of values, with what was declared over them."""
    name = f"{facts['table']}.{facts['column']}"
    if facts.get("values"):
        return _values(name, facts, height)
    if facts.get("bars"):
        return _histogram(name, facts, height)
    if facts.get("points"):
        return _calendar(name, facts, height)
    return None


def _values(name: str, facts: Mapping[str, Any], height: int) -> Chart:
    values = facts["values"]
    order = [one["value"] for one in values]
    text = ", ".join(f"{one['value']} {one['share']:.1%}" for one in values[:5])
    long = max(len(str(one)) for one in order) > 4 and len(order) > 3
    bars = max(16, min(26, 150 // max(len(order), 1)))
    upright = facts["kind"] == "number" or not (long or len(order) > 8)
    category = {
        "field": "value",
        "type": "nominal",
        "scale": {"domain": order},
        "title": None,
        "axis": {"labelAngle": 0, "labelOverlap": True, "ticks": False, "domain": False, "grid": False},
    }
    amount = {"field": "share", "type": "quantitative", "title": None, "axis": {"format": "%", "tickCount": 3}}
    tooltip = [
        {"field": "value", "title": "value"},
        {"field": "rows", "title": "rows", "format": ","},
        {"field": "share", "title": "share", "format": ".2%"},
    ]
    layers: list[Spec] = [{"mark": {"type": "bar", "cornerRadiusEnd": 2, "tooltip": True}}]
    if any("declared" in one for one in values):
        tooltip.append({"field": "declared", "title": "declared", "format": ".2%"})
        across = {"y": {**amount, "field": "declared"}} if upright else {"x": {**amount, "field": "declared"}}
        layers.append({"mark": {"type": "tick", "style": "declared", "thickness": 2}, "encoding": across})
    axes = {"x": category, "y": amount} if upright else {"y": category, "x": amount}
    spec = {"data": data(values), "encoding": {**axes, "tooltip": tooltip}, "layer": layers}
    return Chart(
        f"{name}: values",
        f"Shares of the values of {name}: {text}",
        spec,
        height if upright else max(height, bars * len(order)),
    )


def _histogram(name: str, facts: Mapping[str, Any], height: int) -> Chart:
    bars = facts["bars"]
    total = sum(one["rows"] for one in bars) + facts["below"] + facts["above"]
    rows = [{**one, "share": one["rows"] / total if total else 0} for one in bars]
    scale = {"type": "log"} if facts["logarithmic"] else {"zero": False, "nice": False}
    axis = {"tickCount": 5, "format": "~s" if _large(facts) else ",~r", "labelOverlap": True}
    tooltip = [
        {"field": "from", "title": "from", "format": ",~r"},
        {"field": "to", "title": "to", "format": ",~r"},
        {"field": "rows", "title": "rows", "format": ","},
        {"field": "share", "title": "share", "format": ".2%"},
    ]
    x = {"field": "from", "type": "quantitative", "scale": scale, "title": None, "axis": axis}
    y = {"type": "quantitative", "title": None, "axis": {"format": "~%", "tickCount": 3}}
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "tooltip": True, "stroke": None},
            "encoding": {"y": {**y, "field": "share"}, "y2": {"datum": 0}, "tooltip": tooltip},
        }
    ]
    if any("declared" in one for one in bars):
        layers.append({"mark": {"type": "rule", "style": "declared"}, "encoding": {"y": {**y, "field": "declared"}}})
    spec = {"data": data(rows), "encoding": {"x": x, "x2": {"field": "to"}}, "layer": layers}
    ends = f"from {_g(facts['min'])} to {_g(facts['max'])}"
    summary = f"Histogram of {name}: {ends}, mean {_g(facts['mean'])}, half of it below {_g(facts['quantiles']['0.5'])}"
    return Chart(f"{name}: histogram", summary, spec, height)


def _calendar(name: str, facts: Mapping[str, Any], height: int) -> Chart:
    spec = {
        "data": data(facts["points"]),
        "mark": {"type": "area", "line": True, "opacity": 0.25, "tooltip": True},
        "encoding": {
            "x": {
                "field": "at",
                "type": "temporal",
                "title": None,
                "axis": {"tickCount": 4, "format": TIMES, "labelOverlap": True},
            },
            "y": {"field": "rows", "type": "quantitative", "title": None, "axis": {"format": "~s", "tickCount": 3}},
        },
    }
    return Chart(
        f"{name}: per {facts['unit']}",
        f"Rows by {name} per {facts['unit']}, from {facts['min']} to {facts['max']}",
        spec,
        height,
    )


def _large(facts: Mapping[str, Any]) -> bool:
    return max(abs(float(facts["min"])), abs(float(facts["max"]))) >= 10_000


def _g(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, int | float) else str(value)


def over_time(facts: Mapping[str, Any], height: int = 150) -> Chart:
    """Rows of a table per unit of time."""
    first, last = facts["points"][0]["at"], facts["points"][-1]["at"]
    most = max(one["rows"] for one in facts["points"])
    spec = {
        "data": data(facts["points"]),
        "mark": {
            "type": "area",
            "line": {"strokeWidth": 1.6},
            "opacity": 0.22,
            "tooltip": True,
            "interpolate": "linear",
        },
        "encoding": {
            "x": AT,
            "y": {
                "field": "rows",
                "type": "quantitative",
                "title": f"rows per {facts['unit']}",
                "axis": {"format": "~s"},
            },
            "tooltip": [
                {"field": "at", "type": "temporal", "title": facts["unit"], "format": "%Y-%m-%d"},
                {"field": "rows", "title": "rows", "format": ","},
            ],
        },
    }
    ends = f"from {first[:10]} to {last[:10]}, at most {most:,}"
    summary = f"Rows of {facts['table']} per {facts['unit']} of {facts['column']}, {ends}"
    return Chart(f"{facts['table']} per {facts['unit']}", summary, spec, height)
