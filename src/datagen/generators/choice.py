"""One of a list of values, with weights: statuses, segments, countries, product categories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError, listed
from datagen.generators._foreseen import weighted
from datagen.generators._quota import Quota, exact_places
from datagen.generators._weights import Weights, names_of
from datagen.generators.enum_list import constant_list, refuse_nulls
from datagen.schema.literals import as_column, common_type
from datagen.schema.model_values import Count, Maybe, Share, YesOrName

SOURCES = {"choices": "a list of values, or {value: weight}", "choices_ref": "a column, as table.column"}


class Choice(Generator):
    """One of `choices`, or of the values of another column (`choices_ref: table.column`), drawn with weights.

    Params: choices, or choices_ref; weights, one per choice (all at most 1: they must sum to 1; any above 1: relative;
    with %: they sum to 100), or weights_kind: `uniform`, `zipf@s` (weight of the k-th choice k^-s) or `head_tail@{h,a}`
    (the first fifth shares h equally, the rest shares 1-h by Zipf a); exact: true keeps the shares to the row over the
    table (largest remainder), the name of a table above keeps them inside each of its rows: every count is its share
    rounded down or up, and the mean over all is the share; at_least, {value: rows}, so many rows of a value under each
    driving parent, the others making up for them; clustered, the intra-class correlation of each value among the rows of
    a driving parent, 0 to 1. Fills the type of the column; one draw per row.
    """

    MAIN: ClassVar[str | None] = "choices"
    MAKES_UNIQUE: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"choice": {"choices": ["vip", "standard", "budget"], "weights": [0.15, 0.6, 0.25]}},
        {"choice": {"choices": [10, 20, 50], "weights_kind": "zipf@1.2"}},
        {"choice": {"choices": ["online", "offline"], "weights": [0.85, 0.15], "exact": True}},
    ]

    choices: list[Any] | None = Field(
        default=None, description="the values, as a list or with their weights: {free: 70%, pro: 30%}"
    )
    choices_ref: str | None = Field(default=None, description="the values stand in another table: table.column")
    weights: list[float | int | str] | None = Field(
        default=None,
        description="one per choice: all at most 1 and together 1, relative with any above 1, or with % and together 100",
    )
    weights_kind: str | None = Field(
        default=None, description="weights by the place in the list: uniform, zipf@s or head_tail@{h,a}"
    )
    exact: Maybe[YesOrName] = Field(
        default=None,
        description="keep the shares to the row: true over the table, or the name of a table above inside each of its rows",
    )
    at_least: Maybe[dict[str, Count]] = Field(
        default=None, description="fewest rows of given values under each driving parent: {admin: 1}"
    )
    clustered: Maybe[Share] = Field(
        default=None, description="how alike rows of one parent are: the intra-class correlation, 0 to 1"
    )

    @property
    def quota(self) -> Quota:
        """What is said of many rows together."""
        return Quota(self.exact, self.at_least, self.clustered)

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        yield from self.quota.reads(scope)
        target = None if self.choices_ref is None else scope.find_target(self.choices_ref)
        if target is not None:
            yield (target.table, target.name)

    def moves(self, scope: Scope) -> str:
        return self.quota.moves(scope)

    def infer(self, scope: Scope) -> ColumnType | None:
        if self.choices_ref is not None:
            target = scope.find_target(self.choices_ref)
            return None if target is None else target.type
        return cast("ColumnType | None", common_type(self.choices or []))

    def distinct(self, scope: Scope) -> bool:
        if self.choices_ref is None:
            return scope.decimals is None  # rounding may make two choices the same
        target = scope.find_target(self.choices_ref)
        return (
            target is not None and target.type == scope.column_type and scope.never_repeats(target.table, target.name)
        )

    def listed(self, scope: Scope) -> list[Any] | None:
        if self.choices is None:
            return None
        items = as_column([choice for choice in self.choices if choice is not None], scope.column_type or "string")
        return None if items.faults else items.values

    def foreseen(self, scope: Scope) -> NDArray[np.float64] | None:
        values = self.listed(scope)
        if not values or scope.column_type not in ("int", "float") or len(values) != len(self.choices or ()):
            return None
        weights = np.array(Weights(self.weights, self.weights_kind).of(len(values)))
        return weighted(np.array(values, dtype=np.float64), weights / weights.sum())

    def bind(self, scope: Scope) -> Fill:
        if (self.choices is None) == (self.choices_ref is None):
            for key in ("choices", "choices_ref"):
                if key in self.model_fields_set and getattr(self, key) is None:
                    scope.refuse("language.null_not_allowed", key, found="null", expected=SOURCES[key])
                    return _nothing
            scope.refuse(
                "choice.one_source",
                (),
                found="both choices and choices_ref" if self.choices is not None else "neither choices nor choices_ref",
                expected="exactly one of them",
            )
            return _nothing
        weights = Weights(self.weights, self.weights_kind)
        if not self.quota.sound(scope):
            return _nothing
        if scope.unique and not weights.equal:
            scope.refuse(
                "choice.unique_weights",
                "weights" if self.weights is not None else "weights_kind",
                found="weights on a column of unique values",
                expected="no weights: every value is taken at most once",
                hint="drop `unique`, or drop the weights",
            )
            return _nothing
        return self._bind_list(scope, weights) if self.choices is not None else self._bind_reference(scope, weights)

    def _bind_list(self, scope: Scope, weights: Weights) -> Fill:
        choices = self.choices or []
        if not choices:
            scope.refuse("choice.empty", "choices", found="no choices", expected="at least one choice")
            return _nothing
        items = as_column(choices, scope.column_type or "string")
        for place, fault in items.faults:
            scope.refuse(
                "column.value_type", ("choices", place), found=fault, expected=f"a value of type {scope.column_type}"
            )
        refuse_nulls(choices, "choices", scope)
        if items.faults or not weights.sound(scope, len(choices), names_of(choices)):
            return _nothing
        typed = [value if there else None for value, there in zip(items.values, items.valid, strict=True)]
        if len(set(typed)) < len(typed):
            shares: dict[Any, list[float]] = {}
            for one, weight in zip(typed, weights.of(len(choices)), strict=True):
                shares.setdefault(one, []).append(weight)
            whole = sum(map(sum, shares.values()))
            twice = {one: parts for one, parts in shares.items() if len(parts) > 1}
            sums = [f"{choice} has {100 * sum(parts) / whole:.3g} %" for choice, parts in twice.items()]
            scope.refuse(
                "choice.repeats",
                "choices",
                found=f"written more than once: {listed([str(choice) for choice in twice])}",
                expected="distinct choices on a column of unique values" if scope.unique else "each choice once",
                hint="" if scope.unique else f"their weights are added up: {listed(sums)}",
                severity="error" if scope.unique else "warning",
            )
        place = self._place(weights, scope, choices)
        if place is None:
            return _nothing
        return constant_list(items.values, scope.column_type or "string", items.valid, place)

    def _place(self, weights: Weights, scope: Scope, choices: list[Any]) -> Any:
        """(n,) positions in the list for a block; None after a refusal."""
        size = len(choices)
        if scope.unique:
            scope.domain(size, "choices")
            return _permuted(scope, lambda block: size)
        if self.quota.keys:
            texts = [str(choice).lower() if isinstance(choice, bool) else str(choice) for choice in choices]
            return self.quota.places(texts, weights.of(size), scope)
        from datagen.kernel.quantiles import GuideTable

        salt, table = scope.salt("draw"), GuideTable(weights.of(size))
        return lambda block: table.codes(block.uniform(salt))

    def _bind_reference(self, scope: Scope, weights: Weights) -> Fill:
        target = scope.target(self.choices_ref or "", "choices_ref")
        if target is None:
            return _nothing
        scope.fits(target.type or "string", "choices_ref")
        for key in ("at_least", "clustered"):
            if getattr(self, key):
                scope.refuse(
                    "quota.needs_list", key, found=f"{key} beside choices_ref", expected="choices that are written"
                )
                return _nothing
        known = scope.fixed_rows(target.table)
        if known == 0 and scope.fixed_rows(scope.table) != 0:
            scope.refuse(
                "choice.empty",
                "choices_ref",
                found=f"{target.table} has 0 rows",
                expected="at least one value to choose",
            )
            return _nothing
        if not weights.sound(scope, known, f"the {known} rows of {target.table}"):
            return _nothing
        if scope.unique and known is not None:
            scope.domain(known, "choices_ref")
        source, column, home = target.table, target.name, f"{scope.table}.{scope.column}"
        pick = self._picker(source, weights, scope)

        def fill(block: Block) -> Values:
            if block.rows and block.total(source) == 0:
                raise SchemaError(
                    Finding(
                        code="choice.empty",
                        json_path=home,
                        found=f"{source} came out with 0 rows",
                        expected="at least one value to choose",
                    )
                )
            picks = pick(block)
            return block.gather(source, column, picks).changed(picks=picks)

        return fill

    def _picker(self, source: str, weights: Weights, scope: Scope) -> Any:
        """(n,) row numbers of the other table for a block."""
        if scope.unique:
            return _permuted(scope, lambda block: block.total(source))
        salt, key, home = scope.salt("draw"), (scope.table, scope.column, "weights"), f"{scope.table}.{scope.column}"

        def made_for(rows: int) -> list[float]:
            made = weights.of(rows)
            if len(made) != rows:
                raise SchemaError(
                    Finding(
                        code="choice.weights_length",
                        json_path=home,
                        found=f"{len(made)} weights for the {rows} rows of {source}",
                        expected=f"{rows} weights",
                    )
                )
            return made

        if self.exact:
            return exact_places(self.exact, lambda block: made_for(block.total(source)), scope)
        if weights.equal:
            from datagen.kernel.picks import pick_row

            return lambda block: pick_row(block.bits(salt), block.total(source))
        from datagen.kernel.quantiles import GuideTable

        return lambda block: block.once(key, lambda: GuideTable(made_for(block.total(source)))).draw(
            block.uniform(salt)
        )


def _permuted(scope: Scope, size: Any) -> Any:
    """Positions such that no two rows of the table share one: the row's rank under a keyed permutation."""
    from datagen.kernel.permute import permuted_rank

    key, table, home = scope.seeded("permutation"), scope.table, f"{scope.table}.{scope.column}"

    def place(block: Block) -> np.ndarray:
        values = size(block)
        if block.total(table) > values:
            raise SchemaError(
                Finding(
                    code="unique.domain_too_small",
                    json_path=home,
                    found=f"{values:,} possible values < {block.total(table):,} rows",
                    expected="at least as many values as rows",
                )
            )
        return permuted_rank(block.row_number, values, key)

    return place


def _nothing(block: Block) -> Values:
    return Values("int", np.zeros(block.rows, dtype=np.int64))
