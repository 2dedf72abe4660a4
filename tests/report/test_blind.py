"""The shop read blind: the facts of a blind report show what was planted, with sign and size, and suggest no placebo."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from datagen import grading, truth
from datagen.report.files import open_files
from datagen.report.highlights import highlights
from datagen.report.profile import profile

NEAR = 0.2  # of the size of what was planted
LEAST = 9


@pytest.fixture(scope="module")
def facts(shop: Path) -> dict[str, Any]:
    with open_files(shop, memory=1_000_000_000) as files:
        return profile(files, blind=True)


def pair(facts: dict[str, Any], table: str, measure: str | None, value: str) -> float:
    [one] = [
        one for one in facts["comparisons"]["found"]
        if (one["table"], one["measure"], one["by"]) == (table, measure, "customers.segment")
    ]  # fmt: skip
    assert one["base"] == "standard"
    [found] = [pair for pair in one["pairs"] if pair["value"] == value]
    return float(found["size"]) if found["differs"] else math.nan


def growth(facts: dict[str, Any], table: str, measure: str | None) -> float:
    [one] = [one for one in facts["trends"] if (one["table"], one["measure"]) == (table, measure)]
    return float(one["growth"]) if one["low"] > 0 else math.nan


def churned(facts: dict[str, Any], group: str) -> float:
    [states] = [one for one in facts["states"] if one["table"] == "subscription"]
    [by] = [one for one in states["by"] if one["by"] == "customers.segment"]
    [move] = [one for one in by["moves"] if (one["from"], one["to"], one["group"]) == ("active", "churned", group)]
    return float(move["per_unit"])


def odds(facts: dict[str, Any], group: str) -> float:
    [by] = [one for one in facts["funnels"][0]["by"] if one["by"] == "customers.segment"]
    [pair] = [one for one in by["pooled"] if one["group"] == group]
    return float(pair["odds"])


def seen(facts: dict[str, Any]) -> dict[str, tuple[list[float], list[float]]]:
    """What the notes on data sets say was planted -> (what the facts show, what was planted), size less what no effect is."""
    [ages] = [one for one in facts["cohorts"] if one["table"] == "orders"]
    stages = {one["stage"]: one["followed_share_on"] for one in facts["funnels"][0]["stages"]}
    return {
        "vip orders": ([pair(facts, "orders", None, "vip") - 1], [2.5]),
        "vip value": ([pair(facts, "orders", "amount", "vip") - 1], [4.0]),
        "budget orders": ([pair(facts, "orders", None, "budget") - 1], [-0.2]),
        "budget value": ([pair(facts, "orders", "amount", "budget") - 1], [-0.4]),
        "retention": ([one["rate"] - 1 for one in ages["by_age"][1:6]], [-0.25, -0.4, -0.5, -0.55, -0.6]),
        "growth of orders": ([growth(facts, "orders", None)], [0.05]),
        "growth of value": ([growth(facts, "orders", "amount")], [0.01]),
        "funnel": (list(stages.values())[:4], [0.35, 0.80, 0.65, 0.42]),
        "funnel of vip": ([odds(facts, "vip") - 1], [0.3]),
        "funnel of budget": ([odds(facts, "budget") - 1], [-0.3]),
        "churn": ([churned(facts, "standard")], [0.03]),
        "churn of vip": ([churned(facts, "vip")], [0.012]),
    }


def test_planted_effects_show_with_sign_and_size(facts: dict[str, Any]) -> None:
    near = {
        name: all(abs(a - b) <= NEAR * abs(b) for a, b in zip(found, planted, strict=True))
        for name, (found, planted) in seen(facts).items()
    }
    assert sum(near.values()) >= LEAST, near
    assert all(near.values()), {name: seen(facts)[name] for name, is_near in near.items() if not is_near}


def test_no_placebo_is_suggested(facts: dict[str, Any], shop: Path) -> None:
    answers = truth.read(Path(f"{shop}.truth"), shop)
    placebos = set()
    for one in answers.placebos:
        measure = one["columns"][1].partition(".")[2] if len(one["columns"]) > 1 else None
        placebos.add((one["table"], measure, one["columns"][0], one["parameters"]["value"]))
    looked_at, suggested = set(), set()
    for one in facts["comparisons"]["found"]:
        for found in one["pairs"]:
            key = (one["table"], one["measure"], one["by"], found["value"])
            if key in placebos:
                looked_at.add(key)
                if found["differs"]:
                    suggested.add(key)
    assert len(looked_at) >= 30  # those with enough units, by columns that somebody would group by
    assert not suggested
    said = " ".join(one["text"] for one in highlights(facts))
    assert "country" not in said
    assert "customers.segment" in said


def test_groups_of_placebos_go_on_and_churn_alike(facts: dict[str, Any]) -> None:
    """Country has no say in the funnel and in the states; 4 standard errors, some 40 comparisons."""
    for funnel in facts["funnels"]:
        for by in funnel["by"]:
            if by["by"] == "customers.country":
                assert all(abs(one["errors"]) < 4 for one in by["pooled"])
    for states in facts["states"]:
        for by in states["by"]:
            if by["by"] == "customers.country":
                assert all(abs(one["errors"]) < 4 for one in by["moves"] if one["times_base"] is not None)


def test_answers_read_off_a_blind_report_are_marked_well(facts: dict[str, Any], shop: Path) -> None:
    """What the report calls a difference, and its funnel, growth and churn, against the answer key: no placebo is claimed."""
    answers = []
    for one in facts["comparisons"]["found"]:
        columns = [one["by"], *([f"{one['table']}.{one['measure']}"] if one["measure"] else [])]
        for found in one["pairs"]:
            if found["differs"]:
                where = {"value": found["value"], "reference": one["base"]}
                answers.append({"table": one["table"], "columns": columns, "where": where, "size": found["size"]})
    for group in ("vip", "standard", "budget"):
        where = {"state": "active", "segment": group}
        answers.append(
            {"table": "subscription", "where": where, "size": churned(facts, group), "kind": "loss_per_period"}
        )
        [by] = [one for one in facts["funnels"][0]["by"] if one["by"] == "customers.segment"]
        order = [stage["stage"] for stage in facts["funnels"][0]["stages"]]
        for step in by["steps"]:
            if step["group"] == group:
                where = {"stage": order[order.index(step["stage"]) + 1], "segment": group}
                answers.append(
                    {"table": "web_journey", "where": where, "size": step["share_on"], "kind": "step_conversion"}
                )
    for measure, size in (("amount", growth(facts, "orders", "amount")), (None, growth(facts, "orders", None))):
        columns = ["orders.ordered_at", *([f"orders.{measure}"] if measure else [])]
        answers.append({"table": "orders", "columns": columns, "kind": "trend", "size": math.log1p(size)})
    given = {"format_version": 1, "content_hash": facts["header"]["content_hash"], "answers": answers}
    marked = grading.grade(grading.Answers.model_validate(given), f"{shop}.truth")
    verdicts = [one.verdict for one in marked.marks]
    assert "placebo" not in verdicts
    assert verdicts.count("right") >= 2 * LEAST, [
        (one.verdict, one.effect, one.claimed, one.expected) for one in marked.marks
    ]
