"""The twelve public cases as alerts: a mapping table, by hand, from the words of the cases to the codes of the vocabularies."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from app.alerts.declare import declare
from app.wire.alert import AlertDraft

Json = dict[str, Any]

METHODS = {
    "safe_house": "modus_operandi safe_house",
    "relay_handover": "modus_operandi relay_handover",
    "document_fraud": "modus_operandi document_fraud",
    "identity_fraud": "modus_operandi identity_fraud",
    "asylum_claim_abuse": "modus_operandi asylum_claim_abuse",
    "bank_layering": "modus_operandi bank_layering",
    "river_relay": "modus_operandi river_relay",
    "package_pricing": "modus_operandi package_pricing",
    "online_recruitment": "recruitment social_media",
    "payment_manager": "payment payment_manager",
    "logistics_by_hotels_and_taxis": "modus_operandi hotel_taxi_logistics",
    "document_courier": "modus_operandi document_courier",
    "passport_retention": "modus_operandi passport_retention",
    "recruitment_at_place_of_worship": "recruitment place_of_worship",
    "armed_group_toll": "modus_operandi armed_group_toll",
    "domestic_flight_use": "modus_operandi domestic_flight_use",
    "night_boat": "modus_operandi night_boat",
    "modified_vehicles": "modus_operandi modified_vehicles",
    "official_corruption": "modus_operandi official_corruption",
    "labour_exploitation": "linked_crimes labour_exploitation",
    "concealment": "modus_operandi concealment",
    "false_employment": "document_fraud false_employment",
    "charter_flight": "modus_operandi charter_flight",
    "visa_free_entry_point": "modus_operandi visa_free_entry_point",
    "travel_agency_front": "modus_operandi travel_agency_front",
    "taxi_relay": "modus_operandi taxi_relay",
}
DOCUMENTS = {
    "false_travel_documents": "forged_document",
    "asylum_request_papers": "asylum_papers_abuse",
    "pedido_de_refugio": "asylum_papers_abuse",
    "documentos_falsos": "forged_document",
    "false_visas": "false_visa",
    "altered_passports": "altered_document",
    "documento_ajeno": "lookalike",
    "cedula_chilena_de_tercero": "lookalike",
    "documentos_alterados": "altered_document",
    "false_seafarer_papers": "false_seafarer_papers",
    "false_ship_documentation": "false_employment",
    "tourist_bookings": "false_booking",
}
TRANSPORT = {
    "commercial_flight": "commercial_flight",
    "bus": "bus",
    "foot": "foot",
    "river_crossing": "raft",
    "river_boat": "river_boat",
    "taxi": "taxi",
    "boat": "small_boat",
    "lancha": "small_boat",
    "vehículo": "road_vehicle",
    "vuelo_doméstico": "domestic_flight",
    "vehículo_modificado": "modified_vehicle",
    "land": "road_vehicle",
    "speedboat": "speedboat",
    "charter_flight": "charter_flight",
}
ROLES = {
    "organiser": "organiser",
    "hub_host": "safe_house_keeper",
    "local_guide": "guide",
    "driver": "driver",
    "lawyer": "lawyer",
    "recruiter": "recruiter",
    "boat_operator": "boat_operator",
    "aliciador": "recruiter",
    "agente_de_viagem": "travel_agent",
    "taxista": "taxi_operator",
    "hoteleiro": "hotel_keeper",
    "hotel_host": "hotel_keeper",
    "courier": "courier",
    "coordinador": "coordinator",
    "alojador": "safe_house_keeper",
    "lanchero": "boat_operator",
    "vendedor_de_paquetes": "package_seller",
    "conductor": "driver",
    "transportista": "driver",
    "receptor": "receiver",
    "organizador": "organiser",
    "funcionario": "corrupt_official",
    "abogado": "lawyer",
    "comerciante": "business_owner",
    "document_supplier": "document_supplier",
    "travel_agency": "travel_agent",
    "charter_broker": "charter_broker",
    "taxi_operator": "taxi_operator",
}
RISKS = {"kidnapping_threat": "kidnapping"}
RISKS |= {
    name: name
    for name in (
        *("river_drowning", "jungle_exposure", "desert_exposure", "debt_bondage", "sea_crossing", "shipwreck"),
        *("labour_exploitation", "extortion", "children_involved"),
    )
}
MODES = {"boat": "sea", "vehicle": "car", "charter": "air"} | {mode: mode for mode in ("air", "land", "foot", "bus", "river", "taxi")}
# An airport is a building: its town is written.  A State's initials behind a town become its ISO 3166-2 code.
PLACES = {
    "Assis Brasil (AC)": ("Assis Brasil", "BR-AC"),
    "Guajará-Mirim (RO)": ("Guajará-Mirim", "BR-RO"),
    "Rio Branco (AC)": ("Rio Branco", "BR-AC"),
    "Aeropuerto Juan Santamaría": ("Alajuela", "CR-A"),
}
# Which points a leg joins where the route is no plain line: two exits, three entrances, two corridors (number, from, to).
BRANCHES = {
    "case-03": [(1, 0, 0), (2, 0, 1), (2, 0, 3), (3, 1, 2), (3, 3, 4), (4, 2, 5), (4, 4, 5), (5, 5, 6)],
    "case-07": [(1, 0, 3), (1, 1, 4), (1, 2, 4), (2, 3, 4), (3, 4, 5)],
    "case-12": [(1, 0, 0), (1, 1, 1), (2, 1, 2), (2, 0, 3), (3, 2, 3), (4, 3, 4), (5, 4, 5), (6, 5, 6), (7, 6, 7)],
}
SCOPES = {"whole_route": "whole_route"}
# The cases give a number of persons; an alert gives its band.
BANDS = {
    "case-01": "100_to_499",
    "case-02": "10000_and_over",
    "case-07": "100_to_499",
    "case-08": "100_to_499",
    "case-09": "100_to_499",
    "case-10": "100_to_499",
    "case-11": "10_to_49",
    "case-12": "100_to_499",
}
# Ours: the cases do not say how grave they are.
SEVERITIES = {"case-05": "high", "case-06": "critical", "case-11": "low", "case-12": "high"}


@cache
def cases() -> dict[str, Json]:
    """The twelve cases as they were collected."""
    return {case["id"]: case for case in json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))["cases"]}


def written(case: Json) -> Json:
    """A case as its secretariat would send it."""
    listed: Json = {"document_fraud": [DOCUMENTS[word] for word in case["documents"]]}
    for word in case["modus_operandi"]:
        name, code = METHODS[word].split()
        listed.setdefault(name, []).append(code)
    alert = {
        "conference": case["suggested_issuer"],
        "title": {case["language"]: case["title"]},
        "summary": {case["language"]: case["summary"]},
        "severity": SEVERITIES.get(case["id"], "moderate"),
        "source_reliability": case["source_reliability"][0],
        "information_credibility": int(case["source_reliability"][1]),
        "first_seen": case["observed_from"],
        "last_seen": case["observed_to"],
        "nationalities": case["nationalities"],
        "route": route(case),
        "transport": [TRANSPORT[word] for word in case["transport"]],
        "roles": [ROLES[word] for word in case["network_roles"]],
        "risks": [RISKS[word] for word in case["risks"]],
        "tlp": case["handling"],
        **listed,
    }
    # Two words of a case may be one code.
    alert = {name: list(dict.fromkeys(value)) if name in {*listed, "roles", "transport"} else value for name, value in alert.items()}
    return alert | fee(case["fee"]) | ({"persons_band": BANDS[case["id"]]} if case["id"] in BANDS else {})


def route(case: Json) -> list[Json]:
    points = case["route"]
    line = [(1, 0, 0)] * bool(points[0]["place"])
    line += [(len(line) + index, index - 1, index) for index in range(1, len(points))]
    return [leg(number, points[start], points[end]) for number, start, end in BRANCHES.get(case["id"], line)]


def leg(number: int, start: Json, end: Json) -> Json:
    made = {"seq": number, "from": start["country"], "to": end["country"], "mode": MODES[end["mode"]]}
    if end["place"]:
        place, area = PLACES.get(end["place"], (end["place"], None))
        made |= {"place": place} | ({"area": area} if area else {})
    return made


def fee(price: Json) -> Json:
    if price["min"] is None:
        return {}
    scope = SCOPES.get(price["scope"], "leg")
    note = {} if scope == "whole_route" else {"scope_note": price["scope"]}
    return {"fee": {"currency": price["currency"], "min": price["min"], "max": price["max"], "scope": scope, **note}}


@cache
def published(number: int) -> Json:
    """A case's content in its published form."""
    sent = written(cases()[f"case-{number:02}"])
    return declare(AlertDraft.model_validate(sent), sent["conference"]).content(["RCM", "SACM"])
