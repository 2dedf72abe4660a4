"""Writes the page to a file, whole or not at all, and over nothing but a page of ours."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from datagen.errors import Finding, UsageError
from datagen.sinks.disk import disk_errors

OURS = b'<meta name="generator" content="datagen report">'
HEAD = 4096  # bytes in which a page of ours says so


def save(html: str, path: Path) -> Path:
    """Write a page. Raises UsageError where something else is, MachineError for the machine."""
    if os.path.lexists(path):
        refuse_others(path)
    with disk_errors("writing", path):
        descriptor, name = tempfile.mkstemp(prefix=".datagen-report-", suffix=".html", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(html.encode())
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_mask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    return path


def refuse_others(path: Path) -> None:
    """Raises UsageError where there is something that is no report of ours."""
    found = "a directory" if path.is_dir() else None
    if found is None:
        with disk_errors("reading", path), path.open("rb") as file:
            found = None if OURS in file.read(HEAD) else "a file that is no report"
    if found is not None:
        hint = "move it away, or choose another file with -o"
        raise UsageError(
            Finding(
                "report.occupied",
                path=os.fspath(path),
                found=found,
                expected="a new file, or an earlier report",
                hint=hint,
            )
        )


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
