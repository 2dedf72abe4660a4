"""Values of the wrong sort in places where a plan reads them before their part does: each is a finding, never a crash."""

from __future__ import annotations

import pytest

from tests.support import codes_of, plan_of


@pytest.mark.parametrize("values", ["-3.7", "true", "{a: 1}", "x"])
def test_listed_values_that_are_no_list_are_refused(values: str) -> None:
    assert codes_of(f"tables: [{{name: sizes, columns: {{size: {{enum_list: {{values: {values}}}}}}}}}]") == [
        "language.wrong_type"
    ]


@pytest.mark.parametrize(("low", "high"), [("5", "2024-01-01"), ("2024-01-01", "5"), ("a", "1.5")])
def test_a_range_from_a_number_to_a_time_is_refused(low: str, high: str) -> None:
    text = f"""
    tables: [{{name: users, columns: {{age: {{uniform: {{low: 1, high: 9}}}}}}}}]
    constraints: {{ranges: [{{attr: users.age, min: {low}, max: {high}}}]}}
    """
    assert codes_of(text) == ["constraint.cannot_hold"]


def test_a_window_of_a_percentage_is_refused() -> None:
    text = "timeframe: {start: 2024-01-01, days: 5%}\ntables: [{name: users, columns: {n: {sequence: 1}}}]"
    assert codes_of(text) == ["language.wrong_type"]


@pytest.mark.parametrize("days", ["9000000", "1e15", "1e300"])
def test_a_window_beyond_the_calendar_is_refused(days: str) -> None:
    text = f"""
    timeframe: {{start: 2024-01-01, days: {days}}}
    tables: [{{name: users, columns: {{born: {{faker: date_of_birth}}, seen: {{datetime_series: {{}}}}}}}}]
    """
    assert codes_of(text) == ["time.days"]


@pytest.mark.parametrize("clamp", ["[3d, 5]", "[null, 3d]", "[1, a]"])
def test_rows_per_parent_between_texts_are_refused(clamp: str) -> None:
    text = f"""
    tables:
      - {{name: users, rows: 5, columns: {{city: {{choices: [Brno]}}}}}}
      - {{name: visits, parents: [users], fanout: {{poisson: 3, clamp: {clamp}}}, columns: {{city: {{choices: [Brno]}}}}}}
    """
    assert codes_of(text) == ["language.wrong_type"]


def test_a_sequence_over_rows_beyond_counting_is_refused() -> None:
    tables = ["{name: t0, rows: 1B, columns: {n: {sequence: 1}}}"]
    for place in range(1, 40):
        rows = f"parents: [t{place - 1}], fanout: {{poisson: 1000000000}}"
        tables.append(f"{{name: t{place}, {rows}, columns: {{n: {{sequence: 1}}}}}}")
    assert set(codes_of(f"tables: [{', '.join(tables)}]")) == {"sequence.overflow"}


@pytest.mark.parametrize(
    ("written", "notes"),
    [("", ()), ("notes: 5", (5,)), ("notes: one remark", ("one remark",)), ("notes: [a, b]", ("a", "b"))],
)
def test_notes_may_be_a_list_or_one_remark(written: str, notes: tuple[object, ...]) -> None:
    assert plan_of(f"{written}\ntables: [{{name: users, columns: {{n: {{sequence: 1}}}}}}]").notes == notes


def test_a_parameter_beyond_64_bits_is_refused_where_a_formula_reads_it() -> None:
    text = """
    params: {fee: 18446744073709551615, night: {expression: "$fee * 2"}}
    tables: [{name: users, columns: {n: {sequence: 1}}}]
    """
    assert codes_of(text) == ["expression.out_of_range"]


@pytest.mark.parametrize("params", ["x", "5", "[1, 2]", "null", "true"])
def test_parameters_of_a_law_that_are_no_object_are_refused(params: str) -> None:
    law = f"{{type: gamma, params: {params}}}"
    text = f"""
    tables:
      - name: users
        columns: {{n: {{normal: {{mean: 1, std: 1}}, modifiers: [{{outliers: {{rate: 0.1, magnitude_dist: {law}}}}}]}}}}
    """
    assert {code.split(".")[0] for code in codes_of(text)} == {"law"}
