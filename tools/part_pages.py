"""Writes docs/parts.md from the parts themselves, their docstrings, parameters and examples: `python tools/part_pages.py`."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import yaml

from datagen import registry

PAGE = Path(__file__).parents[1] / "docs" / "parts.md"
TITLES = {"generator": "Generators", "modifier": "Modifiers", "law": "Laws", "imperfection": "Imperfections"}
LEADS = {
    "generator": "What fills a column. Exactly one stands in a column, as a key of its own or under `generator`.",
    "modifier": "What changes a column after it is filled, in the order written under `modifiers`.",
    "imperfection": "Errors of recording, under `imperfections` of a column (`duplicates` on the table itself), applied last to what is written.",
    "law": "Where a random number is wanted: in `distribution`, in a fan-out, as a magnitude. Any may have `clamp` or `truncate`.",
}


def page() -> str:
    """The whole page."""
    lines = [
        "# Generators, modifiers, laws and imperfections",
        "",
        "Made from the source by `python tools/part_pages.py`; change the docstrings, not this page.",
        "",
    ]
    for kind, title in TITLES.items():
        lines += [f"## {title}", "", LEADS[kind], ""]
        for word in registry.words(kind):
            lines += section(kind, word, registry.find(kind, word))
    return "\n".join(lines).rstrip() + "\n"


def section(kind: str, word: str, part: Any) -> list[str]:
    """One part: its docstring, a table of parameters, its examples."""
    lines = [f"### {word}", "", inspect.cleandoc(part.__doc__ or ""), ""]
    model = getattr(part, "SPEC", part)
    if model.model_fields:
        lines += ["| parameter | needed | default | meaning |", "|---|---|---|---|"]
        for name, field in model.model_fields.items():
            value = None if field.is_required() else field.get_default(call_default_factory=True)
            default = "" if field.is_required() else "none" if value is None else f"`{yaml_line(value)}`"
            needed = "yes" if field.is_required() else ""
            meaning = (field.description or "").replace("|", "\\|")
            lines.append(f"| `{field.alias or name}` | {needed} | {default} | {meaning} |")
        lines.append("")
    for example in part.EXAMPLES:
        lines += [
            "```yaml",
            yaml_line(
                {word: example[word]} if kind not in ("modifier", "imperfection") and word in example else example
            ),
            "```",
            "",
        ]
    return lines


def yaml_line(value: Any) -> str:
    """A value as one line of YAML."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    return text.removesuffix("...\n").strip()


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE}: {len(page().splitlines())} lines\n")
