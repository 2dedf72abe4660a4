"""Text files packed with gzip, block by block: `orders.csv.gz` holds the bytes that `orders.csv` would.

The header names no file and no time, so the same rows give the same bytes wherever zlib is the same one.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from datagen.sinks.disk import disk_errors
from datagen.sinks.part import PartFile

if TYPE_CHECKING:
    import polars as pl

    from datagen.sinks.writer import Encoder

SUFFIX = ".gz"
CHUNK = 1 << 20  # bytes that are unpacked at a time
LEVEL = 5  # of 9: within a tenth of the smallest files, in half the time
BROKEN = (gzip.BadGzipFile, EOFError, zlib.error)  # what reading raises where the bytes are no gzip, or not all of it
GZIP = 16 + zlib.MAX_WBITS  # how zlib is told to write the header and the sum of gzip; it writes no time and no name


class Gzipped(PartFile):
    """A part whose bytes are packed on their way; rows, size and checksum are those of the packed file."""

    def __init__(self, directory: Path, name: str) -> None:
        super().__init__(directory, name)
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)

    def write(self, piece: bytes | bytearray | memoryview) -> int:
        """Pack a piece; what is packed by now goes to the disk."""
        packed = self._packer.compress(piece)
        if packed:
            super().write(packed)
        return len(piece)

    def end(self) -> None:
        """Write what is left, and the sum."""
        super().write(self._packer.flush())


class Packing:
    """An encoder of texts into a packed part."""

    def __init__(self, encoder: Encoder, file: Gzipped) -> None:
        self.encoder, self.file = encoder, file

    def append(self, frame: pl.DataFrame) -> None:
        """Write a block."""
        self.encoder.append(frame)

    def finish(self) -> None:
        """Write the end of the texts and of the packing."""
        self.encoder.finish()
        self.file.end()


def unpacked(format: str) -> str:
    """The format inside: csv for csv.gz."""
    return format.removesuffix(SUFFIX)


def reading(file: Path) -> IO[bytes]:
    """A file of texts as it was before packing, to be read from the front."""
    packed = file.name.endswith(SUFFIX)
    return cast("IO[bytes]", gzip.open(file, "rb")) if packed else file.open("rb")


def packed(file: Path) -> bool:
    """Whether a file begins as gzip does, whatever its name."""
    with disk_errors("reading", file), file.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def sound(file: Path) -> bool:
    """Whether a packed file is all there and its sum is right: DuckDB, which reads it afterwards, does not look at the sum."""
    with disk_errors("reading", file), reading(file) as stream:
        try:
            while stream.read(CHUNK):
                pass
        except BROKEN:
            return False
    return True


def whole(file: Path) -> bytes:
    """All bytes of a file of texts as they were before packing."""
    with reading(file) as stream:
        return stream.read()
