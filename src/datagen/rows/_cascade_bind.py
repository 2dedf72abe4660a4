"""Reads a cascade: its graph, its seeds and its chance per edge; and tells what it will come to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import NUMBERS, Dictionary, Reader
from datagen.errors import did_you_mean, listed
from datagen.kernel.clock import DAY_US
from datagen.rows._adopters import AdoptionRows
from datagen.rows._cascade import CLASSES, Cascade, Seeds, reached_by
from datagen.rows._contract import RowScope
from datagen.rows._exposure import Exposure
from datagen.schema.durations import LENGTHS
from datagen.schema.model_processes import AdoptionModel as Spec
from datagen.schema.weights import share

if TYPE_CHECKING:
    from datagen.rows.adoption_model import AdoptionModel

Floats = NDArray[np.float64]

WORD = "cascade"
NEEDED = ("graph", "p", "seeds")
OF_CURVES = ("q", "ceiling", "innovation_diffusion", "acceleration")
MOST_STEPS = 1_000  # that the outlook takes; further ones reach nobody
A_CONDITION = 0.05  # the share of seeds that a condition is guessed to hold for


def is_cascade(spec: Spec) -> bool:
    """Whether adoption runs along a graph."""
    return spec.curve_type == WORD or spec.graph is not None or spec.seeds is not None


def cascade_reads(spec: Spec, scope: RowScope) -> list[Any]:
    """The edges, the numbers of the rows that they join, and what the condition of the seeds looks at."""
    found: list[Any] = [(scope.parent, NUMBERS)]
    edges = scope.edges_of(spec.graph or "")
    if edges is not None:
        graph, _, source, target = edges
        found += [(graph, NUMBERS), (graph, source), (graph, target)]
    if isinstance(spec.seeds, str) and share(spec.seeds) is None:
        found += scope.names_in(spec.seeds)
    return found


def bind_cascade(
    model: AdoptionModel, exposure: Exposure, origin: int | Reader, rates: Floats
) -> tuple[Cascade, float, float, str] | None:
    """The cascade, the share that adopts, uses per parent before factors, and what to say of it; None after a refusal."""
    spec, scope = model.spec, model.scope
    edges, seeds = _edges(model), _seeds(model)
    if edges is None or seeds is None:
        return None
    cascade = Cascade(
        own=scope.own,
        parent=scope.parent,
        edges=edges,
        p=float(spec.p or 0.0),
        unit=LENGTHS[spec.time_unit or "month"],
        seeds=seeds,
        origin=origin,
        exposure=exposure,
        salt=scope.salt("converts"),
        seed_salt=scope.salt("seeds"),
    )
    adopted, used = _outlook(scope, cascade, rates)
    text = f"a cascade along {edges[0]}, from source to target, p {cascade.p:g} per edge, a step a {spec.time_unit or 'month'}"
    return cascade, adopted, used, text


def fits_cascade(model: AdoptionModel) -> bool:
    """Whether a cascade has what it needs and nothing of a curve; what is wrong is refused."""
    spec, scope = model.spec, model.scope
    beside = [key for key in OF_CURVES if getattr(spec, key) is not None]
    missing = [key for key in NEEDED if getattr(spec, key) is None]
    wrong = "without curve_type: cascade" if spec.curve_type != WORD else ""
    if beside and not wrong:
        wrong = f"with {listed(beside)}"
    if missing and not wrong:
        wrong = f"without {listed(missing)}"
    if not wrong:
        return True
    place = "graph" if spec.graph is not None else "seeds"
    scope.refuse(
        "adoption.cascade",
        model.at(place) if spec.curve_type != WORD else model.at(beside[0] if beside else "curve_type"),
        found=(f"{place} " if spec.curve_type != WORD else "a cascade ") + wrong,
        expected="curve_type: cascade with graph, p and seeds, and without the keys of a curve",
    )
    return False


def _edges(model: AdoptionModel) -> tuple[str, str, str] | None:
    """The graph and the columns of its ends."""
    scope, name = model.scope, model.spec.graph or ""
    found = scope.edges_of(name)
    if found is not None and found[1] == scope.parent:
        return found[0], found[2], found[3]
    graphs = scope.graphs_of(scope.parent)
    what = f"'{name}', which joins rows of {found[1]}" if found is not None else f"'{name}', which is no graph"
    scope.refuse(
        "adoption.graph",
        model.at("graph"),
        found=what,
        expected=f"a table with kind: graph and of: {scope.parent}" + (f", such as {listed(graphs)}" if graphs else ""),
        hint=did_you_mean(name, graphs),
    )
    return None


def _seeds(model: AdoptionModel) -> Seeds | None:
    scope, written = model.scope, model.spec.seeds
    at = model.at("seeds")
    rows = scope.fixed_rows(scope.parent)
    if isinstance(written, int) and not isinstance(written, bool):
        if written >= 1 and (rows is None or written <= rows):
            return Seeds(count=written)
        found = f"{written:,} seeds" + (f" of {rows:,} rows" if rows is not None else "")
    elif (part := share(written)) is not None:
        if 0 < part <= 1:
            return Seeds(share=part)
        found = f"a share of {part:g}"
    else:
        inner = scope.at(at[:-1])
        if isinstance(written, str) and inner.checked(written, at[-1]) is None:
            return None
        condition = inner.expression(written, at[-1])  # type: ignore[arg-type]
        if condition.type == "bool":
            return Seeds(condition=condition)
        found = f"{written!r}, which is no condition"
    scope.refuse(
        "adoption.seeds",
        at,
        found=found,
        expected="a number of rows" + (f" up to {rows:,}" if rows else "") + ", a share above 0, or a condition",
    )
    return None


def _outlook(scope: RowScope, cascade: Cascade, rates: Floats) -> tuple[float, float]:
    """Share of the parents that adopt in the window, and uses per parent, as if edges fell anywhere."""
    rows = max(scope.expected_rows(scope.parent), 1.0)
    seeds = cascade.seeds
    begin = A_CONDITION if seeds.condition is not None else min(seeds.wanted(round(rows)) / rows, 1.0)
    window = cascade.exposure.end - cascade.exposure.start
    steps = min(max(window - 1, 0) // cascade.unit, MOST_STEPS)
    reached = reached_by(steps, begin, cascade.p, scope.expected_rows(cascade.edges[0]) / rows)
    new = np.diff(reached, prepend=0.0)
    days = (window - np.arange(steps + 1) * cascade.unit) / DAY_US
    rate = np.where(np.arange(steps + 1) == 0, rates[0], rates[1])
    return float(reached[-1]), float((new * days * rate).sum())


def cascade_rows(parent: str, cascade: Cascade, uses: Any, adopted: float, used: float, text: str) -> AdoptionRows:
    """The rows of a cascade. What they come to is guessed: only the graph itself would tell."""
    classes: Mapping[str, Any] = dict.fromkeys(CLASSES)
    return AdoptionRows(
        adopters=cascade,
        uses=uses,
        categories=Dictionary(classes),
        parent=parent,
        expected=adopted + used,
        largest=1.0 if uses is None else math.inf,
        description=f"{text}: about {adopted:.0%} adopt in the window"
        + (f", {used / adopted:.3g} uses each" if used and adopted else ""),
        guessed=True,
        begins=np.array([float(cascade.exposure.start)]),
        variation=None,
        speeds={},
    )
