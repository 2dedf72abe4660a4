"""Random formulas that give numbers and conditions."""

from __future__ import annotations

from typing import Any

from tests.expressions.columns import FINE_UNITS, PATTERNS, UNITS
from tests.expressions.making import LITERALS, Formula, General, joined, literal


class Numbers(General):
    """Makers of numbers and conditions."""

    def int_makers(self) -> list[Any]:
        def arithmetic(depth: int) -> Formula:
            parts = self.make("int", depth), self.make("int", depth)
            pattern, duck = self.pick(
                [
                    ("({0} + {1})", None),
                    ("({0} - {1})", None),
                    ("({0} * {1})", None),
                    ("({0} // {1})", "({0} // nullif({1}, 0))"),
                    ("({0} % {1})", "({0} % nullif({1}, 0))"),
                    ("mod({0}, {1})", "mod({0}, nullif({1}, 0))"),
                ]
            )
            return joined(pattern, *parts, duck=duck, stepping=True)

        def alone(depth: int) -> Formula:
            part = self.make("int", depth)
            return joined(
                self.pick(
                    [
                        "abs({0})",
                        "(-{0})",
                        "sign({0})",
                        "round({0}, -1)",
                        "round({0})",
                        "trunc({0}, -2)",
                        "round({0}, 2)",
                    ]
                ),
                part,
                stepping=True,
            )

        def of_float(depth: int) -> Formula:
            part = self.make("float", depth)
            pattern = self.pick(["cast({0} as bigint)", "sign({0})"])
            return joined(pattern, part, stepping=True)

        def of_text(depth: int) -> Formula:
            text, other, n = self.make("string", depth), self.make("string", depth), self.make("bool", depth)
            pattern, duck = self.pick(
                [
                    ("length({0})", None),
                    ("strpos({0}, {1})", None),
                    ("cast({2} as int)", "cast({2} as bigint)"),
                    ("cast({0} as int)", "try_cast({0} as bigint)"),
                    ("{0}::int", "try_cast({0} as bigint)"),
                ]
            )
            return joined(pattern, text, other, n, duck=duck)

        def of_time(depth: int) -> Formula:
            one, two = self.moment(depth), self.moment(depth)
            part = self.pick(
                [
                    "year",
                    "quarter",
                    "month",
                    "week",
                    "day",
                    "hour",
                    "minute",
                    "second",
                    "isodow",
                    "dow",
                    "doy",
                    "isoyear",
                    "dayofyear",
                ]
            )
            unit, fine = self.pick(UNITS), self.pick(FINE_UNITS)
            pattern, duck = self.pick(
                [
                    (f"date_part('{part}', {{0}})", None),
                    (f"extract({part} from {{0}})", None),
                    ("year({0})", None),
                    ("month({0})", None),
                    ("day({0})", None),
                    ("hour({0})", None),
                    ("isodow({0})", None),
                    ("dow({0})", "date_part('dow', {0})"),
                    ("dayofyear({0})", None),
                    ("week({0})", None),
                    ("quarter({0})", None),
                    (
                        f"date_diff('{fine}', {{0}}, {{1}})",
                        f"date_diff('{fine}', CAST({{0}} AS TIMESTAMP), CAST({{1}} AS TIMESTAMP))",
                    ),
                    (
                        f"date_sub('{unit}', {{0}}, {{1}})",
                        f"date_sub('{unit}', CAST({{0}} AS TIMESTAMP), CAST({{1}} AS TIMESTAMP))",
                    ),
                ]
            )
            return joined(pattern, one, two, duck=duck)

        def days(depth: int) -> Formula:
            return joined("({0} - {1})", self.make("date", depth), self.make("date", depth))

        return [arithmetic, arithmetic, arithmetic, alone, of_float, of_text, of_time, days]

    def float_makers(self) -> list[Any]:
        def arithmetic(depth: int) -> Formula:
            kinds = self.pick([("float", "float"), ("int", "float"), ("float", "int")])
            parts = [self.make(kind, depth) for kind in kinds]
            pattern, duck = self.pick(
                [
                    ("({0} + {1})", None),
                    ("({0} - {1})", None),
                    ("({0} * {1})", None),
                    ("({0} / {1})", "({0} / nullif({1}, 0))"),
                    ("({0} % {1})", "(CAST({0} AS DOUBLE) % nullif(CAST({1} AS DOUBLE), 0))"),
                ]
            )
            return joined(pattern, *parts, duck=duck, stepping=True)

        def whole(depth: int) -> Formula:
            return joined(
                "({0} / {1})",
                self.make("int", depth),
                self.make("int", depth),
                duck="({0} / nullif({1}, 0))",
                stepping=True,
            )

        def alone(depth: int) -> Formula:
            pattern = self.pick(
                [
                    "abs({0})",
                    "(-{0})",
                    "round({0})",
                    "round({0}, 2)",
                    "round({0}, -1)",
                    "trunc({0})",
                    "floor({0})",
                    "ceil({0})",
                    "(+{0})",
                ]
            )
            return joined(pattern, self.make("float", depth), stepping=True)

        def of_int(depth: int) -> Formula:
            return joined(self.pick(["floor({0})", "ceiling({0})", "cast({0} as double)"]), self.make("int", depth))

        def other(depth: int) -> Formula:
            pattern, duck, type = self.pick(
                [
                    (
                        "cast({0} as float)",
                        "CASE WHEN isfinite(try_cast({0} AS DOUBLE)) THEN try_cast({0} AS DOUBLE) END",
                        "string",
                    ),
                    ("cast({0} as double)", None, "bool"),
                    ("epoch({0})", None, "datetime"),
                    ("epoch({0})", None, "duration"),
                    ("extract(epoch from {0})", None, "date"),
                ]
            )
            return joined(pattern, self.make(type, depth), duck=duck)

        return [arithmetic, arithmetic, whole, alone, of_int, other]

    def approximate(self, depth: int) -> Formula:
        """A float of a transcendental function, used by nothing that could blow up its last bit."""
        x, y = self.make("float", depth), self.make("float", depth)
        pattern, duck = self.pick(
            [
                ("sqrt({0})", "CASE WHEN {0} >= 0 THEN sqrt({0}) END"),
                ("ln({0})", "CASE WHEN {0} > 0 THEN ln({0}) END"),
                ("log({0})", "CASE WHEN {0} > 0 THEN log10({0}) END"),
                ("log2({0})", "CASE WHEN {0} > 0 THEN log2({0}) END"),
                ("log({0}, {1})", "CASE WHEN {0} > 0 AND {0} <> 1 AND {1} > 0 THEN ln({1}) / ln({0}) END"),
                ("exp({0})", None),
                ("cbrt({0})", None),
                ("sin({0})", None),
                ("cos({0})", None),
                ("tan({0})", None),
                ("atan({0})", None),
                ("atan2({0}, {1})", None),
                ("radians({0})", None),
                ("degrees({0})", None),
                ("asin({0})", "CASE WHEN {0} BETWEEN -1 AND 1 THEN asin({0}) END"),
                ("acos({0})", "CASE WHEN {0} BETWEEN -1 AND 1 THEN acos({0}) END"),
                (
                    "({0} ** {1})",
                    "CASE WHEN {0} > 0 OR {0} < 0 AND {1} = floor({1}) OR {0} = 0 AND {1} >= 0 THEN pow({0}, {1}) END",
                ),
                ("power({0}, 2)", None),
                ("(2 ** {0})", "pow(2, {0})"),
                ("(pi() * {0})", None),
            ]
        )
        return joined(pattern, x, y, duck=duck, stepping=True)

    # conditions

    def bool_makers(self) -> list[Any]:
        def comparison(depth: int) -> Formula:
            one, two = self.pick(
                [
                    ("int", "int"),
                    ("int", "float"),
                    ("float", "float"),
                    ("string", "string"),
                    ("bool", "bool"),
                    ("datetime", "datetime"),
                    ("date", "date"),
                    ("date", "datetime"),
                    ("duration", "duration"),
                ]
            )
            parts = self.make(one, depth), self.make(two, depth)
            sign = self.pick(["=", "<>", "<", "<=", ">", ">=", "==", "!=", "is distinct from", "is not distinct from"])
            return joined(f"({{0}} {sign} {{1}})", *parts)

        def logic(depth: int) -> Formula:
            pattern, duck = self.pick(
                [
                    ("({0} and {1})", None),
                    ("({0} or {1})", None),
                    ("(not {0})", None),
                    ("({0} & {1})", "({0} and {1})"),
                    ("({0} | {1})", "({0} or {1})"),
                    ("(~{0})", "(not {0})"),
                    ("({0} is true)", None),
                    ("({0} is not false)", None),
                ]
            )
            return joined(pattern, self.make("bool", depth), self.make("bool", depth), duck=duck)

        def nulls(depth: int) -> Formula:
            type = self.pick(list(LITERALS))
            return joined(self.pick(["({0} is null)", "({0} is not null)"]), self.make(type, depth))

        def among(depth: int) -> Formula:
            type = self.pick(list(LITERALS))
            pattern = self.pick(
                [
                    "({0} in ({1}, {2}))",
                    "({0} not in ({1}, {2}))",
                    "({0} in ({1}))",
                    "({0} between {1} and {2})",
                    "({0} not between {1} and {2})",
                ]
            )
            return joined(pattern, *(self.make(type, depth) for _ in range(3)))

        def of_text(depth: int) -> Formula:
            text, part = self.make("string", depth), self.make("string", depth)
            pattern = literal(self.pick(PATTERNS))
            form, duck = self.pick(
                [
                    ("({0} like {2})", None),
                    ("({0} not like {2})", None),
                    ("({0} ilike {2})", None),
                    ("({0} like 'a$%b%' escape '$')", None),
                    ("contains({0}, {1})", None),
                    ("starts_with({0}, {1})", None),
                    ("ends_with({0}, {1})", None),
                ]
            )
            return joined(form, text, part, pattern, duck=duck)

        def cast(depth: int) -> Formula:
            pattern, duck, type = self.pick(
                [
                    ("cast({0} as bool)", "try_cast({0} as boolean)", "string"),
                    ("cast({0} as boolean)", None, "int"),
                    ("cast({0} as boolean)", None, "float"),
                ]
            )
            return joined(pattern, self.make(type, depth), duck=duck)

        return [comparison, comparison, logic, logic, nulls, among, of_text, cast]
