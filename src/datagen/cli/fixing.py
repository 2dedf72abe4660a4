"""`datagen validate --fix`: writes what is surely meant into the schema file, shows what changed, and tells what is left."""

from __future__ import annotations

import difflib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.cli import screen
from datagen.cli.options import STANDARD_INPUT, Given
from datagen.errors import Finding, SchemaError, UsageError

if TYPE_CHECKING:
    from datagen.schema.tree import Document

ROUNDS = 6  # what a mended fault has hidden may be mended too
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Fixed:
    """A schema before and after its fixes, and what they were."""

    before: Document
    after: Document
    done: tuple[Finding, ...]

    @property
    def diff(self) -> str:
        """The lines that change, as a unified diff."""
        name = self.before.path or STANDARD_INPUT
        old, new = (one.text.splitlines() for one in (self.before, self.after))
        return "\n".join(difflib.unified_diff(old, new, name, name, lineterm=""))

    def facts(self, *, written: bool) -> dict[str, Any]:
        """What a JSON answer says of it."""
        return {"fixed": [one.as_dict() for one in self.done], "diff": self.diff, "written": written}


def fixed(given: Given) -> Fixed:
    """The schema of a call with every fix that its findings have. Nothing is written."""
    from datagen.schema.mend import mended

    before = after = given.document()
    done: list[Finding] = []
    for _ in range(ROUNDS):
        step = mended(after, _findings(given, after))
        if not step.done:
            break
        after = step.document
        done += step.done
    return Fixed(before, after, tuple(done))


def _findings(given: Given, document: Document) -> tuple[Finding, ...]:
    from datagen.plan.prepare import prepare

    try:
        return prepare(document, given.overrides()).bind(look=False).findings
    except SchemaError as error:
        return error.findings


def refuse_no_file(given: Given, *, dry: bool) -> None:
    """Raises UsageError for a schema that is no file of the user's. dry: nothing will be written."""
    from datagen.datasets import shipped

    name = str(given.options["schema"])
    if name == "-" and not dry:
        hint = "datagen validate - --diff shows what would change"
        raise UsageError(Finding("fix.no_file", found="standard input", expected="a schema in a file", hint=hint))
    if name in shipped():
        hint = f"datagen init my_{name} -t {name} writes it to a file of yours"
        raise UsageError(
            Finding("fix.no_file", found=f"{name}, which comes with Datagen", expected="a schema in a file", hint=hint)
        )


def show(fixed: Fixed, *, dry: bool) -> None:
    """Print what changes, or say that nothing does."""
    name = fixed.before.path or STANDARD_INPUT
    if not fixed.done:
        screen.note(f"{name}: nothing to mend")
        return
    screen.say(fixed.diff)
    many = "1 fix" if len(fixed.done) == 1 else f"{len(fixed.done)} fixes"
    screen.note(f"{many} {'for' if dry else 'written to'} {name}")


def write(fixed: Fixed) -> None:
    """Put the mended text in place of the old one, whole or not at all; permissions and links stay.

    Raises UsageError "fix.changed" where the file is no longer what was read, MachineError where the disk refuses.
    """
    from datagen.sinks.disk import disk_errors

    if not fixed.done:
        return
    file = Path(os.path.realpath(str(fixed.before.path)))
    with disk_errors("writing", file):
        old = file.read_bytes()
        if old.removeprefix(BOM) != fixed.before.text.encode():
            found = "a file that has changed since it was read"
            raise UsageError(Finding("fix.changed", path=fixed.before.path, found=found, hint="run it again"))
        os.close(os.open(file, os.O_WRONLY))  # a file that may not be written is not replaced either
        facts = file.stat()
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".new", dir=file.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write((BOM if old.startswith(BOM) else b"") + fixed.after.text.encode())
                stream.flush()
                own = os.fstat(stream.fileno())
                if (own.st_uid, own.st_gid) != (facts.st_uid, facts.st_gid):
                    os.fchown(stream.fileno(), facts.st_uid, facts.st_gid)
                os.fchmod(stream.fileno(), facts.st_mode & 0o7777)
                os.fsync(stream.fileno())
            os.replace(name, file)
        except BaseException:
            os.unlink(name)
            raise
