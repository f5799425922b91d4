"""An office's own words and layouts over HTTP: for its files alone, the secretariat's for all of its conference, read like any text, audited."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Served
from sqlalchemy import update

from app.access.callers import Caller
from app.bulletins.profile_routes import _words
from app.core.db import Database
from app.directory import aliases, profiles
from app.directory.aliases import names_for
from app.directory.known_names import known
from app.directory.models import KeptProfile
from app.directory.passing import passing
from app.directory.profile_codes import unknown_codes
from app.directory.profiles import profiles_for
from app.intake.shipped import shipped
from app.screening.screen import Vocabulary, screened
from app.wire.codes import TLP, Role

ALIAS = {"dimension": "nationality", "label": "Congo", "code": "COD"}
PROFILE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "app/web/examples/Profile.json").read_text("utf-8"))["weekly"]["value"]
CALLERS = {
    "pan": Caller("pan", Role.PARTNER, "RCM", "PAN", TLP.RED, None),
    "hnd": Caller("hnd", Role.PARTNER, "RCM", "HND", TLP.RED, None),
    "bra": Caller("bra", Role.PARTNER, "SACM", "BRA", TLP.RED, None),
    "rcm": Caller("rcm", Role.SECRETARIAT, "RCM", None, TLP.RED, None),
}


def alias(served: Served, who: str = "pan", **changes: object) -> httpx.Response:
    return served.as_(who).post("/v1/aliases", json={**ALIAS, **changes})


def profile(served: Served, who: str = "pan", **changes: object) -> httpx.Response:
    return served.as_(who).post("/v1/profiles", json={**PROFILE, **changes})


def listed(served: Served, what: str, who: str = "pan") -> list[dict[str, Any]]:
    answer = served.as_(who).get(f"/v1/{what}", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def meant(served: Served, label: str = "CONGO", dimension: str = "nationality") -> dict[str, str | None]:
    """What a label stands for in each office's files, asked of a store of its own, as by another process of the node."""
    other = Database(served.node.settings.database_url)
    try:
        with other.read() as session:
            return {who: names_for(session, caller).code(dimension, label) for who, caller in CALLERS.items()}
    finally:
        other.dispose()


def faults(answer: httpx.Response) -> tuple[int, str, list[tuple[str | None, str]]]:
    body = answer.json()
    return answer.status_code, body["code"], [(error.get("pointer"), error["code"]) for error in body.get("errors", [])]


def test_a_word_counts_in_the_files_of_its_office_and_a_secretariats_in_its_conference_behind_the_offices_own(served: Served):
    nobody = dict.fromkeys(CALLERS)
    assert meant(served) == nobody
    before = len(served.audit())
    made = alias(served)
    assert (made.status_code, {name: made.json()[name] for name in ("office", *ALIAS)}) == (201, {"office": "RCM/PAN", **ALIAS})
    assert meant(served) == {**nobody, "pan": "COD"}
    assert alias(served, "rcm", code="CG").json()["code"] == "COG"
    assert meant(served) == {"pan": "COD", "hnd": "COG", "rcm": "COG", "bra": None}
    assert [row["office"] for row in listed(served, "aliases")] == ["RCM/PAN", "RCM/secretariat"]
    assert [row["office"] for row in listed(served, "aliases", "hnd")] == ["RCM/secretariat"]
    assert listed(served, "aliases", "bra") == []
    theirs = listed(served, "aliases", "rcm")[0]["id"]
    assert faults(served.as_("hnd").delete(f"/v1/aliases/{theirs}"))[:2] == (403, "not-your-office")
    assert faults(served.as_("bra").delete(f"/v1/aliases/{theirs}"))[:2] == (404, "not-found")
    gone = served.as_("pan").delete(f"/v1/aliases/{made.json()['id']}")
    assert (gone.status_code, gone.json()) == (200, made.json())
    assert meant(served)["pan"] == "COG"
    assert served.audit()[before:] == [
        ("add_alias", "done", None),
        ("add_alias", "done", None),
        ("remove_alias", "refused", "not-your-office"),
        ("remove_alias", "refused", "not-found"),
        ("remove_alias", "done", None),
    ]


def test_a_word_that_has_a_meaning_or_none_at_all_or_names_a_person_is_refused_and_nothing_kept(
    served: Served, monkeypatch: pytest.MonkeyPatch
):
    assert alias(served).status_code == 201
    refusals = {
        (409, "alias-known", ()): {"label": "  CONGO (1)"},
        (422, "invalid-document", (("/label", "alias-plain"),)): {"label": "República de Chile", "code": "ARG"},
        (422, "invalid-document", (("/label", "alias-wordless"),)): {"label": "- / -"},
        (422, "invalid-document", (("/code", "code-unknown"),)): {"label": "Congo belga", "code": "CGO"},
        (422, "invalid-document", (("/label", "text-character"),)): {"label": "Con\u200bgo"},
        (422, "invalid-document", (("/label", "text-too-long"),)): {"label": "\ufdfa" * 100},  # 1800 characters in the stored form
        (422, "personal-data", (("/label", "text-personal"),)): {"label": "escribir a juana.perez@correo.example.com"},
        (422, "personal-data", (("/label", "kept-to-confirm"),)): {"label": "Juan Carlos Pérez González"},
    }
    for (status, code, errors), changes in refusals.items():
        answer = alias(served, **changes)
        assert faults(answer) == (status, code, list(errors)), changes
        assert "juana" not in answer.text
        assert "Pérez" not in answer.text
    assert faults(alias(served, label="NA", code="NRU"))[2] == [("/label", "alias-plain")]
    assert alias(served, dimension="origin_state", label="Nowhere", code="XXA").json()["code"] == "invalid-document"
    monkeypatch.setattr(aliases, "MOST_ALIASES", 1)
    assert faults(alias(served, label="Guinea la vieja", code="GIN"))[:2] == (409, "register-full")
    assert len(listed(served, "aliases")) == 1
    for who, status in {"operator": 403, "analyst": 403, "peer": 403, None: 401}.items():
        assert served.as_(who).post("/v1/aliases", json=ALIAS).status_code == status


def test_a_word_sent_twice_under_one_key_is_registered_once(served: Served):
    answers = [served.as_("pan").post("/v1/aliases", json=ALIAS, headers={"Idempotency-Key": "word-1"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"


def test_the_versions_of_a_layout_stay_and_its_newest_reads_the_files_of_its_office(served: Served):
    first = profile(served)
    assert (first.status_code, first.json()["office"], first.json()["version"]) == (201, "RCM/PAN", 1)
    assert served.as_("pan").get("/v1/profiles/pan-semanal").json()["layouts"][0]["columns"][1]["codes"] == {"Otros asiáticos": ["_OASI"]}
    assert faults(profile(served))[:2] == (409, "profile-version")
    assert "2" in profile(served, version=3).json()["detail"]
    changed = {**PROFILE["layouts"][0], "number_style": "point"}
    assert profile(served, version=2, layouts=[changed]).status_code == 201
    shown = [served.as_("pan").get("/v1/profiles/pan-semanal", params=asked) for asked in ({}, {"version": 1}, {"version": 3})]
    assert [answer.status_code for answer in shown] == [200, 200, 404]
    assert [answer.json()["layouts"][0]["number_style"] for answer in shown[:2]] == ["point", "comma"]
    again = served.as_("pan").get("/v1/profiles/pan-semanal", headers={"If-None-Match": shown[0].headers["etag"]})
    assert again.status_code == 304
    assert [(row["name"], row["version"]) for row in listed(served, "profiles") if row["office"]] == [("pan-semanal", 2)]
    with served.node.db.read() as session:
        reads = {who: profiles_for(session, caller).get("pan-semanal") for who, caller in CALLERS.items()}
    assert {who: one and one.layouts[0].number_style for who, one in reads.items()} == {
        "pan": "point",
        "hnd": None,
        "bra": None,
        "rcm": None,
    }
    assert served.as_("hnd").get("/v1/profiles/pan-semanal").status_code == 404
    assert profile(served, "rcm").status_code == 201
    assert served.as_("pan").get("/v1/profiles/pan-semanal").json()["version"] == 2
    assert served.as_("hnd").get("/v1/profiles/pan-semanal").json()["version"] == 1
    assert faults(served.as_("hnd").delete("/v1/profiles/pan-semanal"))[:2] == (403, "not-your-office")
    assert faults(served.as_("bra").delete("/v1/profiles/pan-semanal"))[:2] == (404, "not-found")
    gone = served.as_("pan").delete("/v1/profiles/pan-semanal")
    assert (gone.status_code, gone.json()["version"]) == (200, 2)
    assert [row["office"] for row in listed(served, "profiles") if row["office"]] == ["RCM/secretariat"]


def test_a_layout_with_unknown_codes_or_with_persons_in_it_is_refused_at_its_place(served: Served, monkeypatch: pytest.MonkeyPatch):
    def with_layout(**changes: object) -> httpx.Response:
        return profile(served, layouts=[{**PROFILE["layouts"][0], **changes}])

    columns = PROFILE["layouts"][0]["columns"]
    place = "/layouts/0/columns/1/codes"
    wrong = [columns[0], {**columns[1], "codes": {"Otros asiáticos": ["ASIA"]}}, columns[2]]
    assert faults(with_layout(columns=wrong)) == (422, "invalid-document", [(place, "code-unknown")])
    assert faults(with_layout(constants={"measure": "transit"})) == (
        422, "invalid-document", [("/layouts/0/constants/measure", "code-unknown")],
    )  # fmt: skip
    answer = profile(served, title={"es": "Parte de Juan Carlos Pérez González"})
    assert faults(answer) == (422, "personal-data", [("/title/es", "kept-to-confirm")])
    assert "Pérez" not in answer.text
    called = [columns[0], {**columns[1], "codes": {"llamar al +507 6612 3456": ["_OASI"]}}, columns[2]]
    assert faults(with_layout(columns=called)) == (422, "personal-data", [(place, "text-personal")])
    mailed = [{**columns[0], "labels": ["Semana", "dudas a juana.perez@correo.example.com"]}, *columns[1:]]
    assert faults(with_layout(columns=mailed)) == (422, "personal-data", [("/layouts/0/columns/0/labels/1", "text-personal")])
    assert ("/layouts/0/colour", "field-unknown") in faults(with_layout(colour="red"))[2]
    for limit in ("MOST_PROFILES", "MOST_VERSIONS"):
        with monkeypatch.context() as full:
            full.setattr(profiles, limit, 0)
            assert faults(profile(served))[:2] == (409, "register-full")
    assert [row for row in listed(served, "profiles") if row["office"]] == []
    named = [columns[0], {**columns[1], "codes": {"Aeropuerto Benito Juárez": ["_OASI"]}}, columns[2]]
    assert with_layout(columns=named).status_code == 201  # what only looks like a name passes as it does in the file itself


def test_the_shipped_layouts_would_pass_where_an_office_registered_them():
    for one in shipped().values():
        assert list(unknown_codes(one)) == []
        assert not any(found.is_hard for found in screened({**_words(one)[0], **_words(one)[1]}, Vocabulary(known(), passing(()))))


def test_what_is_shipped_is_listed_and_read_and_its_names_are_taken(served: Served):
    assert {row["name"]: row["version"] for row in listed(served, "profiles")} == {name: one.version for name, one in shipped().items()}
    for name, one in shipped().items():
        assert served.as_("bra").get(f"/v1/profiles/{name}").json() == one.model_dump(mode="json", exclude_none=True)
        assert faults(profile(served, name=name))[:2] == (409, "profile-shipped")
        assert faults(served.as_("rcm").delete(f"/v1/profiles/{name}"))[:2] == (403, "not-your-office")


def test_a_name_that_an_office_took_before_it_was_shipped_stays_the_offices(served: Served):
    name, ours = next(iter(shipped().items()))
    assert profile(served).status_code == 201
    with served.node.db.write() as session:
        session.execute(update(KeptProfile).values(name=name, content=json.dumps({**PROFILE, "name": name})))
    with served.node.db.read() as session:
        assert profiles_for(session, CALLERS["pan"])[name].title.es == PROFILE["title"]["es"]
    assert served.as_("pan").get(f"/v1/profiles/{name}").json()["title"] == PROFILE["title"]
    assert served.as_("hnd").get(f"/v1/profiles/{name}").json()["title"] == ours.title.model_dump(exclude_none=True)
    assert served.as_("hnd").get(f"/v1/profiles/{name}", params={"version": ours.version + 1}).status_code == 404


def test_a_layout_that_an_older_node_took_and_this_one_cannot_read_stops_no_file_and_can_be_taken_back(served: Served):
    assert profile(served).status_code == 201
    with served.node.db.write() as session:
        session.execute(update(KeptProfile).values(content=json.dumps({**PROFILE, "layouts": [], "source": None})))
    with served.node.db.read() as session:
        assert profiles_for(session, CALLERS["pan"]) == shipped()
    assert served.as_("pan").get("/v1/profiles/pan-semanal").status_code == 404
    assert [row["name"] for row in listed(served, "profiles") if row["office"]] == ["pan-semanal"]
    assert served.as_("pan").delete("/v1/profiles/pan-semanal").json()["title"] == PROFILE["title"]
