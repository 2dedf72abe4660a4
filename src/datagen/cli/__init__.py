"""The command line: one file per command, each loaded when it is called."""

from datagen.cli.commands import main

__all__ = ["main"]
