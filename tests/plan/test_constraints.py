"""Unique values, foreign keys, ranges and enums: which hold by construction, which are looked at, which can never hold."""

from __future__ import annotations

from typing import Any

import pytest

from datagen.plan.model import ConstraintPlan, Plan
from tests.parts.columns import child, column, law, modified, refused, schema, table
from tests.support import codes_of, made, plan_of

LETTERS = {"choice": {"choices": ["a", "b", "c"]}}


def only(plan: Plan, kind: str) -> ConstraintPlan:
    """The one declared constraint of a kind (of `unique`: beside primary keys)."""
    keys = {f"{one.id}.{one.pk}" for one in plan.tables.values()}
    hits = [one for one in plan.constraints if one.kind == kind and one.text not in keys]
    assert len(hits) == 1, hits
    return hits[0]


def with_constraint(kind: str, entry: Any, *nodes: dict[str, Any]) -> dict[str, Any]:
    return schema(*nodes, constraints={kind: [entry]})


# --- unique


@pytest.mark.parametrize(
    ("generator", "status"),
    [
        ({"sequence": {}}, "held"), ({"uuid": {}}, "held"), ({"distribution": "1..1000"}, "held"),
        ({"choice": {"choices": list(range(200))}}, "held"), ({"lookup": {"from": "o.o_id"}}, "held"),
        ({"expression": {"code": "row_number * 2"}}, "checked"), (law("uniform", low=0, high=1), "checked"),
    ],
)  # fmt: skip
def test_unique_holds_by_construction_where_the_generator_can_promise_it(
    generator: dict[str, Any], status: str
) -> None:
    document = with_constraint("unique", "t.x", table("o", 150), table("t", 100, column("x", generator)))
    assert only(plan_of(document), "unique").status == status
    assert made(document, "t")["x"].n_unique() == 100
    same = schema(table("o", 150), table("t", 100, column("x", generator, unique=True)))
    assert only(plan_of(same), "unique").status == status


def test_a_modifier_may_make_two_values_the_same() -> None:
    changed = column("x", {"sequence": {}}, modifiers=[modified("multiply", factor=0.1)])
    assert only(plan_of(with_constraint("unique", "t.x", table("t", 100, changed))), "unique").status == "checked"


@pytest.mark.parametrize("generator", [{"lookup": {"from": "o.city"}}, {"choice": {"choices_ref": "o.city"}}])
def test_unique_picks_of_values_that_may_repeat_are_only_looked_at(generator: dict[str, Any]) -> None:
    document = schema(table("o", 5, column("city", LETTERS)), table("t", 5, column("x", generator, unique=True)))
    assert only(plan_of(document), "unique").status == "checked"
    document["nodes"][0]["columns"][1] = column("city", {"uuid": {}}, unique=True)
    unique = {one.text: one.status for one in plan_of(document).constraints}
    assert unique["t.x"] == "held"


def test_rounding_takes_the_promise_away() -> None:
    near = table("t", 2, column("x", {"choice": {"choices": [1.51, 1.52]}}, unique=True, decimals=1))
    assert only(plan_of(schema(near)), "unique").status == "checked"
    far = table("t", 5, column("x", {"sequence": {"start": 10**12}}, unique=True, type="float"))
    assert only(plan_of(schema(far)), "unique").status == "checked"


def test_several_columns_together_are_looked_at() -> None:
    document = with_constraint(
        "unique", ["t.x", "t.y"], table("t", 5, column("x", {"distribution": "1..9"}), column("y", LETTERS))
    )
    found = only(plan_of(document), "unique")
    assert (found.status, found.text) == ("checked", "t(x, y)")
    assert found.facts == {"table": "t", "columns": ["x", "y"]}


def test_several_columns_with_too_few_pairs_are_refused_with_the_arithmetic() -> None:
    document = with_constraint(
        "unique", ["t.x", "t.y"], table("t", 28, column("x", {"distribution": "1..9"}), column("y", LETTERS))
    )
    told = refused(document, "unique.domain_too_small")
    assert "9 × 3 = 27 possible values < 28 rows" in told.found
    assert told.json_path == "constraints.unique[0]"
    across = with_constraint("unique", ["t.x", "o.o_id"], table("o", 5), table("t", 5, column("x", LETTERS)))
    assert refused(across, "constraint.two_tables")


def test_names_that_do_not_exist_are_refused_with_the_nearest() -> None:
    assert (
        "x"
        in refused(
            with_constraint("unique", "t.xx", table("t", 5, column("x", LETTERS))), "ref.unknown_column"
        ).expected
    )
    assert refused(with_constraint("unique", "tt.x", table("t", 5, column("x", LETTERS))), "ref.unknown_table").hint
    missing = with_constraint(
        "foreign_keys", {"from": "t.x", "to": "o.idd"}, table("o", 5), table("t", 5, column("x", LETTERS))
    )
    assert refused(missing, "ref.unknown_column").json_path == "constraints.foreign_keys[0].to"


def test_a_key_of_random_numbers_is_a_permutation_or_refused() -> None:
    exact = schema(table("t", 10_000, column("t_id", {"distribution": "1..10000"})))
    assert sorted(made(exact, "t")["t_id"]) == list(range(1, 10_001))
    short = schema(table("t", 10_001, column("t_id", {"distribution": "1..10000"})))
    assert "10,000 possible values < 10,001 rows" in refused(short, "unique.domain_too_small").found
    assert refused(
        schema(table("t", 100, column("t_id", law("normal", mean=0, std=1e9), type="int"))), "unique.not_by_law"
    )


def test_a_nullable_key_is_refused() -> None:
    assert refused(
        schema(table("t", 5, column("t_id", {"sequence": {}}, nullable=True))), "pk.nullable"
    ).json_path.endswith("nullable")
    assert refused(schema(table("t", 5, column("t_id", {"sequence": {}}, when="row_number > 1"))), "pk.nullable")
    named = schema({"id": "t", "pk": "t_idd", "rows": 5, "columns": [column("t_id", {"sequence": {}})]})
    assert "t_id" in refused(named, "pk.unknown_column").hint


# --- foreign keys


def keyed(generator: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return with_constraint(
        "foreign_keys",
        {"from": "t.o_id", "to": "o.o_id"},
        table("o", 20),
        table("t", 50, column("o_id", generator, **keys)),
    )


def test_a_key_that_is_looked_up_is_held_and_any_other_is_looked_at() -> None:
    assert only(plan_of(keyed({"lookup": {"from": "o.o_id"}})), "foreign_key").status == "held"
    assert only(plan_of(keyed({"choice": {"choices_ref": "o.o_id"}})), "foreign_key").status == "held"
    assert only(plan_of(keyed({"distribution": "1..20"})), "foreign_key").status == "checked"
    assert (
        only(plan_of(keyed({"lookup": {"from": "o.o_id"}}, modifiers=[modified("add", value=1)])), "foreign_key").status
        == "checked"
    )


def test_a_key_of_another_type_is_refused() -> None:
    told = refused(keyed({"uuid": {}}), "fk.type_mismatch")
    assert told.json_path == "constraints.foreign_keys[0]"
    assert "string" in told.found
    assert "int" in told.found
    assert refused(keyed(law("uniform", low=1, high=20)), "fk.type_mismatch")
    assert codes_of(keyed({"distribution": "1..20"})) == []


# --- ranges


def ranged(generator: dict[str, Any], rows: int = 100, **ends: Any) -> dict[str, Any]:
    return with_constraint("ranges", {"attr": "t.x", **ends}, table("t", rows, column("x", generator)))


def test_a_range_that_the_generator_keeps_is_held() -> None:
    dice = {"distribution": "1..6"}
    assert only(plan_of(ranged(dice, min=1, max=6)), "range").status == "held"
    assert only(plan_of(ranged(dice, max=10)), "range").status == "held"
    assert only(plan_of(ranged(dice, min=2)), "range").status == "checked"
    clamped = {"distribution": {"type": "normal", "params": {"mean": 0, "std": 1}, "clamp": [-3, 3]}}
    assert only(plan_of(ranged(clamped, min=-5, max=5)), "range").status == "held"
    assert only(plan_of(ranged(law("normal", mean=0, std=1), min=-5)), "range").status == "checked"


def test_a_range_is_a_check_and_never_a_clamp() -> None:
    free = made(schema(table("t", 100, column("x", law("normal", mean=0, std=1)))), "t")["x"]
    assert made(ranged(law("normal", mean=0, std=1), min=0), "t")["x"].equals(free)


def test_a_range_that_nothing_can_keep_is_refused() -> None:
    told = refused(ranged({"distribution": "1..6"}, min=7), "constraint.cannot_hold")
    assert "1 to 6" in told.found
    assert refused(ranged({"distribution": "1..6"}, max=0), "constraint.cannot_hold")
    assert refused(ranged({"distribution": "1..6"}, min=5, max=2), "range.empty").json_path.startswith(
        "constraints.ranges[0]"
    )


def test_a_range_on_a_counted_key_bounds_the_rows() -> None:
    told = refused(
        with_constraint("ranges", {"attr": "t.t_id", "max": 999}, table("t", 1_000)), "constraint.cannot_hold"
    )
    assert "1 to 1,000" in told.found
    assert (
        only(
            plan_of(with_constraint("ranges", {"attr": "t.t_id", "min": 1, "max": 1_000}, table("t", 1_000))), "range"
        ).status
        == "held"
    )
    low = with_constraint(
        "ranges",
        {"attr": "t.t_id", "min": 1_000},
        table("t", 10, column("t_id", {"sequence": {"start": 500, "step": 100}})),
    )
    assert "500 to 1,400" in refused(low, "constraint.cannot_hold").found
    assert codes_of(with_constraint("ranges", {"attr": "t.t_id", "max": 999}, table("t", 1_000)), scale=0.5) == []


def test_a_range_on_a_key_of_children_bounds_their_expected_rows() -> None:
    many = with_constraint(
        "ranges", {"attr": "b.b_id", "max": 500}, table("a", 100), child("b", "a", fanout={"poisson": 10.0})
    )
    assert "1,000" in refused(many, "constraint.cannot_hold").found
    assert only(
        plan_of(
            with_constraint(
                "ranges", {"attr": "b.b_id", "min": 1}, table("a", 9), child("b", "a", fanout={"poisson": 2.0})
            )
        ),
        "range",
    )
    few = with_constraint(
        "ranges", {"attr": "b.b_id", "max": 5_000}, table("a", 100), child("b", "a", fanout={"poisson": 10.0})
    )
    assert codes_of(few) == []


# --- enums


def listed(generator: dict[str, Any], values: list[Any], **keys: Any) -> dict[str, Any]:
    return with_constraint("enum", {"attr": "t.x", "values": values}, table("t", 50, column("x", generator, **keys)))


def test_an_enum_that_the_choices_keep_is_held() -> None:
    assert only(plan_of(listed(LETTERS, ["a", "b", "c", "d"])), "enum").status == "held"
    assert only(plan_of(listed(LETTERS, ["a", "b"])), "enum").status == "checked"
    assert only(plan_of(listed({"uuid": {}}, ["a"])), "enum").status == "checked"
    assert only(plan_of(listed({"choice": {"choices": [1, 2]}}, ["1", "2"])), "enum").status == "held"


def test_an_enum_without_any_of_the_choices_is_refused() -> None:
    told = refused(listed(LETTERS, ["x", "y"]), "constraint.cannot_hold")
    assert "a, b, c" in told.found


def test_an_enum_may_be_another_column() -> None:
    names = {"id": "o", "kind": "vocab", "pk": "name", "columns": [column("name", {"enum_list": ["a", "b", "c"]})]}

    def of(generator: dict[str, Any]) -> dict[str, Any]:
        return with_constraint(
            "enum", {"attr": "t.x", "enum_ref": "o.name"}, names, table("t", 50, column("x", generator))
        )

    assert only(plan_of(of({"lookup": {"from": "o.name"}})), "enum").status == "held"
    assert only(plan_of(of({"choice": {"choices_ref": "o.name"}})), "enum").status == "held"
    assert only(plan_of(of(LETTERS)), "enum").status in ("held", "checked")
    assert only(plan_of(of({"uuid": {}})), "enum").status == "checked"
    wrong = of(LETTERS)
    wrong["constraints"]["enum"][0]["enum_ref"] = "o.nmae"
    assert refused(wrong, "ref.unknown_column").json_path == "constraints.enum[0].enum_ref"


def test_a_column_may_carry_its_own_constraints() -> None:
    document = schema(
        table(
            "t",
            50,
            column("x", LETTERS, constraints={"enum": ["a", "b", "c"]}),
            column("y", LETTERS, constraints={"pattern": "[abc]"}),
        )
    )
    plan = plan_of(document)
    assert only(plan, "enum").status == "held"
    assert only(plan, "pattern").status == "held"
    bad = schema(table("t", 50, column("x", LETTERS, constraints={"enum": ["x"]})))
    assert refused(bad, "constraint.cannot_hold").json_path == "nodes[0].columns[1].constraints.enum"


# --- what is fine and what comes round


def test_rows_may_be_none_at_all() -> None:
    plan = plan_of(schema(table("a", 0), child("b", "a", column("x", LETTERS), fanout=3)))
    assert [plan.tables[name].expected_rows for name in "ab"] == [0, 0]


@pytest.mark.parametrize("tables", [1, 2, 3])
def test_columns_that_need_each_other_in_a_circle_are_refused_with_their_lines(tables: int) -> None:
    names = [f"t{k}" for k in range(tables)]
    text = "tables:\n"
    for place, name in enumerate(names):
        other = names[(place + 1) % tables]
        reference = "x" if tables == 1 else f"{other}_id.x"
        code = reference if tables > 1 else "y"
        extra = (
            "      - {name: y, expression: x, type: int}\n"
            if tables == 1
            else f"      - {{name: {other}_id, lookup: {other}.{other}_id}}\n"
        )
        text += f"  - name: {name}\n    rows: 5\n    pk: {name}_id\n    columns:\n      - {{name: {name}_id, sequence: 1}}\n{extra}      - {{name: x, expression: {code}, type: int}}\n"
    told = refused_text(text)
    assert told.found.count("->") == tables + (tables == 1)
    assert told.found.count("(line") == tables + 1 + (tables == 1)
    for name in names:
        assert f"{name}.x" in told.found


def refused_text(text: str) -> Any:
    from tests.support import findings_of

    hits = [one for one in findings_of(text) if one.code == "plan.loop"]
    assert len(hits) == 1, findings_of(text)
    return hits[0]


def test_a_circle_through_numbers_of_rows_is_named_so() -> None:
    loop = schema(
        table("a", 50, column("x", {"lookup": {"from": "b.b_id"}})), child("b", "a", fanout={"poisson": "x % 3"})
    )
    told = refused(loop, "plan.loop")
    assert "number of b rows" in told.found or "row numbers of b" in told.found


def test_tables_may_refer_to_each_other_where_columns_do_not() -> None:
    document = schema(
        table(
            "device",
            30,
            column("site_id", {"lookup": {"from": "site.site_id"}}),
            column("size", {"distribution": "1..9"}),
        ),
        table(
            "site",
            10,
            column("main_id", {"lookup": {"from": "device.device_id"}}),
            column("size", {"expression": {"code": "main_id.size"}}),
        ),
    )
    assert made(document, "site")["size"].null_count() == 0
