"""Segments that reach the rates of a stream's emits: told in the answer key, and found again in the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from datagen.api import generate, prepare
from datagen.engine.options import Options
from datagen.truth import read

NAME = "users.tier.vip.rows_of_events.ping"


def log(factor: float, order_by: list[str], **ping: Any) -> dict[str, Any]:
    return {
        "seed": 11,
        "timeframe": {"start": "2024-01-01", "end": "2024-06-30"},
        "tables": [
            {"name": "users", "rows": 2000, "pk": "user_id",
             "columns": {"user_id": {}, "tier": {"choices": {"vip": 0.3, "plain": 0.7}}},
             "segment_behavior": {"segment_column": "tier", "applies_to": ["events"], "segments": {"vip": {"fanout_multiplier": factor}}}},
            {"name": "events", "kind": "stream", "order_by": order_by,
             "columns": {"event_id": {}, "user_id": {}, "moment": {"type": "datetime", "role": "time"}, "event_type": {}},
             "emits": [
                 {"id": "ping", "of": "users", "event_type": "ping", "fanout": {"poisson": 1, "per": "month"}, **ping},
                 {"id": "tip", "of": "users", "event_type": "tip", "fanout": {"poisson": 10}, "probability": 0.5, "at": {"datetime_series": {}}},
             ]},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("order_by", [["user_id", "moment"], ["moment"]])
def test_the_answer_key_tells_of_emits_and_the_rows_agree(tmp_path: Path, order_by: list[str]) -> None:
    """The twin without the segment's factor, asked with the same SQL, says that there is nothing."""
    generate(prepare(log(2.0, order_by)), tmp_path / "out", Options(truth=True))
    effects = {one["effect_id"]: one for one in read(tmp_path / "out.truth").effects}
    told = effects[NAME]
    assert not any("tip" in name for name in effects)  # its probability also says how many there are
    assert told["expected"] == pytest.approx(2.0, rel=0.02)
    assert told["without_the_effect"] == 1.0
    generate(prepare(log(1.0, order_by)), tmp_path / "twin")
    for place, expected in ((tmp_path / "out", told["expected"]), (tmp_path / "twin", 1.0)):
        with duckdb.connect() as database:
            for name in ("users", "events"):
                database.execute(f"create view {name} as from '{place / name}.parquet'")
            row = database.execute(told["how_to_measure"]).fetchone()
        assert row is not None
        assert abs(row[0] - expected) < 4 * told["standard_error"], f"{row[0]:.3f}, told {expected:.3f}"


def test_emits_that_the_files_do_not_tell_apart_are_not_told(tmp_path: Path) -> None:
    generate(prepare(log(2.0, ["moment"], event_type="tip")), tmp_path / "out", Options(truth=True))
    assert not read(tmp_path / "out.truth").effects
