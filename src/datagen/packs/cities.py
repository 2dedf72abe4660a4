"""The cities of all locales as one table of places: where they lie, who lives there, which clock they follow.

Source: the `places` tables of the packs (GeoNames, CC BY 4.0; see data/SOURCES.txt). The parts of the United States are
the regions and divisions of its Census Bureau (public domain): the South without its west is the Southeast, the Pacific
coast of the mainland is the West Coast.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

from datagen.packs.reading import about, pack_locales, table

# (column, type), in the order of the table
COLUMNS = (
    ("place", "string"), ("city", "string"), ("state", "string"), ("region", "string"), ("country", "string"),
    ("timezone", "string"), ("lat", "float"), ("lon", "float"), ("population", "int"), ("postcode", "string"),
)  # fmt: skip
KEY = "place"
OPEN = frozenset({"postcode"})  # where the packs know no range of postcodes

PARTS_OF_THE_US = {
    "Northeast": "CT MA ME NH NJ NY PA RI VT",
    "Midwest": "IA IL IN KS MI MN MO ND NE OH SD WI",
    "Southeast": "AL DC DE FL GA KY MD MS NC SC TN VA WV",
    "South Central": "AR LA OK TX",
    "Mountain": "AZ CO ID MT NM NV UT WY",
    "West Coast": "CA OR WA",
    "Pacific": "AK HI",
}


@cache
def cities() -> dict[str, tuple[str | float | int | None, ...]]:
    """The columns of the table: country by country, the largest city of each first."""
    found: dict[str, list[str | float | int | None]] = {name: [] for name, _ in COLUMNS}
    for locale in pack_locales():
        for column, values in _of_locale(locale).items():
            found[column] += values
    return {name: tuple(values) for name, values in found.items()}


def _of_locale(locale: str) -> dict[str, list[str | float | int | None]]:
    known = table(locale, "places")
    if known is None:
        return {}
    country = str(about(locale)["country"])
    names, codes = known.column("city"), known.column("region_code")
    parts = {code: part for part, listed in PARTS_OF_THE_US.items() for code in listed.split()}
    states = known.column("region")
    return {
        "place": _distinct([f"{name}, {code}, {country}" for name, code in zip(names, codes, strict=True)]),
        "city": list(names),
        "state": list(states),
        "region": [parts[code] for code in codes] if country == "US" else list(states),
        "country": [country] * known.rows,
        "timezone": list(known.column("timezone")),
        "lat": [float(text) for text in known.column("latitude")],
        "lon": [float(text) for text in known.column("longitude")],
        "population": [int(text) for text in known.column("population")],
        "postcode": _postcodes(
            codes, known.column("postcode_low"), known.column("postcode_high"), str(about(locale)["postcode_form"])
        ),
    }


def _distinct(names: list[str]) -> list[str | float | int | None]:
    """Names that stand twice get a number behind the city."""
    times: Counter[str] = Counter()
    found: list[str | float | int | None] = []
    for name in names:
        times[name] += 1
        city, _, rest = name.partition(",")
        found.append(name if times[name] == 1 else f"{city} ({times[name]}),{rest}")
    return found


def _postcodes(
    codes: tuple[str, ...], lows: tuple[str, ...], highs: tuple[str, ...], form: str
) -> list[str | float | int | None]:
    """One code for each city, spread evenly over its range in the order of the cities of a state; None without a range."""
    size, seen = Counter(codes), Counter[str]()
    found: list[str | float | int | None] = []
    for code, low, high in zip(codes, map(int, lows), map(int, highs), strict=True):
        place, seen[code] = seen[code], seen[code] + 1
        if not high:
            found.append(None)
            continue
        digits = iter(f"{low + (high - low) * (2 * place + 1) // (2 * size[code]):0{form.count('#')}d}")
        found.append("".join(next(digits) if sign == "#" else sign for sign in form))
    return found
