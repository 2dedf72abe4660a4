"""Documents with every imperfection, at different depths and on columns of every type."""

from __future__ import annotations

from typing import Any

import polars as pl

from datagen.plan.spoils import clean
from tests.support import plan_of, table_of

WINDOW = {"start": "2024-01-01", "end": "2024-12-31"}


def table(columns: dict[str, Any], rows: int = 4000, **more: Any) -> dict[str, Any]:
    """One table `people` of some columns."""
    return {
        "name": "dirt",
        "timeframe": WINDOW,
        "tables": [{"name": "people", "rows": rows, "columns": columns, **more}],
    }


def pairs(column: dict[str, Any], rows: int = 4000) -> tuple[pl.Series, pl.Series]:
    """The values of a column as they are and as they are written, where these differ."""
    plan = plan_of(table({"x": column}, rows=rows))
    dirty, pure = (table_of(one, "people").get_column("x") for one in (plan, clean(plan)))
    differ = dirty.ne_missing(pure)
    return pure.filter(differ), dirty.filter(differ)


PEOPLE: dict[str, Any] = {
    "name": {"faker": "name", "imperfections": [{"typos": "3%"}, {"missing": "1%"}]},
    "segment": {
        "choices": {"vip": "15%", "standard": "60%", "budget": "25%"},
        "imperfections": {"missing": {"rate": "5%", "mechanism": "mar", "depends_on": "income"}, "typos": "5%"},
    },
    "income": {
        "lognormal": {"median": 30000, "sigma": 0.5},
        "imperfections": {"missing": {"rate": "10%", "mechanism": "mnar"}, "outliers": "1%"},
    },
    "born": {"type": "date", "datetime_series": {}, "imperfections": {"outliers": "2%"}},
    "seen": {
        "datetime_series": {}, "precision": "ms",
        "imperfections": {"late": {"profile": {"same_day": "80%", "1-3d": "18%", "4-7d": "2%"}}},
    },
    "ok": {"bernoulli": 0.3, "imperfections": {"missing": "10%"}},
}  # fmt: skip

VISITS: dict[str, Any] = {
    "person": {"ref": "people", "nullable": True, "imperfections": {"missing": "4%"}},
    "at": {
        "datetime_series": {}, "when": "ordinal > 1",
        "imperfections": {"late": {"rate": "5%", "delay": "1h..2d"}, "missing": {"rate": "3%", "mechanism": "mar", "depends_on": "n"}},
    },
    "n": {
        "type": "int", "poisson": 3,
        "imperfections": {"outliers": {"rate": "10%", "magnitude": "3..9"}, "missing": {"rate": "10%", "exact": False}},
    },
    "copy": {"expression": "n * 2"},
    "price": {"uniform": {"low": 0, "high": 9}, "decimals": 2, "imperfections": {"outliers": {"rate": "5%", "exact": False}}},
}  # fmt: skip

TWO: dict[str, Any] = {
    "name": "dirt",
    "timeframe": WINDOW,
    "tables": [
        {"name": "people", "rows": 700, "duplicates": {"rate": "2%"}, "columns": PEOPLE},
        {
            "name": "visits", "parents": ["people"], "fanout": {"poisson": 3},
            "duplicates": {"rate": "1%", "exact": False}, "columns": VISITS,
        },
    ],
}  # fmt: skip

CODES: dict[str, Any] = {
    "name": "codes",
    "tables": [
        {
            "name": "parts", "rows": 300, "pk": "code", "duplicates": {"rate": "10%"},
            "columns": {
                "code": {"faker": {"method": "bothify", "text": "??-####"}, "unique": True},
                "maker": {"choices": ["a", "b", "c"], "imperfections": {"typos": 1.0}},
                "weight": {"normal": {"mean": 0, "std": 1e-7}, "imperfections": {"outliers": {"rate": "50%", "magnitude": 0.1}}},
            },
        }
    ],
}  # fmt: skip
