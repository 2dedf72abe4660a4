"""What can be wrong, as facts: every finding says where, what was found, what was expected and how to mend it.

Facts are fields; the wording on a terminal is printed in one place (`render`), so the command line, the Python
interface and editors read the same error. Nobody raises ValueError at a user: findings are gathered, then raised once.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]

SHORT = 4  # letters of a word of which one slip leaves too little for a likeness
LEAST_SURE = 3  # letters of a word that is surely meant by another one
_PARTERS = str.maketrans("", "", "_- ")
LIMIT_FOUND = 200  # characters of the user's own text that one message repeats


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about a schema, a run or a machine.

    code: dotted, `subject.fault`; found/expected/hint: plain sentences without a full stop; line and column start at 1;
    json_path points into the document as the user wrote it; fix is a JSON Patch (list of operations) or None.
    """

    code: str
    found: str = ""
    expected: str = ""
    hint: str = ""
    severity: Severity = "error"
    path: str | None = None  # the file
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    json_path: str = ""
    fix: tuple[dict[str, Any], ...] | None = dataclasses.field(default=None, hash=False)

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON-ready facts, every field present."""
        facts = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        facts["hint"] = str(self.hint)
        facts["fix"] = None if self.fix is None else {"json_patch": list(self.fix)}
        return facts

    def moved(self, **changes: Any) -> Finding:
        """The same finding with some fields replaced."""
        return dataclasses.replace(self, **changes)


class Meant(str):
    """A hint that also says, as facts, what to write in place of what was written.

    written: the word or value as it stands in the document, whole or as a word of a longer text; instead: what is meant
    there, or LEFT_OUT. Only what is surely meant becomes a fix.
    """

    written: Any
    instead: Any

    def __new__(cls, text: str, written: Any = None, instead: Any = None) -> Meant:
        hint = super().__new__(cls, text)
        hint.written, hint.instead = written, instead
        return hint

    def __getnewargs__(self) -> tuple[str, Any, Any]:  # type: ignore[override]
        return str(self), self.written, self.instead


LEFT_OUT = ("left out",)  # in place of a value: without its key


class DatagenError(Exception):
    """Something the user can mend, with all the findings that say how. Never shown as a traceback."""

    exit_code = 2

    def __init__(self, findings: Finding | Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = (findings,) if isinstance(findings, Finding) else tuple(findings)
        super().__init__("\n".join(render(finding) for finding in self.findings))

    def __reduce__(self) -> tuple[type[DatagenError], tuple[tuple[Finding, ...]]]:
        return type(self), (self.findings,)


class SchemaError(DatagenError):
    """The schema or the data is wrong: findings of validation, what cannot be satisfied, a gate that did not hold."""

    exit_code = 1


class UsageError(DatagenError):
    """The call is wrong: an option, a name, a path that is not what it should be."""

    exit_code = 2


class MachineError(DatagenError):
    """The machine is in the way: disk, permission, memory, another run in the same place."""

    exit_code = 3


def render(finding: Finding) -> str:
    """The finding as people read it: place and code, then found, expected and hint on lines of their own."""
    place = ""
    if finding.path:
        place = finding.path
        if finding.line is not None:
            place += f":{finding.line}"
            if finding.column is not None:
                place += f":{finding.column}"
    head = "  ".join(part for part in (place, finding.json_path, f"[{finding.code}]") if part)
    if finding.severity != "error":
        head = f"{finding.severity}: {head}"
    facts = (
        ("found", finding.found), ("expected", finding.expected), ("hint", finding.hint),
        ("fix", said(finding.fix, finding.hint)),
    )  # fmt: skip
    return "\n".join([head, *(f"  {label:<9} {text}" for label, text in facts if text)])


def said(fix: Sequence[Mapping[str, Any]] | None, hint: str = "") -> str:
    """What a fix does, in words. hint: of its finding, which knows the word that stands in a list."""
    if fix and isinstance(hint, Meant) and fix[0]["op"] == "replace" and fix[0]["path"].rpartition("/")[2].isdigit():
        return f"{quoted(hint.written)} becomes {quoted(hint.instead)}"
    return "; ".join(_operation(one) for one in fix or ())


def _operation(one: Mapping[str, Any]) -> str:
    place = one["path"].rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    if one["op"] == "move":
        return f"{quoted(one['from'].rpartition('/')[2].replace('~1', '/').replace('~0', '~'))} becomes {quoted(place)}"
    return f"{place} is left out" if one["op"] == "remove" else f"{place} becomes {quoted(one['value'])}"


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word closest to a mistyped one, or None when nothing is near."""
    table: dict[str, str] = {}
    for name in known:
        table.setdefault(name.lower(), name)
    written = word.lower()
    if (surely := _only_one(written, table)) is not None:
        return table[surely]
    swapped = next(
        (
            name
            for name in table
            if len(name) == len(written) <= SHORT and _one_slip(written, name) and sorted(name) == sorted(written)
        ),
        None,
    )
    if swapped is not None:
        return table[swapped]
    hits = difflib.get_close_matches(written, table, n=1, cutoff=0.6)
    if hits:
        return table[hits[0]]
    # of two or three letters one is too much for any cutoff
    return next((table[name] for name in table if len(name) <= SHORT and _one_slip(written, name)), None)


def _one_slip(written: str, name: str) -> bool:
    """Whether one letter was added, left out or changed, or two were swapped."""
    if len(written) == len(name):
        wrong = [place for place, (a, b) in enumerate(zip(written, name, strict=True)) if a != b]
        swapped = len(wrong) == 2 and sorted(written) == sorted(name) and wrong[1] == wrong[0] + 1
        return len(wrong) == 1 or swapped
    longer, shorter = (written, name) if len(written) > len(name) else (name, written)
    return len(longer) == len(shorter) + 1 and any(
        longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer))
    )


def _only_one(written: str, names: Iterable[str]) -> str | None:
    """The only name that a word is, but for `-`, `_` and spaces, or from which it is one slip away; three letters or more."""
    plain = written.translate(_PARTERS)
    same = [name for name in names if name.translate(_PARTERS) == plain]
    hits = same or [name for name in names if len(name) >= LEAST_SURE and _one_slip(written, name)]
    return hits[0] if len(hits) == 1 else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or an empty text. A `Meant` where no other word can be meant."""
    names = tuple(known)
    hit = near(word, names)
    if not hit:
        return ""
    hint = f"did you mean '{hit}'?"
    lower = {name.lower(): name for name in names}
    sure = len(lower) == len(set(names)) and lower.get(_only_one(word.lower(), lower) or "") == hit
    return Meant(hint, word, hit) if sure else hint


def listed(names: Sequence[str], *, most: int = 8) -> str:
    """Names as a short list for a message: `a, b, c and 4 more`."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def quoted(value: object) -> str:
    """A value as a message shows it: its JSON-like spelling, shortened, control characters escaped."""
    text = {None: "null", True: "true", False: "false"}.get(value) if isinstance(value, (bool, type(None))) else None
    if text is None:
        text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= LIMIT_FOUND else text[: LIMIT_FOUND - 1] + "…"
