"""The Python interface: schemas, lazy data sets, tables as frames, batches, a database and files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datagen as dg
from datagen.engine.run import Run
from tests.cli.running import SHOP, call, shop

TREE: dict[str, Any] = {
    "name": "shop",
    "tables": [
        {"name": "users", "rows": 250, "columns": {"city": {"choices": ["Oslo", "Rome"]}}},
        {"name": "visits", "parents": ["users"], "fanout": {"poisson": 2}, "columns": {"stars": "1..5"}},
        {"name": "secret", "rows": 3, "hidden": True, "columns": {"word": {"choices": ["a", "b"]}}},
    ],
}
TREE["tables"][1]["columns"] = {"stars": {"uniform": {"low": 1, "high": 5}, "type": "int"}}


@pytest.fixture(name="ds")
def data_set() -> dg.Dataset:
    return dg.load(TREE).generate(seed=3)


def test_every_name_that_is_promised_is_there() -> None:
    for name in dg.__all__:
        assert getattr(dg, name) is not None
    assert dir(dg) == sorted(dg.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = dg.lod


def test_a_schema_is_loaded_from_a_path_a_name_a_text_or_objects(tmp_path: Path) -> None:
    path = shop(tmp_path)
    for one in (dg.load(path), dg.load(str(path)), dg.load_text(SHOP), dg.load(TREE), dg.load("orders")):
        assert isinstance(one, dg.Schema)
        assert one.validate() == []
    assert dg.load(path).path == str(path)
    with pytest.raises(dg.UsageError, match="did you mean 'orders'"):
        dg.load("odrers")
    with pytest.raises(dg.SchemaError, match=r"load\.empty"):
        dg.load_text("")


def test_what_is_wrong_is_a_list_and_raised_only_by_generate() -> None:
    schema = dg.load_text(SHOP.replace("poisson", "poison"))
    found = schema.validate()
    assert isinstance(found, list)
    assert all(isinstance(one, dg.Finding) for one in found)
    assert {one.severity for one in found} == {"error"}
    assert "poison" in str(found)
    assert "<table>" in found._repr_html_()
    with pytest.raises(dg.SchemaError) as caught:
        schema.generate()
    assert list(caught.value.findings) == found
    with pytest.raises(dg.SchemaError):
        schema.plan()


def test_what_old_documents_may_say_is_an_error_when_strict() -> None:
    old = dg.load_text('version: "1.0"\ntargets: null\n' + SHOP)
    assert [one.severity for one in old.validate()] == ["warning"]
    assert [one.severity for one in old.validate(strict=True)] == ["error"]


def test_settings_change_a_copy() -> None:
    schema = dg.load_text(SHOP)
    assert schema.override({"customers": 5}).generate()["customers"].polars().height == 5
    assert schema.override({"tables.customers.rows": 6}).generate()["customers"].polars().height == 6
    assert schema.override({"customers": 5}).override({"customers": 7}).generate()["customers"].polars().height == 7
    assert schema.generate(set={"customers": 8}, scale=2)["customers"].polars().height == 16
    assert schema.generate(params={"customers": 9})["customers"].polars().height == 9
    assert schema.generate()["customers"].polars().height == 20
    assert [one.code for one in schema.override({"tables.custmers.rows": 6}).validate()] == ["params.unknown_path"]


def test_nothing_is_made_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    blocks_of = Run.blocks_of

    def noted(self: Run, table: str) -> Iterator[Any]:
        asked.append(table)
        yield from blocks_of(self, table)

    monkeypatch.setattr(Run, "blocks_of", noted)
    ds = dg.load(TREE).generate()
    users = ds["users"]
    assert ds.tables == ("users", "visits")
    assert users.columns == ("users_id", "city")
    assert len(users) == 250
    assert asked == []
    assert users.polars().height == 250
    assert asked == ["users"]


def test_the_same_seed_gives_the_same_tables_as_files(ds: dg.Dataset, tmp_path: Path) -> None:
    made = ds.write(tmp_path / "out", format="parquet")
    for name in ds.tables:
        written = pl.read_parquet(tmp_path / "out" / f"{name}.parquet")
        assert ds[name].polars().equals(written.cast({pl.Enum: pl.String, pl.Categorical: pl.String}))
    assert made.rows == {name: len(ds[name]) for name in ds.tables}
    assert call("verify", tmp_path / "out").code == 0
    other = dg.load(TREE).generate(seed=4)
    assert not other["users"].polars().equals(ds["users"].polars())


def test_files_are_written_as_the_command_writes_them(ds: dg.Dataset, tmp_path: Path) -> None:
    ds.write(tmp_path / "a", format="csv", select=["users"], workers=1, memory="1GB", gate="none")
    assert (tmp_path / "a" / "users.csv").exists()
    assert not (tmp_path / "a" / "visits.csv").exists()
    with pytest.raises(dg.UsageError, match=r"format\.unknown"):
        ds.write(tmp_path / "b", format="parqet")
    with pytest.raises(dg.UsageError, match=r"not_a_size"):
        ds.write(tmp_path / "b", memory="much")
    with pytest.raises(dg.UsageError, match=r"out_of_range"):
        ds.write(tmp_path / "b", workers=0)
    assert not (tmp_path / "b").exists()


def test_batches_are_all_rows_in_order(ds: dg.Dataset) -> None:
    whole = ds["visits"].polars()
    for size in (1, 7, 100, 10**6):
        batches = list(ds["visits"].batches(size))
        assert all(batch.height == size for batch in batches[:-1])
        assert pl.concat(batches).equals(whole)
    for wrong in (0, -1, 1.5, True, "many"):
        with pytest.raises(dg.UsageError):
            ds["visits"].batches(wrong)  # type: ignore[arg-type]


def test_a_table_without_rows_keeps_its_columns() -> None:
    ds = dg.load(TREE).override({"tables.users.rows": 0}).generate()
    for name in ("users", "visits"):
        assert ds[name].polars().height == 0
        assert ds[name].polars().columns == list(ds[name].columns)
        assert list(ds[name].batches(10)) == []


def test_the_database_holds_the_tables_with_their_keys(ds: dg.Dataset) -> None:
    database = ds.duckdb()
    assert [row[0] for row in database.execute("show tables").fetchall()] == ["users", "visits"]
    (orphans,) = database.execute("select count(*) from visits anti join users using (users_id)").fetchone() or (None,)
    assert orphans == 0
    rows = database.execute("select * from users order by users_id").fetchall()
    assert rows == ds["users"].polars().rows()


def test_missing_libraries_are_named_with_the_line_that_installs_them(
    ds: dg.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(dg.UsageError, match=r"pip install 'datagen\[pandas\]'"):
        ds["users"].pandas()
    with pytest.raises(dg.UsageError, match=r"pip install 'datagen\[arrow\]'"):
        ds["users"].arrow()


def test_unknown_and_hidden_tables_are_refused_with_the_nearest_name(ds: dg.Dataset) -> None:
    with pytest.raises(dg.UsageError, match="did you mean 'visits'"):
        ds["visit"]
    with pytest.raises(dg.UsageError, match="users, visits"):
        ds["secret"]
    assert "users" in ds
    assert "secret" not in ds
    assert list(ds) == ["users", "visits"]
    assert ds["USERS"].name == "users"


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, True, "7"])
def test_seeds_that_are_none_are_refused(seed: Any) -> None:
    with pytest.raises(dg.UsageError, match="seed="):
        dg.load(TREE).generate(seed=seed)


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), "2", None, True])
def test_scales_that_are_none_are_refused(scale: Any) -> None:
    with pytest.raises(dg.UsageError, match="scale="):
        dg.load(TREE).generate(scale=scale)


def test_everything_shows_what_it_is(ds: dg.Dataset) -> None:
    schema = dg.load(TREE)
    assert repr(schema) == "<schema: users, visits, secret>"
    assert repr(schema.override({"seed": 1})) == "<schema: users, visits, secret, 1 settings>"
    assert repr(ds) == "<data set shop, seed 3: users, visits>"
    assert repr(ds["users"]) == "<table users: users_id, city>"
    assert "in all about" in str(schema.plan())
    assert schema.plan(scale=2).facts["tables"][0]["rows"] == 500
    for page in (schema._repr_html_(), schema.plan()._repr_html_(), ds._repr_html_(), ds["users"]._repr_html_()):
        assert "users" in page
    evil = dg.load({"tables": [{"name": "t", "columns": {"x": {"choices": ["<script>alert(1)</script>"]}}}]})
    assert "<script>" not in evil.generate()._repr_html_()
    assert "<script>" not in dg.load({"tables": [{"name": "<script>"}]})._repr_html_()


def test_documents_that_are_hardly_any_still_show_themselves() -> None:
    for tree in ({}, {"tables": 5}, {"tables": [3]}, {"tables": [{}]}):
        schema = dg.load(tree)
        assert repr(schema).startswith("<schema")
        assert schema.validate()
        assert "<table>" in schema._repr_html_()
