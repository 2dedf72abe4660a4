"""The one door for schemas: a file, a text or a Python object becomes a located document, or a list of findings.

Whatever the bytes are, the answer is a Document or a SchemaError with findings `load.…`; nothing in a schema is run,
opened or fetched. JSON and YAML are two spellings of the same tree.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePath
from typing import Any, Literal

from datagen.errors import Finding, SchemaError, did_you_mean, listed
from datagen.schema.load_json import read_json
from datagen.schema.load_text import Places, decoded, foreign, is_empty
from datagen.schema.load_tree import INT_MAX, INT_MIN, Builder, Faults, Scalar, Stop, not_finite, shown
from datagen.schema.tree import Document, Map, Seq

MAX_BYTES = 1_000_000
Syntax = Literal["json", "yaml"]

_NEIGHBOURS = 10_000  # file names looked at for a did-you-mean
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
# What JSON can go on with after its first bracket; a YAML flow object usually goes on with a bare word.
_LIKE_JSON = re.compile(r"""\s*(?:[\[{]\s*(?:["'{}\[\]/0-9-]|\Z)|//|/\*)""")
_SYNTAX_OF: dict[str, Syntax] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}
_ROOT = "an object with `nodes` (or `tables`)"


def load(source: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> Document:
    """Read the schema in a regular file of at most `max_bytes`.

    A name that ends in .json is JSON, one in .yaml or .yml is YAML; any other is told by its first characters.
    Raises SchemaError `load.*`.
    """
    name = os.fsdecode(source)
    return load_text(_bytes_of(name, max_bytes), path=name, max_bytes=max_bytes)


def load_text(
    text: str | bytes, *, path: str | None = None, syntax: Syntax | None = None, max_bytes: int = MAX_BYTES
) -> Document:
    """Read a schema from its text. `path` names it in findings and tells the syntax unless `syntax` does.

    Raises SchemaError `load.*`.
    """
    size = len(text) if isinstance(text, bytes) or len(text) > max_bytes else len(text.encode("utf-8", "surrogatepass"))
    if size > max_bytes:
        raise SchemaError(_too_large(size, max_bytes).moved(path=path))
    characters = decoded(text)
    if isinstance(characters, Finding):
        raise SchemaError(characters.moved(path=path))
    if is_empty(characters):
        raise SchemaError(_empty().moved(path=path))
    root = _read(characters, path, syntax)
    return Document(root=root, path=path, text=characters)


def from_object(obj: Any) -> Document:
    """Read a schema from Python dicts, lists and scalars; every place is line 1, column 1, the paths are real.

    Raises SchemaError `load.*`.
    """
    build = Builder(Places(""), Faults(None))
    try:
        _walk(obj, build)
    except Stop:
        raise build.faults.error() from None
    return Document(root=_root(build), path=None, text="")


def _read(text: str, path: str | None, syntax: Syntax | None) -> Map:
    suffix = PurePath(path).suffix.lower() if path else ""
    named = syntax or _SYNTAX_OF.get(suffix)
    # JSON in a .yaml file is read as JSON where it is JSON (YAML knows no surrogate pairs), as YAML where it is not.
    guessed = syntax is None and named != "json" and _LIKE_JSON.match(text) is not None
    build = _built(text, path, "json" if guessed or named == "json" else "yaml")
    if guessed and named == "yaml" and build.faults.broken_syntax:
        build = _built(text, path, "yaml")
    if (build.faults.broken_syntax or not isinstance(build.root, Map)) and (finding := foreign(text)):
        raise SchemaError(finding.moved(path=path))
    if build.root is None and not build.faults and not text[build.root_offset :].strip():  # nothing after `---`
        raise SchemaError(_empty().moved(path=path))
    return _root(build)


def _built(text: str, path: str | None, syntax: Syntax) -> Builder:
    build = Builder(Places(text), Faults(path))
    try:
        if syntax == "json":
            read_json(text, build)
        else:
            from datagen.schema.load_yaml import read_yaml  # the YAML library is not needed for JSON

            read_yaml(text, build)
    except Stop:
        build.root = None
    return build


def _root(build: Builder) -> Map:
    if isinstance(build.root, Map) and not build.faults:
        return build.root
    if not build.faults:
        root = build.root
        what = {Seq: "a list", type(None): "null"}.get(type(root)) or f"the {_kind(root)} {shown(str(root), 40)}"
        hint = "write `tables:` above the list" if isinstance(root, Seq) else ""
        if isinstance(root, str) and re.match(r"\w+:\S", root):
            hint = "put a space after the colon"
        build.fault(Finding("load.not_an_object", what, _ROOT, hint), build.root_offset)
    raise build.faults.error()


def _bytes_of(name: str, max_bytes: int) -> bytes:
    """The bytes of a regular file. Nothing that could block or act when opened (pipe, device) is opened."""
    try:
        _refuse_irregular(name, os.stat(name).st_mode)
        handle = os.open(name, _OPEN)
        with open(handle, "rb") as file:
            facts = os.fstat(handle)
            _refuse_irregular(name, facts.st_mode)  # it may have been exchanged meanwhile
            if facts.st_size > max_bytes:
                raise SchemaError(_too_large(facts.st_size, max_bytes).moved(path=name))
            return file.read(max_bytes + 1)  # a file that grows while it is read is caught by its length
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        raise SchemaError(_not_found(name)) from None
    except OSError as error:
        found = f"a file that cannot be read: {error.strerror or error}"
        raise SchemaError(Finding("load.not_readable", found, "a readable file", path=name)) from None


def _refuse_irregular(name: str, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    found = next((what for test, what in kinds if test(mode)), "a device")
    hint = _named(_schemas(_names_in(name)), "schemas in it: ") if stat.S_ISDIR(mode) else ""
    raise SchemaError(Finding("load.not_a_file", found, "a regular file with a schema", hint, path=name))


def _not_found(name: str) -> Finding:
    if "\n" in name or name.lstrip().startswith("{"):
        found = f"the text of a schema where its file name is expected: {shown(name)}"
        return Finding("load.not_found", found, "the name of a file", "load_text() reads a schema from its text")
    folder, base = os.path.split(name)
    if folder and not os.path.isdir(folder.replace("\0", "")):
        return Finding("load.not_found", f"no folder {shown(folder)}", "the name of a file", path=name)
    found = f"no file {shown(base)} in {shown(folder) if folder else 'this folder'}"
    if os.path.islink(name.replace("\0", "")):
        found = f"{shown(base)} is a link to a file that does not exist"
    names = _names_in(folder or ".")
    hint = did_you_mean(base, names) or _named(_schemas(names), "schemas in this folder: ")
    return Finding("load.not_found", found, "the name of a file", hint, path=name)


def _names_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in islice(entries, _NEIGHBOURS) if not entry.name.startswith("."))
    except OSError:
        return []


def _schemas(names: list[str]) -> list[str]:
    return [name for name in names if name.lower().endswith(tuple(_SYNTAX_OF))]


def _named(names: list[str], words: str) -> str:
    return words + listed(names) if names else ""


def _walk(obj: Any, build: Builder) -> None:
    """Hand a Python tree to the builder: iteratively, so that a list that holds itself ends at the depth limit."""
    pending: list[Iterator[Any]] = [iter((obj,))]
    while pending:
        for entry in pending[-1]:
            value = entry
            if build.in_map:
                key, value = entry
                _say_key(key, build)
            if isinstance(value, dict):
                build.begin(Map, 0)
                pending.append(iter(value.items()))
                break
            if isinstance(value, (list, tuple)):
                build.begin(Seq, 0)
                pending.append(iter(value))
                break
            build.value(_scalar(value), 0)
        else:
            pending.pop()
            if pending:
                build.end()


def _say_key(key: Any, build: Builder) -> None:
    if isinstance(key, str):
        build.key(str.__str__(key), 0)
        return
    found = str(key) if key is None or isinstance(key, (bool, int, float)) else f"({_kind(key)})"
    build.key(found, 0, fault=Finding("load.key_not_text", f"the key {found}", "keys must be strings", "quote it"))


def _scalar(value: Any) -> Scalar | Finding:
    """A Python value as the language knows it; subclasses (enums, numpy's float64) become the plain type."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        number = int(value)
        if INT_MIN <= number <= INT_MAX:
            return number
        return Finding(
            "load.number_range",
            f"an integer of {number.bit_length()} bits",
            "an integer of at most 64 bits",
            "an identifier of more digits is text",
        )
    if isinstance(value, float):
        real = float(value)
        return real if math.isfinite(real) else not_finite(str(real))
    hint = "a time is text: '2024-01-31'" if hasattr(value, "isoformat") else ""
    return Finding(
        "load.value_type", f"a Python {_kind(value)}", "a string, number, true, false, null, dict or list", hint
    )


def _kind(value: Any) -> str:
    names = {str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), type(value).__name__)


def _too_large(size: int, most: int) -> Finding:
    return Finding(
        "load.too_large",
        f"{size:,} bytes",
        f"a schema of at most {most:,} bytes",
        "a schema describes data and does not hold it: is this the right file?",
    )


def _empty() -> Finding:
    return Finding("load.empty", "an empty schema", _ROOT, "start with `datagen init`", line=1, column=1)
