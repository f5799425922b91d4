"""Names of persons: what is held for a second person who reads, and what of places, institutions and headings is not."""

import pytest

from app.screening.screen import Vocabulary, screened
from app.screening.spans import Kind

KNOWN = frozenset({"rosario", "colón", "panamá", "chile", "leticia", "eritrea"})


def named(text: str) -> list[str]:
    found = screened({"/summary/es": text}, Vocabulary(known=KNOWN))
    assert {each.kind for each in found} <= {Kind.NAME}
    return [text[each.offset : each.offset + each.length] for each in found]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Lo cobra Rakesh Ficticio Adhikari en el hotel.", "Rakesh Ficticio Adhikari"),
        ("Rosario Colón recibía a los grupos.", "Rosario Colón"),
        ("Según Prueba Inventada, son diez.", "Prueba Inventada"),
        ("El dueño es Ministro Juan Inventado de Panamá.", "Juan Inventado"),
        ("Detenido: PRUEBA LOPEZ, Juan", "Juan"),
        ("A casa é de Mbuyi wa Exemplo Kabongo.", "Exemplo Kabongo"),
        ("El boleto dice 李小明.", "李小明"),
        ("Usa el alias Tiburón.", "Tiburón"),
        ("His guide, known as Tiger, left.", "Tiger"),
        ("Los pagó J. Prueba Castro.", "J. Prueba Castro"),
        ("Jean-Baptiste Exemple N'Guessan", "Jean-Baptiste Exemple N'Guessan"),
    ],
)
def test_a_name_is_held(text: str, name: str):
    assert name in named(text)


@pytest.mark.parametrize(
    "text",
    [
        "El Hospital Juan Inventado atiende en Panamá.",
        "Puente Internacional Simón Inventado",
        "Según Panamá y Chile, bajó.",
        "Eritrean Nationals in Chile, March",
        "BOLETÍN SEMANAL DE FLUJOS: PUESTO PRUEBA INVENTADA",
        "Tabatinga y Leticia",
        "Migration Report. Santa Cruz de la Sierra.",
        "Operación Prueba Inventada, Universidad Prueba Inventada.",
        "La OIM y ACNUR, con INTERPOL Prueba.",
    ],
)
def test_a_place_an_institution_a_heading_is_not(text: str):
    assert named(text) == []
