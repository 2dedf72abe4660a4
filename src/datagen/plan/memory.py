"""What a worker will hold in memory at most, told before the run: the part being written, and columns kept for lookups."""

from __future__ import annotations

import re
from dataclasses import dataclass

from datagen.contracts import NUMBERS
from datagen.plan.estimate import memory_bytes
from datagen.plan.graph import COUNTS
from datagen.plan.model import Plan

BASE_BYTES = 180_000_000  # interpreter, libraries, quantile tables, one block of every table of a chain
PART_COPIES = 1.5  # a part, and what encoding it takes on top
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
    """Bytes that one worker is expected to hold at most."""
    widest = max(
        (min(table.expected_rows * table.row_bytes, part_bytes) for table in plan.tables.values()), default=0.0
    )
    return BASE_BYTES + PART_COPIES * widest + sum(kept.bytes for kept in kept_columns(plan))


def parse_size(text: str) -> int | None:
    """Bytes of `2GB`, `512M`, `1.5GiB` or a plain number, else None."""
    match = SIZE.match(text.strip())
    if match is None:
        return None
    unit = (match[2] or "").lower()
    unit = unit.removesuffix("b") if unit not in ("", "b") else unit
    return int(float(match[1]) * UNITS[unit])
