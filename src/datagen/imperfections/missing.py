"""Values that were never recorded: at random, at random given another column, or depending on the value itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from datagen.columns import take
from datagen.contracts import Block, Reader, Values
from datagen.errors import quoted
from datagen.imperfections._contract import Imperfection, Leaning, Rows, Spoil
from datagen.schema import model_column


class Missing(Imperfection):
    """Leaves out exactly round(rate × values) of a column's values (with `exact: false` each with that chance).

    Params: rate, a share of the values that are there; mechanism, mcar (the same chance for all), mar (the chance depends on
    the column `depends_on` of the row) or mnar (on the value itself). mar and mnar: the odds of being left out are e^(a + s),
    where `a` makes the rate true. Of a number or a time s is (x - median) / (interquartile range / 1.349) within -3 and 3: the
    odds are 2.7 times as high one standard deviation further up. Of a listed text s goes from -1 for the first one
    to 1 for the last one in the order written; of any other text it is a number of its own between -1 and 1,
    which the seed decides; of a bool -1 or 1; where there is no value, 0. Source: logistic model of response, Rubin 1976 for
    the names of the mechanisms.
    """

    SPEC = model_column.Missing
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"missing": {"rate": "4%"}},
        {"missing": {"rate": 0.1, "mechanism": "mar", "depends_on": "age"}},
        {"missing": {"rate": 0.05, "mechanism": "mnar"}},
    ]

    def bind(self, written: Mapping[str, Any], text: str) -> tuple[Spoil, ...]:
        spec, scope = self.spec, self.scope
        leaning: Leaning | None = None
        if spec.mechanism == "mar":
            if spec.depends_on is None:
                scope.refuse(
                    "missing.depends_on",
                    "mechanism",
                    found="mechanism: mar without depends_on",
                    expected="depends_on: a column of the row, such as age",
                )
                return ()
            leaning = self._leaning(spec.depends_on)
            if leaning is None:
                return ()
        elif spec.depends_on is not None:
            scope.refuse(
                "missing.depends_on",
                "depends_on",
                found=f"depends_on: {quoted(spec.depends_on)} with mechanism: {spec.mechanism}",
                expected="depends_on with mechanism: mar only",
                hint="say mechanism: mar" if spec.mechanism == "mcar" else "mnar depends on the value itself",
            )
            return ()
        elif spec.mechanism == "mnar":
            leaning = self._leaning(scope.column)
        column = scope.column

        def change(block: Block, rows: Rows) -> Values:
            return take(block.column(column), rows).changed(valid=np.zeros(len(rows), dtype=np.bool_), picks=None)

        return (Spoil("missing", text, spec.rate, spec.exact, scope.salt("which"), change, leaning, nulls=True),)

    def _leaning(self, name: str) -> Leaning | None:
        if self.spec.mechanism == "mar" and name.lower() == self.scope.column.lower():
            self.scope.refuse(
                "missing.depends_on",
                "depends_on",
                found=f"{name} that depends on itself with mechanism: mar",
                expected="another column, or mechanism: mnar without depends_on",
            )
            return None
        if self.scope.type_of(name) is None:
            self.scope.read(name, "depends_on")  # refuses it, with what is there
            return None
        reader: Reader = self.scope.read(name, "depends_on")
        return Leaning(reader, self.scope.texts_of(name), name)
