"""Values of the long tail of Faker's methods: a pool that Faker makes once from a fixed seed, then picks by address.

The seed is a hash of a constant, locale, method and arguments, so the pool is the same in every process, table and
run with the same Faker; a run says in its manifest which Faker that was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any, ClassVar

import numpy as np

from datagen.contracts import ColumnType, Dictionary, Values
from datagen.errors import Finding, SchemaError, quoted
from datagen.generators._faker.request import Maker, Request
from datagen.generators._faker.rows import Rows
from datagen.packs import POOL_SEED

POOL = 1_000  # values of a pool
UNIQUE_POOL = 20_000  # different values that a pool for a unique column may be asked for: some seconds of Faker
PATIENCE = 10  # calls without a new value, per value found, before a method is known to have no more
MOST_NUMBER = 10_000  # of a count or length among the arguments; Faker would fill the memory
MOST_ITEMS = 1_000
INT64_MAX = 2**63 - 1
PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "float": (float, int, Decimal),
    "bool": (bool,),
    "date": (date,),
    "datetime": (datetime,),
}


class PoolMaker(Maker):
    """Picks from a pool of Faker's values."""

    sources: ClassVar[frozenset[str]] = frozenset({"packs", "faker"})

    def __init__(self, request: Request, gives: ColumnType) -> None:
        self.request = request
        self.type: ColumnType = gives
        self.spelled = json.dumps(
            dict(sorted(request.arguments.items())), sort_keys=True, ensure_ascii=False, default=str
        )
        if request.unique:
            self.size = UNIQUE_POOL
        self._try()

    def _try(self) -> None:
        """Refuses now what the pool would refuse in a block; loads Faker only where there may be something."""
        scope = self.request.scope
        rows = scope.fixed_rows(scope.table) if self.request.unique else 0
        if not self.request.arguments and not rows:
            return
        try:
            self._pool(rows or 0)
        except SchemaError as error:
            for finding in error.findings:
                scope.refuse(finding.code, "method", found=finding.found, expected=finding.expected, hint=finding.hint)

    def _pool(self, different: int) -> Values:
        request = self.request
        try:
            return pool(request.locale, request.method, self.spelled, self.type, min(different, UNIQUE_POOL))
        except SchemaError as error:
            raise SchemaError(finding.moved(json_path=request.home) for finding in error.findings) from error

    def fill(self, rows: Rows) -> Values:
        values = self._pool(rows.block.total(self.request.scope.table) if self.request.unique else 0)
        count = len(values)
        places = (
            self.request.ranks(rows, count) if self.request.unique else rows.below(count, self.request.salt("pick"))
        )
        return values.changed(array=values.array[places])


@lru_cache(maxsize=256)
def pool(locale: str, method: str, arguments: str, gives: ColumnType, different: int) -> Values:
    """The pool of a method. different: how many values without repetition; 0 for POOL values as they come.

    Raises SchemaError "faker.argument" where Faker refuses the arguments, "unique.domain_too_small" where it has no
    more values.
    """
    given = json.loads(arguments)
    try:
        call = getattr(seeded(locale, method, arguments), method)
        if different:
            found: dict[Any, None] = {}
            idle = 0
            while len(found) < different and idle < PATIENCE * (len(found) + 50):
                before = len(found)
                found[call(**given)] = None
                idle = 0 if len(found) > before else idle + 1
            values = list(found)
        else:
            values = [call(**given) for _ in range(POOL)]
    except Exception as error:
        raise SchemaError(
            Finding(
                code="faker.argument",
                found=f"{method} of Faker refused {arguments}: {error}",
                expected="arguments that Faker takes",
            )
        ) from error
    if len(values) < different:
        raise SchemaError(
            Finding(
                code="unique.domain_too_small",
                found=f"{len(values):,} different values of {method} < {different:,} rows",
                expected="at least as many values as rows",
                hint="drop `unique`, or make fewer rows",
            )
        )
    return column_of(values, gives, method)


def seeded(locale: str, method: str, arguments: str) -> Any:
    """Faker for a locale, with the seed of one pool."""
    import faker

    digest = blake2b(digest_size=8, person=b"datagen/pool")
    for part in (POOL_SEED, locale, method, arguments):
        digest.update(len(part.encode()).to_bytes(4, "little") + part.encode())
    fake = faker.Faker(locale, use_weighting=True)
    fake.seed_instance(int.from_bytes(digest.digest(), "little"))
    return fake


def column_of(values: Sequence[Any], gives: ColumnType, method: str) -> Values:
    """Python values as a column of the type that the method gives."""
    wrong = [value for value in values if not isinstance(value, PYTHON[gives])]
    if gives == "int" and not wrong:
        wrong = [value for value in values if not -INT64_MAX <= value <= INT64_MAX]
    if wrong:
        raise SchemaError(
            Finding(
                code="faker.result",
                found=f"{method} of Faker gave {quoted(wrong[0])}",
                expected=f"values of type {gives}",
                hint="its arguments ask for something that no column of this type holds",
            )
        )
    if gives == "string":
        distinct = {text: code for code, text in enumerate(dict.fromkeys(values))}
        return Values(
            "category", np.array([distinct[text] for text in values], dtype=np.uint32), dictionary=Dictionary(distinct)
        )
    if gives in ("date", "datetime"):
        moments = np.array(values, dtype="datetime64[us]").astype(np.int64)
        return Values("time", moments)
    dtype: Any = {"int": np.int64, "float": np.float64, "bool": np.bool_}[gives]
    kind: Any = gives
    return Values(kind, np.array([float(value) if gives == "float" else value for value in values], dtype=dtype))


def argument_faults(arguments: Mapping[str, Any], kinds: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What is wrong with the arguments of a pool method: (argument, found, expected)."""
    faults: list[tuple[str, str, str]] = []
    for name, value in arguments.items():
        kind = kinds.get(name, "any")
        scalars = value if isinstance(value, (list, tuple)) else [value]
        right: tuple[type, ...] = {"int": (int,), "float": (int, float), "text": (str,), "bool": (bool,)}.get(
            kind, (int, float, str, bool)
        )
        if kind != "any" and isinstance(value, (list, tuple)):
            faults.append((name, quoted(value), f"a value of type {kind}"))
        elif len(scalars) > MOST_ITEMS:
            faults.append((name, f"{len(scalars):,} items", f"at most {MOST_ITEMS:,}"))
        elif any(
            one is not None and (not isinstance(one, right) or (kind not in ("bool", "any") and isinstance(one, bool)))
            for one in scalars
        ):
            faults.append(
                (
                    name,
                    quoted(value),
                    f"a value of type {kind}" if kind != "any" else "a text, a number or a list of them",
                )
            )
        elif any(isinstance(one, str) and len(one) > MOST_NUMBER for one in scalars):
            faults.append((name, "a very long text", f"at most {MOST_NUMBER:,} characters"))
        elif _counts(name) and any(isinstance(one, (int, float)) and abs(one) > MOST_NUMBER for one in scalars):
            faults.append((name, quoted(value), f"at most {MOST_NUMBER:,}"))
    return faults


def _counts(argument: str) -> bool:
    """Whether an argument is a count, a length or a depth rather than a value."""
    return argument.startswith("nb") or any(
        part in argument
        for part in ("length", "digits", "chars", "count", "size", "rows", "levels", "depth", "deep", "number")
    )
