"""Writes the files of one table in a format that is chosen by its word.

A part is one file. Any process may write any part: parts share nothing but the directory, and their names come from
their numbers. The word of a format names its module in this folder, its class in there and the extension of its files; one
that ends in .gz is the same, packed.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from datagen.errors import Finding, UsageError, did_you_mean, listed
from datagen.sinks.gzipped import SUFFIX, Gzipped, Packing, unpacked
from datagen.sinks.manifest import FORMATS, FileFacts, inside
from datagen.sinks.part import PartFile

if TYPE_CHECKING:
    import polars as pl

    from datagen.sinks.times import Precision


class Encoder(Protocol):
    """Turns blocks into the bytes of one file."""

    def append(self, frame: pl.DataFrame) -> None: ...
    def finish(self) -> None: ...


def open_writer(format: str, directory: Path, *, precisions: Mapping[str, Precision] | None = None) -> Writer:
    """A writer of one table's parts below `directory`. precisions: of its datetime columns, else whole seconds.

    Raises UsageError for an unknown format.
    """
    if format not in FORMATS:
        hint = did_you_mean(format, FORMATS)
        raise UsageError(Finding("format.unknown", found=repr(format), expected=listed(FORMATS), hint=hint))
    return Writer(format, directory, precisions or {})


def part_name(table: str, format: str, part: int | None = None) -> str:
    """Where a part lies in the data set: `orders.csv` for the only one (None), else `orders/part-00003.csv`."""
    return f"{table}.{format}" if part is None else f"{table}/part-{part:05}.{format}"


class Writer:
    """Writes parts. Safe to make in every worker; holds no open file itself."""

    def __init__(self, format: str, directory: Path, precisions: Mapping[str, Precision]) -> None:
        self.format = format
        self.directory = directory
        self.precisions = precisions
        word = unpacked(format)
        module = importlib.import_module(f"datagen.sinks.{word}")
        self._encoder = getattr(module, word.capitalize())

    def open_part(self, path: Path | str) -> Part:
        """A new file, named from the directory (`part_name`) or by a path inside it, to append blocks to."""
        name = os.fspath(path)
        if os.path.isabs(name):
            name = os.path.relpath(name, self.directory)
        if not inside(name):
            raise ValueError(f"{name!r} leaves the data set")
        packed = self.format.endswith(SUFFIX)
        file = Gzipped(self.directory, name) if packed else PartFile(self.directory, name)
        encoder: Encoder = self._encoder(file, self.precisions)
        return Part(file, Packing(encoder, file) if isinstance(file, Gzipped) else encoder)

    def write_part(self, frames: Iterable[pl.DataFrame], path: Path | str) -> FileFacts:
        """Write one file of at least one frame (an empty table has one without rows), all of the same columns."""
        with self.open_part(path) as part:
            for frame in frames:
                part.append(frame)
            return part.close()


class Part:
    """One file being written. Leaving the `with` block without `close` lets go of it, unfinished."""

    def __init__(self, file: PartFile, encoder: Encoder) -> None:
        self._file = file
        self._encoder = encoder
        self._frames = 0
        self.rows = 0

    def append(self, frame: pl.DataFrame) -> None:
        """Add a block behind the others."""
        with self._file.encoding():
            self._encoder.append(frame)
        self._frames += 1
        self.rows += frame.height

    def close(self) -> FileFacts:
        """Finish the file and say what it holds."""
        if not self._frames:
            raise ValueError(f"{self._file.name}: a file needs at least one frame, with or without rows")
        with self._file.encoding():
            self._encoder.finish()
        return self._file.close(self.rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.abandon()
