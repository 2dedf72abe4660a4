"""Makes a data set appear whole or not at all: it is written to a stage beside its place, then put there in one step.

    with Stage(Path("out/shop")) as stage:
        ...                      # write files below stage.path, the manifest last
        stage.publish()

Whatever ends the run before (an error, Ctrl-C, a kill, a power cut), the directory holds the old data set or the new
one. Leftovers are recognised by their names under the lock of their target, and the next run removes them, or goes on with
one of them (`journal.py`).

The step is `renameat2(RENAME_EXCHANGE)`. Where kernel or file system lack it, two renames stand in: a kill exactly
between them leaves no directory at the place, and the next run puts the old one back before it starts.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from datagen.errors import DatagenError, Finding, MachineError, SchemaError, UsageError
from datagen.sinks.disk import disk_errors, machine_error
from datagen.sinks.exchange import exchange, sync, sync_tree
from datagen.sinks.journal import Journal
from datagen.sinks.lock import TargetLock
from datagen.sinks.manifest import NAME, RUN_FILES, SIDE_FILES, Manifest, read_manifest
from datagen.sinks.target import OURS, absolute, examine, foreign, mount_point, refuse_place

Choose = Callable[[Sequence[Path]], Path | None]  # which of the stages that dead runs have left to go on with


class Stage:
    """The directory in which a data set is made; `path` is where to write, `notes` what the user should know besides.

    Entering raises UsageError for a target that may not be replaced and MachineError for what the machine refuses,
    another run in the same place among it. Leaving without `publish` removes the stage.

    choose: of the stages that dead runs have left, one to go on with (`resumed`) in place of an empty one; what it raises is
    raised before anything is removed. keep: leaving by anything but a fault of the schema or the call leaves the stage behind
    (`kept` pieces of it are finished), if there is something to go on with.
    """

    def __init__(self, target: Path | str, *, choose: Choose | None = None, keep: bool = False) -> None:
        self.target = absolute(target)
        self.notes: list[Finding] = []
        self.resumed = False
        self.kept = 0
        self._choose = choose
        self._keep = keep
        self._lock = TargetLock(self.target)
        self._made: list[Path] = []  # parent directories that did not exist, deepest first
        self._moment: Literal["staging", "moving", "published"] = "staging"
        self._path: Path | None = None
        self._own: os.stat_result | None = None  # which directory the stage is, whatever its name becomes

    @property
    def path(self) -> Path:
        """Where to write. Only inside the `with` block, before `publish`."""
        if self._path is None:
            raise ValueError("a stage has a path only inside its with block")
        return self._path

    def __enter__(self) -> Self:
        refuse_place(self.target)
        try:
            with disk_errors("preparing the output", self.target):
                examine(self.target)
                self._make_parents()
                self._lock.acquire()
                left = self._clean()
                examine(self.target)
                self.resumed = left is not None
                self._path = left or self._neighbour(
                    ""
                )  # known before it is there: a signal may come right behind mkdir
                if left is None:
                    os.mkdir(self._path)
                self._own = os.stat(self._path)
        except BaseException:
            if self._path is not None and not self.resumed:
                with suppress(OSError):  # not made yet
                    os.rmdir(self._path)
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._path is not None and self._moment != "published" and self._is_own(self._path):
            self._moment = "staging"
            if self._keep and not isinstance(error, SchemaError | UsageError):
                self.kept = Journal(self._path).number_of_pieces()
            try:
                if not self.kept:
                    shutil.rmtree(self._path)
            except OSError as reason:
                self._leftover(self._path, reason.strerror)
        self._leave()

    def publish(self) -> None:
        """Put the data set in its place. Its manifest must be there and must list every file.

        Raises UsageError when the target has changed meanwhile, MachineError when the disk refuses; then the old data
        set is still in place. The one exception says so: code `output.durability_not_confirmed`.
        """
        self._ready()
        self._bare()
        old = self._place()
        self._confirm()
        self._moment = "published"
        if old is not None:
            self._remove(old)

    def publish_behind(self, first: Stage) -> None:
        """Put two data sets in their places, `first` just before this one; where this one fails, `first` is taken back.

        Only a kill between the two steps leaves the one without the other. Raises what `publish` raises.
        """
        for stage in (first, self):
            stage._ready()
        for stage in (first, self):
            stage._bare()
        olds: list[tuple[Stage, Path | None]] = []
        try:
            olds.append((first, first._place()))
            first._confirm()
            olds.append((self, self._place()))
        except BaseException:
            if olds and not (self._own is not None and _is(self.target, self._own)):
                first._take_back(olds[0][1])
            raise
        self._confirm()
        for stage, old in olds:
            stage._moment = "published"
            if old is not None:
                stage._remove(old)

    def discard(self) -> None:
        """Take away the data set that is in the place, as when a new one has made it worthless; a stage does no more then."""
        with disk_errors("removing a data set", self.target):
            if examine(self.target) == "published":
                away = self._neighbour("")  # the name of a dead stage: what a kill leaves is removed by the next run
                os.rename(self.target, away)
                sync(self.target.parent)
                self._remove(away)

    def _ready(self) -> None:
        """What may take long, before anything moves."""
        stage = self.path
        _check_complete(stage)
        with disk_errors("writing to the disk", self.target):
            if os.path.isdir(self.target):
                os.chmod(stage, stat.S_IMODE(os.stat(self.target).st_mode))
            sync_tree(stage)

    def _bare(self) -> None:
        """Take away what is no part of the data set. From here on nobody can go on with the stage."""
        with disk_errors("tidying", self.target):
            Journal(self.path).end()
            scratch = [entry.path for entry in os.scandir(self.path) if entry.name.startswith(OURS)]
            for path in scratch:
                shutil.rmtree(path)
            if scratch:
                sync(self.path)

    def _place(self) -> Path | None:
        """The step itself; returns where the old data set is now."""
        stage, old = self.path, None
        state = examine(self.target)
        self._moment = "moving"
        try:
            if state == "published":
                old = self._replace(stage)
            else:
                os.rename(stage, self.target)  # takes the place of nothing or of an empty directory
        except OSError as error:
            self._moment = "staging"
            if error.errno in (errno.EBUSY, errno.EXDEV):
                raise mount_point(self.target) from error
            raise machine_error(error, "putting the data set in its place", self.target) from error
        return old

    def _confirm(self) -> None:
        try:
            for directory in (self.target.parent, *(made.parent for made in self._made)):
                sync(directory)
        except OSError as error:
            # what is at the stage's place may be the only copy that a power cut leaves: it stays
            raise MachineError(
                Finding(
                    "output.durability_not_confirmed",
                    path=os.fspath(self.target),
                    found=f"published, durability not confirmed: {error.strerror}",
                    expected="the disk to say that the new directory is safe",
                    hint="the new data set is in place; check the disk before you rely on it after a power cut",
                )
            ) from error

    def _take_back(self, old: Path | None) -> None:
        """Undo `_place`: the old data set, or nothing, is in the place again, and the stage is a stage."""
        stage = self.path
        with disk_errors("putting the old data set back", self.target):
            if old != stage or not exchange(stage, self.target):
                os.rename(self.target, stage)
                if old is not None:
                    os.rename(old, self.target)
        self._moment = "staging"

    def _replace(self, stage: Path) -> Path:
        """Change places with the published data set; returns where that is now."""
        if exchange(stage, self.target):
            return stage
        old = self._neighbour("old-")
        os.rename(self.target, old)
        try:
            os.rename(stage, self.target)
        except OSError:
            os.rename(old, self.target)
            raise
        return old

    def _is_own(self, path: Path) -> bool:
        """Whether a name still leads to the stage, not to the old data set that it has changed places with."""
        return self._own is not None and _is(path, self._own)

    def _neighbour(self, sort: str) -> Path:
        return self.target.parent / f".{self.target.name}.datagen-{sort}{secrets.token_hex(8)}"

    def _make_parents(self) -> None:
        place = self.target.parent
        missing = []
        while not place.exists():
            missing.append(place)
            place = place.parent
        for place in reversed(missing):
            os.mkdir(place)
            self._made.insert(0, place)

    def _clean(self) -> Path | None:
        """Remove what dead runs into this target have left, but a stage to go on with, which is returned.

        Whoever holds the lock is the only one alive.
        """
        left = leftovers(self.target)
        chosen = None if self._choose is None else self._choose([path for path in left if not _was_published(path)])
        for path in left:
            if path == chosen:
                continue
            if _was_published(path) and not os.path.lexists(self.target) and _is_whole(path):
                os.rename(path, self.target)
                sync(self.target.parent)
                found = "a run was stopped between two renames; the previous data set is in its place again"
                self._note("output.recovered", self.target, found)
            else:
                self._remove(path)
        return chosen

    def _remove(self, path: Path) -> None:
        """Remove a dead stage or an old data set, of that only what its manifest lists; what fails becomes a note."""
        try:
            manifest = _manifest_of(path)
            if manifest is None:
                shutil.rmtree(path)
            else:
                self._remove_listed(path, manifest)
        except OSError as error:
            found = f"a directory that is no longer needed could not be removed: {error.strerror}"
            self._note("output.leftover", path, found)
        except DatagenError as error:
            self._note(
                "output.leftover", path, f"a directory that is no longer needed stays: {error.findings[0].found}"
            )

    def _remove_listed(self, path: Path, manifest: Manifest) -> None:
        for entry in list(os.scandir(path)):
            if entry.name.startswith(OURS) and entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
        kept = list(foreign(path, manifest))
        known = {*RUN_FILES, *SIDE_FILES, *(file.name for file in manifest.files)} - set(kept)
        for name in sorted(known):
            _unlink(path / name)
        for folder in sorted({name.split("/")[0] for name in known if "/" in name}):
            _rmdir(path / folder)
        if not kept:
            # the manifest goes last: a directory that still has it is emptied with the same care next time
            _unlink(path / NAME)
            os.rmdir(path)
            return
        aside = self.target.parent / f"{self.target.name}.kept-{secrets.token_hex(4)}"
        os.rename(path, aside)
        found = f"files that came into the old data set during the run were kept: {', '.join(kept[:5])}"
        self._note("output.kept", aside, found)

    def _leave(self) -> None:
        """Let go of the lock, and of parent directories that were made for nothing."""
        self._lock.release()
        self._path = None
        if self._moment == "staging":
            with suppress(OSError):  # somebody else uses them already
                for place in self._made:
                    os.rmdir(place)
        self._made = []

    def _leftover(self, path: Path, reason: str | None) -> None:
        self._note("output.leftover", path, f"a directory that is no longer needed could not be removed: {reason}")

    def _note(self, code: str, path: Path, found: str) -> None:
        self.notes.append(Finding(code, severity="warning", path=os.fspath(path), found=found))


def leftovers(target: Path) -> list[Path]:
    """The directories that runs into a place have left beside it, those of a run that is going on among them."""
    form = re.compile(rf"\.{re.escape(target.name)}\.datagen-(old-)?[0-9a-f]{{16}}")
    with os.scandir(target.parent) as entries:
        return sorted(Path(e.path) for e in entries if form.fullmatch(e.name) and e.is_dir(follow_symlinks=False))


def _was_published(path: Path) -> bool:
    """Whether a leftover is an old data set that was moved away by two renames."""
    return ".datagen-old-" in path.name


def _is(path: Path, own: os.stat_result) -> bool:
    """Whether a name leads to a certain directory."""
    try:
        return os.path.samestat(own, os.lstat(path))
    except OSError:  # gone, or the disk does not say: what may be left is for the next run
        return False


def _check_complete(stage: Path) -> None:
    """Refuse to publish a directory that the next run would not recognise as ours."""
    manifest = read_manifest(stage)
    with disk_errors("looking at the new data set", stage):
        strange = [name for name in foreign(stage, manifest) if not name.startswith(OURS)]
    if strange:
        raise RuntimeError(f"the manifest does not list {strange}")
    for file in manifest.files:
        with disk_errors("looking for a file", stage / file.name):
            size = os.lstat(stage / file.name).st_size
        if size != file.bytes:
            raise RuntimeError(f"{file.name} has {size} bytes, the manifest says {file.bytes}")


def _manifest_of(path: Path) -> Manifest | None:
    """The manifest of an old data set, or None for a stage whose run died before its manifest was whole."""
    try:
        return read_manifest(path)
    except UsageError as error:
        if error.findings[0].code in ("manifest.missing", "manifest.invalid"):
            return None  # what is published has a manifest that could be read and was on the disk by then
        raise


def _is_whole(directory: Path) -> bool:
    try:
        _check_complete(directory)
    except (DatagenError, RuntimeError):
        return False
    return True


def _unlink(path: Path) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return  # a side file that was never written, or one that an earlier clean-up has removed


def _rmdir(path: Path) -> None:
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            raise
