"""The table of functions is the white-list, the manual and the test: every entry has an example that runs."""

import math
import re
from pathlib import Path

import pytest

from datagen.expressions import ExpressionFault, parse
from datagen.expressions.describe import function_tables
from datagen.expressions.functions import FUNCTIONS, SPELLINGS
from datagen.expressions.types import TYPES
from tests.expressions.oracle import connection

PAGE = Path(__file__).parents[2] / "docs" / "expressions.md"
DUCK_TYPES = {
    "int": {"BIGINT", "INTEGER", "TINYINT"},
    "float": {"DOUBLE"},
    "string": {"VARCHAR"},
    "bool": {"BOOLEAN"},
    "datetime": {"TIMESTAMP"},
    "date": {"DATE"},
    "duration": {"INTERVAL"},
}
# What the language says beyond DuckDB: other spellings, whole microseconds, a date minus an interval.
OURS_ALONE = {
    "dow",
    "to_microseconds",
    "epoch",
    "is true",
    "is false",
    "make_timestamp",
    "doy",
    "date_sub",
}
WIDE = {"int": "bigint", "float": "double", "text": "varchar", "bool": "boolean"}
KINDS = {*TYPES, "T", "any", "written"}


def close(value, expected):
    if isinstance(expected, float):
        return math.isclose(value, expected, rel_tol=1e-12, abs_tol=1e-15)
    return value == expected


@pytest.mark.parametrize("name", FUNCTIONS)
def test_example_gives_its_value(name):
    text, expected = FUNCTIONS[name].example
    checked = parse(text).check(lambda name: None, ())
    for value in (checked.evaluate({}, 3).to_list()[1], checked.constant_value()):
        assert type(value) is type(expected)
        assert close(value, expected)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_example_uses_its_function(name):
    seen = set()

    def walk(node):
        if hasattr(node, "function"):
            seen.add(SPELLINGS[node.function])
            for argument in node.arguments:
                walk(argument)

    walk(parse(FUNCTIONS[name].example[0]).tree)
    assert name in seen


@pytest.mark.parametrize("name", FUNCTIONS)
def test_entry_is_complete(name):
    function = FUNCTIONS[name]
    assert function.doc
    assert function.doc[-1] != "."
    assert function.group in ("Operators", "Choices", "Numbers", "Text", "Times", "Casts")
    for overload in function.overloads:
        signature = overload.signature
        assert {parameter.kind for parameter in signature.parameters} <= KINDS
        assert signature.result in KINDS
        assert all(place < len(signature.parameters) for place in overload.passes)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in OURS_ALONE])
def test_example_has_the_type_and_value_of_duckdb(name):
    text, expected = FUNCTIONS[name].example
    theirs = re.sub(r"(?<![\w.':])(\d+\.\d+)(?![\w.':])", r"CAST(\1 AS DOUBLE)", text)
    theirs = re.sub(r"cast\((.*?) as (int|float|text|bool)\)", lambda m: f"cast({m[1]} as {WIDE[m[2]]})", theirs)
    value, type = connection().execute(f"SELECT v, typeof(v) FROM (SELECT {own_spelling(theirs)} AS v)").fetchone()
    checked = parse(text).check(lambda name: None, ())
    assert type in DUCK_TYPES[checked.type]
    assert close(value, expected)


def own_spelling(text):
    """DuckDB's names for what is called otherwise here, and null where DuckDB raises."""
    return text.replace("isoyear(", "date_part('isoyear', ").replace(
        "make_date(2024, 2, 30)", "TRY(make_date(2024, 2, 30))"
    )


def test_page_lists_every_function_and_operator():
    page = PAGE.read_text(encoding="utf-8")
    assert function_tables() in page
    for spelling in SPELLINGS:
        word = spelling.removeprefix("unary ").removeprefix("cast as ").replace("|", "\\|")
        assert word in page, spelling


def test_page_examples_can_be_read():
    page = PAGE.read_text(encoding="utf-8")
    formulas = re.findall(r'expression: "(.*?)"', page)
    assert len(formulas) >= 5
    row = {
        "unit_price": "float",
        "quantity": "int",
        "discount": "float",
        "delivered_at": "datetime",
        "promised_at": "datetime",
        "age": "int",
        "ordered_at": "datetime",
        "list_price": "float",
        "product_id.price": "float",
    }
    types = [parse(formula).check(row.get, row).type for formula in formulas]
    assert types == ["float", "bool", "string", "datetime", "float"]


def test_operators_cannot_be_called_by_name():
    for word in ("and", "in", "between", "like", "unary"):
        with pytest.raises(ExpressionFault):
            parse(f"{word}(1, 2)").check(lambda name: None, ())


def test_spellings_are_not_used_twice():
    spellings = [spelling for function in FUNCTIONS.values() for spelling in (function.name, *function.aliases)]
    assert len(spellings) == len(set(spellings))
    assert all(spelling == spelling.lower() for spelling in spellings)
