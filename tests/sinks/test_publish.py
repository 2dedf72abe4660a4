"""Publishing: what may be replaced, what is refused, who waits, and what is left behind."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
import small_data_set
from small_data_set import publish

from datagen.errors import DatagenError, MachineError, UsageError, render
from datagen.sinks import exchange as exchange_module
from datagen.sinks import publish as publish_module
from datagen.sinks.manifest import NAME, read_manifest, write_text
from datagen.sinks.publish import Stage

SCRIPT = Path(small_data_set.__file__)


def test_a_data_set_appears_whole_and_nothing_else(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    copy = small_data_set.Copy(sources[1])
    with Stage(target) as stage:
        copy.write(stage.path)
        assert not target.exists()
        assert stage.path.parent == tmp_path
        stage.publish()
        assert small_data_set.seed_of(target) == 1
    assert os.listdir(tmp_path) == ["out"]
    assert stage.notes == []


def test_parents_are_made_and_taken_back_when_nothing_comes_of_it(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "out"
    with Stage(target) as stage:
        assert stage.path.parent == target.parent
    assert os.listdir(tmp_path) == []
    publish(sources[1], target)
    assert small_data_set.seed_of(target) == 1
    with Stage(target):
        pass
    assert small_data_set.seed_of(target) == 1


def test_an_error_or_an_interrupt_removes_the_stage(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    publish(sources[1], target)

    def fail(kind: type[BaseException]) -> None:
        with Stage(target) as stage:
            (stage.path / "orders").mkdir()
            write_text(stage.path, "orders/part-00000.csv", "half")
            raise kind

    for kind in (ValueError, KeyboardInterrupt, SystemExit):
        with pytest.raises(kind):
            fail(kind)
        assert os.listdir(tmp_path) == ["out"]
        assert small_data_set.seed_of(target) == 1


def test_an_interrupt_around_the_exchange_leaves_nothing_behind(
    sources: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def before(one: Path, other: Path) -> bool:
        raise KeyboardInterrupt

    def after(one: Path, other: Path) -> bool:
        exchange_module.exchange(one, other)
        raise KeyboardInterrupt

    target = tmp_path / "out"
    publish(sources[1], target)
    for swap, seed in ((before, 1), (after, 2)):
        monkeypatch.setattr(publish_module, "exchange", swap)
        with pytest.raises(KeyboardInterrupt):
            publish(sources[2], target)
        assert small_data_set.seed_of(target) == seed
    with Stage(target):
        pass
    assert os.listdir(tmp_path) == ["out"]


def test_an_empty_directory_is_taken(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir(mode=0o750)
    publish(sources[1], target)
    assert small_data_set.seed_of(target) == 1
    assert target.stat().st_mode & 0o777 == 0o750


def test_old_files_that_the_new_data_set_lacks_are_gone(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    small_data_set.write(target, format="parquet")
    write_text(target, "assumptions.md", "known beside data, listed or not\n")
    publish(sources[2], target)
    assert small_data_set.seed_of(target) == 2
    assert not list(target.rglob("*.parquet"))


def test_files_of_the_user_are_named_and_kept(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    for strange in ("notes.txt", "orders/part-00002.csv", ".hidden", "orders/deep/x"):
        publish(sources[1], target)
        (target / strange).parent.mkdir(exist_ok=True)
        (target / strange).write_text("mine")
        with pytest.raises(UsageError) as caught:
            publish(sources[2], target)
        assert caught.value.findings[0].code == "output.foreign_files"
        assert strange.removesuffix("/x") in caught.value.findings[0].found
        assert (target / strange).read_text() == "mine"
        shutil.rmtree(target)


def test_a_link_in_place_of_a_file_is_foreign_and_not_followed(sources: dict[int, Path], tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "out", tmp_path / "elsewhere.csv"
    publish(sources[1], target)
    os.rename(target / "customers.csv", elsewhere)
    os.symlink(elsewhere, target / "customers.csv")
    assert small_data_set.refusal(target) == "output.foreign_files"
    assert elsewhere.exists()


def test_a_file_that_comes_during_the_run_stops_it(sources: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "out"
    publish(sources[1], target)
    copy = small_data_set.Copy(sources[2])
    with Stage(target) as stage:
        copy.write(stage.path)
        (target / "notes.txt").write_text("mine")
        with pytest.raises(UsageError, match=r"notes\.txt"):
            stage.publish()
    assert (target / "notes.txt").read_text() == "mine"
    assert read_manifest(target).seed == 1


def test_a_file_that_comes_during_the_exchange_is_put_aside(
    sources: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(one: Path, other: Path) -> bool:
        (target / "notes.txt").write_text("mine")
        return exchange_module.exchange(one, other)

    target = tmp_path / "out"
    publish(sources[1], target)
    monkeypatch.setattr(publish_module, "exchange", late)
    stage = publish(sources[2], target)
    assert small_data_set.seed_of(target) == 2
    assert [note.code for note in stage.notes] == ["output.kept"]
    assert stage.notes[0].severity == "warning"
    assert (Path(str(stage.notes[0].path)) / "notes.txt").read_text() == "mine"
    assert not (Path(str(stage.notes[0].path)) / "customers.csv").exists()


def test_each_wrong_place_has_its_own_message(
    sources: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, work = tmp_path / "home" / "ann", tmp_path / "work" / "project"
    home.mkdir(parents=True)
    work.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    file, link, other = tmp_path / "file", tmp_path / "link", tmp_path / "other"
    file.write_text("x")
    publish(sources[1], tmp_path / "set")
    link.symlink_to(tmp_path / "set")
    other.mkdir()
    (other / "thesis.tex").write_text("x")
    strange = tmp_path / "app"
    strange.mkdir()
    (strange / NAME).write_text('{"name": "web app"}')
    codes = {
        file: "output.is_file",
        file / "out": "output.parent_is_file",
        link: "output.symlink",
        other: "output.not_empty",
        strange: "output.not_empty",
        home: "output.home",
        home.parent: "output.home",
        work: "output.working_directory",
        tmp_path / "work": "output.working_directory",
        Path("."): "output.working_directory",
        Path(".."): "output.working_directory",
        Path("/"): "output.root",
        Path("/proc"): "output.mount_point",
        tmp_path / ("x" * 300): "disk.name_too_long",
        tmp_path / ("x" * 250): "disk.name_too_long",
    }
    assert {path: small_data_set.refusal(path) for path in codes} == codes
    assert (other / "thesis.tex").exists()


def test_a_relative_target_is_below_the_working_directory(
    sources: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    publish(sources[1], Path("a/../out"))
    assert small_data_set.seed_of(tmp_path / "out") == 1
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="has been removed"):
        Stage("out")
    publish(sources[2], tmp_path / "out")
    assert small_data_set.seed_of(tmp_path / "out") == 2


def test_a_stage_that_is_not_what_its_manifest_says_is_not_published(sources: dict[int, Path], tmp_path: Path) -> None:
    copy = small_data_set.Copy(sources[1])
    for change in ("extra", "shorter", "missing", "no manifest"):
        with Stage(tmp_path / "out") as stage:
            copy.write(stage.path)
            if change == "extra":
                write_text(stage.path, "forgotten.csv", "")
            elif change == "shorter":
                os.truncate(stage.path / "customers.csv", 5)
            elif change == "missing":
                os.unlink(stage.path / "customers.csv")
            else:
                os.unlink(stage.path / NAME)
            with pytest.raises((RuntimeError, DatagenError)):
                stage.publish()
        assert os.listdir(tmp_path) == []


def test_readers_of_an_open_directory_see_one_data_set(sources: dict[int, Path], tmp_path: Path) -> None:
    """A reader that holds the directory open reads the manifest and the files of one data set, or finds them gone."""
    target = tmp_path / "out"
    publish(sources[1], target)
    for seed in (2, 1, 2):
        held = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
        before = small_data_set.seed_of(target)
        publish(sources[seed], target)
        assert os.listdir(held) == []
        os.close(held)
        assert {before, small_data_set.seed_of(target)} == {1, 2}


def test_a_failed_last_fsync_says_what_is_known(
    sources: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    target = tmp_path / "out"
    publish(sources[1], target)
    monkeypatch.setattr(publish_module, "sync", failing)
    with pytest.raises(MachineError, match="published, durability not confirmed"):
        publish(sources[2], target)
    assert small_data_set.seed_of(target) == 2
    left = [name for name in os.listdir(tmp_path) if name != "out"]
    assert [small_data_set.seed_of(tmp_path / name) for name in left] == [1]
    monkeypatch.undo()
    with Stage(target):
        pass
    assert os.listdir(tmp_path) == ["out"]


def test_every_file_and_directory_is_on_the_disk_before_the_exchange(
    sources: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    publish(sources[1], target)
    done: list[str] = []
    real_fsync, real_exchange = os.fsync, exchange_module.exchange

    def fsync(descriptor: int) -> None:
        done.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real_fsync(descriptor)

    def exchange(one: Path, other: Path) -> bool:
        expected = {str(one), *(str(path) for path in one.rglob("*"))}
        assert set(done) == expected
        done.append("exchange")
        return real_exchange(one, other)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(publish_module, "exchange", exchange)
    publish(sources[2], target)
    assert done[-2:] == ["exchange", str(tmp_path)]


def test_messages_read_well(sources: dict[int, Path], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("x")
    with pytest.raises(UsageError) as caught, Stage(tmp_path / "out"):
        raise AssertionError("entered")
    assert render(caught.value.findings[0]) == (
        f"{tmp_path}/out  [output.not_empty]\n"
        "  found     a directory with other things in it: thesis.tex\n"
        "  expected  a new or empty directory, or one that holds only a data set made before\n"
        "  hint      choose a new directory"
    )
