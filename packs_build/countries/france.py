"""France: regions since 2016, communes with their own postcodes, numbers as the French write them."""

from __future__ import annotations

from packs_build.countries.people import FOREIGN, SUFFIXES, people
from packs_build.locales import Locale, Region

FR = Locale(
    name="fr_FR",
    country="FR",
    country_name="France",
    smallest_city=15000,
    least_people=20000,
    density=20000,
    parent="en_US",
    language="fr",
    towns="french",
    spaced_names=True,
    city_names={
        "Dunkirk": "Dunkerque",
        "Cherbourg": "Cherbourg-en-Cotentin",
        "Évry": "Évry-Courcouronnes",
        "Saint-Ouen": "Saint-Ouen-sur-Seine",
        "Le Chesnay": "Le Chesnay-Rocquencourt",
        "Oullins": "Oullins-Pierre-Bénite",
    },
    regions={
        "11": Region("Île-de-France", "IDF"),
        "24": Region("Centre-Val de Loire", "CVL"),
        "27": Region("Bourgogne-Franche-Comté", "BFC"),
        "28": Region("Normandie", "NOR"),
        "32": Region("Hauts-de-France", "HDF"),
        "44": Region("Grand Est", "GES"),
        "52": Region("Pays de la Loire", "PDL"),
        "53": Region("Bretagne", "BRE"),
        "75": Region("Nouvelle-Aquitaine", "NAQ"),
        "76": Region("Occitanie", "OCC"),
        "84": Region("Auvergne-Rhône-Alpes", "ARA"),
        "93": Region("Provence-Alpes-Côte d'Azur", "PAC"),
        "94": Region("Corse", "COR"),
    },
    rules=people()
    | FOREIGN
    | {
        "prefix_nonbinary": "Dr",
        "company": {
            "{{last_name}} {{company_suffix}}": 4,
            "{{last_name}} & {{last_name}} {{company_suffix}}": 1,
            "{{last_name}}": 1,
            "Établissements {{last_name}}": 1,
        },
        "catch_phrase": "{{catch_phrase_1}} {{catch_phrase_2}} {{catch_phrase_3}}",
        "bs": "{{bs_1}} {{bs_2}}",
        "building_number": {
            "{{pattern:%}}": 3,
            "{{pattern:%#}}": 5,
            "{{pattern:%##}}": 2,
            "{{pattern:%#}} bis": 0.4,
            "{{pattern:%}} ter": 0.1,
        },
        "secondary_address": {"Appartement {{pattern:%#}}": 1, "Bâtiment {{pattern:[ABCDE]}}": 1},
        "street_address": "{{building_number}} {{street_name}}",
        "address": "{{street_address}}\n{{places.postcode}} {{places.city}}",
        "postcode": "{{places.postcode}}",
        "license_plate": "{{pattern:[ABCDEFGH][ABCDEFGHJKLMNPQRSTVWXYZ]-###-"
        "[ABCDEFGHJKLMNPQRSTVWXYZ][ABCDEFGHJKLMNPQRSTVWXYZ]}}",
        "phone_number": {
            "{{pattern:06 [1245678]# ## ## ##}}": 6,
            "{{pattern:07 [345678]# ## ## ##}}": 4,
            "{{pattern:+33 6 [1245678]# ## ## ##}}": 2,
            "{{pattern:+33 7 [345678]# ## ## ##}}": 1,
            "{{pattern:01 [4567]# ## ## ##}}": 2,
            "{{pattern:02 [3459]# ## ## ##}}": 1,
            "{{pattern:03 [28]# ## ## ##}}": 1,
            "{{pattern:04 [79]# ## ## ##}}": 1,
            "{{pattern:05 [56]# ## ## ##}}": 1,
        },
    },
    lists={"suffix": SUFFIXES},
)
