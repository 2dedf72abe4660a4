"""The site of the docs: a page with an example for all there is, no link that leads nowhere, examples that run."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from datagen import registry
from datagen.cli.commands import COMMANDS
from datagen.codes import catalogue
from datagen.plan.prepare import prepare
from datagen.schema.load import load_text
from datagen.schema.model import Node, Schema
from tests.cli.running import call
from tests.house import tools

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
FOLDERS = {"generator": "generators", "modifier": "modifiers", "law": "laws", "imperfection": "imperfections"}
# objects of a document that say what it is about, and shape nothing
PLAIN_KEYS = {"metadata", "assumptions", "timeframe", "nodes", "columns", "modifiers"}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return tools.tool("docs_site")


@pytest.fixture(scope="module")
def pages(tool: ModuleType) -> dict[str, str]:
    return dict(tool.site())


@pytest.mark.parametrize("kind", list(FOLDERS))
def test_every_part_has_a_page_with_an_example(kind: str, pages: dict[str, str]) -> None:
    for word in registry.words(kind):
        page = pages[f"reference/{FOLDERS[kind]}/{word}.md"]
        assert page.startswith(f"# {word}\n")
        assert len(re.findall("^```yaml$", page, re.M)) == len(registry.find(kind, word).EXAMPLES) > 0, word


def test_every_row_maker_and_behaviour_has_a_page_with_a_document(pages: dict[str, str]) -> None:
    words = {*registry.words("rows"), *_behaviours_of_the_language()}
    assert words
    missing = [word for word in words if f"reference/behaviours/{word}.md" not in pages]
    assert not missing
    assert {path.stem for path in EXAMPLES.iterdir()} == {
        Path(path).stem for path in pages if path.startswith("reference/behaviours/") and not path.endswith("index.md")
    }


def _behaviours_of_the_language() -> set[str]:
    """Keys of documents and tables whose values are objects of their own."""
    spelled = sys.modules["docs_pages"].SPELLED
    parts = {*registry.words("imperfection"), *PLAIN_KEYS}
    return {
        spelled.get(key, key)
        for model in (Node, Schema)
        for key, field in model.model_fields.items()
        if key not in parts and (any(_models(field.annotation)) or key in spelled)
    }


def _models(annotation: Any) -> list[type[BaseModel]]:
    return list(sys.modules["docs_pages"].models_in(annotation))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_document_of_every_behaviour_plans_without_a_word(path: Path) -> None:
    assert not prepare(load_text(path.read_text(), path=path.name)).bind().findings


def test_every_key_on_a_page_has_a_meaning(pages: dict[str, str]) -> None:
    tables = {path: text for path, text in pages.items() if "\n| key | needed | default |" in text}
    assert len(tables) > 60
    mute = [
        f"{path}: {row}"
        for path, text in tables.items()
        for table in re.findall(r"^\| key \| needed .*?(?=^$)", text, re.M | re.S)
        for row in table.splitlines()[2:]
        if len(re.split(r"(?<!\\)\|", row)) != 6 or not re.split(r"(?<!\\)\|", row)[4].strip()
    ]
    assert not mute, "a field without a description says nothing of what it means"


def test_every_command_has_a_page_made_of_its_help(pages: dict[str, str]) -> None:
    for name in COMMANDS:
        page = pages[f"reference/commands/{name}.md"]
        told = call(name, "--help").out
        for option in set(re.findall(r"--[a-z][a-z-]+", told.split("Options:")[1].split("Examples:")[0])):
            assert option in page, name
        assert len(sys.modules["command_pages"].examples(name)) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_the_lines_of_the_page_of_a_command_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in sys.modules["command_pages"].LINES[name]:
        done = call(*shlex.split(line)[1:])
        assert done.code == 0, done.err
        assert done.out


def test_every_code_and_check_has_a_page_with_both_examples(pages: dict[str, str]) -> None:
    checks = sys.modules["docs_pages"].checks()
    assert {code for code in catalogue() if code.startswith("structure.")} <= set(checks) | {"structure.file_missing"}
    paths = [f"reference/codes/{code}.md" for code in catalogue()] + [f"reference/checks/{code}.md" for code in checks]
    for path in paths:
        one = catalogue()[Path(path).stem]
        assert one.cause in pages[path]
        assert one.bad in pages[path]
        assert one.good in pages[path]


def test_every_page_is_reached_from_the_first(tool: ModuleType, pages: dict[str, str]) -> None:
    reached, waiting = {"index.md"}, ["index.md"]
    menu = re.findall(r"'([^']+\.md)'", str(tool.settings(pages, ROOT, ROOT)["nav"]))
    waiting += menu
    reached |= set(menu)
    assert set(menu) <= set(pages)
    while waiting:
        page = waiting.pop()
        for link in tool.links(pages[page]):
            there = tool.posixpath.normpath(tool.posixpath.join(tool.posixpath.dirname(page), link.partition("#")[0]))
            if there in pages and there not in reached:
                reached.add(there)
                waiting.append(there)
    assert set(pages) == reached


def test_no_link_leads_nowhere(tool: ModuleType, pages: dict[str, str]) -> None:
    assert tool.dead(tool.written(), beside=ROOT) == []
    assert tool.dead(pages) == []


def test_dead_links_and_anchors_are_found(tool: ModuleType) -> None:
    pages = {
        "a.md": "# One\n\n## Two words\n[x](b.md) [y](#two-words) [`z`](c/d.md#three) `[no](code.md)`\n\n```\n[no](code.md)\n```\n",
        "c/d.md": "# Three\n\n# Four\n\n# Four\n\n[up](../a.md#two-words) [gone](../a.md#three) [twice](#four) [far](https://x.org)\n",
    }
    assert tool.dead(pages) == ["a.md -> b.md", "c/d.md -> ../a.md#three", "c/d.md -> #four"]


def test_pages_are_the_same_each_time(tool: ModuleType, pages: dict[str, str]) -> None:
    again = tool.site()
    assert list(again) == list(pages) == sorted(pages)
    assert again == pages


def test_the_figures_of_the_limits_and_of_the_readme_were_measured() -> None:
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text() + (ROOT / "tests" / "RESULTS.md").read_text()
    limits = re.findall(r"\*\*([\d.,]+(?: \w+ \d+)?)\*\*", (ROOT / "docs" / "limits.md").read_text())
    readme = re.findall(r"([\d.]+) (?:×|MiB)", (ROOT / "README.md").read_text().split("## How fast")[1])
    assert len(limits) > 15
    assert len(readme) > 5
    lost = [one for one in (*limits, *readme) if not re.search(rf"(?<![\d.,]){re.escape(one)}(?![\d]|[.,]\d)", results)]
    assert not lost, "docs/limits.md or README.md tells figures that no page of results has"
