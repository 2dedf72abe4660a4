"""Effects of another table on values and times, against a double loop over rows and effect rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.proofs import proof
from tests.parts.time_schemas import choice, key, micros, modifier, number, schema, series, table, uniform
from tests.support import codes_of, findings_of, made, plan_of, table_of

WINDOW = {"start_col": "start_at", "end_col": "end_at"}
GENRES = ["rock", "jazz", "folk"]


def campaign(*columns: dict[str, Any], rows: int = 12, freq: str = "D") -> dict[str, Any]:
    """An effect table; the end never lies before the start."""
    return {
        "id": "campaign",
        "kind": "entity",
        "pk": "campaign_id",
        "rows": rows,
        "columns": [
            key("campaign_id"),
            series({"freq": freq}, name="start_at"),
            series({"freq": freq}, name="end_at"),
            uniform(1.2, 3.0, name="lift"),
            *columns,
        ],
    }


ORDERED = ("campaign.start_at", "<=", "campaign.end_at")


def effect(on: dict[str, str] | None = None, field: str = "lift", **map_: Any) -> dict[str, Any]:
    return modifier("effect", effect_table="campaign", on=on or {}, window=WINDOW, map={"field": field, **map_})


def expected(
    rows: pl.DataFrame, effects: pl.DataFrame, on: dict[str, str], combine: str, default: float
) -> list[float]:
    """The factor of each row by a double loop."""
    found = []
    table_ = effects.sort("campaign_id").to_dicts()
    for row in rows.to_dicts():
        hits = [
            one["lift"] for one in table_
            if all(row[local] == one[remote] for local, remote in on.items())
            and one["start_at"] <= row["at"] <= one["end_at"]
        ]  # fmt: skip
        if not hits:
            found.append(default)
        else:
            found.append({"first": hits[0], "product": np.prod(hits), "sum": sum(hits), "max": max(hits)}[combine])
    return found


CASES: dict[str, tuple[dict[str, str], list[dict[str, Any]], list[dict[str, Any]]]] = {
    "no keys": ({}, [], []),
    "a text": ({"genre": "genre"}, [choice("genre", GENRES)], [choice("genre", [*GENRES, "polka"])]),
    "texts of different columns": ({"style": "genre"}, [choice("genre", GENRES)], [choice("style", GENRES[::-1])]),
    "a whole number": (
        {"shop": "shop"},
        [{"name": "shop", "type": "int", "generator": {"choice": {"choices": [3, 5, 900_000_000_000]}}}],
        [{"name": "shop", "type": "int", "generator": {"choice": {"choices": [3, 4, 5, 900_000_000_000]}}}],
    ),
    "a truth value": (
        {"online": "online"},
        [{"name": "online", "type": "bool", "generator": {"bernoulli": {"p": 0.5}}}],
        [{"name": "online", "type": "bool", "generator": {"bernoulli": {"p": 0.5}}}],
    ),
    "two keys": (
        {"genre": "genre", "shop": "shop"},
        [choice("genre", GENRES), {"name": "shop", "type": "int", "generator": {"choice": {"choices": [1, 2]}}}],
        [
            choice("genre", [*GENRES, "polka"]),
            {"name": "shop", "type": "int", "generator": {"choice": {"choices": [1, 2, 9]}}},
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("combine", ["first", "product", "sum", "max"])
@pytest.mark.parametrize("case", CASES)
def test_a_number_changes_as_a_double_loop_says(case: str, combine: str) -> None:
    on, remote, local = CASES[case]
    columns = [series({"freq": "D"}), *local, number([effect(on, combine=combine)])]
    plan = plan_of(schema(campaign(*remote), table(columns, rows=600), inequalities=[ORDERED]))
    rows, effects = table_of(plan, "t"), table_of(plan, "campaign")
    wanted = expected(rows, effects, on, combine, 1.0)
    assert np.allclose(rows["x"].to_numpy(), 100.0 * np.array(wanted), rtol=1e-9)
    assert len(set(wanted)) > 3


@proof("modifier", "effect")
def test_adding_and_defaults() -> None:
    columns = [
        series({"freq": "D"}),
        choice("genre", GENRES),
        number([effect({"genre": "genre"}, op="add", default=-7)]),
    ]
    document = schema(campaign(choice("genre", GENRES)), table(columns, rows=600), inequalities=[ORDERED])
    plan = plan_of(document)
    rows = table_of(plan, "t")
    wanted = expected(rows, table_of(plan, "campaign"), {"genre": "genre"}, "first", -7.0)
    assert np.allclose(rows["x"].to_numpy(), 100.0 + np.array(wanted), rtol=1e-9)
    neutral = [series({"freq": "D"}), choice("genre", ["polka"]), number([effect({"genre": "genre"}, op="add")])]
    alone = schema(campaign(choice("genre", GENRES)), table(neutral), inequalities=[ORDERED])
    assert (made(alone, "t")["x"] == 100).all()


def fixed(*rows: tuple[str, str, float | None]) -> dict[str, Any]:
    """An effect table with these windows: start, end and lift; an empty text is no time."""
    case = " ".join(f"when campaign_id = {place + 1} then {{}}" for place in range(len(rows)))

    def column(name: str, type: str, cells: list[str]) -> dict[str, Any]:
        return {
            "name": name, "type": type, "nullable": True,
            "generator": {"expression": {"code": f"case {case.format(*cells)} else null end"}},
        }  # fmt: skip

    def time(text: str) -> str:
        return f"timestamp '{text}'" if text else "cast(null as timestamp)"

    return {
        "id": "campaign", "kind": "entity", "pk": "campaign_id", "rows": len(rows),
        "columns": [
            key("campaign_id"),
            column("start_at", "datetime", [time(row[0]) for row in rows]),
            column("end_at", "datetime", [time(row[1]) for row in rows]),
            column("lift", "float", ["cast(null as double)" if row[2] is None else f"{row[2]:.3f}" for row in rows]),
        ],
    }  # fmt: skip


def lifted(frame: pl.DataFrame) -> list[float]:
    return (frame["x"] / 100).round(6).to_list()


def hourly(start: str, end: str) -> dict[str, Any]:
    return series({"within": {"start": start, "end": end}, "freq": "h"})


@proof("modifier", "effect")
def test_windows_are_closed_on_both_sides() -> None:
    document = schema(
        fixed(("2024-03-01 05:00:00", "2024-03-01 07:00:00", 2.0)),
        table([hourly("2024-03-01", "2024-03-01"), number([effect()])], rows=500),
    )
    frame = made(document, "t")
    assert lifted(frame) == [2.0 if 5 <= at.hour <= 7 else 1.0 for at in frame["at"]]


def test_an_open_end_is_still_open_and_a_row_without_start_or_factor_matches_nothing() -> None:
    document = schema(
        fixed(
            ("2024-03-01 20:00:00", "", 2.0),
            ("", "2024-12-31 00:00:00", 3.0),
            ("2024-03-01 00:00:00", "2024-03-02 00:00:00", None),
            ("2024-03-01 04:00:00", "2024-03-01 02:00:00", 5.0),
        ),
        table([hourly("2024-03-01", "2024-03-01"), number([effect()])], rows=500),
    )
    frame = made(document, "t")
    assert lifted(frame) == [2.0 if at.hour >= 20 else 1.0 for at in frame["at"]]


def test_a_date_as_end_includes_its_day() -> None:
    effects = fixed(("2024-03-01 00:00:00", "2024-03-02 00:00:00", 2.0))
    effects["columns"][2]["type"] = "date"
    document = schema(effects, table([hourly("2024-03-01", "2024-03-04"), number([effect()])], rows=500))
    frame = made(document, "t")
    assert lifted(frame) == [2.0 if at < datetime(2024, 3, 3) else 1.0 for at in frame["at"]]


def test_rows_without_a_key_or_a_time_match_nothing() -> None:
    genre = {**choice("genre", ["rock"]), "nullable": True, "when": "id % 2 = 0"}
    time = series({"freq": "D"}, when="id % 3 = 0", nullable=True)
    document = schema(
        {**fixed(("2024-01-01 00:00:00", "", 2.0))},
        table([time, genre, number([effect()])], rows=60),
    )
    document["nodes"][0]["columns"].append(choice("genre", ["rock"]))
    assert lifted(made(document, "t")) == [2.0 if id % 3 == 0 else 1.0 for id in range(1, 61)]
    document["nodes"][1]["columns"][3]["modifiers"][0]["args"]["on"] = {"genre": "genre"}
    assert lifted(made(document, "t")) == [2.0 if id % 6 == 0 else 1.0 for id in range(1, 61)]


def test_the_first_effect_row_is_the_first_by_key_not_by_place() -> None:
    effects = fixed(("2024-01-01 00:00:00", "", 2.0), ("2024-01-01 00:00:00", "", 3.0))
    effects["columns"].append({"name": "code", "type": "int", "generator": {"expression": {"code": "-campaign_id"}}})
    effects["pk"] = "code"
    document = schema(effects, table([series(), number([effect()])]))
    assert set(lifted(made(document, "t"))) == {3.0}
    effects["columns"][-1] = {
        "name": "code", "type": "string", "generator": {"expression": {"code": "if(campaign_id = 1, 'b', 'a')"}}
    }  # fmt: skip
    assert set(lifted(made(document, "t"))) == {3.0}


def test_times_of_a_datetime_column_crowd_into_open_windows() -> None:
    effects = fixed(
        ("2024-04-01 00:00:00", "2024-04-30 23:59:59", 4.0), ("2024-08-01 00:00:00", "2024-08-31 23:59:59", 0.0)
    )
    frame = made(schema(effects, table([series({}, [effect()])], rows=60_000)), "t")
    months = np.bincount(frame["at"].dt.month().to_numpy(), minlength=13)[1:]
    weights = np.array([31, 29, 31, 30 * 4, 31, 30, 31, 0, 30, 31, 30, 31])
    share = weights / weights.sum()
    assert months[7] == 0
    # 4 standard errors of a share, n = 60,000
    assert (np.abs(months / 60_000 - share) <= 4 * np.sqrt(share * (1 - share) / 60_000)).all()


def test_each_key_has_times_of_its_own() -> None:
    effects = fixed(
        ("2024-04-01 00:00:00", "2024-04-30 23:59:59", 9.0), ("2024-08-01 00:00:00", "2024-08-31 23:59:59", 9.0)
    )
    effects["columns"].append(
        {
            "name": "genre",
            "type": "string",
            "generator": {"expression": {"code": "if(campaign_id = 1, 'rock', 'jazz')"}},
        }
    )
    columns = [choice("genre", GENRES), series({}, [effect({"genre": "genre"})]), series(name="later")]
    document = schema(effects, table(columns, rows=30_000), inequalities=[("t.at", "<=", "t.later")])
    frame = made(document, "t")
    assert (frame["at"] <= frame["later"]).all()
    for genre, month, lift in (("rock", 4, 9), ("jazz", 8, 9), ("folk", 4, 1), ("folk", 8, 1)):
        times = frame.filter(pl.col("genre") == genre)["at"]
        days = 30 if month == 4 else 31
        wanted = days * lift / (366 + days * (lift - 1))
        share = float((times.dt.month() == month).mean())
        # 4 standard errors of a share
        assert abs(share - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / len(times))


def test_an_effect_on_times_reads_an_effect_that_shapes_them_and_scales_a_value_too() -> None:
    columns = [choice("genre", GENRES), series({}, [effect({"genre": "genre"})]), number([effect({"genre": "genre"})])]
    plan = plan_of(schema(campaign(choice("genre", GENRES)), table(columns, rows=400), inequalities=[ORDERED]))
    rows = table_of(plan, "t")
    wanted = expected(rows, table_of(plan, "campaign"), {"genre": "genre"}, "first", 1.0)
    assert np.allclose(rows["x"].to_numpy(), 100 * np.array(wanted), rtol=1e-9)
    for block_rows in (1, 7, 97):
        assert table_of(plan, "t", block_rows=block_rows).equals(rows)


def test_adding_an_effect_row_moves_only_the_rows_it_touches() -> None:
    columns = [choice("genre", GENRES), series({}), number([effect({"genre": "genre"})])]
    before = made(schema(campaign(choice("genre", GENRES), rows=6), table(columns), inequalities=[ORDERED]), "t")
    plan = plan_of(schema(campaign(choice("genre", GENRES), rows=7), table(columns), inequalities=[ORDERED]))
    after, new = table_of(plan, "t"), table_of(plan, "campaign").row(6, named=True)
    touched = (after["genre"] == new["genre"]) & after["at"].is_between(new["start_at"], new["end_at"])
    assert before.filter(~touched).equals(after.filter(~touched))


def document_with(args: dict[str, Any], *, on_time: bool = False, **top: Any) -> dict[str, Any]:
    mod = {
        "transform": "effect",
        "args": {"effect_table": "campaign", "window": WINDOW, "map": {"field": "lift"}, **args},
    }
    columns = [series({}, [mod] if on_time else []), choice("genre", GENRES), number([] if on_time else [mod])]
    return schema(campaign(choice("genre", GENRES)), table(columns), inequalities=[ORDERED], **top)


@pytest.mark.parametrize(
    ("args", "place"),
    [
        ({"on": {"gnre": "genre"}}, "on.gnre"),
        ({"on": {"genre": "gnre"}}, "on.genre"),
        ({"map": {"field": "lft"}}, "map.field"),
        ({"window": {"start_col": "begin", "end_col": "end_at"}}, "window.start_col"),
    ],
)
def test_dangling_names_are_errors_and_warnings_in_old_documents(args: dict[str, Any], place: str) -> None:
    for on_time in (False, True):
        (finding,) = findings_of(document_with(args, on_time=on_time))
        assert (finding.code, finding.severity) == ("effect.unknown_column", "error")
        assert finding.json_path.endswith(place)
        old = {"version": "1.0", **document_with(args, on_time=on_time)}
        (warning,) = findings_of(old)
        assert warning.severity == "warning"
        assert "declared, not applied, because" in warning.found
        frame = made(old, "t")
        assert (frame["x"] == 100).all()


@pytest.mark.parametrize("version", [None, "1.0"])
def test_an_unknown_effect_table_is_always_refused(version: str | None) -> None:
    document = document_with({"effect_table": "campain"})
    if version:
        document = {"version": version, **document}
    errors = [finding for finding in findings_of(document) if finding.severity == "error"]
    assert [finding.code for finding in errors] == ["ref.unknown_table"]
    assert errors[0].hint == "did you mean 'campaign'?"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"on": {"id": "genre"}}, "effect.key_type"),
        ({"map": {"field": "genre"}}, "effect.field_type"),
        ({"window": {"start_col": "lift", "end_col": "end_at"}}, "effect.window_type"),
        ({"map": {"field": "lift", "op": "div"}}, "language.unknown_word"),
        ({"map": {"field": "lift", "combine": "last"}}, "language.unknown_word"),
        ({"map": {"field": "lift", "fild": 1}}, "language.unknown_key"),
    ],
)
def test_what_cannot_be_is_refused(args: dict[str, Any], code: str) -> None:
    assert codes_of(document_with(args)) == [code]


def test_a_density_takes_factors_of_zero_or_more_only() -> None:
    assert codes_of(document_with({"map": {"field": "lift", "op": "add"}}, on_time=True)) == ["effect.op"]
    assert codes_of(document_with({"map": {"field": "lift", "default": -1}}, on_time=True)) == [
        "effect.negative_factor"
    ]
    effects = fixed(("2024-04-01 00:00:00", "2024-04-30 23:59:59", -2.0))
    plan = plan_of(schema(effects, table([series({}, [effect()])])))
    with pytest.raises(Exception, match=r"effect\.negative_factor"):
        table_of(plan, "t")


def test_an_effect_needs_a_time_and_a_number() -> None:
    assert codes_of(schema(campaign(), table([number([effect()])]))) == ["effect.no_time"]
    text = {**choice("y", GENRES), "modifiers": [effect()]}
    assert codes_of(schema(campaign(), table([series(), text]))) == ["modifier.needs_number"]
    copied = {"name": "b", "type": "datetime", "generator": {"expression": {"code": "at"}}, "modifiers": [effect()]}
    assert codes_of(schema(campaign(), table([series(), copied]))) == ["effect.no_density"]


def test_times_with_factors_of_zero_everywhere_are_refused_with_a_count() -> None:
    effects = fixed(("2023-01-01 00:00:00", "", 0.0))
    plan = plan_of(schema(effects, table([series({}, [effect()])], rows=77)))
    with pytest.raises(Exception, match=r"77 rows of the 77 looked at whose weights are all 0"):
        table_of(plan, "t")


def test_times_made_by_effects_stay_on_their_grid() -> None:
    column = series({"freq": "6h"}, [effect({"genre": "genre"})])
    frame = made(
        schema(campaign(choice("genre", GENRES)), table([choice("genre", GENRES), column]), inequalities=[ORDERED]), "t"
    )
    assert (micros(frame) % (6 * 3_600_000_000) == 0).all()
