"""Documents with stages, by what is declared of them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

WINDOW = {"start": "2024-01-01", "end": "2024-12-31"}
STAGES: dict[str, Any] = {
    "visit": 1.0,
    "sign_up": {"transition_rate": 0.5, "dwell": {"lognormal": {"median": "2d", "sigma": 0.8}}},
    "order": {"transition_rate": 0.8, "dwell": {"exponential": {"mean": "5d"}}},
    "return": {"transition_rate": 0.4},
}
SEGMENTS = {"vip": {"transition_multiplier": 1.2}, "budget": {"transition_multiplier": 0.5}}
SLOW = {"transition_rate": 0.5, "dwell": {"lognormal": {"median": "60d", "sigma": 1}}, "min_dwell": "1d"}

# what is declared -> keys of `stage_config`
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "segments": {"segment_variation": SEGMENTS},
    "odds": {"segment_variation": SEGMENTS, "multiplier_mode": "odds"},
    "skipped": {"stages": {**STAGES, "sign_up": {"transition_rate": 0.5, "skip_rate": 0.3}}},
    "dropoff": {"dropoff_event": True, "stages": {**STAGES, "order": SLOW}},
    "compressed": {"censor": "compress", "dropoff_event": True, "stages": {**STAGES, "order": SLOW}},
    "least": {"stages": {**STAGES, "order": {"transition_rate": 0.8, "dwell": "3d", "min_dwell": "7d"}}},
    "delayed": {"start": {"from": "created_at", "delay": {"exponential": {"mean": "10d"}}}},
    "launched": {"start": {"from": "2024-03-01", "delay": {"uniform": {"low": "0d", "high": "30d"}}}},
    "several": {"instances_per_parent": {"poisson": 1.5}},
    "several delayed": {
        "instances_per_parent": "1..3",
        "start": {"from": "created_at", "delay": {"exponential": {"mean": "20d"}}},
    },
    "by parent": {
        "instances_per_parent": {"poisson": "if(segment = 'vip', 3.0, 1.0)"},
        "censor": "compress",
        "stages": {
            **STAGES,
            "order": {"transition_rate": 0.5, "dwell": {"exponential": {"mean": "to_days(patience)"}}},
        },
    },
}


def funnel(kind: str = "plain", *, rows: int = 300, **changes: Any) -> dict[str, Any]:
    """Customers and the journeys that they make. changes: keys of the journey's `stage_config`."""
    return {
        "timeframe": dict(WINDOW),
        "nodes": [
            {
                "id": "customer",
                "rows": rows,
                "columns": [
                    {
                        "name": "segment",
                        "generator": {
                            "choice": {"choices": ["vip", "standard", "budget"], "weights": [0.15, 0.6, 0.25]}
                        },
                    },
                    {
                        "name": "patience",
                        "type": "int",
                        "generator": {"distribution": {"uniform": {"low": 1, "high": 40}}},
                    },
                    {"name": "created_at", "role": "created", "generator": {"datetime_series": {}}},
                ],
            },
            {
                "id": "journey",
                "parents": ["customer"],
                "stage_config": {"stages": deepcopy(STAGES), **deepcopy(KINDS[kind]), **changes},
                "columns": [
                    {"name": "number", "type": "int", "role": "journey"},
                    {"name": "place", "type": "int", "role": "stage_index"},
                    {"name": "stage", "role": "stage"},
                    {"name": "at", "role": "time"},
                ],
            },
        ],
    }
