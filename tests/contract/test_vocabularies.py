"""Vocabularies: every code that crosses the wire has its words in three languages, and the node serves them."""

import enum
import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from serving import Served

import app.wire
from app.core.catalogue import LANGUAGES
from app.core.query import Query
from app.directory.codes import Vocabulary
from app.directory.vocabularies import all_vocabularies
from app.main import ROUTERS
from app.wire import codes

Json = dict[str, Any]

SAME_WORD_EVERYWHERE = {"Total", "Migración Colombia"}
PROPER_NAMES = {"nationality", "state"}
"""Names of States are CLDR's, and many are one word in the three languages."""

# What a field is called where its vocabulary bears another name.
ALIASES = {
    "dimensions": "dimension",
    "ceiling": "tlp",
    "AllowedDraft.kind": "allowed_kind",
    "AllowedEntry.kind": "allowed_kind",
    "roles": "role",
    "method": "protect",
    "ProvingSystem.kind": "audited_together",
    "TroikaSeat.role": "troika_role",
    "OfficeOnDate.kind": "office",
    "Alive.status": "health",
    "Ready.status": "health",
    "AuditEntry.outcome": "audit_outcome",
    "AuditQuery.outcome": "audit_outcome",
    "Fee.scope": "fee_scope",
    "severity_min": "severity",
    "AlertQuery.sort": "alert_sort",
    "RevisionRow.first_value_status": "compared_value_status",
    "RevisionRow.latest_value_status": "compared_value_status",
    "RevisionRow.first_figure_status": "figure_status",
    "RevisionRow.latest_figure_status": "figure_status",
    "ReviewItem.status": "review_state",
    "PublishedFee.scope": "fee_scope",
    "AliasDraft.dimension": "column_meaning",
    "AliasEntry.dimension": "column_meaning",
    "Layout.wide": "column_meaning",
    "Layout.constants": "column_meaning",
    "Layout.totals": "file_totals",
    "Level.means": "column_meaning",
    "ProfileColumn.means": "column_meaning",
    "ProfileColumn.at": "dimension",
}
# Constants of standards, which no vocabulary of ours names: RFC 6749, 7517, 7518, 7521, 8032, 8414; the name of rule(k) itself, and of a certificate's own table.
CONSTANTS = re.compile(
    r"EdDSA|ES256|P-256|EC|sig|Bearer|code|client_credentials|client_secret_basic|private_key_jwt|urn:ietf:.*"
    r"|invalid_client|invalid_request|invalid_scope|unsupported_grant_type|rule\(k\)|this"
)


def listed_models() -> list[type[BaseModel]]:
    """Every wire model, and every query model of a route."""
    modules = [importlib.import_module(f"app.wire.{found.name}") for found in pkgutil.iter_modules(app.wire.__path__)]
    models = {one for module in modules for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, BaseModel)}
    for router in ROUTERS:
        for route in router.routes:
            for parameter in inspect.signature(route.endpoint).parameters.values():
                models |= {one for one in classes_in(parameter.annotation) if issubclass(one, Query)}
    return sorted(models - {BaseModel}, key=lambda model: f"{model.__module__}.{model.__name__}")


def classes_in(annotation: object) -> Iterator[type]:
    if inspect.isclass(annotation):
        yield annotation
    for part in typing.get_args(annotation):
        yield from classes_in(part)


def words_in(annotation: object) -> Iterator[str]:
    """Every code that a field may hold: members of enumerations, texts of literals, through lists, unions and annotations."""
    if inspect.isclass(annotation) and issubclass(annotation, enum.StrEnum):
        yield from (member.value for member in annotation)
    elif typing.get_origin(annotation) is typing.Literal:
        yield from (
            str(word.value if isinstance(word, enum.Enum) else word) for word in typing.get_args(annotation) if isinstance(word, str)
        )
    else:
        for part in typing.get_args(annotation):
            yield from words_in(part)


def vocabulary_of(model: type[BaseModel], field: str) -> str:
    return next(
        (ALIASES[name] for name in (f"{base.__name__}.{field}" for base in model.__mro__) if name in ALIASES), ALIASES.get(field, field)
    )


def coded_fields() -> list[tuple[str, str, list[str]]]:
    """(model.field, vocabulary, codes) of every field that holds codes."""
    found = []
    for model in listed_models():
        for name, field in model.model_fields.items():
            held = [word for word in words_in(field.annotation) if not CONSTANTS.fullmatch(word)]
            if held:
                found.append((f"{model.__name__}.{name}", vocabulary_of(model, name), held))
    return found


def knows(vocabulary: Vocabulary | None, word: str) -> bool:
    return vocabulary is not None and (word in vocabulary.terms or bool(vocabulary.pattern and re.fullmatch(vocabulary.pattern, word)))


def test_every_member_of_every_enumeration_has_its_words():
    enumerations = [
        one for _, one in inspect.getmembers(codes, inspect.isclass) if issubclass(one, enum.StrEnum) and one is not enum.StrEnum
    ]
    assert len(enumerations) >= 10
    lacking = []
    for one in enumerations:
        special = {codes.TLP: "tlp", codes.WaitingStatus: "review_state"}
        name = special.get(one) or re.sub(r"(?<!^)(?=[A-Z])", "_", one.__name__).lower()
        lacking += [f"{name}/{member.value}" for member in one if not knows(all_vocabularies().get(name), member.value)]
    assert lacking == []


def test_every_code_that_a_field_may_hold_has_its_words():
    fields = coded_fields()
    names = {name for name, _, _ in fields}
    assert {"BulletinDraft.accumulation", "FlowQuery.frequency", "Policy.protect", "TroikaSeat.role", "BulletinDraft.dimensions"} <= names
    lacking = [f"{place}: {name}/{word}" for place, name, held in fields for word in held if not knows(all_vocabularies().get(name), word)]
    assert lacking == []


def test_every_release_of_a_policy_has_its_words():
    vocabulary = all_vocabularies()["partner_release"]
    assert all(knows(vocabulary, word) for word in ("at_once", "after_review", "after_minutes:1", "after_minutes:99999"))
    assert not knows(vocabulary, "after_minutes:0")


@pytest.mark.parametrize("name", all_vocabularies())
def test_a_vocabulary_says_each_code_in_three_languages_in_words_of_its_own(name: str):
    vocabulary = all_vocabularies()[name]
    assert vocabulary.terms
    for code, labels in [(name, vocabulary.labels), *((code, term.labels) for code, term in vocabulary.terms.items())]:
        assert set(labels) == set(LANGUAGES), code
        assert all(label.strip() == label and label for label in labels.values()), code
        assert code not in labels.values(), code
        alike = len(set(labels.values())) == 1
        assert not alike or labels["en"] in SAME_WORD_EVERYWHERE or (name in PROPER_NAMES and code != name), (code, labels["en"])
    for language in LANGUAGES:
        said = [term.labels[language] for term in vocabulary.terms.values()]
        assert len(set(said)) == len(said), (name, language)


def test_what_is_excused_is_used():
    labels = [term.labels for one in all_vocabularies().values() for term in one.terms.values()]
    assert {each["en"] for each in labels if len(set(each.values())) == 1} >= SAME_WORD_EVERYWHERE


@pytest.mark.parametrize(
    ("name", "code", "es", "pt"),
    [
        ("role", "partner", "Oficina nacional", "Escritório nacional"),
        ("value_status", "withheld", "Reservado por secreto estadístico", "Omitido por sigilo"),
        ("review_state", "held", "En revisión", "Em revisão"),
        ("kind", "alert", "Alerta de tráfico ilícito de migrantes", "Alerta de contrabando de migrantes"),
        ("kind", "bulletin", "Boletín de flujos", "Boletim de fluxos"),
        ("kind", "commitment", "Compromiso", "Compromisso"),
        ("office", "secretariat", "Secretaría técnica", "Secretaria técnica"),
        ("office", "presidency", "Presidencia pro témpore", "Presidência pro tempore"),
        ("measure", "irregular_transit", "Tránsito irregular", "Trânsito irregular"),
        ("conference", "SACM", "Conferencia Suramericana sobre Migraciones", "Conferência Sul-Americana sobre Migrações"),
    ],
)
def test_the_words_of_the_field(name: str, code: str, es: str, pt: str):
    labels = all_vocabularies()[name].terms[code].labels
    assert (labels["es"], labels["pt"]) == (es, pt)


def get(served: Served, path: str, who: str = "analyst") -> Json:
    answer = served.as_(who).get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_node_lists_its_vocabularies(standing: Served):
    page = get(standing, "/v1/vocabularies")
    listed = {item["name"]: item for item in page["items"]}
    assert list(listed) == sorted(all_vocabularies())
    assert (page["total"], page["next_cursor"]) == (len(listed), None)
    assert listed["sex"] == {
        "name": "sex", "version": 1, "labels": {"en": "Sex", "es": "Sexo", "pt": "Sexo"}, "pattern": None, "terms": 4
    }  # fmt: skip
    assert listed["publisher"]["pattern"] == "[A-Z]{3}-[A-Z0-9]{2,12}"
    assert (listed["nationality"]["terms"], listed["state"]["terms"], listed["conference"]["terms"]) == (260, 250, 2)


@pytest.mark.parametrize("name", all_vocabularies())
def test_the_node_gives_a_vocabulary_whole(standing: Served, name: str):
    document = get(standing, f"/v1/vocabularies/{name}")
    vocabulary = all_vocabularies()[name]
    assert (document["name"], document["version"], document["pattern"]) == (name, vocabulary.version, vocabulary.pattern)
    assert [term["code"] for term in document["terms"]] == list(vocabulary.terms)
    assert [term["labels"] for term in document["terms"]] == [dict(term.labels) for term in vocabulary.terms.values()]


def test_a_nationality_says_its_area_conference_and_classes(standing: Served):
    terms = {term["code"]: term["attributes"] for term in get(standing, "/v1/vocabularies/nationality")["terms"]}
    assert terms["NAM"] == {"alpha2": "NA", "area": "AFR", "strict": "extra_continental", "extra_regional": "extra_continental"}
    assert terms["PAN"] == {
        "alpha2": "PA", "area": "AMN", "conference": "RCM", "strict": "intra_continental", "extra_regional": "conference_member"
    }  # fmt: skip
    assert terms["_U"] == {"strict": "unclassified", "extra_regional": "unclassified"}
    conferences = {term["code"]: term["attributes"] for term in get(standing, "/v1/vocabularies/conference")["terms"]}
    assert conferences == {"RCM": {"aliases": ["CRM"]}, "SACM": {"aliases": ["CSM"]}}
    measures = {term["code"]: term["attributes"] for term in get(standing, "/v1/vocabularies/measure")["terms"]}
    assert measures["refugee_population"] == {"stock_or_flow": "stock"}


@pytest.mark.parametrize("who", ["operator", "rcm", "pan", "analyst", "peer"])
def test_every_client_reads_them_and_nobody_else(standing: Served, who: str):
    get(standing, "/v1/vocabularies/tlp", who)
    assert standing.as_(None).get("/v1/vocabularies/tlp").status_code == 401
    assert standing.as_(None).get("/v1/vocabularies").status_code == 401


@pytest.mark.parametrize("name", ["colour", "SEX", "sex.", "nationalities.csv"])
def test_an_unknown_vocabulary_is_404(standing: Served, name: str):
    answer = standing.as_("analyst").get(f"/v1/vocabularies/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "vocabulary-unknown")
