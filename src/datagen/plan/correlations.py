"""`correlations` of a table: the uniforms of its columns are replaced by ones that go together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Fill
from datagen.errors import did_you_mean, listed
from datagen.generators._quota import refused_key
from datagen.kernel.copula import Copula, Margin, even, factor, latent, nearest_correlation, rank_correlation, scales
from datagen.plan.binding import Binding
from datagen.plan.names import ColumnDraft, TableDraft
from datagen.schema.literals import as_column

Floats = NDArray[np.float64]
Node = tuple[str, str]

WORDS = ("distribution", "choice", "bernoulli")
SAID = 0.02  # by which a repair may move a rank correlation without a word
REFUSED = 0.1  # and beyond which the pairs contradict each other
LAST = 1.0 - 2.0**-53


@dataclass(slots=True)
class Together:
    """The correlated columns of one table. pairs: (place, place) -> Spearman's correlation and where it stands."""

    table: str
    columns: list[str]
    pairs: dict[tuple[int, int], tuple[float, tuple[str | int, ...]]] = field(default_factory=dict)
    copula: Copula | None = None
    solved: bool = False
    salts: list[int] = field(default_factory=list)


def find_correlations(binding: Binding) -> dict[Node, Together]:
    """The correlated columns of all tables; what cannot be correlated is refused."""
    found: dict[Node, Together] = {}
    for table in binding.tables.values():
        written = binding.drafting.nodes[table.id].get("correlations") or ()
        pairs: dict[tuple[str, str], tuple[float, tuple[str | int, ...]]] = {}
        for place, one in enumerate(written):
            loc = (*table.loc, "correlations", place)
            names = [_column(binding, table, name, (*loc, "columns", at)) for at, name in enumerate(one["columns"])]
            known = [name for name in names if name is not None]
            for at, first in enumerate(known):
                for second in known[at + 1 :]:
                    _pair(binding, pairs, first, second, float(one["spearman"]), loc)
        named = {name for pair in pairs for name in pair}
        columns = [name for name in table.columns if name in named]
        if columns:
            together = Together(table.id, columns)
            together.pairs = {
                (min(columns.index(a), columns.index(b)), max(columns.index(a), columns.index(b))): said
                for (a, b), said in pairs.items()
            }
            found |= {(table.id, name): together for name in columns}
    return found


def _pair(binding: Binding, pairs: dict[Any, Any], first: str, second: str, spearman: float, loc: Any) -> None:
    key = (min(first, second), max(first, second))
    if first == second or key in pairs:
        binding.refuse(
            "correlation.twice",
            loc,
            found=f"{first} and {second}" + (" of one column" if first == second else ", correlated twice"),
            expected="every pair of columns once",
        )
        return
    pairs[key] = (spearman, loc)


def _column(binding: Binding, table: TableDraft, name: str, loc: Any) -> str | None:
    column = table.column(name)
    if column is None:
        binding.refuse(
            "ref.unknown_column",
            loc,
            found=f"'{name}'",
            expected=f"a column of {table.id}: {listed(tuple(table.columns))}",
            hint=did_you_mean(name, table.columns),
        )
        return None
    why = ""
    if column.word not in WORDS or column.process is not None:
        why = f"made by {'its process' if column.process else column.word}"
    elif "by" in column.params:
        why = "whose parameters differ by row"
    elif binding.drafting.specs[table.id, column.name].get("unique") or column.name == table.pk:
        why = "whose values are unique"
    elif key := refused_key(binding.generators.get((table.id, column.name))):
        why = f"whose {key} is a fact about many rows"
    if why:
        binding.refuse(
            "correlation.not_drawn",
            loc,
            found=f"{table.id}.{column.name}, {why}",
            expected="a column drawn from a law, from choices that are numbers, or by bernoulli",
        )
        return None
    return column.name


def correlated(binding: Binding, column: ColumnDraft, scope: Any, fill: Fill) -> Fill:
    """The function of a column with the uniforms of its table's copula; as it is without correlations."""
    together: Together | None = binding.correlated.get((column.table, column.name))
    if together is None:
        return fill
    if scope.lower or scope.upper:
        binding.refuse(
            "correlation.not_drawn",
            column.loc,
            found=f"{column.table}.{column.name}, which an inequality bounds",
            expected="a column drawn from a law, from choices that are numbers, or by bernoulli",
        )
        return fill
    if not together.solved:
        together.solved = True
        together.copula = _solve(binding, together)
        together.salts = [
            binding.scope_of(binding.tables[together.table].columns[name]).salt("draw") for name in together.columns
        ]
    copula = together.copula
    if copula is None:
        return fill
    place, turn = together.columns.index(column.name), _turn(binding, column)
    salts = together.salts

    def uniforms(block: Block) -> Floats:
        own = [block.uniform(salt) for salt in salts[: place + 1]]
        return turn(copula.uniform(place, own))

    return lambda block: fill(Drawn(block, salts[place], uniforms))


def _solve(binding: Binding, together: Together) -> Copula | None:
    """The copula of a table; None after a refusal."""
    margins = [_margin(binding, binding.tables[together.table].columns[name]) for name in together.columns]
    if any(margin is None for margin in margins):
        return None
    known = [margin for margin in margins if margin is not None]
    wanted = np.eye(len(known))
    sound = True
    for (i, j), (spearman, loc) in together.pairs.items():
        rho = latent(known[i], known[j], spearman)
        if rho is None:
            sound = False
            ends = [rank_correlation(known[i], known[j], end) for end in (-0.999999, 0.999999)]
            binding.refuse(
                "correlation.unreachable",
                (*loc, "spearman"),
                found=f"{spearman:g} between {together.columns[i]} and {together.columns[j]}",
                expected=f"{ends[0]:.2f} to {ends[1]:.2f}: their ties leave no more",
            )
            continue
        wanted[i, j] = wanted[j, i] = min(max(rho, -0.999999), 0.999999)
    lower = factor(wanted) if sound else None
    if lower is None and sound:
        near = nearest_correlation(wanted)
        for (i, j), (spearman, loc) in together.pairs.items():
            got = rank_correlation(known[i], known[j], float(near[i, j]))
            if abs(got - spearman) > SAID:
                error = abs(got - spearman) > REFUSED
                binding.refuse(
                    "correlation.contradiction" if error else "correlation.moved",
                    (*loc, "spearman"),
                    found=f"{spearman:g} between {together.columns[i]} and {together.columns[j]}, "
                    f"which together with the other pairs can be {got:.2f}",
                    expected="pairs that can hold together",
                    hint="pairs that are not written are not correlated: write them too",
                    severity="error" if error else "warning",
                )
        lower = factor(near)
    return None if lower is None else Copula(lower)


def _margin(binding: Binding, column: ColumnDraft) -> Margin | None:
    """A column as ranks see it; None after a refusal."""
    scope = binding.scope_of(column, column_type=column.type)
    spec = binding.drafting.specs[column.table, column.name]
    loc = (*column.loc, "generator", column.word)
    values: Floats | None = None
    why = "whose parameters differ by row"
    if column.word == "distribution":
        quiet = len(binding.findings)
        draw = scope.law(getattr(binding.generators[column.table, column.name], "law"), "")  # noqa: B009
        del binding.findings[quiet:]  # what is wrong with the law is said where the column is bound
        if draw is None:
            return None
        if draw.constant:
            values = draw.quantile(even(), None)
            places = 0 if column.type == "int" else spec.get("decimals")
            values = values if places is None else np.round(values, places)
    elif column.word == "bernoulli":
        from datagen.schema.weights import share

        p = share(column.params.get("p"))
        values = None if p is None else (even() > 1.0 - p).astype(np.float64)
    else:
        listing = _listing(binding, column)
        why = "whose choices are no numbers"
        if listing is not None:
            borders, _, order = scales(*listing)
            codes = np.searchsorted(borders, even(), side="right") - 1
            values = np.array(listing[0])[order][codes]
    if values is None:
        binding.refuse(
            "correlation.not_drawn",
            loc,
            found=f"{column.table}.{column.name}, {why}",
            expected="a column drawn from a law, from choices that are numbers, or by bernoulli",
        )
        return None
    return Margin(np.asarray(values, dtype=np.float64))


def _listing(binding: Binding, column: ColumnDraft) -> tuple[list[float], list[float]] | None:
    """The choices of a column and their shares, where they are numbers."""
    from datagen.generators._weights import Weights

    choices = column.params.get("choices")
    if not isinstance(choices, list) or column.type not in ("int", "float"):
        return None
    items = as_column(choices, column.type)
    if items.faults or not all(items.valid):
        return None
    weights = Weights(column.params.get("weights"), column.params.get("weights_kind")).of(len(choices))
    return [float(value) for value in items.values], [float(weight) for weight in weights]


def _turn(binding: Binding, column: ColumnDraft) -> Callable[[Floats], Floats]:
    """From a uniform that rises with the value to the one that the generator draws from."""
    if column.word == "bernoulli":
        return lambda u: np.minimum(1.0 - u, LAST)  # a small uniform is true
    listing = _listing(binding, column) if column.word == "choice" else None
    if listing is None:
        return lambda u: u
    borders, begins, _ = scales(*listing)
    last = len(begins) - 1

    def turn(u: Floats) -> Floats:
        code = np.minimum(np.searchsorted(borders, u, side="right") - 1, last)
        return np.clip(begins[code] + (u - borders[code]), 0.0, LAST)

    return turn


class Drawn:
    """A block in which one column's uniforms are others than those of its address alone."""

    def __init__(self, block: Block, salt: int, uniforms: Callable[[Block], Floats]) -> None:
        self._block, self.salt, self._uniforms = block, salt, uniforms
        self._memo: dict[object, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._block, name)

    def uniform(self, salt: int) -> Floats:
        """(n,) uniforms in [0, 1), one per row."""
        return self._uniforms(self._block) if salt == self.salt else self._block.uniform(salt)

    def memo(self, key: object, make: Callable[[], Any]) -> Any:
        """Something made once for these rows, as they are seen here."""
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]
