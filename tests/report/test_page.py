"""The page is one file that fetches nothing, runs nothing but its own programs, and shows strangers' texts as texts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.cli import commands
from datagen.errors import UsageError
from datagen.report.diagram import diagram
from datagen.report.report import DataReport, report
from tests.cli.running import call
from tests.report.conftest import SMALL, made

MEMORY = 500_000_000
EVIL = "</script><script>boom()</script><img src=x onerror=boom()>\"'`{{facts}}\u2028&amp;"
HOSTILE = """
name: hostile
timeframe: {start: 2024-01-01, days: 40}
tables:
  - name: people
    rows: 300
    columns:
      kind: {choices: ["</script><script>boom()</script>", "<img src=x onerror=boom()>", "{{facts}}", "datum.x + ${1}"]}
      joined_at: {datetime_series: {}, role: created}
      size: {lognormal: {median: 2, sigma: 1}, role: measure}
"""


class Tags(HTMLParser):
    """The elements of a page with their attributes, and the scripts' texts."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] == "script" and self.cdata_elem == "script":
            self.scripts[-1] += data

    @property
    def names(self) -> set[str]:
        return {tag for tag, _ in self.found}


def poisoned(value: Any) -> Any:
    """The facts with something vile in every text and under no key."""
    if isinstance(value, dict):
        return {key: poisoned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one) for one in value]
    if isinstance(value, str) and not re.fullmatch(
        r"[\d\-T:.]*|ratio|difference|category|number|key|time|text|month|week|day|hour", value
    ):
        return value + EVIL
    return value


@pytest.fixture(scope="module")
def plain(small: Path) -> DataReport:
    return report(small, memory=MEMORY)


@pytest.fixture(scope="module")
def evil(plain: DataReport) -> DataReport:
    facts = poisoned(plain.facts)
    facts["findings"] = [
        {"code": f"a.b{EVIL}", "place": EVIL, "about": EVIL, "status": "failed", "measured": EVIL, "expected": EVIL, "tolerance": None,
         "examples": [EVIL], "declared_at": {"line": 1}}
    ]  # fmt: skip
    facts["document"] = {"name": EVIL, "text": f"a{EVIL}\nb", "whole": True}
    facts["diagnostics"] = [{"code": EVIL, "found": EVIL, "hint": EVIL}]
    return DataReport(facts)


def test_nothing_of_a_stranger_becomes_an_element(evil: DataReport) -> None:
    tags = Tags(evil.html)
    assert not {"img", "iframe", "object", "link", "base"} & tags.names
    assert [dict(a).get("id") for tag, a in tags.found if tag == "script"][:3] == ["facts", "charts", "chart-config"]
    assert len(tags.scripts) == 7
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    for text in tags.scripts[:3]:
        json.loads(text)
    assert "boom" in tags.scripts[0]  # it is there, as a text


def test_the_facts_in_the_page_are_the_facts(plain: DataReport) -> None:
    assert json.loads(Tags(plain.html).scripts[0]) == json.loads(json.dumps(plain.facts))


def test_scripts_run_by_their_digests_only_and_nothing_is_fetched(plain: DataReport) -> None:
    tags = Tags(plain.html)
    policy = next(
        a["content"] for tag, a in tags.found if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in tags.scripts[3:]]
    assert all(f"'sha256-{one}'" in policy for one in digests)
    assert not [a for _, attributes in tags.found for a in ("src", "srcset", "action") if a in attributes]
    assert all((a["href"] or "").startswith("#") for tag, a in tags.found if tag == "a")


def test_every_picture_says_in_words_what_it_shows(plain: DataReport) -> None:
    shown = [a for _, a in Tags(plain.html).found if a.get("class") == "chart"]
    assert len(shown) > 8
    assert all(
        a["role"] == "img" and len(a["aria-label"] or "") > 20 and "height:" in (a["style"] or "") for a in shown
    )
    links = [a["href"] for tag, a in Tags(plain.html).found if tag == "a"]
    assert {f"#{a['id']}" for tag, a in Tags(plain.html).found if tag == "section"} <= set(links)


def test_the_diagram_has_every_table_and_every_key(plain: DataReport) -> None:
    drawn = diagram(plain.facts["tables"])
    assert drawn.count('class="box"') == 2
    assert drawn.count('class="edge"') == 1
    assert "visits.people_id → people.people_id" in drawn
    assert "600 rows" in drawn


def test_the_diagram_stands_rings_and_keys_into_the_own_table() -> None:
    def table(name: str, *to: str) -> dict[str, Any]:
        keys = [{"column": f"{one}_id", "table": one, "to": "id"} for one in to]
        return {"table": name, "rows": 1, "primary_key": ["id"], "columns": [{"name": "id"}], "foreign_keys": keys}

    drawn = diagram([table("a", "b"), table("b", "c"), table("c", "a"), table("d", "d", "a", "nowhere")])
    assert drawn.count('class="box"') == 4
    assert drawn.count('class="edge"') == 5


def test_a_page_is_the_same_every_time(small: Path, plain: DataReport) -> None:
    assert report(small, memory=MEMORY).html == plain.html


def test_the_command_writes_the_page(small: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    done = call("report", small, "-o", target)
    assert (done.code, done.err) == (0, "")
    assert "small: " in done.out
    assert str(target) in done.out
    assert target.read_text().startswith("<!doctype html>")
    assert call("report", small, "-o", target, "--blind").code == 0  # over an earlier one
    assert call("report", small, "--json").document["header"]["tables"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_the_command_refuses_what_cannot_be_done(small: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.html"
    other.write_text("mine")
    for words, code in (
        (("-o", other), "report.occupied"),
        (("-o", tmp_path), "report.occupied"),
        (("--seed", "7"), "report.nothing_to_change"),
        (("--blind", "--schema", "shop"), "report.blind_schema"),
    ):
        done = call("report", small, *words)
        assert (done.code, done.codes) == (UsageError.exit_code, [code])
    assert other.read_text() == "mine"


def test_damaged_files_and_truth_sets_are_refused(tmp_path: Path) -> None:
    directory = made(HOSTILE, tmp_path / "data", "csv")
    (directory / "people.csv").write_text("people_id,kind\nx,y\n")
    assert call("report", directory, "-o", tmp_path / "a.html").codes == ["report.unreadable"]
    (directory / "people.csv").unlink()
    assert call("report", directory, "-o", tmp_path / "a.html").codes == ["report.unreadable"]
    assert call("report", tmp_path, "-o", tmp_path / "a.html").codes == ["manifest.missing"]
    api.generate(api.prepare("clinic"), tmp_path / "clinic", api_options())
    assert call("report", tmp_path / "clinic.truth", "-o", tmp_path / "a.html").codes == ["report.truth_set"]


@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_files_without_the_rows_of_their_manifest_are_refused(format: str, tmp_path: Path) -> None:
    directory = made(SMALL, tmp_path / "data", format)
    people = directory / f"people.{format}"
    header = people.read_text().splitlines(keepends=True)[0] if format == "csv" else ""
    people.write_text(header)
    told = call("report", directory, "-o", tmp_path / "a.html")
    assert (told.code, told.codes) == (UsageError.exit_code, ["report.unreadable"])
    assert "people: 0 rows, not 600" in told.err


def api_options() -> Any:
    from datagen.engine.options import Options

    return Options(truth=True, gate="none")


def test_declared_things_stand_beside_what_was_seen(shop: Path) -> None:
    made = api.report(shop, api.prepare("shop"))
    effects = {one["id"]: one for one in made.facts["effects"]}
    vip = effects["customers.segment.vip.rows_of_orders"]
    assert abs(vip["measured"] - 3.5) < 4 * vip["error"]
    lines = made.facts["document"]["text"].split("\n")
    assert "vip: {fanout_multiplier: 3.5" in lines[vip["line"] - 1]
    assert f'<a href="#L{vip["line"]}">' in made.html
    assert f'id="L{vip["line"]}"' in made.html
    assert all(one["expected_rows"] for one in made.facts["tables"])


def test_a_blind_page_holds_nothing_of_the_schema(shop: Path) -> None:
    page = api.report(shop, api.prepare("shop"), blind=True).html
    for word in ("fanout_multiplier", "Planted effects", "activity_decay", "Customers of three segments", '"seed"'):
        assert word not in page


def walk(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from walk(one)
    elif isinstance(value, list):
        for one in value:
            yield from walk(one)


def test_fields_of_pictures_are_ours_whatever_columns_are_called(evil: DataReport) -> None:
    """Names of strangers are values: Vega reads field names as paths and expressions."""
    charts = json.loads(Tags(evil.html).scripts[1])
    assert not [key for key in walk(charts) if "boom" in str(key)]


def test_the_command_is_listed() -> None:
    assert "report" in commands.COMMANDS
