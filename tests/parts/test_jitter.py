"""The modifier `jitter`: noise added to a number, or scaling it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.parts.columns import law, modified, near_mean, numbers, one_column, refused, values
from tests.parts.proofs import proof

ROWS = 50_000
FLAT = {"distribution": 100.0}


def noise(**args: object) -> np.ndarray:
    return numbers(FLAT, rows=ROWS, modifiers=[modified("jitter", **args)])


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize(("mode", "scale"), [("add", 1.0), ("mul", 100.0)])
def test_std_is_the_standard_deviation_whatever_the_distribution(distribution: str, mode: str, scale: float) -> None:
    std = 2.0 if mode == "add" else 0.02
    found = noise(std=std, mode=mode, distribution=distribution)
    assert near_mean(found, 100, std * scale)
    assert abs(found.std() / (std * scale) - 1) < 4 / np.sqrt(
        2 * ROWS
    )  # 4 standard errors of a normal's; a uniform's are smaller


@proof("modifier", "jitter")
def test_normal_noise_is_the_default_and_is_added() -> None:
    found = noise(std=2)
    assert near_mean(found, 100, 2)
    assert abs(found.std() - 2) < 4 * 2 / np.sqrt(2 * ROWS)
    assert (np.abs(found - 100) > 4).mean() == pytest.approx(0.0455, abs=0.004)


def test_uniform_noise_has_sharp_ends() -> None:
    found = noise(std=2, distribution="uniform")
    edge = 2 * np.sqrt(3)
    assert np.abs(found - 100).max() <= edge
    assert np.abs(found - 100).max() > edge * 0.999


def test_noise_is_independent_of_the_value_and_of_other_noise() -> None:
    value = numbers(law("normal", mean=0, std=1), rows=ROWS)
    first = numbers(law("normal", mean=0, std=1), rows=ROWS, modifiers=[modified("jitter", std=1)]) - value
    both = numbers(
        law("normal", mean=0, std=1), rows=ROWS, modifiers=[modified("jitter", std=1), modified("jitter", std=1)]
    )
    second = both - value - first
    for a, b in ((value, first), (value, second), (first, second)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(ROWS)


def test_another_modifier_before_it_moves_no_noise() -> None:
    alone = noise(std=2) - 100
    after = numbers(FLAT, rows=ROWS, modifiers=[modified("add", value=7), modified("jitter", std=2)]) - 107
    assert after == pytest.approx(alone, abs=1e-7)


def test_no_deviation_changes_nothing_and_a_negative_one_is_refused() -> None:
    assert set(values(FLAT, modifiers=[modified("jitter", std=0)])) == {100.0}
    assert refused(
        one_column(FLAT, modifiers=[modified("jitter", std=-1)]), "language.out_of_range"
    ).json_path.endswith("std")
    assert refused(one_column({"uuid": {}}, modifiers=[modified("jitter", std=1)]), "modifier.needs_number")


def test_the_spelling_scale_is_std() -> None:
    assert values(FLAT, modifiers=[modified("jitter", scale=2)]).equals(
        values(FLAT, modifiers=[modified("jitter", std=2)])
    )


def test_an_int_column_stays_whole() -> None:
    found = numbers({"distribution": 100}, type="int", rows=ROWS, modifiers=[modified("jitter", std=5)])
    assert near_mean(found, 100, 5.01)
    assert found.dtype == np.int64
