"""Laws whose parameters are null in a row: there is no draw, so the value is null and never a NaN."""

from __future__ import annotations

import pytest

from datagen.errors import SchemaError
from tests.support import made

TEXT = """
tables:
  - name: t
    rows: 40
    columns:
      m: {{expression: row_number / (row_number % 2), type: float, nullable: true}}
      x: {{normal: {{mean: m, std: 1}}, nullable: {nullable}}}
"""


def test_a_null_parameter_gives_a_null_value() -> None:
    frame = made(TEXT.format(nullable="true"), "t")
    assert frame["x"].is_null().to_list() == frame["m"].is_null().to_list()
    assert frame["x"].null_count() == 20


def test_a_null_parameter_of_a_column_that_is_not_nullable_is_told_as_such() -> None:
    with pytest.raises(SchemaError) as caught:
        made(TEXT.format(nullable="false"), "t")
    assert [finding.code for finding in caught.value.findings] == ["generate.null"]
