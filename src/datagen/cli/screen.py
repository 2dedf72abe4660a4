"""Writes to the terminal: answers to standard output, everything else to standard error, whatever these are."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TextIO

from datagen.errors import Finding, MachineError, render

SCHEMA_VERSION = 1  # of every JSON document that a command prints


def prepare() -> None:
    """Make the standard streams safe: none of them missing, and no character that they cannot show.

    A closed descriptor would be given to the next file that is opened, and a message would end up in it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if descriptor == 0 else os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # not a text stream of Python's own: a test has put it there
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def say(text: str) -> None:
    """Print a part of the answer."""
    _write(sys.stdout, text)


def note(text: str) -> None:
    """Print what stands beside the answer: progress, warnings, hints. Where nobody can read it, it is not printed."""
    with suppress(OSError, MachineError):  # the run goes on, and its exit code says how it ended
        _write(sys.stderr, text)


def document(facts: Mapping[str, Any] | list[Any], *, own: bool = True) -> None:
    """Print one JSON document. own: one of ours, which says the version of its shape."""
    whole = {"schema_version": SCHEMA_VERSION, **facts} if own and isinstance(facts, Mapping) else facts
    text = json.dumps(whole, indent=2, ensure_ascii=not _unicode(sys.stdout))
    say(text if text.replace("\n", "").isprintable() else json.dumps(whole, indent=2))


def findings(found: Iterable[Finding], *, form: str = "text", ranked: bool = False) -> None:
    """Print findings on standard error: as text with an empty line between them, or as one JSON document.

    Errors come first, then by their places. ranked: they have an order of their own.
    """
    if not ranked:
        found = sorted(found, key=lambda one: (one.severity != "error", one.line or 0, one.column or 0))
    found = list(found)
    if not found:
        return
    if form == "json":
        note(json.dumps({"schema_version": SCHEMA_VERSION, "findings": [one.as_dict() for one in found]}, indent=2))
    else:
        note("\n\n".join(render(one) for one in found))


def printable(text: str) -> str:
    """The text with control characters, and others that a terminal acts on, escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def counted(number: int, what: str) -> str:
    """`1 table`, `2 tables`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def flush() -> None:
    """Have the answer written by now, so that a full disk or a closed pipe is noticed here."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(error) from error


def abandon() -> None:
    """Send what a stream still holds nowhere if it cannot be written, so that Python does not complain at its end."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            try:
                stream.flush()
            except OSError:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # closed before we began
        return
    try:
        stream.write("\n".join(map(printable, text.removesuffix("\n").split("\n"))) + "\n")
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> MachineError:
    return MachineError(Finding("terminal.not_writable", found=f"the answer could not be written: {error.strerror}"))


def _unicode(stream: TextIO | None) -> bool:
    return "utf" in (getattr(stream, "encoding", None) or "").lower()
