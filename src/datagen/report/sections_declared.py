"""Sections of the page that tell what was declared: checks and score, planted effects, metrics, the document.

All of them are empty on a blind page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen.report.page import Html, Sheet, card, figure, folded, section, share, table, text

Facts = Mapping[str, Any]
NEAR = 4.0  # standard errors that chance explains


def findings(profile: Facts, sheet: Sheet) -> str:
    """The score and every check that was made, those that failed first."""
    found = profile.get("findings")
    if not found:
        return ""
    score = profile.get("score")
    summed = card(_sum(score)) if score else ""
    failed = [one for one in found if one["status"] == "failed"]
    rest = [one for one in found if one["status"] != "failed"]
    shown = card(_checks(failed, profile)) if failed else '<p class="note">Every check passed.</p>'
    hidden = (
        folded(f"{len(rest)} checks that passed or say nothing", card(_checks(rest, profile)), keep=True)
        if rest
        else ""
    )
    lead = f"{len(found)} checks of what was declared, {len(failed)} failed."
    return section("findings", "Checks", lead, summed + shown + hidden)


def _sum(score: Facts) -> str:
    """The score, group by group."""
    rows = [
        [
            part["group"], part["checks"], part["failed"], share(part["mean"], 2), f"{part['weight_used']:.3f}",
            f"{part['points']:.2f}",
        ]
        for part in score["parts"]
    ]  # fmt: skip
    rows.append(["score", "", "", "", "", f"{score['total']:.1f}"])
    said = (
        '<p class="note">Capped: the structure of the tables is not what was declared.</p>' if score["capped"] else ""
    )
    return table(["group", "checks", "failed", "mean", "weight", "points"], rows, numbers=(1, 2, 3, 4, 5)) + said


def _checks(found: Any, profile: Facts) -> str:
    tags = {"failed": "bad", "passed": "good"}
    rows = []
    for one in found:
        examples = f" ({', '.join(one['examples'])})" if one.get("examples") else ""
        around = f" ± {figure(one['tolerance'], '.3g')}" if one.get("tolerance") is not None else ""
        tag = _tag(one["status"], tags.get(one["status"], ""))
        line = _line((one.get("declared_at") or {}).get("line"), profile)
        code = Html(f"<code>{text(one['code'])}</code>")
        expected = f"{figure(one['expected'])}{around}"
        rows.append([tag, one["place"], f"{one['about']}{examples}", figure(one["measured"]), expected, line, code])
    return table(["", "where", "what", "measured", "expected", "line", "code"], rows, numbers=(3, 4))


def effects(profile: Facts, sheet: Sheet) -> str:
    """What is planted, and what the files show of it."""
    found = profile.get("effects")
    if not found:
        return ""
    rows = []
    for one in found:
        tag = Html("")
        if one["measured"] is not None and one["error"]:
            off = abs(one["measured"] - one["expected"]) / one["error"]
            tag = _tag(f"{off:.1f} σ", "good" if off <= NEAR else "bad")
        around = f" ± {figure(one['error'], '.2g')}" if one["error"] else ""
        rows.append(
            [
                one["statement"], f"{figure(one['expected'])}{around}", figure(one["measured"]), tag,
                figure(one["absent"], ".3g"), _line(one["line"], profile),
            ]
        )  # fmt: skip
    lead = "What the document plants, and what the files show of it. σ: standard errors between the two."
    head = ["planted", "expected", "measured", "", "without it", ""]
    return section("effects", "Planted effects", lead, card(table(head, rows, numbers=(1, 2, 4))))


def metrics(profile: Facts, sheet: Sheet) -> str:
    """Named figures."""
    found = profile.get("metrics")
    if not found:
        return ""
    rows = []
    for one in found:
        kept = one.get("kept")
        tag = Html("") if kept is None else _tag("kept" if kept else "missed", "good" if kept else "bad")
        line = _line(one.get("line"), profile)
        value = figure(one["value"], ".6g")
        rows.append([one["name"], value, one.get("bounds", ""), tag, one.get("description", ""), line])
    head = ["metric", "found", "asked", "", "meaning", ""]
    return section("metrics", "Metrics", "", card(table(head, rows, numbers=(1,))))


def document(profile: Facts, sheet: Sheet) -> str:
    """The document, a line each, to link to."""
    told = profile.get("document")
    notes = "".join(f"<li>{text(one)}</li>" for one in profile.get("notes") or ())
    listed = card(f"<ul>{notes}</ul>", "Notes and assumptions") if notes else ""
    if not told:
        return section("document", "Document", "", listed) if listed else ""
    lines = "".join(
        f'<span id="L{number}" data-line="{number}">{text(line)}</span>'
        for number, line in enumerate(told["text"].split("\n"), start=1)
    )
    cut = "" if told["whole"] else '<p class="note">The rest of it is left out.</p>'
    return section(
        "document", "Document", told["name"], f'{listed}<pre class="document" tabindex="0">{lines}</pre>{cut}'
    )


def _line(line: Any, profile: Facts) -> Html:
    """A link to a line of the document."""
    if not isinstance(line, int) or not profile.get("document"):
        return Html("")
    return Html(f'<a href="#L{line}">line {line}</a>')


def _tag(word: str, kind: str) -> Html:
    return Html(f'<span class="tag {kind}">{text(word)}</span>')
