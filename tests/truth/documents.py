"""Two documents with planted effects and columns that have nothing to do with them."""

from __future__ import annotations

from typing import Any

SHOP: dict[str, Any] = {
    "name": "shop",
    "timeframe": {"start": "2024-01-01", "end": "2025-12-31"},
    "tables": [
        {
            "name": "customers",
            "rows": 3_000,
            "columns": {
                "segment": {"choices": {"vip": "15%", "standard": "60%", "budget": "25%"}},
                "channel": {"choices": ["web", "store", "app"]},
                "income": {"lognormal": {"median": 30_000, "sigma": 0.4}, "hidden": True},
                "created_at": {"datetime_series": {}},
            },
            "segment_behavior": {
                "vip": {"fanout_multiplier": 3.5, "value_multiplier": 5},
                "standard": {},
                "budget": {"fanout_multiplier": 0.8, "value_multiplier": 0.6},
            },
            "vintage_behavior": {
                "age_based_multipliers": {
                    "decay": {"curve": [1, 0.75, 0.6, 0.5, 0.45, 0.4], "time_unit": "month", "applies_to": "fanout"}
                }
            },
        },
        {
            "name": "orders",
            "parents": ["customers"],
            "fanout": {
                "poisson": 1.5,
                "per": "month",
                "multipliers": [{"trend": {"growth_rate": "5%", "time_unit": "month", "applies_to": "total"}}],
            },
            "columns": {
                "ordered_at": {
                    "datetime_series": {"pattern": {"dimension": "dow", "weights": [1, 1, 1, 1, 1.4, 2, 0.5]}}
                },
                "paid_by": {"choices": {"card": 0.7, "cash": 0.3}},
                "amount": {"lognormal": {"median": 30, "sigma": 0.5}, "role": "measure", "decimals": 2},
                "weight": {"lognormal": {"median": 3, "sigma": 0.5}, "modifiers": [{"outliers": {"rate": 0.01}}]},
            },
        },
    ],
}

FACTORY: dict[str, Any] = {
    "name": "factory",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "tables": [
        {"name": "grades", "rows": 3, "hidden": True, "columns": {"grade": {"enum_list": {"values": ["a", "b", "c"]}}}},
        {
            "name": "sites",
            "rows": 400,
            "columns": {"climate": {"choices": ["dry", "humid"]}, "union": {"bernoulli": 0.4}},
        },
        {
            "name": "machines",
            "parents": ["sites"],
            "fanout": {"poisson": 6},
            "columns": {
                "maker": {"choices": {"Adler": 0.5, "Brandt": 0.3, "Cuno": 0.2}},
                "colour": {"choices": ["grey", "green"]},
                "installed_at": {"datetime_series": {}, "role": "created"},
            },
            "segment_behavior": {"Brandt": {"fanout_multiplier": 2, "value_multiplier": 1.5}, "Adler": {}, "Cuno": {}},
        },
        {
            "name": "failures",
            "parents": ["machines"],
            "fanout": {"poisson": 4, "per": "year", "heterogeneity": {"gamma": 2}},
            "columns": {
                "failed_at": {"datetime_series": {}},
                "shift": {"choices": ["early", "late", "night"]},
                "cost": {"gamma": {"shape": 2, "mean": 500}, "role": "measure"},
                "drift": {"normal": {"mean": 0, "std": 1}},
                "downtime": {"expression": "cost / 100 + 1"},
            },
        },
    ],
}
