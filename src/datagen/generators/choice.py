"""One of a list of values, with weights: statuses, segments, countries, product categories."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError, listed
from datagen.generators.enum_list import constant_list
from datagen.schema.literals import as_column, common_type
from datagen.schema.weights import shares

KIND = re.compile(r"(?:uniform|zipf@\s*([0-9.]+)|head_tail@\s*\{\s*([0-9.]+%?)\s*,\s*([0-9.]+)\s*\})$")
HEAD = 0.2  # the share of the choices that `head_tail` calls the head


class Choice(Generator):
    """One of `choices`, or of the values of another column (`choices_ref: table.column`), drawn with weights.

    Params: choices, or choices_ref; weights, one per choice (all at most 1: they must sum to 1; any above 1: relative;
    with %: they sum to 100), or weights_kind: `uniform`, `zipf@s` (weight of the k-th choice k^-s) or `head_tail@{h,a}`
    (the first fifth shares h equally, the rest shares 1-h by Zipf a). Fills the type of the column; one draw per row.
    """

    MAIN: ClassVar[str | None] = "choices"
    MAKES_UNIQUE: ClassVar[bool] = True
    EXAMPLES = [
        {"choice": {"choices": ["vip", "standard", "budget"], "weights": [0.15, 0.6, 0.25]}},
        {"choice": {"choices": [10, 20, 50], "weights_kind": "zipf@1.2"}},
    ]

    choices: list[Any] | None = None
    choices_ref: str | None = None
    weights: list[float | int | str] | None = None
    weights_kind: str | None = None

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        if self.choices_ref is None:
            return ()
        target = scope.find_target(self.choices_ref)
        return () if target is None else ((target.table, target.name),)

    def infer(self, scope: Scope) -> ColumnType | None:
        if self.choices_ref is not None:
            target = scope.find_target(self.choices_ref)
            return None if target is None else target.type
        return common_type(self.choices or [])

    def listed(self, scope: Scope) -> list[Any] | None:
        return None if self.choices is None else as_column(self.choices, scope.column_type or "string").values

    def bind(self, scope: Scope) -> Fill:
        if (self.choices is None) == (self.choices_ref is None):
            scope.refuse(
                "choice.one_source", (), found="both choices and choices_ref" if self.choices is not None else "neither choices nor choices_ref",
                expected="exactly one of them",
            )
            return _nothing
        if self.weights is not None and self.weights_kind not in (None, "uniform"):
            scope.refuse("choice.two_weights", "weights_kind", found="weights and weights_kind", expected="one of them")
        if scope.unique and (self.weights is not None or self.weights_kind not in (None, "uniform")):
            scope.refuse(
                "choice.unique_weights", "weights", found="weights on a column of unique values",
                expected="no weights: every value is taken at most once", hint="drop `unique`, or drop the weights",
            )
        return self._bind_list(scope) if self.choices is not None else self._bind_reference(scope)

    def _bind_list(self, scope: Scope) -> Fill:
        choices = self.choices or []
        if not choices:
            scope.refuse("choice.empty", "choices", found="no choices", expected="at least one choice")
            return _nothing
        items = as_column(choices, scope.column_type or "string")
        for place, fault in items.faults:
            scope.refuse("column.value_type", ("choices", place), found=fault, expected=f"a value of type {scope.column_type}")
        weights = self._weights(len(choices), choices, scope)
        texts = [str(value) for value in choices]
        if len(set(texts)) < len(texts):
            twice = listed(sorted({text for text in texts if texts.count(text) > 1}))
            if scope.unique:
                scope.refuse("choice.repeats", "choices", found=f"written twice: {twice}", expected="distinct choices on a column of unique values")
            else:
                scope.refuse("choice.repeats", "choices", found=f"written twice: {twice}", expected="each choice once", hint="their weights are added up", severity="warning")
        place = self._place(weights, scope, len(choices))
        return constant_list(items.values, scope.column_type or "string", items.valid, place)

    def _place(self, weights: list[float] | None, scope: Scope, size: int) -> Any:
        """(n,) positions in the list for a block."""
        if scope.unique:
            scope.domain(size, "choices")
            return _permuted(scope, lambda block: size)
        salt = scope.salt("draw")
        from datagen.kernel.quantiles import GuideTable

        table = GuideTable(weights if weights is not None else [1.0] * size)
        return lambda block: table.draw(block.uniform(salt))

    def _bind_reference(self, scope: Scope) -> Fill:
        target = scope.target(self.choices_ref or "", "choices_ref")
        if target is None:
            return _nothing
        scope.fits(target.type or "string", "choices_ref")
        if self.weights is not None:
            rows = scope.fixed_rows(target.table)
            if rows is not None and rows != len(self.weights):
                scope.refuse("choice.weights_length", "weights", found=f"{len(self.weights)} weights for the {rows} rows of {target.table}", expected="one weight per row")
                return _nothing
        source, column = target.table, target.name
        salt, key = scope.salt("draw"), (scope.table, scope.column, "weights")
        permuted = _permuted(scope, lambda block: block.total(source)) if scope.unique else None
        home = f"{scope.table}.{scope.column}"

        def fill(block: Block) -> Values:
            rows = block.total(source)
            if rows == 0 and block.rows:
                raise SchemaError(Finding(code="choice.empty", json_path=home, found=f"{source} has no rows", expected="at least one value to choose"))
            if permuted is not None:
                picks = permuted(block)
            else:
                table = block.once(key, lambda: _guide(self._weights(rows, None, None), rows))
                picks = table.draw(block.uniform(salt))
            return block.gather(source, column, picks).changed(picks=picks)

        if self.weights is not None or self.weights_kind is not None:
            self._weights(len(self.weights) if self.weights else 10, None, scope)  # faults are told now, not in a block
        return fill

    def _weights(self, size: int, choices: list[Any] | None, scope: Scope | None) -> list[float] | None:
        """Relative weight of each of `size` choices; None when all are equal or after a refusal."""
        if self.weights is not None:
            if scope is not None and len(self.weights) != size:
                names = listed([str(choice) for choice in choices or []])
                scope.refuse(
                    "choice.weights_length", "weights", found=f"{len(self.weights)} weights for {size} choices: {names}",
                    expected=f"{size} weights", hint="give one weight per choice",
                )
                return None
            result = shares(self.weights, relative_ok=True, version_1=scope.version_1 if scope else True)
            if scope is not None and result.code:
                at = ("weights",) if result.place is None else ("weights", result.place)
                scope.refuse(
                    result.code, at, found=result.found, expected=result.expected, hint=result.hint, severity=result.severity,
                )
            return result.values
        if self.weights_kind is None:
            return None
        match = KIND.match(self.weights_kind.strip())
        if match is None:
            if scope is not None:
                scope.refuse(
                    "choice.weights_kind", "weights_kind", found=f"'{self.weights_kind}'",
                    expected="uniform, zipf@1.5 (an exponent) or head_tail@{0.6,1.5} (share of the head, exponent of the tail)",
                )
            return None
        if match[1] is not None:
            exponent = float(match[1])
            if exponent <= 0 and scope is not None:
                scope.refuse("choice.zipf_exponent", "weights_kind", found=self.weights_kind, expected="an exponent above 0")
            return [rank**-exponent for rank in range(1, size + 1)]
        if match[2] is not None:
            return self._head_tail(match[2], float(match[3]), size, scope)
        return None

    def _head_tail(self, share: str, exponent: float, size: int, scope: Scope | None) -> list[float] | None:
        head = float(share.rstrip("%")) / (100 if share.endswith("%") else 1)
        if not 0 < head < 1:
            if scope is not None:
                scope.refuse("choice.head_share", "weights_kind", found=self.weights_kind or "", expected="a share of the head between 0 and 1")
            return None
        heads = max(1, int(HEAD * size))
        tail = [rank**-exponent for rank in range(1, size - heads + 1)]
        if not tail:
            return [1.0] * size
        whole = sum(tail)
        return [head / heads] * heads + [(1 - head) * weight / whole for weight in tail]


def _guide(weights: list[float] | None, size: int) -> Any:
    from datagen.kernel.quantiles import GuideTable

    return GuideTable(weights if weights is not None else [1.0] * size)


def _permuted(scope: Scope, size: Any) -> Any:
    """Positions such that no two rows of the table share one: the row's rank under a keyed permutation."""
    from datagen.kernel.permute import permuted_rank

    key, table, home = scope.salt("permutation"), scope.table, f"{scope.table}.{scope.column}"

    def place(block: Block) -> np.ndarray:
        values = size(block)
        if block.total(table) > values:
            raise SchemaError(
                Finding(
                    code="unique.domain_too_small", json_path=home,
                    found=f"{values:,} possible values < {block.total(table):,} rows", expected="at least as many values as rows",
                )
            )
        return permuted_rank(block.row_number, values, key)

    return place


def _nothing(block: Block) -> Values:
    return Values("int", np.zeros(block.rows, dtype=np.int64))
