"""Puts a whole directory in the place of another one in a single step, and makes sure that the disk has it."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

EXCHANGE = 2  # RENAME_EXCHANGE
AT_CWD = -100  # AT_FDCWD
NOT_KNOWN = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)  # what a kernel or file system without it answers


def exchange(one: Path, other: Path) -> bool:
    """Let two directories change names, atomically. False where kernel or file system cannot; raises OSError.

    Source: renameat2(2).
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    status = call(AT_CWD, os.fsencode(one), AT_CWD, os.fsencode(other), ctypes.c_uint(EXCHANGE))
    if status == 0:
        return True
    number = ctypes.get_errno()
    if number in NOT_KNOWN:
        return False
    raise OSError(number, os.strerror(number), os.fspath(other))


def sync_tree(directory: Path) -> None:
    """Wait until every file below and every directory, the given one last, is on the disk. Follows no link."""
    for folder, _, names in os.walk(directory, topdown=False):
        for name in names:
            sync(Path(folder, name))
        sync(Path(folder))


def sync(path: Path) -> None:
    """Wait until one file or directory is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
