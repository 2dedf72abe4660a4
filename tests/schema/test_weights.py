"""The rule of weights: shares sum to 1, percents to 100, anything above 1 is relative."""

from __future__ import annotations

from typing import Any

import pytest

from datagen.schema.weights import share, shares


def _shares(weights: list[Any], *, relative_ok: bool = True, version_1: bool = False) -> Any:
    return shares(weights, relative_ok=relative_ok, version_1=version_1)


@pytest.mark.parametrize(
    ("weights", "normal"),
    [
        ([0.2, 0.8], [0.2, 0.8]),
        ([0.333, 0.333, 0.333], [1 / 3] * 3),
        ([1, 2, 5], [0.125, 0.25, 0.625]),
        ([0.5, 3.5], [0.125, 0.875]),
        (["15%", "60 %", "25%"], [0.15, 0.6, 0.25]),
        (["0.2", 0.8], [0.2, 0.8]),
        (["100%", 0], [1.0, 0.0]),
        ([1], [1.0]),
        ([1, 0], [1.0, 0.0]),
        ([1e-300, 2], [5e-301, 1.0]),
    ],
)
def test_weights_become_shares(weights: list[Any], normal: list[float]) -> None:
    result = _shares(weights)
    assert result.code == ""
    assert result.values == pytest.approx(normal)
    assert sum(result.values) == pytest.approx(1)


@pytest.mark.parametrize(
    ("weights", "code", "place", "found"),
    [
        ([], "weights.empty", None, "no weights"),
        ([0.3, "x"], "weights.not_a_number", 1, "'x'"),
        ([0.3, None], "weights.not_a_number", 1, "null"),
        ([True, 0], "weights.not_a_number", 0, "true"),
        ([0.3, float("nan")], "weights.not_a_number", 1, "nan"),
        ([float("inf"), 1], "weights.not_a_number", 0, "inf"),
        ([2, -0.5], "weights.negative", 1, "weight -0.5"),
        ([0, 0.0], "weights.all_zero", None, "every weight is 0"),
        ([1e308, 1e308], "weights.too_large", None, "above 1e308"),
        (["15%", 0.85], "weights.mixed", 1, "0.85 beside weights with %"),
        ([0.4, 0.57], "weights.sum", None, "weights that sum to 0.97"),
        (["40%", "57%"], "weights.sum", None, "weights that sum to 97 %"),
        ([1, 1], "weights.sum", None, "weights that sum to 2"),
    ],
)
def test_faults_of_weights(weights: list[Any], code: str, place: int | None, found: str) -> None:
    result = _shares(weights)
    assert (result.values, result.code, result.place, result.severity) == (None, code, place, "error")
    assert found in result.found
    assert result.expected


def test_the_gap_is_in_the_hint() -> None:
    assert _shares([0.4, 0.57]).hint.startswith("add 0.03")
    assert _shares(["70%", "50%"]).hint.startswith("take away 20 %")


def test_sums_within_half_a_per_cent_are_meant_as_whole() -> None:
    assert _shares([0.5, 0.495]).code == ""
    assert _shares([0.5, 0.505]).code == ""
    assert _shares([0.5, 0.494]).code == "weights.sum"


def test_old_documents_are_scaled_with_a_warning() -> None:
    result = _shares([0.3, 0.3], version_1=True)
    assert (result.values, result.code, result.severity) == ([0.5, 0.5], "weights.sum", "warning")


def test_where_only_shares_may_stand() -> None:
    result = _shares([20, 0.8], relative_ok=False)
    assert (result.values, result.code, result.place, result.hint) == (None, "weights.above_one", 0, "write 20%")
    assert _shares([0.2, 0.8], relative_ok=False).values == [0.2, 0.8]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (0.04, 0.04),
        (3, 3.0),
        ("4%", 0.04),
        (" 12.5 % ", 0.125),
        ("0.1", 0.1),
        ("1e-3", 0.001),
        ("-5%", -0.05),
        ("0.07%", 0.0007),
    ],
)
def test_single_shares(written: Any, number: float) -> None:
    assert share(written) == number


@pytest.mark.parametrize(
    "written", ["x", "", "%", "4 percent", "price * 2", None, True, [], {}, "1_000", "0x10", "nan", "inf"]
)
def test_what_is_no_share(written: Any) -> None:
    assert share(written) is None
