"""Says in one clear line what the disk would not do, and what to do about it.

Every system call that writes goes through `disk_errors`, so that a full disk is a message and an exit code, never a
traceback and never a data set that looks whole.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datagen.errors import Finding, MachineError

# error number -> (code, what is wrong, what to do)
_FACTS = {
    errno.ENOSPC: ("disk.full", "no space left on the device", "free some space, or write to another disk"),
    errno.EDQUOT: ("disk.quota", "the disk quota is used up", "free some space, or ask for a larger quota"),
    errno.EFBIG: ("disk.file_too_large", "the file is larger than this process may write", "raise `ulimit -f`"),
    errno.EROFS: ("disk.read_only", "the file system is read-only", "write to another place"),
    errno.EACCES: ("disk.permission", "permission denied", "write to a directory that you own"),
    errno.EPERM: ("disk.permission", "operation not permitted", "write to a directory that you own"),
    errno.EMFILE: ("disk.too_many_files", "too many open files", "raise `ulimit -n`, or use fewer workers"),
    errno.ENFILE: ("disk.too_many_files", "the machine has too many open files", "close other programs"),
    errno.EIO: ("disk.failure", "the disk reports an input/output error", "check the disk; do not trust what it holds"),
    errno.ENOENT: ("disk.vanished", "the file or its directory is gone", "was it removed while the run was going on?"),
    errno.ENAMETOOLONG: ("disk.name_too_long", "the name is too long for the file system", "choose a shorter name"),
    errno.ENOLCK: ("disk.no_locks", "the file system has no locks", "write to a local disk, then copy"),
}


def machine_error(error: OSError, doing: str, path: Path | str) -> MachineError:
    """The error for people: `doing` is what failed (`writing`), `path` where."""
    code, what, hint = _FACTS.get(
        error.errno or 0, ("disk.error", error.strerror or str(error) or type(error).__name__, "")
    )
    if code == "disk.full":
        hint = f"{_free(Path(path))}{hint}"
    return MachineError(Finding(code=code, path=os.fspath(path), found=f"{doing}: {what}", hint=hint))


@contextmanager
def disk_errors(doing: str, path: Path | str) -> Iterator[None]:
    """Turn an OSError inside into the MachineError that names the action and the place."""
    try:
        yield
    except OSError as error:
        raise machine_error(error, doing, path) from error


def _free(path: Path) -> str:
    """How much room is left where the path is, as the start of a hint."""
    for place in (path, *path.parents):
        try:
            state = os.statvfs(place)
        except OSError:  # the path itself may be gone; its parent tells as well
            continue
        if not state.f_favail and state.f_files:
            return "no file can be added (0 inodes are free); "
        return f"{state.f_bavail * state.f_frsize / 1e6:,.1f} MB are free; "
    return ""
