"""`bernoulli`: yes with a given probability, in each row by itself."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import column, fails, near_share, one_column, refused, schema, table, values
from tests.parts.proofs import proof
from tests.support import made

ROWS = 20_000


@proof("generator", "bernoulli")
def test_the_share_of_yes_is_the_probability() -> None:
    for p in (0.02, 0.5, 0.8):
        assert near_share(values({"bernoulli": {"p": p}}, rows=ROWS).mean(), p, ROWS)


@pytest.mark.parametrize("p", ["20%", "0.2", 0.2])
def test_percentages_and_the_short_form_say_the_same(p: object) -> None:
    assert values({"bernoulli": p}).equals(values({"bernoulli": {"p": 0.2}}))


def test_never_and_always() -> None:
    assert values({"bernoulli": {"p": 0}}).sum() == 0
    assert values({"bernoulli": {"p": 1}}).sum() == 1_000


def test_rows_are_independent() -> None:
    found = values({"bernoulli": {"p": 0.5}}, rows=ROWS).to_numpy()
    assert near_share((found[1:] == found[:-1]).mean(), 0.5, ROWS - 1)


@proof("generator", "bernoulli")
def test_the_probability_may_be_a_formula_of_the_row() -> None:
    document = schema(
        table(
            "t",
            ROWS,
            column("tier", {"choice": {"choices": ["a", "b"]}}),
            column("x", {"bernoulli": {"p": "case when tier = 'a' then 0.1 else 0.7 end"}}),
        )
    )
    frame = made(document, "t")
    for tier, p in (("a", 0.1), ("b", 0.7)):
        found = frame.filter(pl.col("tier") == tier)["x"]
        assert near_share(found.mean(), p, len(found))


def test_a_null_probability_gives_a_null() -> None:
    document = one_column({"bernoulli": {"p": "case when row_number > 3 then 0.5 end"}}, rows=10, nullable=True)
    assert made(document, "t")["x"].null_count() == 3


@pytest.mark.parametrize("p", [-0.1, 1.5, "120%"])
def test_what_is_no_probability_is_refused(p: object) -> None:
    told = refused(one_column({"bernoulli": {"p": p}}), "share.out_of_range")
    assert told.json_path.endswith("p")


def test_a_formula_that_leaves_the_probabilities_stops_the_run() -> None:
    told = fails(one_column({"bernoulli": {"p": "row_number * 0.3"}}, rows=10), "t", "share.out_of_range")
    assert "7 rows" in told.found
    assert told.json_path == "t.x"


def test_a_formula_must_be_a_number_and_the_column_a_bool() -> None:
    assert refused(one_column({"bernoulli": {"p": "concat('a', 1)"}}), "bernoulli.p_type").json_path.endswith("p")
    assert refused(one_column({"bernoulli": {"p": 0.5}}, type="int"), "column.type_mismatch")


def test_three_rows_cannot_all_differ() -> None:
    assert (
        "2 possible values < 3 rows"
        in refused(one_column({"bernoulli": {"p": 0.5}}, rows=3, unique=True), "unique.domain_too_small").found
    )
    assert np.isin(values({"bernoulli": {"p": 0.5}}, rows=50).to_numpy(), [True, False]).all()
