"""Keeps a second run out of a directory while the first one is writing it."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from datagen.errors import Finding, MachineError
from datagen.sinks.disk import machine_error

LONGEST = 32  # bytes in a lock file: a process number


class TargetLock:
    """A lock file beside the target, held as long as the process lives, and gone afterwards.

    The kernel drops the lock of a dead process, so a lock file that was left behind means nothing.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.parent / f".{target.name}.datagen.lock"
        self._descriptor = -1

    def acquire(self) -> None:
        """Take the lock, or raise MachineError at once with the number of the process that has it."""
        try:
            while not self._try():
                pass  # the file was removed by the run that just ended; take the new one
        except BlockingIOError:
            self._drop()
            raise self._taken() from None
        except OSError as error:
            self._drop()
            if isinstance(error, PermissionError):
                found = f"no permission to write in {self.target.parent}"
                hint = "the data set is made beside its directory and then put in place; choose another parent"
                finding = Finding("output.not_writable", path=os.fspath(self.target), found=found, hint=hint)
                raise MachineError(finding) from error
            raise machine_error(error, "making a lock file", self.path) from error
        except MachineError:
            self._drop()
            raise

    def release(self) -> None:
        """Remove the lock file and let go of the lock."""
        if self._descriptor >= 0:
            with suppress(
                OSError
            ):  # a lock file that stays behind locks nothing, and the run that is over is a success
                os.unlink(self.path)
            self._drop()

    def _try(self) -> bool:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o666)
        state = os.fstat(self._descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink > 1 or state.st_size > LONGEST:
            found = "something that is not a lock file has its name"
            hint = "remove it, or choose another directory"
            raise MachineError(Finding("output.lock_file", path=os.fspath(self.path), found=found, hint=hint))
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            same = os.path.samestat(os.stat(self.path, follow_symlinks=False), os.fstat(self._descriptor))
        except FileNotFoundError:
            same = False
        if not same:
            self._drop()
            return False
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        return True

    def _taken(self) -> MachineError:
        try:
            number = self.path.read_bytes()[:LONGEST].strip()
        except OSError:  # it ended meanwhile, or may not be read: the message says what is known
            number = b""
        who = f"process {int(number)}" if number.isdigit() else "another process"
        return MachineError(
            Finding(
                "output.locked",
                path=os.fspath(self.target),
                found=f"{who} is writing this data set",
                hint="wait for it to end, or choose another directory",
            )
        )

    def _drop(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):  # closed all the same, and the file holds nothing that could be lost
                os.close(descriptor)
