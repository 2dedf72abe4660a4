"""The command `datagen`: finds the file of a sub-command, and gives every error its words and its exit code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from datagen.cli import failures, screen
from datagen.version import __version__

# in the order of `datagen --help`; the file has the command's name
COMMANDS = (
    "init",
    "validate",
    "plan",
    "preview",
    "trace",
    "generate",
    "check",
    "verify",
    "report",
    "grade",
    "expand",
    "explain",
    "schema",
    "datasets",
)

EXAMPLES = """\
\b
Examples:
  datagen init shop
  datagen validate shop.yaml
  datagen generate shop.yaml -o out/shop"""


class Datagen(click.Group):
    """Loads the file of a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"datagen.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.exceptions.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def main(  # type: ignore[override]  # always ends the process, as click's own does by default
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> None:
        """Run, say what went wrong, and leave with an exit code."""
        words = list(sys.argv[1:] if args is None else args)
        self._main_shell_completion(extra, "datagen", "_DATAGEN_COMPLETE")
        screen.prepare()
        with failures.stoppable():
            try:
                with self.make_context("datagen", list(words)) as context:
                    self.invoke(context)
                screen.flush()
                code = 0
            except BaseException as error:  # noqa: BLE001 - the one place where every error becomes an exit code
                code = failures.told(error, words)
            screen.abandon()
        sys.exit(code)


@click.group(
    cls=Datagen, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, message="datagen %(version)s")
def main() -> None:
    """Realistic, deterministic, multi-table data sets from a declarative schema."""
