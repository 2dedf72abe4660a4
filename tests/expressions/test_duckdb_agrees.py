"""The main proof: random formulas give the values that DuckDB gives."""

from __future__ import annotations

import math
import re

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datagen.expressions import ExpressionFault, ExpressionOverflow, parse
from datagen.expressions.times import PARTS
from tests.expressions.columns import COLUMNS, FINE_UNITS, TYPES, UNITS
from tests.expressions.formulas import formulas
from tests.expressions.making import Formula
from tests.expressions.oracle import ROWS, connection, leaves_range, ours, same, series, theirs
from tests.support import examples

LAZY = re.compile(r"\band\b|\bor\b|[|&]|case|if\(|coalesce|ifnull")
quick = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


ALLOWED = {"expression.out_of_range", "expression.too_many_parts", "expression.too_long"}


def agree(formula: Formula) -> None:
    try:
        _, mine = ours(formula.ours)
    except ExpressionFault as fault:
        # a constant part out of range, or a formula with more parts than the language allows
        codes = {one.code for one in fault.faults}
        mine = []
    else:
        codes = set()
    assert codes <= ALLOWED, formula
    if codes:
        return
    if any(isinstance(value, ExpressionOverflow) for value in mine):
        assert leaves_range(formula), (formula, str(mine[0]))
        return
    expected = theirs(formula.duck)
    for row, (value, other) in enumerate(zip(mine, expected, strict=True)):
        if isinstance(other, duckdb.Error):
            # DuckDB may look at a side that is not needed; here that cannot stop the run
            assert LAZY.search(formula.ours), (formula, row, other)
        else:
            assert same(value, other), f"row {row}: {value!r} is not {other!r}\n  {formula.ours}\n  {formula.duck}"


@settings(quick, max_examples=examples(200))
@given(formulas(depth=1))
def test_single_operations_give_the_values_of_duckdb(formula):
    agree(formula)


@settings(quick, max_examples=examples(150))
@given(formulas(depth=2))
def test_small_formulas_give_the_values_of_duckdb(formula):
    agree(formula)


@settings(quick, max_examples=examples(75))
@given(formulas(depth=4))
def test_large_formulas_give_the_values_of_duckdb(formula):
    agree(formula)


@settings(quick, max_examples=examples(60))
@given(formulas(depth=3), st.integers(1, ROWS - 1))
def test_rows_do_not_depend_on_how_a_table_is_cut(formula, cut):
    try:
        checked = parse(formula.ours).check(TYPES.get, TYPES)
    except ExpressionFault:
        return
    columns = {name: series()[name] for name in checked.names}
    try:
        whole = checked.evaluate(columns, ROWS)
    except ExpressionOverflow:
        return
    parts = [(0, cut), (cut, ROWS - cut)]
    pieces = [checked.evaluate({name: one.slice(*part) for name, one in columns.items()}, part[1]) for part in parts]
    assert pl.concat(pieces).equals(whole)


@settings(quick, max_examples=examples(100))
@given(formulas(depth=3), st.integers(0, ROWS - 1))
def test_constants_are_worked_out_as_columns_are(formula, row):
    """The same formula with the values of one row written in place of its names."""
    try:
        parsed = parse(formula.ours)
        checked = parsed.check(TYPES.get, TYPES)
        values = {name: series()[name][row] for name in checked.names}
        if None in values.values():  # a null has no type to go by
            return
        constant = parsed.bound(values).check(lambda name: None, ()).constant_value()
        column = checked.evaluate({name: series()[name].slice(row, 1) for name in checked.names}, 1).item()
    except (ExpressionFault, ExpressionOverflow):  # also what stands in a branch that is not taken
        return
    if isinstance(column, float):
        assert math.isclose(constant, column, rel_tol=1e-12)
    else:
        assert constant == column
    assert type(constant) is type(column)


@pytest.mark.parametrize("unit", FINE_UNITS)
@pytest.mark.parametrize("function", ["date_diff", "date_sub"])
def test_units_between_all_pairs_of_times_are_those_of_duckdb(function, unit):
    times = [*(time for time in COLUMNS["t"][1] if time is not None), *(time for time in COLUMNS["w"][1] if time)]
    pairs = pl.DataFrame({"a": times}).join(pl.DataFrame({"b": times}), how="cross")
    checked = parse(f"{function}('{unit}', a, b)").check({"a": "datetime", "b": "datetime"}.get, ())
    mine = checked.evaluate({"a": pairs["a"], "b": pairs["b"]}, pairs.height).to_list()
    both = "(SELECT unnest(?::TIMESTAMP[]) AS a, unnest(?::TIMESTAMP[]) AS b)"
    sql = f"SELECT {function}('{unit}', a, b) FROM {both}"
    assert mine == [
        row[0] for row in connection().execute(sql, [pairs["a"].to_list(), pairs["b"].to_list()]).fetchall()
    ]


@pytest.mark.parametrize("unit", UNITS)
def test_times_are_cut_as_duckdb_cuts_them(unit):
    for column in ("t", "w", "d", "e"):
        assert ours(f"date_trunc('{unit}', {column})")[1] == theirs(f"date_trunc('{unit}', {column})")


@pytest.mark.parametrize("part", sorted({*PARTS.values()} - {"epoch"}))
def test_parts_of_times_are_those_of_duckdb(part):
    for column in ("t", "w", "d", "e"):
        assert ours(f"extract({part} from {column})")[1] == theirs(
            f"extract({part.replace('dayofyear', 'doy')} from {column})"
        )


INTEGERS = st.sampled_from(["i", "j", "3", "2", "(-2)"])
CHAIN = st.sampled_from([" + ", " - ", " * ", " + -", " * -"])
RELATION = st.sampled_from([" = ", " < ", " >= ", " <> "])


@st.composite
def flat(draw):
    """A formula without brackets, in which only the order of operations says what belongs together."""

    def number():
        text = draw(st.sampled_from(["", "-"])) + draw(INTEGERS)
        for _ in range(draw(st.integers(0, 4))):
            text += draw(CHAIN) + draw(INTEGERS)
        return text

    def condition():
        shape = draw(
            st.sampled_from(
                [
                    "{0}{r}{1}",
                    "not {0}{r}{1}",
                    "{0} between {1} and {2}",
                    "{0} in ({1}, {2})",
                    "f",
                    "not f",
                    "{0} is null",
                    "{0} not in ({1})",
                    "{0} || {1}{r}{2} || {0}",
                    "{0} || s like '%1%'",
                    "{0} is distinct from {1}",
                ]
            )
        )
        return shape.format(number(), number(), number(), r=draw(RELATION))

    text = condition()
    for _ in range(draw(st.integers(0, 3))):
        text += draw(st.sampled_from([" and ", " or "])) + condition()
    return text


@settings(quick, max_examples=examples(80))
@given(flat())
def test_order_of_operations_is_that_of_duckdb(text):
    assert ours(text)[1] == theirs(
        re.sub(r"(?<![\w%'])(\d+)(?![\w%'])", r"\1::BIGINT", text).replace("-2::BIGINT", "-2")
    )


@pytest.mark.slow
@settings(quick, max_examples=8_000)
@given(st.integers(1, 6).flatmap(formulas))
def test_eight_thousand_formulas_give_the_values_of_duckdb(formula):
    agree(formula)
