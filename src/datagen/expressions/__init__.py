"""Formulas between columns: SQL scalar expressions, read, checked against a white-list and run on whole columns.

    parse(text)  ->  Parsed.names, .check(type_of, known)  ->  Checked.type, .evaluate(columns, rows)

A formula is data, not code: nothing in it can read a file, a clock, an environment or another row. Importing this
package loads neither sqlglot nor polars; `parse` loads sqlglot, the first `evaluate` loads polars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datagen.expressions.check import Checked
    from datagen.expressions.faults import ExpressionFault, ExpressionOverflow, Fault
    from datagen.expressions.parsed import Parsed, parse
    from datagen.expressions.types import ExpressionType

__all__ = ["Checked", "ExpressionFault", "ExpressionOverflow", "ExpressionType", "Fault", "Parsed", "parse"]

# No module of the package may bear the name of something exported, or importing it would hide the export.
_HOMES = {
    "Checked": "check",
    "ExpressionFault": "faults",
    "ExpressionOverflow": "faults",
    "ExpressionType": "types",
    "Fault": "faults",
    "Parsed": "parsed",
    "parse": "parsed",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
