"""Random documents that put the words of the language together, the same ones every time: for tests of whole runs.

A document is built table by table; whatever a column, a fan-out or a modifier may read is chosen among what is there.
What cannot stand together is refused by the plan, and taken out. (Long because every word has a few lines of its own.)
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from datagen.errors import Finding
from tests.support import findings_of

WINDOW = {"start": "2024-01-01", "days": 60}


@dataclass
class Table:
    """What is known of a table while the document grows. columns: their types by name."""

    name: str
    above: list[Table]  # the driving parent first, then its own, up to the root
    columns: dict[str, str] = field(default_factory=dict)
    written: dict[str, Any] = field(default_factory=dict)
    time: str = ""
    keys: dict[str, Table] = field(default_factory=dict)  # columns that are keys of other tables
    kind: str = "plain"

    @property
    def key(self) -> str:
        return f"{self.name}_id"

    def of(self, *types: str) -> list[str]:
        """The names of the columns of some types."""
        return [name for name, type in self.columns.items() if type in types]


Maker = Callable[["Builder", Table], tuple[dict[str, Any], str] | None]


class Builder:
    """Builds one document. number: which."""

    def __init__(self, number: int) -> None:
        self.dice = random.Random(f"combined {number}")
        self.tables: list[Table] = []
        self.constraints: dict[str, list[Any]] = {}
        self.top: dict[str, Any] = {}

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def add(self, table: Table) -> Table:
        self.tables.append(table)
        return table

    def document(self) -> dict[str, Any]:
        dice = self.dice
        shop = self.root("shop", dice.randint(2, 9))
        user = self.root("user", dice.randint(8, 50))
        parents = [shop, user]
        for name in ("device", "visit", "line"):
            parents.append(self.child(name, dice.choice(parents)))
        for special in (self.states, self.stages, self.graph, self.grid, self.stream, self.derived):
            if self.chance(0.4):
                special()
        for table in list(self.tables):
            if table.kind not in ("derived", "stream", "states", "stages"):
                self.upward(table)
            if table.kind != "derived" and self.chance(0.25):
                table.written["duplicates"] = {"rate": 0.1, **({"exact": False} if self.chance(0.5) else {})}
        if self.chance(0.3):
            self.experiment(user)
        made = {
            "seed": dice.randrange(1000), "timeframe": WINDOW,
            "tables": [table.written for table in self.tables], **self.top,
        }  # fmt: skip
        if self.constraints:
            made["constraints"] = self.constraints
        return made

    # tables

    def root(self, name: str, rows: int) -> Table:
        table = Table(name, [])
        columns: dict[str, Any] = {
            table.key: {"sequence": {}},
            "tier": {"choices": {"basic": 60, "plus": 30, "vip": 10}},
        }
        table.columns = {table.key: "int", "tier": "string"}
        table.written = {"name": name, "pk": table.key, "rows": rows, "columns": columns}
        if self.chance(0.7):
            columns["since"] = {
                "datetime_series": {"within": {"start": "2023-10-01", "end": "2024-02-10"}},
                "role": "created",
            }
            table.columns["since"], table.time = "datetime", "since"
            if self.chance(0.15):
                table.written["rows"] = {"per": "month", "rate": 12}
                columns["since"] = {"type": "datetime", "role": "created"}
        columns["weight"] = {"lognormal": {"median": 5, "sigma": 0.8}}
        table.columns["weight"] = "float"
        if self.chance(0.3):
            table.written["segment_behavior"] = {
                "segment_column": "tier",
                "segments": {"vip": {"fanout_multiplier": 2}},
            }
        if self.chance(0.3) and table.time:
            table.written["vintage_behavior"] = {
                "age_based_multipliers": {
                    "habit": {"curve": [1, 0.6, 0.3], "time_unit": "month", "applies_to": "fanout"}
                }
            }
        self.add(table)
        self.fill(table, self.dice.randint(1, 4))
        return table

    def child(self, name: str, parent: Table) -> Table:
        table = Table(name, [parent, *parent.above])
        columns: dict[str, Any] = {table.key: {"sequence": {}}, parent.key: {"ref": parent.name}}
        table.columns = {table.key: "int", parent.key: "int"}
        table.written = {"name": name, "pk": table.key, "parents": [parent.name], "columns": columns}
        way = self.dice.randrange(7)
        if way == 0:
            table.written["fanout"] = {"poisson": 1.5, "per": "month", "by": {"tier": {"vip": {"lambda": 4}, "else": {}}}} if "tier" in parent.columns else {"poisson": 2, "per": "month"}  # fmt: skip
            columns["at"] = {"role": "time"}
            table.columns["at"], table.time = "datetime", "at"
        elif way == 1:
            table.written["fanout"] = {"min": 0, "max": 5, "mean": 1.75}
        elif way == 2:
            table.written["fanout"] = {"poisson": 2, "per": "window", "heterogeneity": {"gamma": 2}, "clamp": [0, 9]}
            columns["at"] = {
                "datetime_series": {"pattern": {"dimension": "dow", "weights": [1, 1, 1, 1, 2, 5, 4]}},
                "role": "time",
            }
            table.columns["at"], table.time = "datetime", "at"
        elif way == 3:
            numbers = parent.of("int")[1:] or ["2"]
            table.written["fanout"] = {"constant": {"value": f"least(abs({self.dice.choice(numbers)}) % 4, 3)"}}
        elif way == 4:
            table.written["fanout"] = "0..4"
        else:
            table.written["fanout"] = {"negative_binomial": {"mean": 2, "shape": 1}}
        if not table.time and self.chance(0.6):
            columns["at"] = {"datetime_series": {}, "role": "time"}
            table.columns["at"], table.time = "datetime", "at"
        self.add(table)
        self.fill(table, self.dice.randint(2, 6))
        return table

    def states(self) -> None:
        parent = self.dice.choice(self.tables[:3])
        table = self.add(Table("status", [parent, *parent.above], kind="states"))
        table.written = {
            "name": "status", "parents": [parent.name],
            "state_transition_model": {
                "initial_state": "on", "period_unit": "week",
                "states": {"on": {"off": 0.2, "paused": 0.1}, "paused": {"on": 0.4, "off": 0.1}, "off": {}},
                "output": self.dice.choice(["transitions", "intervals", "snapshots"]),
            },
        }  # fmt: skip
        table.columns = {"status_id": "int", parent.key: "int", "state": "string"}

    def stages(self) -> None:
        parent = self.dice.choice(self.tables[:3])
        table = self.add(Table("funnel", [parent, *parent.above], kind="stages"))
        stages = {
            "seen": 1,
            "tried": {"transition_rate": 0.6, "dwell": {"gamma": {"shape": 2, "mean": "3d"}}},
            "bought": 0.5,
        }
        table.written = {"name": "funnel", "parents": [parent.name], "stage_config": {"stages": stages}}
        if self.chance(0.5):
            table.written["stage_config"]["instances_per_parent"] = {"poisson": 2}
        table.columns = {"funnel_id": "int", parent.key: "int", "stage_name": "string"}

    def graph(self) -> None:
        of = self.tables[1]
        table = self.add(Table("friend", [], kind="graph"))
        table.written = {
            "name": "friend", "kind": "graph", "of": of.name, "edges": 6, "model": self.dice.choice(["preferential"]),
            "columns": {"friend_id": {"sequence": {}}, "source": {"role": "source"}, "target": {"role": "target"}},
        }  # fmt: skip
        table.columns = {"friend_id": "int", "source": "int", "target": "int"}
        self.fill(table, 2)

    def grid(self) -> None:
        parent, other = self.tables[1], self.tables[0]
        table = self.add(Table("stock", [parent]))
        table.written = {
            "name": "stock", "pk": "stock_id", "parents": [parent.name], "fanout": {"each": other.name},
            "columns": {"stock_id": {"sequence": {}}, "other": {"ref": other.name}, "w": {"expression": f"{other.name}.weight * 2"}},
        }  # fmt: skip
        table.columns = {"stock_id": "int", "other": "int", "w": "float"}
        table.keys["other"] = other
        self.fill(table, self.dice.randint(1, 3))

    def stream(self) -> None:
        sources = [table for table in self.tables if table.kind == "plain" and self.tables[1] in [table, *table.above]]
        emits: list[dict[str, Any]] = []
        for number, source in enumerate(self.dice.sample(sources, min(len(sources), self.dice.randint(1, 3)))):
            emit: dict[str, Any] = {"of": source.name, "event_type": f"of_{source.name}", "id": f"e{number}"}
            if source.time and self.chance(0.6):
                emit["at"] = {"after": {"column": source.time, "delay": {"exponential": {"mean": "1d"}}}}
                if self.chance(0.3):
                    emit["probability"] = 0.5
                if self.chance(0.4):
                    emit["fanout"] = {"poisson": 1.2}
            else:
                emit["fanout"] = {"poisson": 1, "per": "week"}
            if self.chance(0.4):
                emit["columns"] = {"amount": {"gamma": {"shape": 2, "mean": 20}}}
            numbers = source.of("int")
            if self.chance(0.4) and numbers:
                emit["when"] = f"{self.dice.choice(numbers)} % 2 = 0"
            emits.append(emit)
        key = self.tables[1].key
        table = self.add(Table("happening", [self.tables[1]], kind="stream"))
        table.written = {
            "name": "happening", "kind": "stream", "order_by": [key, "event_at"], "emits": emits,
            "columns": {
                "happening_id": {}, key: {}, "event_at": {"type": "datetime", "role": "time"}, "event_type": {},
                "amount": {"type": "float"},
            },
        }  # fmt: skip
        if self.chance(0.5):
            table.written["columns"]["recorded_at"] = {
                "type": "datetime",
                "ingested": {"column": "event_at", "profile": {"same_day": 0.8, "1-3d": 0.2}},
            }
        if self.chance(0.5):
            table.written["columns"]["lucky"] = {"bernoulli": {"p": 0.3, "exact": True}}
        table.columns = {"happening_id": "int", key: "int", "amount": "float", "event_at": "datetime"}

    def derived(self) -> None:
        user, low = self.tables[1], self.dice.choice(self.tables[:5])
        self.add(Table("daily", [], kind="derived")).written = {
            "name": "daily", "kind": "derived", "pk": "k",
            "sql": f"select u.{user.key} as k, u.tier, (select count(*) from {low.name}) as n, u.weight * 2 as w from {user.name} u order by k",
        }  # fmt: skip
        self.top["metrics"] = {"many": {"sql": f"select count(*) from {low.name}", "description": "rows"}}

    def experiment(self, unit: Table) -> None:
        below = [table for table in self.tables if table.kind == "plain" and table.above[:1] == [unit]]
        effects: list[dict[str, Any]] = []
        for table in below[:1]:
            measures = [name for name in table.of("float") if "choice" not in name]
            if measures:
                effects.append({"on": "value", "table": f"{table.name}.{measures[0]}", "size": 1.2})
        if any(table.kind == "states" and unit in table.above for table in self.tables):
            effects.append({"on": "churn", "table": "status", "size": 0.7})
        if any(table.kind == "stages" and unit in table.above for table in self.tables):
            effects.append({"on": "stage", "table": "funnel.bought", "op": "odds", "size": 1.4})
        if effects:
            self.top["experiments"] = [
                {
                    "name": "trial",
                    "unit": unit.name,
                    "start": "2024-01-20",
                    "arms": {"a": 0.5, "b": 0.5},
                    "effects": effects,
                }
            ]

    # columns

    def fill(self, table: Table, number: int) -> None:
        for place in range(number):
            maker = self.dice.choice(MAKERS)
            made = maker(self, table)
            if made is None:
                continue
            column, type = made
            name = f"{maker.__name__}_{place}"
            if type in ("int", "float", "string") and not self.chance(0.75):
                column["imperfections"] = self.imperfections(type)
            table.written["columns"][name] = column
            table.columns[name] = type

    def imperfections(self, type: str) -> dict[str, Any]:
        made: dict[str, Any] = {"missing": {"rate": 0.1, **({"mechanism": "mnar"} if self.chance(0.3) else {})}}
        if type == "float":
            made["outliers"] = 0.05
        elif type == "string":
            made["typos"] = 0.1
        return made

    def upward(self, table: Table) -> None:
        """Figures of rows below, once these are there."""
        below = [one for one in self.tables if table in one.above and one.kind in ("plain", "stream")]
        if not below or not self.chance(0.5):
            return
        one = self.dice.choice(below)
        numbers = [name for name in one.of("float") if not name.startswith("siblings")]
        column: dict[str, Any] = {"rollup": {"from": one.name, "agg": "count"}}
        if numbers and self.chance(0.7):
            agg = self.dice.choice(["sum", "mean", "min", "max"])
            column = {"rollup": {"from": one.name, "agg": agg, "column": self.dice.choice(numbers)}, "nullable": True}
        table.written["columns"]["figure"] = column


def number(builder: Builder, table: Table) -> tuple[dict[str, Any], str]:
    dice = builder.dice
    law = dice.choice([
        {"uniform": {"low": 0, "high": 9}}, {"normal": {"mean": 5, "std": 2}}, {"gamma": {"shape": 2, "mean": 7}},
        {"uniform": {"low": 1, "high": 6, "integers": True}}, {"poisson": 3},
    ])  # fmt: skip
    type = "int" if "poisson" in law or law.get("uniform", {}).get("integers") else "float"
    column = {**law, "type": type}
    if builder.chance(0.3):
        column["modifiers"] = [{"multiply": {"factor": 2}}] if type == "float" else [{"add": {"value": 3}}]
    if builder.chance(0.2) and table.time and type == "float":
        column["modifiers"] = [{"trend": {"growth_rate": 0.1, "time_unit": "week"}}]
    return column, type


def choice(builder: Builder, table: Table) -> tuple[dict[str, Any], str]:
    made: dict[str, Any] = {"choices": {"red": 0.5, "green": 0.3, "blue": 0.2}}
    way = builder.dice.randrange(6)
    if way == 0:
        made["exact"] = True
    elif way == 1 and table.above:
        made["exact"] = builder.dice.choice(table.above).name
    elif way == 2 and table.above:
        made |= {"at_least": {"blue": 1}, "choices": {"red": 0.3, "green": 0.1, "blue": 0.6}}
    elif way == 3 and table.above:
        made |= {"clustered": 0.3, **({"exact": True} if builder.chance(0.5) else {})}
    elif way == 4 and table.above and "tier" in table.above[-1].columns:
        made["by"] = {f"{table.above[-1].name}.tier": {"vip": {"choices": {"gold": 1}}, "else": {}}}
    return {"choice": made}, "string"


def yes_no(builder: Builder, table: Table) -> tuple[dict[str, Any], str]:
    return {"bernoulli": {"p": 0.3, **({"exact": True} if builder.chance(0.5) else {})}}, "bool"


def formula(builder: Builder, table: Table) -> tuple[dict[str, Any], str]:
    dice = builder.dice
    numbers = table.of("int", "float")
    pool = [*numbers, "ordinal", "sibling_count", "row_number"] if table.above else numbers
    pool += [f"{one.name}.weight" for one in table.above if "weight" in one.columns]
    return {"expression": f"coalesce({dice.choice(pool)} + {dice.choice(pool)} * 0.5, 0.0)", "type": "float"}, "float"


def pattern(builder: Builder, table: Table) -> tuple[dict[str, Any], str]:
    return {"pattern": r"[A-Z]{2}-\d{4}", **({"unique": True} if builder.chance(0.5) else {})}, "string"


def faker(builder: Builder, table: Table) -> tuple[dict[str, Any], str]:
    return {"faker": builder.dice.choice(["name", "city", "email"])}, "string"


def place(builder: Builder, table: Table) -> tuple[dict[str, Any], str] | None:
    if "place" not in table.columns:
        table.columns["place"] = "string"
        table.written["columns"]["place"] = {"ref": "places"}
    return builder.dice.choice([
        ({"expression": "place.city"}, "string"), ({"expression": "place.lat"}, "float"),
        ({"point": {"place": "place", "spread_km": 3}}, "text"),
    ])  # fmt: skip


def nested(builder: Builder, table: Table) -> tuple[dict[str, Any], str]:
    inner: dict[str, Any] = {
        "a": {"uniform": {"low": 0, "high": 1}},
        "b": {"expression": "a * 2"},
        "c": {"choices": ["x", "y"]},
    }
    if builder.chance(0.5):
        return {"nested": inner}, "structure"
    return {
        "nested": {"of": {"nested": inner} if builder.chance(0.5) else {"poisson": 2}, "length": {"poisson": 1.5}}
    }, "list"


def case(builder: Builder, table: Table) -> tuple[dict[str, Any], str] | None:
    numbers = table.of("int", "float")
    if not numbers:
        return None
    first = {"when": f"{builder.dice.choice(numbers)} > 3", "normal": {"mean": 0, "std": 1}}
    return {"case": [first, {"lognormal": {"median": 3, "sigma": 0.3}}], "type": "float"}, "float"


def after(builder: Builder, table: Table) -> tuple[dict[str, Any], str] | None:
    starts = table.of("datetime") + [f"{one.name}.{one.time}" for one in table.above if one.time]
    if not starts:
        return None
    made: dict[str, Any] = {
        "column": builder.dice.choice(starts),
        "delay": {"lognormal": {"median": "2d", "sigma": 0.8}},
    }
    column: dict[str, Any] = {"after": made}
    if builder.chance(0.4):
        made["censor"], column["nullable"] = "timeframe.end", True
    elif builder.chance(0.3):
        made["before"] = "timeframe.end + to_days(9)"
    if builder.chance(0.4):
        column["modifiers"] = [{"seasonality": {"dimension": "dow", "weights": [3, 3, 3, 3, 2, 1, 1]}}]
    if builder.chance(0.3):
        column["when"] = "row_number % 2 = 0"
    if "when" in column:
        column["nullable"] = True
    return column, "nullable datetime" if column.get("nullable") else "datetime"


def ingested(builder: Builder, table: Table) -> tuple[dict[str, Any], str] | None:
    if not table.time:
        return None
    made: dict[str, Any] = {"column": table.time, "profile": {"same_day": 0.7, "1-3d": 0.2, "4-7d": 0.1}}
    if builder.chance(0.3):
        made["exact"] = False
    elif builder.chance(0.4) and table.above:
        made["exact"] = builder.dice.choice(table.above).name
    return {"ingested": made}, "datetime"


def lookup(builder: Builder, table: Table) -> tuple[dict[str, Any], str] | None:
    dice = builder.dice
    known = [one for one in builder.tables if one is not table and one not in table.above and one.kind == "plain"]
    if not known:
        return None
    other = dice.choice(known)
    made: dict[str, Any] = {"from": f"{other.name}.{other.key}"}
    column: dict[str, Any] = {"lookup": made}
    way = dice.randrange(8)
    shared = [one for one in table.above if one in other.above]
    numbers = table.of("int", "float")
    if way == 0 and shared:
        made["within"] = dice.choice(shared).name
    elif way == 1 and shared and shared[0].key in table.columns and shared[0].key in other.columns:
        made["same"] = shared[0].key
    if way in (2, 3) or builder.chance(0.2):
        inner = [name for name in other.of("int", "float") if not name.startswith(("lookup", "siblings"))]
        if inner:
            right = dice.choice(numbers) if numbers and builder.chance(0.6) else "4"
            made["where"] = f"candidate.{dice.choice(inner)} {dice.choice(['<=', '>', '<>'])} {right}"
            if builder.chance(0.3) and other.time and table.time:
                made["where"] += f" and candidate.{other.time} <= {table.time}"
    if way in (4, 5):
        made["weights"] = dice.choice(["weight" if "weight" in other.columns else "zipf@1.1", "zipf@1.2", "head_tail@{0.6,1.2}", {"gamma": {"shape": 1, "mean": 1}}])  # fmt: skip
    if way == 6 or builder.chance(0.15):
        made["unique"] = dice.choice([True, *(one.name for one in table.above[:1])])
    if {"within", "same", "where", "unique"} & set(made) or builder.chance(0.3):
        made["else"], column["nullable"] = None, True
    table.keys["lookup"] = other
    return column, "key"


def self_lookup(builder: Builder, table: Table) -> tuple[dict[str, Any], str] | None:
    made: dict[str, Any] = {"from": f"{table.name}.{table.key}", "self": True}
    way = builder.dice.randrange(4)
    if way == 0:
        made["root_share"] = 0.3
    elif way == 1:
        made["depth"] = 3
    elif way == 2 and table.above:
        made["within"] = table.above[0].name
    return {"lookup": made, "nullable": True}, "key"


def siblings(builder: Builder, table: Table) -> tuple[dict[str, Any], str] | None:
    dice = builder.dice
    numbers = [name for name in table.of("float", "int") if not name.startswith("lookup")]
    agg = dice.choice(["rank", "share", "running_sum", "previous", "first", "last", "sum", "max", "count"])
    made: dict[str, Any] = {"agg": agg}
    if agg != "count" and not numbers:
        return None
    if agg != "count":
        made["of"] = dice.choice(numbers)
    if builder.chance(0.4) and agg in ("first", "last", "previous", "rank", "running_sum"):
        made["order_by"] = dice.choice([*numbers, "ordinal"]) if numbers else "ordinal"
    if agg == "running_sum" and builder.chance(0.5):
        made |= {"start": 5, "floor": 0}
    if agg == "previous" and builder.chance(0.5):
        made["start"] = 0
    return {"siblings": made, "nullable": True}, "figure"


def series(builder: Builder, table: Table) -> tuple[dict[str, Any], str]:
    return {"series": {"ar": [0.6], "std": 2}}, "float"


def constant_word(builder: Builder, table: Table) -> tuple[dict[str, Any], str]:
    return {"uuid": {}}, "text"


MAKERS: tuple[Maker, ...] = (
    number, number, choice, choice, yes_no, formula, formula, pattern, faker, place, nested, case, after, after, ingested,
    lookup, lookup, lookup, lookup, self_lookup, siblings, siblings, series, constant_word,
)  # fmt: skip


def document(number: int) -> dict[str, Any]:
    """The document of a number: what it says wrong is taken out of it, one thing after the other."""
    made = Builder(number).document()
    for _ in range(40):
        faults = [one for one in findings_of(made) if one.severity == "error"]
        if not faults:
            return made
        take_out(made, faults[0])
    raise AssertionError(f"document {number} is refused, whatever is taken out: {faults}")


def take_out(made: dict[str, Any], fault: Finding) -> None:
    """Take the column, or the key of a table or of the document, out that a finding names."""
    steps = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", fault.json_path)]
    depth = 4 if steps[2:3] == ["columns"] else 3 if steps[0] == "tables" else 2 if steps[0] == "constraints" else 1
    holder: Any = made
    for step in steps[: depth - 1][: len(steps) - 1]:
        holder = holder[step]
    del holder[steps[:depth][-1]]
