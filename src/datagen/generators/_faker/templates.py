"""Reads the templates of the packs: from the name of a method to the forms its texts take, with their weights.

Rules that a template names are put in its place, so a form is one row of pieces: picks from tables, texts of fixed
width, and postcodes of a picked place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from datagen.generators._faker.fixed import Check, Fixed, Number, pattern_cells
from datagen.packs.reading import about, pack_locales, rule, table

PLACEHOLDER = re.compile(r"\{\{(.+?)\}\}(?!\})")
GENDERS = ("female", "male")
MOST_INSIDE = 2  # forms of a rule that are written out inside another one


@dataclass(frozen=True, slots=True)
class Pick:
    """A column of one row of a table. Picks of one table with the same `nth` in a form are of the same row."""

    table: str
    column: str
    nth: int = 0

    @property
    def row(self) -> tuple[str, int]:
        return (self.table, self.nth)


@dataclass(frozen=True, slots=True)
class Postcode:
    """A postcode of the region that the form's place lies in."""

    row: tuple[str, int] = ("places", 0)


@dataclass(frozen=True, slots=True)
class Part:
    """A rule with forms of its own, made on its own: otherwise its forms would multiply with those beside it."""

    rule: str
    nth: int = 0


Piece = str | Part | Pick | Postcode | Number | Check | tuple[str, str]  # ("pattern", "###"); a str stands for itself


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a text: its pieces in order, and its share among the forms of the method."""

    pieces: tuple[Part | Pick | Postcode | Fixed, ...]
    weight: float


@cache
def forms_of(locale: str, method: str, *, flat: bool = False) -> tuple[Form, ...]:
    """The forms of a method, the women's first where it has forms for women and men. flat: without parts."""
    return tuple(Form(_joined(pieces), weight) for weight, pieces in _expand(locale, method, (), flat))


@cache
def women(locale: str, method: str) -> int:
    """How many of the first forms are women's; 0 where the method does not speak of a person's gender."""
    templates = rule(locale, method) or {}
    if tuple(templates) != tuple(f"{{{{{method}_{gender}}}}}" for gender in GENDERS):
        return 0
    return len(forms_of(locale, f"{method}_female"))


def _expand(locale: str, name: str, above: tuple[str, ...], flat: bool) -> list[tuple[float, tuple[Piece, ...]]]:
    """Every way to fill a rule: (share, pieces)."""
    templates = rule(locale, name)
    if templates is None or name in above:
        raise ValueError(f"the packs have no usable rule '{name}' for {locale}")
    whole = sum(templates.values())
    found: list[tuple[float, tuple[Piece, ...]]] = []
    for template, weight in templates.items():
        ways: list[tuple[float, tuple[Piece, ...]]] = [(weight / whole, ())]
        for place, text in enumerate(PLACEHOLDER.split(template)):
            if not text:
                continue
            alone = template == f"{{{{{text}}}}}"
            options = [(1.0, tuple(text))] if place % 2 == 0 else _placeholder(locale, text, (*above, name), flat)
            if len(options) > MOST_INSIDE and not flat and not alone:
                options = [(1.0, (Part(text),))]
            ways = [(share * other, (*pieces, *more)) for share, pieces in ways for other, more in options]
        found.extend(ways)
    return found


def _placeholder(locale: str, text: str, above: tuple[str, ...], flat: bool) -> list[tuple[float, tuple[Piece, ...]]]:
    kind, _, value = text.partition(":")
    if kind == "pattern":
        return [(1.0, (("pattern", value),))]
    if kind == "range":
        low, high = value.split("..")
        return [(1.0, (Number(int(low), int(high), len(low)),))]
    if kind == "check":
        return [(1.0, (Check(value),))]
    name, _, column = text.partition(".")
    if not column:
        return _expand(locale, name, above, flat)
    return [(1.0, (Postcode() if column == "postcode" else Pick(name, column),))]


def _joined(pieces: Sequence[Piece]) -> tuple[Part | Pick | Postcode | Fixed, ...]:
    """Neighbours of fixed width become one text; picks of one-column tables are numbered: each is another row."""
    joined: list[Part | Pick | Postcode | Fixed] = []
    cells: list[str | Number | Check | tuple[str, str]] = []
    seen: dict[str, int] = {}

    def close() -> None:
        if cells:
            flat = [part for cell in cells for part in (pattern_cells(cell[1]) if isinstance(cell, tuple) else [cell])]
            joined.append(Fixed(flat))
            cells.clear()

    for piece in pieces:
        if isinstance(piece, Pick):
            close()
            nth = seen.get(piece.table, 0) if piece.column == "value" else 0
            seen[piece.table] = nth + 1
            joined.append(Pick(piece.table, piece.column, nth))
        elif isinstance(piece, Part):
            close()
            nth = seen.get(piece.rule, 0)
            seen[piece.rule] = nth + 1
            joined.append(Part(piece.rule, nth))
        elif isinstance(piece, Postcode):
            close()
            joined.append(piece)
        else:
            cells.append(piece)
    close()
    return tuple(joined)


@cache
def postcode_ranges(locale: str) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    """Lowest and highest postcode of the region of each place, and the form in which they are written (`### ##`)."""
    places = table(locale, "places")
    if places is None or locale not in pack_locales():
        raise ValueError(f"the packs have no places for {locale}")
    low, high = (tuple(map(int, places.column(f"postcode_{end}"))) for end in ("low", "high"))
    return low, high, about(locale)["postcode_form"]
