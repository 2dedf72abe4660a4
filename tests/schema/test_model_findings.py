"""The wording of faults: unknown keys, missing keys, wrong types and words, for documents and for parts alike."""

import json
import random
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_documents import FIXTURES, WORDS, checked, column, document, expanded, fault, only, table
from pydantic import BaseModel, ConfigDict, Field, field_validator
from tests.support import examples, findings_of

from datagen.errors import render
from datagen.schema import later_keys
from datagen.schema.load import from_object
from datagen.schema.model import check_part, validate
from datagen.schema.model_findings import MOST
from datagen.schema.model_values import refusal
from datagen.schema.tree import Map, Seq


@pytest.mark.parametrize(
    ("text", "path", "hint"),
    [
        (f"tabels: 3\n{table('')}", "tabels", "tables"),
        (table("colums: []"), "nodes[0].colums", "columns"),
        (table("state_transition_modle: {}"), "nodes[0].state_transition_modle", "state_transition_model"),
        (column("chioce: {}"), "nodes[0].columns[0].chioce", "choice"),
        (column("lognormel: {}"), "nodes[0].columns[0].lognormel", "lognormal"),
        (column("nulable: true"), "nodes[0].columns[0].nulable", "nullable"),
        (column("modifiers: [{trned: {}}]"), "nodes[0].columns[0].modifiers[0].trned", "trend"),
        (table("fanout: {poison: 3}"), "nodes[0].fanout.poison", "poisson"),
        (table("stage_config: {stages: [{stage_name: a, dwel: {}}]}"), "nodes[0].stage_config.stages[0].dwel", "dwell"),
        (
            table("stage_config: {stages: [{stage_name: a, dwell: {normel: {}}}]}"),
            "nodes[0].stage_config.stages[0].dwell.normel",
            "normal",
        ),
        (table("segment_behavior: {vip: {fanout_multiplyer: 2}}"), "nodes[0].segment_behavior.vip.fanout_multiplyer",
         "fanout_multiplier"),
        (f"metrics: {{active: {{sql: select 1, maxx: 1}}}}\n{table('')}", "metrics.active.maxx", "max"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_placed_and_guessed(text, path, hint):
    finding = fault(text)
    assert (finding.code, finding.json_path, finding.hint) == ("language.unknown_key", path, f"did you mean '{hint}'?")
    assert finding.line == 1 + text[: text.index(path.split(".")[-1])].count("\n")


def test_a_missing_key_is_named_with_its_place():
    finding = fault(
        "nodes:\n- {id: a, kind: entity, columns: [{name: x}]}\n- {id: b, kind: entity, columns: [{type: int}]}\n"
    )
    assert finding.found == "missing `name` at nodes[1].columns[0]"
    assert (finding.code, finding.line) == ("language.missing_key", 3)


def test_a_misspelt_key_is_not_also_missing():
    assert only(checked("nodes: [{id: a, kind: entity, columns: [{nmae: x}]}]")[1]).hint == "did you mean 'name'?"


def test_a_missing_key_beside_an_unrelated_one_is_said_too():
    codes = [finding.code for finding in checked("nodes: [{id: a, kind: entity, columns: [{weight: x}]}]")[1]]
    assert sorted(codes) == ["language.missing_key", "language.unknown_key"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (table("imperfections: {missing: 2%}"), "`imperfections` is a key of a column"),
        (table("role: time"), "`role` is a key of a column"),
        (column("duplicates: {rate: 2%}"), "`duplicates` is a key of a table"),
        (column("timeframe: {}"), "`timeframe` is a key of the top of the document"),
        (table("inequalities: []"), "`inequalities` is a key of `constraints`"),
        (table("fanout: {rows: 3}"), "`rows` is a key of a table"),
        (f"fanout: 3\n{table('')}", "`fanout` is a key of a table"),
        (column("descripton: old"), "did you mean 'description'?"),
    ],
)
def test_a_key_in_the_wrong_place_is_told_where_it_belongs(text, hint):
    finding = fault(text)
    assert (finding.code, finding.hint) == ("language.unknown_key", hint)


@pytest.mark.parametrize(
    ("text", "found", "hint"),
    [
        (
            f"constraints: {{inequalities: [{{left: a.b, op: '=<', right: a.c}}]}}\n{table('')}",
            "'=<'",
            "did you mean '<='?",
        ),
        (column("type: varchr"), "'varchr'", "did you mean 'string'?"),
        (column("type: integer"), "'integer'", "did you mean 'int'?"),
        (column("type: strng"), "'strng'", "did you mean 'string'?"),
        (column("role: tim"), "'tim'", "did you mean 'time'?"),
        (table("").replace("entity", "entitty"), "'entitty'", "did you mean 'entity'?"),
        (column("generator: {chioce: {}}"), "'chioce'", "did you mean 'choice'?"),
        (column("modifiers: [{transform: seasonalty}]"), "'seasonalty'", "did you mean 'seasonality'?"),
        (table("fanout: {type: poison}"), "'poison'", "did you mean 'poisson'?"),
        (
            table("state_transition_model: {initial_state: a, states: {a: {}}, period_unit: fortnight}"),
            "'fortnight'",
            "",
        ),
        (f"metadata: {{format: parket}}\n{table('')}", "'parket'", "did you mean 'parquet'?"),
    ],
)
def test_an_unknown_word_comes_with_the_list(text, found, hint):
    finding = fault(text)
    assert (finding.code, finding.found, finding.hint) == ("language.unknown_word", found, hint)
    assert finding.expected.startswith("one of: ")


def test_a_period_unit_lists_the_units():
    finding = fault(table("state_transition_model: {initial_state: a, states: {a: {}}, period_unit: fortnight}"))
    assert finding.expected == "one of: hour, day, week, month, quarter, year"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (column("generator: {choice: {}, sequence: {}}"), "column.two_generators"),
        (column("generator: {}"), "column.no_generator"),
        (column("generator: {comment: none yet}"), "column.no_generator"),
        (column("generator: {sequence: null}"), "language.null_not_allowed"),
        (column("generator: {sequence: 3}"), "language.wrong_type"),
        (column("generator: sequence"), "language.wrong_type"),
    ],
)
def test_a_column_has_one_generator(text, code):
    assert fault(text).code == code


def test_two_generators_are_named():
    finding = fault(column("generator: {choice: {}, sequence: {}}"))
    assert (finding.expected, finding.found) == ("exactly one generator", "choice, sequence")


def test_a_percentage_above_a_hundred_is_not_read_as_a_number_of_percent():
    assert fault(table("stage_config: {stages: {a: 150%}}")).hint == ""
    assert fault(table("stage_config: {stages: {a: 15}}")).hint == "a share is a part of 1; for 15 % write 0.15"


@pytest.mark.parametrize(
    ("text", "found", "expected", "hint"),
    [
        (column("nullable: yes"), "string 'yes'", "true or false", "write true"),
        (column('nullable: "false"'), "string 'false'", "true or false", "write false without quotes"),
        (column("nullable: 1"), "integer 1", "true or false", ""),
        (column("decimals: 2.0"), "number 2.0", "an integer", "write 2"),
        (column("decimals: true"), "boolean true", "an integer", ""),
        (column("unit: 5"), "integer 5", "text", 'put it in quotes: "5"'),
        (column("modifiers: {transform: add}"), "an object with 1 key", "a list", ""),
        (table("parents: customer"), "string 'customer'", "a list", "write [customer]"),
        ("nodes: {users: {}}", "an object with 1 key", "a list of tables", "write the name inside: - name: users"),
        (
            "nodes: [{id: a, kind: fact, columns: 'x, y'}]",
            "string 'x, y'",
            "columns, such as {city: {faker: city}}",
            "",
        ),
        (table("fanout: 3"), "integer 3", "rows per parent, such as 3, 2..5 or {poisson: 3}", ""),
        (table("stage_config: {stages: 3}"), "integer 3", "a list of stages", "write [3]"),
    ],
)
def test_a_wrong_type_says_how_to_mend_it(text, found, expected, hint):
    finding = fault(text)
    assert (finding.code, finding.found, finding.expected, finding.hint) == (
        "language.wrong_type",
        found,
        expected,
        hint,
    )


def test_a_bare_value_is_told_which_parameters_a_modifier_needs():
    (told,) = findings_of("tables: [{name: a, columns: {x: {uniform: {low: 1, high: 2}, modifiers: [{multiply: 2}]}}}]")
    assert (told.found, told.expected) == ("integer 2", "an object, such as {factor: …}")


def test_all_faults_come_at_once_in_the_order_of_lines():
    text = "seed: x\nsede: 1\nnodes:\n- id: 1a\n  kind: entitty\n  rows: -1\n  columns:\n  - {nmae: x}\n"
    text += "  - {name: y, type: sting}\n"
    _, findings = checked(text)
    assert [(finding.line, finding.code) for finding in findings] == [
        (1, "language.wrong_type"),
        (2, "language.unknown_key"),
        (4, "name.bad"),
        (5, "language.unknown_word"),
        (6, "language.out_of_range"),
        (8, "language.unknown_key"),
        (9, "language.unknown_word"),
    ]


def test_a_thousand_faults_are_enough():
    nodes = [{"id": "a", "kind": "entity", "columns": [{"name": "x"}]}]
    _, findings = validate(from_object({"nodes": nodes, "constraints": {"unique": [1] * 5000}}), WORDS)
    assert len(findings) == MOST + 1
    assert findings[-1].code == "language.too_many_findings"
    assert {finding.code for finding in findings[:-1]} == {"language.wrong_type"}


# --- parts


class Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Peak(Closed):
    hour: int = Field(ge=0, le=23)
    size: float = Field(default=1.0, description="how high it is")


class Made(Closed):
    """A part such as others write: unions without names, nested models, own validators."""

    rate: float | int | str = 1
    peaks: list[Peak] = []
    one_or_many: Peak | list[Peak] | None = None
    within: Literal["timeframe"] | Peak = "timeframe"
    names: dict[str, Peak] = {}
    pair: Annotated[list[float], Field(min_length=2, max_length=2)] = [0.0, 1.0]
    from_: str = Field(default="a", alias="from")
    weights: list[int] = []

    @field_validator("weights")
    @classmethod
    def _as_many(cls, weights: list[int]) -> list[int]:
        if len(weights) == 1:
            raise refusal("made.weights_length", found="1 weight", expected="two", hint="add one", at=(0,))
        if len(weights) == 3:
            raise ValueError("two weights, or none")
        return weights


LOC = ("nodes", 0, "columns", 0, "generator", "choice")


def part_faults(params: str, model: type[BaseModel] = Made) -> list[Any]:
    tree = document(column(f"generator: {{choice: {params}}}"))
    made, findings = check_part(model, tree.root["nodes"][0]["columns"][0]["generator"]["choice"], tree, LOC)
    assert (made is None) == bool(findings)
    return findings


def test_parameters_of_a_part_become_its_model():
    params = (
        "{rate: 2, peaks: [{hour: 3, description: noon}], one_or_many: {hour: 1, title: t}, x-why: because, from: b}"
    )
    assert part_faults(params) == []
    assert only(part_faults("{comment: fine, rat: 2}")).found == "unknown key 'rat'"


@pytest.mark.parametrize(
    ("params", "code", "path", "found", "expected"),
    [
        ("{rat: 2}", "language.unknown_key", "rat", "unknown key 'rat'", "one of: rate, peaks"),
        (
            "{peaks: [{hour: 3, sise: 1}]}",
            "language.unknown_key",
            "peaks[0].sise",
            "unknown key 'sise'",
            "one of: hour, size",
        ),
        ("{peaks: [{}]}", "language.missing_key", "peaks[0]", "missing `hour` at ", ""),
        ("{peaks: [{hour: 24}]}", "language.out_of_range", "peaks[0].hour", "24", "at most 23"),
        ("{peaks: 3}", "language.wrong_type", "peaks", "integer 3", "a list"),
        ("{rate: [1]}", "language.wrong_type", "rate", "a list of 1", "a number or text"),
        ("{rate: null}", "language.null_not_allowed", "rate", "null", "a number or text"),
        ("{one_or_many: 3}", "language.wrong_type", "one_or_many", "integer 3", "an object or a list"),
        ("{one_or_many: {hour: 99}}", "language.out_of_range", "one_or_many.hour", "99", "at most 23"),
        ("{one_or_many: [{hour: x}]}", "language.wrong_type", "one_or_many[0].hour", "string 'x'", "an integer"),
        (
            "{one_or_many: {hur: 9}}",
            "language.unknown_key",
            "one_or_many.hur",
            "unknown key 'hur'",
            "one of: hour, size",
        ),
        ("{within: timefrme}", "language.unknown_word", "within", "'timefrme'", "one of: timeframe"),
        ("{within: {hour: 99}}", "language.out_of_range", "within.hour", "99", "at most 23"),
        ("{names: {int: {hour: 99}}}", "language.out_of_range", "names.int.hour", "99", "at most 23"),
        ("{pair: [1]}", "language.wrong_length", "pair", "1", "at least 2"),
        ("{pair: []}", "language.empty", "pair", "nothing in it", "at least 2 entries"),
        ("{from: 3}", "language.wrong_type", "from", "integer 3", "text"),
        ("{from_: a}", "language.unknown_key", "from_", "unknown key 'from_'", "one of: rate"),
        ("{weights: [1]}", "made.weights_length", "weights[0]", "1 weight", "two"),
        ("{weights: [1, 2, 3]}", "language.bad_value", "weights", "a list of 3", "two weights, or none"),
    ],
)
def test_faults_of_a_part_read_like_those_of_the_document(params, code, path, found, expected):
    finding = only(part_faults(params))
    assert finding.code == code
    assert finding.json_path == f"nodes[0].columns[0].generator.choice.{path}"
    assert finding.found.startswith(found)
    assert finding.expected.startswith(expected)
    assert finding.line == 6


def test_a_key_of_a_later_version_is_not_unknown(monkeypatch):
    monkeypatch.setitem(later_keys.PART_KEYS, ("generator", "choice"), frozenset({"some_day"}))
    finding = only(part_faults("{some_day: true}"))
    assert (finding.code, finding.found) == (
        "language.not_available_yet",
        "`some_day`, which this version does not build yet",
    )


# --- anything at all


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def paths(node: Any) -> set[str]:
    found = {node.mark.json_path} if isinstance(node, Map | Seq) else set()
    if isinstance(node, Map):
        found |= {mark.json_path for mark in (*node.key_marks.values(), *node.value_marks.values())}
    for value in node.values() if isinstance(node, Map) else node if isinstance(node, Seq) else ():
        found |= paths(value)
    return found | ({mark.json_path for mark in node.item_marks} if isinstance(node, Seq) else set())


def holds(tree: Any) -> None:
    """Nothing is raised, every fault has a real place and says what was found and expected."""
    schema, findings = validate(tree, WORDS)
    real = paths(tree.root) | {""}
    for finding in findings:
        assert finding.json_path in real, finding
        assert finding.found, finding
        assert finding.expected or finding.code == "language.not_available_yet", finding
        assert render(finding)
    assert (schema is None) == any(finding.severity == "error" for finding in findings)


JUNK = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8)
    | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)  # what a file can hold
    | st.sampled_from(["4%", "1_000", "2024-13-01", "a.b", "normal", "trend", "choice"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "name", "by", "params", "generator", "columns", "notes", "when"]), inner, max_size=3
    ),
    max_leaves=6,
)  # fmt: skip


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(spot for key, inner in below for spot in spots(inner, (*path, key)))]


CANONICAL = plain(expanded((FIXTURES / "every_key.yaml").read_text())[0].root)
SPOTS = [spot for spot in spots(CANONICAL) if spot]


@settings(max_examples=examples(150), deadline=None, derandomize=True)
@given(st.sampled_from(SPOTS), JUNK)
def test_junk_anywhere_is_a_finding_or_nothing(spot, junk):
    whole = plain(CANONICAL)
    inside = whole
    for step in spot[:-1]:
        inside = inside[step]
    inside[spot[-1]] = junk
    holds(from_object(whole))


# Where any key may stand: named by the user, or the parameters of a part, which the plan reads.
FREE = {
    "params",
    "args",
    "scenarios",
    "engagement_frequency",
    "influences",
    "data",
    "by",
    "sequence",
    "after",
    "nested",
}


def document_path(spot: tuple[Any, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in spot).removeprefix(".")


def test_a_key_added_anywhere_is_refused_with_its_place():
    maps = [spot for spot in [(), *SPOTS] if not FREE & set(spot)]
    asked = 0
    for spot in random.Random(1).sample(maps, len(maps)):
        whole = plain(CANONICAL)
        inside = whole
        for step in spot:
            inside = inside[step]
        if not isinstance(inside, dict) or ("generator" in spot and spot[-1] != "generator"):
            continue
        inside["zzq"] = [[]]  # no key of the language, and no value of a map that the user names
        schema, findings = validate(from_object(whole), WORDS)
        assert schema is None, spot
        where = document_path(spot)
        places = {where, f"{where}.zzq".removeprefix(".")}  # a second word in a generator is placed at the generator
        assert any(finding.json_path in places for finding in findings), (spot, findings)
        asked += 1
    assert asked > 100
