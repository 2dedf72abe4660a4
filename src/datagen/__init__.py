"""Datagen: realistic, deterministic, multi-table data sets from a declarative schema.

import datagen as dg

shop = dg.load("shop.yaml")
shop.validate()                       # list of findings, empty when all is well
ds = shop.generate(seed=7, scale=0.1)  # nothing is made yet
ds["orders"].polars()
ds.write("out/shop", format="parquet")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datagen.version import __version__

if TYPE_CHECKING:
    from datagen.dataset import Dataset, Table
    from datagen.errors import DatagenError, Finding, MachineError, SchemaError, UsageError
    from datagen.handle import Findings, Schema, load, load_text, report_on

__all__ = [
    "DatagenError", "Dataset", "Finding", "Findings", "MachineError", "Schema", "SchemaError", "Table", "UsageError",
    "__version__", "load", "load_text", "report_on",
]  # fmt: skip

# name -> module; loaded when it is first used, so that `import datagen` is quick
_HOMES = {
    "Dataset": "dataset", "Table": "dataset", "DatagenError": "errors", "Finding": "errors", "MachineError": "errors",
    "SchemaError": "errors", "UsageError": "errors", "Findings": "handle", "Schema": "handle", "load": "handle",
    "load_text": "handle", "report_on": "handle",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'datagen' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"datagen.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
