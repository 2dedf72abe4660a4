"""The rules that the rows of a journey keep: touches are numbered in their order, and converted journeys have their row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datagen.sql.spelling import identifier

Rule = tuple[
    str, str, str, str
]  # SQL of rows with a key k, the condition that breaks the rule, what it says, and its column


def of_touches(table: str, key: str, owner: str, roles: Mapping[str, str]) -> Iterator[Rule]:
    """Positions count from 1 in the order of time, and all touches of a journey have one conversion."""
    journey = f"partition by {identifier(owner)}, {identifier(roles['journey'])}"
    if "position" in roles:
        position, time = identifier(roles["position"]), identifier(roles["time"])
        rows = (
            f"select {identifier(key)} as k, {position} as told, row_number() over w as place, {time} as touched, "
            f"lag({time}) over w as earlier from {identifier(table)} window w as ({journey} order by {position}, {time})"
        )
        about = f"the touches of a journey of {table} are numbered from 1, in the order of their times"
        yield rows, "told is distinct from place or touched < earlier", about, roles["position"]
    if "converted_at" in roles:
        converted = identifier(roles["converted_at"])
        rows = (
            f"select {identifier(key)} as k, {converted} as one, max({converted}) over ({journey}) as whole "
            f"from {identifier(table)}"
        )
        about = f"all touches of a journey of {table} have the same conversion, or none"
        yield rows, "one is distinct from whole", about, roles["converted_at"]


def of_conversions(
    table: str, key: str, owner: str, roles: Mapping[str, str], touches: str, above: str, touched: Mapping[str, str],
    *, days: bool,
) -> Rule:  # fmt: skip
    """Every conversion is that of a journey.

    above: the owner's key in the touches; touched: their columns by role; days: one of the times is written as a day.
    """
    told = roles["time"] if "time" in roles else roles["converted_at"]
    journey, when = identifier(touched["journey"]), identifier(touched["converted_at"])
    agreed = f"select {identifier(above)} as o, {journey} as j, max({when}) as agreed from {identifier(touches)} group by all"
    rows = (
        f"select c.{identifier(key)} as k, c.{identifier(told)} as told, j.agreed from {identifier(table)} as c "
        f"left join ({agreed}) as j on j.o = c.{identifier(owner)} and j.j = c.{identifier(roles['journey'])}"
    )
    about = f"every row of {table} is the conversion of a journey of {touches}, at its time"
    # the two may be written in different precision, or one as a day
    apart = f"abs(epoch_us(told::timestamp) - epoch_us(agreed::timestamp)) >= {86_400_000_000 if days else 1_000_000}"
    return rows, f"told is null or agreed is null or {apart}", about, told
