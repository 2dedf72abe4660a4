"""The page: one HTML file that holds its figures, pictures and programs, works offline and fetches nothing.

Every text that comes from outside is escaped on its way in; figures travel as JSON that no end tag can leave; scripts run
only if their SHA-256 is in the policy of the page.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from datagen.report.charts import PAGE, Chart, config

SCRIPTS = ("vendor/vega.min.js", "vendor/vega-lite.min.js", "vendor/vega-embed.min.js", "page.js")
MARK = re.compile(r"\{\{(\w+)\}\}")


class Sheet:
    """Collects the pictures of a page while its sections are written."""

    def __init__(self) -> None:
        self.specs: list[dict[str, Any]] = []

    def picture(self, chart: Chart | None, caption: str = "", told: str = "") -> str:
        """A figure with room for its picture, so that nothing moves when it is drawn. caption: HTML; told: figures below it."""
        if chart is None:
            return ""
        number = len(self.specs)
        self.specs.append({**chart.spec, "description": chart.summary, "height": chart.height, "width": "container"})
        below = f'<p class="facts">{text(told)}</p>' if told else ""
        label = f'role="img" aria-label="{text(chart.summary)}"'
        return (
            f"<figure><figcaption>{caption or text(chart.title)}</figcaption>"
            f'<div class="chart" id="chart-{number}" style="height:{chart.height}px" {label}></div>{below}</figure>'
        )


def card(body: str, title: str = "") -> str:
    """A box with a heading."""
    return f'<div class="card">{f"<h3>{text(title)}</h3>" if title else ""}{body}</div>'


def grid(body: str, kind: str = "") -> str:
    """Boxes beside each other. kind: small, two, or usual."""
    return f'<div class="grid {kind}">{body}</div>'


def folded(title: str, body: str, small: str = "", *, open: bool = False, keep: bool = False) -> str:
    """What is shown when somebody asks for it. keep: folded on paper too."""
    kind = f"{' open' if open else ''}{' class=keep' if keep else ''}"
    return f"<details{kind}><summary>{text(title)} <small>{text(small)}</small></summary>{body}</details>"


def section(name: str, title: str, lead: str, body: str) -> str:
    """A part of the page that the navigation leads to."""
    said = f"<p>{text(lead)}</p>" if lead else ""
    head = f'<h2 id="{name}-title">{text(title)}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-title">{head}{said}{body}</section>'


def text(value: Any) -> str:
    """A value as HTML shows it, with nothing in it that HTML would understand."""
    return html.escape(str(value), quote=True)


def embedded(value: Any) -> str:
    """JSON that is safe inside a script element: no tag can begin in it."""
    raw = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        raw = raw.replace(sign, f"\\u{ord(sign):04x}")
    return raw


def page(title: str, navigation: str, body: str, sheet: Sheet, facts: Mapping[str, Any]) -> str:
    """The whole document."""
    folder = resources.files("datagen.report")
    scripts = [folder.joinpath(*name.split("/")).read_text(encoding="utf-8") for name in SCRIPTS]
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    policy = (
        f"default-src 'none'; script-src {' '.join(chr(39) + 'sha256-' + one + chr(39) for one in digests)}; "
        "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": text(policy),
        "title": text(title),
        "style": folder.joinpath("page.css").read_text(encoding="utf-8"),
        "navigation": navigation,
        "body": body,
        "facts": embedded(facts),
        "charts": embedded(sheet.specs),
        "config": embedded(config(PAGE)),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    template = folder.joinpath("page.html").read_text(encoding="utf-8")
    return MARK.sub(lambda mark: parts[mark[1]], template)  # in one pass: what is put in is not looked at again


def table(head: list[str], rows: list[list[Any]], *, numbers: tuple[int, ...] = (), classes: str = "") -> str:
    """A table. Cells are HTML where they come as `Html`, else text; numbers: columns that stand right."""
    cells = "".join(f'<th scope="col"{_right(place, numbers)}>{text(one)}</th>' for place, one in enumerate(head))
    lines = "".join(
        "<tr>" + "".join(f"<td{_right(place, numbers)}>{_cell(one)}</td>" for place, one in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table class="{classes}"><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table></div>'


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


def _cell(value: Any) -> str:
    if isinstance(value, Html):
        return value
    if value is None:
        return ""
    return text(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value)


def _right(place: int, numbers: tuple[int, ...]) -> str:
    return ' class="n"' if place in numbers else ""


def figure(value: Any, form: str = ".4g") -> str:
    """A number in few digits."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if form.endswith("g") and abs(value) >= 10_000 else f"{value:,{form}}"


def share(value: Any, digits: int = 1) -> str:
    """A share as a percentage."""
    return "–" if value is None else f"{value:.{digits}%}"
