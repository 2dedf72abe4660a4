"""A small document with a state model, for questions to be asked of its files."""

from __future__ import annotations

from typing import Any

CONTRACT = "contract"


def segments() -> dict[str, Any]:
    """The segment whose hazard of loss is two fifths of the others'."""
    return {"segment_variation": {"vip": {"churn_multiplier": 0.4}}}


def model(**keys: Any) -> dict[str, Any]:
    """A twentieth leaves every month: three fifths are lost, a quarter climbs, the rest falls. None leaves a key out."""
    whole = {
        "initial_state": "active",
        "states": {
            "active": {
                "transition_prob_per_period": 0.05,
                "next_states": {"churned": 0.6, "upgraded": 0.25, "downgraded": 0.15},
            },
            "churned": {"terminal": True},
        },
        "period_unit": "month",
        **segments(),
        **keys,
    }
    return {key: value for key, value in whole.items() if value is not None}


def document(rows: int, **keys: Any) -> dict[str, Any]:
    """Users who all join on the first of January 2023, and their contracts over 24 months."""
    window = {"within": {"start": "2023-01-01", "end": "2023-01-01T00:00:01"}}
    return {
        "name": "contracts",
        "timeframe": {"start": "2023-01-01", "end": "2024-12-31"},
        "tables": [
            {
                "name": "user",
                "rows": rows,
                "columns": {
                    "segment": {"choices": {"vip": "15%", "standard": "60%", "budget": "25%"}},
                    "joined": {"datetime_series": window, "role": "created"},
                },
            },
            {"name": CONTRACT, "parents": ["user"], "state_transition_model": model(**keys)},
        ],
    }
