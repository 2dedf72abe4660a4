"""What happens when a command ends early: by a finding, a wrong option, Ctrl-C, a closed pipe or a bug of our own."""

from __future__ import annotations

import itertools
import os
import shlex
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import click

from datagen.cli import screen
from datagen.cli.options import STANDARD_INPUT
from datagen.errors import DatagenError, Finding, UsageError, near
from datagen.version import __version__

INTERRUPTED = 130
INTERNAL = 2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # that end a run

# commands of later versions -> what comes near today
LATER = {
    "export": "`datagen generate --format csv` writes other files", "diff": "`datagen verify` compares with a manifest",
    "ask": "", "new": "", "studio": "", "push": "", "stream": "", "import": "", "infer": "", "extend": "", "query": "",
    "fmt": "`datagen expand --yaml` prints the canonical form",
    "migrate": "documents of version 1.0 are read as they are",
}  # fmt: skip


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP end the run through the same door; the second one ends it at once."""
    asked = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(INTERRUPTED)
        asked = True
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def told(error: BaseException, words: Sequence[str]) -> int:
    """Say what went wrong, and return the exit code."""
    try:
        code = _told(error, words)
    except (OSError, DatagenError):  # the answer cannot be written either: only the code is left to say it
        code = getattr(error, "exit_code", INTERNAL)
    return code


def _told(error: BaseException, words: Sequence[str]) -> int:
    if isinstance(error, click.exceptions.Exit):
        screen.flush()
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else INTERNAL
    if isinstance(error, BrokenPipeError):
        return 0  # the reader has all that it wanted, as `head` has
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        said = "; ".join(getattr(error, "__notes__", ())) or "nothing half made was left behind"
        screen.note(f"interrupted; {said}")
        return INTERRUPTED
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        screen.note(error.format_message())
        return INTERNAL
    if isinstance(error, click.ClickException):
        error = UsageError(_finding(error))
    if isinstance(error, DatagenError):
        _show(error.findings, words)
        return error.exit_code
    _show([_bug(error, words)], words)
    return INTERNAL


def _show(findings: Sequence[Finding], words: Sequence[str]) -> None:
    if "--json" in words:
        screen.document({"ok": False, "findings": [finding.as_dict() for finding in findings]})
        return
    as_json = "--errors=json" in words or ("--errors", "json") in itertools.pairwise(words)
    screen.findings(findings, form="json" if as_json else "text")
    errors = [finding for finding in findings if finding.severity == "error"]
    if not as_json and errors and errors[0].line is not None:  # about a schema
        screen.note(
            f"\n{screen.counted(len(errors), 'error')}; datagen explain {errors[0].code} says more{_fixes(errors, words)}"
        )


def _fixes(errors: Sequence[Finding], words: Sequence[str]) -> str:
    """How to have mended what can be, where the schema is a file."""
    from datagen.datasets import shipped

    if "validate" in words and {"--fix", "--diff", "--dry-run"} & set(words):
        return "; more may come to light once these are mended"
    fixes = sum(one.fix is not None for one in errors)
    file = errors[0].path
    if not fixes or file is None or file == STANDARD_INPUT or Path(file) in shipped().values():
        return ""
    have = f"{fixes} of them {'has' if fixes == 1 else 'have'}" if len(errors) > 1 else "it has"
    return f"; {have} a fix: datagen validate {shlex.quote(file)} --fix"


def _finding(error: click.ClickException) -> Finding:
    """The words of click in the form of ours."""
    usage = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else "datagen"
    hint = f"{usage} --help shows how it is called"
    if isinstance(error, click.exceptions.NoSuchCommand):
        if error.command_name in LATER:
            found = f"'{error.command_name}', which comes in a later version"
            return Finding("command.not_available_yet", found=found, hint=LATER[error.command_name])
        group = error.ctx.command if error.ctx is not None else None
        known = tuple(group.list_commands(error.ctx)) if isinstance(group, click.Group) and error.ctx else ()
        return _unknown("command", error.command_name, known, hint)
    if isinstance(error, click.exceptions.NoSuchOption):
        known = tuple(option for param in error.ctx.command.params for option in param.opts) if error.ctx else ()
        return _unknown("option", error.option_name, known, hint)
    if isinstance(error, click.exceptions.MissingParameter):
        name = error.param.human_readable_name if error.param is not None else ""
        return Finding("usage.missing_argument", found=f"no {name}", hint=hint)
    return Finding("usage.not_understood", found=error.format_message(), hint=hint)


def _unknown(what: str, name: str, known: Sequence[str], hint: str) -> Finding:
    close = near(name, known)
    return Finding(
        f"usage.unknown_{what}", found=f"'{name}'", expected=", ".join(known) if what == "command" else "",
        hint=f"did you mean '{close}'?" if close else hint,
    )  # fmt: skip


def _bug(error: BaseException, words: Sequence[str]) -> Finding:
    """A bug of our own: the traceback goes to a file, or to the terminal with DATAGEN_DEBUG=1."""
    text = "".join(traceback.format_exception(error))
    if os.environ.get("DATAGEN_DEBUG") == "1":
        screen.note(text)
    where = ""
    with suppress(OSError):  # no room for the report either: the finding says so by naming no file
        descriptor, where = tempfile.mkstemp(prefix="datagen-report-", suffix=".txt")
        with os.fdopen(descriptor, "w", errors="backslashreplace") as file:
            file.write(f"datagen {__version__}, Python {sys.version}\ndatagen {' '.join(words)}\n\n{text}")
    kind = f"{type(error).__name__}: {error}".splitlines()[0][:150]
    return Finding(
        "internal.bug", found=f"a bug in Datagen: {kind}",
        hint=f"the report is in {where}; please send it" if where else "DATAGEN_DEBUG=1 shows where it happened",
    )  # fmt: skip
