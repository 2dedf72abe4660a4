"""The pages under docs/ say what exists: every part, every key, every link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datagen import registry
from datagen.schema.model import Node, Schema
from datagen.schema.model_column import Column
from tests.house import tools

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_the_page_of_parts_is_what_the_parts_say() -> None:
    assert (DOCS / "parts.md").read_text() == tools.tool("part_pages").page(), "run: python tools/part_pages.py"


@pytest.mark.parametrize("kind", ["generator", "modifier", "law", "imperfection"])
def test_every_part_has_a_section_with_an_example(kind: str) -> None:
    text = (DOCS / "parts.md").read_text()
    for word in registry.words(kind):
        assert f"\n### {word}\n" in text
        assert registry.find(kind, word).EXAMPLES


def test_the_language_page_names_every_key_that_exists() -> None:
    from datagen.schema import later

    text = (DOCS / "language.md").read_text()
    keys = {
        field.alias or name
        for model, later_keys in ((Schema, later.TOP_KEYS), (Node, later.NODE_KEYS), (Column, later.COLUMN_KEYS))
        for name, field in model.model_fields.items()
        if (field.alias or name) not in later_keys and name != "meta"
    }
    missing = sorted(key for key in keys if not re.search(rf"`{key}\b", text))
    assert not missing, f"docs/language.md does not name {missing}"


def test_links_between_pages_lead_somewhere() -> None:
    dead = []
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                dead.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not dead


WHOLE = [
    block for block in re.findall(r"^```yaml\n(.*?)^```$", (DOCS / "language.md").read_text(), re.M | re.S)
    if re.search("^timeframe:.*^tables:", block, re.M | re.S)
]  # fmt: skip


@pytest.mark.parametrize("text", WHOLE, ids=[re.findall(r"name: (\w+)", text)[-1] for text in WHOLE])
def test_whole_documents_on_the_language_page_can_be_made_and_are_sound(text: str, tmp_path: Path) -> None:
    from datagen import api
    from datagen.engine.options import Options
    from datagen.schema.load import load_text

    made = api.generate(api.prepare(load_text(text)), tmp_path / "out", Options(workers=1, gate="all"))
    assert not [one for one in made.findings if one.severity == "error"]


def test_the_language_page_has_whole_documents() -> None:
    said = "\n".join(WHOLE)
    for words in ("order_by: [at", "experiments:", "solve_for", "same: bank_id"):
        assert words in said
