"""Makes a page for every part, behaviour, check and code, of what the source says about them: docstrings, keys, examples."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import command_pages
import yaml
from pydantic import BaseModel

from datagen import registry
from datagen.codes import Explanation, catalogue
from datagen.schema import model, model_behaviors, model_fanout, model_processes, model_top, model_words

ROOT = Path(__file__).parents[1]
EXAMPLES = "docs/examples"
PARTS = {"generator": "Generators", "modifier": "Modifiers", "law": "Laws", "imperfection": "Imperfections"}
LEADS = {
    command_pages.TITLE: command_pages.LEAD,
    "Generators": "What fills a column. Exactly one stands in a column, as a key of its own or under `generator`.",
    "Modifiers": "What changes a column after it is filled, in the order written under `modifiers`.",
    "Imperfections": "Errors of recording, under `imperfections` of a column (`duplicates` on the table itself), applied last to what is written.",
    "Laws": "Where a random number is wanted: in `distribution`, in a fan-out, as a magnitude. Any may have `clamp` or `truncate`.",
    "Behaviours": "How rows come about, and what makes them differ: keys of a table, and of the whole document.",
    "Checks": "What `datagen check` judges in the files of a data set; [checking data](docs/checks.md) tells how, and how far is too far.",
    "Codes": "Every error, warning and note has a code. `datagen explain CODE` says the same on the command line.",
}
# word -> (model of its keys, section of the language page); the words of row makers come from the registry beside these
BEHAVIOURS: dict[str, tuple[type[BaseModel] | None, str]] = {
    "fanout": (model_fanout.Fanout, "rows-in-time"),
    "arrivals": (model_fanout.ArrivalRate, "rows-in-time"),
    "segment_behavior": (model_behaviors.SegmentBehavior, "segments"),
    "vintage_behavior": (model_behaviors.VintageBehavior, "ages"),
    "stage_config": (model_behaviors.StageConfig, "stages"),
    "lifecycle_model": (None, "lives-in-stages"),
    "state_transition_model": (model_behaviors.StateTransitionModel, "states"),
    "attribution_chain": (None, "journeys-of-touches"),
    "adoption_model": (None, "adoption"),
    "stream": (model_processes.Emit, "streams"),
    "graph": (None, "tables"),
    "derived": (None, "tables-made-by-sql"),
    "anomalies": (model_fanout.Anomaly, "anomalies"),
    "correlations": (model_processes.Correlation, "columns-that-go-together"),
    "experiments": (model_top.Experiment, "experiments"),
    "constraints": (model_top.Constraints, "constraints"),
    "targets": (model_top.Targets, "targets"),
    "metrics": (model_top.Metric, "metrics"),
}
TOLD = {  # what is made by keys of the table itself, which no class of its own describes
    "graph": "Edges between the rows of a table, by preferential attachment or in blocks (`kind: graph`).",
    "derived": "A table made by SQL from the rows of the others, as they are written (`kind: derived`).",
}
TABLE_KEYS = {"graph": ("of", "edges", "model", "mixing"), "derived": ("sql",), "stream": ("emits", "order_by")}
# keys of documents and tables that are behaviours under another name, or parts with a page of their own
SPELLED = {"rows": "arrivals", "emits": "stream", "sql": "derived"}
FAMILIES = ("structure.", "value.", "law.")  # codes of checks begin so, where the files of a data set are read
SINGLE_CHECKS = ("effect.missed", "fanout.rows", "imperfection.rate", "metric.missed", "target.missed")
WORDS_OF_THEIR_OWN = (model_words.LawSpec, model_words.ModifierSpec, model_words.Branched)  # parts have pages
RULES = ("value.range", "value.enum", "value.pattern", "value.inequality")  # put together where they are said
NOT_OF_DATA = ("value.not_visible",)  # said of a rule that cannot be looked at


def made() -> dict[str, str]:
    """Every made page: its path in the site and its Markdown. Links are relative to the root of the repository."""
    pages: dict[str, str] = {}
    for kind, title in PARTS.items():
        folder = f"reference/{title.lower()}"
        words = registry.words(kind)
        for word in words:
            pages[f"{folder}/{word}.md"] = part_page(kind, word)
        pages[f"{folder}/index.md"] = index(title, {word: first_sentence(registry.find(kind, word)) for word in words})
    pages |= {f"reference/behaviours/{word}.md": behaviour_page(word) for word in behaviours()}
    pages["reference/behaviours/index.md"] = index("Behaviours", {word: about(word) for word in behaviours()})
    pages |= {f"reference/checks/{code}.md": code_page(catalogue()[code]) for code in checks()}
    pages["reference/checks/index.md"] = index("Checks", {code: cause(code) for code in checks()})
    pages |= {f"reference/codes/{code}.md": code_page(one) for code, one in catalogue().items()}
    pages["reference/codes/index.md"] = codes_index()
    pages |= command_pages.made()
    return pages


def index(title: str, about: dict[str, str]) -> str:
    """A page that lists others of its folder, with a sentence each."""
    lines = [f"# {title}", "", LEADS[title], "", "| word | what it is |", "|---|---|"]
    lines += [f"| [`{word}`](./{word}.md) | {in_a_cell(text)} |" for word, text in about.items()]
    return "\n".join(lines) + "\n"


def codes_index() -> str:
    """All codes by subject."""
    lines = ["# Codes", "", LEADS["Codes"]]
    subject = ""
    for code in catalogue():
        if code.split(".")[0] != subject:
            subject = code.split(".")[0]
            lines += ["", f"## {subject}", "", "| code | cause |", "|---|---|"]
        lines.append(f"| [`{code}`](./{code}.md) | {in_a_cell(cause(code))} |")
    return "\n".join(lines) + "\n"


def part_page(kind: str, word: str) -> str:
    """One part: its docstring, its parameters, its examples."""
    part: Any = registry.find(kind, word)
    lines = [f"# {word}", "", f"*{PARTS[kind][:-1]}.* {inspect.cleandoc(part.__doc__ or '')}", ""]
    lines += keys_of(getattr(part, "SPEC", part), "Parameters")
    lines += ["## Examples", ""]
    for example in part.EXAMPLES:
        bare = kind not in ("modifier", "imperfection") and word in example
        lines += ["```yaml", yaml_line({word: example[word]} if bare else example), "```", ""]
    return "\n".join(lines)


def behaviours() -> tuple[str, ...]:
    """Row makers and all else that shapes rows, in the order of the page that lists them."""
    return (*BEHAVIOURS, *(word for word in registry.words("rows") if word not in BEHAVIOURS))


def behaviour_page(word: str) -> str:
    """One row maker or behaviour: what it is, a whole document that runs, its keys."""
    spec, section = BEHAVIOURS[word]
    maker: Any = registry.find("rows", word)
    spec = spec or getattr(maker, "SPEC", None)
    path = f"{EXAMPLES}/{word}.yaml"
    lines = [f"# {word}", "", about(word), "", f"How it works: [the language](docs/language.md#{section}).", ""]
    lines += ["## Example", "", "```yaml", (ROOT / path).read_text().rstrip(), "```", ""]
    lines += ["```sh", f"datagen plan {path}", f"datagen generate {path} -o out/{word}", "```", ""]
    fields = {key: model.Node.model_fields[key] for key in TABLE_KEYS.get(word, ())}
    if fields:
        lines += ["## Keys of the table", "", *key_table(fields), ""]
    if spec is not None:
        lines += keys_of(spec, "Keys")
        for further in inside(spec):
            lines += keys_of(further, f"Keys of {words_of(further.__name__)}", further.__doc__ or "")
    return "\n".join(lines)


def about(word: str) -> str:
    """What a row maker or behaviour is, in a sentence or two."""
    maker: Any = registry.find("rows", word)
    told = TOLD.get(word) or inspect.cleandoc((maker or BEHAVIOURS[word][0]).__doc__ or "")
    return told.split(" Source:")[0].split("\n\n")[0].replace("\n", " ")


def checks() -> tuple[str, ...]:
    """The codes that `datagen check` gives to what is wrong with data."""
    source = "\n".join(path.read_text() for path in sorted((ROOT / "src/datagen/checks").glob("*.py")))
    said = {code for code in catalogue() if code.startswith(FAMILIES) and f'"{code}"' in source}
    return tuple(code for code in catalogue() if code in {*said, *SINGLE_CHECKS, *RULES} - set(NOT_OF_DATA))


def code_page(one: Explanation) -> str:
    """One code: its cause, an example that gets it and one that does not."""
    fence = {"command": "console", "words": "text"}.get(one.shape, "yaml")
    where = {"column": "Columns of a table.", "tables": "Tables.", "document": "A whole document."}.get(one.shape, "")
    lines = [f"# {one.code}", "", one.cause, ""]
    for title, text in (("Gets it", one.bad), ("Does not", one.good)):
        lines += [f"## {title}", "", *([where, ""] if where else [])]
        lines += [text, ""] if one.shape == "words" else [f"```{fence}", text, "```", ""]
    if one.when == "run":
        lines += ["It shows when rows are made.", ""]
    return "\n".join([*lines, "```sh", f"datagen explain {one.code}", "```", ""])


def cause(code: str) -> str:
    """The first sentence of what a code means."""
    return catalogue()[code].cause.split(". ")[0].rstrip(".") + "."


def first_sentence(part: Any) -> str:
    """The first line of a part's docstring."""
    return inspect.cleandoc(part.__doc__ or "").split("\n")[0]


def keys_of(spec: type[BaseModel], title: str, lead: str = "") -> list[str]:
    """A section with the keys of a model; none for a model without."""
    if not spec.model_fields:
        return []
    return [f"## {title}", "", *([inspect.cleandoc(lead), ""] if lead else []), *key_table(spec.model_fields), ""]


def key_table(fields: Any) -> list[str]:
    """Keys with whether they are needed, what stands in their place, and what they mean where that is told."""
    told = any(field.description for field in fields.values())
    lines = [f"| key | needed | default |{' meaning |' if told else ''}", f"|---|---|---|{'---|' if told else ''}"]
    for name, field in fields.items():
        value = None if field.is_required() else field.get_default(call_default_factory=True)
        default = "" if field.is_required() or value in (None, (), {}) else f"`{yaml_line(value)}`"
        row = f"| `{field.alias or name}` | {'yes' if field.is_required() else ''} | {in_a_cell(default)} |"
        lines.append(f"{row} {in_a_cell(field.description or '')} |" if told else row)
    return lines


def inside(spec: type[BaseModel]) -> list[type[BaseModel]]:
    """Models of the same files that stand inside a model, at any depth, each once."""
    found: list[type[BaseModel]] = []
    waiting = [spec]
    while waiting:
        for field in waiting.pop(0).model_fields.values():
            for one in models_in(field.annotation):
                if one.__module__.startswith("datagen.schema.model_") and one not in (
                    *found,
                    spec,
                    *WORDS_OF_THEIR_OWN,
                ):
                    found.append(one)
                    waiting.append(one)
    # of two spellings of one thing, as an item of a list or named by its key, the one with the name says all
    return [one for one in found if not any(other is not one and issubclass(other, one) for other in found)]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Models anywhere in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from models_in(part)


def words_of(name: str) -> str:
    """`StageStart` -> `stage start`."""
    return "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in name).strip()


def yaml_line(value: Any) -> str:
    """A value as one line of YAML."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    return text.removesuffix("...\n").strip()


def in_a_cell(text: str) -> str:
    """A text that may stand in a cell of a table."""
    return text.replace("\n", " ").replace("|", "\\|")
