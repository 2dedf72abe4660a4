"""A value of another shape is told once, with what to write in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen import api
from datagen.errors import Finding, SchemaError
from tests.support import findings_of

HEAD = "timeframe: {start: 2024-01-01, days: 30}\ntables:\n"
PEOPLE = f"""{HEAD}
  - {{name: dept, rows: 3, columns: {{dept_id: {{sequence: {{}}}}, head: {{faker: name}}}}}}
  - name: people
    rows: 20
    columns:
      dept_id: {{ref: dept}}
      team: {{choices: {{red: 0.5, blue: 0.5}}}}
      size: {{uniform: {{low: 1, high: 9}}}}
"""


def told(column: str) -> Finding:
    """The one fault of a document with this column more."""
    found = findings_of(f"{PEOPLE}      x: {column}\n")
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("column", "expected", "hint"),
    [
        ("{uniform: [1, 2]}", "an object such as {low: …, high: …}", "write {low: 1, high: 2}"),
        ("{normal: [5, 0.5]}", "an object such as {mean: …, std: …}", "write {mean: 5, std: 0.5}"),
        ("{lookup: {from: dept.head, on: dept_id}}", "an object such as {key_of_this_row: column}", "write {dept_id: dept_id}"),
        ("{nested: {of: 3, length: 2}}", "a generator such as {uniform: {low: 1, high: 6}}", 'write {expression: "3"}'),
        ("{nested: {of: {sequence: {}}, length: [1, 2]}}", "a law such as 3, 1..5 or {normal: {mean: 5, std: 1}}", "write 1..2"),
        ("{nested: 3}", "the parameters as an object, such as {fields: …}", ""),
        ("{choice: {choices: [a, b], weights: {a: 30%, b: 70%}}}", "a list", "write choices: {a: 30%, b: 70%}"),
    ],
)  # fmt: skip
def test_another_shape_is_told_with_the_right_one(column: str, expected: str, hint: str) -> None:
    finding = told(column)
    assert (finding.code, finding.expected, finding.hint) == ("language.wrong_type", expected, hint)


def test_a_metric_as_bare_text_is_told_to_stand_under_sql() -> None:
    [finding] = findings_of(f"{PEOPLE}\nmetrics:\n  n: select count(*) from people\n")
    assert finding.expected == "an object such as {sql: …}"
    assert finding.hint == 'write {sql: "select count(*) from people"}'


@pytest.mark.parametrize(
    ("case", "form"),
    [
        ("{when: team = 'red', then: 1, else: 2}", '[{when: "team = \'red\'", expression: "1"}, {expression: "2"}]'),
        ("[{when: team = 'red', then: up}, {else: down}]", '[{when: "team = \'red\'", expression: "\'up\'"}, {expression: "\'down\'"}]'),
        ("{when: size > 3, normal: {mean: 1, std: 2}, else: {sequence: {}}}", '[{when: "size > 3", normal: {mean: 1, std: 2}}, {sequence: {}}]'),
        ("{cases: {when: size > 3, then: true, else: null}}", '[{when: "size > 3", expression: "true"}, {expression: "null"}]'),
    ],
)  # fmt: skip
def test_a_case_as_programs_write_it_is_told_once_with_the_form_that_is_meant(case: str, form: str) -> None:
    nullable = ", nullable: true" if "null" in case else ""
    finding = told(f"{{case: {case}{nullable}}}")
    assert finding.code == "case.then_else"
    assert finding.expected.endswith(form)
    assert not findings_of(f"{PEOPLE}      x: {{case: {form}{nullable}}}\n"), "the form that is shown is right"


def test_weights_that_are_alike_are_told_how_to_be_relative() -> None:
    assert told("{choice: {choices: [a, b, c], weights: [1, 1, 1]}}").hint == "for equal chances write 2, 2, 2"
    assert not findings_of(f"{PEOPLE}      x: {{choice: {{choices: [a, b, c], weights: [2, 2, 2]}}}}\n")


@pytest.mark.parametrize(
    ("weights", "hint"),
    [
        ("[0.5, 0.3, 0.1]", "add 0.1, or write relative weights, with one above 1: 50, 30, 10"),
        ("[50%, 30%, 10%]", "add 10 %, or write relative weights, with one above 1: 50, 30, 10"),
        ("[1, 0, 1]", "take away 1, or write relative weights, with one above 1: 2, 0, 2"),
        ("[50, 30, 20%]", "write 50%"),
        ("[0.5, 30%, 20%]", "write 50%"),
    ],
)
def test_wrong_weights_are_told_with_right_ones(weights: str, hint: str) -> None:
    assert told(f"{{choice: {{choices: [a, b, c], weights: {weights}}}}}").hint == hint


def test_shares_of_classes_are_not_told_to_be_relative() -> None:
    text = f"{PEOPLE}      at: {{datetime_series: {{}}}}\n      y: {{ingested: {{column: at, profile: {{same_day: 90%}}}}}}\n"
    assert [finding.hint for finding in findings_of(text)] == ["add 0.1"]


def test_a_window_beside_the_keys_of_a_time_is_told_to_stand_under_within() -> None:
    found = findings_of(f"{PEOPLE}      x: {{datetime_series: {{start: 2024-01-05, end: 2024-01-09}}}}\n")
    assert {finding.hint for finding in found} == {"write within: {start: 2024-01-05, end: 2024-01-09}"}


def test_an_error_of_recording_is_told_where_it_stands() -> None:
    assert (
        told("{choices: [a, b], missing: 2%}").hint
        == "an error of recording stands under `imperfections: {missing: …}`"
    )


def test_columns_of_the_driving_parent_are_told_to_be_bare() -> None:
    text = f"{PEOPLE}  - {{name: visits, parents: [people], fanout: {{poisson: people.size}}}}\n"
    [finding] = findings_of(text)
    assert (finding.code, finding.hint) == ("expression.unknown_name", "columns of the same row are written bare: size")


def test_times_of_a_refused_table_are_told_too() -> None:
    text = f"""{HEAD}
  - name: visits
    columns:
      at: {{datetime_series: {{frq: D}}}}
      until: {{datetime_series: {{freq: 0D}}}}
      day: {{datetime_series: {{within: {{start: 2024-05-01, end: 2024-01-01}}}}}}
      seen: {{datetime_series: {{pattern: {{dimension: hour, weights: [1, 2]}}}}}}
      back: {{after: {{column: until, delay: -3d}}}}
      gone: {{after: {{column: at, delay: -3d}}}}
      long: {{expression: at}}
    """
    codes = [finding.code for finding in findings_of(text)]
    assert codes == [
        "language.unknown_key",
        "time.freq",
        "time.reversed",
        "pattern.weights_length",
        *["after.negative_delay"] * 2,
    ]


SET = """
params: {day: 2025-06-25, users: 5, share: 4%, internal: false, plan: free}
timeframe: {start: 2024-01-01, end: "$day"}
tables:
  - name: users
    rows: $users
    columns: {at: {datetime_series: {}}, plan: {choices: [$plan, pro]}, is_internal: {bernoulli: $share}, x: {expression: "not $internal"}}
"""


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("day", "soon", "a date or time; the document has '2025-06-25'"),
        ("day", "2025-02-30", "a date or time; the document has '2025-06-25'"),
        ("users", "lots", "a number; the document has 5"),
        ("share", "some", "a number; the document has '4%'"),
    ],
)
def test_a_setting_of_another_sort_is_named_with_what_the_document_has(name: str, value: str, expected: str) -> None:
    with pytest.raises(SchemaError) as refused:
        api.prepare(_written(SET), sets=[(name, value)]).bind()
    first = refused.value.findings[0]
    assert (first.code, first.json_path, first.expected) == ("params.other_sort", f"params.{name}", expected)
    assert first.found == f"{name} set to '{value}'"


@pytest.mark.parametrize(
    ("name", "value"),
    [("day", "2025-01-01"), ("users", "1k"), ("users", "50"), ("share", "0.1"), ("plan", "7"), ("internal", "true")],
)
def test_a_setting_of_the_same_sort_is_taken(name: str, value: str) -> None:
    api.prepare(_written(SET), sets=[(name, value)]).bind()


def test_a_number_may_be_set_to_an_expression() -> None:
    text = f"params: {{mean: 5}}\n{PEOPLE}      x: {{normal: {{mean: $mean, std: 1}}}}\n"
    api.prepare(_written(text), sets=[("mean", "size * 2")]).bind()


def test_what_is_refused_while_rows_are_made_has_a_line(tmp_path: Path) -> None:
    written = tmp_path / "stays.yaml"
    written.write_text(
        """timeframe: {start: 2024-01-01, days: 10}
tables:
  - name: stays
    columns:
      arrived: {datetime_series: {within: {start: 2024-01-01, end: 2024-01-05}}}
      booked_until: {expression: arrived + interval 3 day}
      left: {datetime_series: {within: {start: 2024-01-03, end: 2024-01-06}}}
constraints:
  inequalities: [{left: stays.booked_until, op: <, right: stays.left}]
"""
    )
    prepared = api.prepare(str(written))
    for verb in (lambda: api.preview(prepared, 500), lambda: api.generate(prepared, tmp_path / "out")):
        with pytest.raises(SchemaError) as refused:
            verb()
        [finding] = refused.value.findings
        assert finding.code == "constraint.empty_interval"
        assert (finding.path, finding.line, finding.json_path) == (str(written), 7, "tables[0].columns.left")


def _written(text: str) -> dict[str, object]:
    from datagen.schema.load import load_text

    return load_text(text, path="written.yaml").root


def test_a_column_under_a_condition_that_permits_no_null_is_refused() -> None:
    finding = told("{sequence: {}, when: team = 'red', nullable: false}")
    assert (finding.code, finding.found) == ("column.left_open", "x with nullable: false and a `when`")
    for fine in ("when: team = 'red'", "when: team = 'red', nullable: true", "when: 'true', nullable: false"):
        assert not findings_of(f"{PEOPLE}      x: {{sequence: {{}}, {fine}}}\n"), fine
