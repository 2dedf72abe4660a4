"""YAML without its traps, the same with the C scanner and with the Python one."""

import time

import pytest
import yaml

from datagen.errors import SchemaError
from datagen.schema.load import load_text


@pytest.fixture(params=["c", "python"], autouse=True)
def scanner(request, monkeypatch):
    """Every test runs with both scanners of the library."""
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader")
    return request.param


def read(text):
    return load_text(text, path="x.yaml").root


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
    "word", ["NO", "no", "yes", "Yes", "on", "off", "y", "n", "N/A", "none", "nil", "tRUE", "NaN", "inf"]
)
def test_words_stay_words(word):
    assert read(f"a: {word}\n{word}: 1") == {"a": word, word: 1}


LIKE_NUMBERS = """012 00 -01 1_000 1:30 190:20:30 2024-02-30 0b11 0o8 0xg 1,000 5% 1..3 10M 1e 1.2.3 + --1 .
08.5 0.5. +0x1 -0o7 ١ 1e5x"""


@pytest.mark.parametrize("word", [*LIKE_NUMBERS.split(), "2024-01-01 10:00:00", "1 2"])
def test_what_only_resembles_a_number_stays_text(word):
    assert read(f"a: {word}\nb:\n  - {word}\n") == {"a": word, "b": [word]}


NUMBERS = {"0": 0, "-0": 0, "+12": 12, "0x1f": 31, "0o17": 15, "1.0": 1.0, "1.": 1.0, ".5": 0.5, "-.5": -0.5}
NUMBERS |= {
    "1e3": 1000.0,
    "1E-2": 0.01,
    "0.0": 0.0,
    "18446744073709551615": 2**64 - 1,
    "-9223372036854775808": -(2**63),
}
OTHERS = {"true": True, "True": True, "FALSE": False, "null": None, "Null": None, "~": None, "": None}


@pytest.mark.parametrize(("word", "value"), (NUMBERS | OTHERS).items())
def test_numbers_booleans_and_null_are_those_of_yaml_1_2(word, value):
    found = read(f"a: {word}")["a"]
    assert found == value
    assert type(found) is type(value)
    assert read(f'a: "{word}"') == {"a": word}


def test_texts_over_several_lines_keep_yaml_s_meaning():
    text = "a: >\n  one\n  two\nb: |\n  one\n  two\nc: one\n  two\nd: 'it''s'\ne: \"tab\\t\\u00e9\"\nf: |-\n  x\n"
    expected = {"a": "one two\n", "b": "one\ntwo\n", "c": "one two", "d": "it's", "e": "tab\té", "f": "x"}
    assert read(text) == expected


def test_the_places_of_texts_are_where_they_begin():
    root = read("a: >\n  one\nb:\n  - |\n    x\n  - 'y'\n? c\n: d\n")
    marks = {key: (mark.line, mark.column) for key, mark in root.value_marks.items()}
    assert marks == {"a": (1, 4), "b": (4, 3), "c": (8, 3)}
    assert [(mark.line, mark.column) for mark in root["b"].item_marks] == [(4, 5), (6, 5)]


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "words"),
    [
        ("a: *b", "load.alias", 1, 4, "the alias *b"),
        ("a: *", "load.alias", 1, 4, "quotes"),
        ("a: & b", "load.alias", 1, 4, "quotes"),
        ("a: &b 1", "load.alias", 1, 4, "the anchor &b"),
        ("a: 1\n*b : 2", "load.key_not_text", 2, 1, "*b"),
        ("a: !b c", "load.tag", 1, 4, "the tag !b"),
        ("a: !!int '3'", "load.tag", 1, 4, "the tag !!int"),
        ("a: !x!y c", "load.tag", 1, 4, "tag"),
        ("a: ! c", "load.tag", 1, 4, "the tag !"),
        ("%TAG !x! y:z\n---\na: 1", "load.tag", 1, 1, "%TAG"),
        ("a: 1\n<<: {b: 2}", "load.merge_key", 2, 1, "repeat the fields"),
        ("1: a", "load.key_not_text", 1, 1, 'quote it: "1"'),
        ("a: {true: 1}", "load.key_not_text", 1, 5, "true"),
        ("? {a: 1}\n: 2", "load.key_not_text", 1, 3, "an object as a key"),
        ("? [a, [b]]\n: 2", "load.key_not_text", 1, 3, "a list as a key"),
        ("a: {{name}}", "load.key_not_text", 1, 5, "goes in quotes"),
        ("a: 1\n'a': 2", "load.duplicate_key", 2, 1, "first at line 1, column 1"),
        ("a: 1\n---\nb: 2", "load.several_documents", 2, 1, "line 2"),
        ("a: 1\n...\nb: 2", "load.several_documents", 3, 1, "after the end"),
        ("a:\n\tb: 1", "load.tab", 2, 1, "use spaces"),
        ("a:\n  b: 1\n\tc: 2", "load.tab", 3, 1, "use spaces"),
        ("a: |\n  b\n\tc", "load.tab", 3, 1, "use spaces"),
        ("-\ta: 1\n\tb: 2", "load.tab", 1, 2, "use spaces"),
        ("a: [1, 2", "load.unclosed", 1, 4, "never closed"),
        ("a: [1,\nb: 2\nc: 3\n", "load.unclosed", 1, 4, "'['"),
        ("a: {b: 1,\n", "load.unclosed", 1, 4, "'{' opened here is never closed"),
        ("a: 1\nb: 'x\n", "load.unclosed", 2, 4, "quote '"),
        ("a: 'it's'", "load.yaml_syntax", 1, 8, "is written ''"),
        ("a: 'x\nb: 1\nc: it's\n", "load.yaml_syntax", 3, 7, "opened on line 1"),
        ("a: \"b\" = 'c'", "load.yaml_syntax", 1, 8, "whole text in quotes"),
        ("a: [A-Z]{3}", "load.yaml_syntax", 1, 9, "whole text in quotes"),
        ("a: > 5", "load.yaml_syntax", 1, 4, "begins with > goes in quotes"),
        ("a: @b", "load.yaml_syntax", 1, 4, "begins with '@'"),
        ("a: `b`", "load.yaml_syntax", 1, 4, "in quotes"),
        ("a: %b", "load.yaml_syntax", 1, 4, "in quotes"),
        ("a: b: c", "load.yaml_syntax", 1, 5, "a second ': '"),
        ("a: - 5", "load.yaml_syntax", 1, 4, "begins with - goes in quotes"),
        ("a: ]", "load.yaml_syntax", 1, 4, "nothing before it"),
        ("a: 1\n  b: 2", "load.yaml_syntax", 2, 4, "indentation"),
        ("a:\n  b: 1\n c: 2", "load.yaml_syntax", 3, 2, "fits no level"),
        ("a: 1\nb", "load.yaml_syntax", 2, 1, "the line 'b' with no key"),
        ("- a\n-b", "load.yaml_syntax", 2, 1, "space after the dash"),
        ('a: "\\d"', "load.escape", 1, 5, "\\d is no escape"),
        ('a: "\\xzz"', "load.escape", 1, 5, "\\x is no escape"),
        ("%YAML 3.0\n---\na: 1", "load.yaml_syntax", 1, 1, "incompatible"),
        ("{a:1}", "load.no_value", 1, 5, "space after the colon"),
        ("a: {b, c: 1}", "load.no_value", 1, 6, "[a, b]"),
        ("a: .inf", "load.not_finite", 1, 4, ".inf"),
        ("a: 1e999", "load.number_range", 1, 4, "too large"),
        ("a: 1e-999", "load.number_range", 1, 4, "read as 0"),
        ("a: 0x10000000000000000", "load.number_range", 1, 4, "64 bits"),
        ("a: x\u2028y", "load.control_character", 1, 5, "U+2028"),
        ("a: \ufeffx", "load.control_character", 1, 4, "U+FEFF"),
        ("\ufeff\ufeffa: 1", "load.control_character", 1, 1, "U+FEFF"),
        ("a: \uffff", "load.control_character", 1, 4, "U+FFFF"),
        ('a: "\\0"', "load.control_character", 1, 4, "U+0000"),
        ('"a\\u202e": 1', "load.control_character", 1, 1, "U+202E"),
        ('"a\\n": 1', "load.control_character", 1, 1, "U+000A"),
    ],
)
def test_a_mistake_is_named_where_it_stands(text, code, line, column, words):
    finding = fault(text)
    assert (finding.code, finding.line, finding.column) == (code, line, column)
    assert words in f"{finding.found} | {finding.expected} | {finding.hint}"


def test_half_pairs_are_refused_however_the_scanner_reads_them():
    for escape in ("\\ud800", "\\ud83d\\ude00", "\\UFFFFFFFF"):
        assert fault(f'a: "{escape}"').code in ("load.surrogate", "load.escape")


def test_tabs_that_indent_nothing_are_fine(scanner):
    if scanner == "c":  # the Python scanner refuses these two; it never reads them otherwise
        assert read('{\n\t"a": 1, b: 2}') == {"a": 1, "b": 2}
        assert read("a:\t1 \t# one\n") == {"a": 1}
    assert read("# \tnote\na: 'x\ty'\n") == {"a": "x\ty"}


def test_an_anchor_is_told_once_with_the_lines_that_use_it():
    anchor, merge = faults("base: &b {x: 1}\none: *b\ntwo: {y: [*b, *b]}\nthree:\n  <<: *b\n")
    assert (anchor.code, anchor.line, anchor.column) == ("load.alias", 1, 7)
    assert anchor.found == "the anchor &b, used on lines 2, 3, 5"
    assert (merge.code, merge.line, merge.json_path) == ("load.merge_key", 5, 'three["<<"]')


def test_reading_goes_on_after_what_is_refused():
    text = "a: &x 1\n2: *x\n? [k]\n: !t {z: .nan}\na: {b: 1, b: 2}\nc: [*y, 1e999]\n"
    told = [(finding.line, finding.code) for finding in faults(text)]
    assert told == [
        (1, "load.alias"),
        (2, "load.key_not_text"),
        (3, "load.key_not_text"),
        (4, "load.tag"),
        (4, "load.not_finite"),
        (5, "load.duplicate_key"),
        (5, "load.duplicate_key"),
        (6, "load.alias"),
        (6, "load.number_range"),
    ]


def test_a_syntax_error_is_told_beside_the_faults_before_it():
    assert [finding.code for finding in faults("a: &x 1\nb: !t 2\nc: [1\nd: 2\n")] == [
        "load.alias",
        "load.tag",
        "load.unclosed",
    ]


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "a: {", "{a: [", "? [", "[[{"])
def test_deep_nesting_is_refused_early(opening):
    started = time.process_time()
    assert "load.too_deep" in [finding.code for finding in faults(opening * 2_000)]
    assert time.process_time() - started < 0.5  # the C scanner: under 5 ms; the corpus test holds it to 50


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "b\n " * 200_000,
        "a: |\n" + " b\n" * 200_000,
        "a: " + "9" * 990_000,
        "- &a b\n" * 100_000,
        "- &a b\n" + "- *a\n" * 100_000,
        "- !a b\n" * 100_000,
        "? [a]\n: b\n" * 80_000,
        "a: 1\n" * 100_000,
        "{" + "a, " * 200_000 + "}",
        "---\n" * 200_000,
        "a" * 990_000 + ": 1",
        "a:\n" + " " * 900_000 + "b: c",
        "'" * 990_000,
        "%" * 990_000,
        "a\n" * 300_000,
    ],
)
def test_a_hostile_megabyte_is_answered_within_two_seconds(text, scanner):
    if scanner == "python":
        text = text[:40_000]  # that scanner is 10 times as slow; it is only there where no C extension could be built
    started = time.process_time()
    message = answer(text)
    assert time.process_time() - started < 2
    assert len(message) < 8_000


def test_4000_lines_are_read_in_well_under_half_a_second(scanner):
    table = (
        "- id: t{}\n  columns:\n"
        + "  - name: a\n    type: int\n    generator:\n      sequence: {{start: 1, step: 2}}\n" * 10
    )
    text = "nodes:\n" + "".join(table.format(number) for number in range(95))
    assert 3_900 < text.count("\n") < 4_100
    started = time.process_time()
    assert len(read(text)["nodes"]) == 95
    assert time.process_time() - started < (0.4 if scanner == "c" else 4)
