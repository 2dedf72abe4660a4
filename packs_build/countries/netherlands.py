"""The Netherlands: provinces, postcodes of four digits and two letters, family names of several words."""

from __future__ import annotations

from packs_build.countries.people import FOREIGN, SUFFIXES, people
from packs_build.locales import Locale, Region

# no F, I, O, Q, U, Y; without S none of the three pairs that are never given out
_LETTERS = "{{pattern:[ABCDEGHJKLMNPRTVWXZ][ABCDEGHJKLMNPRTVWXZ]}}"

_BANKS = {"INGB": 4, "RABO": 3, "ABNA": 3, "SNSB": 1, "TRIO": 1}

NL = Locale(
    name="nl_NL",
    country="NL",
    country_name="Nederland",
    smallest_city=5000,
    least_people=10000,
    density=12000,
    parent="en_US",
    language="nl",
    postcode_form="####",
    spaced_names=True,
    regions={
        "01": Region("Drenthe", "DR", (9401, 9489)),
        "02": Region("Friesland", "FR", (8401, 9299)),
        "03": Region("Gelderland", "GE", (6511, 7399)),
        "04": Region("Groningen", "GR", (9501, 9999)),
        "05": Region("Limburg", "LI", (5851, 6399)),
        "06": Region("Noord-Brabant", "NB", (5051, 5799)),
        "07": Region("Noord-Holland", "NH", (1401, 2099)),
        "15": Region("Overijssel", "OV", (7411, 8199)),
        "16": Region("Flevoland", "FL", (8201, 8259)),
        "09": Region("Utrecht", "UT", (3401, 3769)),
        "10": Region("Zeeland", "ZE", (4301, 4599)),
        "11": Region("Zuid-Holland", "ZH", (2161, 3369)),
    },
    city_names={
        "The Hague": "Den Haag",
        "Almere Stad": "Almere",
        "Zaanstad": "Zaandam",
        "Noordwijk-Binnen": "Noordwijk",
    },
    without=(
        "Amsterdam-Zuidoost",
        "Leidsche Rijn",
        "Ypenburg",
        "Lindenholt",
        "Borssele",
        "Cranendonck",
        "Wisch",
        "Hoogvliet",
        "Overbos",
        "Haagse Hout",
        "Hatert",
        "Pendrecht",
        "Ommoord",
        "Marsdijk",
        "Velserbroek",
    ),
    postcodes="Rotterdam 3011-3089, Amsterdam 1011-1109, Den Haag 2511-2597, Utrecht 3511-3585, Groningen 9711-9747, "
    "Eindhoven 5611-5658, Tilburg 5011-5049, Breda 4811-4839, Nijmegen 6511-6546, Almere 1311-1363, "
    "Haarlem 2011-2037, Arnhem 6811-6846, 's-Hertogenbosch 5211-5237, Enschede 7511-7548, Zaandam 1501-1509, "
    "Amersfoort 3811-3829, Apeldoorn 7311-7339, Hoofddorp 2131-2135, Zwolle 8011-8045, Leeuwarden 8911-8941, "
    "Maastricht 6211-6229, Leiden 2311-2334, Dordrecht 3311-3329, Zoetermeer 2711-2729, Venlo 5911-5928, "
    "Deventer 7411-7429, Delft 2611-2629, Alkmaar 1811-1829, Heerlen 6411-6422, Hilversum 1211-1223, "
    "Hengelo 7551-7559, Purmerend 1441-1448, Lelystad 8211-8245, Amstelveen 1181-1189, Roosendaal 4701-4709, "
    "Oss 5341-5349, Spijkenisse 3201-3208, Helmond 5701-5709, Vlaardingen 3131-3138, Almelo 7601-7610, "
    "Gouda 2801-2809, Alphen aan den Rijn 2401-2409, Hoorn 1621-1628, Assen 9401-9408, Ede 6711-6718, "
    "Bergen op Zoom 4611-4625, Nieuwegein 3431-3439, Veenendaal 3901-3907, Zeist 3701-3708, Den Helder 1781-1789, "
    "Hardenberg 7771-7773, Emmen 7811-7828, Oosterhout 4901-4909, Doetinchem 7001-7009, Kerkrade 6461-6469, "
    "Kampen 8261-8267, Weert 6001-6006, Woerden 3441-3449, Sittard 6131-6137, Heerhugowaard 1701-1705, "
    "Middelburg 4331-4338, Emmeloord 8301-8305, Zwijndrecht 3331-3335, Waalwijk 5141-5146, Vlissingen 4381-4389, "
    "Ridderkerk 2981-2989, Drachten 9201-9207, Soest 3761-3768, Roermond 6041-6045, Heerenveen 8441-8449, "
    "Huizen 1271-1277, Tiel 4001-4007, Harderwijk 3841-3849, Maarssen 3601-3608, Heemskerk 1961-1969, "
    "Venray 5801-5804, Hoogeveen 7901-7909, Barendrecht 2991-2994, Nijkerk 3861-3864, Beverwijk 1941-1949, "
    "Goes 4461-4465, Zutphen 7201-7207, Wageningen 6701-6709, Castricum 1901-1902, Barneveld 3771-3773, "
    "Gorinchem 4201-4208, Uden 5401-5406, IJsselstein 3401-3404, Sneek 8601-8608, Geleen 6161-6167, "
    "Maassluis 3141-3147, Wijchen 6601-6605, IJmuiden 1971-1976, Nieuw-Vennep 2151-2153, Oldenzaal 7571-7577, "
    "Bussum 1401-1406, Valkenswaard 5551-5556, Meppel 7941-7944, Winterswijk 7101-7103, Boxtel 5281-5283, "
    "Brunssum 6441-6446, Leusden 3831-3834, Best 5681-5685, Krimpen aan den IJssel 2921-2926, Delfzijl 9931-9936, "
    "Veendam 9641-9648, Dronten 8251-8254, Terneuzen 4531-4538, Geldrop 5661-5667, Rijssen 7461-7463, "
    "Uithoorn 1421-1423, Culemborg 4101-4107, Zevenaar 6901-6905, Wassenaar 2241-2245, Veghel 5461-5467, "
    "Baarn 3741-3744, Schiedam 3111-3125, Capelle aan den IJssel 2901-2909, Rijswijk 2281-2289, "
    "Leidschendam 2261-2267, Voorburg 2271-2275, Papendrecht 3351-3356, Houten 3991-3995, Heemstede 2101-2106, "
    "Steenwijk 8331-8334, Stadskanaal 9501-9503, Hoogezand 9601-9603, Winschoten 9671-9675, Weesp 1381-1384, "
    "Naaldwijk 2671-2673, Lisse 2161-2163, Katwijk aan Zee 2221-2225, Volendam 1131-1132, Urk 8321-8322, "
    "Naarden 1411-1412, Leerdam 4141-4143, Vianen 4131-4133, Zeewolde 3891-3899, Veldhoven 5501-5509, "
    "Hellevoetsluis 3221-3225, Etten-Leur 4871-4879, Nijverdal 7441-7443, Landgraaf 6371-6374, Leek 9351-9351, "
    "Sliedrecht 3361-3364, Rhenen 3911-3912, Nunspeet 8071-8072, Putten 3881-3882, Ermelo 3851-3853, Epe 8161-8162",
    rules=people(titles=0.02)
    | FOREIGN
    | {
        "prefix_nonbinary": "dr.",
        "company": {
            "{{firm_name}} {{company_suffix}}": 4,
            "{{firm_name}} & {{firm_name}}": 1,
            "{{firm_name}} {{company_trade}} B.V.": 4,
        },
        "catch_phrase": "{{catch_phrase_1}} {{catch_phrase_2}} {{catch_phrase_3}}",
        "bs": "{{bs_1}} {{bs_2}}",
        "building_number": {
            "{{pattern:%}}": 3,
            "{{pattern:%#}}": 5,
            "{{pattern:%##}}": 3,
            "{{pattern:%#}}{{pattern:[abc]}}": 0.5,
        },
        "secondary_address": {"{{pattern:%}} hoog": 1, "Kamer {{pattern:%#}}": 1},
        "street_address": "{{street_name}} {{building_number}}",
        "address": "{{street_address}}\n{{places.postcode}} " + _LETTERS + " {{places.city}}",
        "postcode": "{{places.postcode}} " + _LETTERS,
        "bban": {f"{bank}{{{{pattern:##########}}}}": weight for bank, weight in _BANKS.items()},
        "iban": {f"NL{{{{check:iban}}}}{bank}{{{{pattern:##########}}}}": weight for bank, weight in _BANKS.items()},
        "license_plate": {
            "{{pattern:[BDFGHJKLNPRSTVXZ]-###-[BDFGHJKLNPRSTVXZ][BDFGHJKLNPRSTVXZ]}}": 3,
            "{{pattern:[GHJKLNPRSTXZ][BDFGHJKLNPRSTVXZ]-###-[BDFGHJKLNPRSTVXZ]}}": 3,
            "{{pattern:##-[BDFGHJKLNPRSTVXZ][BDFGHJKLNPRSTVXZ][BDFGHJKLNPRSTVXZ]-%}}": 2,
        },
        "phone_number": {
            "{{pattern:06 [123458]#######}}": 5,
            "{{pattern:06-[123458]#######}}": 3,
            "{{pattern:+31 6 [123458]#######}}": 3,
            "{{pattern:010-[2345678]######}}": 1,
            "{{pattern:020-[2345678]######}}": 1,
            "{{pattern:030-[2345678]######}}": 1,
            "{{pattern:070-[2345678]######}}": 1,
            "{{pattern:040-[2345678]######}}": 1,
        },
    },
    lists={"suffix": SUFFIXES},
)
