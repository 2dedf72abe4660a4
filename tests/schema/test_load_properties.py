"""What holds for every text: a document or findings, never anything else, and places that are true."""

import json
import math
import re

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support import examples

from datagen.errors import SchemaError
from datagen.schema.load import from_object, load_text
from datagen.schema.load_yaml import scalar
from datagen.schema.tree import Document, Map

FAST = settings(max_examples=examples(100), deadline=None, derandomize=True, database=None)

# Everything a text may hold: no half pairs, no NUL; keys hold nothing invisible.
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NASTY_WORDS = """NO 012 1e5 0o17 .5 1_000 ~ #x it's " \\d {a} *a &a !a 2024-02-30 😀 é null << = % @a .inf"""
NASTY = st.sampled_from(
    [*NASTY_WORDS.split(), "", " ", "a ", "a: b", "- a", "x" * 200, "a\nb", "\ta", "a\r\nb", "\u2028", "\x85"]
)
KEYS = (
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff"), max_size=8)
    | NASTY.filter(str.isprintable)
).filter(lambda key: not re.search("[\u202a-\u202e\u2066-\u2069]", key))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | VALUES
    | NASTY
)
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
    ),
    max_size=5,
)

SHOP = """\
name: shop
tables:
  - name: customers
    rows: 2000
    columns: {segment: {choices: {vip: 15%, rest: .85}}}
  - name: orders
    parents: [customers]
    note: |
      two
      lines
    when: "status = 'done'"
"""
TEXTS = [
    SHOP,
    '{"seed": 7, "nodes": [{"id": "user", "rows": 1e3, "columns": [{"name": "a\\u00e9", "weights": [0.5, -1]}]}]}',
    '{\n  "a": [1, 2, {"b": null}],\n  "c": {"d": true, "e": "x\\ny"}\n}\n',
    "? a\n: [1, {b: c}]\n'd': >-\n  x\n  y\n",
]
WORDS = [
    "1e999",
    "NaN",
    ".inf",
    "<<",
    "&a",
    "*a",
    "!!x",
    "//",
    "/*",
    "true",
    "None",
    "[" * 10,
    "{{",
    "\\ud800",
    "\\u12",
]
PIECES = [
    *"{}[]:,\"'#&*!|>%@`?-\\ \n\t\r~<=.0\x00\x1b\ufeff\u2028\ud800",
    *WORDS,
    "9" * 30,
    "---\n",
    "...\n",
    "- - - ",
    "",
]
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.sampled_from(PIECES)), min_size=1, max_size=4)


@pytest.fixture(params=["c", "python"])
def scanner(request, monkeypatch):
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader")


def outcome(text, syntax=None):
    """The document of a text, or the refusal; anything else is a bug."""
    try:
        document = load_text(text, syntax=syntax)
    except SchemaError as error:
        check_refusal(error, text)
        return error
    assert isinstance(document, Document)
    assert type(document.root) is Map
    return document


def check_refusal(error, text):
    ends = ("\n", "\r") if isinstance(text, str) else (b"\n", b"\r")
    lines = 1 + sum(text.count(end) for end in ends)
    assert error.findings
    for finding in error.findings:
        assert finding.code.startswith("load.")
        assert finding.found
        assert finding.line is None or 1 <= finding.line <= lines
        assert finding.column is None or 1 <= finding.column <= len(text) + 1
        assert max(len(finding.found), len(finding.expected), len(finding.hint)) <= 200
    assert str(error).replace("\n", "").isprintable()


def mutated(text, edits):
    for where, length, piece in edits:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + length :]
    return text


@FAST
@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe\x00\x00")
@example(b"\x00a\x00b")
def test_random_bytes_are_read_or_refused(data):
    for syntax in (None, "json", "yaml"):
        outcome(data, syntax)


@pytest.mark.usefixtures("scanner")
@FAST
@given(st.sampled_from(TEXTS), EDITS)
def test_mutated_schemas_are_read_or_refused(text, edits):
    text = mutated(text, edits)
    for syntax in (None, "json", "yaml"):
        outcome(text, syntax)


RAW_CONTROL = re.compile("[\x7f-\x9f]")  # JSON allows these raw, a schema only as escapes
STRICTER = {"load.duplicate_key", "load.not_finite", "load.number_range", "load.surrogate", "load.control_character"}
STRICTER |= {"load.not_an_object", "load.empty", "load.too_deep", "load.not_a_schema", "load.more"}


@settings(FAST, max_examples=examples(300))
@given(st.sampled_from(TEXTS[1:3]), EDITS)
def test_json_is_what_the_standard_library_reads_and_stricter_only_on_purpose(text, edits):
    text = mutated(text, edits)
    try:
        expected = json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        expected = None
    found = outcome(text, "json")
    if isinstance(found, Document):
        assert repr(found.root) == repr(expected)
    else:
        assert expected is None or STRICTER.issuperset(finding.code for finding in found.findings)


@settings(FAST, max_examples=examples(300))
@given(st.sampled_from(TEXTS), EDITS.map(lambda edits: edits[:2]))
def test_both_yaml_scanners_read_the_same(text, edits):
    text = mutated(text, edits)
    quick = outcome(text, "yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader")
        slow = outcome(text, "yaml")
    if isinstance(quick, Document) and isinstance(slow, Document):
        assert repr(quick.root) == repr(slow.root)
        for key, value in quick.root.items():
            assert value is None or quick.root.value_marks[key] == slow.root.value_marks[key]


@FAST
@given(TREES, st.booleans(), st.sampled_from([None, 0, 1, "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_json_of_a_tree_is_that_tree_with_every_place_true(tree, ascii_only, indent, line_end):
    text = json.dumps(tree, ensure_ascii=ascii_only, indent=indent).replace("\n", line_end)
    text = RAW_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    document = load_text(text, syntax="json")
    assert repr(document.root) == repr(tree)
    lines = re.split(r"\r\n|\n", text)

    def starts_with(mark, what):
        assert lines[mark.line - 1][mark.column - 1 :].startswith(what)

    def spelled(value):
        if isinstance(value, (dict, list)):
            return "{" if isinstance(value, dict) else "["
        text = json.dumps(value, ensure_ascii=ascii_only)
        return RAW_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

    def walk(node):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(node, dict):
                starts_with(node.key_marks[key], json.dumps(key, ensure_ascii=ascii_only))
                mark = node.value_marks[key]
                assert node.key_marks[key].json_path == mark.json_path
            else:
                mark = node.item_marks[key]
            starts_with(mark, spelled(value))
            assert followed(document.root, mark.json_path) == spelled(value)
            if isinstance(value, (dict, list)):
                assert value.mark == mark
                walk(value)

    def followed(node, path):
        for name, index, odd in re.findall(r'\.?([A-Za-z_]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]', path):
            node = node[int(index) if index else name or json.loads(odd)]
        return spelled(node)

    walk(document.root)


NO_RAW_YAML = re.compile(RAW_CONTROL.pattern + "|[\u2028\u2029\ufeff\ufffe\uffff]")


class _Dumper(yaml.SafeDumper):
    """Quotes what only YAML 1.2 takes for a number; writes no aliases."""

    def ignore_aliases(self, data):
        return True


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style=None if isinstance(scalar(text), str) else '"'
    ),
)


@pytest.mark.usefixtures("scanner")
@FAST
@given(TREES, st.sampled_from([None, True, False]), st.booleans(), st.sampled_from([20, 80, 10_000]))
def test_yaml_of_a_tree_is_that_tree(tree, flow, unicode, width):
    unicode = unicode and not NO_RAW_YAML.search(json.dumps(tree, ensure_ascii=False))
    text = yaml.dump(tree, Dumper=_Dumper, default_flow_style=flow, allow_unicode=unicode, width=width, sort_keys=False)
    assert repr(load_text(text, syntax="yaml").root) == repr(tree)


@FAST
@given(TREES)
def test_a_python_tree_is_kept(tree):
    document = from_object(tree)
    assert repr(document.root) == repr(tree)
    assert document.root.mark.line == document.root.mark.column == 1


@FAST
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**64 - 1))
def test_numbers_keep_every_bit(real, whole):
    root = load_text(f"a: {real!r}\nb: {whole}\nc: {hex(abs(whole))}\n").root
    assert math.copysign(1, root["a"]) == math.copysign(1, real)
    assert (root["a"], root["b"], root["c"]) == (real, whole, abs(whole))
