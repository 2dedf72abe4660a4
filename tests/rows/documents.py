"""Documents whose tables are made at rates, by what acts on the rate."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

WINDOW = {"start": "2024-01-01", "end": "2024-12-31"}
OPEN = [0] * 8 + [1] * 12 + [0] * 4  # from 8 to 20
DECAY = {"curve": [1, 0.75, 0.6, 0.5, 0.45, 0.4], "time_unit": "month"}

# what acts on the rate -> keys of the customer and of the orders' fan-out
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {"poisson": 2, "per": "month"}),
    "hour": ({}, {"poisson": 0.002, "per": "hour"}),
    "segments": (
        {"segment_behavior": {"vip": {"fanout_multiplier": 3.5}, "budget": {"fanout_multiplier": 0.8}}},
        {"poisson": 2, "per": "month"},
    ),
    "dropout": ({"vintage_behavior": {"age_based_multipliers": {"decay": DECAY}}}, {"poisson": 2, "per": "month"}),
    "rate": (
        {"vintage_behavior": {"age_based_multipliers": {"decay": {**DECAY, "mode": "rate"}}}},
        {"poisson": 2, "per": "month"},
    ),
    "mixed": (
        {"vintage_behavior": {"age_based_multipliers": {"decay": {**DECAY, "mode": "mixed", "interpolate": "linear"}}}},
        {"poisson": 2, "per": "month"},
    ),
    "active_share": (
        {"vintage_behavior": {"age_based_multipliers": {"decay": {**DECAY, "mode": "active_share"}}}},
        {"poisson": 2, "per": "month"},
    ),
    "formula": (
        {
            "vintage_behavior": {
                "age_based_multipliers": {
                    "growth": {"curve": "logarithmic", "params": {"a": 1, "b": 0.4}, "time_unit": "day"},
                    "habit": {"curve": "exponential", "params": {"a": 1, "b": -0.05}, "time_unit": "week"},
                }
            }
        },
        {"poisson": 0.3, "per": "week"},
    ),
    "two ages": (
        {
            "vintage_behavior": {
                "age_based_multipliers": {
                    "decay": {**DECAY, "mode": "rate", "tail": "geometric"},
                    "ramp": {"curve": [0.5, 1, 2], "time_unit": "week", "tail": "hold"},
                }
            }
        },
        {"poisson": 2, "per": "month"},
    ),
    "shaped": (
        {},
        {
            "poisson": 2,
            "per": "month",
            "heterogeneity": {"gamma": 1.5},
            "p_zero": 0.2,
            "bursts": [{"at": "2024-05-01", "factor": 4, "decay": "3d"}],
            "noise": {"ar": [0.6], "std": 0.3},
            "multipliers": [
                {"trend": {"growth_rate": 0.02, "time_unit": "month"}},
                {"seasonality": {"dimension": "dow", "weights": [1, 1, 1, 1, 2, 3, 0.5]}},
            ],
        },
    ),
    "clamped": ({}, {"poisson": 2, "per": "month", "clamp": [3, 25]}),
    "edges": ({}, {"poisson": 2, "per": "month", "from": "created_at", "until": "left_at"}),
    "negative binomial": ({}, {"negative_binomial": {"mean": 2, "shape": 0.7}, "per": "month"}),
    "uniform": ({}, {"uniform": {"low": 0, "high": 3}, "per": "week"}),
    "by parent": ({}, {"poisson": "if(segment = 'vip', 3.0, 1.0)", "per": "month"}),
    "total": (
        {},
        {
            "poisson": 2,
            "per": "month",
            "multipliers": [{"trend": {"growth_rate": 0.05, "time_unit": "month", "applies_to": "total"}}],
        },
    ),
    "local": (
        {},
        {
            "poisson": 2,
            "per": "month",
            "multipliers": [
                {"seasonality": {"dimension": "hour", "weights": OPEN, "timezone": "zone"}},
                {"seasonality": {"dimension": "dow", "weights": [1, 1, 1, 1, 2, 3, 0.5], "timezone": "customer.zone"}},
            ],
        },
    ),
    "odd": (
        {},
        {
            "poisson": 2,
            "per": "month",
            "holidays": {"country": "CZ", "factor": 3, "lead": "36h", "lag": 2},
            "anomalies": [
                {"kind": "spike", "at": "2024-03-05", "size": 9},
                {"kind": "gap", "at": "2024-06-10", "size": 20},
                {"kind": "level_shift", "at": "2024-09-01", "size": 2},
                {"kind": "variance", "at": "2024-10-01", "size": 1.5},
            ],
            "multipliers": [
                {"seasonality": {"dimension": "month", "weights": [1] * 10 + [1.5, 2], "smooth": True}},
                {"seasonality": {"dimension": "holiday", "weights": [1, 0.5], "country": "US"}},
                {"trend": {"type": "step", "params": {"levels": [{"at": "2024-07-01", "factor": 1.5}]}}},
            ],
        },
    ),
    "window": ({}, {"poisson": 20, "per": "window"}),
}
# what is scaled to the window moves when the window grows
OF_THE_WINDOW = ("total", "window")


def shop(kind: str, *, rows: int = 150, **changes: Any) -> dict[str, Any]:
    """A shop whose orders are made at a rate. changes: keys of the document."""
    customer, fanout = deepcopy(KINDS[kind])
    left = {"name": "left_at", "type": "datetime", "nullable": True, "when": "customer_id % 3 = 0"}
    return {
        "timeframe": dict(WINDOW),
        "nodes": [
            {
                "id": "customer",
                "rows": rows,
                "pk": "customer_id",
                "columns": [
                    {"name": "customer_id", "generator": {"sequence": {"start": 1}}},
                    {
                        "name": "segment",
                        "generator": {
                            "choice": {"choices": ["vip", "standard", "budget"], "weights": [0.15, 0.6, 0.25]}
                        },
                    },
                    {
                        "name": "created_at",
                        "role": "created",
                        "generator": {"datetime_series": {"within": {"start": WINDOW["start"], "end": WINDOW["end"]}}},
                    },
                    {"name": "zone", "generator": {"choice": {"choices": ["Europe/Prague", "Asia/Kolkata", "UTC"]}}},
                    {**left, "generator": {"expression": {"code": "created_at + to_days(100)"}}},
                ],
                **customer,
            },
            {
                "id": "order",
                "parents": ["customer"],
                "pk": "order_id",
                "fanout": fanout,
                "columns": [
                    {"name": "order_id", "generator": {"sequence": {"start": 1}}},
                    {"name": "customer_id", "generator": {"lookup": {"from": "customer.customer_id"}}},
                    {"name": "ordered_at", "type": "datetime", "role": "time"},
                    {
                        "name": "amount",
                        "type": "float",
                        "decimals": 2,
                        "role": "measure",
                        "generator": {"distribution": {"type": "lognormal", "params": {"median": 30, "sigma": 0.5}}},
                    },
                ],
            },
        ],
        **changes,
    }
