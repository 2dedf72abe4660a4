"""A run with tables made by SQL, with and without a truth set, is killed: its directory holds the old set or the new, whole."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from test_publish_crash import MOVES, Killed, faults
from tests.house.tools import tool

from datagen import api
from datagen.sinks.target import SPOILED

kills = tool("kills")


def test_a_kill_between_any_steps_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """As a process would die: at some call of the system no further one does anything."""
    place = kills.Place(tmp_path, pair=True)
    prepared = {seed: api.prepare(str(place.schema), seed=seed) for seed in kills.SEEDS}
    plans = {seed: one.bind() for seed, one in prepared.items()}
    api.generate(prepared[1], place.target, place.options, plan=plans[1])
    with faults(1_000_000, None) as state:
        api.generate(prepared[2], place.target, place.options, plan=plans[2])
    moves = [at for at, name in enumerate(state.names, 1) if name in MOVES]
    assert moves
    assert place.look() == (2, 2)
    last, seen = 2, set()
    for at in sorted({state.calls // 3, *(move + 1 for move in moves)}):
        seed = 3 - last
        with faults(at, None), contextlib.suppress(Killed):
            api.generate(prepared[seed], place.target, place.options, plan=plans[seed])
        found = place.tidy()
        assert found in ((last, last), (last, seed), (seed, seed))  # never new data with the answers of the old
        seen.add((found[0] == seed, found[1] == seed))
        if found[0] != found[1]:  # both of one seed before the next kill
            api.generate(prepared[last], place.target, place.options, plan=plans[last])
        last = found[0]
    assert seen == {(False, False), (False, True), (True, True)}


def test_a_kill_behind_the_manifest_leaves_nothing_of_what_was_done_to_cells(tmp_path: Path) -> None:
    """What tells of imperfections stays in the stage until the manifest is written, and is known to be no file of a user."""
    place = kills.Place(tmp_path, pair=False)
    prepared = api.prepare(str(place.schema), seed=1)
    plan = prepared.bind()
    api.generate(prepared, place.target, place.options, plan=plan)
    with faults(1_000_000, None) as state:
        api.generate(prepared, place.target, place.options, plan=plan)
    names = state.names[: state.names.index("exchange")]
    last_gone = len(names) - names[::-1].index("unlink")
    with faults(last_gone, None), pytest.raises(Killed):
        api.generate(prepared, place.target, place.options, plan=plan)
    [stage] = place.target.parent.glob(".out.datagen-*/manifest.json")
    assert {path.name for path in stage.parent.iterdir() if path.is_dir()} == {SPOILED}
    assert place.tidy() == (1, 1)
    (place.target.parent / "stray").mkdir()
    with pytest.raises(kills.BrokenError, match="left over: stray"):
        place.tidy()
    (place.target / "people.parquet").write_bytes(b"half")
    with pytest.raises(kills.BrokenError, match="out is not whole"):
        place.look()


@pytest.mark.slow
def test_a_kill_at_any_time_leaves_the_old_or_the_new() -> None:
    """A short run of `python tools/kills.py`."""
    assert kills.main(["--count", "40", "--no-record"]) == 0
