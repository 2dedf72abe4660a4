"""Tables of conversions: those that an attribution_chain of another table fills, one row for every journey that converts."""

from __future__ import annotations

from datagen.errors import did_you_mean, listed
from datagen.plan.behaviors import Behaviors
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


def refuse_multiplied(binding: Binding, behaviors: Behaviors) -> None:
    """Refuse what would make more or fewer conversions than journeys that convert."""
    for name, source in binding.sources.items():
        acts = [
            what
            for what, there in (
                ("segments", behaviors.rates.get(name)),
                ("ages", behaviors.ages.get(name) or behaviors.leaving.get(name)),
                ("effects on the volume", binding.drafting.table_modifiers[name]),
            )
            if there
        ]
        if acts:
            binding.refuse(
                "attribution.conversions_follow",
                binding.tables[name].loc,
                found=f"{listed(acts)} that act on the rows of {name}, which are the journeys of {source.id} that convert",
                expected=f"{listed(acts)} that act on {source.id}",
            )


def refuse_moved(binding: Binding, table: TableDraft) -> None:
    """Refuse modifiers that would move times of a journey, or of adoption and use, past each other."""
    for column in table.columns.values():
        moved = [word for word, _ in column.modifiers if word != "seasonality"]
        if column.process is not None and column.known_type in ("datetime", "date") and moved:
            binding.refuse(
                "process.moved_time",
                (*column.loc, "modifiers"),
                found=f"{moved[0]} on {column.name}, whose times are before or after each other",
                expected=f"{column.name} without {moved[0]}",
                hint="an expression in a column of its own may move them",
            )
