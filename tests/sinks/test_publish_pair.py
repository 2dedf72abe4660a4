"""A data set and its truth set are put in place together: both or neither, and a kill leaves nothing that is believed."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import shutil
from pathlib import Path

import pytest
import small_data_set
from test_publish_crash import Killed, faults

from datagen.errors import DatagenError, UsageError
from datagen.sinks.manifest import read_manifest, write_manifest
from datagen.sinks.publish import Stage
from datagen.truth import read


def write_truth(source: Path, directory: Path) -> None:
    """A truth set of a small data set: for these tests its files are the same, and an answer key is not read."""
    copy = small_data_set.Copy(source)
    copy.manifest = dataclasses.replace(copy.manifest, truth_of=copy.manifest.content_hash)
    copy.write(directory)


def publish(source: Path, target: Path) -> None:
    with Stage(target) as data, Stage(Path(f"{target}.truth")) as truth:
        small_data_set.Copy(source).write(data.path)
        write_truth(source, truth.path)
        data.publish_behind(truth)


def calls_to_try(source: Path, target: Path, *, two_steps: bool, every: bool) -> list[int]:
    """Numbers of calls at which to fail: all, or all from the first that may move something on and one in ten before."""
    first = 0
    with faults(0, errno.EIO, two_steps=two_steps) as state, pytest.MonkeyPatch.context() as patch:
        really = Stage._place

        def place(stage: Stage) -> Path | None:
            nonlocal first
            first = first or state.calls
            return really(stage)

        patch.setattr(Stage, "_place", place)
        publish(source, target)
    assert 50 < first < state.calls
    return [at for at in range(1, state.calls + 2) if every or at >= first or at % 10 == 0]


def place(source: Path, target: Path) -> None:
    """Both as if they had been published before."""
    for path in (target, Path(f"{target}.truth")):
        if path.exists():
            shutil.rmtree(path)
    shutil.copytree(source, target)
    shutil.copytree(source, f"{target}.truth")
    manifest = read_manifest(target)
    write_manifest(dataclasses.replace(manifest, truth_of=manifest.content_hash), Path(f"{target}.truth"))


def seeds(target: Path) -> tuple[int | None, int | None]:
    """Which data set and which truth set are there; fails unless each is whole."""
    truth = Path(f"{target}.truth")
    return (
        small_data_set.seed_of(target) if target.exists() else None,
        small_data_set.seed_of(truth) if truth.exists() else None,
    )


def tidied(target: Path) -> tuple[int | None, int | None]:
    """What is there after the next run, which is given up."""
    with Stage(target) as data, Stage(Path(f"{target}.truth")) as truth:
        assert {note.code for note in (*data.notes, *truth.notes)} <= {"output.recovered"}
    found = seeds(target)
    names = {target.name} if found[0] is not None else set()
    assert set(os.listdir(target.parent)) == names | ({f"{target.name}.truth"} if found[1] is not None else set())
    return found


KILLS = [(True, False), (True, True), (False, False)]


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"])
@pytest.mark.parametrize(("existing", "two_steps"), KILLS)
def test_a_kill_at_any_call_leaves_a_pair_or_a_truth_that_is_refused(
    sources: dict[int, Path], tmp_path: Path, existing: bool, two_steps: bool, every: bool
) -> None:
    target = tmp_path / "set" / "out"
    target.parent.mkdir()
    old = 1 if existing else None
    seen = set()
    (tmp_path / "trial").mkdir()
    if existing:
        place(sources[1], tmp_path / "trial" / "out")
    for at in calls_to_try(sources[2], tmp_path / "trial" / "out", two_steps=two_steps, every=every):
        if seeds(target) != (old, old):
            for path in (target, Path(f"{target}.truth")):
                shutil.rmtree(path, ignore_errors=True)
            if existing:
                place(sources[1], target)
        with faults(at, None, two_steps=two_steps) as state, contextlib.suppress(Killed):
            publish(sources[2], target)
        found = tidied(target)
        assert found in ((old, old), (old, 2), (2, 2))  # never new data with the answers of the old
        if found == (1, 2):
            with pytest.raises(UsageError) as error:
                read(f"{target}.truth", target)
            assert error.value.findings[0].code == "truth.other_data"
        seen.add(found)
    assert state.calls < at  # the last one was not stopped
    assert seen == {(old, old), (old, 2), (2, 2)}
    assert seeds(target) == (2, 2)


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"])
@pytest.mark.parametrize(("number", "two_steps"), [(errno.EIO, False), (errno.ENOSPC, True)])
def test_a_failing_call_changes_both_or_neither(
    sources: dict[int, Path], tmp_path: Path, number: int, two_steps: bool, every: bool
) -> None:
    target = tmp_path / "set" / "out"
    target.parent.mkdir()
    (tmp_path / "trial").mkdir()
    place(sources[1], tmp_path / "trial" / "out")
    for at in calls_to_try(sources[2], tmp_path / "trial" / "out", two_steps=two_steps, every=every):
        if not target.exists() or seeds(target) != (1, 1):
            place(sources[1], target)
        failed = False
        with faults(at, number, two_steps=two_steps) as state:
            try:
                publish(sources[2], target)
            except DatagenError:
                failed = True
        found = seeds(target)
        assert found in (((1, 1), (2, 2)) if failed else ((2, 2),)), f"call {at}"
        tidied(target)
    assert state.calls < at  # the last one did not fail


def test_data_that_cannot_be_placed_give_the_truth_back(
    sources: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    place(sources[1], target)
    really = Stage._ready

    def ready(stage: Stage) -> None:
        really(stage)
        if not stage.target.name.endswith(".truth"):
            (target / "mine.txt").write_text("mine")

    monkeypatch.setattr(Stage, "_ready", ready)
    with pytest.raises(UsageError) as error:
        publish(sources[2], target)
    assert error.value.findings[0].code == "output.foreign_files"
    (target / "mine.txt").unlink()
    assert seeds(target) == (1, 1)
    assert sorted(os.listdir(tmp_path)) == ["out", "out.truth"]


def test_a_discarded_data_set_is_gone_or_there_whatever_kills(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    for at in range(1, 1000):
        if not target.exists():
            shutil.copytree(sources[1], target)
        with faults(at, None) as state, contextlib.suppress(Killed), Stage(target) as stage:
            stage.discard()
        if target.exists():
            assert small_data_set.seed_of(target) == 1
        with Stage(target) as after:
            assert after.notes == []
        assert os.listdir(tmp_path) == (["out"] if target.exists() else [])
        if state.calls < at:
            break
    assert not target.exists()
