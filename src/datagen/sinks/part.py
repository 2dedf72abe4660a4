"""One file of a table, written once from front to back, with every byte counted and hashed on the way."""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from datagen.errors import MachineError
from datagen.sinks.disk import machine_error
from datagen.sinks.manifest import FileFacts

START_WRITING = 2  # SYNC_FILE_RANGE_WRITE


class PartFile:
    """A new file that encoders write to as to any binary file; nothing is buffered here.

    Raises MachineError where the disk refuses.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self.path = directory / name
        self.bytes = 0
        self._hash = hashlib.sha256()
        self._error: MachineError | None = None
        self._descriptor = -1
        try:
            if "/" in name:
                with suppress(FileExistsError):  # another worker of this table came first
                    os.mkdir(self.path.parent)  # never the directory above: a stage that was removed must stay away
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o666)
        except OSError as error:
            raise machine_error(error, "opening", self.path) from error

    def write(self, piece: bytes | bytearray | memoryview) -> int:
        """Write all of a piece."""
        self._check()
        view = memoryview(piece).cast("B")
        done = 0
        try:
            while done < len(view):  # a write may be cut short; only the next one says why
                done += os.write(self._descriptor, view[done:])
        except OSError as error:
            self._error = machine_error(error, "writing", self.path)
            self.abandon()
            raise self._error from error
        self._hash.update(view)
        self.bytes += done
        return done

    def flush(self) -> None:
        """Nothing waits here."""

    @contextmanager
    def encoding(self) -> Iterator[None]:
        """Around an encoder, which wraps what the disk said into an error of its own: raise the disk's word instead."""
        try:
            yield
        except Exception:
            self._check()
            raise
        self._check()

    def close(self, rows: int) -> FileFacts:
        """Close the file and say what it holds."""
        self._check()
        _start_writing(self._descriptor)
        try:
            self._close()
        except OSError as error:
            raise machine_error(error, "closing", self.path) from error
        return FileFacts(self.name, rows, self.bytes, self._hash.hexdigest())

    def abandon(self) -> None:
        """Let go of a file that will not be published."""
        try:
            self._close()
        except OSError as error:
            self._error = self._error or machine_error(error, "closing", self.path)

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _start_writing(descriptor: int) -> None:
    """Let the kernel begin to write the file to the disk now, so that the fsync before publishing finds little to do.

    Only a hint: without the call, or where the file system has none, the same fsync takes longer.
    """
    call = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if call is not None:
        call(descriptor, ctypes.c_int64(0), ctypes.c_int64(0), START_WRITING)
