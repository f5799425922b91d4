"""A place is a town or region, a network's code a pseudonym: what people write instead is refused, what towns are called is not."""

import pytest

from app.alerts.places import too_exact
from app.alerts.pseudonyms import fault_of

TOWNS = (
    "Darién|Ipiales|Necoclí|Capurganá|São Paulo|Guajará-Mirim|Santa Rosa|San José|Paso Canoas|Los Chiles|frontera sur|Costa Caribe"
    "|zona norte|south coast|Trojes / Danlí|San Andrés|25 de Mayo|9 de Julio|Calle Larga|Road Town|Posadas|Esquina|St. John's"
    "|Puerto Obaldía|Boca de Sábalos|Los Ángeles|L'Ancienne-Lorette|Entre Ríos y Santa Fe|Valle del Cauca|Departamento de Nariño"
    "|Estación Central|Parroquia Tufiño|Aldeia Velha|Casas Grandes|Ciudad de Guatemala|N'Djamena|Hospital|Rio Branco|Iglesia"
    "|Villa 25 de Mayo|Dhaka|大阪|Δελφοί"
)
EXACT = {
    "place-address": (
        "Calle 72 con carrera 10|Calle Bolívar|carrera 15|Av. Paulista|Avenida 9 de Julio|Rua Augusta|Rua das Flores, 123|5th Street"
        "|221B Baker Street|Jirón de la Unión|manzana 4 lote 7|casa # 3|Barrio Norte 14|Ipiales 524001|km 45|Blvd. Morazán|Road 7"
        "|CALLE LARGA 12|Ｃａｌｌｅ ９"
    ),
    "place-building": (
        "Hotel Central|hotel en Tapachula|Hostal El Viajero|Aeropuerto Juan Santamaría|aeroporto de Guarulhos|Tocumen airport"
        "|Terminal de Transporte|terminal terrestre|Iglesia San José|mezquita de Maicao|bodega en Turbo|safe house in Laredo"
        "|casa de seguridad|Casa de Juan|Albergue Decanal|Edifício Copan|escuela de Bajo Chiquito|Embajada de Cuba"
    ),
    "place-coordinates": (
        "8.6674, -77.3512|8,6674 -77,3512|8° 40' N|N8 W77|8N 77W|17PPK1234567890|8FVC9G8F+6X|https://maps.example/x|geo:8,-77"
        "|///filled.count.soap|−34.60|www.example.org|4 35' 56\""
    ),
}


@pytest.mark.parametrize("place", TOWNS.split("|"))
def test_a_town_or_a_region_is_a_place(place: str):
    assert too_exact(place) is None


@pytest.mark.parametrize(("code", "place"), [(code, place) for code, places in EXACT.items() for place in places.split("|")])
def test_what_is_nearer_than_a_town_is_refused(code: str, place: str):
    assert too_exact(place) == code


@pytest.mark.parametrize("code", ["KESTREL", "KESTREL-07", "NET-2026-014", "RED-URABA-01", "R2", "7", "KESTREL-RIVER-2", "A" * 32])
def test_a_pseudonym_is_taken(code: str):
    assert fault_of(code) is None


@pytest.mark.parametrize(
    "code",
    ["Juan Pérez", "Juan-Perez", "Juan_Perez", "Juan.Perez", "JuanPerez", "Red de Juan Perez", "Juan Perez 7", "JUAN PEREZ", "JUAN-PEREZ",
     "Ndiaye  Mamadou", "Ли Вань", "Élise-Ünal", "Los Coyotes"],
)  # fmt: skip
def test_two_capitalised_words_are_taken_for_a_name(code: str):
    assert fault_of(code) == "network-code-name"


@pytest.mark.parametrize(
    "code", ["kestrel", "kestrel river", "Kestrel-07", "KESTREL 07", "KESTREL_07", "-KESTREL", "KESTREL--07", "A" * 33, "КЕСТРЕЛ", "net.7"]
)
def test_what_is_no_name_and_no_pseudonym_is_refused_for_its_form(code: str):
    assert fault_of(code) == "network-code-form"
