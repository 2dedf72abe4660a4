"""The words of the grammar, of types, and of other languages that are met by mistake or on purpose."""

from __future__ import annotations

# fmt: off
# The grammar's own words. As a column they are read in double quotes.
GRAMMAR_WORDS = frozenset({
    "and", "as", "between", "case", "cast", "distinct", "else", "escape", "extract", "false", "from", "ilike",
    "in", "is", "like", "not", "null", "or", "then", "true", "try_cast", "when",
})

CAST_TYPES = {
    "int": "int", "integer": "int", "bigint": "int", "long": "int",
    "float": "float", "double": "float", "real": "float",
    "text": "string", "varchar": "string", "string": "string",
    "bool": "bool", "boolean": "bool",
    "datetime": "datetime", "timestamp": "datetime", "date": "date",
}
PARSER_TYPES = {
    "int": "BIGINT", "float": "DOUBLE", "string": "TEXT", "bool": "BOOLEAN", "datetime": "TIMESTAMP", "date": "DATE",
}

# What stands where an operator should be tells which other language was meant.
CONSTRUCTS = {
    "lambda": ("a lambda", ""),
    "for": ("a comprehension", ""),
    "if": ("a Python conditional", "write if(condition, a, b)"),
    "over": ("a window function", "`siblings` and `rollup` read other rows"),
    "filter": ("an aggregate", "`rollup` reads other rows"),
    "as": ("an alias", ""),
    "collate": ("a collation", ""),
    "at": ("a time zone", "times are UTC"),
    "import": ("an import", ""),
    "select": ("a statement or a subquery", "`lookup` and `rollup` read other tables"),
    "rlike": ("a regular expression", "write x like '%text%'"),
    "similar": ("a regular expression", "write x like '%text%'"),
    "glob": ("a file pattern", "write x like '%text%'"),
    "xor": ("`xor`", "write a <> b between conditions"),
    "symmetric": ("`between symmetric`", "write between least(a, b) and greatest(a, b)"),
}
STATEMENTS = frozenset({
    "alter", "attach", "begin", "call", "commit", "copy", "create", "delete", "describe", "detach", "drop",
    "exec", "execute", "explain", "export", "from", "insert", "install", "load", "pragma", "set", "show",
    "truncate", "union", "update", "use", "vacuum", "values", "with",
})
CONSTRUCTS |= dict.fromkeys(sorted(STATEMENTS), ("a statement", "a formula is one expression"))

# Functions that the language does not have, and does not want to have.
AGGREGATES = frozenset({
    "any_value", "array_agg", "avg", "bool_and", "bool_or", "count", "dense_rank", "first", "group_concat",
    "lag", "last", "lead", "list", "mean", "median", "mode", "ntile", "product", "quantile", "rank",
    "row_number", "std", "stddev", "string_agg", "sum", "variance",
})
RANDOM = frozenset({
    "choice", "gen_random_uuid", "nextval", "normal", "rand", "randint", "randn", "random", "setseed",
    "shuffle", "uniform", "uuid",
})

# Functions of elsewhere, and what to write here.
_CLOCK = "nothing reads the clock; `timeframe.end` is a name"
ELSEWHERE = {
    "where": "write if(c, a, b)",
    "ternary": "write if(c, a, b)",
    "isnull": "write x is null",
    "isna": "write x is null",
    "notnull": "write x is not null",
    "int": "write cast(x as int)",
    "str": "write cast(x as text)",
    "float": "write cast(x as float)",
    "bool": "write cast(x as bool)",
    "min": "least(a, b) compares values of a row; `rollup` reads other rows",
    "max": "greatest(a, b) compares values of a row; `rollup` reads other rows",
    "regexp_matches": "write x like '%text%'",
    "regexp_replace": "write replace(x, old, new)",
    "format": "join text with ||",
    "printf": "join text with ||",
    "to_date": "write cast(x as date)",
    "to_timestamp": "write cast(x as timestamp)",
    "strptime": "write cast(x as timestamp)",
    "date": "write cast(x as date)",
    "square": "write x ** 2",
    "capitalize": "write upper(left(x, 1)) || lower(substr(x, 2))",
    "initcap": "write upper(left(x, 1)) || lower(substr(x, 2))",
    "timestampdiff": "write date_diff('day', start, end)",
    "dateadd": "write t + interval 3 days",
    "none": "without a value is `null`",
    "nan": "without a value is `null`",
}
ELSEWHERE |= dict.fromkeys(("now", "today", "current_date", "current_timestamp"), _CLOCK)
# fmt: on
