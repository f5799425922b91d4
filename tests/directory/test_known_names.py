"""The words that are nobody's name: what the field speaks of is among them, what persons are called is not."""

from app.directory.codes import conferences, nationalities
from app.directory.known_names import known, known_names, known_words, plain

CALLED_BY = """
    María José Juan Carlos Luis Ana Rosa Rosario Colón Lima Florencia Santiago Guerra Reyes Cruz Paz Costa Mercedes Concepción Altagracia
    Pérez González Rodríguez Hernández García Martínez López Sánchez Ramírez Flores Torres Rivera Gómez Díaz Morales Ortiz Mendoza
    Silva Santos Oliveira Souza Pereira Rocha Branco Segovia Valencia Córdoba Mérida Sucre Bolívar Miranda Falcón Herrera Castillo
    Jean Pierre Joseph Baptiste Louis Charles Wilner Mohamed Ahmed Abdi Hassan Ali Omar Ibrahim Fatima Amina Yusuf Tesfaye Haile Berhane
    Kidane Girmay Thapa Gurung Sharma Tamang Rahman Islam Hossain Begum Chen Wang Li Zhang Kabila Tshisekedi Mbuyi Diallo Traoré Okafor
    Adeyemi Sunday Jordan Israel Washington Smith Green West Lee May June April Santa San Santo De Los Del La
"""
SPOKEN_OF = """
    panamá darién darien tapachula necoclí canoas acnur oim unhcr interpol migración polícia ministério november noviembre novembro
    bulletin boletín boletim frontera fronteira border nacional eritrea nepal somália chiapas roraima senafront
"""
WHOLE = """
    san josé de ocoa, tapón del darién, el salvador, bocas del toro, río negro, rio branco, peñas blancas, penas blancas, naciones unidas,
    united nations, cruz roja, cruz vermelha, casa del migrante, regional conference on migration
"""


def test_no_word_that_persons_are_called_by_is_known_alone():
    called = {form for name in CALLED_BY.lower().split() for form in (name, plain(name))}
    assert called & known_words() == set()


def test_what_the_field_speaks_of_is_known():
    assert set(SPOKEN_OF.split()) - known_words() == set()


def test_a_place_that_is_called_like_persons_is_known_by_its_whole_name():
    assert {" ".join(name.split()) for name in WHOLE.split(",")} - known_names() == set()
    assert not {"josé", "ocoa josé", "toro"} & known()


def test_every_state_and_conference_is_known_by_its_names_in_three_languages():
    labelled = [*nationalities().values(), *conferences()]
    names = {label.lower() for one in labelled for label in one.labels.values() if label.isascii() and label.replace(" ", "").isalpha()}
    assert {name for name in names if " " in name and name not in known_names()} == set()
    assert len(known()) == len(known_words()) + len(known_names()) > 4_000
