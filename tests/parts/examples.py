"""Every part with its EXAMPLES, each on a column `made` of a small schema that has what the examples refer to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from datagen import registry

ROWS = 1_013  # no multiple of any block size of the tests

WINDOW = {"start": "2024-01-01", "end": "2024-12-31"}


def surroundings() -> list[dict[str, Any]]:
    """The tables that examples refer to: parents to look at, an effect table, a parent of children."""
    genres = {"name": "genre", "generator": {"choice": {"choices": ["rock", "jazz"]}}}
    countries = {"name": "country", "generator": {"choice": {"choices": ["US", "DE", "CZ"]}}}
    return [
        {"id": "customer", "pk": "customer_id", "rows": 50, "columns": [key("customer_id"), countries]},
        {
            "id": "product",
            "pk": "product_id",
            "rows": 40,
            "columns": [key("product_id"), number("price", "uniform", low=1, high=9)],
        },
        {
            "id": "campaign",
            "pk": "campaign_id",
            "rows": 5,
            "columns": [
                key("campaign_id"),
                time("start_at", "2024-01-01", "2024-06-30"),
                time("end_at", "2024-07-01", "2024-12-31"),
                number("lift", "uniform", low=1.2, high=1.8),
                countries,
                genres,
            ],
        },
        {"id": "holder", "pk": "holder_id", "rows": 60, "columns": [key("holder_id")]},
    ]


def key(name: str) -> dict[str, Any]:
    return {"name": name, "type": "int", "generator": {"sequence": {"start": 1}}}


def number(name: str, law: str, **params: float) -> dict[str, Any]:
    return {"name": name, "type": "float", "generator": {"distribution": {"type": law, "params": params}}}


def time(name: str, start: str, end: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "datetime",
        "generator": {"datetime_series": {"within": {"start": start, "end": end}}},
    }


def root_with(column: dict[str, Any]) -> dict[str, Any]:
    """A document whose table `subject` has ROWS rows and a column `made`."""
    return _document(column, {"rows": ROWS})


def child_with(column: dict[str, Any]) -> dict[str, Any]:
    """The same with rows that come from parents: 0 to 30 each."""
    return _document(column, {"parents": ["holder"], "fanout": {"distribution": "uniform", "min": 0, "max": 30}})


def _document(column: dict[str, Any], rows: dict[str, Any]) -> dict[str, Any]:
    subject = {
        "id": "subject",
        "kind": "fact",
        "pk": "subject_id",
        **rows,
        "columns": [
            key("subject_id"),
            {"name": "customer_id", "generator": {"lookup": {"from": "customer.customer_id"}}},
            {"name": "product_id", "generator": {"lookup": {"from": "product.product_id"}}},
            {
                "name": "country",
                "generator": {"lookup": {"from": "customer.country", "on": {"this_key": "customer_id"}}},
            },
            {"name": "genre", "generator": {"choice": {"choices": ["rock", "jazz"]}}},
            {
                "name": "at",
                "type": "datetime",
                "role": "time",
                "generator": {"datetime_series": {"within": "timeframe"}},
            },
            number("amount", "normal", mean=50, std=9),
            {"name": "place", "generator": {"lookup": {"from": "places.place"}}},
            {"name": "made", "nullable": True, **column},
        ],
    }
    return {"timeframe": dict(WINDOW), "nodes": [*surroundings(), *below(), subject]}


def below() -> list[dict[str, Any]]:
    """The tables below the subject, each with at least one row for each of its rows."""
    online = {"name": "status", "generator": {"choice": {"choices": ["online", "offline"]}}}
    active = {"name": "status", "generator": {"choice": {"choices": ["active", "ended"]}}}
    fanout = {"distribution": "uniform", "min": 1, "max": 3}
    devices = {"id": "device", "kind": "fact", "parents": ["subject"], "fanout": fanout, "columns": [online]}
    price = number("monthly_price", "uniform", low=5, high=50)
    return [devices, {**devices, "id": "subscription", "columns": [active, price]}]


def vocab_with(column: dict[str, Any]) -> dict[str, Any]:
    """A document whose table `subject` has a row per value of a list."""
    node = {"id": "subject", "kind": "vocab", "pk": "made", "columns": [{"name": "made", **column}]}
    return {"timeframe": dict(WINDOW), "nodes": [*surroundings(), node]}


@dataclass(frozen=True)
class Subject:
    """One example of one part: the column that carries it, and where its parameters stand in that column."""

    kind: str
    word: str
    place: int
    column: dict[str, Any]
    params: dict[str, Any]
    at: tuple[str | int, ...]

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.word}-{self.place}"

    @property
    def draws(self) -> bool:
        """Whether another seed gives other values: drawn ones, or ones that read what was drawn."""
        return (
            self.word != "constant"
            if self.kind == "law"
            else self.kind == "modifier" or self.word not in ("sequence", "expression", "enum_list")
        )

    def root(self) -> dict[str, Any]:
        return vocab_with(self.column) if self.word == "enum_list" else root_with(self.column)

    def child(self) -> dict[str, Any]:
        return child_with(self.column)

    def with_params(self, **more: Any) -> dict[str, Any]:
        """The document with further parameters beside those of the example."""
        column = _replaced(self.column, self.at, {**self.params, **more})
        return vocab_with(column) if self.word == "enum_list" else root_with(column)


def _replaced(tree: Any, at: tuple[str | int, ...], value: Any) -> Any:
    if not at:
        return value
    step, *rest = at
    if isinstance(tree, list):
        return [_replaced(item, tuple(rest), value) if place == step else item for place, item in enumerate(tree)]
    return {key: _replaced(item, tuple(rest), value) if key == step else item for key, item in tree.items()}


def subjects(*kinds: str) -> Iterator[Subject]:
    """Every example of every part of these kinds."""
    for kind in kinds or ("generator", "modifier", "law"):
        for word in registry.words(kind):
            for place, example in enumerate(registry.find(kind, word).EXAMPLES):
                yield subject_of(kind, word, place, example)


def subject_of(kind: str, word: str, place: int, example: dict[str, Any]) -> Subject:
    if kind == "generator":
        return Subject(kind, word, place, {"generator": example}, example[word], ("generator", word))
    if kind == "modifier":
        column = {**carrier_of(word), "modifiers": [example]}
        return Subject(kind, word, place, column, example["args"], ("modifiers", 0, "args"))
    params = example[word] if word in example else example["params"]
    law = {"type": word, "params": params}
    column = {"type": "float", "generator": {"distribution": law}}
    return Subject(kind, word, place, column, params, ("generator", "distribution", "params"))


def carrier_of(word: str) -> dict[str, Any]:
    """A column on which a modifier can stand."""
    if word == "time_jitter":
        return {"type": "datetime", "generator": {"datetime_series": {"within": "timeframe", "freq": "D"}}}
    if word == "map_values":
        return {"type": "string", "generator": {"distribution": {"type": "poisson", "params": {"lambda": 1}}}}
    return {"type": "float", "generator": {"distribution": {"type": "normal", "params": {"mean": 50, "std": 9}}}}
