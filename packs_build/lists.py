"""Lists and rules of one locale, read from Faker's providers; what Faker does not know is in `locales.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import faker
from faker.decode import unidecode

from packs_build.cldr import cldr_lists
from packs_build.locales import SHARED_RULES, Locale
from packs_build.written import written

Table = list[tuple[str, ...]]  # the first row holds the names of the columns
Rules = dict[str, dict[str, float] | str | None]
LEAST_REST = 0.15  # share that names which are not among the common ones have at least


def providers(locale: str) -> dict[str, Any]:
    """Faker's providers of a locale by short name: person, address, …"""
    return {provider.__provider__.rsplit(".", 1)[-1]: provider for provider in faker.Faker(locale).get_providers()}


def lists_of(locale: Locale, source: dict[str, Any]) -> dict[str, Table]:
    """Every list of a locale. Lists equal to the parent's are left out by the caller."""
    person, address, dates = source["person"], source["address"], source["date_time"]
    found: dict[str, Table] = {
        "first_name_female": weighted(person.first_names_female),
        "first_name_male": weighted(person.first_names_male),
        "prefix_female": weighted(getattr(person, "prefixes_female", ())),
        "prefix_male": weighted(getattr(person, "prefixes_male", ())),
        "company_suffix": weighted(source["company"].company_suffixes),
        "job": weighted(source["job"].jobs),
        "word": weighted(word for word in source["lorem"].word_list if word.isalpha()),
        "color_name": weighted(source["color"].all_colors.keys()),
        "safe_color_name": weighted(source["color"].safe_colors),
        "country": weighted(address.countries),
        "language_name": weighted(person.language_names),
        "currency_name": weighted(name for _, name in source["currency"].currencies),
        "day_of_week": weighted(days_of_week(dates)),
        "month_name": weighted(getattr(dates, "MONTH_NAMES", ENGLISH_MONTHS).values()),
    }
    if locale.name == "en_GB":
        del found["word"]  # Faker has Latin there; the English words are the parent's
    if hasattr(person, "last_names_female"):
        found["last_name_female"] = weighted(person.last_names_female)
        found["last_name_male"] = weighted(person.last_names_male)
    else:
        found["last_name"] = weighted(person.last_names)
    if getattr(person, "suffixes_female", None):
        found["suffix_female"] = weighted(person.suffixes_female)
        found["suffix_male"] = weighted(person.suffixes_male)
    elif hasattr(person, "suffixes"):
        found["suffix"] = weighted(person.suffixes)
    for name, attribute in (
        ("degree", getattr(person, "degrees", None)),
        ("street_name", getattr(address, "streets", None)),
        ("street_suffix_long", getattr(address, "street_suffixes_long", None)),
        ("street_suffix_short", getattr(address, "street_suffixes_short", None)),
        ("administrative_unit", getattr(address, "counties", None)),
        ("postal_zone_1", getattr(address, "POSTAL_ZONES_ONE_CHAR", None)),
        ("postal_zone_2", getattr(address, "POSTAL_ZONES_TWO_CHARS", None)),
    ):
        if attribute is not None:
            found[name] = weighted(attribute)
    if hasattr(source["automotive"], "license_plate_prefix"):
        found["license_plate_district"] = weighted(code.upper() for code in source["automotive"].license_plate_prefix)
    if "street_suffix_long" not in found and not locale.language:
        found["street_suffix"] = weighted(address.street_suffixes)
    for place, words in enumerate(source["company"].catch_phrase_words, 1):
        found[f"catch_phrase_{place}"] = weighted(words)
    for place, words in enumerate(source["company"].bsWords, 1):
        found[f"bs_{place}"] = weighted(words)
    tail = common_tail(source["phone_number"].formats)
    if tail is not None and "phone_number" not in locale.rules:
        found["phone_start"] = weighted(form.removesuffix(tail) for form in source["phone_number"].formats)
    found |= {name: weighted(values) for name, values in locale.lists.items()}
    found = {name: fit(locale, name, table) for name, table in found.items()}
    found |= added(locale, source, found)
    replacements: Table = [("letter", "ascii"), *((a, b) for a, b in source["internet"].replacements if a == a.lower())]
    if len(replacements) > 1:
        found["transliteration"] = replacements
    cleaned = {name: clean(name, table, locale.spaced_names) for name, table in found.items()}
    return {name: table for name, table in cleaned.items() if len(table) > 1}


def added(locale: Locale, source: dict[str, Any], found: dict[str, Table]) -> dict[str, Table]:
    """The lists of a locale that do not come from Faker as they stand: CLDR's, those written here, shares of names."""
    if not locale.language:
        return {}
    mine = written(locale.name)
    lists = cldr_lists(locale.language, source)
    lists |= {name: weighted(values) for name, values in mine.lists.items() if name not in mine.latin}
    for name, latin in mine.latin.items():
        rows = [(text, f"{mine.lists[name][text]:.12g}", spelled) for text, spelled in latin.items()]
        lists[name] = [("value", "weight", "latin"), *rows]
    if locale.name == "pl_PL":
        found = found | polish_names(source, lists.pop("first_name_female_more"))
        lists |= {name: found[name] for name in ("first_name_female", "first_name_male")}
    if locale.name == "es_ES":
        lists["company_trade"] = weighted(source["company"].company_types)
    lists |= {name: with_common(name, found[name], shares, locale.spaced_names) for name, shares in mine.common.items()}
    if locale.name == "pl_PL":
        lists["last_name_female"] = feminine(lists["last_name_male"])
    if locale.name in FIRM_NAMES:
        family = lists.get("last_name", found["last_name"])
        names: dict[str, float] = {}
        for name, weight, *_ in ((*row, "1") for row in clean("last_name", family, locale.spaced_names)[1:]):
            firm = FIRM_NAMES[locale.name](name)
            names[firm] = names.get(firm, 0) + float(weight)
        lists["firm_name"] = weighted(names)
    return lists


# how a family's name stands in the name of its firm
FIRM_NAMES: dict[str, Callable[[str], str]] = {
    "nl_NL": lambda name: name[0].upper() + name[1:],  # Van den Berg
    "pt_BR": lambda name: re.sub("^d[aeo]s? ", "", name),  # Silva for da Silva
    "sv_SE": lambda name: name if name[-1] in "sxz" else name + "s",  # Anderssons, but Roos
}
# entries of Faker's lists that are slips of the pen, not fit for every eye, or two genders in one
NOT_THESE = {
    "fr_FR": {"job": r"\(|\b(\w{4})\w* (?:et (?:\w+ )?)?\1\w*e\b|\b(\w{5})\w*(?:eur|ien|ier|if) \2\w*$"},
    "es_ES": {
        "job": r"\(|decubierta|ambulantes",
        "word": r"^[A-ZÁÉÍÓÚ]$",
        "last_name": "^(Jimenez|Perez|Martinez|Gomez|Lopez|Sanchez)$",
    },
    "pt_BR": {"job": r"\(| - |.{46}", "last_name": "^Costela$"},
    "pl_PL": {
        "job": "Babcia|Kowboj|Hycel|Klechdarz|Kornak|^Kuk$|Fasowacz|"
        "Masztal|Kawalk|Szczuro|Pucybut|Koniarze|w Polsce|Psiarz|Poganiacz"
    },
    "nl_NL": {"last_name": r"(?i)\bvan\b.*\bvan\b|^[A-Z]\S* |^.{22}|ë$"},
    "ja_JP": {"word": "癌|虐待|血まみれ|尿|殺|死"},
}


def fit(locale: Locale, name: str, table: Table) -> Table:
    """A list without the entries that nobody would write."""
    if not locale.language:
        return table
    stripped = unique((row[0].strip(), *row[1:]) for row in table[1:])
    unfit = NOT_THESE.get(locale.name, {}).get(name)
    return [table[0], *(row for row in stripped if unfit is None or not re.search(unfit, row[0]))]


def with_common(name: str, table: Table, shares: Mapping[str, float], spaced: bool) -> Table:
    """A list whose common entries have their shares in thousandths; the others divide what is left."""
    others = [row[0] for row in clean(name, table, spaced)[1:] if row[0] not in shares]
    left = max(1000 - sum(shares.values()), LEAST_REST * sum(shares.values()))
    return weighted(dict(shares) | {other: round(left / len(others), 4) for other in others})


def polish_names(source: dict[str, Any], women: Table) -> dict[str, Table]:
    """Faker's Polish names; its family names are the masculine ones of couples and those that have one form."""
    person = source["person"]
    return {
        "first_name_female": weighted(dict.fromkeys([*(row[0] for row in women[1:]), *person.first_names_female], 1)),
        "first_name_male": weighted(person.first_names_male),
        "last_name_male": weighted(
            name for name in [*person.male_last_names, *person.unisex_last_names[:800]] if name != "Wożniak"
        ),
    }


def feminine(table: Table) -> Table:
    """Polish family names of women: Kowalski is Kowalska, Nowak stays."""
    endings = (("ski", "ska"), ("cki", "cka"), ("dzki", "dzka"))
    rows = []
    for name, *rest in table[1:]:
        for his, hers in endings:
            if name.endswith(his):
                name = name.removesuffix(his) + hers
                break
        rows.append((name, *rest))
    return [table[0], *rows]


def rules_of(locale: Locale, source: dict[str, Any]) -> Rules:
    """Every rule of a locale: Faker's formats, then what `locales.py` says."""
    person = source["person"]
    tail = common_tail(source["phone_number"].formats)
    rules: Rules = {
        "name": {"{{name_female}}": 0.5, "{{name_male}}": 0.5},
        "name_female": shares(getattr(person, "formats_female", person.formats)),
        "name_male": shares(getattr(person, "formats_male", person.formats)),
        "first_name": {"{{first_name_female}}": 0.5, "{{first_name_male}}": 0.5},
        "first_name_nonbinary": {"{{first_name_female}}": 0.5, "{{first_name_male}}": 0.5},
        "prefix": {"{{prefix_female}}": 0.5, "{{prefix_male}}": 0.5},
        "company": shares(source["company"].formats),
        "catch_phrase": "{{catch_phrase_1}} {{catch_phrase_2}} {{catch_phrase_3}}",
        "bs": "{{bs_1}} {{bs_2}} {{bs_3}}",
        "phone_number": patterns(source["phone_number"].formats)
        if tail is None
        else "{{phone_start}}{{pattern:" + tail + "}}",
        "city": "{{places.city}}",
        "state": "{{places.region}}",
        "state_abbr": "{{places.region_code}}",
        "zipcode": "{{postcode}}",
        "postalcode": "{{postcode}}",
        "bban": f"{{{{pattern:{source['bank'].bban_format}}}}}",
        "iban": f"{source['bank'].country_code}{{{{check:iban}}}}{{{{pattern:{source['bank'].bban_format}}}}}",
        "bank_country": source["bank"].country_code,
        "current_country": locale.country_name,
        "current_country_code": locale.country,
    }
    if hasattr(person, "last_names_female") or locale.name == "pl_PL":
        rules["last_name"] = {"{{last_name_female}}": 0.5, "{{last_name_male}}": 0.5}
    else:
        rules |= {f"last_name_{gender}": "{{last_name}}" for gender in ("female", "male", "nonbinary")}
    if hasattr(person, "suffixes_female"):
        rules["suffix"] = {"{{suffix_female}}": 0.5, "{{suffix_male}}": 0.5}
    if hasattr(source["address"], "counties"):
        rules["county"] = "{{administrative_unit}}"
    else:
        rules["administrative_unit"] = "{{state}}"
    if hasattr(source["phone_number"], "cellphone_formats"):
        rules["cellphone_number"] = patterns(source["phone_number"].cellphone_formats)
    if source["automotive"].license_formats:
        rules["license_plate"] = patterns(source["automotive"].license_formats)
    if locale.parent is None:
        rules |= isbn(source["isbn"].rules)
    return rules | locale.rules


def common_tail(formats: Iterable[str]) -> str | None:
    """The signs at the end of number formats that have no others: 228 British numbers are a list and three digits."""
    tails = {re.sub(r"^[^#%$]*", "", form) for form in formats}
    tail = tails.pop()
    return tail if not tails and set(tail) <= set("#%$") else None


def isbn(prefixes: dict[str, dict[str, list[tuple[str, str, int]]]]) -> Rules:
    """ISBNs by the ranges of registrants that the international agency has given out, as likely as they are wide."""
    rules: Rules = {"isbn13": {}, "isbn10": {}, "_isbn13_plain": {}, "_isbn10_plain": {}}
    for prefix, groups in prefixes.items():
        for group, registrants in groups.items():
            for low, high, width in registrants:
                if len(low) != 7 or low[width:].strip("0") or high[width:].strip("9"):
                    raise SystemExit(f"registrants {low}..{high} are not cut at {width} digits")
                body = f"{group}-{{{{range:{low[:width]}..{high[:width]}}}}}-{{{{pattern:{'#' * (8 - width)}}}}}"
                weight = int(high) - int(low) + 1
                for name, form in (
                    ("isbn13", f"{prefix}-{body}-{{{{check:ean}}}}"),
                    ("isbn10", f"{body}-{{{{check:isbn10}}}}"),
                ):
                    rules[name][form] = weight  # type: ignore[index]
                    rules[f"_{name}_plain"][form.replace("-", "")] = weight  # type: ignore[index]
    return rules


def shared_lists(source: dict[str, Any]) -> dict[str, Table]:
    """Lists that hold in every locale."""
    currency, countries = source["currency"], source["date_time"].countries
    tables: dict[str, Table] = {
        "country_code": [("alpha2", "alpha3"), *unique((one.alpha_2_code, one.alpha_3_code) for one in countries)],
        "timezone": weighted(zone for country in countries for zone in country.timezones),
        "currency": [
            ("code", "symbol"),
            *(
                (code, currency.currency_symbols[code])
                for code, _ in currency.currencies
                if code in currency.currency_symbols
            ),
        ],
        "cryptocurrency": [("code", "name"), *currency.cryptocurrencies],
        "language_code": weighted(type(currency).language_locale_codes.keys()),
        "country_calling_code": weighted(source["phone_number"].country_calling_codes),
        "http_method": weighted(source["internet"].http_methods),
        "hostname_prefix": weighted(source["internet"].hostname_prefixes),
        "uri_page": weighted(source["internet"].uri_pages),
        "uri_path_part": weighted(source["internet"].uri_paths),
        "uri_extension": weighted(source["internet"].uri_extensions),
        "am_pm": weighted(("AM", "PM")),
        "safe_domain_name": weighted(source["internet"].safe_domain_names),
        "transliteration": transliteration(),
        **user_agents(),
    }
    return tables


def shared_rules(source: dict[str, Any]) -> Rules:
    """Rules that hold in every locale: those of `locales.py` and the credit cards, each kind as likely as in Faker."""
    cards = source["credit_card"].credit_card_types
    rules = dict(SHARED_RULES)
    numbers: dict[str, float] = {}
    codes: dict[str, float] = {}
    for kind, card in cards.items():
        forms = {
            f"{{{{pattern:{prefix}{'#' * (card.length - len(prefix) - 1)}}}}}{{{{check:luhn}}}}": 1 / len(card.prefixes)
            for prefix in card.prefixes
        }
        code = f"{{{{pattern:{'#' * card.security_code_length}}}}}"
        rules |= {
            f"_credit_card_number_{kind}": forms,
            f"_credit_card_provider_{kind}": card.name,
            f"_credit_card_security_code_{kind}": code,
        }
        for form, weight in forms.items():
            numbers[form] = numbers.get(form, 0) + weight
        codes[code] = codes.get(code, 0) + 1
    providers: dict[str, float] = {}
    for card in cards.values():
        providers[card.name] = providers.get(card.name, 0) + 1
    return rules | {
        "credit_card_number": numbers,
        "credit_card_security_code": codes,
        "credit_card_provider": providers,
    }


def days_of_week(dates: Any) -> list[str]:
    """Monday first; Faker's own lists begin with Sunday, as strftime's %w does."""
    names = list(getattr(dates, "DAY_NAMES", ENGLISH_DAYS).values())
    return [*names[1:], names[0]]


def weighted(values: Iterable[str] | Mapping[str, float]) -> Table:
    """A list in Faker's order, each value once; a weight column only where the weights differ."""
    weights: dict[str, float] = {}
    if isinstance(values, Mapping):
        weights = dict(values)
    else:
        for value in values:
            weights[value] = weights.get(value, 0) + 1
    if len(set(weights.values())) <= 1:
        return [("value",), *((value,) for value in weights)]
    return [("value", "weight"), *((value, f"{weight:.12g}") for value, weight in weights.items())]


def unique(rows: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(rows))


def shares(formats: Any) -> dict[str, float]:
    """Faker's formats as template -> weight."""
    return {row[0]: float(row[1]) if len(row) > 1 else 1.0 for row in weighted(formats)[1:]}


def patterns(formats: Iterable[str]) -> dict[str, float]:
    """Faker's number formats as templates."""
    return {f"{{{{pattern:{form}}}}}": weight for form, weight in shares(formats).items()}


def clean(name: str, table: Table, spaced: bool = False) -> Table:
    """Without the few entries of Faker that are no names: `auch Schlauchin`, `Koch II`, `Hans D.`

    spaced: family names of several words are names too: `van den Berg`.
    """
    if name.startswith(("first_name", "last_name")):
        between = "['’ -]" if spaced and name.startswith("last_name") else "['’-]"
        return [table[0], *(row for row in table[1:] if re.fullmatch(rf"[^\W\d_]+(?:{between}[^\W\d_]+)*", row[0]))]
    return table


def transliteration() -> Table:
    """Small letters of the European and Near Eastern alphabets in ASCII, as Unidecode spells them."""
    ranges = ((0x80, 0x590), (0x5D0, 0x700), (0x10A0, 0x1100), (0x1E00, 0x2000), (0x300, 0x370))
    rows = []
    for low, high in ranges:
        for letter in map(chr, range(low, high)):
            text = re.sub("[^a-z]", "", unidecode(letter).lower())
            if letter.isalpha() and letter == letter.lower() and text:
                rows.append((letter, text))
    return [("letter", "ascii"), *unique(sorted(rows))]


ENGLISH_DAYS = dict(enumerate(("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")))
ENGLISH_MONTHS = dict(
    enumerate(
        (
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        )
    )
)

SYSTEMS = (  # the part of a desktop browser's name that tells the system, and its share
    ("Windows NT 10.0; Win64; x64", 0.72),
    ("Macintosh; Intel Mac OS X 10_15_7", 0.22),
    ("X11; Linux x86_64", 0.06),
)
PHONES = (("Linux; Android 10; K", 1.0),)  # what Chrome on Android says since it hides the model
IOS = ("16_6", "17_4", "17_5_1", "17_6_1", "18_0", "18_1", "18_2")


def user_agents() -> dict[str, Table]:
    """Browsers of the mid-2020s in the forms their makers document; newer versions weigh more."""
    chrome: dict[str, float] = {}
    edge: dict[str, float] = {}
    firefox: dict[str, float] = {}
    safari: dict[str, float] = {}
    for age, version in enumerate(range(132, 119, -1)):
        weight = round(0.75**age, 6)
        for systems, share, mobile in ((SYSTEMS, 0.45, ""), (PHONES, 0.55, "Mobile ")):
            for system, part in systems:
                engine = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0"
                chrome[f"{engine} {mobile}Safari/537.36"] = weight * share * part
                if not mobile and not system.startswith("X11"):
                    edge[f"{engine} Safari/537.36 Edg/{version}.0.0.0"] = weight * part
    for age, version in enumerate(range(133, 120, -1)):
        for system, part in SYSTEMS:
            system = system.replace("10_15_7", "10.15")
            firefox[f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"] = 0.75**age * part
    for age, release in enumerate(reversed(IOS)):
        major = release.replace("_", ".")
        for device, part in (("iPhone; CPU iPhone OS", 0.7), ("iPad; CPU OS", 0.1)):
            safari[
                f"Mozilla/5.0 ({device} {release} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                f"Version/{major} Mobile/15E148 Safari/604.1"
            ] = 0.8**age * part
        safari[
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            f"Version/{major} Safari/605.1.15"
        ] = 0.8**age * 0.2
    return {
        f"user_agent_{name}": weighted(agents)
        for name, agents in (("chrome", chrome), ("edge", edge), ("firefox", firefox), ("safari", safari))
    }
