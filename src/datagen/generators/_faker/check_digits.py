"""Check digits, from the bytes of a text of fixed width: payment cards, barcodes, books, bank accounts, vehicles, people.

Each function takes the columns of the text that count, (n, k) uint8 ASCII without separators and without the check
digits themselves, and gives the check digits as (n, 1) or (n, 2) uint8 ASCII.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
ZERO, CAPITAL_A, CAPITAL_X = 48, 65, 88


def luhn(text: Bytes, place: int) -> Bytes:
    """ISO/IEC 7812: every second digit from the right is doubled, its digits added; the sum is a multiple of 10."""
    digits = (text - ZERO).astype(np.int64)
    doubled = digits[:, ::-1][:, ::2] * 2
    total = (doubled - 9 * (doubled > 9)).sum(axis=1) + digits[:, ::-1][:, 1::2].sum(axis=1)
    return _ascii((-total) % 10)


def ean(text: Bytes, place: int) -> Bytes:
    """GS1 and ISBN-13: weights 3 and 1 in turn from the right."""
    digits = (text - ZERO).astype(np.int64)
    total = 3 * digits[:, ::-1][:, ::2].sum(axis=1) + digits[:, ::-1][:, 1::2].sum(axis=1)
    return _ascii((-total) % 10)


def isbn10(text: Bytes, place: int) -> Bytes:
    """ISO 2108: weights 1 to 9 from the left, modulo 11; 10 is written X."""
    total = (text - ZERO).astype(np.int64) @ np.arange(1, text.shape[1] + 1)
    return _ascii(total % 11)


def iban(text: Bytes, place: int) -> Bytes:
    """ISO 13616: 98 less the account, the country and 00 as one number modulo 97; letters count from A = 10."""
    rest = np.zeros(len(text), dtype=np.int64)
    for column in (*range(place, text.shape[1]), *range(place)):
        letter = text[:, column] >= CAPITAL_A
        value = text[:, column].astype(np.int64) - np.where(letter, CAPITAL_A - 10, ZERO)
        rest = (rest * np.where(letter, 100, 10) + value) % 97
    check = 98 - rest * 100 % 97
    return np.stack([check // 10 + ZERO, check % 10 + ZERO], axis=1).astype(np.uint8)


def vin(text: Bytes, place: int) -> Bytes:
    """ISO 3779 as used in North America: weighted sum modulo 11; 10 is written X."""
    weights = np.array([8, 7, 6, 5, 4, 3, 2, 10, 9, 8, 7, 6, 5, 4, 3, 2])
    code = text.astype(np.int64)
    # A-I are 1-9, J-R 1-9, S-Z 2-9
    value = np.select([code < CAPITAL_A, code <= 73, code <= 82], [code - ZERO, code - 64, code - 73], code - 81)
    return _ascii(value @ weights % 11)


def pesel(text: Bytes, place: int) -> Bytes:
    """The Polish register of people: weights 1, 3, 7, 9 in turn, completed to a multiple of 10."""
    total = (text - ZERO).astype(np.int64) @ np.resize([1, 3, 7, 9], text.shape[1])
    return _ascii(-total % 10)


def mod97(text: Bytes, place: int) -> Bytes:
    """The Spanish social security: the digits before as one number, its rest by 97."""
    digits = (text - ZERO).astype(np.int64)
    rest = digits @ 10 ** np.arange(digits.shape[1] - 1, -1, -1) % 97
    return np.stack([rest // 10 + ZERO, rest % 10 + ZERO], axis=1).astype(np.uint8)


def my_number(text: Bytes, place: int) -> Bytes:
    """The Japanese individual number: weights 2 to 7 and 2 to 6 from the right, 11 less the rest by 11, two digits are 0."""
    digits = (text - ZERO).astype(np.int64)
    rest = digits[:, ::-1] @ np.array([2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6]) % 11
    return _ascii(np.where(rest <= 1, 0, 11 - rest))


def _ascii(check: NDArray[np.int64]) -> Bytes:
    return np.where(check == 10, CAPITAL_X, check + ZERO).astype(np.uint8)[:, None]


CHECKS: Mapping[str, tuple[Callable[[Bytes, int], Bytes], int]] = {
    "luhn": (luhn, 1),
    "ean": (ean, 1),
    "isbn10": (isbn10, 1),
    "iban": (iban, 2),
    "vin": (vin, 1),
    "pesel": (pesel, 1),
    "mod97": (mod97, 2),
    "my_number": (my_number, 1),
}
