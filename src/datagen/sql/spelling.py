"""How SQL writes texts and names."""

from __future__ import annotations


def literal(text: str) -> str:
    """A text as SQL writes it."""
    if "\0" in text:
        raise ValueError("SQL texts hold no NUL")
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
