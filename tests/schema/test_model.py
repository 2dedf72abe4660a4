"""What a document may say, and what it is told when it says something else."""

import subprocess
import sys

import pytest
from model_documents import FIXTURES, WORDS, checked, column, expanded, fault, only, table

from datagen.schema import later
from datagen.schema.load import from_object
from datagen.schema.model import Column, Node, Schema, validate
from datagen.schema.model_values import Written, keys_of


def models(model=Written):
    for below in model.__subclasses__():
        yield below
        yield from models(below)


@pytest.mark.parametrize("path", sorted((FIXTURES / "version-1").glob("*.json")), ids=lambda path: path.stem)
def test_documents_of_the_first_version_load(path):
    _, schema, findings = expanded(path.read_text())
    assert findings == []
    assert schema.version_1


def test_the_shop_of_thirty_lines_loads():
    _, schema, findings = expanded((FIXTURES / "shop.yaml").read_text())
    assert findings == []
    assert [node.id for node in schema.nodes] == ["customers", "orders", "order_status"]
    assert schema.metadata.name == "shop"
    assert not schema.version_1


def test_every_key_of_the_language_loads_and_keeps_its_value():
    _, schema, findings = expanded((FIXTURES / "every_key.yaml").read_text())
    assert findings == []
    order = next(node for node in schema.nodes if node.id == "order")
    assert order.fanout.p_zero == 0.1
    assert order.fanout.clamp == (None, 9)
    assert order.fanout.until is None
    assert "until" in order.fanout.model_fields_set
    assert next(node for node in schema.nodes if node.id == "g").edges == 10_000
    assert schema.dag == (("customer",), ("order",))
    assert schema.constraints.ranges[1].min == "2024-01-01"


def test_defaults_are_those_of_the_language():
    schema, _ = checked(table(""))
    assert (schema.seed, schema.version, schema.version_1) == (42, None, False)
    assert schema.constraints.unique == ()
    assert schema.nodes[0].columns[0].word == "sequence"
    assert schema.nodes[0].columns[0].nullable is None


def test_models_are_frozen():
    schema, _ = checked(table(""))
    with pytest.raises(ValueError, match="frozen"):
        schema.nodes[0].columns[0].name = "y"


def test_every_key_says_what_it_is_for():
    silent = [f"{m.__name__}.{key}" for m in models() for key, field in m.model_fields.items() if not field.description]
    assert silent == []
    assert sum(len(model.model_fields) for model in models()) > 200  # the walk sees the whole language


def test_names_of_later_keys_are_keys():
    assert set(keys_of(Node)) >= later.NODE_KEYS
    assert set(keys_of(Column)) >= later.COLUMN_KEYS
    assert set(keys_of(Schema)) >= later.TOP_KEYS


def test_loading_the_models_loads_no_numpy():
    code = (
        "import sys; import datagen.schema.model, datagen.schema.later; print({'numpy', 'polars'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000", 1000),
        ("0", 0),
        ("1_000", 1000),
        ("10M", 10_000_000),
        ("500k", 500_000),
        ("2B", 2_000_000_000),
        ("1.5k", 1500),
    ],
)
def test_counts_are_digits_or_short(text, value):
    schema, findings = checked(table(f"rows: {text}"))
    assert findings == []
    assert schema.nodes[0].rows == value


@pytest.mark.parametrize(
    ("text", "code", "found", "hint"),
    [
        ('"1000"', "language.wrong_type", "string '1000'", "remove the quotes"),
        ("1000.5", "language.wrong_type", "number 1000.5", "write a whole number"),
        ("1000.0", "language.wrong_type", "number 1000.0", "write 1000"),
        ("true", "language.wrong_type", "boolean true", ""),
        ("many", "language.wrong_type", "string 'many'", ""),
        ("1.2345k", "language.wrong_type", "string '1.2345k'", "1.2345k is 1234.5, not a whole number"),
        ("[5]", "language.wrong_type", "a list of 1", ""),
        ("-5", "language.out_of_range", "-5", ""),
        ("99999999999B", "language.out_of_range", "99999999999000000000", ""),
        ("null", "language.null_not_allowed", "null", "leave the key out if it is not wanted"),
    ],
)
def test_counts_are_never_guessed(text, code, found, hint):
    finding = fault(table(f"rows: {text}"))
    assert (finding.code, finding.found, finding.hint) == (code, found, hint)
    assert (finding.line, finding.column, finding.json_path) == (5, 11, "nodes[0].rows")
    assert finding.path == "schema.yaml"


@pytest.mark.parametrize(
    ("text", "value"), [("0.04", 0.04), ("4%", 0.04), ("0.07", 0.07), ("7%", 0.07), ("100%", 1.0), ("1", 1.0)]
)
def test_a_percentage_is_exactly_its_share(text, value):
    schema, findings = checked(table(f"duplicates: {{rate: {text}}}"))
    assert findings == []
    assert schema.nodes[0].duplicates.rate == value


@pytest.mark.parametrize(
    ("text", "hint"), [("1.5", "for 1.5 % write 0.015"), ("-0.1", ""), ("120%", ""), ("5", "for 5 % write 0.05")]
)
def test_a_share_lies_between_0_and_1(text, hint):
    finding = fault(table(f"duplicates: {{rate: {text}}}"))
    assert finding.code == "language.out_of_range"
    assert finding.expected == "a share between 0 and 1"
    assert hint in finding.hint


@pytest.mark.parametrize("seed", ["-1", "18446744073709551616"])
def test_a_seed_has_64_bits(seed):
    tree = from_object({"nodes": [{"id": "a", "kind": "entity", "columns": [{"name": "x"}]}]})
    tree.root.put("seed", int(seed))
    schema, findings = validate(tree, WORDS)
    assert schema is None
    assert only(findings).code == "seed.out_of_range"
    assert only(findings).expected == "an integer from 0 to 2^64-1"


def test_the_largest_seed_is_a_seed():
    schema, findings = checked(f"seed: {2**64 - 1}\n{table('')}")
    assert findings == []
    assert schema.seed == 2**64 - 1


def test_a_seed_in_quotes_is_no_seed():
    finding = fault(f'seed: "42"\n{table("")}')
    assert (finding.code, finding.hint) == ("language.wrong_type", "remove the quotes")


@pytest.mark.parametrize(
    "text", ["2024-02-29", "2024-01-01T00:00:00Z", "2024-01-01 12:30", "2024-01-01T00:00:00.123456+02:00", "0001-01-01"]
)
def test_times_are_iso_texts(text):
    schema, findings = checked(f'timeframe: {{start: "{text}", days: 3}}\n{table("")}')
    assert findings == []
    assert schema.timeframe.start == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2025-13-01", "month must be in 1..12"),
        ("2025-02-29", "day is out of range for month"),
        ("2025-01-01T24:61", "hour must be in 0..23"),
        ("2016-12-31T23:59:60Z", "leap seconds do not exist here"),
        ("0000-01-01", "years run from 0001 to 9999"),
        ("10000-01-01", "years run from 0001 to 9999"),
        ("yesterday", ""),
        ("2025-01", ""),
    ],
)
def test_impossible_times_are_refused_with_the_reason(text, hint):
    finding = fault(f'timeframe: {{start: "{text}", days: 3}}\n{table("")}')
    assert (finding.code, finding.hint, finding.json_path) == ("time.bad", hint, "timeframe.start")


@pytest.mark.parametrize(
    ("keys", "code"), [("", "timeframe.no_end"), (", end: 2024-02-01, days: 3", "timeframe.two_ends")]
)
def test_a_window_has_one_end(keys, code):
    assert fault(f"timeframe: {{start: 2024-01-01{keys}}}\n{table('')}").code == code


@pytest.mark.parametrize("name", ["1st", "_x", "a-b", "a b", "ä", "", "a" * 64, "a.b"])
def test_names_follow_one_rule(name):
    for text, path in (
        (table("").replace("customer", f'"{name}"'), "nodes[0].id"),
        (column("").replace("name: x", f'name: "{name}"'), "nodes[0].columns[0].name"),
    ):
        finding = fault(text)
        assert (finding.code, finding.json_path) == ("name.bad", path)
        assert finding.expected == "a letter, then letters, digits and _, at most 63 characters"


@pytest.mark.parametrize("name", ["con", "NUL", "Aux", "com1", "LPT9", "prn"])
def test_tables_are_not_named_like_devices(name):
    finding = fault(table("").replace("customer", name))
    assert finding.code == "name.reserved"
    assert checked(column("").replace("name: x", f"name: {name}"))[1] == []  # a column is no file


def test_names_that_differ_in_case_alone_are_one_name():
    twice = "- {id: A, kind: vocab}\n"
    text = f"nodes:\n- {{id: a, kind: entity, columns: [{{name: x}},\n {{name: X}}]}}\n{twice}{twice}"
    _, findings = checked(text)
    assert [(finding.code, finding.line, finding.json_path) for finding in findings] == [
        ("name.duplicate", 3, "nodes[0].columns[1].name"),
        ("name.duplicate", 4, "nodes[1].id"),
        ("name.duplicate", 5, "nodes[2].id"),
    ]
    assert findings[0].found == "'x' on line 2 and 'X' on line 3"


@pytest.mark.parametrize("version", ['"1.0"', "1.0", "1", '"1"', '"2"', "2", '"2.0"'])
def test_known_versions_are_read(version):
    schema, findings = checked(f"version: {version}\n{table('')}")
    assert findings == []
    assert schema.version_1 == ("1" in version)


@pytest.mark.parametrize("version", ['"99"', "99", '"3"', '"2.1"', "3.0"])
def test_a_newer_version_is_the_only_thing_said(version):
    finding = fault(f"version: {version}\nunheard_of: 1\n{table('rows: x')}")
    assert finding.code == "language.newer_version"
    assert "made for a newer Datagen" in finding.found
    assert "this one reads up to 2" in finding.expected


@pytest.mark.parametrize("version", ['"1.1"', "latest", "true", "0", "[1]"])
def test_what_is_no_version_is_refused(version):
    assert fault(f"version: {version}\n{table('')}").json_path == "version"


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("nodes: []", "language.empty", "nodes"),
        ("nodes: {}", "language.wrong_type", "nodes"),
        ("nodes: [3]", "language.wrong_type", "nodes[0]"),
        ("nodes: [null]", "language.null_not_allowed", "nodes[0]"),
        ("seed: 3", "language.missing_key", ""),
    ],
)
def test_a_document_has_tables(text, code, path):
    finding = fault(text)
    assert (finding.code, finding.json_path) == (code, path)


@pytest.mark.parametrize(
    ("columns", "code"), [("[]", "node.no_columns"), ("3", "language.wrong_type"), ("[id]", "language.wrong_type")]
)
def test_columns_are_a_list_of_objects(columns, code):
    assert fault(table("", columns)).code == code


def test_five_hundred_tables_are_the_limit():
    tables = [{"id": f"t{n}", "kind": "entity", "columns": [{"name": "x"}]} for n in range(501)]
    assert validate(from_object({"nodes": tables[:500]}), WORDS)[1] == []
    finding = only(validate(from_object({"nodes": tables}), WORDS)[1])
    assert (finding.code, finding.found, finding.json_path) == ("language.too_large", "501 tables", "nodes")


def test_two_thousand_columns_are_the_limit():
    columns = [{"name": f"c{n}"} for n in range(2001)]
    nodes = [
        {"id": "a", "kind": "entity", "columns": columns[:2000]},
        {"id": "b", "kind": "entity", "columns": columns},
    ]
    finding = only(validate(from_object({"nodes": nodes}), WORDS)[1])
    assert (finding.code, finding.found, finding.json_path) == (
        "language.too_large",
        "2,001 columns",
        "nodes[1].columns",
    )


def test_remarks_are_kept_in_every_object_and_are_no_keys():
    text = (
        "use_case: demo\nx-tool: [1]\nmetadata: {title: T}\n"
        + column("description: who\n        generator: {comment: why, sequence: {}}\n        constraints: {notes: n}")
        + "    segment_behavior: {description: text, vip: {fanout_multiplier: 2, domain: d}}\n"
    )
    schema, findings = checked(text)
    assert findings == []
    assert schema.meta == {"use_case": "demo", "x-tool": [1]}
    assert schema.metadata.meta == {"title": "T"}
    only_column = schema.nodes[0].columns[0]
    assert only_column.meta == {"description": "who"}
    assert only_column.constraints.meta == {"notes": "n"}
    assert only_column.generator == {"sequence": {}}
    assert set(schema.nodes[0].segment_behavior) == {"vip"}


def test_keys_named_by_the_user_are_no_remarks():
    states = "{notes: {next_states: {title: 3%}}, title: {terminal: true}}"
    schema, findings = checked(table(f"state_transition_model: {{initial_state: notes, states: {states}}}"))
    assert findings == []
    assert set(schema.nodes[0].state_transition_model.states) == {"notes", "title"}
    assert schema.nodes[0].state_transition_model.states["notes"].next_states == {"title": 0.03}


def test_null_targets_are_a_warning_in_an_old_document_alone():
    schema, findings = checked(f'version: "1.0"\ntargets: null\n{table("")}')
    assert schema.targets is None
    assert (only(findings).severity, only(findings).line, only(findings).code) == ("warning", 2, "targets.null")
    assert "declared, not applied, because" in only(findings).found
    assert fault(f"targets: null\n{table('')}").code == "language.null_not_allowed"


def test_a_table_takes_effects_alone():
    assert checked(table("modifiers: [{transform: effect, args: {effect_table: a}}]"))[1] == []
    finding = fault(table("modifiers: [{transform: trend}]"))
    assert (finding.code, finding.json_path) == ("node.modifier", "nodes[0].modifiers[0].transform")


@pytest.mark.parametrize(
    ("rule", "code", "path"),
    [
        ("unique: [email]", "ref.bad", "constraints.unique[0]"),
        ("ranges: [{attr: a.b}]", "range.no_bound", "constraints.ranges[0]"),
        ("ranges: [{attr: a.b, min: 3, max: 1}]", "range.empty", "constraints.ranges[0]"),
        ("ranges: [{attr: a.b, min: 2024-02-01, max: 2024-01-01}]", "range.empty", "constraints.ranges[0]"),
        ("ranges: [{attr: a.b, min: true}]", "language.wrong_type", "constraints.ranges[0].min"),
        (
            "inequalities: [{left: a.b, op: '=>', right: a.c}]",
            "language.unknown_word",
            "constraints.inequalities[0].op",
        ),
        ("foreign_keys: [{from: a.b}]", "language.missing_key", "constraints.foreign_keys[0]"),
        ("enum: [{attr: a.b}]", "enum.one_list", "constraints.enum[0]"),
        ("enum: [{attr: a.b, values: [1], enum_ref: c.d}]", "enum.one_list", "constraints.enum[0]"),
        ("pattern: [{attr: a.b, regex: 3}]", "language.wrong_type", "constraints.pattern[0].regex"),
    ],
)
def test_constraints_are_typed(rule, code, path):
    finding = fault(f"constraints: {{{rule}}}\n{table('')}")
    assert (finding.code, finding.json_path) == (code, path)


@pytest.mark.parametrize(
    ("dag", "levels"),
    [("[[a], [b, c]]", (("a",), ("b", "c"))), ("[a, b]", (("a",), ("b",))), ("{levels: [[a]]}", (("a",),))],
)
def test_levels_of_tables_have_one_form(dag, levels):
    assert checked(f"dag: {dag}\n{table('')}")[0].dag == levels


def test_a_fault_inside_levels_is_placed():
    assert fault(f"dag: {{levels: [[a], 3]}}\n{table('')}").json_path == "dag.levels[1]"


@pytest.mark.parametrize(
    ("clamp", "code"),
    [
        ("[5, 2]", "clamp.empty"),
        ("[1]", "language.wrong_length"),
        ("3", "language.wrong_type"),
        ("[1, true]", "language.wrong_type"),
    ],
)
def test_a_clamp_has_two_ends(clamp, code):
    assert fault(table(f"fanout: {{type: poisson, params: {{lambda: 3}}, clamp: {clamp}}}")).code == code
