"""One file of a table: every byte of it is written and counted, and what the disk says at the end is heard."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from datagen.errors import MachineError
from datagen.sinks.part import PartFile

TEXT = b"customer_id,name\n1,Ann\n"


def test_a_write_that_is_cut_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, piece: write(file, bytes(piece[:3])))
    part = PartFile(tmp_path, "customers.csv")
    assert part.write(TEXT) == len(TEXT)
    facts = part.close(1)
    assert (tmp_path / "customers.csv").read_bytes() == TEXT
    assert (facts.bytes, facts.sha256) == (len(TEXT), hashlib.sha256(TEXT).hexdigest())


def test_a_file_that_cannot_be_closed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = PartFile(tmp_path, "customers.csv")
    part.write(TEXT)
    close = os.close

    def fails(file: int) -> None:
        close(file)  # Linux closes it all the same
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "close", fails)
    with pytest.raises(MachineError) as caught:
        part.close(1)
    monkeypatch.undo()
    [finding] = caught.value.findings
    assert (finding.code, finding.path) == ("disk.failure", str(tmp_path / "customers.csv"))
