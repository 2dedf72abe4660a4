"""Sweden: counties, post towns with five digits in two groups."""

from __future__ import annotations

from packs_build.countries.people import FOREIGN, SUFFIXES, people
from packs_build.locales import Locale, Region

SE = Locale(
    name="sv_SE",
    country="SE",
    country_name="Sverige",
    smallest_city=5000,
    density=9000,
    parent="en_US",
    language="sv",
    postcode_form="### ##",
    regions={
        "02": Region("Blekinge län", "K", (37010, 37999)),
        "03": Region("Gävleborgs län", "X", (80310, 82999)),
        "05": Region("Gotlands län", "I", (62010, 62499)),
        "06": Region("Hallands län", "N", (30230, 31499)),
        "07": Region("Jämtlands län", "Z", (83030, 84999)),
        "08": Region("Jönköpings län", "F", (56030, 57899)),
        "09": Region("Kalmar län", "H", (38030, 39899)),
        "10": Region("Dalarnas län", "W", (77030, 79699)),
        "12": Region("Kronobergs län", "G", (34030, 36299)),
        "14": Region("Norrbottens län", "BD", (94030, 98499)),
        "15": Region("Örebro län", "T", (69230, 71899)),
        "16": Region("Östergötlands län", "E", (59030, 61699)),
        "18": Region("Södermanlands län", "D", (61130, 64999)),
        "21": Region("Uppsala län", "C", (74030, 74999)),
        "22": Region("Värmlands län", "S", (66030, 68699)),
        "23": Region("Västerbottens län", "AC", (91030, 93999)),
        "24": Region("Västernorrlands län", "Y", (86030, 89699)),
        "25": Region("Västmanlands län", "U", (72210, 73999)),
        "26": Region("Stockholms län", "AB", (13030, 19799)),
        "27": Region("Skåne län", "M", (23030, 29899)),
        "28": Region("Västra Götalands län", "O", (42430, 54999)),
    },
    city_names={"Gothenburg": "Göteborg", "Jakobsberg": "Järfälla"},
    without=(
        "Boo",
        "Gamla Uppsala",
        "Sävja",
        "Rinkeby",
        "Tensta",
        "Akalla",
        "Fisksätra",
        "Gårdsten",
        "Hammarkullen",
        "Fittja",
        "Lövgärdet",
        "Mariastaden",
        "Alby",
        "Södermalm",
        "Hässelby Villastad",
        "Björlanda",
        "Brevik",
        "Tullinge",
    ),
    postcodes="Stockholm 11120-11879, Göteborg 41101-41879, Malmö 21119-21849, Uppsala 75220-75759, "
    "Linköping 58212-58966, Örebro 70210-70594, Sollentuna 19130-19279, Umeå 90320-90755, Västerås 72210-72595, "
    "Jönköping 55302-55630, Helsingborg 25220-25480, Norrköping 60220-60380, Huddinge 14130-14175, Lund 22221-22660, "
    "Luleå 97220-97755, Haninge 13630-13669, Gävle 80250-80647, Bromma 16731-16879, Borås 50330-50649, "
    "Växjö 35230-35263, Södertälje 15130-15260, Halmstad 30220-30296, Eskilstuna 63180-63356, Karlskrona 37130-37163, "
    "Karlstad 65216-65640, Mölndal 43130-43169, Täby 18330-18379, Sundsvall 85230-85654, Östersund 83130-83172, "
    "Trollhättan 46130-46170, Borlänge 78430-78477, Tumba 14730-14759, Kristianstad 29131-29166, "
    "Nyköping 61130-61165, Kalmar 39230-39365, Falun 79130-79177, Skövde 54130-54158, Upplands Väsby 19430-19469, "
    "Skellefteå 93130-93163, Uddevalla 45130-45181, Varberg 43230-43253, Åkersberga 18430-18462, "
    "Örnsköldsvik 89130-89160, Danderyd 18230-18269, Landskrona 26131-26163, Vallentuna 18630-18659, "
    "Motala 59130-59172, Trelleborg 23131-23168, Partille 43330-43375, Karlskoga 69130-69154, Märsta 19530-19559, "
    "Lerum 44330-44364, Alingsås 44130-44163, Härnösand 87130-87165, Sandviken 81130-81171, Kungälv 44230-44254, "
    "Falkenberg 31130-31175, Järfälla 17530-17779, Visby 62141-62158, Katrineholm 64130-64160, Ängelholm 26231-26275, "
    "Vänersborg 46230-46265, Piteå 94130-94163, Lidköping 53130-53160, Enköping 74530-74560, Huskvarna 56130-56153, "
    "Västervik 59330-59355, Karlshamn 37430-37453, Norrtälje 76130-76164, Hässleholm 28131-28150, "
    "Värnamo 33130-33154, Ystad 27131-27160, Kungsbacka 43430-43499, Eslöv 24131-24142, Kristinehamn 68130-68154, "
    "Köping 73130-73163, Oskarshamn 57230-57262, Nässjö 57130-57143, Falköping 52130-52155, Kiruna 98130-98143, "
    "Boden 96130-96169, Kumla 69230-69239, Mariestad 54230-54255, Hudiksvall 82430-82452, Ljungby 34130-34151, "
    "Ludvika 77130-77156, Tranås 57330-57344, Nynäshamn 14930-14951, Arvika 67130-67160, Bollnäs 82130-82152, "
    "Strängnäs 64530-64552, Vetlanda 57430-57453, Sala 73330-73361, Mora 79230-79252, Söderhamn 82630-82661, "
    "Avesta 77430-77468, Skara 53230-53238, Arboga 73230-73249, Ronneby 37230-37252, Mjölby 59530-59554, "
    "Gällivare 98230-98261, Lindesberg 71130-71141, Ulricehamn 52330-52341, Gustavsberg 13430-13453, "
    "Mölnlycke 43530-43542, Västra Frölunda 42130-42179, Kista 16430-16480, Staffanstorp 24530-24550, "
    "Bålsta 74630-74652, Stenungsund 44430-44460, Knivsta 74130-74150, Sigtuna 19330-19340, Ekerö 17830-17893, "
    "Lomma 23431-23444, Höganäs 26331-26361, Höör 24330-24336, Svedala 23330-23343, Nybro 38230-38247",
    rules=people(titles=0.01)
    | FOREIGN
    | {
        "company": {
            "{{last_name}} {{company_suffix}}": 2,
            "{{firm_name}} {{company_trade}} {{company_suffix}}": 3,
            "{{last_name}} & {{last_name}} {{company_suffix}}": 1,
        },
        "catch_phrase": "{{catch_phrase_1}} {{catch_phrase_2}} {{catch_phrase_3}}",
        "bs": "{{bs_1}} {{bs_2}}",
        "building_number": {
            "{{pattern:%}}": 4,
            "{{pattern:%#}}": 5,
            "{{pattern:%##}}": 0.5,
            "{{pattern:%}}{{pattern:[ABC]}}": 1,
            "{{pattern:%#}}{{pattern:[ABC]}}": 1,
        },
        "secondary_address": "lgh {{pattern:1[123]0[123456]}}",
        "street_address": {
            "{{street_name}} {{building_number}}": 0.85,
            "{{street_name}} {{building_number}} {{secondary_address}}": 0.15,
        },
        "address": "{{street_address}}\n{{places.postcode}} {{places.city}}",
        "postcode": "{{places.postcode}}",
        "ssn": "{{range:50..99}}{{range:01..12}}{{range:01..28}}{{pattern:-###}}{{check:luhn}}",
        "bank_country": "SE",
        "bban": "{{pattern:####################}}",
        "iban": "SE{{check:iban}}{{pattern:####################}}",
        "license_plate": "{{pattern:[ABCDEFGHJKLMNOPRSTUWXYZ][ABCDEFGHJKLMNOPRSTUWXYZ][ABCDEFGHJKLMNOPRSTUWXYZ] "
        "##[0123456789ABCDEFGHJKLMNPRSTUWXYZ]}}",
        "phone_number": {
            "{{pattern:070-### ## ##}}": 4,
            "{{pattern:072-[23]## ## ##}}": 2,
            "{{pattern:073-### ## ##}}": 4,
            "{{pattern:076-### ## ##}}": 3,
            "{{pattern:+46 70 ### ## ##}}": 2,
            "{{pattern:+46 73 ### ## ##}}": 2,
            "{{pattern:08-[56]## ## ##}}": 1,
            "{{pattern:08-[56]## ### ##}}": 1,
            "{{pattern:031-[237]## ## ##}}": 1,
            "{{pattern:040-[239]# ## ##}}": 1,
        },
    },
    lists={"suffix": SUFFIXES},
)
