"""Settings from outside, and `$name` in the document: what is replaced, how it is written, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from language import Language, marks, same

from datagen.errors import Finding, SchemaError
from datagen.schema.expand import expand
from datagen.schema.load import from_object, load_text
from datagen.schema.params import apply_overrides, substitute
from datagen.schema.tree import Document, Map


def canonical(document: Document) -> tuple[Document, list[Finding]]:
    return expand(document, Language())


def overridden(written: Any, *sets: tuple[str, Any], **more: Any) -> Map:
    """The tree after settings that must all be good."""
    document, findings = apply_overrides(from_object(written), list(sets), canonical=canonical, **more)
    assert findings == []
    return document.root


def refused(written: Any, *sets: tuple[str, Any], **more: Any) -> list[Finding]:
    document = from_object(written)
    result, findings = apply_overrides(document, list(sets), canonical=canonical, **more)
    assert same(result.root, document.root), "a setting that is refused changes nothing"
    return findings


def filled(written: Any, evaluate: Any = None) -> Map:
    """The tree after its parameters, all of them good."""
    document, findings = substitute(from_object(written), evaluate)
    assert findings == []
    return document.root


def shop() -> dict[str, Any]:
    return {
        "params": {"rows": 10, "share": "4%"},
        "tables": [
            {
                "name": "customers",
                "rows": 2000,
                "columns": {
                    "age": {"normal": {"mean": 40, "std": 9}},
                    "plan": {"choices": {"free": 0.9, "New York": 0.1}},
                },
            },
            {
                "name": "orders",
                "parents": ["customers"],
                "fanout": 3,
                "columns": [{"name": "total", "expression": "1"}],
            },
        ],
    }


# --- settings -----------------------------------------------------------------------------------------------------


def test_a_declared_name_sets_the_parameter_and_anything_else_is_a_path() -> None:
    root = overridden(shop(), ("rows", "50"), ("seed", "7"))
    assert root["params"]["rows"] == 50
    assert root["seed"] == 7
    assert "rows" not in root


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("50", 50), ("-0.5", -0.5), ("true", True), ('"50"', "50"), ("[1, null]", [1, None]), ('{"a": 1}', {"a": 1}),
        ("4%", "4%"), ("3d", "3d"), ("2025-01-01", "2025-01-01"), ("00123", "00123"), ("", ""), ("[1,", "[1,"),
        ("NaN", "NaN"), ("-Infinity", "-Infinity"), ("[" * 100_000, "[" * 100_000), ("a=b", "a=b"),
    ],
)  # fmt: skip
def test_a_value_is_json_where_it_is_json_and_text_where_it_is_not(text: str, value: Any) -> None:
    assert same(overridden(shop(), ("rows", text))["params"]["rows"], value)


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("tables.customers.rows", ("tables", 0, "rows")),
        ("nodes.customers.rows", ("tables", 0, "rows")),
        ("nodes.CUSTOMERS.rows", ("tables", 0, "rows")),
        ("nodes.0.rows", ("tables", 0, "rows")),
        ("nodes[0].rows", ("tables", 0, "rows")),
        ("nodes[1].id", ("tables", 1, "name")),
        ("tables.customers.columns.age.normal.mean", ("tables", 0, "columns", "age", "normal", "mean")),
        ('tables.customers.columns.plan.choices["New York"]', ("tables", 0, "columns", "plan", "choices", "New York")),
        ("tables.orders.columns.total.expression", ("tables", 1, "columns", 0, "expression")),
        ("tables.orders.parents.0", ("tables", 1, "parents", 0)),
        ("tables.orders.fanout", ("tables", 1, "fanout")),
    ],
)
def test_a_path_finds_tables_by_id_columns_by_name_and_items_by_place(path: str, where: tuple[str | int, ...]) -> None:
    node: Any = overridden(shop(), (path, "77"))
    for step in where:
        node = node[step]
    assert node == 77


def test_a_path_of_the_canonical_tree_is_set_there() -> None:
    root = overridden(shop(), ("nodes.customers.columns.age.generator.distribution.params.mean", "50"))
    columns = {column["name"]: column for column in root["nodes"][0]["columns"]}
    assert columns["age"]["generator"]["distribution"] == {"type": "normal", "params": {"mean": 50, "std": 9}}
    assert columns["plan"]["generator"]["choice"]["weights"] == [0.9, 0.1]


def test_a_generator_can_be_replaced_though_it_is_written_short() -> None:
    root = overridden(shop(), ("nodes.customers.columns.age.generator", '{"uniform": "18..95"}'))
    document, findings = canonical(Document(root, None, ""))
    assert findings == []
    age = document.root["nodes"][0]["columns"][1]
    uniform = {"type": "uniform", "params": {"low": 18, "high": 95, "integers": True}}
    assert age["generator"] == {"distribution": uniform}


def test_later_settings_see_earlier_ones_and_win_over_file_and_scenario() -> None:
    written = {**shop(), "scenarios": {"big": {"rows": 1, "nodes.customers.rows": 9, "share": "5%"}}}
    root = overridden(written, ("nodes.customers.rows", "11"), params_file={"rows": 2}, scenario="big")
    assert root["params"] == {"rows": 2, "share": "5%"}
    assert root["tables"][0]["rows"] == 11


def test_null_takes_a_key_away_but_stays_in_lists_and_in_parameters() -> None:
    written = {**shop(), "targets": {"mean_in_range": []}, "notes": ["a", "b"]}
    root = overridden(written, ("targets", "null"), ("notes.1", "null"), ("rows", "null"))
    assert "targets" not in root
    assert root["notes"] == ["a", None]
    assert root["params"]["rows"] is None


def test_a_new_key_is_legal_where_the_language_has_it() -> None:
    window = ("timeframe", '{"start": "2024-01-01"}')
    root = overridden(shop(), window, ("timeframe.days", "3"), ("nodes.orders.hidden", "true"))
    assert root["timeframe"] == {"start": "2024-01-01", "days": 3}
    assert root["tables"][1]["hidden"] is True
    assert overridden(shop(), ("nodes.customers.columns.age.normal.clamp", "[0, null]"))


@pytest.mark.parametrize(
    ("path", "found", "hint"),
    [
        ("sed", "--set sed=5: no parameter or key 'sed'", "did you mean 'seed'?"),
        ("shares", "--set shares=5: no parameter or key 'shares'", "did you mean 'share'?"),
        ("nodes.costumers.rows", "--set nodes.costumers.rows=5: no 'costumers' in tables", "did you mean 'customers'?"),
        ("nodes.customers.rwos", "--set nodes.customers.rwos=5: no 'rwos' in tables[0]", "did you mean 'rows'?"),
        ("nodes.customers.columns.ag.unit", "--set nodes.customers.columns.ag.unit=5: no 'ag' in tables[0].columns",
         "did you mean 'age'?"),
        ("nodes.orders.columns.totel.when", "--set nodes.orders.columns.totel.when=5: no 'totel' in tables[1].columns",
         "did you mean 'total'?"),
        ("nodes.customers.columns.new", "--set nodes.customers.columns.new=5: no 'new' in tables[0].columns", ""),
        ("nodes.9.rows", "--set nodes.9.rows=5: no '9' in tables", ""),
        ("params.other", "--set params.other=5: no 'other' in params", ""),
        ("nodes.customers.rows.more.still",
         "--set nodes.customers.rows.more.still=5: tables[0].rows is 2000, with no 'more' inside", ""),
    ],
)  # fmt: skip
def test_a_path_to_nothing_is_refused_with_what_there_is(path: str, found: str, hint: str) -> None:
    [finding] = refused(shop(), (path, "5"))
    assert (finding.code, finding.found, finding.hint) == ("params.unknown_path", found, hint)


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a.", "a[b]", "a[-1]", "a[", "'"])
def test_what_is_no_path_is_refused(path: str) -> None:
    assert [finding.code for finding in refused(shop(), (path, "5"))] == ["params.bad_path"]


def test_all_settings_are_judged_and_a_value_that_no_schema_can_hold_is_refused() -> None:
    findings = refused(shop(), ("sed", "1"), ("rows", "9" * 30), ("rows", float("nan")), ("rows", {1, 2}))
    assert [finding.code for finding in findings[:3]] == ["params.unknown_path", "load.number_range", "load.not_finite"]
    assert findings[3].code.startswith("load.")
    assert all("--set rows=" in finding.found for finding in findings[1:])


def test_a_scenario_that_is_not_declared_is_refused_and_a_bad_path_in_one_has_its_line() -> None:
    text = "nodes: []\nscenarios:\n  big:\n    nodes.usr.rows: 5\n"
    document = load_text(text, path="s.yaml")
    [finding] = apply_overrides(document, [], scenario="bigg")[1]
    assert (finding.code, finding.hint) == ("params.unknown_scenario", "did you mean 'big'?")
    [finding] = apply_overrides(document, [], scenario="big")[1]
    assert (finding.code, finding.line, finding.path) == ("params.unknown_path", 4, "s.yaml")


def test_a_setting_stands_where_it_was_put_and_the_document_given_is_not_changed() -> None:
    document = from_object(shop())
    result, findings = apply_overrides(document, [("tables.customers.rows", '{"per": "month", "rate": [5]}')])
    assert findings == []
    assert result.place(("tables", 0, "rows", "rate", 0)).json_path == "tables[0].rows"
    assert same(document.root, shop())
    assert set(marks(result.root)) <= set(marks(document.root))


# --- $name --------------------------------------------------------------------------------------------------------


def test_a_scalar_that_is_a_parameter_becomes_its_value_of_any_type() -> None:
    params = {"n": 5, "plans": {"a": 0.5, "b": 0.5}, "on": True}
    root = filled({"params": params, "seed": "$n", "nodes": [{"x": "$plans", "hidden": "$on"}]})
    assert root["seed"] == 5
    assert root["nodes"] == [{"x": {"a": 0.5, "b": 0.5}, "hidden": True}]
    assert root["params"]["n"] == 5


def test_names_are_compared_without_regard_to_case_and_as_far_as_they_go() -> None:
    root = filled({"params": {"N": 1, "n_users": 2}, "x": "$n", "y": "$N_USERS", "z": "$n-$n_users."})
    assert (root["x"], root["y"], root["z"]) == (1, 2, "1-2.")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (5, "a - 5 > x"),
        (-5, "a - (-5) > x"),
        (1e-7, "a - 1e-07 > x"),
        ("4%", "a - 0.04 > x"),
        ("-12.5 %", "a - (-0.125) > x"),
        ("O'Hara", "a - 'O''Hara' > x"),
        ("2024-01-01", "a - '2024-01-01' > x"),
        (True, "a - true > x"),
        (None, "a - null > x"),
        ("'; drop table x --", "a - '''; drop table x --' > x"),
        ("$v", None),
    ],
)
def test_inside_an_expression_a_value_is_a_literal(value: Any, code: str | None) -> None:
    written = {"params": {"v": value}, "nodes": [{"when": "a - $v > x"}]}
    if code is None:
        assert [finding.code for finding in substitute(from_object(written), None)[1]] == ["params.later"]
    else:
        assert filled(written)["nodes"][0]["when"] == code


@pytest.mark.parametrize(
    ("key", "text", "result"),
    [
        ("when", "status = '$s' or x = \"$s\"", "status = 'it''s' or x = \"it's\""),
        ("sql", "$s -- it's $no\n, '-- $s' /* $s */, $$5", "'it''s' -- it's $no\n, '-- it''s' /* $s */, $5"),
        ("code", "regexp_matches(a, '^x$') and b = $s", "regexp_matches(a, '^x$') and b = 'it''s'"),
        ("text", "it is $s, $$5, $5, US$ and $$s", "it is it's, $5, $5, US$ and $s"),
        ("regex", "^[a-z]+$", "^[a-z]+$"),
        ("pattern", r"^\$\d+(a|b$)$", r"^\$\d+(a|b$)$"),
        ("text", "$$s", "$s"),
        ("text", "$", "$"),
    ],
)  # fmt: skip
def test_a_text_is_written_as_its_place_wants_it(key: str, text: str, result: str) -> None:
    assert filled({"params": {"s": "it's"}, "x": [{key: text}]})["x"][0][key] == result


def test_an_expression_may_ask_whether_a_parameter_is_null() -> None:
    from datagen import api

    written = {
        "params": {
            "total": None,
            "stretch": {"expression": "if($total is null, null, true)"},
            "n": {"expression": "coalesce($total, 7)"},
        },
        "tables": [{"name": "a", "rows": "$n", "columns": {"x": {"sequence": {}}}}],
    }
    for sets, stretch, rows in (([], None, 7), ([("total", 9)], True, 9)):
        prepared = api.prepare(written, sets=sets)
        assert prepared.document.root["params"]["stretch"] is stretch
        assert prepared.bind().tables["a"].rows == rows


def test_parameters_of_laws_are_expressions_too() -> None:
    written = {"params": {"p": "pro"}, "nodes": [{"fanout": {"poisson": "if(plan = $p, 3, 1)"}, "id": "t_$p"}]}
    node = filled(written)["nodes"][0]
    assert node == {"fanout": {"poisson": "if(plan = 'pro', 3, 1)"}, "id": "t_pro"}


def test_parameters_are_worked_out_in_order_from_earlier_ones() -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def evaluate(text: str, names: dict[str, Any]) -> Any:
        asked.append((text, names))
        return 12.5

    params = {
        "users": 10,
        "share": "4%",
        "name": "it's",
        "paid": {"expression": "$users * $share + length('$name')", "description": "of $users"},
        "label": "$users users",
        "again": "$paid",
    }
    root = filled({"params": params, "seed": "$again"}, evaluate)
    assert asked == [("users * share + length('it''s')", {"users": 10, "share": 0.04, "name": "it's"})]
    assert root["params"]["paid"] == 12.5
    assert root["params"]["label"] == "10 users"
    assert root["seed"] == 12.5


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (datetime(2024, 1, 2, 3, 4, 5), "2024-01-02T03:04:05Z"),  # an expression's time is UTC
        (datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02T00:00:00Z"),
        (date(2024, 1, 2), "2024-01-02"),
        (timedelta(days=1, seconds=1), "86401s"),
        (timedelta(milliseconds=1500), "1.5s"),
        (3, 3),
        (None, None),
    ],
)
def test_what_an_expression_gives_is_written_as_a_schema_writes_it(value: Any, result: Any) -> None:
    root = filled({"params": {"x": {"expression": "1"}}}, lambda text, names: value)
    assert same(root["params"]["x"], result)


def test_a_number_of_an_array_library_becomes_a_plain_number() -> None:
    import numpy as np

    root = filled({"params": {"x": {"expression": "1"}, "y": {"expression": "1"}}}, lambda text, names: np.float64(2.5))
    assert type(root["params"]["x"]) is float


def test_a_null_takes_away_the_key_whose_value_it_is_and_stays_in_lists() -> None:
    params = {"none": None, "hi": 5}
    root = filled({"params": params, "rows": "$none", "x": {"clamp": ["$none", "$hi"]}, "y": {"until": "$none"}})
    assert "rows" not in root
    assert root["x"] == {"clamp": [None, 5]}
    assert root["y"] == {}


def test_remarks_keep_a_dollar_sign_that_is_no_parameter() -> None:
    written = {
        "params": {"n": 5, "many": [1]},
        "description": "$n rows cost $US5",
        "notes": ["see $many and $home"],
        "assumptions": [{"decision": "$n users", "reason": "$x"}],
    }
    root = filled(written)
    assert root["description"] == "5 rows cost $US5"
    assert root["notes"] == ["see $many and $home"]
    assert root["assumptions"] == [{"decision": "5 users", "reason": "$x"}]


def test_scenarios_stay_as_written() -> None:
    assert filled({"params": {"n": 1}, "scenarios": {"a": {"seed": "$m"}}})["scenarios"] == {"a": {"seed": "$m"}}


def test_an_old_document_without_parameters_may_hold_dollar_signs() -> None:
    written = {"version": "1.0", "nodes": [{"choices": ["$BTC", "$$"]}]}
    assert same(filled(written), written)


def problems(params: Any, **more: Any) -> list[tuple[str, str]]:
    def evaluate(text: str, names: Any) -> Any:
        if text == "inf":
            return float("inf")
        if text == "list":
            return [1]
        raise SchemaError(Finding("expression.bad", found=f"cannot read {text}"))

    document = from_object({"params": params, **more})
    return [(finding.code, finding.json_path) for finding in substitute(document, evaluate)[1]]


def test_what_refers_to_nothing_is_named_with_its_place() -> None:
    assert problems({"n": 1}, seed="$m", x=["a $q b"]) == [("params.unknown", "seed"), ("params.unknown", "x[0]")]
    assert problems({"a": "$b", "b": 1}, seed="$a") == [("params.later", "params.a")]
    assert problems({"a": "$a"}) == [("params.later", "params.a")]
    assert problems({"a": {"expression": "$b * 2"}, "b": 1}) == [("params.later", "params.a.expression")]
    assert problems({"a": {"expression": "broken"}, "b": "$a"}, seed="$b") == [
        ("expression.bad", "params.a.expression")
    ]
    assert problems({"a": {"expression": "inf"}}) == [("params.not_a_value", "params.a.expression")]
    assert problems({"a": {"expression": "list"}}) == [("params.not_a_value", "params.a.expression")]
    assert problems({"a": [1]}, x="b $a", y="$a") == [("params.not_a_text", "x")]
    assert problems({"a": None}, x="b $a", y={"when": "b = $a"}) == [("params.not_a_text", "x")]


def test_an_unknown_name_suggests_a_near_one_and_how_to_write_a_dollar_sign() -> None:
    [finding] = substitute(load_text("params: {users: 5}\nseed: $usres\n", path="s.yaml"), lambda text, names: 0)[1]
    assert (finding.code, finding.line, finding.column) == ("params.unknown", 2, 7)
    assert finding.found == "'$usres'"
    assert finding.expected == "a declared parameter: users"
    assert finding.hint == "did you mean '$users'? a dollar sign itself is written $$"


def test_a_value_put_in_keeps_the_place_where_it_was_written() -> None:
    document, _ = substitute(load_text("params:\n  plans: {a: 1}\nx:\n  choices: $plans\n"), lambda text, names: 0)
    assert document.place(("x", "choices")).line == 4
    assert document.place(("x", "choices", "a")).json_path == "params.plans.a"


@pytest.mark.parametrize("form", [["$p{0}"] * 10, "$p{0}" * 10])
def test_parameters_that_multiply_each_other_are_stopped(form: Any) -> None:
    """Ten levels of ten are ten thousand million values."""

    def level(k: int) -> Any:
        return form.format(k) if isinstance(form, str) else [item.format(k) for item in form]

    params = {"p0": "0123456789" * 5, **{f"p{k + 1}": level(k) for k in range(10)}}
    found = problems(params, x="$p10")
    assert {code for code, _ in found} == {"params.too_large"}


def test_a_path_that_fails_is_told_in_the_form_that_goes_along_further() -> None:
    [finding] = refused(shop(), ("nodes.customers.columns.age.generator.distribution.prams.mean", "1"))
    path = "nodes[0].columns[1].generator.distribution"
    assert finding.found.endswith(f": no 'prams' in {path}")
    assert finding.hint == "did you mean 'params'?"


def test_a_setting_on_the_canonical_tree_leaves_parameters_to_be_filled_in_later() -> None:
    written = {
        "params": {"shares": {"a": 0.5, "b": 0.5}, "rate": 3, "rows": [{"tier": "x"}], "to": "t"},
        "nodes": [
            {
                "id": "t",
                "columns": [{"name": "t_id"}, {"name": "c", "choices": "$shares"}, {"name": "d", "poisson": "$rate"}],
            },
            {"id": "v", "data": "$rows"},
            {"id": "f", "parents": ["t"], "columns": [{"name": "t_id", "ref": "$to"}]},
        ],
    }
    document, findings = apply_overrides(
        from_object(written), [("nodes.t.columns.c.generator.choice.exact", "true")], canonical=canonical
    )
    assert findings == []
    result = canonical(substitute(document, None)[0])[0].root["nodes"]  # type: ignore[arg-type]
    choice = {"choices": ["a", "b"], "weights": [0.5, 0.5], "exact": True}
    assert result[0]["columns"][1]["generator"] == {"choice": choice}
    assert result[0]["columns"][2]["generator"] == {"distribution": {"type": "poisson", "params": {"lambda": 3}}}
    assert (result[1]["pk"], result[1]["rows"]) == ("tier", 1)
    assert result[2]["columns"][-1]["generator"] == {"lookup": {"from": "t.t_id"}}
