"""Regular expressions that describe texts of bounded length: read, counted, and looked at for texts that stand twice.

The syntax is that of Python as far as texts can be made from it: literals, classes, groups, alternatives, `?` and counted
repetition. Nothing is looked around, ahead or back at, and nothing repeats without end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

PRINTABLE = "".join(map(chr, range(32, 127)))  # what `.` and negated classes are drawn from
DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CLASSES = {"d": DIGITS, "w": DIGITS + LETTERS + "_", "s": " "}
CONTROLS = {"t": "\t", "n": "\n", "r": "\r"}
MOST_PLACES = 1_000  # characters of the longest text, and places of the pattern that can make one


class RegexError(Exception):
    """What cannot be read or made, and where: (place from 0, why)."""

    def __init__(self, place: int, why: str) -> None:
        super().__init__(why)
        self.place, self.why = place, why


@dataclass(frozen=True)
class Chars:
    """One of some characters."""

    chars: str

    @property
    def count(self) -> int:
        return len(self.chars)

    @property
    def longest(self) -> int:
        return 1


@dataclass(frozen=True)
class Row:
    """Several things one after the other."""

    items: tuple[Node, ...]

    @cached_property
    def count(self) -> int:
        return prod(item.count for item in self.items)

    @cached_property
    def longest(self) -> int:
        return sum(item.longest for item in self.items)


@dataclass(frozen=True)
class Either:
    """One of several things, equally likely."""

    items: tuple[Node, ...]

    @cached_property
    def count(self) -> int:
        return sum(item.count for item in self.items)

    @cached_property
    def longest(self) -> int:
        return max(item.longest for item in self.items)


@dataclass(frozen=True)
class Repeat:
    """The same thing so many times, every number equally likely."""

    item: Node
    least: int
    most: int

    @cached_property
    def counts(self) -> list[int]:
        """Ways for each number of times."""
        return [self.item.count**times for times in range(self.least, self.most + 1)]

    @cached_property
    def count(self) -> int:
        return sum(self.counts)

    @cached_property
    def longest(self) -> int:
        return self.item.longest * self.most


Node = Chars | Row | Either | Repeat


def read(text: str) -> Row:
    """The pattern as a tree. Raises RegexError."""
    reader = _Reader(text)
    found = reader.either(0)
    if reader.place < len(text):
        raise RegexError(reader.place, "a `)` that closes nothing")
    whole = Row(tuple(_flat([found])))
    if whole.longest > MOST_PLACES:
        raise RegexError(0, f"texts of up to {whole.longest:,} characters, more than {MOST_PLACES:,}")
    return whole


def _flat(items: Sequence[Node]) -> list[Node]:
    """Rows inside rows, and things repeated a fixed number of times, one by one."""
    found: list[Node] = []
    for item in items:
        if isinstance(item, Row):
            found += _flat(item.items)
        elif isinstance(item, Repeat) and item.least == item.most and len(found) + item.most <= MOST_PLACES:
            found += _flat([item.item]) * item.most
        else:
            found.append(item)
    return found


class _Reader:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0

    def peek(self) -> str:
        return self.text[self.place : self.place + 1]

    def take(self) -> str:
        char = self.peek()
        self.place += 1
        return char

    def either(self, depth: int) -> Node:
        if depth > 50:
            raise RegexError(self.place, "groups more than 50 deep")
        items = [self.row(depth)]
        while self.peek() == "|":
            self.take()
            items.append(self.row(depth))
        return items[0] if len(items) == 1 else Either(tuple(items))

    def row(self, depth: int) -> Node:
        items: list[Node] = []
        while self.peek() not in ("", "|", ")"):
            start = self.place
            if (self.peek() == "^" and start == 0) or (self.peek() == "$" and start == len(self.text) - 1):
                self.take()
            else:
                items.append(self.repeated(self.single(depth)))
        return items[0] if len(items) == 1 else Row(tuple(_flat(items)))

    def single(self, depth: int) -> Node:
        start, char = self.place, self.take()
        if char == "(":
            return self.group(start, depth)
        if char == "[":
            return self.listed(start)
        if char == "\\":
            return Chars(self.escaped(start))
        if char == ".":
            return Chars(PRINTABLE)
        if char in "*+?{":
            raise RegexError(start, f"a `{char}` that repeats nothing")
        if char in "^$":
            raise RegexError(start, f"a `{char}` inside the text, where it can never match")
        return Chars(char)

    def group(self, start: int, depth: int) -> Node:
        if self.peek() == "?":
            self.take()
            kind = self.take()
            if kind == "P" and self.peek() == "<":
                end = self.text.find(">", self.place)
                if end < 0:
                    raise RegexError(start, "a group whose name does not end")
                self.place = end + 1
            elif kind != ":":
                raise RegexError(start, f"`(?{kind}`, which looks around, refers back or sets a flag")
        found = self.either(depth + 1)
        if self.take() != ")":
            raise RegexError(start, "a `(` that is not closed")
        return found

    def escaped(self, start: int) -> str:
        char = self.take()
        if char in CLASSES:
            return CLASSES[char]
        if char.lower() in CLASSES:
            return "".join(one for one in PRINTABLE if one not in CLASSES[char.lower()])
        if char in CONTROLS:
            return CONTROLS[char]
        if char == "" or char.isalnum():
            raise RegexError(start, f"`\\{char}`, which stands for no characters")
        return char

    def listed(self, start: int) -> Node:
        negated = self.peek() == "^"
        self.place += negated
        found: dict[str, None] = {}
        first = True
        while (char := self.take()) != "]" or first:
            first = False
            if char == "":
                raise RegexError(start, "a `[` that is not closed")
            if char == "[" and self.peek() in (":", ".", "="):  # what others read as a name is no list of its letters
                raise RegexError(
                    self.place - 1, f"`[{self.peek()}`, a class by its name; write its characters: [A-Za-z]"
                )
            some = self.escaped(self.place - 1) if char == "\\" else char
            if self.peek() == "-" and self.text[self.place + 1 : self.place + 2] not in ("]", "") and len(some) == 1:
                self.take()
                last = self.take()
                last = self.escaped(self.place - 1) if last == "\\" else last
                if len(last) != 1 or last < some:
                    raise RegexError(start, f"the range {some}-{last}, which ends before it begins")
                if ord(last) - ord(some) > 10_000:
                    raise RegexError(start, f"the range {some}-{last} of more than 10,000 characters")
                some = "".join(map(chr, range(ord(some), ord(last) + 1)))
            found |= dict.fromkeys(some)
        chars = "".join(one for one in PRINTABLE if one not in found) if negated else "".join(found)
        if not chars:
            raise RegexError(start, "a class without a character")
        return Chars(chars)

    def repeated(self, item: Node) -> Node:
        start, char = self.place, self.peek()
        if char and char in "*+":
            raise RegexError(start, f"`{char}`, which repeats without end")
        if char == "?":
            self.take()
            least, most = 0, 1
        elif char == "{":
            end = self.text.find("}", start)
            low, comma, high = self.text[start + 1 : max(end, start + 1)].partition(",")
            digits = [one for one in (low, high) if one]
            if end < 0 or not digits or not all(one.isascii() and one.isdigit() for one in digits):
                raise RegexError(start, "a `{` that is no repetition such as {3} or {2,5}; write \\{ for the sign")
            if comma and not high:
                raise RegexError(start, f"`{{{low},}}`, which repeats without end")
            self.place = end + 1
            least, most = int(low or 0), int(high if comma else low)
            if least > most or most > MOST_PLACES:
                raise RegexError(start, f"a repetition from {least} to {most}: at most {MOST_PLACES:,}")
        else:
            return item
        if self.peek() and self.peek() in "?+*{":
            raise RegexError(self.place, f"`{self.peek()}` after a repetition")
        return Repeat(item, least, most)


def stands_twice(node: Node) -> bool:
    """Whether a text may be made in two ways, as far as can be told from the next character alone.

    Every place of the pattern that makes a character is known by its number; where two that may come next share a
    character, or nothing can be made of nothing in two ways, the answer is yes (one-unambiguous expressions: Brüggemann-
    Klein and Wood 1998).
    """
    return _Places().unsure(node)


@dataclass(frozen=True)
class _Ends:
    """Where texts of a node may begin and end, and whether it may be empty."""

    empty: bool
    first: tuple[int, ...]
    last: tuple[int, ...]


class _Places:
    """Places of a pattern, the characters of each and what may follow it."""

    def __init__(self) -> None:
        self.chars: list[frozenset[str]] = []
        self.next: list[set[int]] = []
        self.unsure_here = False

    def unsure(self, node: Node) -> bool:
        ends = self.walk(node)
        if self.unsure_here or len(self.chars) > MOST_PLACES:
            return True
        return any(self.overlap(sorted(places)) for places in (ends.first, *self.next))

    def overlap(self, places: Sequence[int]) -> bool:
        seen: set[str] = set()
        for place in places:
            if seen & self.chars[place]:
                return True
            seen |= self.chars[place]
        return False

    def walk(self, node: Node) -> _Ends:
        if len(self.chars) > MOST_PLACES:
            return _Ends(True, (), ())
        if isinstance(node, Chars):
            self.chars.append(frozenset(node.chars))
            self.next.append(set())
            return _Ends(False, (len(self.chars) - 1,), (len(self.chars) - 1,))
        if isinstance(node, Either):
            parts = [self.walk(item) for item in node.items]
            self.unsure_here |= sum(part.empty for part in parts) > 1
            return _Ends(
                any(part.empty for part in parts),
                tuple(place for part in parts for place in part.first),
                tuple(place for part in parts for place in part.last),
            )
        if isinstance(node, Row):
            found = _Ends(True, (), ())
            for item in node.items:
                found = self.after(found, self.walk(item))
            return found
        found, tail = _Ends(True, (), ()), _Ends(True, (), ())
        for _ in range(node.most - node.least):  # from the inside out: item (item (item)?)?
            part = self.walk(node.item)
            self.unsure_here |= part.empty
            tail = self.after(part, tail)
            tail = _Ends(True, tail.first, tail.last)
        for _ in range(node.least):
            found = self.after(found, self.walk(node.item))
        return self.after(found, tail)

    def after(self, one: _Ends, two: _Ends) -> _Ends:
        for place in one.last:
            self.next[place].update(two.first)
        first = one.first + two.first if one.empty else one.first
        last = two.last + one.last if two.empty else two.last
        return _Ends(one.empty and two.empty, first, last)
