"""What is wrong with an alert is found all at once, each fault by code and pointer."""

import json
from importlib import resources
from typing import Any

import pytest
from drafts import alert, faults, found, leg, price
from pydantic import ValidationError

from app.alerts.currencies import currencies
from app.alerts.declare import declare
from app.alerts.route import passed
from app.core.parsing import parse
from app.core.problems import Problem
from app.wire.alert import AlertDraft
from app.wire.alert_content import AlertContent
from app.wire.strict_json import BodyError, loads


def test_an_alert_that_is_right_has_no_fault():
    assert faults(alert()) == []


def test_the_worked_example_is_an_alert_and_its_content_fits_the_published_form():
    shown = json.loads(resources.files("app.web").joinpath("examples", "AlertDraft.json").read_text("utf-8"))["uraba_corridor"]["value"]
    content = declare(AlertDraft.model_validate(shown), "SACM").content(["RCM", "SACM"])
    AlertContent.model_validate(content)
    assert set(AlertDraft.model_fields) - set(shown) == {"id", "related", "case_status", "audience", "mandate", "lang", "publish_at"}
    assert {name: content[name] for name in shown if name not in {"conference", "route", "fee"}} == {
        name: value for name, value in shown.items() if name not in {"conference", "route", "fee"}
    }
    assert (content["confidence"], content["fee"]["band"], content["origin"]) == (70, "5000_to_9999", "SACM")


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"last_seen": "2016-12"}, "days-reversed", "/last_seen"),
    ({"first_seen": "2018-10-01"}, "days-reversed", "/last_seen"),
    ({"review_by": "2027-02-01", "retention_until": "2027-01-31"}, "days-reversed", "/retention_until"),
    ({"fee": price(min=6001)}, "fee-reversed", "/fee/max"),
    ({"fee": price(currency="USS")}, "code-unknown", "/fee/currency"),
    ({"fee": price(currency="XAU")}, "code-unknown", "/fee/currency"),
    ({"title": {}}, "text-missing", "/title"),
    ({"summary": {"es": None}}, "text-missing", "/summary"),
    ({"recommendation": {}}, "text-missing", "/recommendation"),
    ({"network_code": "Juan Perez"}, "network-code-name", "/network_code"),
    ({"network_code": "kestrel"}, "network-code-form", "/network_code"),
    ({"nationalities": ["NPL", "_OASI"]}, "code-unknown", "/nationalities/1"),
    ({"nationalities": ["NPL", "NP"]}, "code-repeated", "/nationalities/1"),
    ({"modus_operandi": ["safe_house", "cash"]}, "code-unknown", "/modus_operandi/1"),
    ({"document_fraud": ["Forged document"]}, "code-unknown", "/document_fraud/0"),
    ({"transport": ["bus", "bus"]}, "code-repeated", "/transport/1"),
    ({"recruitment": ["cash"]}, "code-unknown", "/recruitment/0"),
    ({"payment": ["social_media"]}, "code-unknown", "/payment/0"),
    ({"roles": ["operator"]}, "code-unknown", "/roles/0"),
    ({"risks": ["safe_house"]}, "code-unknown", "/risks/0"),
    ({"linked_crimes": ["smuggling"]}, "code-unknown", "/linked_crimes/0"),
    ({"handling": ["no-onwards"]}, "code-unknown", "/handling/0"),
    ({"persons_band": "200"}, "code-unknown", "/persons_band"),
    ({"related": ["019aa4f0-6f80-7c3e-9a51-2d0c6a5f1b11"] * 2}, "code-repeated", "/related/1"),
    ({"summary": dict.fromkeys(["es", "pt", "en"], "a" * 20_000), "recommendation": {"es": "b" * 4_000}}, "text-too-long", ""),
    ({"route": [leg(1, "ECU", "COL"), leg(2, "PAN", "CRI")]}, "leg-not-joined", "/route/1/from"),
    ({"route": [leg(1, "ECU", "COL"), leg(3, "COL", "PAN")]}, "leg-number-missing", "/route/1/seq"),
    ({"route": [leg(2, "ECU", "COL")]}, "leg-number-missing", "/route/0/seq"),
    ({"route": [leg(1, "ECU", "XXA")]}, "code-unknown", "/route/0/to"),
    ({"route": [leg(1, "ecu", "COL")]}, "code-unknown", "/route/0/from"),
    ({"route": [leg(1, "ECU", "QQQ"), leg(2, "COL", "PAN")]}, "code-unknown", "/route/0/to"),
    ({"route": [leg(1, "ECU", "COL"), leg(2, "QQQ", "PAN")]}, "code-unknown", "/route/1/from"),
    ({"route": [leg(1, "ECU", "COL", mode="walk")]}, "code-unknown", "/route/0/mode"),
    ({"route": [leg(1, "ECU", "COL", area="PE-LIM")]}, "area-elsewhere", "/route/0/area"),
]


@pytest.mark.parametrize(("changes", "code", "pointer"), WRONG, ids=[f"{code} {pointer}" for _, code, pointer in WRONG])
def test_a_fault_is_named_where_it_is(changes: dict[str, Any], code: str, pointer: str):
    assert faults(alert(**changes)) == [(code, pointer)]


def test_all_faults_are_told_at_once_under_the_place_of_the_alert_in_its_batch():
    wrong = alert(last_seen="2016-12", network_code="Juan Perez", fee=price(currency="USS", min=7000), risks=["x"], title={})
    told = {(finding.code, finding.pointer) for finding in found(wrong, "alerts", 3)}
    assert told == {
        ("days-reversed", "/alerts/3/last_seen"),
        ("network-code-name", "/alerts/3/network_code"),
        ("code-unknown", "/alerts/3/fee/currency"),
        ("fee-reversed", "/alerts/3/fee/max"),
        ("code-unknown", "/alerts/3/risks/0"),
        ("text-missing", "/alerts/3/title"),
    }
    with pytest.raises(Problem) as refused:
        declare(AlertDraft.model_validate(wrong), "RCM", ("alerts", 3))
    assert (refused.value.code, len(refused.value.findings)) == ("invalid-document", 6)


def test_a_hostile_alert_is_answered_with_a_hundred_faults_and_no_more():
    legs = [leg(number + 1, f"Z{number}", f"Y{number}") for number in range(60)]
    told = found(alert(nationalities=[f"Q{number}" for number in range(120)], route=legs))
    assert [finding.pointer for finding in told] == [f"/nationalities/{number}" for number in range(100)]


def test_a_refusal_never_holds_what_was_sent():
    wrong = alert(network_code="Juan Perez", risks=["zzz-risk"], fee=price(currency="QQQ"), route=[leg(1, "QQA", "COL", place="Calle 9")])
    assert len(found(wrong)) == 5
    shown = " ".join(str((finding.pointer, dict(finding.params))) for finding in found(wrong))
    assert not [text for text in ("Juan", "zzz", "QQQ", "QQA", "Calle") if text in shown]


@pytest.mark.parametrize(
    ("first", "last"),
    [("2018-05-31", "2018-05"), ("2018-05", "2018-05-01"), ("2018-05", "2018-05"), ("2024-02-29", "2024-02"), ("2018-12-31", "2019-01-01")],
)
def test_a_month_and_a_day_in_it_are_in_order(first: str, last: str):
    assert faults(alert(first_seen=first, last_seen=last)) == []


@pytest.mark.parametrize("text", ["2018-13", "2018-02-30", "2018", "2018-W05", "18-05", "2018-5", "2018-05-1", "", 201805])
def test_what_is_no_month_and_no_day_is_refused(text: object):
    with pytest.raises(ValidationError):
        AlertDraft.model_validate(alert(first_seen=text))


# What the wire itself refuses, as the caller is told.
@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"fee": {"currency": "USD", "min": 1, "max": 2}}, "field-missing", "/fee/scope"),
        ({"fee": price(min=-1)}, "out-of-range", "/fee/min"),
        ({"fee": price(max=2**31)}, "out-of-range", "/fee/max"),
        ({"reference": "RCM-2026-7KQ2M"}, "field-unknown", "/reference"),
        ({"confidence": 90}, "field-unknown", "/confidence"),
        ({"fee": price(band="under_1000")}, "field-unknown", "/fee/band"),
        ({"severity": "grave"}, "code-unknown", "/severity"),
        ({"source_reliability": "G"}, "code-unknown", "/source_reliability"),
        ({"information_credibility": 7}, "out-of-range", "/information_credibility"),
        ({"information_credibility": 0}, "out-of-range", "/information_credibility"),
        ({"case_status": "shut"}, "code-unknown", "/case_status"),
        ({"route": [leg(0, "ECU", "COL")]}, "out-of-range", "/route/0/seq"),
        ({"route": [{"seq": 1, "to": "COL", "mode": "land"}]}, "field-missing", "/route/0/from"),
        ({"route": [leg(1, "ECU", "COL", crossing="secret")]}, "code-unknown", "/route/0/crossing"),
        ({"route": [leg(1, "ECU", "COL", latitude=8.6)]}, "field-unknown", "/route/0/latitude"),
        ({"route": [leg(1, "ECU", "COL")] * 61}, "list-too-long", "/route"),
        ({"title": {"es": "a\u202eb"}}, "text-character", "/title/es"),
        ({"summary": None}, "field-missing", "/summary"),
    ],
)
def test_what_the_form_alone_refuses(changes: dict[str, Any], code: str, pointer: str):
    with pytest.raises(Problem) as refused:
        parse(AlertDraft, alert(**changes))
    assert [(finding.code, finding.pointer) for finding in refused.value.findings] == [(code, pointer)]


def test_legs_of_one_number_are_alternatives_and_one_of_them_is_joined():
    two_ways = [leg(1, "ECU", "COL"), leg(1, "VEN", "BRA"), leg(2, "COL", "PAN"), leg(2, "BRA", "PER"), leg(3, "PAN", "CRI")]
    assert faults(alert(route=two_ways)) == []
    assert faults(alert(route=[*two_ways, leg(3, "COL", "PAN")])) == [("leg-not-joined", "/route/5/from")]
    assert faults(alert(route=list(reversed(two_ways)))) == []


def test_a_route_passes_through_every_state_that_a_leg_touches():
    sent = alert(route=[leg(1, "EC", "COL"), leg(1, "VEN", "COL"), leg(2, "COL", "COL", place="Turbo"), leg(3, "COL", "PAN")])
    assert passed(declare(AlertDraft.model_validate(sent), "RCM").content([])["route"]) == ("ECU", "COL", "VEN", "PAN")
    assert passed([]) == ()


def test_two_letter_codes_are_read_and_three_letter_codes_are_kept():
    sent = alert(nationalities=["NA", "XXA", "NP"], route=[leg(1, "EC", "CO", area="CO-NAR")], handling=["no_onward"])
    content = declare(AlertDraft.model_validate(sent), "RCM").content([])
    assert content["nationalities"] == ["NAM", "XXA", "NPL"]
    assert [(one["from"], one["to"]) for one in content["route"]] == [("ECU", "COL")]
    assert content["handling"] == ["no-onward"]


def test_an_alert_is_amber_and_open_unless_it_says_otherwise():
    content = declare(AlertDraft.model_validate(alert()), "RCM").content(["RCM", "SACM"])
    assert (content["tlp"], content["case_status"], content["audience"], content["kind"]) == ("AMBER", "open", ["RCM", "SACM"], "alert")
    assert content["route"][0]["crossing"] == "unknown"
    assert not {"id", "conference", "reason", "publish_at"} & set(content)


def test_the_currencies_of_both_regions_are_known_and_nothing_that_is_no_money():
    # The members' own currencies, written down by hand; ECU, SLV and PAN use the dollar.
    own = "BZD CAD CRC DOP USD GTQ HNL MXN NIO PAB ARS BOB BRL CLP COP GYD PYG PEN SRD UYU VES EUR"
    none = "XAU XAG XXX XTS XDR CLF MXV COU BOV UYI ECU ECS ZZZ"
    assert set(own.split()) <= currencies()
    assert not set(none.split()) & currencies()
    assert len(currencies()) == 168
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in currencies())


def test_two_colours_in_one_body_are_refused():
    # Case B007: an alert has exactly one colour.
    body = json.dumps(alert(tlp="RED")).replace('"tlp": "RED"', '"tlp": "RED", "tlp": "GREEN"')
    with pytest.raises(BodyError) as refused:
        loads(body.encode())
    assert [(finding.code, finding.pointer) for finding in refused.value.findings] == [("repeated-key", "/tlp")]
    for colours in (["RED", "GREEN"], "RED,GREEN", None, ""):
        with pytest.raises(Problem):
            parse(AlertDraft, alert() | {"tlp": colours})
