"""Over a hundred seeds the plan's expected values lie in the intervals that its standard errors promise (slow lane)."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen import api
from tests.recovery.planted import DOCUMENTS, with_rows
from tests.written import Tables, publish

SEEDS = 100
FEWEST = 88  # of 100 intervals of 95 %: fewer happen once in 500 by chance
SMALL = {
    **DOCUMENTS,
    "shop": with_rows(DOCUMENTS["shop"], 1_500),
    "market": with_rows(DOCUMENTS["market"], 600),
}


@pytest.mark.slow
def test_intervals_of_95_percent_cover_what_is_expected(tmp_path: Path) -> None:
    covered: dict[str, int] = {}
    for name, document in SMALL.items():
        for seed in range(SEEDS):
            directory = tmp_path / f"{name}{seed}"
            publish(document, directory, "parquet", seed=seed)
            tables = Tables(directory, "parquet")
            for effect in api.prepare(document, seed=seed).bind().effects:
                if effect.standard_error is None:
                    continue
                inside = abs(tables.value(effect.sql) - effect.expected) <= 1.959964 * effect.standard_error
                told = f"{name}: {effect.id}"  # documents have tables of the same names
                covered[told] = covered.get(told, 0) + int(inside)
            tables.database.close()
    assert len(covered) >= 60
    few = {effect: count for effect, count in covered.items() if count < FEWEST}
    pooled = sum(covered.values()) / (SEEDS * len(covered))
    assert not few, f"{few} of {SEEDS} intervals hold the target; pooled {pooled:.1%}; all: {covered}"
    # the statistics of one seed are nearly independent: 6,200 intervals have a standard error of 0.28 points
    assert 0.94 <= pooled <= 0.96, f"pooled {pooled:.1%}, target 95 %; {covered}"
