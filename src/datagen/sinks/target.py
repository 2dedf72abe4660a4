"""Decides whether a directory may be written: a new one, an empty one, or one that holds nothing but our own data set.

Anything else is refused with its own sentence, before anything is made, and nothing that the user put there is ever
removed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from datagen.errors import Finding, UsageError, listed
from datagen.sinks.disk import disk_errors
from datagen.sinks.manifest import NAME, RUN_FILES, SIDE_FILES, Manifest, read_manifest

State = Literal["absent", "empty", "published"]

OURS = ".datagen-"  # how the names of scratch directories inside a stage begin
SPOILED = f"{OURS}imperfections"  # one of them: what was done to which cell


def refuse_place(target: Path) -> None:
    """Refuse places that no data set may take, whatever they hold: the root, the home and the working directory."""
    resolved = Path(os.path.realpath(target))
    if resolved == Path(resolved.anchor):
        raise _refusal("output.root", target, "the root of the file system")
    places = [("output.home", os.path.expanduser("~"), "home"), ("output.working_directory", _working(), "working")]
    for code, name, what in places:
        place = Path(os.path.realpath(name)) if name else None
        if resolved == place:
            raise _refusal(code, target, f"your {what} directory itself")
        if place and resolved in place.parents:
            raise _refusal(code, target, f"a directory above your {what} directory")


def absolute(target: Path | str) -> Path:
    """The target from the root on, links not followed. Raises UsageError where the working directory is gone."""
    if os.path.isabs(target) or _working():
        return Path(os.path.abspath(target))
    found = "a relative path, but the working directory has been removed"
    raise UsageError(Finding("output.working_directory", path=os.fspath(target), found=found, hint="cd to another one"))


def _working() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # replaced by another run, or removed, while a shell stood in it
        return ""


def examine(target: Path) -> State:
    """What stands at the target now. Raises UsageError where it may not be replaced."""
    with disk_errors("looking at the output", target):
        try:
            mode = os.lstat(target).st_mode
        except FileNotFoundError:
            return "absent"
        except NotADirectoryError:
            raise _refusal("output.parent_is_file", target, "a path that goes through a file") from None
        if stat.S_ISLNK(mode):
            found = f"a symbolic link to {os.readlink(target)}"
            raise _refusal("output.symlink", target, found, "name the directory it points to")
        if not stat.S_ISDIR(mode):
            raise _refusal("output.is_file", target, "a file", "name a directory; the tables become files in it")
        if os.path.ismount(target) or _bound(target):
            raise mount_point(target)
        if not os.access(target, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            raise _refusal("output.not_writable", target, "a directory that you may not write to")
        names = sorted(os.listdir(target))
    if not names:
        return "empty"
    if NAME not in names:
        found = f"a directory with other things in it: {listed(names, most=5)}"
        raise _refusal("output.not_empty", target, found)
    try:
        manifest = read_manifest(target)
    except UsageError as error:
        found = f"a directory with a {NAME} that is not ours: {error.findings[0].found}"
        raise _refusal("output.not_empty", target, found) from None
    with disk_errors("looking at the output", target):
        strange = list(foreign(target, manifest))
    if strange:
        found = f"a data set, and things that Datagen did not put there: {listed(strange, most=5)}"
        raise _refusal("output.foreign_files", target, found, "move them away, or choose another directory")
    return "published"


def foreign(directory: Path, manifest: Manifest) -> Iterator[str]:
    """Names of what the manifest does not answer for; a link or a directory in place of a listed file too."""
    known = {NAME, *RUN_FILES, *SIDE_FILES, *(file.name for file in manifest.files)}
    folders = {name.split("/")[0] for name in known if "/" in name}
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if entry.name in known:
            if not entry.is_file(follow_symlinks=False):
                yield entry.name
        elif entry.name in folders and entry.is_dir(follow_symlinks=False):
            for inner in sorted(os.scandir(entry.path), key=lambda inner: inner.name):
                name = f"{entry.name}/{inner.name}"
                if name not in known or not inner.is_file(follow_symlinks=False):
                    yield name
        else:
            yield entry.name


def mount_point(target: Path) -> UsageError:
    """The refusal of a directory that cannot be exchanged, because a file system is mounted on it."""
    return _refusal(
        "output.mount_point",
        target,
        "a mount point, which cannot be replaced in one step",
        f"write to a directory inside it: {target / 'data'}",
    )


def _refusal(code: str, target: Path, found: str, hint: str = "choose a new directory") -> UsageError:
    expected = "a new or empty directory, or one that holds only a data set made before"
    return UsageError(Finding(code, path=os.fspath(target), found=found, expected=expected, hint=hint))


def _bound(target: Path) -> bool:
    """Whether a directory of the same file system is mounted there, which `ismount` does not see (docker -v, bind)."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            places = [line.split(" ")[4] for line in file]
    except FileNotFoundError:  # not Linux
        return False
    path = os.path.realpath(target)
    # the table writes blanks and backslashes as octal numbers
    escaped = path.replace("\\", r"\134").replace(" ", r"\040").replace("\t", r"\011").replace("\n", r"\012")
    return escaped in places
