"""JSON read strictly: what it says about every usual mistake, and where."""

import json
import time

import pytest

from datagen.errors import SchemaError
from datagen.schema.load import load_text


def read(text):
    return load_text(text, path="x.json").root


def faults(text):
    with pytest.raises(SchemaError) as caught:
        read(text)
    return caught.value.findings


def answer(text):
    """The message of a refusal, or nothing for a text that is read."""
    try:
        read(text)
    except SchemaError as error:
        return str(error)
    return ""


def fault(text):
    (finding,) = faults(text)
    return finding


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 0, "b": -0, "c": -0.0, "d": 1E+2, "e": 1e-2, "f": 12.50, "g": 123456789012345678}',
        r'{"a": "\"\\\/\b\f\n\r\t", "b": "\u00e9\uD83D\uDE00", "c": "é😀", "d": "\u2028"}',
        '{"": {"": []}, "a": [[], {}, [[1]], ""]}',
        ' \r\n\t{ "a" :\t[ 1 , 2 ] }\n ',
        '{"a": "\u2028 \ufffd \uffff"}',
        '{"a": "// no comment", "b": "# none", "c": "/* none */", "d": "\'"}',
    ],
)
def test_values_are_those_of_the_standard_library(text):
    expected = json.loads(text)
    found = read(text)
    assert found == expected
    assert repr(found) == repr(expected)  # tells -0.0 from 0 and 1 from 1.0 and True


@pytest.mark.parametrize(
    ("text", "code", "column", "words"),
    [
        ('{"a": 1,}', "load.trailing_comma", 8, "remove the comma"),
        ('{"a": [1, 2, ]}', "load.trailing_comma", 12, "remove the comma"),
        ('{"a": 1,,"b": 2}', "load.json_syntax", 9, "remove the comma"),
        ("{,}", "load.json_syntax", 2, "remove the comma"),
        ('{"a": 1 "b": 2}', "load.json_syntax", 9, "comma"),
        ('{"a" 1}', "load.json_syntax", 6, "no ':' after the key \"a\""),
        ('{"a": }', "load.json_syntax", 7, 'the key "a" without a value'),
        ('{"a"}', "load.json_syntax", 5, 'the key "a" without a value'),
        ('{"a": ,"b": 1}', "load.json_syntax", 7, "a value"),
        ('{"a": ["b": 1]}', "load.json_syntax", 11, "inside a list"),
        ("{: 1}", "load.json_syntax", 2, "no key before it"),
        ('{{"a": 1}}', "load.json_syntax", 2, "where a key should stand"),
        ('{["a"]: 1}', "load.json_syntax", 2, "where a key should stand"),
        ('{"a": 1}}', "load.json_syntax", 9, "closing bracket too many"),
        ('{"a": 1} x', "load.json_syntax", 10, "more text after the end"),
        ('{"a": 1}{"b": 2}', "load.several_documents", 9, "second document"),
        ('{"a": "say "hi" now"}', "load.json_syntax", 13, 'a quote is written \\"'),
        ('{"a": "x\ty"}', "load.escape", 9, "write \\t"),
        ('{"a": "\\d+"}', "load.escape", 8, "\\d is no escape"),
        ('{"a": "\\\\ \\u12x4"}', "load.escape", 11, "four hexadecimal digits"),
        ('{"a": "x\n"}', "load.unclosed", 7, "written \\n"),
        ("{'a\n': 1}", "load.unclosed", 2, "quote '"),
        ('{"a": 012}', "load.json_syntax", 7, "no leading 0"),
        ('{"a": 1_000}', "load.json_syntax", 7, "1_000 is not a JSON number"),
        ('{"a": .5}', "load.json_syntax", 7, "both sides of the point"),
        ('{"a": 1.}', "load.json_syntax", 7, "both sides of the point"),
        ('{"a": +1}', "load.json_syntax", 7, "not a JSON number"),
        ('{"a": 0x1F}', "load.json_syntax", 7, "not a JSON number"),
        ('{"a": -}', "load.json_syntax", 7, "not a JSON number"),
        ('{"a": ١}', "load.unquoted", 7, "without quotes"),
        ('{"a": shop}', "load.unquoted", 7, 'write "shop"'),
        ('{"a": True}', "load.unquoted", 7, "write true"),
        ("{'a': 1}", "load.single_quotes", 2, "double quotes"),
        ('{"a": “x”}', "load.json_syntax", 7, "straight quotes"),
        ('{"a": 1;}', "load.json_syntax", 8, "';'"),
        ('{"a":\u00a01}', "load.json_syntax", 6, "no-break space"),
        ('{"a": 1} // x', "load.comment", 10, "remove it"),
        ('{"a": 1 /* x }', "load.comment", 9, "without comments"),
        ('{"a": 1e400}', "load.number_range", 7, "too large"),
        ('{"a": 1e-400}', "load.number_range", 7, "read as 0"),
        ('{"a": 18446744073709551616}', "load.number_range", 7, "64 bits"),
        ('{"a": nan}', "load.not_finite", 7, "finite"),
        ('{"a": "\\u0000"}', "load.control_character", 7, "U+0000"),
        ("shop", "load.json_syntax", 1, "JSON begins with '{'"),
        ("shop: 1", "load.json_syntax", 1, ".yaml"),
        ("}", "load.json_syntax", 1, "closes nothing"),
        (":", "load.json_syntax", 1, "no key before it"),
        ("'", "load.unclosed", 1, "quote '"),
    ],
)
def test_a_mistake_is_named_where_it_stands(text, code, column, words):
    finding = fault(text)
    assert (finding.code, finding.column) == (code, column)
    assert words in f"{finding.found} | {finding.expected} | {finding.hint}"


def test_zero_written_with_an_exponent_is_zero():
    assert read('{"a": 0e-999, "b": 0.000e5}') == {"a": 0.0, "b": 0.0}


def test_mistakes_of_several_kinds_are_told_together():
    text = '{\n // c\n \'a\': True,\n b: 01,\n "c": NaN\n "c": 1e999,\n}'
    told = [(finding.line, finding.code) for finding in faults(text)]
    assert told == [
        (2, "load.comment"),
        (3, "load.single_quotes"),
        (3, "load.unquoted"),
        (4, "load.unquoted"),
        (4, "load.json_syntax"),
        (5, "load.not_finite"),
        (5, "load.missing_comma"),
        (6, "load.duplicate_key"),
        (6, "load.number_range"),
        (6, "load.trailing_comma"),
    ]


def test_an_unclosed_bracket_names_the_lines_of_all_that_are_open():
    finding = fault('{\n"a": [\n{"b": 1},\n{"c": [2,\n')
    assert (finding.code, finding.line, finding.column) == ("load.unclosed", 4, 7)
    assert "lines 1, 2, 4" in finding.found


def test_a_repeated_key_names_the_place_of_the_first():
    first, second = faults('{"a": 1,\n"a": 2,\n"\\u0061": {"b": 1}}')
    assert (first.line, second.line) == (2, 3)
    assert "first at line 1, column 2" in first.found
    assert "first at line 1, column 2" in second.found
    assert read('{"a": {"x": 1}, "b": {"x": 1}}')  # the same key in two objects is no repetition


def test_4000_lines_are_read_in_well_under_half_a_second():
    column = {"name": "a", "type": "int", "generator": {"distribution": {"type": "normal", "params": {"mean": 1.5}}}}
    text = json.dumps({"nodes": [{"id": f"t{n}", "columns": [column] * 10} for n in range(33)]}, indent=1)
    assert 4_000 < text.count("\n") < 5_000
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 0.4


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "' + "\\n" * 490_000 + '"}',
        '{"a": "' + "\\d" * 490_000 + '"}',
        '{"a": ' + "9" * 990_000 + "}",
        '{"a": 0.' + "9" * 990_000 + "}",
        '{"a": 1' + "0" * 490_000 + "e-490000}",
        '{"a' + "\\" * 990_000,
        "/*" * 490_000,
        "/**/" * 240_000,
        "[" * 990_000,
        "[]," * 330_000,
        "[" + "," * 990_000,
        "{" + "'a':'b'," * 120_000,
        "'" * 990_000,
        " " * 990_000 + "x",
        "\n" * 990_000 + "{",
    ],
)
def test_a_hostile_megabyte_is_answered_within_two_seconds(text):
    started = time.process_time()
    message = answer(text)
    assert time.process_time() - started < 2
    assert len(message) < 8_000
