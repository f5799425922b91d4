"""The twelve public cases: each is an alert, comes back as it was sent, and is related as a person would relate them."""

import pytest
from twelve import Json, cases, published, written

from app.alerts.correlation import ENOUGH, relate, words
from app.alerts.declare import VOCABULARIES
from app.alerts.seen import span_of
from app.directory.codes import vocabulary
from app.wire.alert_content import AlertContent

ALL = range(1, 13)
# By hand, from what the cases tell.
RELATED = {
    (1, 3): "South Asians by air to São Paulo, asylum requests to gain time, through Peru: the same business ten years on",
    (1, 4): "both lodge people in São Paulo and lead them through Peru and Darién, in the same years",
    (1, 5): "Nepalis, Indians, Bangladeshis; safe houses and relays through Ecuador, Colombia and Darién in the same years",
    (1, 7): "the same stretch from Ecuador to Darién, from guide to guide",
    (1, 9): "relays and safe houses for South Asians from Darién through Costa Rica",
    (1, 10): "the same relay from Panama through Costa Rica to Nicaragua, for Bangladeshis and Indians",
    (2, 7): "Chinese and Indians from Brazil into Colombia and on to Darién, in the same months of 2023",
    (3, 4): "from the airports of São Paulo to Acre and into Peru",
    (5, 7): "the corridor from Ipiales to Necoclí, documents of others, from hand to hand",
    (5, 9): "Nepalis and Bangladeshis by relay and safe house, before and behind Darién",
    (6, 7): "Chinese and Indians over the border of Ecuador and Colombia in the same years",
    (7, 10): "Afghans, Indians and Cubans by relay in the same years, on following stretches",
    (9, 10): "Panama, Costa Rica, Nicaragua; Bangladeshis and Cubans; one follows the other in time",
}
UNRELATED = {
    (8, 12): "help of officials at an airport for work in Costa Rica, and charters to Managua: no stretch, no method in common",
    (5, 12): "the gulf of Urabá by boat, and flights that avoid it",
    (4, 11): "East Africans with false visas, and Bangladeshis as seafarers: another way, other people",
    (8, 11): "an airport's officials, and speedboats with seafarer's papers",
    (1, 12): "only the end of the road to the United States, which all share",
    (9, 11): "Bangladeshis through Costa Rica are all that they share; other years, other means",
    (2, 8): "Chinese and Indians are all that they share",
    (3, 6): "Brazil and Bolivia, and San Andrés by plane",
}


def nearest(number: int) -> int:
    others = [other for other in ALL if other != number]
    return max(others, key=lambda other: relate(published(number), published(other)).score)


@pytest.mark.parametrize("number", ALL)
def test_a_case_goes_in_and_every_mapped_field_comes_back_equal(number: int):
    sent, content = written(cases()[f"case-{number:02}"]), published(number)
    AlertContent.model_validate(content)
    came_back = {name: content[name] for name in sent if name not in {"conference", "route", "fee"}}
    assert came_back == {name: value for name, value in sent.items() if name not in {"conference", "route", "fee"}}
    assert [{name: leg[name] for name in leg if name != "crossing"} for leg in content["route"]] == sent["route"]
    assert {name: value for name, value in content.get("fee", {}).items() if name != "band"} == sent.get("fee", {})


def test_what_is_derived_of_the_cases():
    # A1 is 90, A2 and B2 are 70; bands by the highest price: 27,000; 20,000; 10,000; none; 6,000; 3,000; none; 22,000; ...
    assert [published(number)["confidence"] for number in ALL] == [90, 70, 90, 70, 90, 70, 70, 90, 70, 70, 70, 70]
    assert [published(number).get("fee", {}).get("band") for number in ALL] == [
        *("20000_and_over", "20000_and_over", "10000_to_19999", None, "5000_to_9999", "1000_to_4999"),
        *(None, "20000_and_over", "20000_and_over", "1000_to_4999", "under_1000", "20000_and_over"),
    ]


def test_the_vocabularies_cover_the_cases_and_no_case_needs_a_word_of_ignorance():
    used = {(name, code) for number in ALL for name in VOCABULARIES for code in published(number)[name]}
    assert len(used) > 60
    assert {(name, code) for name, code in used if code not in vocabulary(VOCABULARIES[name]).terms} == set()
    assert not [code for _, code in used if code == "unknown"]


@pytest.mark.parametrize(("pair", "why"), RELATED.items(), ids=map(str, RELATED))
def test_two_cases_are_related_as_a_person_relates_them(pair: tuple[int, int], why: str):
    one, other = (published(number) for number in pair)
    assert relate(one, other).told, why


@pytest.mark.parametrize(("pair", "why"), UNRELATED.items(), ids=map(str, UNRELATED))
def test_two_cases_have_too_little_in_common(pair: tuple[int, int], why: str):
    one, other = (published(number) for number in pair)
    assert not relate(one, other).told, why


def test_no_other_two_cases_are_told_as_related():
    told = {(one, other) for one in ALL for other in ALL if one < other and relate(published(one), published(other)).told}
    assert told == set(RELATED)


def test_the_nearest_case_is_the_one_that_a_person_names_first():
    assert {number: nearest(number) for number in (3, 4, 5, 7)} == {3: 1, 4: 1, 5: 7, 7: 5}


def test_the_reasons_of_two_cases_are_what_they_share():
    found = relate(published(5), published(7))
    # Relay, others' identity, a look-alike's paper: 3 methods of 6. Ipiales, Necoclí, Darién: 3 places of 6. Two legs of 8. India: 3.
    assert [(reason.code, reason.weight, reason.shared) for reason in found.reasons] == [
        ("shared-methods", 18, ("modus_operandi:identity_fraud", "modus_operandi:relay_handover", "document_fraud:lookalike")),
        ("shared-places", 18, ("Darién (PAN)", "Ipiales (COL)", "Necoclí (COL)")),
        ("shared-legs", 16, ("COL–PAN", "ECU–COL")),
        ("shared-nationalities", 3, ("nationality:IND",)),
    ]
    assert (found.score, ENOUGH) == (55, 20)
    assert words(found.reasons[0], "es") == (
        "Ambas redes operan de estas maneras: Viaje con identidad ajena, Entrega de guía en guía, Documento de otra persona parecida. "
        "Pesa mucho."
    )
    assert words(found.reasons[3], "pt") == "As duas transportam pessoas destas nacionalidades: Índia. Isso pesa pouco."
    assert words(found.reasons[2], "en") == "Both routes have these legs: COL–PAN, ECU–COL. This weighs something."


def test_a_relation_is_the_same_from_both_sides():
    for one in ALL:
        for other in ALL:
            assert relate(published(one), published(other)) == relate(published(other), published(one))


def two(**same: object) -> tuple[Json, Json]:
    """Two alerts that share nothing but what is named."""
    lists = {name: [] for name in ("modus_operandi", "document_fraud", "recruitment", "payment", "nationalities", "route")}
    one = {**lists, "network_code": "KESTREL-07", "first_seen": "2017-01", "last_seen": "2017-03"}
    other = {**lists, "network_code": "KESTREL-08", "first_seen": "2019-01"}
    return one | same, other | same


def test_one_network_is_enough_alone_and_time_never_counts_alone():
    assert [(reason.code, reason.weight) for reason in relate(*two(network_code="KESTREL-07")).reasons] == [("shared-network", 50)]
    assert relate(*two(network_code="KESTREL-07")).told
    assert relate(*two(first_seen="2017-01", last_seen="2017-02")).reasons == ()
    with_time = relate(*two(first_seen="2017-01-31", last_seen="2017-02", nationalities=["NPL"]))
    assert [(reason.code, reason.weight, dict(reason.figures)) for reason in with_time.reasons] == [
        ("shared-time", 6, {"first": "2017-01", "last": "2017-02"}), ("shared-nationalities", 3, {})
    ]  # fmt: skip


def test_what_nobody_knows_is_shared_by_nobody_and_no_reason_grows_without_end():
    assert relate(*two(payment=["unknown"], recruitment=["unknown"], modus_operandi=["document_fraud"])).reasons == ()
    assert relate(*two(network_code=None)).reasons == ()
    route = [{"from": "COL", "to": end, "seq": 1} for end in ("PAN", "CRI", "NIC", "HND", "GTM", "MEX")]
    methods = ["safe_house", "night_boat", "concealment", "lookouts", "taxi_relay", "river_relay"]
    most = relate(*two(route=route, modus_operandi=methods, nationalities=["NPL", "IND", "BGD", "PAK", "AFG", "UZB"]))
    assert [(reason.code, reason.weight) for reason in most.reasons] == [
        ("shared-methods", 24), ("shared-legs", 16), ("shared-nationalities", 12)
    ]  # fmt: skip
    inside = [{"from": "COL", "to": "COL", "seq": 1}]
    assert relate(*two(route=inside)).reasons == ()


def test_a_month_is_all_its_days_and_a_day_is_itself():
    assert [day.isoformat() for day in span_of({"first_seen": "2024-02"})] == ["2024-02-01", "2024-02-29"]
    assert [day.isoformat() for day in span_of({"first_seen": "2023-11-05", "last_seen": "2023-12"})] == ["2023-11-05", "2023-12-31"]
    first, second = two(nationalities=["NPL"], last_seen="2017-03-15")
    assert relate(first, second | {"first_seen": "2017-03-16", "last_seen": "2017-04"}).score == 3
    assert relate(first, second | {"first_seen": "2017-03-15", "last_seen": "2017-04"}).score == 9
    assert relate(first, second | {"first_seen": "2017-03", "last_seen": "2017-04"}).score == 9
