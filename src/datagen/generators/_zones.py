"""Time zones as users name them: a zone such as Europe/Prague, or a column whose texts are zones, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, ColumnType, Reader, Scope, Values
from datagen.errors import Finding, SchemaError, did_you_mean
from datagen.kernel.zones import zone_names

Ints = NDArray[np.int64]

Zones = tuple[str, ...]  # of one row, in each column of zones
NO_ZONE = "UTC"  # of rows whose zone is null


def is_zone(text: str) -> bool:
    """Whether a text is the name of a time zone."""
    return text in zone_names()


@dataclass(frozen=True, slots=True)
class ZoneReader:
    """Reads the zone of each row. known: every zone there can be, when that is a closed list."""

    name: str
    reader: Reader
    home: str
    known: tuple[str, ...] | None

    @property
    def type(self) -> ColumnType:
        return "string"

    def __call__(self, block: Block) -> Values:
        return self.reader(block)

    def codes(self, block: Block) -> tuple[tuple[str, ...], Ints]:
        """The zones of a block, sorted, and (n,) which of them each row has."""
        names, codes = _distinct(self.reader(block))
        wrong = [name for name in names if not is_zone(name)]
        if wrong:
            raise SchemaError(
                Finding(
                    code="timezone.value",
                    json_path=self.home,
                    found=f"'{wrong[0]}' as a time zone" + (f", and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""),
                    expected="names of time zones, such as Europe/Prague",
                    hint=did_you_mean(wrong[0], zone_names()),
                )
            )
        return names, codes


@dataclass(frozen=True, slots=True)
class ZoneReaders:
    """The zones of each row in one or several columns, for weights that are each local to a column of their own."""

    readers: tuple[ZoneReader, ...]

    @classmethod
    def of(cls, read: Iterable[ZoneReader | None]) -> ZoneReaders | None:
        """Those that there are, each column once; None without any."""
        readers = {one.name: one for one in read if one is not None}
        return cls(tuple(readers.values())) if readers else None

    @property
    def known(self) -> tuple[Zones, ...]:
        """The sets of zones that there surely are: of one column whose texts are a closed list."""
        only = self.readers[0].known if len(self.readers) == 1 else None
        return tuple((zone,) for zone in only or ())

    def named(self, zones: Zones) -> Mapping[str, str]:
        """The zone of each column by its name."""
        return {one.name: zone for one, zone in zip(self.readers, zones, strict=True)}

    def codes(self, block: Block) -> tuple[tuple[Zones, ...], Ints]:
        """The sets of zones of a block, sorted, and (n,) which of them each row has."""
        found: list[Zones] = [()]
        codes = np.zeros(block.rows, dtype=np.int64)
        for one in self.readers:  # over columns of zones
            names, own = one.codes(block)
            codes, place = np.unique(codes * max(len(names), 1) + own, return_inverse=True)
            found = [(*found[code // len(names)], names[code % len(names)]) for code in codes.tolist()]
            codes = place.astype(np.int64)
        return tuple(found), codes


def _distinct(values: Values) -> tuple[tuple[str, ...], Ints]:
    """The distinct texts, sorted, and (n,) the place of each row's; nulls are NO_ZONE."""
    if values.kind == "category":
        assert values.dictionary is not None
        texts = [*values.dictionary.values, NO_ZONE]
        codes = values.array.astype(np.int64)
        if values.valid is not None:
            codes = np.where(values.valid, codes, len(texts) - 1)
        used, place = np.unique(codes, return_inverse=True)
        names = [texts[code] for code in used]
    else:
        import polars as pl

        column = values.array
        if values.valid is not None:
            column = column.zip_with(pl.Series(values.valid), pl.Series([NO_ZONE] * len(column), dtype=pl.String))
        names = column.unique().sort().to_list()
        place = column.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)
    listed = tuple(sorted(set(names)))
    return listed, np.array([listed.index(name) for name in names], dtype=np.int64)[place]


def zone_reader(name: str, scope: Scope, field: tuple[str | int, ...], *, loud: bool = True) -> ZoneReader | None:
    """The reader of a column of zones, or None after a refusal."""
    type_ = scope.type_of(name)
    if type_ is None:
        if loud:
            hint = did_you_mean(name, zone_names()) if "." not in name else ""
            scope.refuse(
                "timezone.unknown",
                field,
                found=f"'{name}'",
                expected=f"a time zone such as Europe/Prague, or a column of {scope.table} that holds one",
                hint=hint,
            )
        return None
    if type_ != "string":
        if loud:
            scope.refuse(
                "timezone.unknown",
                field,
                found=f"{name} of type {type_}",
                expected="a column of texts that are time zones, such as Europe/Prague",
            )
        return None
    known = scope.texts_of(name)
    wrong = [text for text in known or () if not is_zone(text)]
    if wrong:
        if loud:
            scope.refuse(
                "timezone.value",
                field,
                found=f"'{wrong[0]}' among the values of {name}",
                expected="names of time zones, such as Europe/Prague",
                hint=did_you_mean(wrong[0], zone_names()),
            )
        return None
    home = getattr(scope, "own", None) or f"{scope.table}.{scope.column}"  # a fan-out is told by its table
    return ZoneReader(name, scope.read(name), home, known)
