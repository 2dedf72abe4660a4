"""Poland: voivodeships, whose postcodes have their own first digits, and family names in two genders."""

from __future__ import annotations

from packs_build.countries.people import FOREIGN, SUFFIXES, people
from packs_build.locales import Locale, Region

PL = Locale(
    name="pl_PL",
    country="PL",
    country_name="Polska",
    smallest_city=15000,
    least_people=18000,
    density=3300,
    parent="en_US",
    language="pl",
    postcode_form="##-###",
    regions={
        "72": Region("dolnośląskie", "DS", (55001, 59999)),
        "73": Region("kujawsko-pomorskie", "KP", (86001, 88999)),
        "75": Region("lubelskie", "LU", (21001, 24999)),
        "76": Region("lubuskie", "LB", (66001, 68999)),
        "74": Region("łódzkie", "LD", (97001, 99999)),
        "77": Region("małopolskie", "MA", (32001, 34999)),
        "78": Region("mazowieckie", "MZ", (5001, 9999)),
        "79": Region("opolskie", "OP", (46001, 49999)),
        "80": Region("podkarpackie", "PK", (36001, 39999)),
        "81": Region("podlaskie", "PD", (16001, 19199)),
        "82": Region("pomorskie", "PM", (83001, 84399)),
        "83": Region("śląskie", "SL", (41001, 44999)),
        "84": Region("świętokrzyskie", "SK", (27001, 29199)),
        "85": Region("warmińsko-mazurskie", "WN", (11001, 14999)),
        "86": Region("wielkopolskie", "WP", (62001, 64999)),
        "87": Region("zachodniopomorskie", "ZP", (72001, 78699)),
    },
    city_names={
        "Warsaw": "Warszawa",
        "Bielsko-Biala": "Bielsko-Biała",
        "Jastrzębie Zdrój": "Jastrzębie-Zdrój",
    },
    without=("Fordon",),
    postcodes="Warszawa 00001-04999, Kraków 30001-31999, Wrocław 50001-54999, Łódź 90001-94413, Poznań 60001-61897, "
    "Gdańsk 80001-80958, Szczecin 70001-71871, Lublin 20001-20954, Bydgoszcz 85001-85915, Białystok 15001-15959, "
    "Katowice 40001-40881, Gdynia 81001-81969, Częstochowa 42200-42229, Sosnowiec 41200-41225, Radom 26600-26619, "
    "Gliwice 44100-44122, Rzeszów 35001-35959, Toruń 87100-87118, Kielce 25001-25953, Zabrze 41800-41820, "
    "Bytom 41900-41945, Bielsko-Biała 43300-43382, Olsztyn 10001-10959, Ruda Śląska 41700-41711, Rybnik 44200-44217, "
    "Tychy 43100-43135, Opole 45001-45920, Elbląg 82300-82315, Płock 09400-09411, Wałbrzych 58300-58316, "
    "Włocławek 87800-87823, Zielona Góra 65001-65950, Tarnów 33100-33112, Dąbrowa Górnicza 41300-41311, "
    "Gorzów Wielkopolski 66400-66415, Chorzów 41500-41506, Kalisz 62800-62811, Koszalin 75001-75904, "
    "Legnica 59220-59220, Słupsk 76200-76215, Jaworzno 43600-43608, Jastrzębie-Zdrój 44330-44338, "
    "Grudziądz 86300-86311, Nowy Sącz 33300-33308, Konin 62500-62510, Piotrków Trybunalski 97300-97300, "
    "Inowrocław 88100-88100, Lubin 59300-59300, Jelenia Góra 58500-58560, Siedlce 08110-08110, Piła 64920-64920, "
    "Ostrowiec Świętokrzyski 27400-27400, Siemianowice Śląskie 41100-41106, Ostrów Wielkopolski 63400-63400, "
    "Mysłowice 41400-41400, Stargard 73110-73110, Pabianice 95200-95200, Gniezno 62200-62200, Suwałki 16400-16400, "
    "Tomaszów Mazowiecki 97200-97200, Przemyśl 37700-37700, Stalowa Wola 37450-37450, Zamość 22400-22400, "
    "Kędzierzyn-Koźle 47200-47232, Głogów 67200-67200, Leszno 64100-64100, Żory 44240-44240, Bełchatów 97400-97400, "
    "Łomża 18400-18400, Tarnowskie Góry 42600-42612, Świdnica 58100-58100, Chełm 22100-22100, Tczew 83110-83110, "
    "Mielec 39300-39300, Racibórz 47400-47400, Zgierz 95100-95100, Biała Podlaska 21500-21500, Ełk 19300-19300, "
    "Świętochłowice 41600-41600, Pruszków 05800-05800, Ostrołęka 07400-07410, Starachowice 27200-27200, "
    "Zawiercie 42400-42400, Legionowo 05120-05120, Tarnobrzeg 39400-39400, Puławy 24100-24100, "
    "Wodzisław Śląski 44300-44300, Skarżysko-Kamienna 26110-26110, Skierniewice 96100-96100, Kutno 99300-99300, "
    "Krosno 38400-38400, Dębica 39200-39200, Nysa 48300-48300, Starogard Gdański 83200-83200, Wejherowo 84200-84200, "
    "Ciechanów 06400-06400, Rumia 84230-84230, Radomsko 97500-97500, Zduńska Wola 98220-98220, Sieradz 98200-98200, "
    "Kołobrzeg 78100-78100, Otwock 05400-05400, Żyrardów 96300-96300, Świnoujście 72600-72600, "
    "Bolesławiec 59700-59700, Nowa Sól 67100-67100, Świdnik 21040-21040, Chrzanów 32500-32500, Knurów 44190-44190, "
    "Sanok 38500-38500, Mikołów 43190-43190, Chojnice 89600-89600, Żary 68200-68200, Szczecinek 78400-78400, "
    "Sochaczew 96500-96500, Brzeg 49300-49300, Jasło 38200-38200, Olkusz 32300-32300, Kwidzyn 82500-82500, "
    "Sopot 81701-81881, Oleśnica 56400-56400, Zgorzelec 59900-59900, Oława 55200-55200, Dzierżoniów 58200-58200, "
    "Kłodzko 57300-57300, Jawor 59400-59400, Świebodzice 58160-58160, Bielawa 58260-58260, "
    "Nowa Ruda 57400-57400, Brodnica 87300-87300, Świecie 86100-86100, Kraśnik 23200-23200, Łuków 21400-21400, "
    "Biłgoraj 23400-23400, Lubartów 21100-21100, Łęczna 21010-21010, Tomaszów Lubelski 22600-22600, "
    "Żagań 68100-68100, Świebodzin 66200-66200, Opoczno 26300-26300, Wieluń 98300-98300, Łowicz 99400-99400, "
    "Ozorków 95035-95035, Konstantynów Łódzki 95050-95050, Oświęcim 32600-32600, Nowy Targ 34400-34400, "
    "Gorlice 38300-38300, Zakopane 34500-34500, Skawina 32050-32050, Andrychów 34120-34120, "
    "Wieliczka 32020-32020, Bochnia 32700-32700, Myślenice 32400-32400, Mińsk Mazowiecki 05300-05300, "
    "Wołomin 05200-05200, Mława 06500-06500, Płońsk 09100-09100, Wyszków 07200-07200, Ząbki 05091-05091, "
    "Piaseczno 05500-05500, Marki 05270-05270, Grodzisk Mazowiecki 05825-05825, "
    "Nowy Dwór Mazowiecki 05100-05100, Piastów 05820-05820, Pułtusk 06100-06100, Kozienice 26900-26900, "
    "Prudnik 48200-48200, Strzelce Opolskie 47100-47100, Kluczbork 46200-46200, Namysłów 46100-46100, "
    "Jarosław 37500-37500, Łańcut 37100-37100, Augustów 16300-16300, Zambrów 18300-18300, "
    "Bielsk Podlaski 17100-17100, Grajewo 19200-19200, Hajnówka 17200-17200, Sokółka 16100-16100, "
    "Malbork 82200-82200, Lębork 84300-84300, Bytów 77100-77100, Pruszcz Gdański 83000-83000, "
    "Kościerzyna 83400-83400, Reda 84240-84240, Cieszyn 43400-43400, Czechowice-Dziedzice 43500-43500, "
    "Będzin 42500-42500, Piekary Śląskie 41940-41949, Czeladź 41250-41253, Bieruń 43150-43150, "
    "Pszczyna 43200-43200, Żywiec 34300-34300, Lubliniec 42700-42700, Orzesze 43180-43180, "
    "Czerwionka-Leszczyny 44230-44230, Myszków 42300-42300, Łaziska Górne 43170-43170, Rydułtowy 44280-44280, "
    "Pszów 44370-44370, Radlin 44310-44310, Sandomierz 27600-27600, Busko-Zdrój 28100-28100, "
    "Końskie 26200-26200, Jędrzejów 28300-28300, Iława 14200-14200, Ostróda 14100-14100, Giżycko 11500-11500, "
    "Kętrzyn 11400-11400, Szczytno 12100-12100, Bartoszyce 11200-11200, Działdowo 13200-13200, "
    "Mrągowo 11700-11700, Pisz 12200-12200, Swarzędz 62020-62020, Luboń 62030-62030, Śrem 63100-63100, "
    "Krotoszyn 63700-63700, Turek 62700-62700, Jarocin 63200-63200, Wągrowiec 62100-62100, Września 62300-62300, "
    "Środa Wielkopolska 63000-63000, Kościan 64000-64000, Rawicz 63900-63900, Gostyń 63800-63800, "
    "Koło 62600-62600, Chodzież 64800-64800, Szamotuły 64500-64500, Oborniki 64600-64600, Police 72010-72010, "
    "Wałcz 78600-78600, Białogard 78200-78200, Goleniów 72100-72100, Gryfino 74100-74100, Gryfice 72300-72300, "
    "Kamienna Góra 58400-58400, Polkowice 59100-59100, Lubań 59800-59800, Strzegom 58150-58150",
    rules=people(("last_name_female", "last_name_male"), titles=0.02)
    | FOREIGN
    | {
        "prefix_nonbinary": "dr",
        "last_name_nonbinary": "{{last_name}}",
        "ssn": "{{range:50..99}}{{range:01..12}}{{range:01..28}}{{pattern:####}}{{check:pesel}}",
        "company": {  # a firm carries the family's name in its masculine form
            "{{last_name_male}} {{company_suffix}}": 3,
            "{{last_name_male}} i Wspólnicy {{company_suffix}}": 1,
            "{{company_trade}} {{last_name_male}}": 3,
            "Grupa {{last_name_male}} S.A.": 1,
        },
        "catch_phrase": "{{catch_phrase_1}} {{catch_phrase_2}} {{catch_phrase_3}}",
        "bs": "{{bs_1}} {{bs_2}}",
        "building_number": {
            "{{pattern:%}}": 3,
            "{{pattern:%#}}": 5,
            "{{pattern:%##}}": 2,
            "{{pattern:%#}}{{pattern:[ABC]}}": 0.5,
        },
        "secondary_address": "m. {{pattern:%#}}",
        "street_address": {
            "{{street_name}} {{building_number}}": 0.6,
            "{{street_name}} {{building_number}}/{{pattern:%}}": 0.2,
            "{{street_name}} {{building_number}}/{{pattern:%#}}": 0.2,
        },
        "address": "{{street_address}}\n{{places.postcode}} {{places.city}}",
        "postcode": "{{places.postcode}}",
        "license_plate": {
            "{{pattern:[BCDEFGKLNOPRSTWZ][ABEIJKLNORSTW] [123456789]####}}": 3,
            "{{pattern:[BCDEFGKLNOPRSTWZ][ABEIJKLNORSTW] ####[ACEFGHJKLMNPRSTUVWXY]}}": 2,
            "{{pattern:[BCDEFGKLNOPRSTWZ][ABEIJKLNORSTW][ABCDEGHIKLNPRSTWYZ] ###[ACEFGHJKLMNPRSTUVWX][ACEFGHJKLMNPRSTUVWXY]}}": 1,
        },
        "phone_number": {
            "{{pattern:5[0137]# ### ###}}": 4,
            "{{pattern:6[069]# ### ###}}": 4,
            "{{pattern:7[2389]# ### ###}}": 2,
            "{{pattern:88# ### ###}}": 1,
            "{{pattern:+48 5[0137]# ### ###}}": 2,
            "{{pattern:+48 6[069]# ### ###}}": 2,
            "{{pattern:22 [2345678]## ## ##}}": 1,
            "{{pattern:12 [2346]## ## ##}}": 1,
            "{{pattern:61 [268]## ## ##}}": 1,
        },
    },
    lists={"suffix": SUFFIXES},
)
