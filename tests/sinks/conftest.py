"""What the tests of publishing share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import small_data_set


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Two data sets of the same schema, by their seeds."""
    made = {}
    for seed in (1, 2):
        made[seed] = tmp_path_factory.mktemp(f"seed{seed}")
        small_data_set.write(made[seed], seed=seed)
    return made
