"""Replaces the value by an expression that may use the value so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from datagen.contracts import Block, Change, Modifier, Scope, Values


class Expression(Modifier):
    """A scalar SQL expression; `value` is the value so far. Params: code."""

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"transform": "expression", "args": {"code": "round(value * 2) / 2"}}]

    code: str = Field(description="formula; `value` is the value so far")

    def reads(self, scope: Scope) -> Iterable[str]:
        return tuple(name for name in scope.names_in(self.code) if name.lower() != "value")

    def bind(self, scope: Scope) -> Change:
        from datagen.plan.scope import evaluate_with

        made = scope.value_type
        # numbers may have become fractions on the way, whatever the generator made
        kind = "float" if made == "int" and len(scope.own_modifiers) > 1 else made
        checked = scope.checked(self.code, "code", extra={"value": kind})
        if checked is None:
            return lambda block, values: values
        scope.fits(checked.type, "code")
        readers = {name: scope.read(name, "code") for name in checked.names if name.lower() != "value"}

        home = f"{scope.table}.{scope.column}"

        def change(block: Block, values: Values) -> Values:
            if kind == "float" and values.kind == "int":
                values = values.changed(kind="float", array=values.array.astype("float64"))
            elif kind == "int" and values.kind == "float":
                values = values.changed(kind="int", array=values.array.round().astype("int64"))
            return evaluate_with(checked, readers, block, {"value": (values, kind)}, home)

        return change
