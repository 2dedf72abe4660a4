"""Remembers inside a stage which pieces of a run are finished, so that a later run can go on when this one is stopped.

A folder of JSON files, each written whole and on the disk before anything counts on it: `run.json` says which run this is,
one file per finished piece says what it became, and `moves.json` which files got other names afterwards. A piece is added
when its own files are on the disk. The last thing before a data set is published is to take the folder away.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datagen.sinks.disk import disk_errors
from datagen.sinks.exchange import sync
from datagen.sinks.target import OURS

FOLDER = f"{OURS}resume"
RUN, MOVES = "run.json", "moves.json"
PIECE = re.compile(r"piece-(\d{8})\.json")
LARGEST = 64 << 20  # bytes of one file
CHUNK = 1 << 20  # bytes of a file that are read at a time


class Journal:
    """The journal in a stage, which may not be begun yet. Raises MachineError for what the disk refuses."""

    def __init__(self, stage: Path) -> None:
        self.stage = stage
        self.folder = stage / FOLDER
        self._moves: list[tuple[str, str]] = []

    def begin(self, run: Mapping[str, Any]) -> None:
        """Say which run this is."""
        with disk_errors("making a directory", self.folder):
            os.mkdir(self.folder)
            for directory in (self.stage, self.stage.parent):
                sync(directory)
        self._write(RUN, run)

    def run(self) -> dict[str, Any] | None:
        """Which run it was. None where there is no journal, or none of this user, or it cannot be read."""
        try:
            state = os.lstat(self.folder)
        except OSError:  # not there: the run was too short, or stopped before it had begun or after all was done
            return None
        return self._read(RUN) if stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() else None

    def add(self, number: int, facts: Mapping[str, Any], files: Iterable[str]) -> None:
        """Note a finished piece. files: what it became, names from the stage on, which are brought to the disk first."""
        paths = [self.stage / name for name in files]
        with disk_errors("writing to the disk", self.stage):
            for path in paths:
                sync(path)
            for directory in sorted({path.parent for path in paths} | {self.stage}):
                sync(directory)
        self._write(piece_name(number), facts)

    def pieces(self) -> dict[int, dict[str, Any] | None]:
        """What is noted of every piece by its number; None where that cannot be read."""
        found: dict[int, dict[str, Any] | None] = {}
        with disk_errors("looking at an interrupted run", self.folder):
            names = sorted(os.listdir(self.folder))
        for name in names:
            if match := PIECE.fullmatch(name):
                found[int(match[1])] = self._read(name)
        return found

    def number_of_pieces(self) -> int:
        """How many pieces are noted; 0 where there is no journal."""
        try:
            return sum(PIECE.fullmatch(name) is not None for name in os.listdir(self.folder))
        except OSError:  # gone already
            return 0

    def moving(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Before files get other names: (old, new), names from the stage on."""
        self._moves += pairs
        self._write(MOVES, {"moves": self._moves})

    def moves(self) -> list[tuple[str, str]]:
        """The moves that were noted, whether they have been made or not."""
        return [(old, new) for old, new in (self._read(MOVES) or {"moves": []})["moves"]]

    def undo(self) -> None:
        """Give files their old names again, wherever a move has been made."""
        for old, new in reversed(self.moves()):
            before, after = self.stage / old, self.stage / new
            if os.path.lexists(after) and not os.path.lexists(before):
                with disk_errors("naming", before):
                    before.parent.mkdir(exist_ok=True)
                    os.rename(after, before)

    def sweep(self, files: Collection[str], pieces: Collection[int]) -> None:
        """Remove all of the stage but these files (names from the stage on), and what the journal says of these pieces."""
        kept = {self.stage / name for name in files}
        kept |= {self.folder / name for name in (RUN, MOVES, *map(piece_name, pieces))}
        with disk_errors("tidying", self.stage):
            _sweep(self.stage, kept)

    def end(self) -> None:
        """Nobody can go on with the stage any more. Raises OSError."""
        if os.path.lexists(self.folder):
            os.rename(self.folder, self.stage / f"{OURS}done")  # in one step: half a journal would be misread

    def _write(self, name: str, facts: Mapping[str, Any]) -> None:
        path, new = self.folder / name, self.folder / f"{name}~"
        body = json.dumps(facts, ensure_ascii=True, separators=(",", ":")).encode()
        raw = memoryview(body + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n")
        with disk_errors("writing", path):
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
            try:
                done = 0
                while done < len(raw):
                    done += os.write(descriptor, raw[done:])
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.rename(new, path)
            sync(self.folder)

    def _read(self, name: str) -> dict[str, Any] | None:
        """The facts in a file; None where it is missing, or not as it was written."""
        descriptor = _opened(self.folder / name)
        if descriptor is None:
            return None
        with disk_errors("reading", self.folder / name), os.fdopen(descriptor, "rb") as file:
            body, _, rest = file.read(LARGEST).partition(b"\n")
        if rest.strip() != hashlib.sha256(body).hexdigest().encode():
            return None
        facts: dict[str, Any] = json.loads(body)
        return facts


def piece_name(number: int) -> str:
    """The file that tells of a piece."""
    return f"piece-{number:08}.json"


def unchanged(path: Path, size: int, sha256: str) -> bool:
    """Whether a file is what was written, byte by byte; links do not count."""
    descriptor = _opened(path)
    if descriptor is None:
        return False
    with disk_errors("reading", path), os.fdopen(descriptor, "rb", buffering=0) as file:
        if os.fstat(descriptor).st_size != size:
            return False
        found = hashlib.sha256()
        while piece := file.read(CHUNK):
            found.update(piece)
    return found.hexdigest() == sha256


def _opened(path: Path) -> int | None:
    """A regular file, open for reading; None where it is gone, or a link, a directory or a pipe has its name."""
    try:  # without waiting for the other end of a pipe
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def richest(stages: Sequence[Path]) -> Path:
    """The stage with most finished pieces."""
    return max(stages, key=lambda stage: Journal(stage).number_of_pieces())


def _sweep(directory: Path, kept: Collection[Path]) -> None:
    """Remove what is not kept, and directories that are empty then, but for the first one."""
    with os.scandir(directory) as entries:
        found = list(entries)
    for entry in found:
        path = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False):
            if path not in kept:
                os.unlink(path)
            continue
        _sweep(path, kept)
        if not os.listdir(path):
            os.rmdir(path)
