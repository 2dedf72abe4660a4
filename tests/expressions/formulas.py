"""Random well-typed formulas over COLUMNS, each with the DuckDB spelling that says what it must mean."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.expressions.columns import FORMATS, TEXTS, UNITS, YEAR_FIRST
from tests.expressions.making import LITERALS, Formula, joined, literal
from tests.expressions.making_numbers import Numbers


class Maker(Numbers):
    """Makers of texts and times, and with them of everything."""

    def string_makers(self) -> list[Any]:
        def shaped(depth: int) -> Formula:
            text, other, n, m = (
                self.make("string", depth),
                self.make("string", depth),
                self.small(depth),
                self.small(depth),
            )
            old = literal(self.pick(TEXTS))
            pattern = self.pick(
                [
                    "lower({0})",
                    "upper({0})",
                    "trim({0})",
                    "ltrim({0})",
                    "rtrim({0})",
                    "trim({0}, {4})",
                    "substr({0}, {2})",
                    "substr({0}, {2}, {3})",
                    "left({0}, {2})",
                    "right({0}, {2})",
                    "replace({0}, {4}, {1})",
                    "reverse({0})",
                    "repeat({0}, {2})",
                    "lpad({0}, {2}, 'xy')",
                    "rpad({0}, {2}, '.')",
                    "split_part({0}, {4}, {2})",
                    "split_part({0}, {1}, 1)",
                    "({0} || {1})",
                    "({0} || {1} || {2})",
                    "concat({0}, {1}, {2})",
                    "concat_ws('-', {0}, {2}, {1})",
                ]
            )
            # DuckDB counts characters to pad to in 32 bits
            duck = pattern.replace("pad({0}, {2}", "pad({0}, CAST({2} AS INTEGER)")
            return joined(pattern, text, other, n, m, old, duck=duck)

        def cast(depth: int) -> Formula:
            type = self.pick(["int", "float", "bool", "datetime", "date"])
            pattern = self.pick(["cast({0} as varchar)", "{0}::text", "('' || {0})", "concat({0})"])
            return joined(pattern, self.make(type, depth) if type != "float" else self.leaf("float"))

        def of_time(depth: int) -> Formula:
            format = self.pick(FORMATS)
            return joined(
                self.pick(["monthname({0})", "dayname({0})", f"strftime({{0}}, '{format}')"]), self.moment(depth)
            )

        return [shaped, shaped, shaped, cast, of_time]

    def small(self, depth: int) -> Formula:
        """A small whole number: places and times of texts."""
        return (
            literal(self.draw(st.integers(-12, 12)))
            if self.draw(st.booleans())
            else joined("({0} % 10)", Formula("j", "j"))
        )

    # times

    def moment(self, depth: int) -> Formula:
        return self.make(self.pick(["date", "datetime"]), depth)

    def datetime_makers(self) -> list[Any]:
        def moved(depth: int) -> Formula:
            sign = self.pick(["+", "-"])
            return joined(f"({{0}} {sign} {{1}})", self.moment(depth), self.make("duration", depth))

        def by_months(depth: int) -> Formula:
            n, unit = self.draw(st.integers(-40, 40)), self.pick(["month", "months", "year", "quarters"])
            pattern = self.pick(
                [
                    f"({{0}} + interval {abs(n)} {unit})",
                    f"({{0}} - interval '{abs(n)}' {unit})",
                    f"date_add({{0}}, interval '{abs(n)} {unit}')",
                    "({0} + to_months({1}))",
                    "({0} - interval ({1}) months)",
                ]
            )
            return joined(
                pattern, self.moment(depth), self.small(depth), duck=pattern.replace("({1})", "(CAST({1} AS INTEGER))")
            )

        def cut(depth: int) -> Formula:
            return joined(f"date_trunc('{self.pick(UNITS)}', {{0}})", self.moment(depth))

        def built(depth: int) -> Formula:
            pattern, duck, type = self.pick(
                [
                    ("cast({0} as timestamp)", None, "date"),
                    (
                        "cast({0} as timestamp)",
                        f"CASE WHEN {YEAR_FIRST} THEN try_cast({{0}} as timestamp) END",
                        "string",
                    ),
                    ("({0} + interval 36 hours)", None, "datetime"),
                    (
                        "make_timestamp(2024, 2, 29, 1, 2, 3.5)",
                        "make_timestamp(2024, 2, 29, 1, 2, CAST(3.5 AS DOUBLE))",
                        "int",
                    ),
                ]
            )
            return joined(pattern, self.make(type, depth), duck=duck)

        return [moved, by_months, cut, built]

    def date_makers(self) -> list[Any]:
        def moved(depth: int) -> Formula:
            pattern = self.pick(["({0} + {1})", "({0} - {1})", "({1} + {0})"])
            return joined(
                pattern,
                self.make("date", depth),
                self.small(depth),
                duck=pattern.replace("{1}", "CAST({1} AS INTEGER)"),
            )

        def built(depth: int) -> Formula:
            pattern, duck, type = self.pick(
                [
                    ("cast({0} as date)", None, "datetime"),
                    ("cast({0} as date)", f"CASE WHEN {YEAR_FIRST} THEN try_cast({{0}} as date) END", "string"),
                    ("last_day({0})", None, "date"),
                    ("make_date(2000 + {0}, 2, 28)", "make_date(2000 + {0}, 2, 28)", "small"),
                ]
            )
            return joined(pattern, self.small(depth) if type == "small" else self.make(type, depth), duck=duck)

        return [moved, built]

    def duration_makers(self) -> list[Any]:
        def difference(depth: int) -> Formula:
            return joined("({0} - {1})", self.make("datetime", depth), self.make("datetime", depth))

        def counted(depth: int) -> Formula:
            pattern, duck = self.pick(
                [
                    ("to_days({0})", "to_days(CAST({0} AS INTEGER))"),
                    ("to_hours({0})", None),
                    ("to_minutes({0})", None),
                    ("interval ({0}) seconds", None),
                    ("interval ({0}) days", "to_days(CAST({0} AS INTEGER))"),
                ]
            )
            return joined(pattern, self.small(depth), duck=duck)

        def sums(depth: int) -> Formula:
            return joined(
                self.pick(["({0} + {1})", "({0} - {1})", "(-{0})"]),
                self.make("duration", depth),
                self.make("duration", depth),
            )

        def scaled(depth: int) -> Formula:
            pattern = self.pick(["({0} * {1})", "({1} * {0})"])
            return joined(pattern, self.make("duration", depth), self.small(depth))

        def written(depth: int) -> Formula:
            return Formula(
                text := self.pick(
                    ["interval '3 days'", "interval 90 minutes", "interval '1 day 2 hours'", "interval '2' week"]
                ),
                text,
            )

        return [difference, counted, sums, scaled, written]


@st.composite
def formulas(draw: Any, depth: int = 3) -> Formula:
    """A formula of any type over COLUMNS."""
    maker = Maker(draw)
    type = draw(st.sampled_from([*LITERALS, "int", "float", "duration", "approximate"]))
    return maker.approximate(depth - 1) if type == "approximate" else maker.make(type, depth)
