"""The reader's language: what Accept-Language asks for, and that every answer in words says its language (RFC 9110, RFC 4647)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import Served

from app.core.catalogue import LANGUAGES
from app.core.language import language_for, spoken
from app.core.problems import catalogue

ODD_COLUMN = b"period,nationality,value,\n2022-01,VEN,40,\n2022-02,VEN,50,\n"
PUSH = {"state": "PAN", "measure": "rescue", "unit": "person"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("ES", "es"),
        ("es-419", "es"),
        ("pt-BR", "pt"),
        ("es-Latn-MX-x-oficina", "es"),
        ("pt-BR, es;q=0.9, en;q=0.8", "pt"),
        ("en;q=0.8, es;q=0.9", "es"),
        ("en;q=0.5, es;q=0.50, pt;q=0.4", "en"),
        ("es;q=0.5, en;q=0.5", "es"),
        ("es ; q=0.2 ,\tpt;q=0.3", "pt"),
        ("es;Q=0.2, pt;Q=0.3", "pt"),
        ("fr, de-CH;q=0.9", "en"),
        ("fr, pt;q=0.1", "pt"),
        ("qu, gn;q=0.9, es-PY;q=0.8", "es"),
        ("es;q=0", "en"),
        ("en;q=0", "es"),
        ("en;q=0, es;q=0", "pt"),
        ("en;q=0, es;q=0, pt;q=0", "en"),
        ("es;q=0.000, pt;q=0.001", "pt"),
        ("es-MX, es;q=0", "en"),
        ("es-MX;q=0, es;q=0.5, en;q=0.4", "es"),
        ("*", "en"),
        ("*, es;q=0.5", "en"),
        ("*;q=0.5, es;q=0.5", "es"),
        ("pt, *;q=0.5", "pt"),
        ("*;q=0", "en"),
        ("es;q=0.1, *;q=0", "es"),
        ("en;q=0, *", "es"),
        ("fr, *;q=0", "en"),
        ("es;q=zzz", "es"),
        ("es;q=zzz, en;q=0.1", "en"),
        ("es;q=", "es"),
        ("es;q=2, pt;q=0.5", "pt"),
        ("es;q=-1", "es"),
        ("es;q=1.000, pt", "es"),
        ("es;q=٠.٥, pt;q=0.1", "pt"),
        ("es;level=1", "en"),
        ("spanish", "en"),
        ("esp", "en"),
        ("es_MX", "en"),
        ("-es", "en"),
        ("es--MX", "en"),
        (",,;, ;q=1,", "en"),
        ("español", "en"),
        ("es\x00", "en"),
        ("es," * 50_000, "es"),
        ("x," * 99 + "es", "es"),
        ("x," * 100 + "es", "en"),
        ("a" * 100_000, "en"),
        ("es;q=0." + "0" * 50_000 + "1", "es"),
    ],
    ids=lambda value: value[:40],
)
def test_a_header_asks_for_a_language(header: str, language: str):
    assert language_for(header) == language


@given(st.text(alphabet="esptn-*;q=,.01 \t_\xff", max_size=60) | st.text(max_size=60))
def test_no_header_fails(header: str):
    assert language_for(header) in LANGUAGES


@given(st.permutations(["es", "pt", "en"]))
def test_whole_weights_decide_whatever_the_order(order: list[str]):
    weight = {"es": "0.3", "pt": "0.9", "en": "0.6"}
    assert language_for(",".join(f"{name};q={weight[name]}" for name in order)) == "pt"


def test_an_answer_in_words_says_its_language_and_what_it_depends_on():
    assert spoken("es", "Authorization", "Accept") == {"Content-Language": "es", "Vary": "Authorization, Accept, Accept-Language"}
    assert spoken("pt") == {"Content-Language": "pt", "Vary": "Accept-Language"}
    assert spoken("pt", "Accept-Language") == {"Content-Language": "pt", "Vary": "Accept-Language"}


def in_(language: str) -> dict[str, str]:
    return {"Accept-Language": language}


@pytest.mark.parametrize(
    ("who", "method", "path", "code", "varies"),
    [
        (None, "GET", "/v1/bulletins", "unauthenticated", "Authorization, Accept-Language"),
        ("pan", "GET", "/v1/bulletins/0190", "not-found", "Authorization, Accept-Language"),
        ("pan", "GET", "/v1/bulletins?limit=0", "invalid-query", "Authorization, Accept-Language"),
        ("pan", "POST", "/v1/bulletins", "unsupported-media-type", "Authorization, Accept-Language"),
        ("analyst", "POST", "/v1/bulletins", "role-forbidden", "Authorization, Accept-Language"),
        (None, "GET", "/nowhere", "not-found", "Accept-Language"),
        (None, "DELETE", "/livez", "method-not-allowed", "Accept-Language"),
    ],
)
def test_every_refusal_is_in_the_readers_language(served: Served, who: str | None, method: str, path: str, code: str, varies: str):
    for asked, language in (("es-419,pt;q=0.5", "es"), ("pt-BR", "pt"), ("fr", "en"), ("", "en")):
        answer = served.as_(who).request(method, path, headers=in_(asked))
        assert answer.json()["code"] == code
        assert answer.json()["title"] == catalogue()[code]["title"][language]
        assert (answer.headers["content-language"], answer.headers["vary"]) == (language, varies)


def test_a_format_that_is_not_given_also_varies_by_accept(served: Served):
    answer = served.as_("analyst").get("/v1/flows", headers={"Accept": "image/png", **in_("pt")})
    assert answer.json()["code"] == "not-acceptable"
    assert answer.headers["vary"] == "Authorization, Accept, Accept-Language"


def test_odd_bytes_in_the_header_are_answered_in_english(served: Served):
    for header in (b"\xff\xfe;q=\xff", b"es;q=1\xa0", b"\xc3\xb1" * 2000):
        answer = served.as_(None).get("/v1/bulletins", headers={"Accept-Language": header})
        assert (answer.status_code, answer.headers["content-language"]) == (401, "en" if not header.startswith(b"es") else "es")


def test_two_header_lines_are_one_list(served: Served):
    answer = served.as_(None).get("/v1/bulletins", headers=[("Accept-Language", "en;q=0.1"), ("Accept-Language", "pt")])
    assert answer.headers["content-language"] == "pt"


def test_findings_are_in_the_readers_language(served: Served):
    draft = {
        "reporting_state": "PAN",
        "measure": "rescue",
        "unit": "person",
        "period": "2022-13",
        "cells": [{"nationality": "VEN", "value": 40}],
    }
    (finding,) = served.as_("pan").post("/v1/bulletins", json=draft, headers=in_("es")).json()["errors"]
    assert finding["code"] == "period-invalid"
    assert finding["detail"] == catalogue()["period-invalid"]["detail"]["es"]
    answer = served.as_("pan").post("/v1/bulletins/batch", json={"bulletins": [draft, draft]}, headers=in_("pt"))
    said = {finding["detail"] for finding in answer.json()["errors"]}
    assert catalogue()["period-invalid"]["detail"]["pt"] in said
    (unknown,) = served.as_("pan").get("/v1/flows?sexo=F", headers=in_("pt")).json()["errors"]
    assert unknown["detail"].startswith(catalogue()["parameter-unknown"]["detail"]["pt"][:20])


def test_the_codes_that_are_expected_are_listed_without_english_words(served: Served):
    (wrong,) = served.as_("pan").get("/v1/flows?classification=loose", headers=in_("es")).json()["errors"]
    assert wrong["code"] == "code-unknown"
    assert wrong["detail"].endswith(": strict@1, extra_regional@1.")
    draft = {
        "reporting_state": "PAN",
        "measure": "rescue",
        "unit": "people",
        "period": "2022-01",
        "cells": [{"nationality": "VEN", "value": 40}],
    }
    (wrong,) = served.as_("pan").post("/v1/bulletins", json=draft, headers=in_("pt")).json()["errors"]
    assert wrong["detail"].endswith(": person, event, encounter, application.")


def push(served: Served, language: str, raw: bytes = ODD_COLUMN, key: str | None = None, **headers: str):
    sent = {**in_(language), **headers, **({"Idempotency-Key": key} if key else {})}
    return served.as_("pan").post("/v1/bulletins/files", params=PUSH, files={"file": ("a.csv", raw)}, headers=sent)


def remarks(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """What is said about the file; of the figures, a node whose secret hides these months says also how little they show."""
    return [finding for finding in answer["findings"] if finding["code"] != "mostly-withheld"]


def test_remarks_about_a_file_are_in_the_readers_language_also_when_the_kept_answer_is_given(served: Served):
    for language in ("es", "pt", "en"):
        answer = push(served, language, key="k-1")
        (finding,) = remarks(answer.json())
        assert finding == {"column": "4", "row": 1, "code": "column-ignored", "detail": catalogue()["column-ignored"]["detail"][language]}
        assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Authorization, Accept, Accept-Language")
        assert answer.headers["content-type"] == "application/json"
        assert ("idempotency-replayed" in answer.headers) == (language != "es")
        assert answer.status_code == 201


def test_lines_of_progress_end_in_the_readers_language(served: Served):
    lines = {"Accept": "application/x-ndjson"}
    refused = push(served, "pt", b"period,nationality,value\n2022-13,VEN,40\n", **lines)
    problem = json.loads(refused.text.splitlines()[-1])["problem"]
    assert problem["title"] == catalogue()[problem["code"]]["title"]["pt"]
    assert problem["errors"][0]["detail"] == catalogue()["period-invalid"]["detail"]["pt"]
    assert (refused.headers["content-language"], refused.headers["vary"]) == ("pt", "Authorization, Accept, Accept-Language")
    for language in ("es", "pt"):
        done = push(served, language, key="k-2", **lines)
        (finding,) = remarks(json.loads(done.text.splitlines()[-1])["answer"])
        assert finding["detail"] == catalogue()["column-ignored"]["detail"][language]
        assert done.headers["content-language"] == language


def test_figures_are_the_same_in_every_language(served: Served):
    assert push(served, "es").status_code == 201
    told = [served.as_("analyst").get("/v1/flows", headers=in_(language)) for language in ("es", "pt", "en")]
    assert len({str(answer.json()["items"]) for answer in told}) == 1
    # What they say of the figures is not: another language is another answer.
    assert len({answer.headers["etag"] for answer in told}) == 3
    assert [answer.headers["content-language"] for answer in told] == ["es", "pt", "en"]
    answers = [served.as_("analyst").get("/v1/flows", params={"format": "csv"}, headers=in_(language)) for language in ("es", "pt", "en")]
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["etag"] for answer in answers}) == 1
