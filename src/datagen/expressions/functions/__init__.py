"""The table of functions and operators: the white-list. What is not in it does not exist.

One record per function holds its types, its meaning over columns, its example and its line in the docs (see `table`).
"""

from __future__ import annotations

from datagen.expressions.functions import casts, choices, numbers, operators, texts, times
from datagen.expressions.functions.table import Function

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for module in (operators, choices, numbers, texts, times, casts)
    for function in module.FUNCTIONS
}

# Every spelling, and the name of the function that it means.
SPELLINGS: dict[str, str] = {
    spelling: name for name, function in FUNCTIONS.items() for spelling in (name, *function.aliases)
}


def callable_names() -> list[str]:
    """The spellings that stand in front of brackets, as suggestions for a mistyped one."""
    return [spelling for spelling in SPELLINGS if spelling.isidentifier() and spelling not in _WORDS]


_WORDS = frozenset({"and", "or", "not", "in", "between", "like", "ilike", "case"})
