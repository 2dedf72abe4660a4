"""Builds the site of the docs from the repository: `pip install '.[docs]' && python tools/docs_site.py` writes out/site/.

MkDocs makes the site; this gathers its pages: those written by hand, and those made of docstrings and codes (docs_pages.py).
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent))

import docs_pages

ROOT = Path(__file__).parents[1]
OUT = ROOT / "out" / "site"
BUILD = ROOT / "build" / "site"
# files of the repository that are pages, and where they stand in the site; the rest of docs/ keeps its path
OUTSIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/RESULTS.md": "benchmarks.md",
    "tests/RESULTS.md": "test-results.md",
    "LICENSE": "LICENSE.txt",
}
IN_PLACE_OF = {"docs/parts.md": "reference/index.md"}  # one page in the repository, a page per part in the site
GUIDE = ("language", "expressions", "truth", "checks", "report", "grading", "architecture", "limits")
LINK = re.compile(r"(\[[^\]\[]*(?:\[[^\]]*\][^\]\[]*)*\]\()([^)\s]+)(\))")
CODE = re.compile(r"^( *)(```|~~~).*?^\1\2[^\n]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def written() -> dict[str, str]:
    """The pages of the repository that people write, by their path in it."""
    paths = [*(ROOT / "docs").rglob("*.md"), *(ROOT / path for path in OUTSIDE)]
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted(paths)}


def site() -> dict[str, str]:
    """Every page of the site by its path, with links as they are there."""
    pages = {}
    by_hand = written()
    made = docs_pages.made()
    places = {path: place_of(path) for path in by_hand} | {path: path for path in made}
    for path, text in by_hand.items():
        if path not in IN_PLACE_OF:
            pages[places[path]] = moved(text, path, places[path], places)
    for (
        path,
        text,
    ) in made.items():  # what is made names pages of the repository from its root, and its own from beside it
        pages[path] = moved(text, path, path, places, "")
    pages["reference/index.md"] = reference()
    return dict(sorted(pages.items()))


def place_of(path: str) -> str:
    """Where a file of the repository stands in the site."""
    return OUTSIDE.get(path) or IN_PLACE_OF.get(path) or path.removeprefix("docs/")


def reference() -> str:
    """The page that leads to all that is made."""
    lines = ["# Reference", "", "A page for every word, made of the source.", ""]
    for title, lead in docs_pages.LEADS.items():
        lead = lead.replace("(docs/checks.md)", "(../checks.md)")
        lines += [f"## [{title}](./{title.lower()}/index.md)", "", lead, ""]
    return "\n".join(lines)


def moved(text: str, source: str, place: str, places: dict[str, str], base: str | None = None) -> str:
    """A page with its links led from where it stands in the site. A link to nothing is left as it is, for `dead` to find."""

    def lead(match: re.Match[str]) -> str:
        target, _, anchor = match[2].partition("#")
        if not target or "://" in target or target.startswith("mailto:"):
            return match[0]
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        named = beside if base is None or target.startswith("./") else posixpath.normpath(posixpath.join(base, target))
        if named not in places:
            return match[0]
        there = posixpath.relpath(places[named], posixpath.dirname(place) or ".")
        return f"{match[1]}{there}{'#' + anchor if anchor else ''}{match[3]}"

    return outside_code(text, lambda prose: LINK.sub(lead, prose))


def outside_code(text: str, change: Any) -> str:
    """A page whose prose is changed, and whose code stands as it is."""
    pieces, end = [], 0
    for code in CODE.finditer(text):
        # a link may hold code: [`word`](page); the code in it is kept by a mark while the link is read
        pieces.append(text[end : code.start()])
        end = code.end()
    kept = [code[0] for code in CODE.finditer(text)]
    pieces.append(text[end:])
    marked = "".join(f"{piece}\x00{number}\x00" for number, piece in enumerate(pieces[:-1])) + pieces[-1]
    return re.sub(r"\x00(\d+)\x00", lambda match: kept[int(match[1])], change(marked))


def links(text: str) -> Iterator[str]:
    """The targets of all links of a page, those in code left out."""
    found: list[str] = []
    outside_code(text, lambda prose: found.extend(match[2] for match in LINK.finditer(prose)) or prose)
    yield from found


def anchors(text: str) -> set[str]:
    """What links may lead to inside a page, alike on GitHub and in the site: headings that are there once."""
    headings = re.findall(r"^#{1,6} +(.*?) *$", re.sub(r"^( *)```.*?^\1```", "", text, flags=re.M | re.S), re.M)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "") for heading in headings]
    times = Counter(map(of_github, plain))
    return {of_github(text) for text in plain if times[of_github(text)] == 1 and of_github(text) == of_markdown(text)}


def of_github(heading: str) -> str:
    """The anchor of a heading on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def of_markdown(heading: str) -> str:
    """The anchor of a heading in Python-Markdown, which MkDocs uses."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def dead(pages: dict[str, str], *, beside: Path | None = None) -> list[str]:
    """Links that lead nowhere, as `page -> target`; with `beside`, files under it may be led to as well."""
    found = []
    known = {path: anchors(text) for path, text in pages.items()}
    for path, text in pages.items():
        for link in links(text):
            target, _, anchor = link.partition("#")
            if "://" in link or link.startswith("mailto:"):
                continue
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
            there_is = there in pages or (beside is not None and (beside / there).exists())
            if not there_is or (anchor and anchor not in known.get(there, set())):
                found.append(f"{path} -> {link}")
    return found


def settings(pages: dict[str, str], docs: Path, out: Path) -> dict[str, Any]:
    """What MkDocs is told."""
    tutorials = sorted(path for path in pages if path.startswith("tutorials/"))
    guide = [f"{name}.md" for name in GUIDE]
    there = {*guide, *OUTSIDE.values()}
    guide += [path for path in pages if "/" not in path and path not in there]  # pages that nobody has put in order yet
    reference: list[Any] = ["reference/index.md"]
    for title in docs_pages.LEADS:
        folder = f"reference/{title.lower()}/"
        inside = [path for path in pages if path.startswith(folder) and not path.endswith("/index.md")]
        # hundreds of codes in every page's menu would make each page large: their index is enough
        inside = [] if title == "Codes" else inside
        reference.append({title: [f"{folder}index.md", *({Path(path).stem: path} for path in inside)]})
    return {
        "site_name": "Datagen",
        "docs_dir": str(docs),
        "site_dir": str(out),
        "use_directory_urls": False,  # works from a disk, without a server
        "theme": {
            "name": "readthedocs",
            "highlightjs": False,
            "navigation_depth": 3,
        },  # its fonts and styles come along
        "markdown_extensions": ["def_list", "sane_lists"],
        "validation": {"links": {"anchors": "warn"}, "nav": {"omitted_files": "ignore"}},
        "strict": True,
        "nav": [
            {"Datagen": "index.md"},
            *([{"Tutorials": tutorials}] if tutorials else []),
            {"Guide": guide},
            {"Reference": reference},
            {"Results": ["benchmarks.md", "test-results.md"]},
            {"Contributing": "contributing.md"},
            {"Changes": "changes.md"},
        ],
    }


def build(out: Path = OUT) -> None:
    """Write the pages and let MkDocs make the site of them; what was there goes."""
    os.environ["SOURCE_DATE_EPOCH"] = "0"  # no clock in what is made
    try:
        from mkdocs.commands.build import build as make
        from mkdocs.config import load_config
    except ImportError:
        sys.exit("MkDocs is not here: pip install '.[docs]'")
    pages = site()
    lost = dead(pages)
    if lost:
        sys.exit("dead links:\n  " + "\n  ".join(lost))
    shutil.rmtree(BUILD, ignore_errors=True)
    for path, text in pages.items():
        (BUILD / path).parent.mkdir(parents=True, exist_ok=True)
        (BUILD / path).write_text(text)
    shutil.rmtree(out, ignore_errors=True)
    told = BUILD.with_suffix(".yml")
    told.write_text(yaml.safe_dump(settings(pages, BUILD, out), sort_keys=False, allow_unicode=True))
    make(load_config(str(told)))
    sys.stdout.write(f"{out}: {len(pages)} pages\n")


if __name__ == "__main__":
    build(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else OUT)
