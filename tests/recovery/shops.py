"""Small shops with one planted behaviour each, and the twins in which it is switched off."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

TWO_YEARS = {"start": "2023-01-01", "end": "2024-12-31"}
SHARES = {"vip": 0.15, "standard": 0.60, "budget": 0.25}
SEGMENTS = {
    "vip": {"fanout_multiplier": 3.5, "value_multiplier": 5},
    "standard": {},
    "budget": {"fanout_multiplier": 0.8, "value_multiplier": 0.6},
}
DECAY = (1.0, 0.75, 0.6, 0.5, 0.45, 0.4)
MONTH = 30.4375  # days: the unit of an age in months


def shop(
    customers: int,
    fanout: Any,
    *,
    segments: Mapping[str, Any] | None = None,
    ages: Mapping[str, Any] | None = None,
    created: Any = "window",
    time: Mapping[str, Any] | None = None,
    amount: Mapping[str, Any] | None = None,
    **keys: Any,
) -> dict[str, Any]:
    """Customers and their orders.

    created: `window` (over all of it), `start` (all on the first day), None (nobody knows), or a datetime_series; ages:
    age_based_multipliers; time, amount: keys of these columns; keys: of the document.
    """
    columns: dict[str, Any] = {"segment": {"choices": {name: f"{share:.0%}" for name, share in SHARES.items()}}}
    if created == "start":
        created = {"within": {"start": "2023-01-01", "end": "2023-01-01"}}
    if created is not None:
        columns["created_at"] = {"datetime_series": {} if created == "window" else created, "role": "created"}
    customer: dict[str, Any] = {"name": "customers", "rows": customers, "columns": columns}
    if segments is not None:
        customer["segment_behavior"] = deepcopy(dict(segments))
    if ages is not None:
        customer["vintage_behavior"] = {"age_based_multipliers": deepcopy(dict(ages))}
    order = {
        "name": "orders",
        "parents": ["customers"],
        "fanout": deepcopy(fanout),
        "columns": {
            "ordered_at": {"role": "time", **(time or {})},
            "amount": amount or {"lognormal": {"median": 30, "sigma": 0.5}, "role": "measure", "decimals": 2},
        },
    }
    return {"name": "shop", "timeframe": dict(TWO_YEARS), "tables": [customer, order], **keys}


def decay(**keys: Any) -> dict[str, Any]:
    """The age curve of the requirements on the rows."""
    return {"activity_decay": {"curve": list(DECAY), "time_unit": "month", "applies_to": "fanout", **keys}}


def trend(rate: float, seat: str, unit: str = "month") -> dict[str, Any]:
    """A multiplier of a fan-out."""
    return {"trend": {"growth_rate": rate, "time_unit": unit, "applies_to": seat}}
