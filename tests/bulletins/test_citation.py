"""What a row of flows names resolves: `id@vN` gives that version, its digest and a ready citation in three languages."""

import hashlib

import orjson
import pytest
from bodies import cells, publish, revise, withdraw

from app.bulletins.citation import citation_of
from app.wire.canonical import canonical

FLOWS, ONE = "/v1/flows", "/v1/bulletins"


def test_the_name_that_a_row_bears_gives_its_version_when_it_is_the_newest_no_more(served):
    pan, analyst = served.as_("pan"), served.as_("analyst")
    first = publish(pan, title={"es": "Tránsitos por Darién."})
    (name,) = {row["bulletin"] for row in analyst.get(FLOWS).json()["items"]}
    before = analyst.get(f"{ONE}/{name}/citation")
    revise(pan, first, cells=cells(VEN=401, NPL=213, SOM=31), title={"es": "Tránsitos por Darién."})
    assert name == f"{first['id']}@v1"
    found = analyst.get(f"{ONE}/{name}")
    assert (found.status_code, found.headers["etag"]) == (200, f'"{first["id"]}.v1"')
    assert found.content == analyst.get(f"{ONE}/{first['id']}/versions/1").content
    cited = analyst.get(f"{ONE}/{name}/citation")
    body = cited.json()
    # What is cited can be checked from the text alone.
    text = found.json()
    bare = {key: value for key, value in text.items() if key not in {"digest", "signature"}}
    assert body["digest"] == text["digest"] == hashlib.sha256(canonical(bare)).hexdigest()
    assert (body["bulletin"], body["newest"], body["status"]) == (name, f"{first['id']}@v2", "published")
    url, day = f"http://127.0.0.1:8080/v1/bulletins/{name}", first["published_at"][:10]
    tail = f"Istmo, {{}} RCM-SACM, {url}. SHA-256 {first['digest']}."
    assert body["url"] == url
    assert body["citation"] == {
        "es": f"Servicio Nacional de Migración de Panamá (SNM). Tránsitos por Darién. Panamá, 2022-10. Versión 1, publicada el {day}. "
        + tail.format("nodo"),
        "pt": f"Serviço Nacional de Migração do Panamá (SNM). Tránsitos por Darién. Panamá, 2022-10. Versão 1, publicada em {day}. "
        + tail.format("nó"),
        "en": f"National Migration Service of Panama (SNM). Tránsitos por Darién. Panama, 2022-10. Version 1, published {day}. "
        + tail.format("node"),
    }
    newest = analyst.get(f"{ONE}/{first['id']}/citation").json()
    assert (newest["bulletin"], newest["newest"]) == (f"{first['id']}@v2", f"{first['id']}@v2")
    # That a newer one stands is part of the answer, so a copy of it is stale; an unchanged one is not sent again.
    assert before.headers["etag"] != cited.headers["etag"]
    assert analyst.get(f"{ONE}/{name}/citation", headers={"If-None-Match": cited.headers["etag"]}).status_code == 304


def test_a_name_of_nothing_is_what_never_was(served):
    first = publish(served.as_("pan"))
    hidden = publish(served.as_("rcm"), period="2022-11", tlp="RED", audience=["RCM/secretariat"])
    analyst = served.as_("analyst")
    absent = "01920000-0000-7000-8000-00000000dead@v1"
    names = [f"{first['id']}{end}" for end in ("@v2", "@v0", "@v01", "@v", "@1", "@v1 ", "@v1@v1", "@v99999999999")]
    for path in ("", "/citation"):
        answers = [analyst.get(f"{ONE}/{name}{path}") for name in (absent, *names, f"{hidden['id']}@v1", hidden["id"])]
        told = [{key: value for key, value in answer.json().items() if key != "request_id"} for answer in answers]
        assert {answer.status_code for answer in answers} == {404}
        assert all(each == told[0] for each in told)
    # Only reading knows such a name: a change is asked of a document.
    assert served.as_("pan").put(f"{ONE}/{first['id']}@v1", json={}).status_code == 404


def test_of_what_was_withdrawn_a_citation_says_no_more_than_the_envelope(served):
    first = publish(served.as_("pan"), title={"es": "Tránsitos por Darién"})
    withdraw(served.as_("pan"), first)
    for name in (f"{first['id']}@v1", first["id"]):
        body = served.as_("analyst").get(f"{ONE}/{name}/citation")
        assert body.json()["status"] == "withdrawn"
        assert not any(word in body.text for word in ("Darién", "2022-10", "SNM", "Panam"))
        assert "retirado después" in body.json()["citation"]["es"]
    operator = served.as_("operator").get(f"{ONE}/{publish(served.as_('pan'), period='2022-12')['id']}/citation")
    assert operator.json()["citation"]["en"].startswith("RCM/PAN. Bulletin ")
    assert "2022-12" not in operator.text


@pytest.mark.parametrize(
    ("changes", "en"),
    [
        ({"title": None, "publisher": "PAN-X"}, "PAN-X. Irregular transit (persons). Panama, 2022-W45. Version 3, published 2026-01-31."),
        ({"title": {"pt": "Trânsitos"}}, "National Migration Service of Panama (SNM). Trânsitos. Panama, 2022-W45."),
    ],
)
def test_a_bulletin_without_a_title_is_cited_by_what_it_counts(changes, en):
    document = {
        "id": "01920000-0000-7000-8000-00000000dead",
        "version": 3,
        "issuer": "RCM/PAN",
        "status": "published",
        "digest": "00ff",
        "published_at": "2026-01-31T23:59:59.999999Z",
        "publisher": "PAN-SNM",
        "reporting_state": "PAN",
        "period": "2022-W45",
        "measure": "irregular_transit",
        "unit": "person",
        **changes,
    }
    cited = citation_of(document, 4, "RCM", "https://istmo.example/")
    assert cited["citation"]["en"].startswith(en)
    assert cited["url"] == "https://istmo.example/v1/bulletins/01920000-0000-7000-8000-00000000dead@v3"
    assert orjson.dumps(cited)
