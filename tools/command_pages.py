"""Makes a page for every command of its own --help: what it does, its arguments and options, examples, lines that run."""

from __future__ import annotations

import inspect
import re

import click

from datagen.cli.commands import COMMANDS, main

TITLE = "Commands"
LEAD = "What can be asked of `datagen`; `datagen COMMAND --help` says the same on the terminal."
# what the lines of an example need, and the lines: each page starts in an empty folder
NEW = "datagen init shop --template starter"
MADE = (NEW, "datagen generate shop.yaml -o out/shop --truth")
LINES: dict[str, tuple[str, ...]] = {
    "init": (NEW,),
    "validate": (NEW, "datagen validate shop.yaml", "datagen validate shop.yaml --fix"),
    "plan": (NEW, "datagen plan shop.yaml"),
    "preview": (NEW, "datagen preview shop.yaml -n 3"),
    "trace": (NEW, "datagen trace shop.yaml events.amount --row 17"),
    "generate": (NEW, "datagen generate shop.yaml -o out/shop --format csv --seed 7"),
    "check": (*MADE, "datagen check out/shop"),
    "verify": (*MADE, "datagen verify out/shop"),
    "report": (*MADE, "datagen report out/shop -o shop.html"),
    "grade": (*MADE, "datagen grade --questions --truth out/shop.truth"),
    "expand": (NEW, "datagen expand shop.yaml --yaml"),
    "explain": ("datagen explain weights.sum",),
    "schema": ("datagen schema",),
    "datasets": ("datagen datasets",),
}


def made() -> dict[str, str]:
    """The page of every command by its path in the site, and the one that lists them."""
    pages = {f"reference/commands/{name}.md": page(name) for name in COMMANDS}
    rows = [f"| [`{name}`](./{name}.md) | {_command(name).get_short_help_str(200)} |" for name in COMMANDS]
    lines = [f"# {TITLE}", "", LEAD, "", "| command | what it does |", "|---|---|", *rows]
    return pages | {"reference/commands/index.md": "\n".join(lines) + "\n"}


def page(name: str) -> str:
    """One command."""
    command = _command(name)
    context = click.Context(command, info_name=f"datagen {name}")
    told = inspect.cleandoc((command.help or "").replace("\b", ""))
    lines = [f"# {name}", "", told, "", "```text", command.get_usage(context).removeprefix("Usage: "), "```", ""]
    lines += [
        "## Example",
        "",
        "```sh",
        *LINES[name],
        "```",
        "",
        "More of them:",
        "",
        "```sh",
        *examples(name),
        "```",
        "",
    ]
    rows = [record for param in command.get_params(context) if (record := param.get_help_record(context)) is not None]
    lines += ["## Options", "", "| option | meaning |", "|---|---|"]
    lines += [f"| `{_in_a_cell(option)}` | {_in_a_cell(meaning)} |" for option, meaning in rows]
    return "\n".join(lines) + "\n"


def examples(name: str) -> list[str]:
    """The lines that the help of a command shows."""
    _, _, text = (_command(name).epilog or "").partition("Examples:")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _command(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found is not None
    return found


def _in_a_cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
