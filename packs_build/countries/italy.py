"""Italy: towns with the province that stands behind them in an address, and its postcodes."""

from __future__ import annotations

from packs_build.countries.people import FOREIGN, SUFFIXES, people
from packs_build.locales import Locale, Region

_REGIONS = (
    "01 AQ CH PE TE, 02 MT PZ, 03 CS CZ KR RC VV, 04 AV BN CE NA SA, 05 BO FC FE MO PC PR RA RE RN, 06 GO PN TS UD, "
    "07 FR LT RI RM VT, 08 GE IM SP SV, 09 BG BS CO CR LC LO MB MI MN PV SO VA, 10 AN AP FM MC PU, 11 CB IS, "
    "12 AL AT BI CN NO TO VB VC, 13 BA BR BT FG LE TA, 14 CA NU OR SS SU CI VS OG OT, 15 AG CL CT EN ME PA RG SR TP, "
    "16 AR FI GR LI LU MS PI PO PT SI, 17 BZ TN, 18 PG TR, 19 AO, 20 BL PD RO TV VE VI VR"
)

IT = Locale(
    name="it_IT",
    country="IT",
    country_name="Italia",
    smallest_city=15000,
    least_people=22000,
    density=20000,
    parent="en_US",
    language="it",
    towns="italian",
    spaced_names=True,
    # each town has its province; here stand the provinces of a region, so that a hamlet elsewhere is not taken for it
    regions={
        code: Region(provinces, "")
        for code, _, provinces in (one.strip().partition(" ") for one in _REGIONS.split(","))
    },
    without=("Romano Banco", "Pianura", "Ponticelli", "Secondigliano", "Scampia", "Barra"),
    city_names={
        "Rome": "Roma",
        "Milan": "Milano",
        "Naples": "Napoli",
        "Turin": "Torino",
        "Genoa": "Genova",
        "Florence": "Firenze",
        "Venice": "Venezia",
        "Padua": "Padova",
        "Syracuse": "Siracusa",
        "Mantua": "Mantova",
        "Reggio nell'Emilia": "Reggio Emilia",
    },
    rules=people()
    | FOREIGN
    | {
        "prefix_nonbinary": "Dott.",
        "company": {
            "{{last_name}} {{company_suffix}}": 4,
            "{{last_name}} & {{last_name}} {{company_suffix}}": 1,
            "Fratelli {{last_name}} S.r.l.": 1,
            "{{last_name}} e figli S.n.c.": 1,
            "Gruppo {{last_name}} S.p.A.": 1,
        },
        "catch_phrase": "{{catch_phrase_1}} {{catch_phrase_2}} {{catch_phrase_3}}",
        "bs": "{{bs_1}} {{bs_2}}",
        "building_number": {
            "{{pattern:%}}": 3,
            "{{pattern:%#}}": 5,
            "{{pattern:%##}}": 2,
            "{{pattern:%#}}/{{pattern:[AB]}}": 0.4,
        },
        "secondary_address": {"Interno {{pattern:%#}}": 1, "Scala {{pattern:[ABC]}}": 1, "Piano {{pattern:%}}": 1},
        "street_address": {
            "{{street_name}}, {{building_number}}": 0.85,
            "{{street_name}}, {{building_number}} {{secondary_address}}": 0.15,
        },
        "address": "{{street_address}}\n{{places.postcode}} {{places.city}} ({{places.region_code}})",
        "postcode": "{{places.postcode}}",
        "license_plate": "{{pattern:[DEFG][ABCDEFGHJKLMNPRSTVWXYZ]###[ABCDEFGHJKLMNPRSTVWXYZ][ABCDEFGHJKLMNPRSTVWXYZ]}}",
        "phone_number": {
            "{{pattern:3[234]# ### ####}}": 5,
            "{{pattern:3[89][0123] ### ####}}": 1,
            "{{pattern:+39 3[234]# ### ####}}": 3,
            "{{pattern:02 %#######}}": 1,
            "{{pattern:06 %#######}}": 1,
            "{{pattern:011 %######}}": 0.5,
            "{{pattern:051 %######}}": 0.5,
            "{{pattern:081 %######}}": 0.5,
            "{{pattern:+39 02 %#######}}": 0.5,
        },
    },
    lists={"suffix": SUFFIXES},
)
