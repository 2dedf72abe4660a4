"""Who is missing: everybody alike, by another column, or by the value itself; found by logistic regression from the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datagen.plan.spoils import clean
from tests.imperfections.documents import table
from tests.parts.proofs import proof
from tests.support import plan_of, table_of

ROWS = 20_000
RATE = 0.1


def fitted(scores: np.ndarray, missing: np.ndarray) -> tuple[float, float]:
    """The slope of a logistic regression on one score, by Newton's method, and its standard error."""
    design = np.column_stack([np.ones(len(scores)), scores])
    beta = np.zeros(2)
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ beta))
        information = design.T @ (design * (p * (1 - p))[:, None])
        beta += np.linalg.solve(information, design.T @ (missing - p))
    return float(beta[1]), float(np.sqrt(np.linalg.inv(information)[1, 1]))


def slope(mechanism: dict[str, Any], by: str, **more: Any) -> tuple[float, float, int]:
    """The fitted slope of missing incomes on the standard score of a column, its error, and how many are missing."""
    columns = {
        "age": {"normal": {"mean": 50, "std": 12}},
        "income": {
            "normal": {"mean": 3000, "std": 400},
            "imperfections": {"missing": {"rate": RATE, **mechanism, **more}},
        },
    }
    plan = plan_of(table(columns, rows=ROWS))
    dirty, pure = table_of(plan, "people"), table_of(clean(plan), "people")
    numbers = pure.get_column(by).to_numpy()
    low, middle, high = np.quantile(numbers, [0.25, 0.5, 0.75])
    missing = dirty.get_column("income").is_null().to_numpy().astype(float)
    return (*fitted(np.clip((numbers - middle) / ((high - low) / 1.349), -3, 3), missing), int(missing.sum()))


MAR = {"mechanism": "mar", "depends_on": "age"}
MNAR = {"mechanism": "mnar"}


@pytest.mark.parametrize(("mechanism", "by"), [(MAR, "age"), (MNAR, "income")], ids=["mar", "mnar"])
@pytest.mark.parametrize("exact", [True, False])
def test_the_odds_rise_by_e_per_standard_deviation(mechanism: dict[str, Any], by: str, exact: bool) -> None:
    found, error, missing = slope(mechanism, by, exact=exact)
    assert abs(found - 1.0) < 4 * error, f"slope {found:.3f} ± {error:.3f}, declared 1"  # 4 standard errors
    if exact:
        assert missing == ROWS * RATE
    else:
        assert abs(missing - ROWS * RATE) < 4 * np.sqrt(ROWS * RATE * (1 - RATE))


@pytest.mark.parametrize(("mechanism", "by"), [(MAR, "income"), (MNAR, "age"), ({}, "age"), ({}, "income")])
def test_nothing_else_is_related_to_it(mechanism: dict[str, Any], by: str) -> None:
    found, error, missing = slope(mechanism, by)
    assert abs(found) < 4 * error
    assert missing == ROWS * RATE


def test_the_same_question_of_values_missing_at_random_fails() -> None:
    found, error, _ = slope({}, "age")
    with pytest.raises(AssertionError, match="slope"):
        assert abs(found - 1.0) < 4 * error, f"slope {found:.3f} ± {error:.3f}, declared 1"


@pytest.mark.parametrize(
    ("column", "scores"),
    [
        ({"choices": {"low": 0.4, "middle": 0.3, "high": 0.3}}, {"low": -1.0, "middle": 0.0, "high": 1.0}),
        ({"bernoulli": 0.4}, {False: -1.0, True: 1.0}),
    ],
    ids=["texts in the order written", "bools"],
)  # fmt: skip
def test_words_have_scores_in_the_order_written(column: dict[str, Any], scores: dict[Any, float]) -> None:
    columns = {
        "by": column,
        "x": {
            "normal": {"mean": 0, "std": 1},
            "imperfections": {"missing": {"rate": "20%", "mechanism": "mar", "depends_on": "by"}},
        },
    }
    dirty = table_of(plan_of(table(columns, rows=ROWS)), "people")
    numbers = np.array([scores[one] for one in dirty.get_column("by").to_list()])
    found, error = fitted(numbers, dirty.get_column("x").is_null().to_numpy().astype(float))
    assert abs(found - 1.0) < 4 * error, f"slope {found:.3f} ± {error:.3f}"
    assert dirty.get_column("x").null_count() == ROWS * 0.2


@proof("imperfection", "missing")
def test_open_texts_and_times_lean_too() -> None:
    columns = {
        "city": {"faker": "city"},
        "at": {"datetime_series": {}},
        "x": {
            "normal": {"mean": 0, "std": 1},
            "imperfections": {"missing": {"rate": "30%", "mechanism": "mar", "depends_on": "at"}},
        },
        "y": {
            "normal": {"mean": 0, "std": 1},
            "imperfections": {"missing": {"rate": "30%", "mechanism": "mar", "depends_on": "city"}},
        },
    }
    dirty = table_of(plan_of(table(columns, rows=ROWS)), "people")
    late = dirty.get_column("at").rank().to_numpy() > ROWS / 2
    missing = dirty.get_column("x").is_null().to_numpy()
    assert missing[late].mean() > missing[~late].mean() + 0.1
    assert dirty.get_column("y").null_count() == ROWS * 0.3


def test_a_column_that_never_differs_leans_nowhere() -> None:
    columns = {
        "same": {"type": "int", "constant": 3},
        "x": {
            "normal": {"mean": 0, "std": 1},
            "imperfections": {"missing": {"rate": "30%", "mechanism": "mar", "depends_on": "same"}},
        },
    }
    assert table_of(plan_of(table(columns, rows=500)), "people").get_column("x").null_count() == 150
