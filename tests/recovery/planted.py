"""Documents with planted effects of every kind, for what the plan says of them to be compared with the files."""

from __future__ import annotations

from typing import Any

from tests.truth.documents import SHOP as SMALL_SHOP


def with_rows(document: dict[str, Any], *rows: int) -> dict[str, Any]:
    """The same document with other numbers of rows in its first tables."""
    tables = [dict(table, rows=number) for table, number in zip(document["tables"], rows, strict=False)]
    return {**document, "tables": [*tables, *document["tables"][len(rows) :]]}


SHOP = with_rows(SMALL_SHOP, 6_000)

MARKET: dict[str, Any] = {
    "name": "market",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "tables": [
        {"name": "buyers", "rows": 2_000, "columns": {"joined_at": {"datetime_series": {}, "role": "created"}}},
        {
            "name": "sellers",
            "rows": 400,
            "columns": {"size": {"choices": {"big": "20%", "small": "80%"}}},
            "segment_behavior": {"big": {"fanout_multiplier": 4}, "small": {}},
        },
        {
            "name": "sales",
            "parents": ["buyers", "sellers"],
            "fanout": {"poisson": 2, "per": "month", "heterogeneity": {"gamma": 2}},
            "columns": {"seller": {"ref": "sellers"}, "sold_at": {"role": "time"}},
        },
    ],
}


USERS: dict[str, Any] = {
    "name": "users",
    "rows": 3_000,
    "columns": {
        "plan": {"choices": {"vip": "20%", "free": "80%"}},
        "joined_at": {"datetime_series": {}, "role": "created"},
    },
}


def told(**process: Any) -> dict[str, Any]:
    """Users of two plans, and what one process makes of them."""
    window = {"start": "2024-01-01", "end": "2025-12-31"}
    return {
        "name": "process",
        "timeframe": window,
        "tables": [USERS, {"name": "course", "parents": ["users"], **process}],
    }


FUNNEL = told(
    stage_config={
        "stages": {
            "visit": 1,
            "sign_up": {"transition_rate": "40%", "dwell": {"lognormal": {"median": "3d", "sigma": 1}}},
            "order": {"transition_rate": "60%", "dwell": {"exponential": {"mean": "10d"}}, "skip_rate": "10%"},
        },
        "segment_variation": {"vip": {"transition_multiplier": 1.4}},
    }
)
CONTRACT = told(
    state_transition_model={
        "initial_state": "active",
        "period_unit": "month",
        "states": {"active": {"churned": "4%", "upgraded": "2%", "paused": "3%"}, "paused": {"active": "30%", "churned": "10%"}, "churned": {}},
        "segment_variation": {"vip": {"churn_multiplier": 0.4}},
    }
)  # fmt: skip
TENURE = told(
    state_transition_model={
        "initial_state": "active",
        "period_unit": "week",
        "states": {"active": {"churned": "2%"}, "churned": {}},
        "hazard_curve": [3, 2, 1],
        "heterogeneity": {"beta": [1, 49]},
    }
)
LIFE = told(
    lifecycle_model={
        "stages": {
            "new": {
                "duration": {"lognormal": {"median": "30d", "sigma": 0.4}},
                "exit_probability": "80%",
                "events_during_stage": {"event_types": ["fault"], "rate": 0.2},
            },
            "used": {"duration": {"gamma": {"shape": 4, "mean": "90d"}}, "churn_probability_per_period": "5%"},
            "worn": {"duration": {"exponential": {"mean": "50d"}}, "next_stages": {"used": "50%", "exited": "50%"}},
        }
    }
)

# pumps that are set up at midnight and change after 8 and 10 hours, give or take some minutes: in step by the day
IN_STEP: dict[str, Any] = {
    "name": "in_step",
    "timeframe": {"start": "2024-01-01", "end": "2024-02-29"},
    "tables": [
        {
            "name": "pumps",
            "rows": 3_000,
            "columns": {
                "installed_at": {
                    "datetime_series": {"within": {"start": "2024-01-01", "end": "2024-01-31"}},
                    "type": "date",
                    "role": "created",
                }
            },
        },
        {
            "name": "life",
            "parents": ["pumps"],
            "lifecycle_model": {
                "stages": {
                    "test": {"duration": "1h"},
                    "on": {"duration": "8h"},
                    "off": {"duration": {"normal": {"mean": "10h", "std": "3min"}}, "next_stages": ["on"]},
                }
            },
        },
    ],
}

# arrivals that grow, of whom some stay away
ARRIVALS: dict[str, Any] = {
    "name": "arrivals",
    "timeframe": {"start": "2024-01-01", "end": "2025-12-31"},
    "tables": [
        {
            "name": "users",
            "rows": {
                "per": "month",
                "rate": 150,
                "multipliers": [{"trend": {"growth_rate": 0.03, "time_unit": "month"}}],
            },
            "columns": {
                "plan": {"choices": {"pro": "30%", "free": "70%"}},
                "joined": {"role": "created"},
            },
            "segment_behavior": {"pro": {"fanout_multiplier": 2}, "free": {}},
            "vintage_behavior": {
                "age_based_multipliers": {
                    "decay": {"curve": [1, 0.8, 0.6], "time_unit": "month", "applies_to": "fanout", "mode": "rate"}
                }
            },
        },
        {
            "name": "visits",
            "parents": ["users"],
            "fanout": {"poisson": 1, "per": "month"},
            "columns": {
                "moment": {
                    "datetime_series": {
                        "pattern": {
                            "dimension": "hour",
                            "weights": [1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 6, 5, 5, 5, 5, 5, 4, 4, 3, 2, 2, 1],
                        }
                    }
                },
                "minutes": {"gamma": {"shape": 2, "mean": 12}, "role": "measure"},
            },
        },
    ],
}
JOURNEYS: dict[str, Any] = {
    "name": "journeys",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "tables": [
        {"name": "customers", "rows": 3_000},
        {
            "name": "touches",
            "parents": ["customers"],
            "fanout": 2,
            "attribution_chain": {
                "channels": {"search": 4, "social": 3, "email": 2, "display": 1},
                "touches": {"poisson": 3.5, "clamp": [1, 15]},
                "window": "30d",
                "conversion": 0.1,
                "effects": {"social": 0.3, "email": 0.8, "display": -0.5},
            },
        },
    ],
}
ADOPTION: dict[str, Any] = {
    "name": "adoption",
    "timeframe": {"start": "2024-01-01", "end": "2026-12-31"},
    "tables": [
        {"name": "users", "rows": 3_000, "columns": {"plan": {"choices": {"pro": "40%", "free": "60%"}}}},
        {
            "name": "adoption",
            "parents": ["users"],
            "adoption_model": {"p": 0.03, "q": 0.38, "ceiling": 0.8, "acceleration": {"pro": 1.5}},
        },
    ],
}
TRIAL: dict[str, Any] = {
    "name": "trial",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "experiments": [
        {
            "name": "checkout",
            "unit": "users",
            "start": "2024-05-01",
            "arms": {"control": 0.5, "treatment": 0.5},
            "effects": [
                {"on": "fanout", "table": "orders", "size": 1.2},
                {"on": "value", "table": "orders.amount", "size": 1.2},
                {"on": "value", "table": "orders.paid", "op": "odds", "size": 1.5},
                {"on": "stage", "table": "visits.paid", "size": 1.3},
                {"on": "churn", "table": "contracts", "size": 0.6},
            ],
        }
    ],
    "tables": [
        {"name": "users", "rows": 3_000, "columns": {"joined": {"datetime_series": {}, "role": "created"}}},
        {
            "name": "orders",
            "parents": ["users"],
            "fanout": {"poisson": 0.5, "per": "month"},
            "columns": {
                "moment": {"role": "time"},
                "amount": {"lognormal": {"median": 20, "sigma": 0.4}, "decimals": 2},
                "paid": {"bernoulli": 0.1},
            },
        },
        {
            "name": "visits",
            "parents": ["users"],
            "stage_config": {
                "stages": {"cart": 1, "paid": {"transition_rate": "50%", "dwell": {"exponential": {"mean": "2d"}}}}
            },
        },
        {
            "name": "contracts",
            "parents": ["users"],
            "state_transition_model": {
                "initial_state": "active",
                "period_unit": "month",
                "states": {"active": {"churned": "6%", "paused": "5%"}, "paused": {"active": "40%"}, "churned": {}},
            },
        },
    ],
}
TOGETHER: dict[str, Any] = {
    "name": "together",
    "tables": [
        {
            "name": "people",
            "rows": 1_500,
            "columns": {
                "age": {"normal": {"mean": 40, "std": 10}},
                "income": {"lognormal": {"median": 30, "sigma": 0.5}},
                "risk": {"beta": {"a": 2, "b": 5}},
            },
            "correlations": [
                {"columns": ["age", "income"], "spearman": 0.5},
                {"columns": ["age", "risk"], "spearman": -0.3},
            ],
        }
    ],
}

# sellers who come, and who go, over the year: the first ones are picked the most
STALLS: dict[str, Any] = {
    "name": "stalls",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "tables": [
        {"name": "buyers", "rows": 1_000},
        {
            "name": "sellers",
            "rows": 300,
            "columns": {
                "size": {"choices": {"big": "30%", "small": "70%"}},
                "opened_at": {"datetime_series": {"within": {"start": "2023-10-01", "end": "2024-12-31"}}, "role": "created"},
            },
            "segment_behavior": {"big": {"fanout_multiplier": 3}, "small": {}},
            "vintage_behavior": {
                "age_based_multipliers": {
                    "closing": {"curve": [1, 0.9, 0.7, 0.5], "time_unit": "month", "applies_to": "fanout"}
                }
            },
        },
        {
            "name": "sales",
            "parents": ["buyers", "sellers"],
            "fanout": {"poisson": 1, "per": "month", "heterogeneity": {"gamma": 2}},
            "columns": {"seller": {"ref": "sellers"}, "sold_at": {"role": "time"}},
        },
    ],
}  # fmt: skip
# visits begin and end by columns of the user, which follow the segment too
BOUNDED: dict[str, Any] = {
    "name": "bounded",
    "timeframe": {"start": "2024-01-01", "end": "2025-12-31"},
    "tables": [
        {
            "name": "users",
            "rows": 3_000,
            "columns": {
                "plan": {"choices": {"vip": "30%", "free": "70%"}},
                "joined_at": {
                    "datetime_series": {"within": {"start": "2024-01-01", "end": "2025-06-30"}},
                    "role": "created",
                },
                "wait": {"gamma": {"shape": 2, "mean": 20}, "type": "int"},
                "opened_at": {"type": "datetime", "expression": "joined_at + to_days(wait)"},
                "stay": {"gamma": {"shape": 2, "mean": 120}, "type": "int"},
                "closed_at": {
                    "type": "datetime",
                    "expression": "opened_at + to_days(if(plan = 'vip', 2 * stay, stay))",
                },
            },
            "segment_behavior": {"vip": {"fanout_multiplier": 2}, "free": {}},
            "vintage_behavior": {
                "age_based_multipliers": {
                    "decay": {"curve": [1, 0.9, 0.8, 0.7], "time_unit": "month", "applies_to": "fanout", "mode": "rate"}
                }
            },
        },
        {
            "name": "visits",
            "parents": ["users"],
            "fanout": {
                "poisson": 2,
                "per": "month",
                "from": "opened_at",
                "until": "closed_at",
                "heterogeneity": {"gamma": 3},
                "multipliers": [{"trend": {"growth_rate": 0.04, "time_unit": "month"}}],
            },
            "columns": {
                "moment": {
                    "datetime_series": {"pattern": {"dimension": "dow", "weights": [1, 1, 1, 1, 1.5, 2, 1]}},
                    "role": "time",
                }
            },
        },
    ],
}
# effects on the volume: of the whole table, and of a key of its parents that most of a segment have
LIFTED: dict[str, Any] = {
    "name": "lifted",
    "timeframe": {"start": "2024-01-01", "end": "2025-12-31"},
    "tables": [
        {
            "name": "sales",
            "kind": "vocab",
            "columns": {"country": {"type": "string"}, "begins": {"type": "date"}, "ends": {"type": "date"}},
            "data": [
                {"country": "DE", "begins": "2024-03-01", "ends": "2024-05-31", "lift": 2},
                {"country": "DE", "begins": "2025-06-01", "ends": "2025-07-31", "lift": 3},
                {"country": "FR", "begins": "2025-09-01", "ends": "2025-12-31", "lift": 0.5},
            ],
        },
        {
            "name": "users",
            "rows": 2_000,
            "columns": {
                "country": {"choices": {"DE": "50%", "FR": "30%", "IT": "20%"}},
                "plan": {"choices": {"vip": "30%", "free": "70%"}},
                "joined_at": {"datetime_series": {}, "role": "created"},
            },
            "segment_behavior": {"vip": {"fanout_multiplier": 2}, "free": {}},
            "vintage_behavior": {
                "age_based_multipliers": {
                    "decay": {"curve": [1, 0.8, 0.6], "time_unit": "month", "applies_to": "fanout"}
                }
            },
        },
        {
            "name": "orders",
            "parents": ["users"],
            "fanout": {
                "poisson": 2,
                "per": "month",
                "multipliers": [{"trend": {"growth_rate": 0.03, "time_unit": "month", "applies_to": "total"}}],
            },
            "columns": {
                "moment": {
                    "datetime_series": {"pattern": {"dimension": "dow", "weights": [1, 1, 1, 1, 1.5, 2, 1]}},
                    "role": "time",
                },
            },
            "modifiers": [
                {
                    "effect": {
                        "effect_table": "sales",
                        "on": {"users.country": "country"},
                        "window": {"start_col": "begins", "end_col": "ends"},
                        "map": {"field": "lift"},
                    }
                }
            ],
        },
    ],
}

# pings at a rate on which ages, seasons, a trend, a segment and an experiment act, with amounts of their own; tips by a law
EMITS: dict[str, Any] = {
    "name": "emits",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "experiments": [
        {
            "name": "trial",
            "unit": "users",
            "start": "2024-07-01",
            "arms": {"control": 0.5, "treatment": 0.5},
            "effects": [
                {"on": "fanout", "table": "events.ping", "size": 1.4},
                {"on": "value", "table": "events.ping.amount", "size": 1.2},
            ],
        },
        {
            "name": "nudge",
            "start": "timeframe.start",
            "unit": "users",
            "arms": {"control": 0.5, "treatment": 0.5},
            "effects": [{"on": "fanout", "table": "events.tip", "size": 1.5}],
        },
    ],
    "tables": [
        {
            "name": "users",
            "rows": 2_000,
            "pk": "user_id",
            "columns": {
                "user_id": {},
                "tier": {"choices": {"vip": "30%", "plain": "70%"}},
                "joined_at": {
                    "datetime_series": {"within": {"start": "2024-01-01", "end": "2024-09-30"}},
                    "role": "created",
                },
            },
            "segment_behavior": {
                "segment_column": "tier",
                "applies_to": ["events", "events.amount"],
                "segments": {"vip": {"fanout_multiplier": 2, "value_multiplier": 1.5}, "plain": {}},
            },
            "vintage_behavior": {
                "age_based_multipliers": {
                    "decay": {"curve": [1, 0.8, 0.6], "time_unit": "month", "applies_to": ["events"], "mode": "rate"}
                }
            },
        },
        {
            "name": "events",
            "kind": "stream",
            "order_by": ["moment"],
            "columns": {
                "event_id": {},
                "user_id": {},
                "moment": {"type": "datetime", "role": "time"},
                "event_type": {},
                "amount": {"type": "float"},
            },
            "emits": [
                {
                    "id": "ping",
                    "of": "users",
                    "event_type": "ping",
                    "fanout": {
                        "poisson": 3,
                        "per": "month",
                        "heterogeneity": {"gamma": 3},
                        "multipliers": [
                            {"trend": {"growth_rate": 0.1, "time_unit": "month"}},
                            {"seasonality": {"dimension": "dow", "weights": [1, 1, 1, 1, 1.5, 2, 1]}},
                        ],
                    },
                    "columns": {
                        "amount": {
                            "generator": {"lognormal": {"median": 20, "sigma": 0.4}},
                            "modifiers": [{"trend": {"growth_rate": 0.02, "time_unit": "month"}}],
                        }
                    },
                },
                {
                    "id": "tip",
                    "of": "users",
                    "event_type": "tip",
                    "fanout": {"poisson": 3},
                    "at": {"datetime_series": {}},
                    "columns": {"amount": {"uniform": {"low": 5, "high": 9}}},
                },
            ],
        },
    ],
}
DOCUMENTS = {
    "shop": SHOP, "market": MARKET, "funnel": FUNNEL, "contract": CONTRACT, "tenure": TENURE, "life": LIFE,
    "arrivals": ARRIVALS, "journeys": JOURNEYS, "adoption": ADOPTION, "trial": TRIAL, "together": TOGETHER,
    "bounded": BOUNDED, "lifted": LIFTED, "stalls": STALLS, "in_step": IN_STEP, "emits": EMITS,
}  # fmt: skip
