"""B053: the hidden number is the total minus the rest. Everything that is published of one flow, put together by brute force."""

from typing import Any

from bodies import Body, bulletin, revise
from serving import Served

SHORT, LONG = "2024-03-04/2024-03-17", "2024-03-04/2024-03-24"
Table = dict[tuple[str, str], int | None]


def sent(adults: int, children: int, period: str) -> Body:
    cells = [{"nationality": "NPL", "age": age, "value": value} for age, value in (("Y_GE18", adults), ("Y0T17", children))]
    return bulletin(period=period, cells=cells)


def told(document: Body) -> Table:
    return {(cell["nationality"], cell["age"]): cell["value"] for cell in document["cells"]}


def agree(table: Table, adults: int, children: int) -> bool:
    """Whether two counts are what a published table says of adults, children and all; of every sum that it has."""
    counts = {"Y_GE18": adults, "Y0T17": children, "_T": adults + children}
    return all(value is None or value == counts[age] for (_, age), value in table.items())


def fits(table: Table, most: int = 220) -> set[tuple[int, int]]:
    return {(adults, children) for adults in range(most) for children in range(most) if agree(table, adults, children)}


def test_b053_no_total_window_version_or_format_gives_the_three_children_back(served: Served):
    client = served.as_("pan")
    first = client.post("/v1/bulletins", json=sent(177, 3, SHORT))
    assert first.status_code == 201, first.text
    longer = client.post("/v1/bulletins", json=sent(185, 5, LONG))
    assert longer.status_code == 201, longer.text
    by_nationality = client.post("/v1/bulletins", json=bulletin(period=SHORT, cells=[{"nationality": "NPL", "value": 180}]))
    assert by_nationality.status_code == 201, by_nationality.text
    second = revise(client, first.json(), **sent(177, 6, SHORT))
    tables = [told(each) for each in (first.json(), second, longer.json())]
    # Versions and windows together: the shorter window lies in the longer one, and each version may be the true one.
    one, two, wide = (fits(table) for table in tables)
    children = {c for a, c in one if any(a <= wa and c <= wc for wa, wc in wide)}
    later = {c for a, c in two if any(a <= wa and c <= wc for wa, wc in wide)}
    assert {3} < children
    assert all(any(set(range(low, low + 5)) <= found for low in found) for found in (children, later))
    assert {0, 1, 2, 3, 4} <= children  # no tighter than 1 to 4, and zero looks no other than a small count
    assert told(first.json())["_T", "_T"] == 180


def test_b053_every_format_and_aggregate_withholds_the_same_cells(served: Served):
    document = served.as_("pan").post("/v1/bulletins", json=sent(177, 3, SHORT)).json()
    hidden = {key for key, value in told(document).items() if value is None}
    assert {("NPL", "Y0T17"), ("NPL", "Y_GE18")} <= hidden
    asked: dict[str, Any] = {"totals": "true", "limit": 100}
    rows = served.as_("analyst").get("/v1/flows", params=asked).json()["items"]
    assert {(row["nationality"], row["age"]) for row in rows if row["value"] is None} == hidden
    text = served.as_("analyst").get("/v1/flows", params={"totals": "true", "format": "csv"}).text
    assert "177" not in text.replace(document["id"], "")
    groups = served.as_("analyst").get("/v1/flows", params={"group_by": "age"}).json()["items"]
    assert {(group["age"], group["value"]) for group in groups} == {("Y0T17", None), ("Y_GE18", None)}
