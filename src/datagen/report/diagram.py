"""The entity diagram: a plain layered SVG, every table right of those that its keys point to. Drawn in the text's colour."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, GAP_X, GAP_Y = 244, 84, 20  # of a box, and between boxes
HEAD, LINE, FOOT = 40, 19, 9
MOST_LINES = 7  # keys and columns shown in a box
MARGIN = 6


def diagram(tables: Sequence[Mapping[str, Any]]) -> str:
    """The SVG. tables: `table, rows, primary_key, foreign_keys, columns` each, as the profile tells them."""
    if not tables:
        return ""
    known = {one["table"]: one for one in tables}
    depth = _depths(known)
    layers: dict[int, list[str]] = {}
    for name in known:
        layers.setdefault(depth[name], []).append(name)
    place: dict[str, tuple[float, float]] = {}
    heights = {name: HEAD + LINE * len(_lines(one)) + FOOT for name, one in known.items()}
    total = max(sum(heights[name] + GAP_Y for name in names) - GAP_Y for names in layers.values())
    for layer in sorted(layers):
        names = layers[layer]
        if layer:  # beside what they point to
            names.sort(key=lambda name: _pull(known[name], place, list(known).index(name)))
        y = (total - sum(heights[name] + GAP_Y for name in names) + GAP_Y) / 2 + MARGIN
        for name in names:
            place[name] = (MARGIN + layer * (WIDTH + GAP_X), y)
            y += heights[name] + GAP_Y
    width, height = MARGIN * 2 + (max(layers) + 1) * (WIDTH + GAP_X) - GAP_X, total + MARGIN * 2
    lines = [line for name, one in known.items() for line in _edges(name, one, known, place)]
    boxes = [_box(one, *place[name], heights[name]) for name, one in known.items()]
    text = "; ".join(
        f"{one['table']}, {_rows(one)}"
        + "".join(f", its {key['column']} points to {key['table']}" for key in one["foreign_keys"])
        for one in tables
    )
    return (
        f'<svg class="entities" role="img" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">'
        f"<title>Entity diagram</title><desc>{html.escape(text)}</desc>{''.join(lines)}{''.join(boxes)}</svg>"
    )


def _depths(known: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """The layer of each table: 0 without keys to others, else one more than the deepest that it points to; rings stay flat."""
    depth: dict[str, int] = {}

    def of(name: str, above: frozenset[str]) -> int:
        if name not in depth:
            outward = [key["table"] for key in known[name]["foreign_keys"] if key["table"] in known]
            depth[name] = max((of(one, above | {name}) + 1 for one in outward if one not in above | {name}), default=0)
        return depth[name]

    for name in known:
        of(name, frozenset())
    return depth


def _pull(table: Mapping[str, Any], place: Mapping[str, tuple[float, float]], order: int) -> tuple[float, int]:
    above = [place[key["table"]][1] for key in table["foreign_keys"] if key["table"] in place]
    return (sum(above) / len(above) if above else 0.0, order)


def _lines(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(mark, text) of the lines of a box: keys first, then a few columns."""
    keys = [("key", name) for name in table["primary_key"]]
    away = [("to", key["column"]) for key in table["foreign_keys"] if key["column"] not in table["primary_key"]]
    named = {name for _, name in (*keys, *away)}
    others = [("", column["name"]) for column in table["columns"] if column["name"] not in named]
    room = max(MOST_LINES - len(keys) - len(away), 2)
    shown = others if len(others) <= room else [*others[: room - 1], ("", f"… {len(others) - room + 1} more")]
    return [*keys, *away, *shown]


def _row(table: Mapping[str, Any], column: str, y: float) -> float:
    names = [name for _, name in _lines(table)]
    return y + HEAD + LINE * (names.index(column) if column in names else 0) + LINE / 2 - 2


def _edges(
    name: str,
    table: Mapping[str, Any],
    known: Mapping[str, Mapping[str, Any]],
    place: Mapping[str, tuple[float, float]],
) -> list[str]:
    found = []
    for key in table["foreign_keys"]:
        if key["table"] not in known:
            continue
        x1, y1 = place[name][0], _row(table, key["column"], place[name][1])
        there = known[key["table"]]
        x2, y2 = place[key["table"]][0] + WIDTH, _row(there, key["to"], place[key["table"]][1])
        if x2 > x1:  # to itself, or within a ring: around the left side
            x2 -= WIDTH
            path = f"M{x1:g} {y1:g}C{x1 - 40:g} {y1:g} {x2 - 40:g} {y2:g} {x2:g} {y2:g}"
        else:
            bend = max(30.0, (x1 - x2) / 2)
            path = f"M{x1:g} {y1:g}C{x1 - bend:g} {y1:g} {x2 + bend:g} {y2:g} {x2:g} {y2:g}"
        label = html.escape(f"{name}.{key['column']} → {key['table']}.{key['to']}")
        found.append(
            f'<g class="edge"><title>{label}</title>'
            f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity="0.45" stroke-width="1.4"/>'
            f'<circle cx="{x2:g}" cy="{y2:g}" r="3" fill-opacity="0.7"/></g>'
        )
    return found


def _box(table: Mapping[str, Any], x: float, y: float, height: float) -> str:
    rows = _rows(table)
    parts = [
        f'<g class="box"><title>{html.escape(table["table"])}: {rows}</title>'
        f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{height:g}" rx="8" '
        'fill="var(--card, transparent)" stroke="currentColor" stroke-opacity="0.28"/>'
        f'<path d="M{x:g} {y + HEAD - 11:g}h{WIDTH}" stroke="currentColor" stroke-opacity="0.14"/>'
        f'<text x="{x + 12:g}" y="{y + 19:g}" font-weight="650" font-size="13">{_cut(table["table"], 20)}</text>'
        f'<text x="{x + WIDTH - 12:g}" y="{y + 19:g}" text-anchor="end" fill-opacity="0.65">{rows}</text>'
    ]
    for place, (mark, name) in enumerate(_lines(table)):
        at = y + HEAD + LINE * place + LINE / 2 + 2
        sign = {"key": "◆", "to": "↗", "": ""}[mark]
        weight = ' font-weight="600"' if mark == "key" else ""
        faint = "" if mark else ' fill-opacity="0.72"'
        parts.append(
            f'<text x="{x + 14:g}" y="{at:g}" fill-opacity="0.6" font-size="10">{sign}</text>'
            f'<text x="{x + 32:g}" y="{at:g}"{weight}{faint}>{_cut(name, 28)}</text>'
        )
    return "".join((*parts, "</g>"))


def _rows(table: Mapping[str, Any]) -> str:
    return "by SQL" if table["rows"] is None else f"{table['rows']:,} rows"


def _cut(text: str, most: int) -> str:
    return html.escape(text if len(text) <= most else text[: most - 1] + "…")
