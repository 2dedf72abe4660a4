"""What a worker will hold in memory at most, told before the run: the part being written, and columns kept for lookups."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from datagen.contracts import NUMBERS
from datagen.plan.estimate import memory_bytes
from datagen.plan.graph import COUNTS
from datagen.plan.model import Plan, TablePlan

# measured on the shipped schemas at several sizes, see tests/engine/test_memory_told.py
BASE_BYTES = 118_000_000  # interpreter, Datagen, NumPy, Polars
# libraries that only some plans need: reading the plan has loaded them
LIBRARY_BYTES = {"sqlglot": 13_000_000, "holidays": 10_000_000, "scipy": 30_000_000, "duckdb": 40_000_000}
COLUMN_BYTES = 150_000  # its part of the plan and the tables of its law
BLOCK_ROWS = 65_536
BLOCK_COPIES = 3.0  # a block of every table below a root, with what its columns are made of
SPOILED_COPIES = 2.0  # of a part whose cells are told apart from the clean ones
KEPT_COPIES = 0.7  # of a column that is kept: many texts stand as codes
KEPT_ROOT_ROWS = 2_000_000  # larger roots are made again by address instead of being kept
SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(B|KB|MB|GB|TB|K|M|G|T|KiB|MiB|GiB|TiB)?$", re.IGNORECASE)
UNITS = {
    "": 1,
    "b": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A column that rows of other blocks read, kept whole in every worker."""

    table: str
    column: str
    bytes: float


def kept_columns(plan: Plan) -> tuple[Kept, ...]:
    """The columns that stay in memory: read by row number from small roots, or from tables whose rows have parents.

    Also figures over all rows of a table without a parent, and what they are taken of.
    """
    found: dict[tuple[str, str], Kept] = {}
    for (table, column), needs in plan.reads.items():
        own_chain = _chain(plan, table)
        for other, name in needs:
            if name in COUNTS or (other, name) in found:
                continue
            if other in own_chain and not (other == table and _is_tree(plan, table, column)):
                continue
            if table in _chain(plan, other) and (other, NUMBERS) not in needs:
                continue  # rows below are made block by block
            target = plan.tables[other]
            if target.columns[name].by_row_number and column not in COUNTS:
                continue
            if target.parent is not None or target.expected_rows <= KEPT_ROOT_ROWS:
                found[other, name] = Kept(other, name, target.expected_rows * memory_bytes(target.columns[name]))
    for root in plan.roots:
        for one in root.columns.values():
            if one.word == "siblings":
                for name in (one.name, *(name for table, name in plan.reads[root.id, one.name] if table == root.id)):
                    found.setdefault(
                        (root.id, name), Kept(root.id, name, root.expected_rows * memory_bytes(root.columns[name]))
                    )
    return tuple(found.values())


def _is_tree(plan: Plan, table: str, column: str) -> bool:
    """Whether a column is a key into its own table: it reads the other rows as of any other table."""
    target = None if column in COUNTS else plan.tables[table].columns[column].points_to
    return target is not None and target[0] == table


def _chain(plan: Plan, table: str) -> set[str]:
    found = {table}
    parent = plan.tables[table].parent
    while parent is not None:
        found.add(parent)
        parent = plan.tables[parent].parent
    return found


def worker_bytes(plan: Plan, part_bytes: float) -> float:
    """Bytes that one worker is expected to hold at most. part_bytes: of the widest table in a grain."""
    libraries = sum(size for name, size in LIBRARY_BYTES.items() if name in sys.modules)
    columns = COLUMN_BYTES * sum(len(table.columns) for table in plan.tables.values())
    trees: dict[str, list[TablePlan]] = {}
    for table in plan.tables.values():
        [root] = [name for name in _chain(plan, table.id) if plan.tables[name].parent is None]
        trees.setdefault(root, []).append(table)
    grain = max((_grain_bytes(tree, part_bytes) for tree in trees.values()), default=0.0)
    return BASE_BYTES + libraries + columns + grain + KEPT_COPIES * sum(kept.bytes for kept in kept_columns(plan))


def _grain_bytes(tree: Sequence[TablePlan], part_bytes: float) -> float:
    """Bytes of the tables below one root: a block of each, and their parts until all of them are written."""
    rows = {table.id: sum(memory_bytes(column) for column in table.columns.values()) for table in tree}
    blocks = sum(min(table.expected_rows, BLOCK_ROWS) * rows[table.id] for table in tree)
    whole = {table.id: table.expected_rows * table.row_bytes for table in tree}
    share = min(1.0, part_bytes / max(*whole.values(), 1.0))
    parts = sum(
        whole[table.id] * share * (SPOILED_COPIES if table.spoiled else 1.0) for table in tree if not table.hidden
    )
    return BLOCK_COPIES * blocks + parts


def parse_size(text: str) -> int | None:
    """Bytes of `2GB`, `512M`, `1.5GiB` or a plain number, else None."""
    match = SIZE.match(text.strip())
    if match is None:
        return None
    unit = (match[2] or "").lower()
    unit = unit.removesuffix("b") if unit not in ("", "b") else unit
    return int(float(match[1]) * UNITS[unit])
