"""The door for schemas: files, texts and Python objects, their places, their limits, and which syntax a text is."""

import datetime
import enum
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from datagen.errors import SchemaError
from datagen.schema.load import from_object, load, load_text
from datagen.schema.tree import Map, Mark, Seq

SHOP = """\
# a shop
name: shop
tables:
  - name: customers
    rows: 2_000
    columns: {segment: {choices: {vip: 15%, "very odd key": .5}}}
  - name: orders
    parents: [customers]
"""


def faults(call, *args, **options):
    with pytest.raises(SchemaError) as caught:
        call(*args, **options)
    return caught.value.findings


def codes(call, *args, **options):
    return [finding.code for finding in faults(call, *args, **options)]


def test_every_key_and_value_knows_its_line_column_and_path():
    root = load_text(SHOP).root
    tables = root["tables"]
    assert root.mark == Mark(2, 1, "")
    assert root.key_marks["tables"] == Mark(3, 1, "tables")
    assert root.value_marks["tables"] == tables.mark == Mark(4, 3, "tables")
    assert tables.item_marks == [Mark(4, 5, "tables[0]"), Mark(7, 5, "tables[1]")]
    assert tables[0].value_marks["rows"] == Mark(5, 11, "tables[0].rows")
    choices = tables[0]["columns"]["segment"]["choices"]
    assert choices.key_marks["very odd key"] == Mark(6, 45, 'tables[0].columns.segment.choices["very odd key"]')
    assert choices.value_marks["very odd key"] == Mark(6, 61, 'tables[0].columns.segment.choices["very odd key"]')
    assert tables[1]["parents"].item_marks == [Mark(8, 15, "tables[1].parents[0]")]


def test_json_and_yaml_of_the_same_tree_are_equal():
    text = '{"name": "shop", "seed": 7, "a": [1, -2.5, true, null, "x"], "b": {"c": {}}}'
    as_json = load_text(text, syntax="json")
    as_yaml = load_text("name: shop\nseed: 7\na: [1, -2.5, true, null, x]\nb:\n  c: {}\n")
    as_flow = load_text(text, syntax="yaml")
    as_object = from_object(as_json.root)
    assert as_json.root == as_yaml.root == as_flow.root == as_object.root
    assert as_json.root.value_marks == as_flow.root.value_marks


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_for_every_kind_of_line_end(line_end):
    assert load_text(line_end.join(["a: 1", "b:", "  c: 2"])).root["b"].key_marks["c"] == Mark(3, 3, "b.c")
    assert load_text(line_end.join(["{", '"a":', "1}"])).root.value_marks["a"] == Mark(3, 1, "a")


def test_columns_are_counted_in_characters():
    assert load_text("příčina: 1\n😀: {ž: 2}\n").root["😀"].key_marks["ž"].column == 5
    assert load_text('{"😀é": 1}').root.value_marks["😀é"].column == 8


def test_a_document_keeps_its_text_and_name(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SHOP.encode())
    document = load(path)
    assert document.text == SHOP
    assert document.path == str(path)
    assert load(str(path)).root == load_text(SHOP.encode()).root == load_text("\ufeff" + SHOP).root


@pytest.mark.parametrize(
    ("text", "path", "root"),
    [
        ("a: 1", "x.yaml", {"a": 1}),
        ("a: 1", "x.YML", {"a": 1}),
        ("a: 1", "x.txt", {"a": 1}),
        ("a: 1", None, {"a": 1}),
        ('{"a": NaN}', "x.flow", None),
        ('{"a": 1}', None, {"a": 1}),
        ('{\n\t"a": "\\ud83d\\ude00"}', "x.yaml", {"a": "😀"}),  # JSON in a .yaml file, as JSON means it
        ('{"a": 1, # one\n "b": yes,}', "x.yaml", {"a": 1, "b": "yes"}),  # YAML that begins like JSON
        ("{a: 1, b: [x]}", None, {"a": 1, "b": ["x"]}),
        ("{a: 1}", "x.json", None),
        ("a: 1", "x.json", None),
        ('{"a": 1,}', None, None),
        ("// x\n{}", None, None),
        ("{}", None, {}),
        ("{", None, None),
    ],
)
def test_the_name_and_the_first_characters_tell_the_syntax(text, path, root):
    if root is None:
        assert codes(load_text, text, path=path)
    else:
        assert load_text(text, path=path).root == root


def test_the_syntax_can_be_told():
    assert load_text("a: 1", path="x.json", syntax="yaml").root == {"a": 1}
    assert codes(load_text, "a: 1", path="x.yaml", syntax="json") == ["load.json_syntax"]


def test_a_missing_file_is_named_with_its_neighbours(tmp_path):
    (tmp_path / "orders.yaml").write_text("seed: 1")
    (tmp_path / "readme.txt").write_text("hello")
    (finding,) = faults(load, tmp_path / "order.yaml")
    assert (finding.code, finding.hint) == ("load.not_found", "did you mean 'orders.yaml'?")
    (finding,) = faults(load, tmp_path / "zzz")
    assert finding.hint == "schemas in this folder: orders.yaml"
    (finding,) = faults(load, tmp_path / "nowhere" / "orders.yaml")
    assert "no folder" in finding.found
    (tmp_path / "link.yaml").symlink_to(tmp_path / "gone.yaml")
    (finding,) = faults(load, tmp_path / "link.yaml")
    assert "is a link to a file that does not exist" in finding.found


@pytest.mark.parametrize("name", ["a\0b.yaml", "x" * 5000, "orders.yaml/inside", "", "/dev/null/x"])
def test_odd_file_names_are_findings(name):
    assert codes(load, name)[0] in ("load.not_found", "load.not_readable")


def test_text_in_the_place_of_a_file_name_is_recognised():
    (finding,) = faults(load, '{"seed": 1}')
    assert "load_text()" in finding.hint


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    path = tmp_path / "shop.yaml"
    path.write_text("seed: 1")

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # file modes do not stop the superuser
    (finding,) = faults(load, path)
    assert finding.code == "load.not_readable"
    assert "Permission denied" in finding.found


def test_links_to_themselves_are_findings(tmp_path):
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    assert codes(load, tmp_path / "loop.yaml") == ["load.not_readable"]


def test_the_size_limit_holds_for_files_and_texts(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: " + "é" * 10)
    assert load(path, max_bytes=23).root == {"a": "é" * 10}
    assert codes(load, path, max_bytes=22) == ["load.too_large"]
    assert codes(load_text, "a: " + "é" * 10, max_bytes=22) == ["load.too_large"]
    assert codes(load_text, b"a" * 1_000_001) == ["load.too_large"]
    assert codes(load_text, "a" * 1_000_001) == ["load.too_large"]


def test_a_file_that_grows_while_it_is_read_is_too_large(tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    path.write_text("a: " + "b" * 100)
    honest = os.fstat
    monkeypatch.setattr(os, "fstat", lambda handle: os.stat_result((*honest(handle)[:6], 5, *honest(handle)[7:])))
    assert codes(load, path, max_bytes=50) == ["load.too_large"]


def test_too_many_values_are_refused():
    def items(count):
        return "a: [" + "1," * count + "]"

    assert len(load_text(items(49_998)).root["a"]) == 49_998  # the list and the document are nodes too
    assert codes(load_text, items(49_999)) == ["load.too_many_nodes"]
    assert codes(load_text, '{"a": [' + ",".join("1" * 50_000) + "]}") == ["load.too_many_nodes"]
    assert codes(from_object, {"a": [1] * 50_000}) == ["load.too_many_nodes"]


def test_nesting_of_32_is_read_and_of_33_is_refused():
    def nested(depth):
        value = {}
        for _ in range(depth - 1):
            value = {"a": value}
        return value

    assert from_object(nested(32)).root == nested(32)
    assert codes(from_object, nested(33)) == ["load.too_deep"]
    assert load_text(str(nested(32)).replace("'", '"')).root == nested(32)
    assert codes(load_text, str(nested(33)).replace("'", '"')) == ["load.too_deep"]
    assert codes(load_text, str(nested(33)), syntax="yaml") == ["load.too_deep"]


def test_long_keys_cannot_fill_the_memory_with_paths():
    (finding,) = faults(load_text, '{"' + "k" * 400_000 + '": [' + "1," * 49_000 + "1]}")
    assert finding.code == "load.key_too_long"
    assert len(str(SchemaError(finding))) < 500


def test_faults_are_gathered_in_the_order_of_the_text_and_counted_beyond_twenty():
    text = "".join(f"{number}: !tag x\n" for number in range(30)) + "a: .nan\na: .inf\n"
    findings = faults(load_text, text)
    assert [finding.code for finding in findings].count("load.tag") == 8
    assert {"load.duplicate_key", "load.not_finite", "load.key_not_text"} <= {finding.code for finding in findings}
    places = [(finding.line, finding.column) for finding in findings[:-1]]
    assert places == sorted(places)
    assert findings[-1].code == "load.more"
    assert findings[-1].found == "more like these: 22 of load.key_not_text, 22 of load.tag"


def test_a_megabyte_of_faults_is_left_early():
    started = time.process_time()
    findings = faults(load_text, "{" + '"a":1,' * 160_000 + "}")
    assert time.process_time() - started < 2
    assert "1,000 of load.duplicate_key; reading stopped there" in findings[-1].found


def test_python_trees_have_paths_and_one_place():
    root = from_object({"nodes": ({"id": "user", "odd key": [1.5]},)}).root
    assert type(root["nodes"]) is Seq
    assert type(root["nodes"][0]) is Map
    assert root["nodes"][0].value_marks["odd key"] == Mark(1, 1, 'nodes[0]["odd key"]')
    assert root["nodes"][0]["odd key"].item_marks == [Mark(1, 1, 'nodes[0]["odd key"][0]')]


def test_python_values_become_plain_scalars():
    class Colour(str, enum.Enum):  # noqa: UP042  (the case is that of a mixed-in str)
        RED = "red"

    class Level(enum.IntEnum):
        HIGH = 3

    root = from_object(
        {"a": Colour.RED, "b": Level.HIGH, "c": np.float64(1.5), "d": np.str_("x"), Colour.RED: True}
    ).root
    assert root == {"a": "red", "b": 3, "c": 1.5, "d": "x", "red": True}
    assert {type(value) for value in root.values()} == {str, int, float, bool}
    assert {type(key) for key in root} == {str}


def test_python_values_that_are_no_schema_are_all_told():
    mixed = {
        "a": datetime.date(2024, 1, 1),
        "b": {1, 2},
        "c": float("nan"),
        "d": 2**70,
        "e": "\ud800",
        "f": [b"x"],
        "g": np.int64(3),
        3: "x",
        None: "y",
        "h\x00": 1,
        (1, 2): 3,
    }
    findings = faults(from_object, mixed)
    said = {finding.json_path: finding.code for finding in findings}
    assert said == {
        "a": "load.value_type",
        "b": "load.value_type",
        "c": "load.not_finite",
        "d": "load.number_range",
        "e": "load.surrogate",
        "f[0]": "load.value_type",
        "g": "load.value_type",
        '["3"]': "load.key_not_text",
        "None": "load.key_not_text",
        '["h\\u0000"]': "load.control_character",
        '["(tuple)"]': "load.key_not_text",
    }
    assert "a time is text" in next(finding.hint for finding in findings if finding.json_path == "a")


def test_python_trees_that_hold_themselves_end():
    endless = []
    endless.append(endless)
    assert codes(from_object, {"a": endless}) == ["load.too_deep"]
    wide = [1] * 10
    for _ in range(12):
        wide = [wide] * 10
    assert codes(from_object, {"a": wide}) == ["load.too_many_nodes"]


@pytest.mark.parametrize("top", [[], "a", None, 3, 2.5, object()])
def test_the_top_of_a_python_tree_is_a_dict(top):
    assert codes(from_object, top) == ["load.value_type" if type(top) is object else "load.not_an_object"]


def test_half_characters_in_a_python_text_are_refused():
    (finding,) = faults(load_text, "a: 1\nb: \udce9\n")
    assert (finding.code, finding.line, finding.column) == ("load.surrogate", 2, 4)


def test_messages_cannot_reach_into_the_terminal():
    for text in ('{"\\u001b[31mred": 1}', '"\\e[31mred": 1\n', "a: !<\\x1b[31m> x\n", '{"a": \x1b[31m}'):
        with pytest.raises(SchemaError) as caught:
            load_text(text)
        assert "\x1b" not in str(caught.value)


def test_loading_needs_no_numpy_and_json_no_yaml():
    script = "import sys; from datagen.schema.load import load_text; load_text('{}'); assert 'yaml' not in sys.modules;"
    script += "load_text('a: 1'); assert not {'numpy', 'polars', 'duckdb', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
