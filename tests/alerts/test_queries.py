"""The list of alerts: each filter, the words of a search, every order, pages to the end, facets; expectations by hand over nine alerts."""

import itertools
from collections.abc import Callable
from datetime import datetime

import pytest
from alertbook import Json, faults_of, ids, publish, revise, told, withdraw
from drafts import alert, leg, price
from serving import Served

Names = list[str]
# Nine alerts by name; whatever is not said here they do not have.
BOOK: dict[str, Json] = {
    "uraba": alert(tlp="GREEN"),
    "darien": {
        "title": {"es": "Relevo por Darién", "en": "Relay through the jungle"},
        "summary": {"es": "Guías de São Paulo a Ipiales."},
        "network_code": "HERON-3",
        "severity": "critical",
        "source_reliability": "B",
        "information_credibility": 1,
        "first_seen": "2018-09-15",
        "last_seen": "2018-11",
        "nationalities": ["NPL", "ERI"],
        "route": [leg(1, "COL", "PAN", place="Bajo Chiquito"), leg(2, "PAN", "CRI", mode="bus")],
        "transport": ["bus", "foot"],
        "payment": ["hawala"],
        "tlp": "GREEN",
    },
    "acre": {
        "title": {"pt": "Rota do Acre"},
        "summary": {"pt": "Pedidos de refúgio e vistos falsos; tudo em dinheiro."},
        "recommendation": {"pt": "Conferir os vistos."},
        "severity": "low",
        "source_reliability": "C",
        "information_credibility": 3,
        "first_seen": "2019-06",
        "nationalities": ["SOM"],
        "route": [leg(1, "BRA", "PER", place="Assis Brasil", area="BR-AC")],
        "document_fraud": ["false_visa", "asylum_papers_abuse"],
        "transport": ["taxi"],
        "payment": ["payment_manager"],
        "fee": price(scope_note="ônibus e táxi"),
        "tlp": "GREEN",
    },
    "boats": {
        "title": {"en": "Night boats"},
        "summary": {"en": "Speedboats at night."},
        "network_code": "HERON-4",
        "severity": "moderate",
        "source_reliability": "A",
        "information_credibility": 1,
        "first_seen": "2018-11-30",
        "last_seen": "2019-02-01",
        "nationalities": ["BGD", "NPL"],
        "route": [leg(1, "COL", "PAN", mode="sea")],
        "modus_operandi": ["night_boat", "safe_house"],
        "transport": ["speedboat"],
        "payment": ["hawala"],
        "case_status": "closed",
        "tlp": "AMBER",
    },
    "air": {"title": {"es": "Vuelos"}, "summary": {"es": "Vuelos fletados."}, "severity": "low", "source_reliability": "E",
            "information_credibility": 5, "first_seen": "2024-02", "nationalities": ["IND"], "transport": ["charter_flight"], "tlp": "GREEN"},
    "south": {"title": {"es": "Aviso del sur"}, "summary": {"es": "Visto en Quito."}, "severity": "high", "source_reliability": "F",
              "information_credibility": 6, "first_seen": "2024-02-29", "conference": "SACM", "payment": ["hawala"], "tlp": "GREEN"},
    "pan": {"title": {"es": "Oficina de Panamá"}, "summary": {"es": "Visto en Yaviza."}, "severity": "moderate", "source_reliability": "D",
            "information_credibility": 2, "first_seen": "2024-03", "tlp": "AMBER", "audience": ["RCM"], "nationalities": ["NPL"]},
    "secret": {"title": {"es": "Urabá secreto"}, "summary": {"es": "Solo la secretaría."}, "severity": "critical", "source_reliability": "A",
               "information_credibility": 1, "first_seen": "2018-09", "nationalities": ["NPL"], "payment": ["hawala"],
               "network_code": "HERON-3", "tlp": "RED", "audience": ["RCM/secretariat"]},
    "gone": {"title": {"es": "Retirada"}, "summary": {"es": "Urabá otra vez."}, "severity": "high", "source_reliability": "A",
             "information_credibility": 1, "first_seen": "2018-09", "nationalities": ["NPL"], "tlp": "GREEN"},
}  # fmt: skip
WRITERS = {"south": "sacm", "pan": "pan"}
GREEN = ["uraba", "darien", "acre", "air", "south", "gone"]


@pytest.fixture(scope="module")
def book(standing: Served) -> dict[str, str]:
    """Their ids by name, in the order of publication."""
    documents = {name: publish_one(standing, name) for name in BOOK}
    withdraw(standing.as_("rcm"), documents["gone"])
    return {name: document["id"] for name, document in documents.items()}


def publish_one(served: Served, name: str) -> Json:
    answered = served.as_(WRITERS.get(name, "rcm")).post("/v1/alerts", json=BOOK[name])
    assert answered.status_code == 201, answered.text
    return answered.json()


@pytest.fixture
def found(standing: Served, book: dict[str, str]) -> Callable[..., Names]:
    names = {document_id: name for name, document_id in book.items()}
    return lambda who, **params: [names[each] for each in ids(standing.as_(who), **params)]


# For the amber analyst of the south: it sees what is GREEN and "boats".
FILTERS: list[tuple[Json, Names]] = [
    ({}, ["uraba", "darien", "acre", "boats", "air", "south", "gone"]),
    ({"nationality": "NPL"}, ["uraba", "darien", "boats"]),
    ({"nationality": "ERI,SO"}, ["darien", "acre"]),
    ({"nationality": ["IND", "ERI"]}, ["uraba", "darien", "air"]),
    ({"passes": "PAN"}, ["uraba", "darien", "boats"]),
    ({"passes": "CR"}, ["darien"]),
    ({"passes": "BRA,ECU"}, ["uraba", "acre"]),
    ({"network_code": "heron-3"}, ["darien"]),
    ({"network_code": "HERON-3,KESTREL-07"}, ["uraba", "darien"]),
    ({"modus_operandi": "safe_house"}, ["uraba", "boats"]),
    ({"modus_operandi": "night_boat"}, ["boats"]),
    ({"transport": "bus,taxi"}, ["darien", "acre"]),
    ({"document_fraud": "false_visa"}, ["acre"]),
    ({"payment": "hawala"}, ["darien", "boats", "south"]),
    ({"severity_min": "critical"}, ["darien"]),
    ({"severity_min": "high"}, ["uraba", "darien", "south"]),
    ({"severity_min": "moderate"}, ["uraba", "darien", "boats", "south"]),
    ({"severity_min": "low"}, ["uraba", "darien", "acre", "boats", "air", "south"]),
    ({"case_status": "closed"}, ["boats"]),
    ({"case_status": "open"}, ["uraba", "darien", "acre", "air", "south"]),
    # A month is all its days: 2018-09 ends on the 30th, 2018-11-30 begins on its day.
    ({"active_from": "2018-10-01"}, ["darien", "acre", "boats", "air", "south"]),
    ({"active_from": "2018-09-30"}, ["uraba", "darien", "acre", "boats", "air", "south"]),
    ({"active_from": "2018-12"}, ["acre", "boats", "air", "south"]),
    ({"active_from": "2024-02-29"}, ["air", "south"]),
    ({"active_from": "2024-03"}, []),
    ({"active_to": "2017-01"}, ["uraba"]),
    ({"active_to": "2016-12-31"}, []),
    ({"active_to": "2018-09-14"}, ["uraba"]),
    ({"active_to": "2018-09-15"}, ["uraba", "darien"]),
    ({"active_from": "2018-11-30", "active_to": "2018-11"}, ["darien", "boats"]),
    ({"active_from": "2019-02-02", "active_to": "2019-05-31"}, []),
    ({"origin": "SACM"}, ["south"]),
    ({"origin": "CRM"}, ["uraba", "darien", "acre", "boats", "air", "gone"]),
    ({"status": "withdrawn"}, ["gone"]),
    ({"tlp": "AMBER"}, ["boats"]),
    # Together they narrow.
    ({"nationality": "NPL", "payment": "hawala"}, ["darien", "boats"]),
    ({"passes": "PAN", "severity_min": "high", "active_to": "2018-09-14"}, ["uraba"]),
    ({"payment": "hawala", "origin": "SACM"}, ["south"]),
    ({"network_code": "HERON-3", "case_status": "closed"}, []),
    ({"q": "urabá", "nationality": "IND"}, ["uraba"]),
]


@pytest.mark.parametrize(("params", "names"), FILTERS, ids=[str(row[0]) for row in FILTERS])
def test_a_filter_narrows_and_two_narrow_together(found: Callable[..., Names], params: Json, names: Names):
    assert found("amber-analyst", **params) == names


WORDS: list[tuple[str, Names]] = [
    ("Urabá", ["uraba"]),
    ("URABA golfo", ["uraba"]),
    ("golfo Acre", []),
    # In a language that the reader did not ask for, in a place, in the note of a price, in the recommendation, in a network's code.
    ("jungle", ["darien"]),
    ("relevo jungle", ["darien"]),
    ("ipiales", ["uraba", "darien"]),
    ("bajo chiquito", ["darien"]),
    ("ONIBUS taxi", ["acre"]),
    ("conferir", ["acre"]),
    ("heron night", ["boats"]),
    ("heron", ["darien", "boats"]),
    ("Sao Paulo", ["darien"]),
    ("são PAULO", ["darien"]),
    # Part of a word, as it stands.
    ("chiqui", ["darien"]),
    ("speed night", ["boats"]),
    # What other searches take for any character stands for no letter: it parts words.
    ("vis%fals", ["acre"]),
    ("fals%vis_", ["acre"]),
    ("night_boats", ["boats"]),
    ("darien\\", ["uraba", "darien"]),
    ("'; DROP TABLE alert", []),
    ("secreto", []),
    ("retirada", []),
]


@pytest.mark.parametrize(("q", "names"), WORDS, ids=[row[0] for row in WORDS])
def test_a_search_finds_the_alerts_in_which_every_word_stands_whatever_its_case_and_accents(
    found: Callable[..., Names], q: str, names: Names
):
    assert found("amber-analyst", q=q) == names


def test_a_search_without_a_word_is_refused_and_finds_neither_everything_nor_nothing(standing: Served):
    for q in ("%", "_", "%_%", "  ", "--", "?", "\\"):
        assert faults_of(standing.as_("analyst").get("/v1/alerts", params={"q": q})) == (422, "invalid-query", [("q", "parameter-empty")])
    assert faults_of(standing.as_("analyst").get("/v1/alerts", params={"q": "a" * 301}))[2] == [("q", "text-too-long")]
    assert faults_of(standing.as_("analyst").get("/v1/alerts?q=a%00b"))[2] == [("q", "text-character")]


def test_each_caller_finds_what_it_may_see_and_counts_no_more(found: Callable[..., Names]):
    by_hand = {
        "rcm": ["uraba", "darien", "boats", "pan", "secret"],
        "sacm": ["uraba", "darien", "boats"],
        "pan": ["uraba", "darien", "boats", "pan"],
        "hnd": ["uraba", "darien", "boats", "pan"],
        "analyst": ["uraba", "darien"],
        "peer": ["uraba", "darien", "boats"],
    }
    assert {who: found(who, nationality="NPL") for who in by_hand} == by_hand
    assert (found("rcm", q="urabá"), found("sacm", q="urabá")) == (["uraba", "secret"], ["uraba"])


def test_an_operator_cannot_ask_of_a_body_that_it_may_not_read(standing: Served, book: dict[str, str]):
    """ "An operator sees envelopes, not bodies": what it may filter and sort by is in the envelope, else it could read by asking."""
    every = len(BOOK)
    assert told(standing.as_("operator"))["total"] == every
    assert ids(standing.as_("operator"), tlp="RED") == [book["secret"]]
    for params in (
        {"q": "secreto"},
        {"network_code": "HERON-3"},
        {"severity_min": "critical"},
        {"nationality": "ERI"},
        {"payment": "hawala"},
    ):
        answered = standing.as_("operator").get("/v1/alerts", params=params)
        assert answered.status_code == 403 or answered.json()["total"] in {0, every}, params
    for sort in ("severity", "-confidence", "first_seen"):
        answered = standing.as_("operator").get("/v1/alerts", params={"sort": sort})
        assert answered.status_code == 403 or [item["id"] for item in answered.json()["items"]] == list(book.values()), sort


# By hand, what each of the amber analyst's seven is sorted by; a withdrawn one says nothing and stands with nothing, or at its day.
SEVERITY = {"uraba": 2, "darien": 3, "acre": 0, "boats": 1, "air": 0, "south": 2, "gone": 0}
# A2 70, B1 75, C3 50, A1 90, E5 0, F6 50.
CONFIDENCE = {"uraba": 70, "darien": 75, "acre": 50, "boats": 90, "air": 0, "south": 50, "gone": 0}
FIRST = {"uraba": "2017-01-01", "darien": "2018-09-15", "acre": "2019-06-01", "boats": "2018-11-30", "air": "2024-02-01", "south": "2024-02-29", "gone": "9"}  # fmt: skip
LAST = {"uraba": "2018-09-30", "darien": "2018-11-30", "acre": "2019-06-30", "boats": "2019-02-01", "air": "2024-02-29", "south": "2024-02-29", "gone": "9"}  # fmt: skip
ORDERS = {"severity": SEVERITY, "confidence": CONFIDENCE, "first_seen": FIRST, "last_seen": LAST}


@pytest.mark.parametrize("name", ["severity", "confidence", "first_seen", "last_seen", "published_at", "reference"])
def test_an_order_holds_over_pages_to_the_end_both_ways(standing: Served, book: dict[str, str], name: str):
    reader = standing.as_("amber-analyst")
    listed = {item["id"]: item for item in told(reader, limit=7)["items"]}
    names = {document_id: each for each, document_id in book.items()}
    key = {each: (ORDERS[name][names[each]] if name in ORDERS else item[name], each) for each, item in listed.items()}
    for sort in (name, f"-{name}"):
        pages, cursor = [], None
        while not pages or cursor:
            page = told(reader, sort=sort, limit=4, **({"cursor": cursor} if cursor else {}))
            assert page["total"] == 7
            pages.append([item["id"] for item in page["items"]])
            cursor = page["next_cursor"]
        assert [len(page) for page in pages] == [4, 3]
        # Equals follow their id, in the same direction.
        assert list(itertools.chain(*pages)) == sorted(key, key=key.__getitem__, reverse=sort.startswith("-")), sort


def test_the_bounds_of_publication_are_out(found: Callable[..., Names], standing: Served, book: dict[str, str]):
    moment = told(standing.as_("rcm"), f"/v1/alerts/{book['acre']}")["published_at"]
    assert datetime.fromisoformat(moment).tzinfo
    assert found("amber-analyst", published_after=moment) == ["boats", "air", "south", "gone"]
    assert found("amber-analyst", published_before=moment) == ["uraba", "darien"]


def test_a_cursor_is_bound_to_its_question_and_to_the_rights_of_who_asks(standing: Served, book: dict[str, str]):
    reader = standing.as_("amber-analyst")
    cursor = told(reader, limit=2, sort="-severity")["next_cursor"]
    assert len(told(reader, limit=5, sort="-severity", cursor=cursor)["items"]) == 5
    for params in ({}, {"sort": "severity"}, {"sort": "-severity", "nationality": "NPL"}, {"sort": "-severity", "q": "a"}):
        refused = reader.get("/v1/alerts", params={"cursor": cursor, **params})
        assert faults_of(refused) == (
            422,
            "invalid-query" if refused.json()["code"] == "invalid-query" else "cursor-invalid",
            [("cursor", "cursor-invalid")],
        )
    for who, path in (
        ("rcm", "/v1/alerts"),
        ("amber-analyst", "/v1/bulletins"),
        ("amber-analyst", f"/v1/alerts/{book['uraba']}/sightings"),
    ):
        assert standing.as_(who).get(path, params={"cursor": cursor, "sort": "-severity"}).status_code == 422


WRONG: list[tuple[Json, str, str]] = [
    ({"nationalities": "NPL"}, "nationalities", "parameter-unknown"),
    ({"offset": 0}, "offset", "parameter-unknown"),
    ({"nationality": "NEPAL"}, "nationality", "code-unknown"),
    ({"passes": "_OASI"}, "passes", "code-unknown"),
    ({"modus_operandi": "safehouse"}, "modus_operandi", "code-unknown"),
    ({"payment": "hawala,cheque"}, "payment", "code-unknown"),
    ({"transport": ""}, "transport", "parameter-empty"),
    ({"document_fraud": "false_visa,"}, "document_fraud", "parameter-empty"),
    ({"severity_min": "grave"}, "severity_min", "code-unknown"),
    ({"case_status": "shut"}, "case_status", "code-unknown"),
    ({"sort": "title"}, "sort", "code-unknown"),
    ({"format": "xlsx"}, "format", "code-unknown"),
    ({"tlp": "GREY"}, "tlp", "code-unknown"),
    ({"origin": "ABC"}, "origin", "code-unknown"),
    ({"active_from": "2018-13"}, "active_from", "format"),
    ({"active_from": "2018"}, "active_from", "format"),
    ({"active_to": "2018-02-30"}, "active_to", "format"),
    ({"active_to": "20180201"}, "active_to", "format"),
    ({"active_to": "2018-W5"}, "active_to", "format"),
    ({"active_from": "-2018-1-1"}, "active_from", "format"),
    ({"published_after": "2021-01-01T00:00:00"}, "published_after", "format"),
    ({"limit": 0}, "limit", "out-of-range"),
    ({"limit": 1001}, "limit", "out-of-range"),
    ({"cursor": "x"}, "cursor", "cursor-invalid"),
]


def test_a_wrong_parameter_is_refused_by_name(standing: Served):
    for params, place, code in WRONG:
        refused = standing.as_("analyst").get("/v1/alerts", params=params)
        assert faults_of(refused) == (422, refused.json()["code"], [(place, code)]), params


def test_a_misspelt_parameter_or_code_is_answered_with_what_may_be_meant(standing: Served):
    for params, meant in (
        ({"modus_operandi": "safehouse"}, "safe_house"),
        ({"nationalty": "NPL"}, "nationality"),
        ({"sort": "title"}, "published_at"),
        ({"payment": "hawalla"}, "hawala"),
    ):
        (error,) = standing.as_("analyst").get("/v1/alerts", params=params).json()["errors"]
        assert meant in error["detail"], params


def test_facets_count_what_the_list_holds(standing: Served, book: dict[str, str]):
    for who, params in (("amber-analyst", {}), ("rcm", {"nationality": "NPL"}), ("analyst", {"q": "a", "severity_min": "low"}), ("pan", {"tlp": "AMBER"})):  # fmt: skip
        listed = [item for item in told(standing.as_(who), **params)["items"] if item["status"] == "published"]
        told_facets = told(standing.as_(who), "/v1/alerts/facets", **params)
        assert told_facets["total"] == len(listed)
        for name, facet in told_facets["facets"].items():
            counted: dict[str, int] = {}
            for item in listed:
                for code in values(item, name):
                    counted[code] = counted.get(code, 0) + 1
            ranked = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
            assert [(each["code"], each["count"]) for each in facet] == ranked, (who, name)
    facets = told(standing.as_("amber-analyst"), "/v1/alerts/facets")["facets"]
    # By hand, over the six that stand.
    assert [(each["code"], each["count"]) for each in facets["nationality"]] == [("NPL", 3), ("IND", 2), ("BGD", 1), ("ERI", 1), ("SOM", 1)]
    assert [(each["code"], each["count"]) for each in facets["passes"]] == [
        ("COL", 3),
        ("PAN", 3),
        ("BRA", 1),
        ("CRI", 1),
        ("ECU", 1),
        ("PER", 1),
    ]
    assert [(each["code"], each["count"]) for each in facets["tlp"]] == [("GREEN", 5), ("AMBER", 1)]
    assert [(each["code"], each["count"]) for each in facets["network_code"]] == [("HERON-3", 1), ("HERON-4", 1), ("KESTREL-07", 1)]


def values(document: Json, name: str) -> set[str]:
    """The codes of a list of a document."""
    if name == "nationality":
        return set(document["nationalities"])
    if name == "passes":
        return {each[end] for each in document["route"] for end in ("from", "to")}
    value = document.get(name)
    return set(value) if isinstance(value, list) else {value} - {None}


def test_facets_speak_the_reader_s_language_and_are_for_who_reads_bodies(standing: Served, book: dict[str, str]):
    labels = {}
    for language in ("en", "es", "pt"):
        answered = standing.as_("analyst").get("/v1/alerts/facets", headers={"Accept-Language": language})
        assert answered.headers["content-language"] == language
        labels[language] = [each["label"] for each in answered.json()["facets"]["nationality"] if each["code"] == "NPL"]
    assert labels == {"en": ["Nepal"], "es": ["Nepal"], "pt": ["Nepal"]}
    assert standing.as_("operator").get("/v1/alerts/facets").json()["code"] == "role-forbidden"
    for wrong in ("limit=5", "sort=severity", "cursor=x", "format=csv"):
        assert faults_of(standing.as_("analyst").get(f"/v1/alerts/facets?{wrong}"))[2] == [(wrong.split("=")[0], "parameter-unknown")]


def test_the_newest_version_alone_is_searched_and_counted(served: Served):
    first = publish(served.as_("rcm"), tlp="GREEN")
    second = revise(served.as_("rcm"), first, tlp="GREEN", title={"es": "Otra"}, nationalities=["ERI"], route=[leg(1, "BRA", "PER")])
    reader = served.as_("analyst")
    assert [ids(reader, **asked) for asked in ({"q": "golfo"}, {"nationality": "NPL"}, {"passes": "PAN"})] == [[], [], []]
    assert [ids(reader, **asked) for asked in ({"q": "otra"}, {"nationality": "ERI"}, {"passes": "PER"})] == [[second["id"]]] * 3
    facets = told(reader, "/v1/alerts/facets")
    assert (facets["total"], [each["code"] for each in facets["facets"]["nationality"]]) == (1, ["ERI"])
