"""Laws for counts that are multiplied, where their parameters are columns of the parent."""

from __future__ import annotations

import pytest

from datagen.errors import SchemaError
from tests.rows.funnels import funnel
from tests.support import made


@pytest.mark.parametrize(
    ("law", "wait", "code"),
    [
        ({"poisson": "wait"}, "if(segment = 'vip', null, 1.0)", "stage.null"),
        ({"negative_binomial": {"mean": "wait", "shape": 2}}, "if(segment = 'vip', null, 1.0)", "stage.null"),
        ({"poisson": "wait"}, "-1.0", "law.parameter_out_of_range"),
    ],
)
def test_a_mean_that_is_null_or_below_zero_is_told(law: object, wait: str, code: str) -> None:
    document = funnel(rows=50, instances_per_parent=law)
    column = {"name": "wait", "type": "float", "nullable": True, "generator": {"expression": {"code": wait}}}
    document["nodes"][0]["columns"].append(column)
    with pytest.raises(SchemaError) as refused:
        made(document, "journey")
    assert [finding.code for finding in refused.value.findings] == [code]
