"""What stands out: the surest facts of a profile in one sentence each, for the top of the page.

Only what holds after correction for all that was tried is said; a picture that looks like something is not enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST = 12
SURE = 5.0  # standard errors of what was not corrected together with all other comparisons
Facts = Mapping[str, Any]


def highlights(profile: Facts) -> list[dict[str, str]]:
    """`{kind, text, at}`: at names the section that shows it."""
    kinds = [list(one(profile)) for one in (_groups, _growth, _cohorts, _funnels, _states, _seasons)]
    turns = range(max(map(len, kinds)))
    return [kind[turn] for turn in turns for kind in kinds if turn < len(kind)]


def _groups(profile: Facts) -> Iterator[dict[str, str]]:
    for one in profile["comparisons"]["found"][:60]:
        sure = [pair for pair in one["pairs"] if pair["differs"]]
        if not sure or (one["kind"] == "ratio" and all(abs(pair["size"] - 1) < 0.02 for pair in sure)):
            continue
        what = f"{one['measure']} of {one['table']}" if one["measure"] else f"{one['table']} rows each"
        if one["kind"] == "ratio":
            told = ", ".join(f"{pair['value']} {pair['size']:.3g}×" for pair in sure)
            text = f"{what} by {one['by']}: {told} as much as {one['base']}"
        else:
            told = ", ".join(f"{pair['value']} {pair['size']:+.3g}" for pair in sure)
            text = f"{what} by {one['by']}: {told} against {one['base']}"
        yield {"kind": "groups", "text": text, "at": "groups"}


def _growth(profile: Facts) -> Iterator[dict[str, str]]:
    drawn = {cohort["table"] for cohort in profile["cohorts"]}
    for one in sorted(profile["trends"], key=lambda one: one["table"] not in drawn):
        if (one["low"] > 0) == (one["high"] > 0) and abs(one["growth"]) >= 0.005:
            rows = one["measure"] is None
            what = f"{one['table']} rows" if rows else f"{one['measure']} of {one['table']}"
            if rows and (one["explained"] or 0) < 0.5:
                continue
            word = "grow" if one["growth"] > 0 else "shrink"
            text = f"{what} {word if rows else word + 's'} by {abs(one['growth']):.1%} a month"
            yield {
                "kind": "growth",
                "text": f"{text}{' within ' + one['within'] if one.get('within') else ''}",
                "at": "growth",
            }


def _cohorts(profile: Facts) -> Iterator[dict[str, str]]:
    for one in profile["cohorts"]:
        rates = [age["rate"] for age in one["by_age"] if age["rate"] is not None]
        if len(rates) >= 3 and abs(rates[-1] - 1) > 0.1:
            word = "falls" if rates[-1] < 1 else "rises"
            shown = ", ".join(f"{rate:.0%}" for rate in rates[:7])
            rest = f": {shown} of the first {one['unit']}" if max(rates) <= 2 else ""
            text = f"{one['table']} per {one['entity']} {word} with its age{rest}"
            yield {"kind": "cohorts", "text": text, "at": "cohorts"}


def _funnels(profile: Facts) -> Iterator[dict[str, str]]:
    for one in profile["funnels"]:
        steps = ", ".join(f"{stage['stage']} {stage['of_first']:.0%}" for stage in one["stages"])
        yield {"kind": "funnel", "text": f"Of those in {one['table']}: {steps}", "at": "funnels"}
        for groups in one["by"]:
            sure = [pair for pair in groups["pooled"] if abs(pair["errors"]) >= SURE]
            if sure:
                told = ", ".join(f"{pair['group']} {pair['odds']:.2g}×" for pair in sure)
                text = f"Odds of going on in {one['table']} by {groups['by']}: {told} those of {groups['base']}"
                yield {"kind": "funnel", "text": text, "at": "funnels"}


def _states(profile: Facts) -> Iterator[dict[str, str]]:
    for one in profile["states"]:
        first = max(one["moves"], key=lambda move: move["number"], default=None)
        if first is None or first["per_unit"] is None:
            continue
        told = f"{first['from']} to {first['to']} in {first['per_unit']:.2%} of {one['unit']}s"
        yield {"kind": "states", "text": f"{one['table']}: {told}", "at": "states"}
        for groups in one["by"]:
            for move in groups["moves"]:
                if move["times_base"] is not None and abs(move["errors"]) >= SURE:
                    often = f"{move['group']} {move['times_base']:.2g}× as often as {groups['base']}"
                    text = f"{one['table']}, {move['from']} to {move['to']}: {often}"
                    yield {"kind": "states", "text": text, "at": "states"}


def _seasons(profile: Facts) -> Iterator[dict[str, str]]:
    from datagen.report.activity import DAYS

    for one in profile["seasons"]:
        if one["rows"] < 5_000 or not one["by_hour"]:
            continue
        hour = max(one["by_hour"], key=lambda at: at["times_usual"])
        day = max(one["by_day"], key=lambda at: at["times_usual"])
        if hour["times_usual"] > 1.4:
            busiest = f", most on {DAYS[day['day']]}" if day["times_usual"] > 1.1 else ""
            text = f"{one['table']}: busiest at {hour['hour']}:00, {hour['times_usual']:.1f}× the average hour{busiest}"
            yield {"kind": "seasons", "text": text, "at": "seasons"}
