"""The items of one batch are prepared in order, each seeing the earlier as released: what one withholds stays withheld in the next."""

import pytest
from bodies import Body, bulletin, by_nationality, cells, codes_of
from serving import Served

from app.disclosure.check_certificate import faults


def table(women: int | None) -> list[Body]:
    """Somalia's women as given, None masked at source, beside 40 men and others that are safe to show."""
    somalia: Body = {"nationality": "SOM", "sex": "F", "value": women}
    first = somalia | ({"value_status": "masked"} if women is None else {})
    others = [("SOM", "M", 40), ("VEN", "F", 50), ("VEN", "M", 60), ("NPL", "F", 70), ("NPL", "M", 80)]
    return [first, *({"nationality": code, "sex": sex, "value": value} for code, sex, value in others)]


def published(served: Served, *items: Body) -> list[Body]:
    answer = served.as_("rcm").post("/v1/bulletins/batch", json={"bulletins": items})
    assert answer.status_code == 201, answer.text
    return [served.as_("analyst").get(f"/v1/bulletins/{receipt['id']}").json() for receipt in answer.json()["bulletins"]]


def withheld(document: Body) -> set[tuple[str, str]]:
    return {(cell["nationality"], cell["sex"]) for cell in document["cells"] if cell["value"] is None}


@pytest.mark.parametrize("women", [3, None], ids=["small", "masked"])
def test_what_an_item_withholds_stays_withheld_in_the_next_of_its_flow_and_period(served: Served, women: int | None):
    """Another publisher counts 45 women, who could be shown: their cell is closed since the first item."""
    first, second = published(served, bulletin(cells=table(women)), bulletin(publisher="PAN-OTHER", cells=table(45)))
    assert ("SOM", "F") in withheld(first)
    assert withheld(first) <= withheld(second)
    assert {cell.get("value_status") for cell in second["cells"] if cell["value"] is None} == {"withheld"}


@pytest.mark.parametrize("women", [3, None], ids=["small", "masked"])
def test_it_stays_closed_in_a_table_by_nationality_alone_too(served: Served, women: int | None):
    """Of 85 Somalis the women are no longer told by subtraction: the second item's table pools them, or, where the gap took the total
    along, has a null.
    """
    first, second = published(
        served,
        bulletin(cells=[*table(women)[:1], *table(women)[2:]]),
        bulletin(publisher="PAN-OTHER", cells=cells(SOM=85, VEN=110, NPL=150)),
    )
    assert ("SOM", "_T") in withheld(first)
    assert second["disclosure"]["method"] == ("pool" if women else "withhold")
    assert by_nationality(second).get("SOM") is None
    assert (by_nationality(second)["_T"] is None) is (women is None)


def test_the_certificate_of_a_later_item_names_the_earlier_one_under_its_published_version(served: Served):
    first, second = published(served, bulletin(cells=table(None)), bulletin(publisher="PAN-OTHER", cells=table(45)))
    name = f"{first['id']}@v1"
    certificate = served.as_("analyst").get(f"/v1/bulletins/{second['id']}/certificate").json()
    assert name in {table for system in certificate["systems"] for table in system["tables"]}
    assert faults({"this": second, name: first}, certificate) == []


def test_another_period_of_the_same_batch_closes_nothing(served: Served):
    """The rule binds one flow and period: of the next month's safe table by nationality nothing is pooled."""
    later = bulletin(period="2022-11", cells=cells(SOM=850_000, VEN=900_000))  # so many that they are drawn as decoys once in 10^6
    first, second = published(served, bulletin(cells=cells(SOM=3, ERI=4, VEN=110)), later)
    assert "SOM" not in by_nationality(first)
    assert by_nationality(second) == {"SOM": 850_000, "VEN": 900_000, "_AFR": 850_000, "_AMS": 900_000, "_T": 1_750_000}


def test_what_is_masked_in_an_item_that_goes_out_as_it_is_may_not_be_shown_by_the_next(served: Served):
    """Neither of the two alone tells anything: 45 women are at least 5."""
    items = [bulletin(cells=table(None)), bulletin(publisher="PAN-OTHER", cells=table(45))]
    answer = served.as_("rcm").post("/v1/bulletins/batch", params={"protect": "none"}, json={"bulletins": items})
    assert (answer.status_code, codes_of(answer)) == (422, {("/bulletins/1/cells", "cannot-be-protected")})
    apart = [items[0], {**items[1], "period": "2022-11"}]
    assert served.as_("rcm").post("/v1/bulletins/batch", params={"protect": "none"}, json={"bulletins": apart}).status_code == 201
