"""Patterns are read at planning, and held against the values of closed lists."""

from __future__ import annotations

from tests.support import codes_of, findings_of, plan_of


def schema(regex: str, column: str = "choices: {AB1: 50%, CD2: 50%}") -> str:
    return f"tables: [{{name: a, columns: {{x: {{{column}, constraints: {{pattern: '{regex}'}}}}}}}}]"


def status(text: str) -> str:
    (constraint,) = (one for one in plan_of(text).constraints if one.kind == "pattern")
    return constraint.status


def test_a_pattern_that_every_choice_matches_holds() -> None:
    assert status(schema("[A-Z]{2}[0-9]")) == "held"


def test_a_pattern_that_some_choices_break_is_looked_at() -> None:
    assert status(schema("A.*")) == "checked"


def test_a_pattern_that_no_choice_matches_is_refused() -> None:
    (finding,) = findings_of(schema("[0-9]+"))
    assert finding.code == "constraint.cannot_hold"
    assert "AB1, CD2" in finding.found


def test_a_pattern_that_cannot_be_read_is_refused_with_the_reason() -> None:
    (finding,) = findings_of(schema("("))
    assert finding.code == "constraint.cannot_hold"
    assert "missing )" in finding.found


def test_backtracking_features_are_refused() -> None:
    assert codes_of(schema("(?=a)b")) == ["constraint.cannot_hold"]


def test_a_pattern_on_made_up_texts_is_looked_at() -> None:
    assert status(schema(".+", "faker: name")) == "checked"
