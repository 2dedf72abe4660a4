"""Texts of fixed width: number plates, phone numbers, card numbers; made as a matrix of bytes, all rows at once.

In a pattern `#` is a digit, `%` 1-9, `$` 2-9, `?` a capital letter, `^` a hexadecimal digit, `[abc]` one of these
characters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datagen.generators._faker.check_digits import CHECKS, ZERO
from datagen.generators._faker.rows import Rows

if TYPE_CHECKING:
    import polars as pl

DIGITS = "0123456789"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SYMBOLS = {"#": DIGITS, "%": DIGITS[1:], "$": DIGITS[2:], "?": CAPITALS, "^": "0123456789abcdef"}
LANE = 56  # bits of a draw that are read as a fraction; times 256 they still fit 64 bits
LANE_VALUES = 1 << 36  # values taken from one lane: each is as likely as the others up to a part in 2^20
NEWLINE, UNIT_SEPARATOR = b"\n", b"\x1f"


@dataclass(frozen=True, slots=True)
class Letter:
    """One character out of some, ASCII."""

    letters: str
    width: int = 1

    @property
    def values(self) -> int:
        return len(self.letters)


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number from low to high, both included, with leading zeros."""

    low: int
    high: int
    width: int

    @property
    def values(self) -> int:
        return self.high - self.low + 1


@dataclass(frozen=True, slots=True)
class Check:
    """The check digits of the rest of the text."""

    kind: str

    @property
    def width(self) -> int:
        return CHECKS[self.kind][1]


Cell = str | Letter | Number | Check  # a str stands for itself


def pattern_cells(form: str, symbols: dict[str, str] | None = None) -> list[Cell]:
    """The cells of a pattern. `symbols`: character -> the letters it stands for, instead of the usual ones."""
    known = SYMBOLS if symbols is None else symbols
    cells: list[Cell] = []
    place = 0
    while place < len(form):
        character = form[place]
        if character == "[" and symbols is None:
            end = form.index("]", place)
            cells.append(Letter(form[place + 1 : end]))
            place = end
        else:
            cells.append(Letter(known[character]) if character in known else character)
        place += 1
    return cells


class Fixed:
    """A text of fixed width: literal characters, drawn characters and numbers, check digits."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = tuple(cells)
        self.drawn = tuple(cell for cell in cells if isinstance(cell, (Letter, Number)))
        self.radices = tuple(cell.values for cell in self.drawn)
        self.width = sum(len(cell.encode()) if isinstance(cell, str) else cell.width for cell in cells)
        first = next((place for place, cell in enumerate(cells) if not isinstance(cell, str)), len(cells))
        self.prefix = "".join(str(cell) for cell in cells[:first])
        literal = b"".join(cell.encode() if isinstance(cell, str) else b" " * cell.width for cell in cells)
        self._separator = NEWLINE if NEWLINE not in literal else UNIT_SEPARATOR
        self._blank = np.frombuffer(literal + self._separator, dtype=np.uint8)
        self.digits = all(
            cell.isdigit()
            if isinstance(cell, str)
            else isinstance(cell, Number) or (isinstance(cell, Letter) and cell.letters.isdigit())
            for cell in cells
        )

    @property
    def literals(self) -> str:
        """The characters that stand for themselves."""
        return "".join(cell for cell in self.cells if isinstance(cell, str))

    @property
    def drawable(self) -> str:
        """The characters that may be drawn or computed."""
        drawn = "".join(cell.letters for cell in self.cells if isinstance(cell, Letter))
        return drawn + ("0123456789X" if any(isinstance(cell, (Number, Check)) for cell in self.cells) else "")

    @property
    def constant(self) -> bool:
        return not self.drawn

    def draw(self, rows: Rows, salt: Callable[[str, int], int], nth: int = 0) -> list[NDArray[np.int64]]:
        """A code (n,) for each drawn cell. `nth` numbers the fixed texts of a form: each has its own draws."""
        codes: list[NDArray[np.int64]] = []
        lane: NDArray[np.uint64] | None = None
        taken, lanes = 1, 64 * nth
        for place, radix in enumerate(self.radices):
            if radix > 256:
                codes.append(rows.below(radix, salt("number", 64 * nth + place)))
                continue
            if lane is None or taken * radix > LANE_VALUES:
                lane = rows.bits(salt("digits", lanes)) >> np.uint64(64 - LANE)
                taken, lanes = 1, lanes + 1
            taken *= radix
            lane = lane * np.uint64(radix)  # the whole part is the code, the fraction feeds the next cell
            codes.append((lane >> np.uint64(LANE)).astype(np.int64))
            lane &= np.uint64((1 << LANE) - 1)
        return codes

    def series(self, codes: Sequence[NDArray[np.int64]], rows: int) -> pl.Series:
        """The texts that these codes spell."""
        return spelled(self._matrix(codes, rows), self._separator)

    def _matrix(self, codes: Sequence[NDArray[np.int64]], rows: int) -> NDArray[np.uint8]:
        matrix = np.empty((rows, self.width + 1), dtype=np.uint8)
        matrix[:] = self._blank
        given = iter(codes)
        checks: list[tuple[str, int]] = []
        counted: list[int] = []
        place = 0
        for cell in self.cells:
            if isinstance(cell, str):
                encoded = cell.encode()
                if cell.isalnum():
                    counted.extend(range(place, place + len(encoded)))
                place += len(encoded)
                continue
            if isinstance(cell, Check):
                checks.append((cell.kind, place))
            else:
                counted.extend(range(place, place + cell.width))
                _write(cell, next(given), matrix[:, place : place + cell.width])
            place += cell.width
        for kind, at in checks:
            function, width = CHECKS[kind]
            before = sum(1 for column in counted if column < at)
            matrix[:, at : at + width] = function(matrix[:, counted], before)
        return matrix


def _write(cell: Letter | Number, codes: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
    if isinstance(cell, Letter):
        into[:, 0] = np.frombuffer(cell.letters.encode("ascii"), dtype=np.uint8)[codes]
        return
    write_digits(codes + cell.low, into)


def write_digits(numbers: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
    """Writes whole numbers >= 0 into the columns of a matrix, with leading zeros."""
    rest = numbers
    for column in range(into.shape[1] - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        into[:, column] = digit + ZERO


def spelled(matrix: NDArray[np.uint8], separator: bytes = NEWLINE) -> pl.Series:
    """(n, w + 1) bytes, the last column the separator, as n texts of UTF-8. The separator stands in none of them."""
    import polars as pl

    if not len(matrix):
        return pl.Series([], dtype=pl.String)
    # one text cut at the separators: no loop, no object per row
    text = matrix.tobytes()[:-1].decode()
    return pl.Series([text], dtype=pl.String).str.split(separator.decode()).explode()
