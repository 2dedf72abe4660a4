"""Brazil: states, whose postcodes have eight digits, and telephone numbers behind the code of their area."""

from __future__ import annotations

from packs_build.countries.people import FOREIGN, SUFFIXES, people
from packs_build.locales import Locale, Region


def _state(name: str, code: str, low: int, high: int) -> Region:
    """A state and the first five digits of the postcodes outside its capital."""
    return Region(name, code, (low * 1000, high * 1000 + 999))


# of the city of São Paulo, which GeoNames lists beside it
_DISTRICTS = (
    "Vila Mariana, Vila Maria, Tucuruvi, São Miguel, Santo Amaro, Perus, Parelheiros, Freguesia do Ó, Lapa, Jaraguá, "
    "Itaquera, Ipiranga, Guaianases, Campo Limpo, Ermelino Matarazzo, Itaim Paulista, São Mateus, Sapopemba, Tatuapé, "
    "Pirituba, Limão, Jardim Paulista, Santana, Itaim Bibi, Moema, Grajaú, Artur Alvim, Anhanguera, Cidade Dutra, "
    "Capao Redondo, Casa Verde, Iguatemi, Sao Lucas, Rio Pequeno, Carrao, Agua Rasa, Cidade Lider, Aricanduva, Jaçanã, "
    "Lajeado, Jabaquara, Jose Bonifacio, Cidade Ademar, Brasilandia, Butanta, Campo Grande, Cangaiba, Campo Belo, "
    "Cursino, Mooca, Vila Prudente, Pedreira, Mandaqui, Cachoeirinha, Jardim Angela, Vila Formosa, Vila Jacui, "
    "Vila Matilde, Vila Medeiros, Santa Cecilia, Parque Do Carmo, Perdizes, Ponte Rasa, Raposo Tavares, Sao Domingos, "
    "Cidade Tiradentes, Jardim Helena, Jardim Sao Luis, Sacomã, Sao Rafael, Vila Andrade, Vila Curuca, Bosque Saúde, "
    "Bairro da Penha, Jaguaré, Jardim América, Sé"
)

BR = Locale(
    name="pt_BR",
    country="BR",
    country_name="Brasil",
    smallest_city=15000,
    least_people=70000,
    density=25000,
    parent="en_US",
    language="pt",
    postcode_form="#####-###",
    spaced_names=True,
    regions={
        "01": _state("Acre", "AC", 69930, 69999),
        "02": _state("Alagoas", "AL", 57100, 57999),
        "03": _state("Amapá", "AP", 68920, 68999),
        "04": _state("Amazonas", "AM", 69100, 69299),
        "05": _state("Bahia", "BA", 44100, 48999),
        "06": _state("Ceará", "CE", 62000, 63999),
        "07": _state("Distrito Federal", "DF", 70640, 73369),
        "08": _state("Espírito Santo", "ES", 29200, 29999),
        "29": _state("Goiás", "GO", 75200, 76799),
        "13": _state("Maranhão", "MA", 65100, 65999),
        "14": _state("Mato Grosso", "MT", 78200, 78899),
        "11": _state("Mato Grosso do Sul", "MS", 79200, 79999),
        "15": _state("Minas Gerais", "MG", 35000, 39999),
        "16": _state("Pará", "PA", 68000, 68899),
        "17": _state("Paraíba", "PB", 58200, 58999),
        "18": _state("Paraná", "PR", 83300, 87999),
        "30": _state("Pernambuco", "PE", 55000, 56999),
        "20": _state("Piauí", "PI", 64200, 64999),
        "21": _state("Rio de Janeiro", "RJ", 25000, 28999),
        "22": _state("Rio Grande do Norte", "RN", 59200, 59999),
        "23": _state("Rio Grande do Sul", "RS", 92000, 99999),
        "24": _state("Rondônia", "RO", 76870, 76999),
        "25": _state("Roraima", "RR", 69340, 69399),
        "26": _state("Santa Catarina", "SC", 88100, 89999),
        "27": _state("São Paulo", "SP", 11000, 19999),
        "28": _state("Sergipe", "SE", 49100, 49999),
        "31": _state("Tocantins", "TO", 77300, 77999),
    },
    city_names={"Ji Paraná": "Ji-Paraná"},
    without=(*(f"{name}/27" for name in _DISTRICTS.split(", ")), "Copacabana/21", "Plano Piloto/07", "Pôr do Sol/07"),
    postcodes="São Paulo 01000-05999, Rio de Janeiro 20000-23799, Belo Horizonte 30100-31999, Salvador 40010-41999, "
    "Fortaleza 60010-60999, Manaus 69000-69099, Brasília 70040-70999, Curitiba 80010-82999, Recife 50010-52999, "
    "Goiânia 74000-74899, Belém 66000-66999, Porto Alegre 90010-91999, Maceió 57000-57099, Campinas 13010-13149, "
    "São Luís 65000-65099, Campo Grande 79000-79124, Natal 59000-59139, Teresina 64000-64099, "
    "Nova Iguaçu 26000-26299, João Pessoa 58000-58099, Sorocaba 18000-18109, São José dos Campos 12200-12249, "
    "Ribeirão Preto 14000-14109, Aracaju 49000-49098, Jaboatão dos Guararapes 54000-54599, Contagem 32000-32399, "
    "Feira de Santana 44000-44099, Cuiabá 78000-78099, Londrina 86000-86099, Uberlândia 38400-38419, "
    "Porto Velho 76800-76834, Juiz de Fora 36000-36104, Serra 29160-29184, Macapá 68900-68914, "
    "Aparecida de Goiânia 74900-74999, Florianópolis 88000-88099, Campos dos Goytacazes 28000-28149, "
    "São José do Rio Preto 15000-15104, São João de Meriti 25500-25599, Joinville 89200-89239, Jundiaí 13200-13219, "
    "Ananindeua 67000-67199, Boa Vista 69300-69339, Rio Branco 69900-69924, Santos 11000-11099, "
    "Montes Claros 39400-39409, Maringá 87000-87109, Piracicaba 13400-13439, Caruaru 55000-55099, "
    "Vila Velha 29100-29136, Petrolina 56300-56354, Betim 32600-32699, Caxias do Sul 95000-95124, Bauru 17000-17109, "
    "Itaquaquecetuba 08570-08599, Blumenau 89000-89099, Franca 14400-14414, Caucaia 61600-61699, "
    "Cariacica 29140-29159, Praia Grande 11700-11729, Campina Grande 58400-58449, Paulista 53400-53499, "
    "Uberaba 38000-38099, São Vicente 11300-11399, Ribeirão das Neves 33805-33899, São José dos Pinhais 83005-83099, "
    "Canoas 92000-92449, Mogi das Cruzes 08710-08799, Guarujá 11400-11499, Taubaté 12010-12099, Pelotas 96000-96119, "
    "Anápolis 75000-75159, Várzea Grande 78100-78169, Vitória 29000-29099, Suzano 08600-08699, Palmas 77001-77099, "
    "Foz do Iguaçu 85850-85871, Ponta Grossa 84000-84129, Limeira 13480-13489, Viamão 94410-94499, "
    "Volta Redonda 27200-27299, Sumaré 13170-13182, Petrópolis 25600-25779, Santa Maria 97000-97119, "
    "Parnamirim 59140-59161, Gravataí 94000-94299, Mossoró 59600-59649, Rondonópolis 78700-78749, "
    "Cascavel 85800-85820, Guarulhos 07000-07399, Duque de Caxias 25000-25499, São Gonçalo 24400-24799, "
    "São Bernardo do Campo 09600-09899, Santo André 09000-09299, Osasco 06000-06299, Niterói 24000-24399, "
    "Mauá 09300-09399, Diadema 09900-09999, Carapicuíba 06300-06399, Olinda 53000-53399, Barueri 06400-06499, "
    "Taboão da Serra 06750-06799, Cotia 06700-06729, Itapevi 06650-06699, Embu das Artes 06800-06849, "
    "São Caetano do Sul 09500-09599, Belford Roxo 26100-26199, Magé 25900-25939, Águas Lindas de Goiás 72910-72929, "
    "Luziânia 72800-72869, Valparaíso de Goiás 72870-72879, Indaiatuba 13330-13349, Americana 13465-13479, "
    "Novo Hamburgo 93300-93549, São Leopoldo 93000-93179, Vitória da Conquista 45000-45099, Itabuna 45600-45613, "
    "Lauro de Freitas 42700-42739, Camaçari 42800-42849, Maracanaú 61900-61939, Juazeiro do Norte 63000-63050, "
    "Sobral 62010-62054, Ipatinga 35160-35164, Governador Valadares 35010-35109, Divinópolis 35500-35504, "
    "Sete Lagoas 35700-35704, Santa Luzia 33010-33199, Presidente Prudente 19000-19109, Marília 17500-17534, "
    "Araraquara 14800-14811, São Carlos 13560-13578, Rio Claro 13500-13508, Jacareí 12300-12349, "
    "Hortolândia 13183-13189, Bragança Paulista 12900-12929, Francisco Morato 07900-07999, Ferraz de Vasconcelos "
    "08500-08549",
    rules=people()
    | FOREIGN
    | {
        "company": {
            "{{firm_name}} {{company_suffix}}": 3,
            "{{company_trade}} {{firm_name}} {{company_suffix}}": 4,
            "{{firm_name}} e {{firm_name}} {{company_suffix}}": 1,
            "Grupo {{firm_name}}": 1,
        },
        "catch_phrase": "{{catch_phrase_1}} {{catch_phrase_2}} {{catch_phrase_3}}",
        "bs": "{{bs_1}} {{bs_2}}",
        "building_number": {"{{pattern:%#}}": 3, "{{pattern:%##}}": 5, "{{pattern:%###}}": 3},
        "secondary_address": {"Apto {{pattern:%##}}": 2, "Casa {{pattern:%}}": 1, "Bloco {{pattern:[ABC]}}": 1},
        "street_address": {
            "{{street_name}}, {{building_number}}": 0.75,
            "{{street_name}}, {{building_number}} - {{secondary_address}}": 0.25,
        },
        "address": "{{street_address}}\n{{bairro}}\n{{places.postcode}} {{places.city}} - {{places.region_code}}",
        "postcode": "{{places.postcode}}",
        "bban": "{{pattern:#######################[CP]1}}",
        "iban": "BR{{check:iban}}{{pattern:#######################[CP]1}}",
        "license_plate": {"{{pattern:???#?##}}": 3, "{{pattern:???-####}}": 2},
        "cellphone_number": {
            "({{ddd}}) {{pattern:9[6789]###-####}}": 4,
            "+55 {{ddd}} {{pattern:9[6789]###-####}}": 2,
        },
        "phone_number": {
            "({{ddd}}) {{pattern:9[6789]###-####}}": 5,
            "+55 {{ddd}} {{pattern:9[6789]###-####}}": 2,
            "({{ddd}}) {{pattern:3[2345]##-####}}": 2,
        },
    },
    lists={"suffix": SUFFIXES},
)
