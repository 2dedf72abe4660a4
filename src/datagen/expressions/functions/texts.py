"""Functions of text: characters are counted, not bytes; places start at 1; results have at most 10,000 characters."""

from __future__ import annotations

from typing import Any

from datagen.expressions.functions.table import Making, Overload, define

GROUP = "Text"
LONGEST_TEXT = 10_000
TEXT_RANGE = "texts have at most 10,000 characters"
FAR = 1_000_000  # beyond any place in any text; keeps sums of places from wrapping


def bounded(make: Making, text: Any) -> Any:
    text = make.hold(text)
    make.refuse(text.str.len_chars() > LONGEST_TEXT, TEXT_RANGE)
    return text


def as_texts(make: Making, parts: Any, types: Any) -> list[Any]:
    return [make.text(part, type) for part, type in zip(parts, types, strict=True)]


def joined(make: Making, *parts: Any) -> Any:
    """`||`: null when a part is."""
    return bounded(make, make.pl.concat_str(as_texts(make, parts, make.taken)))


def concat(make: Making, *parts: Any) -> Any:
    return bounded(make, make.pl.concat_str(as_texts(make, parts, make.taken), ignore_nulls=True))


def concat_ws(make: Making, separator: str, *parts: Any) -> Any:
    return bounded(
        make, make.pl.concat_str(as_texts(make, parts, make.taken[1:]), separator=separator, ignore_nulls=True)
    )


def substring(make: Making, text: Any, start: Any, length: Any = None) -> Any:
    """The places [start, start + length) from 1; a negative start counts from the end, a negative length goes back."""
    pl = make.pl
    text, start = make.hold(text), make.hold(start.clip(-FAR, FAR))
    size = text.str.len_chars().cast(pl.Int64)
    first = make.hold(make.where(start < 0, size + start + 1, start))
    if length is None:
        low, high = first, size + 1
    else:
        length = make.hold(length.clip(-FAR, FAR))
        low = make.where(length < 0, first + length, first)
        high = make.where(length < 0, first, first + length)
    low, high = make.hold(low), make.hold(high)
    begin = make.where(low < 1, 1, low)
    piece = text.str.slice(begin - 1, make.where(high > begin, high - begin, 0))
    return make.known(piece, start) if length is None else make.known(piece, start, length)


def replace(make: Making, text: Any, old: str, new: Any) -> Any:
    if old == "":
        return make.known(text, new)
    pl = make.pl
    text, new = make.hold(text), make.hold(new)
    hits = text.str.count_matches(old, literal=True).cast(pl.Int64)
    fine = make.hold(
        text.str.len_chars().cast(pl.Int64) + hits * (new.str.len_chars().cast(pl.Int64) - len(old)) <= LONGEST_TEXT
    )
    make.refuse(~fine, TEXT_RANGE)
    return make.known(make.where(fine, text).str.replace_all(old, make.where(fine, new, ""), literal=True), new)


def repeat(make: Making, text: Any, times: Any) -> Any:
    pl = make.pl
    text, times = make.hold(text), make.hold(times)
    size = text.str.len_chars().cast(pl.Float64) * times.cast(pl.Float64)
    fine = make.hold(size <= LONGEST_TEXT)
    make.refuse(~fine, TEXT_RANGE)
    count = make.where(fine & (times > 0) & (text != ""), times, 0)
    return make.known(text.repeat_by(count).list.join(""), text, times)


def pad(left: bool) -> Any:
    """Build lpad or rpad: filled to a length, or cut to it."""

    def build(make: Making, text: Any, length: Any, filling: str = " ") -> Any:
        pl = make.pl
        text, length = make.hold(text), make.hold(length)
        fine = length <= LONGEST_TEXT
        make.refuse(~fine, TEXT_RANGE)
        wanted = make.hold(make.where(fine, length.clip(0, LONGEST_TEXT)))
        missing = make.hold(wanted - text.str.len_chars().cast(pl.Int64))
        strip = filling * (LONGEST_TEXT // len(filling) + 1)
        filled = make.where(
            missing > 0, pl.lit(strip[:LONGEST_TEXT]).str.slice(0, make.where(missing > 0, missing, 0)), ""
        )
        parts = [filled, text.str.head(wanted)] if left else [text.str.head(wanted), filled]
        return make.known(pl.concat_str(parts), length)

    return build


def split_part(make: Making, text: Any, separator: Any, place: Any) -> Any:
    pl = make.pl
    place = make.hold(place.clip(-FAR, FAR))
    index = make.where(place > 0, place - 1, make.where(place < 0, place, FAR))
    text, separator = make.hold(text), make.hold(separator)
    part = pl.coalesce(text.str.split(separator).list.get(index, null_on_oob=True), pl.lit(""))
    # Split at nothing, a text falls into its characters.
    return make.known(make.where(separator == "", text.str.slice(index, 1), part), text, separator, place)


def position(make: Making, text: Any, part: Any) -> Any:
    pl = make.pl
    text, part = make.hold(text), make.hold(part)
    before = text.str.split(part).list.first().str.len_chars().cast(pl.Int64)
    return make.known(
        make.where(part == "", 1, make.where(text.str.contains(part, literal=True), before + 1, 0)), text, part
    )


def strip(side: str) -> Any:
    def build(make: Making, text: Any, marks: Any = None) -> Any:
        if marks is None:
            return getattr(text.str, f"strip_chars{side}")(" ")
        return make.known(getattr(text.str, f"strip_chars{side}")(marks), marks)

    return build


def like(ignore_case: bool) -> Any:
    def build(make: Making, text: Any, pattern: str, escape: str = "") -> Any:
        if ignore_case:
            text, pattern = text.str.to_lowercase(), pattern.lower()
        pieces = pattern_pieces(pattern, escape)
        return match_pieces(make, text, pieces)

    return build


def pattern_pieces(pattern: str, escape: str) -> list[str | None]:
    """A like pattern as plain texts, None for `%`, and "" for `_`."""
    pieces: list[str | None] = []
    plain, place = "", 0
    while place < len(pattern):
        mark = pattern[place]
        escaped = bool(escape) and mark == escape
        if escaped and place + 1 < len(pattern):
            place += 1
            plain += pattern[place]
        elif mark in "%_" and not escaped:
            if plain:
                pieces.append(plain)
                plain = ""
            pieces.append(None if mark == "%" else "")
        else:
            plain += mark
        place += 1
    return [*pieces, plain] if plain else pieces


def match_pieces(make: Making, text: Any, pieces: list[str | None]) -> Any:
    if "" not in pieces and pieces.count(None) <= 2:
        shape = ["%" if piece is None else "x" for piece in pieces]
        plain = next((piece for piece in pieces if piece), "")
        if shape == ["x"] or not shape:
            return text == plain
        if shape == ["x", "%"]:
            return text.str.starts_with(make.pl.lit(plain))
        if shape == ["%", "x"]:
            return text.str.ends_with(make.pl.lit(plain))
        if shape == ["%", "x", "%"]:
            return text.str.contains(make.pl.lit(plain), literal=True)
    # Rust's regular expressions take linear time. Every mark of a plain text is escaped by its code point.
    spelled = "".join(
        ".*" if piece is None else "." if piece == "" else "".join(f"\\x{{{ord(mark):x}}}" for mark in piece)
        for piece in pieces
    )
    return text.str.contains(rf"(?s)\A{spelled}\z")


def one_mark(text: Any, pattern: str, escape: str | None = None) -> str:
    return "" if escape is None or len(escape) == 1 else "escape takes one character"


def some_filling(text: Any, length: int | None, filling: str | None = None) -> str:
    return "the filling is empty" if filling == "" else few_characters(text, length)


def few_characters(text: Any, count: int | None) -> str:
    return TEXT_RANGE if count is not None and count > LONGEST_TEXT else ""


def _text(
    name: str, doc: str, example: tuple[str, Any], takes: str, build: Any, accepts: Any = None, **more: Any
) -> Any:
    return define(name, GROUP, doc, example, Overload(takes, build, accepts=accepts), **more)


FUNCTIONS = (
    _text(
        "lower",
        "In small letters",
        ("lower('AbC')", "abc"),
        "string -> string",
        lambda make, x: x.str.to_lowercase(),
        aliases=("lcase",),
    ),
    _text(
        "upper",
        "In capital letters",
        ("upper('AbC')", "ABC"),
        "string -> string",
        lambda make, x: x.str.to_uppercase(),
        aliases=("ucase",),
    ),
    _text(
        "length",
        "Number of characters",
        ("length('abc')", 3),
        "string -> int",
        lambda make, x: x.str.len_chars(),
        aliases=("len",),
    ),
    _text(
        "trim",
        "Without spaces (or the given characters) at both ends",
        ("trim('  a ')", "a"),
        "string, string? -> string",
        strip(""),
        shown="trim(x), trim(x, characters)",
    ),
    _text(
        "ltrim",
        "Without spaces (or the given characters) at the start",
        ("ltrim('xxa', 'x')", "a"),
        "string, string? -> string",
        strip("_start"),
        shown="ltrim(x), ltrim(x, characters)",
    ),
    _text(
        "rtrim",
        "Without spaces (or the given characters) at the end",
        ("rtrim('a  ')", "a"),
        "string, string? -> string",
        strip("_end"),
        shown="rtrim(x), rtrim(x, characters)",
    ),
    _text(
        "substr",
        "A piece from a place on, of a length; a negative place counts from the end",
        ("substr('abcdef', 2, 3)", "bcd"),
        "string, int, int? -> string",
        substring,
        aliases=("substring",),
        shown="substr(x, start), substr(x, start, length)",
    ),
    _text(
        "left",
        "The first n characters; without the last n when n is negative",
        ("left('abc', 2)", "ab"),
        "string, int -> string",
        lambda make, x, n: x.str.head(n.clip(-FAR, FAR)),
        shown="left(x, n)",
    ),
    _text(
        "right",
        "The last n characters; without the first n when n is negative",
        ("right('abc', 2)", "bc"),
        "string, int -> string",
        lambda make, x, n: x.str.tail(n.clip(-FAR, FAR)),
        shown="right(x, n)",
    ),
    _text(
        "replace",
        "Every occurrence of a constant text replaced",
        ("replace('a-b-c', '-', '+')", "a+b+c"),
        "string, string!, string -> string",
        replace,
        shown="replace(x, old, new)",
    ),
    _text(
        "concat",
        "Values joined as text, nulls skipped",
        ("concat('a', null, 1)", "a1"),
        "written... -> string",
        concat,
        strict=False,
        absorbs=True,
        shown="concat(a, b, …)",
    ),
    _text(
        "concat_ws",
        "Values joined with a constant separator, nulls skipped",
        ("concat_ws('-', 2024, null, 'x')", "2024-x"),
        "string!, written... -> string",
        concat_ws,
        strict=False,
        absorbs=True,
        shown="concat_ws(separator, a, b, …)",
    ),
    _text(
        "lpad",
        "Filled at the start to n characters (with spaces, or a constant text), or cut to n",
        ("lpad('7', 3, '0')", "007"),
        "string, int, string!? -> string",
        pad(True),
        some_filling,
        shown="lpad(x, n, filling)",
    ),
    _text(
        "rpad",
        "Filled at the end to n characters, or cut to n",
        ("rpad('ab', 4, '.')", "ab.."),
        "string, int, string!? -> string",
        pad(False),
        some_filling,
        shown="rpad(x, n, filling)",
    ),
    _text(
        "repeat",
        "The text n times",
        ("repeat('ab', 3)", "ababab"),
        "string, int -> string",
        repeat,
        few_characters,
        shown="repeat(x, n)",
    ),
    _text("reverse", "Backwards", ("reverse('abc')", "cba"), "string -> string", lambda make, x: x.str.reverse()),
    _text(
        "split_part",
        "The n-th part between separators, from the end when n is negative; empty when there is none",
        ("split_part('a,b,c', ',', 2)", "b"),
        "string, string, int -> string",
        split_part,
        shown="split_part(x, separator, n)",
    ),
    _text(
        "strpos",
        "The place of a text in another, 0 when it is not there",
        ("strpos('hello', 'l')", 3),
        "string, string -> int",
        position,
        aliases=("instr",),
        shown="strpos(x, part)",
    ),
    _text(
        "contains",
        "Whether a text is part of another",
        ("contains('hello', 'ell')", True),
        "string, string -> bool",
        lambda make, x, part: x.str.contains(part, literal=True),
        shown="contains(x, part)",
    ),
    _text(
        "starts_with",
        "Whether a text begins with another",
        ("starts_with('hello', 'he')", True),
        "string, string -> bool",
        lambda make, x, part: x.str.starts_with(part),
        aliases=("prefix",),
        shown="starts_with(x, part)",
    ),
    _text(
        "ends_with",
        "Whether a text ends with another",
        ("ends_with('hello', 'lo')", True),
        "string, string -> bool",
        lambda make, x, part: x.str.ends_with(part),
        aliases=("suffix",),
        shown="ends_with(x, part)",
    ),
    _text(
        "like",
        "Matches a constant pattern: % is any text, _ any character; also `not like`, `escape '$'`",
        ("'abc' like 'a%'", True),
        "string, string!, string!? -> bool",
        like(False),
        one_mark,
        shown="x like pattern",
    ),
    _text(
        "ilike",
        "The same whatever the case of letters",
        ("'ABC' ilike 'a_c'", True),
        "string, string!, string!? -> bool",
        like(True),
        one_mark,
        shown="x ilike pattern",
    ),
)
