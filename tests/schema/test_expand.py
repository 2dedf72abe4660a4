"""What expanding must keep: old documents as they are, every place as it was written, every error said once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from language import Language, same

from datagen.errors import render
from datagen.schema.expand import expand, told_once
from datagen.schema.load import from_object, load_text
from datagen.schema.model import validate
from datagen.schema.tree import Map, Seq

VERSION_1 = sorted((Path(__file__).parent / "version_1").glob("*.json"))


def expanded(written: Any) -> Map:
    """The canonical tree of a document without contradictions."""
    result, findings = expand(from_object(written), Language())
    assert findings == []
    return result.root


def column(**written: Any) -> dict[str, Any]:
    """One column of a table, expanded."""
    node = expanded({"nodes": [{"id": "t", "columns": [{"name": "t_id", "sequence": {}}, {"name": "c", **written}]}]})
    found: dict[str, Any] = node["nodes"][0]["columns"][1]
    return {key: value for key, value in found.items() if key != "name"}


@pytest.mark.parametrize("path", VERSION_1, ids=lambda path: path.stem)
def test_a_version_1_document_keeps_what_it_says_and_gets_only_what_it_left_out(path: Path) -> None:
    written = json.loads(path.read_text())
    root = expanded(written)
    for before, after in zip(written["nodes"], root["nodes"], strict=True):
        for key, value in before.items():
            if key not in ("columns", "fanout"):
                assert same(after[key], value), key
        kept = {item["name"]: item for item in after["columns"]}
        for item in before.get("columns", []):
            assert same(kept[item["name"]], item)
        added = [
            item["name"]
            for item in after["columns"]
            if item["name"] not in [c["name"] for c in before.get("columns", [])]
        ]
        assert added == ADDED.get(f"{path.stem}.{before['id']}", "").split()
    assert {key: value for key, value in root.items() if key != "nodes"} == {
        key: value for key, value in written.items() if key != "nodes"
    }
    schema, findings = validate(expand(load_text(path.read_text(), syntax="json"), Language())[0], Language())
    assert schema is not None, "\n".join(map(render, findings))


ADDED = {
    "funnel.user": "user_id",
    "funnel.user_journey": "user_journey_id user_id stage_index stage_name event_timestamp",
    "segments_trend.customer": "customer_id",
    "segments_trend.order": "order_id customer_id",
    "states.user": "user_id",
    "states.subscription": "subscription_id user_id state previous_state changed_at",
    "vintage.user": "user_id",
    "vintage.purchase": "purchase_id user_id",
}


def test_a_process_without_columns_gets_those_it_fills() -> None:
    def columns(process: dict[str, Any], **more: Any) -> list[str]:
        node = {"id": "b", "parents": ["a"], **process, **more}
        root = expanded({"nodes": [{"id": "a"}, node]})
        return [
            " ".join(str(one[key]) for key in ("name", "type", "role") if key in one)
            for one in root["nodes"][1]["columns"]
        ]

    stages = {"stages": [{"stage_name": "x"}]}
    assert columns({"stage_config": stages}) == [
        "b_id int", "a_id", "stage_index int stage_index", "stage_name string stage", "event_timestamp datetime time"
    ]  # fmt: skip
    assert columns({"stage_config": {**stages, "instances_per_parent": 2}})[2] == "journey int journey"
    model = {"initial_state": "x", "states": {"x": {"y": 0.1}, "y": {}}}
    assert columns({"state_transition_model": model}) == [
        "b_id int", "a_id", "state string state", "previous_state string previous_state", "changed_at datetime time"
    ]  # fmt: skip
    own = [{"name": "step", "type": "string", "role": "stage"}]
    assert columns({"stage_config": stages}, columns=own) == ["b_id int", "a_id", "step string stage"]


def test_a_version_1_fanout_becomes_a_law_with_a_clamp() -> None:
    fanout = {"distribution": "poisson", "lambda": 9, "min": 0, "max": 80}
    root = expanded({"version": "1.0", "nodes": [{"id": "a"}, {"id": "b", "parents": ["a"], "fanout": fanout}]})
    assert root["nodes"][1]["fanout"] == {"type": "poisson", "params": {"lambda": 9}, "clamp": [0, 80]}


def test_what_is_not_understood_stays_where_it_is() -> None:
    written = {
        "nodes": [
            {"id": "t", "kind": "entity", "pk": "t_id", "rows": 5, "colour": "red", "columns": [
                {"name": "t_id", "generator": {"seqence": 5}, "lenght": 3},
                {"name": "c", "generator": {"distribution": {"type": "normal", "params": {"mean": 1}, "klamp": 5}}},
                {"name": "d", "generator": {"distribution": {"type": "nomral", "params": {"mean": 1}}}},
                {"name": "e", "modifiers": [{"tredn": {"growth": 1}}, "clamp"]},
                17,
            ]},
            "a table",
        ],
        "tabels": [],
    }  # fmt: skip
    assert same(expanded(written), written)


def test_flat_parameters_of_a_misspelt_law_still_become_parameters() -> None:
    found = column(distribution={"type": "nomral", "mean": 5, "std": 1, "clamp": [0, 9]})
    law = {"type": "nomral", "params": {"mean": 5, "std": 1}, "clamp": [0, 9]}
    assert found == {"generator": {"distribution": law}}


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("2..5", {"low": 2, "high": 5, "integers": True}),
        (" -3 .. +4 ", {"low": -3, "high": 4, "integers": True}),
        ("0.5..2", {"low": 0.5, "high": 2.0}),
        (".5..1e3", {"low": 0.5, "high": 1000.0}),
        ("4%..9%", {"low": "4%", "high": "9%"}),
        ("1d..36h", {"low": "1d", "high": "36h"}),
        ("1.5 days..2 days", {"low": "1.5 days", "high": "2 days"}),
    ],
)
def test_two_ends_make_a_uniform_law(text: str, params: dict[str, Any]) -> None:
    assert same(column(distribution=text), {"generator": {"distribution": {"type": "uniform", "params": params}}})


@pytest.mark.parametrize(
    "text", ["1...5", "1..", "..5", "1-5", "a..b", "2..5..7", "", "2024-01-01..2024-02-01", "1.0.2..3"]
)
def test_other_texts_are_no_law(text: str) -> None:
    assert column(distribution=text) == {"generator": {"distribution": text}}


def test_a_word_that_is_a_law_and_a_generator_is_a_generator_on_a_column_and_a_law_inside_one() -> None:
    assert column(bernoulli=0.2) == {"generator": {"bernoulli": {"p": 0.2}}}
    law = {"type": "bernoulli", "params": {"p": 0.2}}
    assert column(distribution={"bernoulli": 0.2}) == {"generator": {"distribution": law}}


def test_a_duration_object_is_a_constant_where_time_is_wanted() -> None:
    delay = column(after="t_id", delay={"days": 3})["generator"]["after"]["delay"]
    assert delay == {"type": "constant", "params": {"value": {"days": 3}}}


def test_a_key_with_a_type_other_than_int_does_not_count() -> None:
    root = expanded({"nodes": [{"id": "t", "columns": [{"name": "t_id", "type": "string"}]}]})
    assert root["nodes"][0] == {
        "id": "t", "kind": "entity", "pk": "t_id", "rows": 1000, "columns": [{"name": "t_id", "type": "string"}]
    }  # fmt: skip


def test_a_declared_key_that_names_no_column_gets_none() -> None:
    root = expanded({"nodes": [{"id": "t", "pk": "key", "columns": [{"name": "kye", "sequence": {}}]}]})
    assert [c["name"] for c in root["nodes"][0]["columns"]] == ["kye"]


def test_a_reference_by_another_name_is_enough_and_one_through_a_key_is_not() -> None:
    nodes = [
        {"id": "user"},
        {"id": "a", "parents": ["user"], "columns": [{"name": "who", "lookup": "USER.user_id"}]},
        {"id": "b", "parents": ["user"], "columns": [
            {"name": "a_id", "ref": "a"},
            {"name": "who", "lookup": {"from": "user.user_id", "on": {"this_key": "a_id"}}},
        ]},
    ]  # fmt: skip
    root = expanded({"nodes": nodes})
    assert [c["name"] for c in root["nodes"][1]["columns"]] == ["a_id", "who"]
    assert [c["name"] for c in root["nodes"][2]["columns"]] == ["b_id", "user_id", "a_id", "who"]


def test_tables_made_of_other_tables_get_no_key_and_no_rows() -> None:
    root = expanded({"nodes": [
        {"id": "user"},
        {"id": "daily", "sql": "select 1"},
        {"id": "event", "emits": [{"of": "user", "at": "x", "fanout": 3}]},
    ]})  # fmt: skip
    assert root["nodes"][1] == {"id": "daily", "kind": "derived", "sql": "select 1"}
    emits = [{"of": "user", "at": "x", "fanout": {"type": "constant", "params": {"value": 3}}}]
    assert root["nodes"][2] == {"id": "event", "kind": "stream", "emits": emits}


def test_a_ref_may_point_to_the_built_in_places() -> None:
    assert column(ref="places") == {"generator": {"lookup": {"from": "places.place"}}}


SHOP = """\
name: shop
tables:
  - name: customers
    columns:
      email: {faker: email}
      amount: {lognormal: {median: 30, sigma: 0.5}}
      status: {choices: {paid: 90%, lost: 10%}}
  - name: orders
    parents: [customers]
    fanout: {poisson: 3, max: 9}
"""


@pytest.mark.parametrize(
    ("loc", "line", "json_path"),
    [
        (("metadata", "name"), 1, "name"),
        (("nodes", 0, "id"), 3, "tables[0].name"),
        (("nodes", 0, "pk"), 3, "tables[0]"),
        (("nodes", 0, "columns", 0, "name"), 3, "tables[0]"),
        (("nodes", 0, "columns", 1, "name"), 5, "tables[0].columns.email"),
        (("nodes", 0, "columns", 1, "generator", "faker", "method"), 5, "tables[0].columns.email.faker"),
        (
            ("nodes", 0, "columns", 2, "generator", "distribution", "params", "median"),
            6,
            "tables[0].columns.amount.lognormal.median",
        ),
        (("nodes", 0, "columns", 2, "generator", "distribution", "type"), 6, "tables[0].columns.amount.lognormal"),
        (("nodes", 0, "columns", 3, "generator", "choice", "weights", 1), 7, "tables[0].columns.status.choices.lost"),
        (("nodes", 1, "columns", 1, "generator", "lookup", "from"), 9, "tables[1].parents[0]"),
        (("nodes", 1, "fanout", "params", "lambda"), 10, "tables[1].fanout.poisson"),
        (("nodes", 1, "fanout", "clamp", 1), 10, "tables[1].fanout.max"),
    ],
)
def test_an_error_on_the_canonical_tree_names_what_was_written(
    loc: tuple[str | int, ...], line: int, json_path: str
) -> None:
    document, _ = expand(load_text(SHOP, path="shop.yaml"), Language())
    finding = document.finding("some.code", loc, found="this")
    assert (finding.path, finding.line, finding.json_path) == ("shop.yaml", line, json_path)


def test_a_contradiction_is_not_told_again_as_an_unknown_key() -> None:
    written = {"nodes": [{"id": "t", "columns": [{"name": "a", "faker": "name", "sequence": 1, "decimasl": 2}]}]}
    document, contradictions = expand(from_object(written), Language())
    _, found = validate(document, Language())
    told = told_once(contradictions, found, Language())
    assert [(f.code, f.json_path) for f in told] == [
        ("column.two_generators", "nodes[0].columns[0].sequence"),
        ("language.unknown_key", "nodes[0].columns[0].decimasl"),
    ]


def test_the_parts_of_a_document_that_need_nothing_are_shared_and_all_others_new() -> None:
    document = from_object({"constraints": {"unique": ["a.b"]}, "nodes": [{"id": "t", "fanout": 3}]})
    result, _ = expand(document, Language())
    assert result.root["constraints"] is document.root["constraints"]
    assert isinstance(result.root["nodes"], Seq)
    assert result.root["nodes"][0] is not document.root["nodes"][0]
    assert document.root["nodes"][0]["fanout"] == 3
