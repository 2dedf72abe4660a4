"""Pages in a real browser: every picture has marks, the console is silent, and nothing hostile has run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datagen import api
from datagen.report.report import DataReport, report
from tests.report.conftest import made
from tests.report.opening import Opened, opened
from tests.report.test_page import HOSTILE, Tags, poisoned

MEMORY = 500_000_000
MARKS = re.compile(r'class="mark-(?:rect|line|symbol|area|rule|text) role-mark[^"]*"[^>]*>\s*<(?:path|line|text|g)')


@pytest.fixture(scope="module")
def shop_page(shop: Path, browser: str, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    page = tmp_path_factory.mktemp("page") / "shop.html"
    api.report(shop, api.prepare("shop")).save(page)
    return opened(browser, page)


def test_every_picture_of_the_shop_has_marks(shop_page: Opened) -> None:
    drawn, failed = shop_page.drawn
    assert failed == 0
    assert drawn == len(shop_page.pictures) > 60
    empty = [number for number, picture in enumerate(shop_page.pictures) if not MARKS.search(picture)]
    assert not empty


def test_the_console_is_silent(shop_page: Opened) -> None:
    assert shop_page.console == []


def test_nothing_hostile_runs(browser: str, small: Path, tmp_path: Path) -> None:
    """Texts that would end a script, begin an element or an expression: in every fact, and as values of real data."""
    for name, made_report in (
        ("facts", DataReport(poisoned(report(small, memory=MEMORY).facts))),
        ("values", report(made(HOSTILE, tmp_path / "data"), memory=MEMORY)),
    ):
        page = opened(browser, made_report.save(tmp_path / f"{name}.html"))
        assert page.drawn[1] == 0, page.console
        assert page.console == []
        tags = Tags(page.dom)
        assert "img" not in tags.names
        assert len(tags.scripts) == 7


def test_dark_and_light_are_drawn_in_their_own_colours(browser: str, small: Path, tmp_path: Path) -> None:
    page = report(small, memory=MEMORY).save(tmp_path / "page.html")
    pictures = []
    for theme in ("light", "dark"):
        shot = tmp_path / f"{theme}.png"
        opened(browser, page, fragment=f"#theme={theme}", extra=(f"--screenshot={shot}",))
        pictures.append(shot.read_bytes())
    assert all(one.startswith(b"\x89PNG") and len(one) > 50_000 for one in pictures)
    assert pictures[0] != pictures[1]


def test_a_page_prints(browser: str, small: Path, tmp_path: Path) -> None:
    page, sheet = report(small, memory=MEMORY).save(tmp_path / "page.html"), tmp_path / "page.pdf"
    opened(browser, page, extra=(f"--print-to-pdf={sheet}", "--no-pdf-header-footer"))
    raw = sheet.read_bytes()
    assert raw.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", raw)) <= 30
