"""Japan: the family name stands first, the address begins with the largest part, texts have no spaces."""

from __future__ import annotations

from packs_build.countries.people import FOREIGN
from packs_build.locales import Locale, Region

# GeoNames' codes follow the names in English, ISO 3166-2 goes from north to south
_PREFECTURES = (
    "01 愛知県 23, 02 秋田県 05, 03 青森県 02, 04 千葉県 12, 05 愛媛県 38, 06 福井県 18, 07 福岡県 40, 08 福島県 07, "
    "09 岐阜県 21, 10 群馬県 10, 11 広島県 34, 12 北海道 01, 13 兵庫県 28, 14 茨城県 08, 15 石川県 17, 16 岩手県 03, "
    "17 香川県 37, 18 鹿児島県 46, 19 神奈川県 14, 20 高知県 39, 21 熊本県 43, 22 京都府 26, 23 三重県 24, 24 宮城県 04, "
    "25 宮崎県 45, 26 長野県 20, 27 長崎県 42, 28 奈良県 29, 29 新潟県 15, 30 大分県 44, 31 岡山県 33, 32 大阪府 27, "
    "33 佐賀県 41, 34 埼玉県 11, 35 滋賀県 25, 36 島根県 32, 37 静岡県 22, 38 栃木県 09, 39 徳島県 36, 40 東京都 13, "
    "41 鳥取県 31, 42 富山県 16, 43 和歌山県 30, 44 山形県 06, 45 山口県 35, 46 山梨県 19, 47 沖縄県 47"
)

JP = Locale(
    name="ja_JP",
    country="JP",
    country_name="日本",
    smallest_city=15000,
    least_people=40000,
    density=20000,
    parent="en_US",
    language="ja",
    towns="japanese",
    postcode_form="###-####",
    # wards and a city that GeoNames has in another prefecture or not at all; people of the census of 2020
    more_places="練馬区 40 752608 35.73565 139.65168, 杉並区 40 591108 35.69954 139.63642, 江東区 40 524310 35.67289 139.81733, "
    "品川区 40 422488 35.60920 139.73026, 北区 40 355213 35.75282 139.73350, 豊島区 40 301599 35.72616 139.71666, "
    "墨田区 40 272085 35.71073 139.80150, 文京区 40 240069 35.70810 139.75219, 調布市 40 242614 35.65173 139.54099, "
    "相模原市 19 725493 35.57120 139.37315",
    text={"gap": "", "stop": "。"},
    regions={code: Region(name, number) for code, name, number in (one.split() for one in _PREFECTURES.split(", "))},
    rules=FOREIGN
    | {
        "name_female": {"{{last_name}} {{first_name_female}}": 1},
        "name_male": {"{{last_name}} {{first_name_male}}": 1},
        "name_nonbinary": {"{{name_female}}": 0.5, "{{name_male}}": 0.5},
        # a title stands behind the name
        **dict.fromkeys(("prefix", "prefix_female", "prefix_male", "prefix_nonbinary"), "{{suffix}}"),
        **dict.fromkeys(("suffix_female", "suffix_male", "suffix_nonbinary"), "{{suffix}}"),
        "company": {
            "{{company_suffix}}{{last_name}}{{company_category}}": 5,
            "{{last_name}}{{company_category}}{{company_suffix}}": 5,
            "{{last_name}}・{{last_name}}法律事務所": 0.3,
            "{{last_name}}・{{last_name}}会計事務所": 0.3,
        },
        "catch_phrase": "{{catch_phrase_1}}{{catch_phrase_2}}{{catch_phrase_3}}",
        "bs": "{{bs_1}}{{bs_2}}",
        "building_number": {"{{pattern:%}}": 2, "{{pattern:%#}}": 3},
        "secondary_address": "{{building_name}}{{town}}{{pattern:%0[123456789]}}号室",
        "street_name": "{{town}}",
        "street_address": {
            "{{town}}{{pattern:[12345]-%-%}}": 0.4,
            "{{town}}{{pattern:[12345]-%#-%}}": 0.4,
            "{{town}}{{pattern:[12345]-%#-%#}}": 0.2,
        },
        "address": {  # with spaces, too, so that unique ones can be told apart
            "〒{{places.postcode}} {{places.municipality}}{{street_address}}": 0.5,
            "〒{{places.postcode}} {{places.municipality}}{{street_address}} {{secondary_address}}": 0.2,
            "〒{{places.postcode}} {{places.municipality}} {{town}} {{pattern:[12345]-%#-%}}": 0.3,
        },
        "ssn": "{{pattern:%##########}}{{check:my_number}}",
        "postcode": "{{places.postcode}}",
        "license_plate": {
            "{{license_area}} {{pattern:[35][012345]#}} {{license_kana}} {{pattern:%#-##}}": 3,
            "{{license_area}} {{pattern:[35][012345]#}} {{license_kana}} ・{{pattern:%##}}": 1,
        },
        "phone_number": {
            "{{pattern:090-%###-####}}": 4,
            "{{pattern:080-%###-####}}": 4,
            "{{pattern:070-%###-####}}": 2,
            "{{pattern:03-[356]###-####}}": 2,
            "{{pattern:06-[46]###-####}}": 1,
            "{{pattern:045-[2345678]##-####}}": 1,
            "{{pattern:052-[2345678]##-####}}": 1,
            "{{pattern:092-[2345678]##-####}}": 1,
        },
    },
)
