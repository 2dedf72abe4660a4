"""Spain: autonomous communities, municipalities whose postcodes begin with their province, two family names."""

from __future__ import annotations

from packs_build.countries.people import FOREIGN, SUFFIXES, people
from packs_build.locales import Locale, Region

ES = Locale(
    name="es_ES",
    country="ES",
    country_name="España",
    smallest_city=15000,
    least_people=20000,
    density=25000,
    parent="en_US",
    language="es",
    towns="spanish",
    family=1,  # of two family names people use the first
    spaced_names=True,
    city_names={
        "Gasteiz / Vitoria": "Vitoria-Gasteiz",
        "La Laguna": "San Cristóbal de La Laguna",
        "Algorta": "Getxo",
        "Ibiza": "Eivissa",
        "Arganda": "Arganda del Rey",
    },
    regions={
        "51": Region("Andalucía", "AN"),
        "52": Region("Aragón", "AR"),
        "34": Region("Principado de Asturias", "AS"),
        "07": Region("Illes Balears", "IB"),
        "53": Region("Canarias", "CN"),
        "39": Region("Cantabria", "CB"),
        "55": Region("Castilla y León", "CL"),
        "54": Region("Castilla-La Mancha", "CM"),
        "56": Region("Cataluña", "CT"),
        "60": Region("Comunidad Valenciana", "VC"),
        "57": Region("Extremadura", "EX"),
        "58": Region("Galicia", "GA"),
        "29": Region("Comunidad de Madrid", "MD"),
        "31": Region("Región de Murcia", "MC"),
        "32": Region("Comunidad Foral de Navarra", "NC"),
        "59": Region("País Vasco", "PV"),
        "27": Region("La Rioja", "RI"),
        "CE": Region("Ceuta", "CE"),
        "ML": Region("Melilla", "ML"),
    },
    rules=people()
    | FOREIGN
    | {
        **{
            f"name_{gender}": {
                f"{{{{first_name_{gender}}}}} {{{{last_name}}}} {{{{last_name}}}}": 0.98,
                f"{{{{prefix_{gender}}}}} {{{{first_name_{gender}}}}} {{{{last_name}}}} {{{{last_name}}}}": 0.02,
            }
            for gender in ("female", "male")
        },
        # number of the social security: province, eight digits, the rest of both by 97
        "ssn": "{{range:01..50}}{{pattern:########}}{{check:mod97}}",
        "company": {
            "{{company_trade}} {{last_name}} {{company_suffix}}": 5,
            "{{last_name}} y Asociados {{company_suffix}}": 1,
            "Hermanos {{last_name}} {{company_suffix}}": 1,
            "Grupo {{last_name}} {{company_suffix}}": 1,
            "{{last_name}} {{company_suffix}}": 2,
        },
        "catch_phrase": "{{catch_phrase_1}} {{catch_phrase_2}} {{catch_phrase_3}}",
        "bs": "{{bs_1}} {{bs_2}}",
        "building_number": {"{{pattern:%}}": 3, "{{pattern:%#}}": 5, "{{pattern:%##}}": 1},
        "secondary_address": {
            "{{pattern:%}}º {{pattern:[ABCD]}}": 3,
            "{{pattern:%}}º izda.": 1,
            "{{pattern:%}}º dcha.": 1,
        },
        "street_address": {
            "{{street_name}}, {{building_number}}": 0.5,
            "{{street_name}}, {{building_number}}, {{secondary_address}}": 0.5,
        },
        "address": "{{street_address}}\n{{places.postcode}} {{places.city}}",
        "postcode": "{{places.postcode}}",
        "license_plate": "{{pattern:#### [BCDFGHJKLM][BCDFGHJKLMNPRSTVWXYZ][BCDFGHJKLMNPRSTVWXYZ]}}",
        "phone_number": {
            "{{pattern:6%# ### ###}}": 6,
            "{{pattern:6%# ## ## ##}}": 2,
            "{{pattern:+34 6%# ### ###}}": 3,
            "{{pattern:7[1234]# ### ###}}": 1,
            "{{pattern:91 [2345678]## ## ##}}": 1,
            "{{pattern:93 [2345678]## ## ##}}": 1,
            "{{pattern:95[2345] ## ## ##}}": 1,
            "{{pattern:96[1358] ## ## ##}}": 1,
        },
    },
    lists={"suffix": SUFFIXES},
)
