"""Documents with lives in stages, by what is declared of them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

WINDOW = {"start": "2024-01-01", "end": "2024-12-31"}
STAGES: dict[str, Any] = {
    "young": {
        "duration": {"gamma": {"shape": 4, "mean": "20d"}},
        "exit_probability": "90%",
        "events_during_stage": {"event_types": {"visit": 3, "call": 1}, "frequency": "high"},
    },
    "grown": {
        "duration": {"lognormal": {"median": "60d", "sigma": 0.5}},
        "events_during_stage": {"event_types": ["visit"], "rate": 0.5},
        "churn_probability_per_period": "5%",
    },
    "old": {"duration": {"exponential": {"mean": "30d"}}, "next_stages": {"grown": "60%", "exited": "40%"}},
}


def changed(**stages: dict[str, Any]) -> dict[str, Any]:
    """The stages with other keys."""
    return {name: {**deepcopy(stage), **stages.get(name, {})} for name, stage in STAGES.items()}


# what is declared -> the stages
KINDS: dict[str, Any] = {
    "plain": STAGES,
    "no events": {"new": {"duration": "1d..9d"}, "used": {"duration": {"exponential": {"mean": "100d"}}}},
    "for good": {**changed(), "old": {"events_during_stage": {"event_types": ["visit"], "frequency": "low"}}},
    "churn": changed(old={"churn_probability_per_period": "40%"}),
    "return": changed(old={"next_stages": {"grown": 3, "churned": 1}}),
    "one way": changed(old={"next_stages": "grown"}),
    "won back": {
        **changed(young={"next_stages": ["grown", "old"], "exit_probability": 0.7}),
        "churned": {"duration": {"exponential": {"mean": "20d"}}, "next_stages": ["young"]},
    },
    "quick": {
        "up": {"duration": {"exponential": {"mean": "3d"}}},
        "down": {"duration": {"uniform": {"low": "1s", "high": "9h"}}, "next_stages": ["up"]},
    },
    "by parent": changed(grown={"duration": {"exponential": {"mean": "to_days(patience)"}}}),
}


def lives(kind: str = "plain", *, rows: int = 300, **changes: Any) -> dict[str, Any]:
    """Members and their lives. changes: stages by name."""
    return {
        "timeframe": dict(WINDOW),
        "nodes": [
            {
                "id": "member",
                "rows": rows,
                "columns": [
                    {
                        "name": "segment",
                        "generator": {"choice": {"choices": ["vip", "standard"], "weights": [0.25, 0.75]}},
                    },
                    {
                        "name": "patience",
                        "type": "int",
                        "generator": {"distribution": {"uniform": {"low": 10, "high": 100}}},
                    },
                    {
                        "name": "created_at",
                        "role": "created",
                        "generator": {"datetime_series": {"within": {"start": "2024-01-01", "end": "2024-12-31"}}},
                    },
                ],
            },
            {
                "id": "life",
                "parents": ["member"],
                "lifecycle_model": {"stages": {**deepcopy(KINDS[kind]), **changes}},
                "columns": [
                    {"name": "place", "type": "int", "role": "stage_index"},
                    {"name": "stage", "role": "stage"},
                    {"name": "event_type", "type": "string"},
                    {"name": "at", "role": "time"},
                ],
            },
        ],
    }
