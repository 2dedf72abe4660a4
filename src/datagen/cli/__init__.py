"""The command line: one file per command, each loaded when it is called."""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """The command `datagen`. Always ends the process."""
    # until the command has its own way to stop, nothing is made that would have to be put away
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    from datagen.cli import starting

    starting.begin()
    from datagen.cli.commands import main as command

    code: object = 0
    try:
        command()
    except SystemExit as end:
        code = end.code
    # everything is flushed and put away; taking apart what the process holds in memory would only take time
    os._exit(code if isinstance(code, int) else int(code is not None))


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(130)
