"""`nested`: structures and lists in one column, the same whatever the format, each value drawn at its own address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen import api
from datagen.checks.verify import verify
from datagen.engine.options import Options
from datagen.errors import SchemaError
from datagen.sinks.manifest import read_manifest
from tests.parts.columns import near_mean
from tests.parts.proofs import proof
from tests.support import blocks_of, codes_of, made, plan_of
from tests.written import Tables

LINES: dict[str, Any] = {
    "of": {
        "nested": {
            "line": {"expression": "ordinal"},
            "quantity": {"uniform": {"low": 1, "high": 5, "integers": True}},
            "price": {"lognormal": {"median": 20, "sigma": 0.5}, "decimals": 2},
            "amount": {"expression": "quantity * price * rebate", "decimals": 2},
            "shipped": {"datetime_series": {}},
        }
    },
    "length": {"poisson": 2},
}
ADDRESS: dict[str, Any] = {
    "street": {"faker": "street_address"},
    "zone": {"expression": "zone"},
    "at": {
        "nested": {"lat": {"uniform": {"low": 48, "high": 51}, "decimals": 3}, "note": {"expression": "upper(street)"}}
    },
}


def orders(rows: int = 300, **nested: Any) -> dict[str, Any]:
    """Orders with an address and lines, unless other nested columns are given."""
    columns: dict[str, Any] = {
        "zone": {"choices": ["north", 'so"uth\n', "ýst"]},
        "rebate": {"uniform": {"low": 0.5, "high": 1}, "decimals": 2},
        **{name: {"nested": one} for name, one in (nested or {"address": ADDRESS, "lines": LINES}).items()},
    }
    return {
        "timeframe": {"start": "2024-01-01", "days": 30},
        "tables": [{"name": "orders", "rows": rows, "columns": columns}],
    }


@proof("generator", "nested")
def test_a_structure_reads_its_row_and_the_fields_beside_it() -> None:
    frame = made(orders(), "orders")
    assert isinstance(frame.schema["address"], pl.Struct)
    address = frame["address"].struct
    assert (address.field("zone") == frame["zone"]).all()
    assert (address.field("at").struct.field("note") == address.field("street").str.to_uppercase()).all()
    assert address.field("street").n_unique() > 290
    assert address.field("at").struct.field("lat").is_between(48, 51).all()


def test_a_list_has_the_length_of_its_law_and_numbered_elements() -> None:
    frame = made(orders(4_000), "orders")
    lengths = frame["lines"].list.len().to_numpy().astype(float)
    assert near_mean(lengths, 2.0, 2**0.5)
    assert (lengths == 0).any()
    lines = frame.explode("lines").filter(pl.col("lines").is_not_null()).unnest("lines")
    assert frame.filter(frame["lines"].is_null()).is_empty()
    places = lines.group_by("orders_id", maintain_order=True).agg("line")["line"].to_list()
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in places)
    assert np.abs(lines["amount"] - lines["quantity"] * lines["price"] * lines["rebate"]).max() < 0.0051  # type: ignore[operator]


def test_elements_are_drawn_apart() -> None:
    """Each place of a list, and each field, has luck of its own: no two of them go together."""
    pair = {
        "of": {"nested": {"a": {"uniform": {"low": 0, "high": 1}}, "b": {"uniform": {"low": 0, "high": 1}}}},
        "length": 2,
    }
    frame = made(orders(5_000, pair=pair), "orders").select(
        *(
            pl.col("pair").list.get(place).struct.field(name).alias(f"{name}{place}")
            for place in (0, 1)
            for name in "ab"
        )
    )
    together = np.corrcoef(frame.to_numpy().T) - np.eye(4)
    assert np.abs(together).max() < 4 / 5_000**0.5  # 4 standard errors of a correlation of nothing


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson"])
def test_every_format_holds_the_same_values_and_is_verified(format: str, tmp_path: Path) -> None:
    hidden = {**orders()["tables"][0]["columns"], "lines": {"nested": LINES, "when": "rebate > 0.7"}}
    document = {**orders(), "tables": [{"name": "orders", "rows": 300, "columns": hidden}]}
    published = api.generate(api.prepare(document), tmp_path / "out", Options(format=format))
    assert verify(tmp_path / "out") == []
    manifest = read_manifest(tmp_path / "out")
    kinds = {column.name: column.type for column in manifest.tables[0].columns}
    assert (kinds["address"], kinds["lines"]) == ("nested", "nested")
    other = api.generate(api.prepare(document), tmp_path / "other", Options(format="parquet"))
    assert published.content_hash == other.content_hash
    assert {finding.code for finding in verify(tmp_path / "out")} == set()


def test_parquet_and_ndjson_hold_real_structures_and_csv_their_json(tmp_path: Path) -> None:
    found = {}
    for format in ("parquet", "ndjson", "csv"):
        api.generate(api.prepare(orders()), tmp_path / format, Options(format=format))
        table = Tables(tmp_path / format, format)
        if format == "csv":
            rows = table.rows("select lines from orders order by orders_id")
            found[format] = [[line["quantity"] for line in json.loads(text)] for (text,) in rows]
            [(text,)] = table.rows("select address from orders where orders_id = 1")
            assert json.loads(text)["at"].keys() == {"lat", "note"}
        else:
            rows = table.rows("select [x.quantity for x in lines] from orders order by orders_id")
            found[format] = [list(numbers) for (numbers,) in rows]
            street = table.rows("select address.at.note = upper(address.street) from orders")
            assert set(street) == {(True,)}
    assert found["parquet"] == found["ndjson"] == found["csv"]


def test_a_changed_element_is_noticed(tmp_path: Path) -> None:
    api.generate(api.prepare(orders()), tmp_path / "out", Options(format="parquet"))
    path = tmp_path / "out" / "orders.parquet"
    frame = pl.read_parquet(path)
    lists = frame["lines"].to_list()
    next(lines for lines in lists if lines)[0]["quantity"] += 1
    frame.with_columns(pl.Series("lines", lists, dtype=frame.schema["lines"])).write_parquet(path)
    from datagen.checks.verify import table_sums

    manifest = read_manifest(tmp_path / "out")
    sums = table_sums(tmp_path / "out", manifest.tables[0], "parquet")
    assert {name for name, one in sums.columns.items() if one.hex != manifest.tables[0].sums[name]} == {"lines"}


@pytest.mark.parametrize("rows", [1, 7])
def test_how_rows_are_cut_into_blocks_never_shows(rows: int) -> None:
    plan = plan_of(orders(60))
    whole = pl.concat([block.frame() for block in blocks_of(plan, "orders")])
    cut = pl.concat([block.frame() for block in blocks_of(plan, "orders", block_rows=rows)])
    assert cut.equals(whole)


def test_longer_lists_and_further_fields_change_nothing_that_was_there() -> None:
    short = made(orders(lines={**LINES, "length": 2}), "orders")["lines"]
    fields = {**LINES["of"]["nested"], "colour": {"choices": ["red", "blue"]}}
    long = made(orders(lines={"of": {"nested": fields}, "length": 3}), "orders")["lines"]
    kept = long.list.head(2).list.eval(pl.struct(*(pl.element().struct.field(name) for name in LINES["of"]["nested"])))
    assert kept.to_list() == short.to_list()


def test_other_columns_read_the_json_text() -> None:
    document = orders(50)
    document["tables"][0]["columns"]["text"] = {"expression": "address"}
    frame = made(document, "orders")
    assert [json.loads(text)["zone"] for text in frame["text"]] == frame["zone"].to_list()


def test_a_field_with_a_case_and_one_that_may_be_null() -> None:
    nested = {
        "size": {"uniform": {"low": 0, "high": 9, "integers": True}},
        "word": {"case": [{"when": "size > 4", "choice": {"choices": ["large"]}}, {"expression": "'size ' || size"}]},
        "half": {"expression": "case when size > 4 then size / 2 end", "nullable": True, "type": "float"},
    }
    frame = made(orders(200, nested=nested), "orders").unnest("nested")
    assert (frame["half"].is_null() == (frame["size"] <= 4)).all()
    assert set(frame.filter(frame["size"] > 4)["word"]) == {"large"}
    assert (
        frame.filter(frame["size"] <= 4)["word"].str.tail(1) == frame.filter(frame["size"] <= 4)["size"].cast(pl.String)
    ).all()
    del nested["half"]["nullable"]
    with pytest.raises(SchemaError) as error:
        made(orders(200, nested=nested), "orders")
    assert [finding.code for finding in error.value.findings] == ["generate.null"]


@pytest.mark.parametrize(
    ("nested", "code", "path"),
    [
        ({"a": {"expression": "b"}, "b": {"expression": "a"}}, "nested.circle", "x.nested.a"),
        ({"of": {"choices": ["a"]}, "length": {"poisson": 5_000}}, "nested.length", "x.nested.length"),
        ({"of": {"sequence": {}}, "length": 3}, "nested.rows", "x.nested.of.sequence"),
        ({"a": {"choices": ["a", "b"], "exact": True}}, "nested.rows", "x.nested.a.exact"),
        ({"of": {"choices": ["a"]}}, "nested.shape", "x.nested"),
        ({"fields": {"a": {"choices": ["a"]}}, "of": {"choices": ["a"]}, "length": 2}, "nested.shape", "x.nested"),
        ({"a": {"bernoulli": {}}}, "language.missing_key", "x.nested.a.bernoulli"),
        ({"a": {"expression": "zonne"}}, "expression.unknown_name", "x.nested.a.expression"),
        ({"a": {"lookup": {"from": "orders.zonne"}}}, "ref.unknown_column", "x.nested.a.lookup.from"),
        ({"a": {"bernoulli": 0.5, "tipe": "int"}}, "language.unknown_key", "x.nested.a.tipe"),
        ({"a": {"bernoulli": 0.5, "type": "int"}}, "column.type_mismatch", "x.nested.a.bernoulli"),
    ],
)  # fmt: skip
def test_mistakes_are_found_at_their_place(nested: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(SchemaError) as error:
        plan_of(orders(x=nested))
    [finding] = error.value.findings
    assert (finding.code, finding.json_path) == (code, f"tables[0].columns.{path}")


@pytest.mark.parametrize(
    "beside", [{"unique": True}, {"imperfections": {"missing": {"rate": 0.1}}}, {"constraints": {"enum": ["a"]}}]
)
def test_a_structure_is_taken_as_it_is_made(beside: dict[str, Any]) -> None:
    document = orders()
    document["tables"][0]["columns"]["address"].update(beside)
    assert "nested.whole" in codes_of(document)


def test_rows_that_are_written_twice_keep_their_structures(tmp_path: Path) -> None:
    document = orders()
    document["tables"][0]["duplicates"] = {"rate": 0.1}
    api.generate(api.prepare(document), tmp_path / "out", Options(format="parquet"))
    frame = pl.read_parquet(tmp_path / "out" / "orders.parquet")
    assert len(frame) == 330
    assert frame.unique("orders_id").height == 300
    assert isinstance(frame.schema["lines"], pl.List)
    assert verify(tmp_path / "out") == []
