"""Whether the tokens form a formula, and the same formula spelled for the SQL parser with nothing left to guess.

One walk over the tokens decides what each of them is (a name, a word of the grammar, a call, a sign before or between
values), so that faults carry the exact place. What it writes for the parser holds no text of the user: every value and
name becomes `"t7"` and every call `f7(`, 7 being the number of the token. `order`, `group` and `end` are therefore fine
as names, and nothing that a stranger writes can mean more to the parser than to this file.
"""

from __future__ import annotations

from collections.abc import Sequence

from datagen.expressions.faults import ExpressionFault, Fault, pointed, syntax
from datagen.expressions.scan import Token
from datagen.expressions.times import UNIT_MAKERS
from datagen.expressions.walk import Leaf, Marked, Walk
from datagen.expressions.words import CAST_TYPES, GRAMMAR_WORDS, PARSER_TYPES

DEEPEST = 30  # brackets, calls, cases and signs inside each other

_BINARY = frozenset({"**", "//", "||", "==", "!=", "<>", "<=", ">=", "+", "-", "*", "/", "%", "=", "<", ">", "&", "|"})
_COMPARISONS = frozenset({"==", "!=", "<>", "<=", ">=", "=", "<", ">"})
# pandas reads `&` and `|` between conditions with the precedence of `and` and `or`; so do we.
_SPELLINGS = {"&": "AND", "|": "OR", "==": "=", "!=": "<>"}


def mark(text: str, tokens: Sequence[Token]) -> Marked:
    """Walk the tokens of a formula. Raises ExpressionFault at the first that cannot stand where it stands."""
    return _Grammar(text, tokens).run()


class _Grammar(Walk):
    def run(self) -> Marked:
        if not self.tokens:
            raise self.fail("nothing", "a formula such as unit_price * quantity")
        while self.place < len(self.tokens):
            if self.operand:
                self.value()
            else:
                self.operator()
            if len(self.stack) - 1 + self.prefixes + self.pending > DEEPEST:
                token = self.tokens[self.place - 1]
                raise ExpressionFault(
                    Fault(
                        "expression.too_deep",
                        pointed("nested too deeply", self.text, token.start, token.end),
                        f"at most {DEEPEST} brackets, cases and signs inside each other",
                        "split it over several columns",
                        token.start,
                    )
                )
        if self.operand:
            raise self.fail("the formula ends where a value should follow", "a name, a value or a call")
        self.finish_part(self.peek())
        if len(self.stack) > 1:
            opened = self.tokens[self.top.token]
            what = "`case` without `end`" if self.top.kind == "case" else "a bracket that is never closed"
            raise self.fail(what, token=opened)
        return self.out

    # where a value is expected

    def value(self) -> None:
        token = self.peek()
        if token.kind == "word":
            return self.word_as_value(token)
        if token.kind == "number":
            return self.leaf("number", token.value)
        if token.kind == "text":
            return self.leaf("text", token.value)
        if token.kind == "name":
            if self.peek(1).is_sign("("):
                raise self.refuse(f"a method call ({token.value}(…))", _method_hint(token.value))
            return self.leaf("name", token.value)
        if token.is_sign("("):
            self.write("(")
            return self.open("group", 1)
        if token.is_sign("-", "+"):
            self.prefixes += 1
            self.write("- " if token.value == "-" else "+ ")
            return self.before_value()
        if token.is_sign("~"):
            self.prefixes += 1
            self.write("~ ")
            return self.before_value()
        if (
            token.is_sign(")")
            and self.top.kind == "call"
            and self.top.empty
            and self.tokens[self.place - 1].is_sign("(")
        ):
            self.write(")")
            return self.shut()
        if token.is_sign("*"):
            raise self.refuse("a star (`*`)")
        if token.is_sign("."):
            raise self.refuse("an attribute (`.`)")
        raise self.fail(f"`{token.value}` where a value should stand", "a name, a value or a call")

    def word_as_value(self, token: Token) -> None:
        word, follows = token.word, self.peek(1)
        if (
            follows.kind == "text"
            and follows.start == token.end
            and word in ("f", "r", "b", "u", "e", "x", "rf", "fr", "br", "n")
        ):
            raise self.refuse(f"a text with a prefix ({token.value}'…')", "join text with ||")
        if word == "not":
            if not self.boundary:
                raise self.fail("`not` behind an operator", "not (…) in brackets")
            self.prefixes += 1
            self.write("NOT ")
            return self.before_value(boundary=True)
        if word == "case":
            searched = follows.word == "when"
            self.write("CASE WHEN " if searched else "CASE ")
            return self.open("case", 1 + searched, state="when" if searched else "")
        if word in ("null", "true", "false"):
            return self.leaf("null" if word == "null" else "bool", word)
        if word in ("date", "timestamp") and follows.kind == "text":
            return self.leaf(word, follows.value, 2)
        if word == "interval" and self.interval(follows):
            return None
        if word in ("cast", "try_cast") and follows.is_sign("("):
            return self.call("cast", 2, "cast")
        if word == "extract" and follows.is_sign("("):
            return self.extract()
        if follows.is_sign("(") and word not in GRAMMAR_WORDS:
            if word.startswith("_"):
                raise self.refuse(f"a leading underscore ({token.value})")
            if follows.is_sign("(") and self.peek(2).is_sign("*") and self.peek(3).is_sign(")"):
                raise self.refuse(f"an aggregate ({token.value}(*))", "`rollup` counts the rows of other tables")
            return self.call(token.value, 2)
        if word in GRAMMAR_WORDS:
            found = f"the grammar's own word `{token.value}` where a value should stand"
            hint = f'a column of this name is read as "{token.value}"'
            raise ExpressionFault(syntax(self.text, token.start, token.end, found, "a name, a value or a call", hint))
        if word.startswith("_"):
            raise self.refuse(f"a leading underscore ({token.value})")
        return self.leaf("name", token.value)

    def interval(self, follows: Token) -> bool:
        """`interval '3 days'`, `interval '3' day`, `interval 3 day`, `interval n days`, `interval (…) days`."""
        unit = UNIT_MAKERS.get(self.peek(2).word, "")
        if follows.kind in ("text", "number") and unit:
            self.leaf("interval", f"{follows.value} {self.peek(2).value}", 3)
        elif follows.kind == "text":
            self.leaf("interval", follows.value, 2)
        elif follows.kind in ("word", "name") and follows.word not in GRAMMAR_WORDS and unit:
            self.out.calls[self.place] = unit
            self.out.leaves[self.place + 1] = Leaf("name", follows.value, follows.start, follows.end)
            self.out.ends[self.place] = self.peek(2).end
            self.write(f'f{self.place}("t{self.place + 1}")')
            self.after_value(3)
        elif follows.is_sign("("):
            self.call("interval", 2, "interval")
        elif follows.kind == "number":
            raise self.fail("an interval without a unit", "interval 3 days", token=follows)
        else:
            return False
        return True

    def extract(self) -> None:
        """`extract(year from x)` is `date_part('year', x)`."""
        unit, source = self.peek(2), self.peek(3)
        if unit.kind not in ("word", "text") or source.word != "from":
            raise self.fail("`extract` without a part", "extract(year from x)", token=unit)
        self.out.leaves[self.place + 2] = Leaf("text", unit.value, unit.start, unit.end)
        inner = self.place + 2
        self.out.calls[self.place] = "date_part"
        self.write(f'f{self.place}("t{inner}", ')
        self.open("extract", 4)

    # where an operator is expected

    def operator(self) -> None:
        token = self.peek()
        if token.kind == "sign":
            return self.sign(token)
        if token.kind == "word":
            return self.word_as_operator(token)
        if token.kind == "text" and self.tokens[self.place - 1].kind == "text":
            raise self.fail("two texts side by side", "an operator between them", "join text with ||")
        raise self.fail(f"`{token.value}` right behind a value", "an operator between them")

    def sign(self, token: Token) -> None:
        if token.value in _BINARY:
            if token.value in _COMPARISONS:
                self.compare(token)
            if token.is_sign("&", "|"):
                self.finish_part(token)
            self.write(f" {_SPELLINGS.get(token.value, token.value)} ")
            return self.before_value(boundary=token.is_sign("&", "|"))
        if token.value == ")":
            return self.close(token)
        if token.value == ",":
            if self.top.kind not in ("call", "in"):
                raise self.fail("a comma here", "an operator or the end", "a decimal number is written with a point")
            self.finish_part(token)
            self.write(", ")
            return self.before_value(boundary=True)
        if token.value == "::":
            self.write(f"::{PARSER_TYPES[self.cast_type(self.peek(1))]}")
            return self.after_value(2)
        if token.value == ".":
            raise self.refuse("an attribute (`.`)")
        if token.value == "(":
            raise self.refuse("a call of a value", "put an operator in front of the bracket")
        raise self.fail(f"`{token.value}` where an operator should stand", "an operator between two values")

    def compare(self, token: Token) -> None:
        if self.top.compared:
            raise self.fail(
                "a second comparison in a row",
                "brackets around the first, or `and` between two comparisons",
                "1 < a < 5 is written a > 1 and a < 5",
                token=token,
            )
        self.top.compared = True

    def close(self, token: Token) -> None:
        kind, opened = self.top.kind, self.top.token
        if kind in ("start", "case"):
            raise self.fail(
                "a closing bracket without its opening one" if kind == "start" else "`case` without `end`", token=token
            )
        if kind == "cast":
            raise self.fail("`cast` without a type", "cast(x as int)", token=token)
        self.finish_part(token)
        self.write(")")
        if kind == "interval":
            unit = self.peek(1)
            if unit.word not in UNIT_MAKERS:
                raise self.fail("an interval without a unit", "interval (n) days", token=unit)
            self.out.calls[opened] = UNIT_MAKERS[unit.word]
        return self.shut(2 if kind == "interval" else 1)

    def word_as_operator(self, token: Token) -> None:
        word = token.word
        if word in ("and", "or"):
            if word == "and" and self.top.between:
                self.top.between = False
                self.write(" AND ")
                return self.before_value()
            self.finish_part(token)
            self.write(f" {word.upper()} ")
            return self.before_value(boundary=True)
        if word == "is":
            return self.is_(token)
        negated = word == "not"
        ahead = 1 if negated else 0
        relation = self.peek(ahead)
        if relation.word in ("in", "like", "ilike", "between"):
            self.compare(token)
            self.write(" NOT " if negated else " ")
            self.write(relation.word.upper() + " ")
            if relation.word == "in":
                if not self.peek(ahead + 1).is_sign("("):
                    raise self.fail("`in` without a list", "x in (1, 2, 3)", token=self.peek(ahead + 1))
                self.write("(")
                self.place += ahead + 1
                return self.open("in", 1)
            self.top.between = relation.word == "between"
            return self.before_value(ahead + 1)
        if word == "escape":
            follows = self.peek(1)
            if follows.kind != "text":
                raise self.fail("`escape` without a sign", "like '10$%' escape '$'", token=follows)
            self.out.leaves[self.place + 1] = Leaf("text", follows.value, follows.start, follows.end)
            self.write(f" ESCAPE 't{self.place + 1}'")
            return self.after_value(2)
        if word == "as" and self.top.kind == "cast":
            type = self.cast_type(self.peek(1))
            if not self.peek(2).is_sign(")"):
                raise self.refuse(
                    "a type of more than one word", "cast(x as int), float, text, bool, date or timestamp", self.peek(2)
                )
            self.out.calls[self.top.token] = f"cast as {type}"
            self.write(")")
            return self.shut(3)
        if self.top.kind == "case" and word in ("when", "then", "else", "end"):
            return self.case(token)
        raise self.fail(f"`{token.value}` right behind a value", "an operator between them")

    def is_(self, token: Token) -> None:
        self.compare(token)
        ahead = 2 if self.peek(1).word == "not" else 1
        word = self.peek(ahead).word
        negated = "NOT " if ahead == 2 else ""
        if word in ("null", "true", "false"):
            self.write(f" IS {negated}{word.upper()}")
            return self.after_value(ahead + 1)
        if word == "distinct" and self.peek(ahead + 1).word == "from":
            self.write(f" IS {negated}DISTINCT FROM ")
            return self.before_value(ahead + 2)
        raise self.fail("`is` without null, true, false or distinct from", "x is null", token=self.peek(ahead))

    def case(self, token: Token) -> None:
        follows = {"": ("when",), "when": ("then",), "then": ("when", "else", "end"), "else": ("end",)}[self.top.state]
        if token.word not in follows:
            raise self.fail(
                f"`{token.value}` here",
                " or ".join(f"`{word}`" for word in follows),
                "case when a then b else c end",
                token,
            )
        self.finish_part(token)
        self.write(f" {token.word.upper()} ")
        if token.word == "end":
            return self.shut()
        self.top.state = token.word
        return self.before_value(boundary=True)

    def cast_type(self, token: Token) -> str:
        if token.word not in CAST_TYPES:
            hint = "round(x, 2) keeps two decimals" if token.word in ("decimal", "numeric") else ""
            raise self.refuse(f"the type `{token.value}`", hint or "int, float, text, bool, date or timestamp", token)
        return CAST_TYPES[token.word]


def _method_hint(name: str) -> str:
    last = name.rsplit(".", 1)[-1].lower()
    if last == "where":
        return "write if(condition, a, b)"
    return (
        f"functions stand before their values: {last}(x)"
        if last in ("upper", "lower", "round", "abs", "year", "month")
        else ""
    )
