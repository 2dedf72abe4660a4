"""Says before anything is made that a data set would be larger than a run makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from datagen.errors import Finding
from datagen.plan.estimate import estimate
from datagen.plan.explain import spell_bytes
from datagen.plan.model import Plan, TablePlan

MOST_ROWS = 1_000_000_000  # of a run, unless --max-rows says otherwise
LARGEST_MOST = 10**15  # what --max-rows can say
SLACK = 1.05  # an expectation is not yet a count: near the limit the ledger decides


def say_too_many(tables: Mapping[str, TablePlan], refuse: Callable[..., None]) -> None:
    """A warning for more rows than a run writes unasked, an error for more than any run makes, at the largest table."""
    for counted, most, severity in (
        (tuple(tables.values()), LARGEST_MOST, "error"),  # hidden tables too: they are made, if not written
        (_written(tables), MOST_ROWS, "warning"),
    ):
        if sum(table.expected_rows for table in counted) <= most:
            continue
        widest = _widest(counted)
        refuse(
            "rows.too_many",
            (*widest.loc, "rows" if widest.parent is None else "fanout"),
            found=_said(counted),
            expected=f"at most {MOST_ROWS:,} rows, or what --max-rows allows",
            hint=f"--max-rows ends at {most:,}" if severity == "error" else "generate makes them with --max-rows",
            severity=severity,
        )
        return


def too_many(plan: Plan, most: int) -> Finding | None:
    """What is wrong with a plan whose expected rows are clearly more than a run may write, or None."""
    written = _written({table.id: table for table in plan.made_tables})
    if sum(table.expected_rows for table in written) <= most * SLACK:
        return None
    placed = next((one for one in plan.findings if one.code == "rows.too_many"), None)
    return (placed or Finding("rows.too_many", json_path=_widest(written).id)).moved(
        severity="error",
        found=_said(written),
        expected=f"at most {most:,} rows",
        hint="say --max-rows to allow more",
    )


def _written(tables: Mapping[str, TablePlan]) -> tuple[TablePlan, ...]:
    return tuple(table for table in tables.values() if not table.hidden)


def _widest(tables: Sequence[TablePlan]) -> TablePlan:
    return max(tables, key=lambda table: table.expected_rows)


def _said(tables: Sequence[TablePlan]) -> str:
    each, widest = [estimate(table) for table in tables], _widest(tables)
    rows, size = sum(one.rows for one in each), spell_bytes(sum(one.bytes for one in each))
    most = f", {_rows(widest.expected_rows)} of them in {widest.id}" if len(tables) > 1 else ""
    return f"about {_rows(rows)} rows, {size} of Parquet{most}"


def _rows(number: float) -> str:
    """A number of rows; one that nobody reads digit by digit in short."""
    return f"{number:,.0f}" if number <= LARGEST_MOST else f"{number:.3g}"
