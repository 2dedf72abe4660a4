"""Finds a part by the word the user wrote: the file `generators/choice.py` holds the class `Choice`, and nothing lists it.

Strangers add words by entry points named `datagen.generators`, `datagen.modifiers` and `datagen.laws`, which are only read
when plug-ins are switched on (`enable_plugins`), never because a schema names one.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

KINDS = {
    "generator": "datagen.generators",
    "modifier": "datagen.modifiers",
    "law": "datagen.laws",
    "rows": "datagen.rows",
    "imperfection": "datagen.imperfections",
}

_plugins_enabled = False


def words(kind: str) -> tuple[str, ...]:
    """Every word of one kind of part, sorted. Reads file names only; no part is imported."""
    return tuple(sorted({*_built_in(kind), *_plugins(kind)}))


def find(kind: str, word: str) -> type[Any] | None:
    """The class behind a word, or None when there is no such word."""
    if word in _built_in(kind):
        return _load(kind, word)
    entry = _plugins(kind).get(word)
    return None if entry is None else entry.load()


def class_name(word: str) -> str:
    """`datetime_series` -> `DatetimeSeries`."""
    return "".join(piece.capitalize() for piece in word.split("_"))


def enable_plugins() -> None:
    """Let words come from installed packages too, from now on."""
    global _plugins_enabled
    _plugins_enabled = True


@cache
def _built_in(kind: str) -> frozenset[str]:
    package = importlib.import_module(KINDS[kind])
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return frozenset(name.removesuffix("_") for name in names if not name.startswith("_"))


@cache
def _load(kind: str, word: str) -> type[Any]:
    package = KINDS[kind]
    # a word that Python keeps for itself lives in a file with an underscore behind it: lambda_.py
    module = importlib.import_module(f"{package}.{word}{'_' if word in {'lambda', 'if', 'in'} else ''}")
    found: type[Any] = getattr(module, class_name(word))
    return found


def _plugins(kind: str) -> dict[str, EntryPoint]:
    if not _plugins_enabled:
        return {}
    from importlib.metadata import entry_points  # with what it loads, 10 ms

    return {entry.name: entry for entry in entry_points(group=f"{KINDS[kind]}")}
