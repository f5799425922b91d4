"""The vocabularies of alerts: complete, defined in three languages, and never without a code that was published once."""

import re

import pytest

from app.core.catalogue import LANGUAGES
from app.directory.codes import Term, vocabulary
from app.wire.codes import Severity

# What version 1 published.  A code may be added or marked as deprecated; none of these ever goes.
PUBLISHED = {
    "severity": "low moderate high critical",
    "source_reliability": "A B C D E F",
    "information_credibility": "1 2 3 4 5 6",
    "case_status": "open closed",
    "leg_mode": "land river sea air foot bus car taxi truck rail motorcycle animal unknown",
    "crossing": "official unofficial unknown",
    "fee_scope": "leg whole_route unknown",
    "fee_band": "under_1000 1000_to_4999 5000_to_9999 10000_to_19999 20000_and_over",
    "persons_band": "under_10 10_to_49 50_to_99 100_to_499 500_to_999 1000_to_9999 10000_and_over unknown",
    "opinion": "strongly_disagree disagree neutral agree strongly_agree",
    "modus_operandi": (
        "safe_house relay_handover document_fraud identity_fraud asylum_claim_abuse passport_retention official_corruption charter_flight "
        "domestic_flight_use visa_free_entry_point package_pricing armed_group_toll modified_vehicles concealment night_boat river_relay "
        "taxi_relay hotel_taxi_logistics document_courier bank_layering travel_agency_front remote_guidance checkpoint_avoidance lookouts"
    ),
    "document_fraud": (
        "forged_document altered_document lookalike blank_stolen false_visa fraudulent_visa visa_free_abuse false_stamp false_employment "
        "false_seafarer_papers false_marriage false_civil_record false_booking false_invitation asylum_papers_abuse corrupt_issuance"
    ),
    "transport": (
        "commercial_flight domestic_flight charter_flight bus taxi private_vehicle modified_vehicle road_vehicle truck_concealed "
        "motorcycle rail river_boat raft small_boat speedboat sea_vessel animal foot"
    ),
    "recruitment": (
        "social_media messaging_app travel_agency diaspora word_of_mouth family origin_recruiter transit_point place_of_worship "
        "false_job_offer false_study_offer unknown"
    ),
    "payment": (
        "cash money_transfer bank_transfer mobile_money hawala cryptocurrency third_party_guarantee payment_manager instalments "
        "on_arrival debt_labour property unknown"
    ),
    "network_role": (
        "organiser coordinator recruiter package_seller guide driver taxi_operator boat_operator safe_house_keeper hotel_keeper receiver "
        "travel_agent charter_broker document_supplier courier money_handler business_owner lawyer corrupt_official lookout enforcer"
    ),
    "risk": (
        "kidnapping extortion sexual_violence armed_violence river_drowning sea_crossing shipwreck jungle_exposure desert_exposure "
        "cold_altitude suffocation road_accident abandonment debt_bondage labour_exploitation children_involved children_alone "
        "documents_withheld"
    ),
    "linked_crime": (
        "trafficking_in_persons labour_exploitation sexual_exploitation organised_crime money_laundering corruption document_forgery "
        "drug_trafficking arms_trafficking kidnapping extortion homicide contraband illegal_mining"
    ),
}
# Words that are of one language alone; a definition in another one was left untranslated.
SPANISH = re.compile(r"[ñ¿¡]|\b(?:el|los|las|del|una|y|hay)\b", re.IGNORECASE)
PORTUGUESE = re.compile(r"[ãõçâêôà]|\b(?:não|um|uma|ao|pelo|pela|em|ou|com)\b", re.IGNORECASE)


def terms(name: str) -> list[Term]:
    return list(vocabulary(name).terms.values())


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_code_is_never_removed(name: str):
    assert set(PUBLISHED[name].split()) <= set(vocabulary(name).terms)
    # A code that is added comes with a higher version.
    assert vocabulary(name).version > 1 or set(PUBLISHED[name].split()) == set(vocabulary(name).terms)


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_code_is_defined_in_one_line_of_each_language(name: str):
    for term in terms(name):
        assert term.definitions is not None
        assert set(term.definitions) == set(LANGUAGES), term.code
        assert all(re.fullmatch(r"[^\n]{10,200}\.", text) for text in term.definitions.values()), term.code
        assert len(set(term.definitions.values())) == 3, term.code
        assert SPANISH.search(term.definitions["pt"]) is None, term.code
        assert PORTUGUESE.search(term.definitions["es"]) is None, term.code
    for language in LANGUAGES:
        assert len({term.definitions[language] for term in terms(name) if term.definitions}) == len(terms(name))


def test_a_deprecated_code_says_so_and_nothing_else_is_said_of_a_term():
    said = {key: value for name in PUBLISHED for term in terms(name) for key, value in term.attributes.items()}
    assert set(said) <= {"deprecated"}
    assert all(value is True for value in said.values())


def test_smuggling_and_trafficking_are_never_taken_for_each_other():
    # Spanish "tráfico de migrantes" is smuggling, Portuguese "tráfico de pessoas" is trafficking.
    labels = vocabulary("linked_crime").terms["trafficking_in_persons"].labels
    assert (labels["es"], labels["pt"]) == ("Trata de personas", "Tráfico de pessoas")


def test_severities_rise_in_the_order_of_the_list():
    assert [Severity(code).rank for code in vocabulary("severity").terms] == [0, 1, 2, 3]
