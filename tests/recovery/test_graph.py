"""`kind: graph`: simple graphs with the declared edges, a heavy tail of degrees, and the declared share between blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datagen.errors import SchemaError
from tests.support import blocks_of, codes_of, made, plain, plan_of, table_of
from tests.written import Tables, written

PEOPLE: dict[str, Any] = {
    "name": "people", "rows": 10_000,
    "columns": {"town": {"choices": {"a": 0.5, "b": 0.3, "c": 0.2}, "role": "segment"}},
}  # fmt: skip
GROWN: dict[str, Any] = {"name": "links", "kind": "graph", "model": "preferential", "of": "people", "edges": 30_000}
BLOCKS: dict[str, Any] = {**GROWN, "model": "block", "mixing": 0.2}


def document(graph: dict[str, Any], people: dict[str, Any] = PEOPLE) -> dict[str, Any]:
    return {"tables": [people, graph]}


def tail_exponent(tables: Tables, at_least: int = 12) -> float:
    """Of P(degree) ~ degree^-x, by maximum likelihood from a smallest degree on (Clauset, Shalizi and Newman 2009)."""
    rows = tables.rows(
        "select count(*) from (select source as k from links union all select target from links) group by k"
    )
    degrees = np.array([degree for (degree,) in rows], dtype=float)
    tail = degrees[degrees >= at_least]
    return float(1 + len(tail) / np.log(tail / (at_least - 0.5)).sum())


def check_tail(tables: Tables) -> None:
    """A growing network has the exponent 3; about 800 nodes of the tail know it to 0.07, finite size bends it by 0.1."""
    found = tail_exponent(tables)
    assert abs(found - 3.0) < 0.3, f"tail exponent {found:.2f}, declared model 3.0"


def share_between(tables: Tables) -> float:
    sql = """select avg((s.town <> t.town)::int) from links
      join people s on s.people_id = links.source join people t on t.people_id = links.target"""
    return float(tables.value(sql))


def check_share(tables: Tables) -> None:
    found = share_between(tables)
    assert found == 0.2, f"share between blocks {found:.4f}, declared 0.2"


def check_simple(tables: Tables) -> None:
    assert tables.value("select count(*) from links") == 30_000
    assert tables.value("select count(*) from links where source = target") == 0
    assert tables.value("select count(distinct (least(source, target), greatest(source, target))) from links") == 30_000
    for end in ("source", "target"):
        assert tables.value(f"select count(*) from links anti join people on people_id = {end}") == 0


def test_newcomers_join_those_who_have_many_edges(tmp_path: Path) -> None:
    tables = written(document(GROWN), tmp_path / "grown")
    check_simple(tables)
    check_tail(tables)
    with pytest.raises(AssertionError, match="tail exponent"):
        check_tail(written(document(BLOCKS), tmp_path / "blocks"))  # edges at random have no tail


def test_the_declared_share_of_edges_leaves_its_block(tmp_path: Path) -> None:
    tables = written(document(BLOCKS), tmp_path / "blocks")
    check_simple(tables)
    check_share(tables)
    with pytest.raises(AssertionError, match="share between blocks"):
        check_share(written(document(GROWN), tmp_path / "grown"))  # without blocks 62 % do


def test_pairs_inside_a_block_are_equally_likely(tmp_path: Path) -> None:
    """Edges inside each town in proportion to its pairs: within 4 standard errors."""
    tables = written(document(BLOCKS), tmp_path / "out")
    inside = dict(
        tables.rows("""select s.town, count(*) from links join people s on s.people_id = links.source
      join people t on t.people_id = links.target where s.town = t.town group by all""")
    )
    sizes = dict(tables.rows("select town, count(*) from people group by all"))
    pairs = {town: size * (size - 1) / 2 for town, size in sizes.items()}
    for town, edges in inside.items():
        share = pairs[town] / sum(pairs.values())
        assert abs(edges / 24_000 - share) < 4 * (share * (1 - share) / 24_000) ** 0.5


@pytest.mark.parametrize("graph", [GROWN, BLOCKS], ids=["preferential", "block"])
@pytest.mark.parametrize("rows", [1, 7])
def test_how_edges_are_cut_into_blocks_never_shows(graph: dict[str, Any], rows: int) -> None:
    plan = plan_of(document({**graph, "edges": 300}, {**PEOPLE, "rows": 100}))
    import polars as pl

    pieces = [plain(block.frame()) for block in blocks_of(plan, "links", block_rows=rows)]
    assert pl.concat(pieces).equals(table_of(plan, "links"))


def test_columns_are_named_by_role_and_edges_may_have_more_of_them() -> None:
    graph = {
        **GROWN,
        "columns": {"who": {"role": "source"}, "whom": {"role": "target"}, "town": {"expression": "who.town"}},
    }
    found = made(document(graph), "links")
    assert found.columns == ["links_id", "who", "whom", "town"]
    towns = made(document(graph), "people").rename({"people_id": "who"})
    assert (found.join(towns, on="who")["town"] == found.join(towns, on="who")["town_right"]).all()


def test_the_rows_that_are_joined_may_be_children() -> None:
    below = {
        "name": "desks",
        "parents": ["people"],
        "fanout": "0..2",
        "columns": {"x": {"uniform": {"low": 0, "high": 1}}},
    }
    graph = {**GROWN, "of": "desks", "edges": 500}
    found = made({"tables": [{**PEOPLE, "rows": 300}, below, graph]}, "links")
    assert len(found) == 500
    assert (found["target"] < found["source"]).all()


@pytest.mark.parametrize(
    ("graph", "code"),
    [
        ({**GROWN, "edges": 60_000_000}, "graph.too_many_edges"),
        ({**GROWN, "mixing": 0.2}, "graph.shape"),
        ({**BLOCKS, "mixing": 1.2}, "share.out_of_range"),
        ({**GROWN, "rows": 5}, "graph.shape"),
        ({**GROWN, "of": "peple"}, "ref.unknown_table"),
        ({key: value for key, value in GROWN.items() if key != "edges"}, "graph.shape"),
        ({**PEOPLE, "name": "more", "edges": 5}, "graph.key"),
    ],
)  # fmt: skip
def test_what_is_no_graph_is_refused(graph: dict[str, Any], code: str) -> None:
    assert codes_of(document(graph)) == [code]


def test_blocks_without_room_are_told_with_the_arithmetic() -> None:
    crowded = document({**BLOCKS, "edges": 1_000, "mixing": 0.01}, {**PEOPLE, "rows": 50})
    with pytest.raises(SchemaError) as error:
        made(crowded, "links")
    assert [finding.code for finding in error.value.findings] == ["graph.too_many_edges"]
    assert "990 edges" in error.value.findings[0].found


@pytest.mark.parametrize(("scale", "edges"), [(0.5, 15_000), (0.001, 30), (0.0001, 0), (2, 60_000)])
def test_edges_are_scaled_with_the_rows_that_they_join(scale: float, edges: int) -> None:
    plan = plan_of(document(GROWN), scale=scale)
    assert plan.tables["links"].rows == edges
    assert len(table_of(plan, "links")) == edges
