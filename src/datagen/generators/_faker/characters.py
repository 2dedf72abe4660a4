"""`bothify`, `numerify`, `lexify`, `hexify` and their like: the user's own form, filled with digits and letters."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from datagen.contracts import Values
from datagen.generators._faker.arguments import Arguments
from datagen.generators._faker.fixed import CAPITALS, DIGITS, Fixed, pattern_cells
from datagen.generators._faker.request import Maker, Request
from datagen.generators._faker.rows import Rows

LETTERS = CAPITALS.lower() + CAPITALS
NUMBER_SIGNS = {"#": DIGITS, "%": DIGITS[1:], "$": DIGITS[2:]}
# What each method replaces, when the user gives no letters of his own.
SIGNS = {
    "numerify": NUMBER_SIGNS,
    "lexify": {"?": LETTERS},
    "bothify": NUMBER_SIGNS | {"?": LETTERS},
    "hexify": {"^": "0123456789abcdef"},
}
DEFAULT_FORM = {"numerify": "###", "lexify": "????", "bothify": "## ??", "hexify": "^^^^"}
MOST_RANKS = 1 << 62


class FormOfUser(Maker):
    """One text of fixed width. A unique column numbers the last characters of the form."""

    def __init__(self, request: Request, fixed: Fixed) -> None:
        self.request = request
        self.fixed = fixed
        self.digits = fixed.digits
        kept: list[int] = []
        for radix in reversed(fixed.radices):
            if prod(kept) * radix > MOST_RANKS:
                break
            kept.insert(0, radix)
        self._ranked = kept
        if request.unique:
            self.size = prod(kept)

    def fill(self, rows: Rows) -> Values:
        codes = self.fixed.draw(rows, self.request.salt)
        if self.request.unique:
            rest = self.request.ranks(rows, self.size or 1)
            for place in range(1, len(self._ranked) + 1):
                rest, codes[-place] = np.divmod(rest, self._ranked[-place])
        return Values("text", self.fixed.series(codes, len(rows)))


def variable_width(method: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a form needs Faker itself: `!` and `@` are a digit or nothing, and letters may be any of the world's."""
    form, letters = arguments.get("text", ""), arguments.get("letters", "")
    if method in ("numerify", "bothify") and isinstance(form, str) and ("!" in form or "@" in form):
        return True
    return isinstance(letters, str) and not letters.isascii()


def form_of_user(request: Request) -> Maker:
    """The maker of `bothify` and its like."""
    arguments = Arguments(request.scope, request.arguments)
    form = arguments.text("text", DEFAULT_FORM[request.method])
    signs = dict(SIGNS[request.method])
    if "letters" in request.arguments:
        # each character once and in its place: a letter written twice would be twice as likely, and no unique text
        signs["?"] = "".join(dict.fromkeys(arguments.text("letters", LETTERS, most=200, ascii_only=True)))
    if request.method == "hexify" and arguments.flag("upper", False):
        form, signs = form.upper(), {"^": "0123456789ABCDEF"}
    return FormOfUser(request, Fixed(pattern_cells(form, signs)))


def random_text(request: Request) -> Maker:
    """`pystr`: letters, as many as `max_chars`."""
    arguments = Arguments(request.scope, request.arguments)
    length = arguments.whole("max_chars", 20, 1, 1_000)
    return FormOfUser(request, Fixed(pattern_cells("?" * length, {"?": LETTERS})))
