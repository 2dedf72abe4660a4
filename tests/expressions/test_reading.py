"""How formulas are read: names, words, spellings of version 1, intervals, places of faults."""

import pickle
from datetime import date, datetime, timedelta

import pytest

from datagen.expressions import ExpressionFault, parse
from datagen.expressions.words import GRAMMAR_WORDS

ROW = {"a": "int", "b": "int", "x": "float", "s": "string", "f": "bool", "g": "bool", "t": "datetime", "d": "date"}


def value(text):
    return parse(text).check(lambda name: None, ()).constant_value()


def faults(text, row=ROW):
    with pytest.raises(ExpressionFault) as caught:
        parse(text).check({name.lower(): type for name, type in row.items()}.get, row)
    return caught.value.faults


def type_of(text, row=ROW):
    return parse(text).check(lambda name: row.get(name.lower()), row).type


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("unit_price * quantity", ("unit_price", "quantity")),
        ("b + a + b", ("b", "a")),
        ("Price + price", ("Price",)),
        ("task_id.project_id.status = 'done'", ("task_id.project_id.status",)),
        ("order.total > timeframe.end", ("order.total", "timeframe.end")),
        ('"from" + "order"."group"', ("from", "order.group")),
        (
            "order + group + select + end + date + interval + timestamp",
            ("order", "group", "select", "end", "date", "interval", "timestamp"),
        ),
        ("case when end > 1 then end else start end", ("end", "start")),
        ("case end when 1 then 2 end", ("end",)),
        ("extract(year from year)", ("year",)),
        ("interval n days", ("n",)),
        ("interval (n + m) hours", ("n", "m")),
        ("left(left, 2) || if || right", ("left", "if", "right")),
        ("1 + 2", ()),
        ("'a.b' || \"c\"", ("c",)),
    ],
)
def test_names_are_found_in_order_as_written(text, names):
    assert parse(text).names == names


@pytest.mark.parametrize("word", sorted(GRAMMAR_WORDS - {"true", "false", "null"}))
def test_grammar_words_are_columns_only_in_double_quotes(word):
    assert parse(f'"{word}" + 1').names == (word,)
    with pytest.raises(ExpressionFault) as caught:
        parse(f"1 + {word}")
    assert caught.value.faults[0].code == "expression.syntax"


@pytest.mark.parametrize(
    ("version_1", "sql"),
    [
        ("a == b", "a = b"),
        ("a != b", "a <> b"),
        ("f & g", "f and g"),
        ("f | g & f", "f or (g and f)"),
        ("~f", "not f"),
        ("a > 1 & b < 2", "(a > 1) and (b < 2)"),
        ("(a > 1) & (b < 2) | f", "(a > 1 and b < 2) or f"),
        ("~(a > 1)", "not (a > 1)"),
        ("~f == g", "(not f) = g"),
        ("a ** 2", "power(a, 2)"),
    ],
)
def test_spellings_of_version_1_mean_their_sql(version_1, sql):
    def shape(node):
        return getattr(node, "function", getattr(node, "text", getattr(node, "value", None))), tuple(
            map(shape, getattr(node, "arguments", ()))
        )

    assert str(shape(parse(version_1).tree)).replace("'**'", "'power'") == str(shape(parse(sql).tree))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2 ** 2", 4.0),
        ("2 ** 3 ** 2", 64.0),
        ("2 * 3 ** 2", 18.0),
        ("7 - 2 - 1", 4),
        ("8 / 4 / 2", 1.0),
        ("7 % 4 * 2", 6),
        ("-7 // 2 * 2", -6),
        ("1 + 2 || 3", "33"),
        ("not 1 = 2", True),
        ("not 1 > 2 and 2 > 1", True),
        ("true or true and false", True),
        ("-5::text::int", None),
        ("1 = 1 and 2 = 2", True),
        ("2 between 1 and 1 + 1 and true", True),
        ("2 ** -1", 0.5),
        ("1 - -1", 2),
        ("+1", 1),
        ("- - 1", 1),
        ("'a' || 'b' in ('ab')", True),
        ("2 not in (1, 3)", True),
        ("2 not between 3 and 4", True),
        ("'abc' not like 'b%'", True),
        ("case 2 when 1 then 'a' when 2 then 'b' end", "b"),
        ("case when false then 1 end is null", None),
        ("1_000 + .5 + 5. + 1e3", 2005.5),
        ("'it''s'", "it's"),
        ("'10%' like '10$%' escape '$'", True),
        ("interval '1 day 2 hours'", timedelta(days=1, hours=2)),
        ("interval 90 min", timedelta(minutes=90)),
        ("interval '2' weeks", timedelta(weeks=2)),
        ("interval '1.5 days'", timedelta(hours=36)),
        ("interval (1 + 1) days * 2", timedelta(days=4)),
        ("date '2024-02-28' + 2", date(2024, 3, 1)),
        ("try_cast('x' as int)", None),
        ("timestamp '2024-01-01T10:00:00Z' - interval 1 hour", datetime(2024, 1, 1, 9)),
        ("NULL is null", True),
        ("TRUE", True),
        ("extract(month from date '2024-05-01')", 5),
        ("date '2024-05-01'::text", "2024-05-01"),
        ("datepart('years', date '2024-05-01')", 2024),
    ],
)
def test_constants_have_the_value_that_sql_gives(text, expected):
    if text == "-5::text::int":  # a cast binds before the sign
        assert value("-(5::text::int)") == value(text) == -5
    elif text == "case when false then 1 end is null":  # two relations in a row need brackets only between comparisons
        assert value(text) is True
    else:
        result = value(text)
        assert result == expected
        assert type(result) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        "1 < a < 5",
        "a = b = 1",
        "a is null = f",
        "f = a is null",
        "a = b like 'x'",
        "f = not g",
        "a between 1 and 2 = f",
        "a in (1) is null",
    ],
)
def test_relations_in_a_row_need_brackets(text):
    assert faults(text)[0].code == "expression.syntax"


@pytest.mark.parametrize(
    ("text", "under"),
    [
        ("a + prce * 2", "prce"),
        ("upper(a) || s", "upper(a)"),
        ("a b", "b"),
        ("f + (a + 1)", "f + (a + 1)"),
        ("((a + x) * f)", "(a + x) * f"),
        ("rond(x, 2)", "rond(x, 2)"),
        ("case when a then 1 end", "a then 1"),
        ("1 + date '2024-02-30'", "date '2024-02-30'"),
        ("x * 9 ** 999", "9 ** 999"),
    ],
)
def test_carets_stand_under_the_fault(text, under):
    fault = faults(text)[0]
    _, shown, carets = fault.found.split("\n")
    place = carets.index("^")
    assert shown[place : place + carets.count("^")] == under
    assert text[fault.offset :].startswith(under)


def test_far_faults_are_shown_with_their_surroundings():
    text = " + ".join(["a"] * 60) + " + prce + " + " + ".join(["a"] * 30)
    _, shown, carets = faults(text)[0].found.split("\n")
    place = carets.index("^")
    assert shown[place : place + 4] == "prce"
    assert len(shown) < 64


def test_all_faults_are_told_at_once():
    told = faults("prce + qty * upper(a) - rond(x)", {"price": "float", "a": "int", "x": "float"})
    assert [fault.code for fault in told] == [
        "expression.unknown_name",
        "expression.unknown_name",
        "expression.type",
        "expression.unknown_function",
    ]
    assert told[0].hint == "did you mean 'price'?"
    assert told[3].hint == "did you mean 'round'?"


def test_a_value_in_double_quotes_is_told_to_use_single_ones():
    assert faults('s = "paid"')[0].hint == "text stands in single quotes: 'paid'"


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("a + b", "int"),
        ("a + x", "float"),
        ("a / b", "float"),
        ("a // b", "int"),
        ("a ** 2", "float"),
        ("round(a)", "int"),
        ("round(x, 2)", "float"),
        ("floor(a)", "float"),
        ("case when f then a else 2.5 end", "float"),
        ("coalesce(null, d, t)", "datetime"),
        ("d + 1", "date"),
        ("d + interval 1 day", "datetime"),
        ("t - d", "duration"),
        ("d - d", "int"),
        ("epoch(t - d)", "float"),
        ("a || s", "string"),
        ("t > '2024-01-01'", "bool"),
        ("least(d, '2024-01-01')", "date"),
        ("greatest(d, '2024-01-01 10:00')", "datetime"),
        ("if(f, null, 'x')", "string"),
        ("nullif(a, 2.5)", "float"),
        ("to_days(x)", "duration"),
        ("t + to_months(a)", "datetime"),
        ("A + X", "float"),
    ],
)
def test_types_follow_from_the_columns(text, type):
    assert type_of(text) == type


@pytest.mark.parametrize(
    ("text", "nullable"),
    [
        ("a + b", False),
        ("a / 2", False),
        ("a / b", True),
        ("a % 0", True),
        ("coalesce(a / b, 0)", False),
        ("ln(x)", True),
        ("exp(x)", False),
        ("case when f then 1 end", True),
        ("case when f then 1 else 2 end", False),
        ("if(f, 1, null)", True),
        ("nullif(a, 0)", True),
        ("s::int", True),
        ("a::text", False),
        ("a / b is null", False),
        ("least(a / b, 1)", False),
        ("a / b > 1", True),
        ("concat(a / b, s)", False),
        ("make_date(a, 1, 1)", True),
        ("x ** 2", True),
    ],
)
def test_what_may_be_null_by_itself_is_known(text, nullable):
    assert parse(text).check(ROW.get, ROW).nullable_by_domain is nullable


def test_names_can_be_bound_to_values_before_the_check():
    parsed = parse("days * 24 + coalesce(extra, 0)")
    bound = parsed.bound({"Days": 3})
    assert bound.names == ("extra",)
    assert bound.bound({"extra": None}).check(lambda name: None, ()).constant_value() == 72
    with pytest.raises(ValueError, match="no constant"):
        bound.check({"extra": "int"}.get, ("extra",)).constant_value()


def test_what_is_read_and_checked_travels_to_other_processes():
    checked = pickle.loads(
        pickle.dumps(pickle.loads(pickle.dumps(parse("if(f, round(x / 3, 2), 0)"))).check(ROW.get, ROW))
    )
    import polars as pl

    columns = {"f": pl.Series([True, False, None]), "x": pl.Series([1.0, 2.0, None])}
    assert checked.evaluate(columns, 3).to_list() == [0.33, 0.0, 0.0]
    fault = pickle.loads(pickle.dumps(ExpressionFault(faults("prce"))))
    assert fault.faults == faults("prce")
