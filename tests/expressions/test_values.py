"""What comes out of a formula: types, nulls, ranges, and rows that do not depend on each other."""

import math
import subprocess
import sys
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from datagen.expressions import ExpressionFault, ExpressionOverflow, parse
from datagen.expressions.compile import DTYPES, Program
from tests.expressions.oracle import connection

FRAME = pl.DataFrame(
    {
        "n": [1, 0, -7, None],
        "big": [9_000_000_000_000_000_000, 3, -9_000_000_000_000_000_000, None],
        "x": [1.5, 0.0, -2.0, None],
        "huge": [1e308, 1.0, -1e308, None],
        "s": ["a", "", "abc", None],
        "f": [True, False, True, None],
        "t": [datetime(2024, 1, 31), datetime(1, 1, 1), datetime(9999, 12, 31), None],
        "d": [date(2024, 1, 31), date(1, 1, 1), date(9999, 12, 31), None],
    }
)
NAMES = {
    pl.Int64: "int",
    pl.Float64: "float",
    pl.String: "string",
    pl.Boolean: "bool",
    pl.Datetime: "datetime",
    pl.Date: "date",
}
ROW = {name: NAMES[type(dtype) if isinstance(dtype, pl.Datetime) else dtype] for name, dtype in FRAME.schema.items()}


def checked(text):
    return parse(text).check(ROW.get, ROW)


def values(text, frame=FRAME):
    formula = checked(text)
    return formula.evaluate({name: frame[name] for name in formula.names}, frame.height).to_list()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / n", [1.0, None, -1 / 7, None]),
        ("7 // n", [7, None, -1, None]),
        ("7 % n", [0, None, 0, None]),
        ("x % 0", [None] * 4),
        ("x / 0", [None] * 4),
        ("sqrt(x)", [math.sqrt(1.5), 0.0, None, None]),
        ("ln(x) is null", [False, True, True, True]),
        ("x ** -1 is null", [False, True, False, True]),
        ("n ** 0.5 is null", [False, False, True, True]),
        ("acos(x) is null", [True, False, True, True]),
        ("log(1, 2)", [None] * 4),
        ("f and n > 0", [True, False, False, None]),
        ("f or n > 0", [True, False, True, None]),
        ("not f", [False, True, False, None]),
        ("n in (1, null)", [True, None, None, None]),
        ("n not in (1, 0)", [False, False, True, None]),
        ("n between 0 and null", [None, None, False, None]),
        ("coalesce(n, 5)", [1, 0, -7, 5]),
        ("least(n, 0, null)", [0, 0, -7, 0]),
        ("concat(s, '-', n)", ["a-1", "-0", "abc--7", "-"]),
        ("s || '-'", ["a-", "-", "abc-", None]),
        ("case when f then 1 end", [1, None, 1, None]),
        ("if(f, 'y', 'n')", ["y", "n", "y", "n"]),
        ("cast(s as int)", [None] * 4),
        ("make_date(2023 + n, 2, 29)", [date(2024, 2, 29), None, date(2016, 2, 29), None]),
        ("nullif(n, 0)", [1, None, -7, None]),
        ("n is distinct from null", [True, True, True, False]),
        ("f is not true", [False, True, False, True]),
        ("round(-n / 2.0)", [-1.0, 0.0, 4.0, None]),
        ("date_diff('day', d, d + n)", [1, 0, None, None]),
    ],
)
def test_nulls_and_domains(text, expected):
    frame = FRAME if "d +" not in text else FRAME.with_columns(n=pl.Series([1, 0, None, None], dtype=pl.Int64))
    assert values(text, frame) == expected


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("big + big", "big + big"),
        ("1 + big * 2", "big * 2"),
        ("big - 3 * big", "3 * big"),
        ("-(big * 2)", "big * 2"),
        ("abs((n + 4) * big)", "(n + 4) * big"),
        ("huge * 10", "huge * 10"),
        ("1 / (huge * 10)", "huge * 10"),
        ("least(huge * 10, 5)", "huge * 10"),
        ("huge * 10 > 5", "huge * 10"),
        ("exp(n * 1000)", "exp(n * 1000)"),
        ("10.0 ** (400 * n)", "10.0 ** (400 * n)"),
        ("cast(huge as int)", "cast(huge as int)"),
        ("huge + huge", "huge + huge"),
        ("round(huge * 10, 2)", "round(huge * 10, 2)"),
        ("t + to_days(400)", "t + to_days(400)"),
        ("t - interval 1 day", "t - interval 1 day"),
        ("t + interval 1 month", "t + interval 1 month"),
        ("d + 1", "d + 1"),
        ("d - 1000", "d - 1000"),
        ("to_days(big)", "to_days(big)"),
        ("to_hours(huge)", "to_hours(huge)"),
        ("t + to_months(big)", "t + to_months(big)"),
        ("repeat(s, big)", "repeat(s, big)"),
        ("lpad(s, big)", "lpad(s, big)"),
        ("repeat(s, 4000) || repeat(s, 4000)", "repeat(s, 4000)"),
        ("repeat(repeat(s, 3000) || 'x', 2)", "repeat(repeat(s, 3000) || 'x', 2)"),
        (
            "replace(repeat('a', 900) || s, 'a', repeat('b', 100))",
            "replace(repeat('a', 900) || s, 'a', repeat('b', 100))",
        ),
        ("round(big * 1.03, -2)::int", "round(big * 1.03, -2)"),
        ("huge / 0.0000001", "huge / 0.0000001"),
        ("degrees(huge)", "degrees(huge)"),
    ],
)
def test_what_leaves_its_range_stops_and_is_named(text, operation):
    with pytest.raises(ExpressionOverflow) as caught:
        values(text)
    assert caught.value.operation == operation
    fault = caught.value.fault
    assert fault.code == "expression.overflow"
    assert "^" in fault.found
    assert len(fault.found) <= 200
    assert fault.expected
    assert fault.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("case when abs(n) < 5 then n * 3 else 0 end", [3, 0, 0, 0]),
        ("case when big < 100 and big > 0 then big * big else n end", [1, 9, -7, None]),
        ("case when n > 5 then big * big end", [None] * 4),
        ("if(n = 0, big * big, 0)", [0, 9, 0, 0]),
        ("coalesce(n, big * big)", [1, 0, -7, None]),
        ("n = 0 and big * big > 5", [False, True, False, None]),
        ("n <> 0 or big * big > 5", [True, True, True, None]),
        ("if(n = 0, huge * 10, 1)", [1.0, 10.0, 1.0, 1.0]),
        ("if(n = 0, 1 / (huge * 10), 1)", [1.0, 0.1, 1.0, 1.0]),
        ("case when n = 1 then 0 when n = 0 then big * big else 2 end", [0, 9, 2, 2]),
        ("case when n <> 0 then 0 when big * big > 5 then 1 else 2 end", [0, 1, 0, 2]),
        ("if(false, repeat('x', n * 100000), 'y')", ["y"] * 4),
        ("case when n < 1000 then 2 ** n end", [2.0, 1.0, 2**-7.0, None]),
    ],
)
def test_only_what_is_needed_can_leave_its_range(text, expected):
    assert values(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "n > 0 and big * big > 5",
        "n > 0 or big * big > 5",
        "case when n > 0 then 0 else big * big end",
        "if(n > 0, 0, big * big)",
        "case when n > 0 then 0 when n < 0 then 1 when big * big > 5 then 2 end",
        "coalesce(n, big * big)",
    ],
)
def test_behind_an_unknown_condition_everything_is_needed(text):
    frame = pl.DataFrame({"n": [None, 1], "big": [4 * 10**18, 1]}, schema_overrides={"n": pl.Int64})
    with pytest.raises(ExpressionOverflow) as caught:
        values(text, frame)
    assert caught.value.operation == "big * big"


@pytest.mark.parametrize(
    "number", [0.0, 1e-7, 1e-5, 1.5e-5, -2e-5, 1e-4, 0.1, 1.0, 123456.789, 1e15, 1e16, 1e20, -1.25e-10, 1e100]
)
def test_floats_are_written_as_duckdb_writes_them(number):
    frame = pl.DataFrame({"x": [number, None]})
    theirs = connection().execute("SELECT CAST(? AS DOUBLE)::VARCHAR", [number]).fetchone()[0]
    assert values("cast(x as text)", frame) == [theirs, None]


def test_whole_numbers_are_exact_up_to_their_range():
    frame = pl.DataFrame({"big": [4_611_686_018_427_386_001, -4_611_686_018_427_386_001], "n": [2, 2]})
    assert values("big * n", frame) == [9_223_372_036_854_772_002, -9_223_372_036_854_772_002]
    assert values("big + big - 1", frame) == [9_223_372_036_854_772_001, -9_223_372_036_854_772_003]
    assert values("big // 3", frame) == [1_537_228_672_809_128_667, -1_537_228_672_809_128_667]


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("n", pl.Int64),
        ("n + 1", pl.Int64),
        ("month(d)", pl.Int64),
        ("length(s)", pl.Int64),
        ("sign(x)", pl.Int64),
        ("x", pl.Float64),
        ("n / 2", pl.Float64),
        ("s", pl.String),
        ("f", pl.Boolean),
        ("n > 1", pl.Boolean),
        ("t", pl.Datetime("us")),
        ("date_trunc('day', d)", pl.Datetime("us")),
        ("d", pl.Date),
        ("last_day(d)", pl.Date),
        ("t - t", pl.Duration("us")),
        ("1", pl.Int64),
        ("'a'", pl.String),
        ("timestamp '2024-01-01'", pl.Datetime("us")),
        ("cast(null as date)", pl.Date),
        ("if(true, null, x)", pl.Float64),
    ],
)
@pytest.mark.parametrize("rows", [0, 1, 4])
def test_series_has_its_type_and_length(text, dtype, rows):
    formula = checked(text)
    series = formula.evaluate({name: FRAME[name].head(rows) for name in formula.names}, rows)
    assert series.dtype == dtype == DTYPES[formula.type]
    assert len(series) == rows
    assert series.name == ""


def test_month_arithmetic_does_not_wrap_in_small_integers():
    frame = pl.DataFrame({"d": [date(2024, 12, 31)]})
    formula = parse("month(d) * month(d) + day(d) * day(d) * day(d)").check({"d": "date"}.get, ("d",))
    assert formula.evaluate({"d": frame["d"]}, 1).to_list() == [144 + 29_791]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cast(x as int)", [2, 4, -2, None]),
        ("round(x)", [3.0, 4.0, -3.0, None]),
        ("round(x, -1)", [0.0, 0.0, 0.0, None]),
        ("round(n, -1)", [20, -20, 10, None]),
        ("trunc(n, -1)", [10, -10, 0, None]),
        ("n // 4", [3, -3, 1, None]),
        ("n % 4", [3, -3, 1, None]),
        ("n // -4", [-3, 3, -1, None]),
        ("n % -1", [0, 0, 0, None]),
        ("x % 2", [0.5, 1.5, -0.5, None]),
        ("split_part(s, '', 2)", ["b", "", "", None]),
        ("split_part(s, '', -3)", ["a", "", "", None]),
        ("split_part(s, '', 0)", ["", "", "", None]),
        ("split_part(s, 'b', -1)", ["c", "x", "", None]),
        ("replace(s, '', if(n > 0, 'y', null))", ["abc", None, "", None]),
        ("replace(s, 'b', if(n > 0, 'yy', null))", ["ayyc", None, "", None]),
        ("lpad(s, n, '*-')", ["*-*-*-*-*-*-abc", "", "*-*-*", None]),
        ("substr(s, n - 16)", ["c", "x", "", None]),
        ("strpos(s, 'c')", [3, 0, 0, None]),
        ("s like '_b%'", [True, False, False, None]),
        ("s like 'a_c' or s like '%x%'", [True, True, False, None]),
    ],
)
def test_functions_over_columns(text, expected):
    frame = pl.DataFrame({"x": [2.5, 3.5, -2.5, None], "n": [15, -15, 5, None], "s": ["abc", "x", "", None]})
    assert values(text, frame) == expected


def test_categories_and_narrow_columns_are_taken():
    columns = {
        "s": pl.Series(["b", None, "a"], dtype=pl.Enum(["b", "a"])),
        "n": pl.Series([200, 1, None], dtype=pl.UInt8),
        "x": pl.Series([0.5, None, 1.0], dtype=pl.Float32),
        "t": pl.Series([datetime(2024, 1, 1)] * 3, dtype=pl.Datetime("ms")),
    }
    formula = parse("case when s < 'b' then n * 200 else x end").check(ROW.get, ROW)
    assert formula.evaluate({name: columns[name] for name in formula.names}, 3).to_list() == [0.5, None, None]
    formula = parse("if(s = 'b', n * 200, 1)").check(ROW.get, ROW)
    assert formula.evaluate({name: columns[name] for name in formula.names}, 3).to_list() == [40000, 1, 1]
    formula = parse("t + interval 1 microsecond").check(ROW.get, ROW)
    assert formula.evaluate({"t": columns["t"]}, 3)[0] == datetime(2024, 1, 1, 0, 0, 0, 1)


def test_columns_of_another_length_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="4 rows"):
        checked("n").evaluate({"n": FRAME["n"]}, 3)


@pytest.mark.parametrize(
    "text",
    [
        "x / 7",
        "x / y",
        "round(x / 3, 4)",
        "y ** 2",
        "2 ** y",
        "x ** if(n < 35, 3, 2)",
        "x / if(x > 0, 7, 3)",
        "log(y, x)",
        "x % 0.7",
        "epoch(t) / 3",
        "repeat(s, n) || lpad(s, n)",
    ],
)
def test_a_row_does_not_depend_on_the_rows_made_with_it(text):
    """Bit for bit: Polars has other ways for columns of one row and for columns with one value."""
    rows = 1030  # more than two slices of texts that grow
    numbers = pl.int_range(rows, eager=True)
    frame = pl.DataFrame(
        {
            "x": (numbers * 0.37 + 0.1) % 91,
            "y": (numbers * 0.11 + 0.3) % 13,
            "n": numbers % 70,
            "s": (numbers % 5).cast(pl.String),
            "t": (numbers * 86_399_000_017).cast(pl.Datetime("us")),
        }
    )
    formula = parse(text).check({"x": "float", "y": "float", "n": "int", "s": "string", "t": "datetime"}.get, ())
    columns = {name: frame[name] for name in formula.names}
    whole = formula.evaluate(columns, rows)
    for size in (1, 2, 3, 513):
        parts = [
            formula.evaluate(
                {name: series.slice(start, size) for name, series in columns.items()}, min(size, rows - start)
            )
            for start in range(0, rows if size > 3 else 45, size)
        ]
        part = pl.concat(parts)
        assert part.equals(whole.head(len(part)))


def test_long_texts_are_made_a_few_rows_at_a_time():
    formula = parse("length(repeat(s, n))").check(ROW.get, ROW)
    rows = 700
    columns = {"s": pl.Series(["x"] * rows), "n": pl.Series([9_999] * rows)}
    assert Program(formula.text, formula.names, formula.tree).slice is not None
    assert formula.evaluate(columns, rows).unique().to_list() == [9_999]


@pytest.mark.parametrize("text", ["lpad(cast(n as text), 8, '0')", "replace(s, 'a', 'bc')", "repeat('-', 20) || s"])
def test_small_texts_are_made_at_once(text):
    formula = checked(text)
    assert Program(formula.text, formula.names, formula.tree).slice is None


def test_constants_know_their_value_without_polars():
    code = """
import sys
import datagen.expressions
assert "sqlglot" not in sys.modules
from datagen.expressions import parse
text = "case when 2 ** 3 > 7 and not false then round(10 / 4.0, 1) * 2 else 0 end"
checked = parse(text).check(lambda name: None, ())
assert checked.is_constant and checked.constant_value() == 5.0
assert parse("date '2024-01-31' + days").bound({"days": 1}).check(lambda name: None, ()).constant_value().day == 1
parse("round(x * 1.21, 2) > 5 and upper(s) like 'A%'").check({"x": "float", "s": "string"}.get, ("x", "s"))
assert not {"polars", "_duckdb", "numpy"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2.5", 3.5),
        ("'a'", "a"),
        ("upper('a') || 1", "A1"),
        ("interval '2 days'", timedelta(days=2)),
        ("1 / 0", None),
        ("last_day(date '2024-02-01')", date(2024, 2, 29)),
        ("-9223372036854770000", -9223372036854770000),
    ],
)
def test_constant_value(text, value):
    assert checked(text).constant_value() == value


def test_what_is_not_there_is_no_attribute():
    import datagen.expressions

    with pytest.raises(AttributeError, match="no attribute 'evaluate'"):
        _ = datagen.expressions.evaluate
    with pytest.raises(ExpressionFault):
        checked("null")
