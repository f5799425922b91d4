"""Alerts as files: CSV and NDJSON hold what the list holds, but what may not be passed on, and say that something is missing."""

import csv
import io
import json

import pytest
from alertbook import Json, faults_of, publish, revise, told, withdraw
from drafts import leg, price
from serving import Served

SEALED = {"salt", "digest", "signature"}
COLUMNS = (
    "tlp,handling,id,version,reference,origin,issuer,status,published_at,title,severity,case_status,network_code,source_reliability,"
    "information_credibility,confidence,first_seen,last_seen,nationalities,route,modus_operandi,document_fraud,transport,recruitment,payment,"
    "roles,risks,linked_crimes,fee_currency,fee_min,fee_max,fee_scope,fee_scope_note,fee_band,persons_band,related,review_by,retention_until,"
    "summary,recommendation"
)


@pytest.fixture(scope="module")
def book(standing: Served) -> dict[str, Json]:
    """Six alerts: one in two languages, one that a spreadsheet could take for a formula, one taken back, three not to be passed on."""
    rcm = standing.as_("rcm")
    full = {
        "title": {"es": "Red, de noche", "en": 'A "net"\nby night'},
        "summary": {"es": "Uno;dos"},
        "recommendation": {"pt": "Vigiar"},
        "nationalities": ["NPL", "ERI"],
        "route": [leg(1, "ECU", "COL", place="Ipiales"), leg(2, "COL", "PAN", area="PA-5", mode="foot"), leg(3, "PAN", "CRI", mode="bus")],
        "transport": ["bus", "foot"],
        "fee": price(scope_note="por tramo"),
        "persons_band": "100_to_499",
        "review_by": "2099-01-01",
        "retention_until": "2099-12-31",
        "handling": ["sanitised-only"],
        "tlp": "GREEN",
    }
    first = publish(rcm, **full)
    odd = publish(rcm, title={"es": "=1+1"}, summary={"es": "@ nadie"}, tlp="GREEN", related=[first["id"]], fee=None, network_code=None)
    kept = publish(rcm, tlp="GREEN", handling=["no_onward"], severity="critical")
    hidden = publish(rcm, tlp="RED", audience=["RCM/secretariat"], handling=["no-onward", "sanitised-only"])
    gone = withdraw(rcm, publish(rcm, tlp="GREEN"))
    lost = withdraw(rcm, publish(rcm, tlp="GREEN", handling=["no-onward"]))
    after = publish(standing.as_("sacm"), tlp="GREEN", related=[kept["id"], odd["id"]])
    return {"first": first, "odd": odd, "kept": kept, "hidden": hidden, "gone": gone, "lost": lost, "after": after}


def file(served: Served, who: str, form: str, language: str = "en", **params: object) -> tuple[list[Json], str, str | None]:
    """Records, last line and the header of a file."""
    answered = served.as_(who).get("/v1/alerts", params={"format": form, **params}, headers={"Accept-Language": language})
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-disposition"] == f'attachment; filename="alerts.{form}"'
    left = answered.headers.get("istmo-left-out")
    if form == "ndjson":
        lines = answered.text.splitlines()
        records = [json.loads(line) for line in lines]
        return (records[:-1] if left else records), lines[-1] if lines else "", left
    rows = list(csv.reader(io.StringIO(answered.content.decode("utf-8"), newline="")))
    assert ",".join(rows[0]) == COLUMNS
    records = [dict(zip(rows[0], row, strict=True)) for row in (rows[1:-1] if left else rows[1:])]
    return records, ",".join(rows[-1]), left


def test_ndjson_holds_the_list_record_by_record_but_what_may_not_be_passed_on(standing: Served, book: dict[str, Json]):
    for who, missing in (("analyst", "no-onward=2"), ("rcm", "no-onward=3")):
        listed = {item["id"]: item for item in told(standing.as_(who))["items"]}
        assert len(listed) == (6 if who == "analyst" else 7)
        records, last, left = file(standing, who, "ndjson")
        assert (left, json.loads(last)) == (missing, {"left_out": [missing]})
        wanted = []
        for name in ("first", "odd", "gone", "after"):
            item = {key: value for key, value in listed[book[name]["id"]].items() if key not in SEALED}
            # An id that the file does not hold is not named in it.
            related = {"related": [book["odd"]["id"]]} if name == "after" else {}
            wanted.append(item | related)
        assert records == wanted
        assert wanted[3]["related"] != listed[book["after"]["id"]]["related"]
        assert not [name for name in ("kept", "hidden", "lost") if book[name]["id"] in json.dumps(records)]


def test_csv_holds_the_same_flattened_with_marking_and_handling_first(standing: Served, book: dict[str, Json]):
    rows, last, left = file(standing, "analyst", "csv", "es")
    assert ([row["id"] for row in rows], left, last) == (
        [book[name]["id"] for name in ("first", "odd", "gone", "after")],
        "no-onward=2",
        "# left out: no-onward=2",
    )
    first, odd, gone, after = rows
    by_hand = {
        "tlp": "GREEN", "handling": "sanitised-only", "version": "1", "origin": "RCM", "issuer": "RCM/secretariat", "status": "published",
        "title": "Red, de noche", "severity": "high", "case_status": "open", "network_code": "KESTREL-07", "source_reliability": "A",
        "information_credibility": "2", "confidence": "70", "first_seen": "2017-01", "last_seen": "2018-09", "nationalities": "NPL ERI",
        "route": "1 ECU>COL Ipiales; 2 COL>PAN PA-5; 3 PAN>CRI", "modus_operandi": "safe_house", "transport": "bus foot", "payment": "",
        "fee_currency": "USD", "fee_min": "2500", "fee_max": "6000", "fee_scope": "leg", "fee_scope_note": "por tramo",
        "fee_band": "5000_to_9999", "persons_band": "100_to_499", "related": "", "review_by": "2099-01-01", "retention_until": "2099-12-31",
        "summary": "Uno;dos", "recommendation": "Vigiar",
    }  # fmt: skip
    assert {name: first[name] for name in by_hand} == by_hand
    assert {name: first[name] for name in ("id", "reference", "published_at")} == {
        name: book["first"][name] for name in ("id", "reference", "published_at")
    }
    # What a spreadsheet would run is text; what an alert does not say is an empty cell.
    assert (odd["title"], odd["summary"], odd["related"]) == ("'=1+1", "'@ nadie", book["first"]["id"])
    assert {odd[name] for name in odd if name.startswith("fee_")} | {odd["network_code"], odd["persons_band"]} == {""}
    assert (gone["status"], gone["version"], gone["reference"], gone["tlp"]) == ("withdrawn", "2", book["gone"]["reference"], "GREEN")
    assert {gone[name] for name in ("title", "severity", "confidence", "summary", "route", "network_code")} == {""}
    assert (after["origin"], after["related"]) == ("SACM", book["odd"]["id"])
    titles = {language: file(standing, "analyst", "csv", language)[0][0]["title"] for language in ("en", "pt")}
    assert titles == {"en": 'A "net"\nby night', "pt": 'A "net"\nby night'}


def test_a_file_narrows_and_sorts_as_the_list_does_and_tells_only_of_what_it_would_hold(standing: Served, book: dict[str, Json]):
    for params, names, missing in (
        ({"nationality": "ERI"}, ["first"], None),
        ({"severity_min": "critical"}, [], "no-onward=1"),
        ({"sort": "-published_at", "status": "published"}, ["after", "odd", "first"], "no-onward=1"),
        ({"tlp": "GREEN", "origin": "SACM"}, ["after"], None),
        ({"q": "nadie"}, ["odd"], None),
    ):
        for form in ("csv", "ndjson"):
            records, _, left = file(standing, "analyst", form, **params)
            assert ([each["id"] for each in records], left) == ([book[name]["id"] for name in names], missing), (params, form)
    # Of what the caller may not see nothing is said, also where it asks for that marking.
    assert file(standing, "analyst", "ndjson", tlp="RED")[::2] == ([], "tlp")
    assert file(standing, "rcm", "ndjson", tlp="RED")[::2] == ([], "no-onward=1, tlp")
    assert file(standing, "analyst", "csv", nationality="SOM") == ([], COLUMNS, None)
    assert standing.as_("analyst").get("/v1/alerts?format=ndjson&nationality=SOM").content == b""


def test_a_file_holds_everything_unless_it_is_limited(standing: Served, book: dict[str, Json]):
    for limit, names in ((1, ["first"]), (2, ["first", "odd"]), (1000, ["first", "odd", "gone", "after"])):
        records, _, left = file(standing, "analyst", "ndjson", limit=limit)
        assert ([each["id"] for each in records], left) == ([book[name]["id"] for name in names], "no-onward=2")
    assert faults_of(standing.as_("analyst").get("/v1/alerts?format=csv&limit=1001"))[2] == [("limit", "out-of-range")]
    cursor = told(standing.as_("analyst"), limit=1)["next_cursor"]
    assert faults_of(standing.as_("analyst").get(f"/v1/alerts?format=csv&cursor={cursor}"))[:2] == (422, "cursor-invalid")
    assert faults_of(standing.as_("operator").get("/v1/alerts?format=csv"))[:2] == (403, "role-forbidden")


def test_a_file_is_asked_for_by_parameter_or_by_accept(standing: Served, book: dict[str, Json]):
    forms = {
        "application/json": "application/json",
        "text/csv": "text/csv; charset=utf-8; header=present",
        "application/x-ndjson": "application/x-ndjson",
        "text/csv;q=0.5, application/json": "application/json",
        "*/*": "application/json",
    }
    for accept, wanted in forms.items():
        answered = standing.as_("analyst").get("/v1/alerts", headers={"Accept": accept})
        assert answered.headers["content-type"] == wanted, accept
    assert standing.as_("analyst").get("/v1/alerts?format=csv", headers={"Accept": "application/json"}).text.startswith("tlp,handling,id,")
    assert standing.as_("analyst").get("/v1/alerts", headers={"Accept": "image/png"}).status_code == 406


def test_a_cache_is_told_that_the_form_depends_on_what_was_asked_for(standing: Served, book: dict[str, Json]):
    for accept in ("application/json", "text/csv", "application/x-ndjson"):
        vary = standing.as_("analyst").get("/v1/alerts", headers={"Accept": accept}).headers["vary"]
        assert {"Authorization", "Accept"} <= set(vary.split(", ")), accept


def test_what_may_not_be_passed_on_is_on_the_screen_and_in_the_feed(standing: Served, book: dict[str, Json]):
    reader, document = standing.as_("analyst"), book["kept"]
    assert told(reader, f"/v1/alerts/{document['id']}")["handling"] == ["no-onward"]
    assert document["id"] in {item["id"] for item in told(reader, "/v1/changes")["items"] if item["document"]}
    assert document["id"] in {item["id"] for item in told(reader, f"/v1/alerts/{book['after']['id']}/related")["items"]}
    assert told(reader, "/v1/alerts/facets", severity_min="critical")["total"] == 1


def test_a_file_is_fresh_until_something_changes_that_its_reader_may_see(served: Served):
    document = publish(served.as_("rcm"), tlp="GREEN")
    reader = served.as_("analyst")
    tags = {form: reader.get("/v1/alerts", params={"format": form}).headers["etag"] for form in ("json", "csv", "ndjson")}
    assert len(set(tags.values())) == 3
    publish(served.as_("rcm"), tlp="RED", audience=["RCM/secretariat"], handling=["no-onward"])
    for form, tag in tags.items():
        answered = reader.get("/v1/alerts", params={"format": form}, headers={"If-None-Match": tag})
        assert (answered.status_code, answered.content, answered.headers["etag"]) == (304, b"", tag)
    revise(served.as_("rcm"), document, tlp="GREEN", handling=["no-onward"])
    for form, tag in tags.items():
        answered = reader.get("/v1/alerts", params={"format": form}, headers={"If-None-Match": tag})
        assert (answered.status_code, answered.headers.get("istmo-left-out")) == (200, None if form == "json" else "no-onward=1")
