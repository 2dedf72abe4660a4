"""`uuid`: random identifiers in the form of RFC 9562, version 4."""

from __future__ import annotations

import re
from uuid import UUID

import numpy as np

from tests.parts.columns import child, column, one_column, refused, schema, table, values
from tests.parts.proofs import proof
from tests.support import made

FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
ROWS = 20_000


@proof("generator", "uuid")
def test_every_value_has_the_form_of_version_4() -> None:
    found = values({"uuid": {}}, rows=2_000)
    assert all(FORM.fullmatch(text) for text in found)
    assert {UUID(text).version for text in found} == {4}


@proof("generator", "uuid")
def test_no_two_values_are_equal() -> None:
    assert values({"uuid": {}}, rows=ROWS).n_unique() == ROWS


def test_every_free_bit_is_a_fair_coin() -> None:
    numbers = [UUID(text).int for text in values({"uuid": {}}, rows=ROWS)]
    ones = np.array([sum(number >> bit & 1 for number in numbers) for bit in range(128)])
    fixed = {62, 63, 76, 77, 78, 79}  # variant and version
    free = np.array([bit for bit in range(128) if bit not in fixed])
    # 122 coins thrown 20,000 times: 5 standard errors keep all of them with certainty 0.9999
    assert (np.abs(ones[free] - ROWS / 2) < 5 * np.sqrt(ROWS / 4)).all()


def test_it_is_a_key_of_children_too_and_moves_with_nothing() -> None:
    keyed = child("b", "a", column("b_id", {"uuid": {}}), fanout={"poisson": 3.0})
    few, many = made(schema(table("a", 100), keyed), "b"), made(schema(table("a", 200), keyed), "b")
    assert few["b_id"].n_unique() == few.height
    assert many.head(few.height).equals(few)


def test_it_takes_no_parameters_and_fits_texts_only() -> None:
    assert refused(one_column({"uuid": {"version": 7}}), "language.unknown_key").json_path.endswith("version")
    assert refused(one_column({"uuid": {}}, type="int"), "column.type_mismatch")
