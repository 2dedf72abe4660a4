"""Errors of different floors are told together, and none of them is only the echo of another."""

from __future__ import annotations

import time

import pytest

from tests.support import codes_of, findings_of

SHOP = """
timeframe: {start: 2024-01-01, days: 30}
tables:
  - name: city
    rows: 5
    columns: {code: {pattern_or_not}}
  - name: customer
    columns: {plan: {choices: [free, pro], weights: [0.5, 0.3, 0.2]}, age: {normal: {mean: 40, std: 12}}}
  - name: product
    columns: {price: {lognormal: {median: 20, sigma: -1}}, stock: {type: int, choices: [1, two]}}
  - name: visit
    columns: {who: {ref: custmer}, long: {expression: lng * 2}}
constraints:
  ranges: [{attr: customer.aeg, min: 0}]
"""


def test_errors_of_every_floor_are_told_at_once() -> None:
    found = {(one.json_path, one.code) for one in findings_of(SHOP.replace("{pattern_or_not}", "{fakr: city}"))}
    assert found == {
        ("tables[0].columns.code.fakr", "language.unknown_key"),
        ("tables[1].columns.plan.weights", "choice.weights_length"),
        ("tables[2].columns.price.lognormal.sigma", "law.parameter_out_of_range"),
        ("tables[2].columns.stock.choices[1]", "column.value_type"),
        ("tables[3].columns.who.ref", "ref.unknown_table"),
        ("tables[3].columns.long.expression", "expression.unknown_name"),
        ("constraints.ranges[0].attr", "ref.unknown_column"),
    }


def test_errors_of_a_plan_do_not_wait_for_those_of_the_parts() -> None:
    found = {one.code for one in findings_of(SHOP.replace("{pattern_or_not}", "{faker: {method: citty}}"))}
    assert found >= {"faker.unknown_method", "choice.weights_length", "law.parameter_out_of_range", "ref.unknown_table"}


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        # the time that a trend and a season read
        ("at: {datetime_series: {frq: h}}, n: {normal: {mean: 1, std: 1}, modifiers: [{trend: {growth_rate: 0.1}}]}", "language.unknown_key"),
        # a name that other columns read
        ("a: {choices: [1, 2], weights: [1]}, b: {expression: a + 1}, c: {expression: b * 2}", "choice.weights_length"),
        ("a: {chioces: [1, 2]}, b: {expression: a + 1}, c: {expression: b * 2}", "language.unknown_key"),
        # a value that another is above
        ("a: {uniform: {low: 5, high: 1}}, b: {uniform: {low: 1, high: 9}}", "law.parameters"),
        # a misspelt name
        ("'a b': {choices: [1, 2]}, c: {expression: a + 1}", "name.bad"),
    ],
)  # fmt: skip
def test_what_follows_from_an_error_is_not_told(columns: str, code: str) -> None:
    text = f"""
    timeframe: {{start: 2024-01-01, days: 30}}
    tables:
      - {{name: users, columns: {{{columns}}}}}
      - {{name: visits, parents: [users], fanout: 2, columns: {{city: {{choices: [Brno, Oslo]}}}}}}
    """
    assert codes_of(text) == [code]


def test_a_column_whose_name_is_not_known_may_be_what_others_speak_of() -> None:
    text = """
    tables:
      - name: users
        columns:
          - {nmae: late, uniform: {low: 0, high: 9}}
          - {name: paid, bernoulli: "if(late > 1, 0.5, 0.1)"}
    """
    assert codes_of(text) == ["language.unknown_key"]


def test_a_broken_table_takes_what_speaks_of_it_with_it() -> None:
    text = """
    tables:
      - {name: users, rowz: 5, columns: {city: {choices: [Brno, Oslo]}}}
      - {name: visits, parents: [users], fanout: 2, columns: {who: {ref: users}, n: {choices: [1], weights: [1, 2]}}}
      - {name: towns, columns: {city: {type: string, lookup: {from: users.city}}, plan: {choices: []}}}
    """
    assert codes_of(text) == ["language.unknown_key", "choice.weights_length", "choice.empty"]


def test_columns_that_need_nothing_else_are_looked_at_in_a_broken_table() -> None:
    text = """
    tables:
      - name: users
        rows: -5
        columns:
          tier: {chioce: [a, b]}
          age: {normal: {mean: 40, sd: 5}}
          size: {uniform: {low: 10, high: 1}}
          paid: {bernoulli: 140%}
          mail: {faker: emial}
          wide: {normal: {mean: age, std: 1}}
      - name: visits
        parents: [users]
        fanout: {poison: 3}
        columns:
          share: {beta: {a: 1}}
          kind: {choice: {choices: [a, b], weights: [0.5, 0.6], exact: users}}
          fee: {choice: {choices: [1, 2], weights: [0.5, 0.6]}, unique: true}
    """
    assert {(one.json_path, one.code) for one in findings_of(text)} == {
        ("tables[0].rows", "language.out_of_range"),
        ("tables[0].columns.tier.chioce", "language.unknown_key"),
        ("tables[0].columns.age.normal.sd", "law.unknown_parameter"),
        ("tables[0].columns.size.uniform.high", "law.parameters"),
        ("tables[0].columns.paid.bernoulli", "share.out_of_range"),
        ("tables[0].columns.mail.faker", "faker.unknown_method"),
        ("tables[1].fanout.poison", "language.unknown_key"),
        ("tables[1].columns.share.beta", "law.missing_parameter"),
        ("tables[1].columns.fee.choice.weights", "weights.sum"),
    }


def test_columns_without_time_are_looked_at_beside_a_broken_timeframe() -> None:
    text = """
    timeframe: {start: 2024-12-31, end: 2024-01-01}
    tables:
      - name: users
        rows: -5
        columns:
          at: {datetime_series: {}}
          size: {uniform: {low: 10, high: 1}}
          born: {faker: {method: date_of_birth, minimum_age: 18}}
      - {name: visits, parents: [users], fanout: {poisson: 2, per: day}, columns: {w: {choices: [a, b], weights: [1, 2, 3]}}}
    """
    found = {(one.json_path, one.code) for one in findings_of(text)}
    assert {path for path, _ in found} == {
        "timeframe.end",
        "tables[0].rows",
        "tables[0].columns.size.uniform.high",
        "tables[1].columns.w.weights",
    }


def test_a_long_chain_of_columns_is_followed_quickly() -> None:
    chain = "".join(f"      c{n}: {{expression: c{n + 1} + 1}}\n" for n in range(1500))
    text = f"tables:\n  - name: users\n    columns:\n{chain}      c1500: {{chioces: [1]}}\n"
    started = time.process_time()
    assert codes_of(text) == ["language.unknown_key"]
    assert time.process_time() - started < 5


def test_a_table_whose_list_of_parents_is_empty_is_looked_at_again_without_a_crash() -> None:
    document = """
nodes:
  - id: city
    parents: []
    columns:
      - {name: size, generator: {choice: {choices: [a, b], weights: [1]}}}
      - {name: code, generator: {uuid: {}}}
"""
    assert codes_of(document) == ["choice.weights_length"]


def test_a_graph_is_not_told_that_the_column_of_its_blocks_is_gone() -> None:
    wrong = """
tables:
  - {name: people, rows: 50, columns: {town: {choices: [a, b], weights: [1, 2, 3]}, age: {normal: {mean: 40, std: 12}}}}
  - {name: knows, kind: graph, model: block, of: people, edges: 50, mixing: 20%}
"""
    assert codes_of(wrong) == ["choice.weights_length"]


def refused(*columns: str) -> set[tuple[str, str]]:
    """(column, code) of the errors in the columns of a table that is refused for its number of rows."""
    written = "".join(f"\n      {column}" for column in columns)
    found = findings_of(
        f"timeframe: {{start: 2024-01-01, days: 30}}\ntables:\n  - name: users\n    rows: -5\n    columns:{written}\n"
    )
    assert [one.code for one in found if one.json_path == "tables[0].rows"] == ["language.out_of_range"]
    return {(one.json_path.split(".")[2], one.code) for one in found if one.json_path != "tables[0].rows"}


BAD_DELAY = "delay: {lognormal: {median: 2d, sigma: -1}}"
BAD_PROFILE = "profile: {same_day: 50%, 3d: 20%}"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        # a time that is wrong itself
        (
            ("at: {datetime_series: {frq: h}}", f"done: {{after: at, {BAD_DELAY}}}"),
            {("at", "language.unknown_key"), ("done", "law.parameter_out_of_range")},
        ),
        # one after another
        (
            ("at: {datetime_series: {}}", "a: {after: at, delay: {exponential: {mean: 2d}}}", f"b: {{after: a, {BAD_DELAY}}}"),
            {("b", "law.parameter_out_of_range")},
        ),
        (
            ("at: {datetime_series: {}}", f"a: {{after: at, {BAD_DELAY}}}", f"seen: {{ingested: {{column: a, {BAD_PROFILE}}}}}"),
            {("a", "law.parameter_out_of_range"), ("seen", "weights.sum")},
        ),
        # a column beside them
        (("n: {uniform: {low: 1, high: 9}}", "done: {after: n, delay: {exponential: {mean: 2d}}}"), {("done", "after.column_type")}),
        (
            ("at: {datetime_series: {}}", "k: {choices: [a]}", "z: {after: {column: at, delay: {exponential: {mean: 2d}}, by: {k: {a: {delay: {exponential: {mean: -3d}}}}}}}"),
            {("z", "law.parameter_out_of_range")},
        ),
        # a date of a word list whose arguments are wrong is a date
        (
            ("at: {faker: {method: date_of_birth, minimm_age: 18}}", "done: {after: at, delay: {exponential: {mean: -2d}}}"),
            {("at", "faker.unknown_argument"), ("done", "law.parameter_out_of_range")},
        ),
        (("at: {datetime_series: {freq: ms}, precision: ms}",), set()),
        # nothing is said of what cannot be known
        (("at: {expression: bt}", f"done: {{after: at, {BAD_DELAY}}}"), set()),
        (("at: {chioces: [a]}", f"done: {{after: at, {BAD_DELAY}}}"), {("at", "language.unknown_key")}),
    ],
)  # fmt: skip
def test_times_that_follow_others_are_looked_at_in_a_broken_table(
    columns: tuple[str, ...], expected: set[tuple[str, str]]
) -> None:
    assert refused(*columns) == expected


@pytest.mark.parametrize("rows", [10, -10])
def test_times_of_rows_and_of_the_table_above_are_followed_in_a_broken_table(rows: int) -> None:
    text = f"""
    timeframe: {{start: 2024-01-01, days: 30}}
    tables:
      - {{name: users, rows: {rows}, columns: {{created: {{datetime_series: {{}}}}}}}}
      - name: visits
        parents: [users]
        fanout: {{poison: 3, per: day}}
        columns:
          at: {{role: time}}
          done: {{after: at, {BAD_DELAY}}}
          since: {{after: users.created, {BAD_DELAY}}}
          other: {{after: users_id.created, {BAD_DELAY}}}
          seen: {{ingested: {{column: done, {BAD_PROFILE}}}}}
    """
    found = {(one.json_path.split(".")[-1], one.code) for one in findings_of(text)}
    expected = {("poison", "language.unknown_key"), ("sigma", "law.parameter_out_of_range"), ("profile", "weights.sum")}
    assert found == expected | ({("rows", "language.out_of_range")} if rows < 0 else set())
    assert sorted(one.json_path.split(".")[2] for one in findings_of(text) if one.json_path.endswith("sigma")) == [
        "done",
        "since",
    ]
