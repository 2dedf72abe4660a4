"""The log of a run: one JSON line per stage, with rows, seconds and the peak of memory so far."""

from __future__ import annotations

import json
import resource
from collections.abc import Mapping
from typing import Any

NAME = "log.jsonl"


class RunLog:
    """Lines in the order in which stages end."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def stage(self, name: str, seconds: float, rows: int | None = None, **facts: Any) -> None:
        """A stage has ended. rows: those that it made or looked at; None where it is about none."""
        self.lines.append(
            {"stage": name, "rows": rows, "seconds": round(seconds, 4), "peak_memory_kib": peak_memory(), **facts}
        )

    def tables(self, rows: Mapping[str, int], seconds: Mapping[str, float]) -> None:
        """A line for every table: what making it took over all workers, and writing it."""
        for table, number in rows.items():
            writing = round(seconds.get(f"write:{table}", 0.0), 4)
            self.stage("table", seconds.get(table, 0.0), number, table=table, write_seconds=writing)

    @property
    def text(self) -> str:
        """The text of log.jsonl."""
        return "".join(json.dumps(line) + "\n" for line in self.lines)


def peak_memory() -> int:
    """Peak resident memory in KiB of this process, or of its largest worker."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(one).ru_maxrss for one in who)
