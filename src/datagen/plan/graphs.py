"""`kind: graph`: a table of edges between the rows of another table, by preferential attachment or in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from datagen.contracts import NUMBERS, Block, ColumnType, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError, did_you_mean, listed
from datagen.kernel import draws
from datagen.kernel.address import root_addresses, salt_of, table_key
from datagen.kernel.attachment import Attachment
from datagen.kernel.blocks_of_nodes import NodeBlocks
from datagen.kernel.permute import permuted_rank
from datagen.plan.names import ColumnDraft, TableDraft, find_table
from datagen.schema.counts import read_count
from datagen.schema.weights import share

if TYPE_CHECKING:
    from datagen.plan.binding import Binding
    from datagen.plan.drafts import Drafting

Ints = NDArray[np.int64]

KIND = "graph"
KEYS = ("model", "of", "edges", "mixing")
ENDS = ("source", "target")  # roles, and the names of the columns where nobody names them


class GraphEnd(Generator):
    """The key of one end of every edge."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    end: Literal["source", "target"]
    of: str
    model: Literal["preferential", "block"]
    edges: int
    mixing: float = 0.0
    block: str | None = None  # the column of `of` that tells the block
    key: int
    loc: tuple[str | int, ...]

    def infer(self, scope: Scope) -> ColumnType | None:
        found = scope.find_target(".".join(self._key(scope)))
        return None if found is None else found.type

    def _key(self, scope: Scope) -> tuple[str, str]:
        ((table, pk),) = scope.key_of(self.of)
        return table, pk

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        found = [self._key(scope), (self.of, NUMBERS)]
        return found if self.block is None else [*found, (self.of, self.block)]

    def bind(self, scope: Scope) -> Fill:
        table, pk = self._key(scope)
        scope.fits(self.infer(scope) or "int", "")
        rows = scope.fixed_rows(self.of)
        if rows is not None and self.edges > rows * (rows - 1) // 2:
            scope.refuse(
                "graph.too_many_edges", **self._too_many(rows * (rows - 1) // 2, f"the {rows:,} rows of {self.of}")
            )
        ends = self._attached if self.model == "preferential" else self._in_blocks

        def fill(block: Block) -> Values:
            first, second = block.memo(("ends of", table), lambda: ends(block))
            picks = first if self.end == "source" else second
            return block.gather(table, pk, picks).changed(picks=picks)

        return fill

    def _too_many(self, pairs: int, what: str) -> dict[str, Any]:
        return {
            "found": f"{self.edges:,} edges, where {what} make {pairs:,} pairs",
            "expected": "at most one edge between two rows",
        }

    def _attached(self, block: Block) -> tuple[Ints, Ints]:
        total = block.total(self.of)
        if self.edges > total * (total - 1) // 2:
            raise self._stopped(total * (total - 1) // 2, f"the {total:,} rows of {self.of}")
        grown = block.once(("graph", self.loc), lambda: Attachment(total, self.edges, self.key))
        return grown.newer(block.row_number), grown.older(block.row_number)

    def _in_blocks(self, block: Block) -> tuple[Ints, Ints]:
        nodes: NodeBlocks = block.once(("graph", self.loc), lambda: self._blocks(block))
        edge, between = block.row_number, self.between
        rank = permuted_rank(edge, self.edges, self.key ^ salt_of("between"))
        found = [np.zeros(len(edge), dtype=np.int64) for _ in ENDS]
        for some, pairs, pair_of, salt, first in (
            (rank < between, nodes.pairs_between, nodes.between, "pair between", 0),
            (rank >= between, nodes.pairs_inside, nodes.inside, "pair inside", between),
        ):
            at = np.flatnonzero(some)
            if len(at):
                one, other = pair_of(permuted_rank(rank[at] - first, pairs, self.key ^ salt_of(salt)))
                found[0][at], found[1][at] = one, other
        swapped = draws.uniform(root_addresses(self.key, edge), salt_of("direction")) < 0.5
        return np.where(swapped, found[1], found[0]), np.where(swapped, found[0], found[1])

    @property
    def between(self) -> int:
        """How many edges join two blocks."""
        return round(self.mixing * self.edges)

    def _blocks(self, block: Block) -> NodeBlocks:
        from datagen.columns import as_category

        values = block.whole(self.of, self.block or "")
        if values.kind == "text":
            values = as_category(values)
        codes = np.unique(np.asarray(values.array), return_inverse=True)[1].astype(np.int64)
        if values.valid is not None:
            codes = np.where(values.valid, codes, codes.max(initial=0) + 1)  # those without a block are one
        nodes = NodeBlocks(codes)
        for edges, pairs, what in (
            (self.between, nodes.pairs_between, "between blocks"),
            (self.edges - self.between, nodes.pairs_inside, "inside a block"),
        ):
            if edges > pairs:
                raise self._stopped(pairs, f"rows of {self.of} {what}", edges)
        return nodes

    def _stopped(self, pairs: int, what: str, edges: int | None = None) -> SchemaError:
        found = f"{self.edges if edges is None else edges:,} edges, where {what} make {pairs:,} pairs"
        return SchemaError(
            Finding(
                "graph.too_many_edges", json_path=self.of, found=found, expected="at most one edge between two rows"
            )
        )


def settle_graphs(made: Drafting, refuse: Callable[..., None], scale: float) -> None:
    """Check the keys of every graph, count its edges, and let its ends point to the rows that it joins."""
    for table in made.tables.values():
        node = made.nodes[table.id]
        if made.kinds[table.id] != KIND:
            for key in ("model", "edges", "mixing"):
                if node.get(key) is not None:
                    refuse(
                        "graph.key",
                        (*table.loc, key),
                        key=True,
                        found=f"{key} on {table.id}, which is no graph",
                        expected="kind: graph",
                    )
            continue
        edges = read_count(node.get("edges")) or 0
        made.rows[table.id] = round(edges * scale)
        missing = [key for key in ("model", "of", "edges") if node.get(key) is None]
        strange = [key for key in ("parents", "rows", "fanout", "data") if node.get(key) is not None]
        blocks = node.get("model") == "block"
        if blocks and node.get("mixing") is None:
            missing.append("mixing")
        if node.get("model") == "preferential" and node.get("mixing") is not None:
            strange.append("mixing")
        if missing or strange:
            what = f"without {listed(missing)}" if missing else f"with {listed(strange)}"
            refuse(
                "graph.shape",
                table.loc if missing else (*table.loc, strange[0]),
                found=f"a graph {what}",
                expected="model: preferential with of and edges, or model: block with of, edges and mixing",
            )
            continue
        if blocks and not 0 <= (share(node["mixing"]) or 0.0) <= 1:
            refuse(
                "share.out_of_range", (*table.loc, "mixing"), found=f"{node['mixing']}", expected="a share from 0 to 1"
            )
        _point_ends(made, table, str(node["of"]), refuse, scale)


def _point_ends(made: Drafting, table: TableDraft, name: str, refuse: Callable[..., None], scale: float) -> None:
    of = find_table(made.tables, name)
    if of is None or of is table or of.pk is None:
        known = tuple(one for one in made.tables if one != table.id)
        refuse(
            "ref.unknown_table",
            (*table.loc, "of"),
            found=f"'{name}'" if of is None or of is table else f"'{name}', which has no primary key",
            expected=f"another table with a key: {listed(known)}",
            hint=did_you_mean(name, known),
        )
        return
    rows = made.rows.get(of.id)
    if scale < 1 and rows is not None:  # edges become fewer in proportion, pairs by the square
        made.rows[table.id] = min(made.rows[table.id] or 0, rows * (rows - 1) // 2)
    for column in ends_of(table):
        column.points_to = (of.id, of.pk)


def ends_of(table: TableDraft) -> list[ColumnDraft]:
    """The columns of both ends, source first, as far as they are there."""
    found = (
        next((one for one in table.columns.values() if one.word == "process" and one.role == end), None) for end in ENDS
    )
    return [column for column in found if column is not None]


def fill_graph(binding: Binding, table: TableDraft) -> None:
    """Let the edges fill the columns of their ends."""
    node: Mapping[str, Any] = binding.drafting.nodes[table.id]
    of = find_table(binding.tables, str(node["of"]))
    assert of is not None  # else drafting has refused it
    block = _block_of(binding, table, of) if node["model"] == "block" else None
    if node["model"] == "block" and block is None:
        return
    for end, column in zip(ENDS, ends_of(table), strict=False):
        column.process = end
        binding.generators[table.id, column.name] = GraphEnd(
            end=end,  # type: ignore[arg-type]
            of=of.id,
            model=node["model"],
            edges=binding.drafting.rows[table.id] or 0,
            mixing=share(node.get("mixing") or 0.0) or 0.0,
            block=block,
            key=table_key(binding.seed, table.id),
            loc=table.loc,
        )


def _block_of(binding: Binding, table: TableDraft, of: TableDraft) -> str | None:
    """The column whose values are the blocks: that with role: segment, else the only choice."""
    marked = [column.name for column in of.columns.values() if column.role == "segment"]
    found = marked or [column.name for column in of.columns.values() if column.word == "choice"]
    if len(found) == 1:
        return found[0]
    binding.refuse(
        "graph.blocks",
        (*table.loc, "model"),
        found=f"blocks of {of.id}, where " + (f"{listed(found)} could tell them" if found else "no column tells them"),
        expected=f"one column of {of.id} with role: segment",
    )
    for column in ends_of(table):
        column.process = "source"  # told already
    return None
