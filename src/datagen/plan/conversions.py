"""Tables of conversions: those that an attribution_chain of another table fills, one row for every journey that converts."""

from __future__ import annotations

from datagen.errors import did_you_mean
from datagen.plan.binding import Binding
from datagen.plan.names import TableDraft, find_table
from datagen.schema.expand_processes import PROCESS_KEYS

WORD = "attribution_chain"


def find_conversions(binding: Binding) -> dict[str, TableDraft]:
    """The table of touches of every table of conversions. What cannot be one is refused where it is named."""
    found: dict[str, TableDraft] = {}
    for table in binding.tables.values():
        chain = binding.drafting.nodes[table.id].get(WORD)
        named = chain.get("conversions") if chain is not None else None
        if not isinstance(named, str):
            continue
        target = find_table(binding.tables, named)
        why = _why_not(binding, table, target, found)
        if target is not None and not why:
            found[target.id] = table
            continue
        binding.refuse(
            "attribution.conversions",
            (*table.loc, WORD, "conversions"),
            found=f"'{named}', {why}",
            expected=f"a table with parents: [{table.parent}], and nothing else that makes its rows",
            hint=did_you_mean(named, binding.tables) if target is None else "",
        )
    return found


def _why_not(binding: Binding, touches: TableDraft, target: TableDraft | None, taken: dict[str, TableDraft]) -> str:
    """Why a table cannot hold the conversions of a table of touches; nothing when it can."""
    if target is None:
        return "which is no table"
    if target.id in taken:
        return f"which holds the conversions of {taken[target.id].id}"
    if target.parent is None or target.parent != touches.parent:
        return f"whose driving parent is {target.parent}" if target.parent else "which has no parent"
    node = binding.drafting.nodes[target.id]
    makers = [key for key in ("fanout", *PROCESS_KEYS) if node.get(key) is not None]
    return f"whose rows {makers[0]} makes" if makers else ""
