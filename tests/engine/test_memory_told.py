"""What the plan says of the memory of a worker is what a run takes, within the 20 % that are promised."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from datagen.engine.grain import GRAIN_BYTES
from datagen.plan.memory import worker_bytes
from tests.support import plan_of

# makes all tables in this process and tells what was said and what was held; the peak is that of making, not of planning
RUN = """
import json, sys
from pathlib import Path
from datagen import api
from datagen.engine.executor import Job, execute
from datagen.engine.grain import GRAIN_BYTES
from datagen.plan.memory import worker_bytes

plan = api.prepare(sys.argv[1], scale=float(sys.argv[2])).bind()
said = worker_bytes(plan, GRAIN_BYTES)
Path("/proc/self/clear_refs").write_text("5")
execute(plan, Job("parquet", Path(sys.argv[3]), 1))
[line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:")]
print(json.dumps([said, int(line.split()[1]) * 1024]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("fleet", 1), ("energy", 1), ("saas", 1), ("retail", 1), ("shop", 5), ("course_churn", 1), ("orders", 0.5),
        ("clinic", 20), ("survey", 50),
    ],
)  # fmt: skip
def test_a_worker_takes_what_the_plan_says(name: str, scale: float, tmp_path: Path) -> None:
    call = [sys.executable, "-c", RUN, name, str(scale), str(tmp_path)]
    done = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True)
    said, held = json.loads(done.stdout)
    assert 0.8 <= said / held <= 1.2, f"{said / 1e6:.0f} MB said, {held / 1e6:.0f} MB held"


def test_tables_below_one_root_are_held_together_until_a_grain_is_written() -> None:
    def said(*children: str) -> float:
        more = "".join(
            f"  - {{name: {name}, parents: [users], fanout: 50, columns: {{x: {{normal: {{mean: 1, std: 1}}}}}}}}\n"
            for name in children
        )
        return worker_bytes(
            plan_of(f"tables:\n  - {{name: users, rows: 20000, columns: {{a: {{choices: [1]}}}}}}\n{more}"), GRAIN_BYTES
        )

    one, both = said("visits"), said("visits", "orders")
    assert (
        24e6 < both - one < 36e6
    )  # a million rows of three columns of 8 bytes, and a block of 65,536 rows three times
