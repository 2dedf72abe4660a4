"""Documents broken at random by number, the same way every time, and what Datagen says of each: made, or refused in words."""

from __future__ import annotations

import copy
import json
import random
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from datagen import api
from datagen.codes import Explanation, catalogue
from datagen.errors import DatagenError, Finding, SchemaError, render
from datagen.plan.explain import as_facts, as_text
from datagen.plan.model import Plan
from datagen.schema.load import load_text
from tests.codes.examples import RUNNABLE, document_of
from tests.corpus.breaking import WAYS, documents, slices
from tests.golden.content import SCALES, SETS

ROOT = Path(__file__).parents[2]
ROWS = 5  # of each table are made
SMALL = 100_000  # rows that a plan expects, of which the first may be made
# of twenty mutants so many of whole data sets, of single tables, of examples of the catalogue, of version-1 documents
SHARES = {"shipped": 3, "table": 5, "example": 9, "version 1": 3}
TIMES = (1, 1, 1, 2, 3)  # things that are broken in a mutant
TEXTUAL = 0.2  # of the mutants are broken as texts, not as structures
CHARACTERS = "\0\t \n\"'#&*-:<>?[]{}|\\,\u00a0\u200d\u202e\ufeff\ud800é0eE.%$!@`~"


@dataclass(frozen=True)
class Source:
    """A document to be broken: its text, and as a Python object where it can be read."""

    name: str
    text: str
    root: Any = None


@dataclass(frozen=True)
class Mutant:
    """A broken document. root: the structure that the text was written from, if it was one."""

    name: str
    text: str
    path: str
    root: Any = None


@dataclass(frozen=True)
class Outcome:
    """How far a document came (read, prepared, bound, made), the exit code, the codes told; faults of Datagen itself."""

    stage: str
    exit: int
    codes: tuple[str, ...]
    lines: list[int | None] = field(default_factory=list)
    faults: tuple[str, ...] = ()
    detail: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@cache
def sources(kind: str) -> tuple[Source, ...]:
    """Every document of a kind that is broken."""
    match kind:
        case "shipped":
            return tuple(structure(name, small(name, root)) for name, root in sorted(documents().items()))
        case "table":
            return tuple(structure(name, root) for name, root in sorted(slices().items()))
        case "example":
            return tuple(example(one) for one in catalogue().values() if one.shape in (*RUNNABLE, "text"))
        case _:
            paths = sorted((ROOT / "tests" / "version_1").glob("*.json"))
            return tuple(structure(path.name, json.loads(path.read_text())) for path in paths)


def small(name: str, root: Any) -> Any:
    """A shipped schema at the scale of the golden hashes, where its parameters say the scale."""
    return {**root, "params": {**root["params"], **dict(SETS[name])}} if name in SETS else root


def structure(name: str, root: Any) -> Source:
    return Source(name, yaml.safe_dump(root, sort_keys=False, allow_unicode=True), root)


def example(one: Explanation) -> Source:
    """The good example of a code, as a whole document."""
    text = document_of(one.shape, one.good)
    return Source(one.code, text, readable(text))


def readable(text: str) -> Any:
    """The structure of a text, or None."""
    try:
        root = json.loads(json.dumps(load_text(text).root))
    except SchemaError:
        return None
    return root if isinstance(root, dict) and root else None


def mutant(number: int, seed: int = 0) -> Mutant:
    """The n-th broken document: one to three things of its structure, or of its text."""
    dice = random.Random(f"{seed} {number}")
    kinds = [kind for kind, share in SHARES.items() for _ in range(share)]
    kind = kinds[number % len(kinds)]
    before = kinds[: number % len(kinds)].count(kind)
    of_kind = sources(kind)
    source = of_kind[(number // len(kinds) * SHARES[kind] + before) % len(of_kind)]
    if source.root is None or dice.random() < TEXTUAL:
        return Mutant(f"{kind} {source.name}, as text", broken_text(source.text, dice), "broken.yaml")
    root = broken(source.root, dice)
    suffix = dice.choice(("json", "yaml"))
    return Mutant(f"{kind} {source.name}", written(root, suffix), f"broken.{suffix}", root)


def broken(root: Any, dice: random.Random) -> Any:
    """A copy with one to three things of its structure broken."""
    root = copy.deepcopy(root)
    for _ in range(dice.choice(TIMES)):
        if root:
            dice.choice(WAYS)(root, dice)
    return root


def written(root: Any, suffix: str) -> str:
    """A structure as the text of a file with a suffix."""
    return json.dumps(root, indent=1) if suffix == "json" else yaml.safe_dump(root, sort_keys=False, allow_unicode=True)


def put_character(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(CHARACTERS) + text[at + dice.randint(0, 1) :]


def cut_out(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + text[at + dice.randint(1, 40) :]


def cut_off(text: str, dice: random.Random) -> str:
    return text[: dice.randrange(len(text) + 1)]


def copy_piece(text: str, dice: random.Random) -> str:
    at, to = (dice.randrange(len(text) + 1) for _ in range(2))
    return text[:to] + text[at : at + dice.randint(1, 80)] + text[to:]


def move_lines(text: str, dice: random.Random) -> str:
    """One line doubled, lost, indented by a blank, or put elsewhere."""
    lines = text.split("\n")
    at = dice.randrange(len(lines))
    line = lines.pop(at)
    changed = {"double": [line, line], "lose": [], "indent": [f" {line}"], "outdent": [line[1:]]}
    way = dice.choice((*changed, "elsewhere"))
    at = dice.randrange(len(lines) + 1) if way == "elsewhere" else at
    lines[at:at] = changed.get(way, [line])
    return "\n".join(lines)


TEXT_WAYS: tuple[Callable[[str, random.Random], str], ...] = (
    put_character, put_character, cut_out, cut_off, copy_piece, move_lines,
)  # fmt: skip


def broken_text(text: str, dice: random.Random) -> str:
    for _ in range(dice.choice(TIMES)):
        text = dice.choice(TEXT_WAYS)(text, dice)
    return text


def attempt(one: Mutant, *, make: bool = True) -> Outcome:
    """Read, check and plan a document as the commands do, and make some of its rows where they are few.

    Whatever is no finding with its place is a fault.
    """
    stage, findings, code = "read", tuple[Finding, ...](), 0
    try:
        document = load_text(one.text.encode(errors="surrogatepass"), path=one.path)
        stage = "prepared"
        prepared = api.prepare(document, scale=scale_of(one))
        stage = "bound"
        plan = prepared.bind()
        findings = plan.findings
        as_text(plan), as_facts(plan)
        if make and is_small(plan):
            stage = "made"
            api.preview_of(plan, ROWS, document=prepared.document)
    except DatagenError as error:
        findings, code = error.findings, error.exit_code
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # whatever it is, a panic of a library in Rust, too, is what is sought
        return Outcome(stage, 2, (), [], (crash(error),), "".join(traceback.format_exception(error)))
    faults = [f"{finding.code}: {what}" for finding in findings for what in lacking(finding, one.path)]
    if code not in (0, 1):
        faults.append(f"exit {code}: {findings[0].code}")
    detail = "\n".join(render(finding) for finding in findings)
    codes = tuple(finding.code for finding in findings)
    return Outcome(stage, code, codes, [one.line for one in findings], tuple(dict.fromkeys(faults)), detail)


def scale_of(one: Mutant) -> float:
    """Shipped data sets are planned small."""
    kind, _, name = one.name.removesuffix(", as text").partition(" ")
    return SCALES.get(name, 1.0 if name in SETS else 0.1) if kind == "shipped" else 1.0


def is_small(plan: Plan) -> bool:
    return sum(table.expected_rows for table in plan.tables.values()) <= SMALL


def lacking(finding: Finding, path: str) -> list[str]:
    """What a finding does not say that it must."""
    wanted = {"what was found": finding.found, "its file": finding.path == path, "its line": finding.line}
    return [f"without {what}" for what, there in wanted.items() if not there]


def crash(error: BaseException) -> str:
    """The name of an error and the innermost place in Datagen that it came through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/datagen/" in frame.filename]
    where = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {where.filename.rpartition('/datagen/')[2]}, {where.name}"
