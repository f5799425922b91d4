"""Lists: exact totals, pages by keyset, filters, fresh ETags, a fixed number of statements."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from bodies import bulletin, cells, codes_of, publish, revise, withdraw
from serving import Served
from sqlalchemy import event

MONTHS = [f"2021-{month:02}" for month in range(1, 8)]


def fill(served: Served, months: list[str] = MONTHS) -> list[str]:
    body = {"bulletins": [bulletin(period=month) for month in months]}
    return [item["id"] for item in served.as_("pan").post("/v1/bulletins/batch", json=body).json()["bulletins"]]


def test_pages_by_cursor_give_each_bulletin_once_in_the_order_of_publication(served: Served):
    ids = fill(served)
    reader, seen, cursor = served.as_("analyst"), [], None
    for expected in (3, 3, 1):
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = reader.get("/v1/bulletins", params=params)
        page = answer.json()
        assert (len(page["items"]), page["total"]) == (expected, 7)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor:
            link = answer.headers["link"].split(";")[0].strip("<>")
            assert parse_qs(urlsplit(link).query)["cursor"] == [cursor]
    assert cursor is None
    assert seen == ids


def test_a_cursor_is_bound_to_its_filters_and_not_to_its_limit(served: Served):
    fill(served)
    cursor = served.as_("analyst").get("/v1/bulletins", params={"limit": 2}).json()["next_cursor"]
    rest = served.as_("analyst").get("/v1/bulletins", params={"limit": 5, "cursor": cursor}).json()
    assert len(rest["items"]) == 5
    for params in ({"measure": "rescue"}, {"tlp": "GREEN"}):
        answer = served.as_("analyst").get("/v1/bulletins", params={"cursor": cursor, **params})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor-invalid")
    for broken in ("x", cursor[:-2] + "AA", "é", "A" * 2049):
        assert served.as_("analyst").get("/v1/bulletins", params={"cursor": broken}).status_code == 422


@pytest.mark.parametrize(
    ("params", "pointer", "code"),
    [
        ({"limit": 0}, "limit", "out-of-range"),
        ({"limit": -1}, "limit", "out-of-range"),
        ({"limit": 1001}, "limit", "out-of-range"),
        ({"limit": 2**31}, "limit", "out-of-range"),
        ({"limit": 2**64}, "limit", "out-of-range"),
        ({"limit": "9" * 5000}, "limit", "out-of-range"),
        ({"limit": "ten"}, "limit", "not-a-whole-number"),
        ({"limit": ""}, "limit", "parameter-empty"),
        ({"measure": ""}, "measure", "parameter-empty"),
        ({"mesure": "rescue"}, "mesure", "parameter-unknown"),
        ({"measure": "rescues"}, "measure", "code-unknown"),
        ({"reporting_state": "PANAMA"}, "reporting_state", "code-unknown"),
        ({"status": "gone"}, "status", "code-unknown"),
        ({"tlp": "GREY"}, "tlp", "code-unknown"),
        ({"period_from": "2021-13"}, "period_from", "period-invalid"),
        ({"published_after": "yesterday"}, "published_after", "format"),
        ({"published_after": "2021-01-01T00:00:00"}, "published_after", "format"),
        ({"publisher": "a\u0000b"}, "publisher", "text-character"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(served: Served, params: dict[str, object], pointer: str, code: str):
    answer = served.as_("analyst").get("/v1/bulletins", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-query"), answer.text
    assert codes_of(answer) == {(pointer, code)}


def test_a_misspelt_parameter_is_answered_with_the_valid_names(served: Served):
    detail = served.as_("analyst").get("/v1/bulletins", params={"mesure": "rescue"}).json()["errors"][0]["detail"]
    assert "measure" in detail
    assert "published_after" in detail


def test_filters_narrow_and_totals_are_those_of_what_the_caller_may_see(served: Served):
    fill(served, MONTHS[:2])
    amber = publish(served.as_("rcm"), period="2021-09", tlp="AMBER", measure="rescue")
    final = publish(served.as_("rcm"), period="2021-10", figure_status="final")
    taken = withdraw(served.as_("pan"), publish(served.as_("pan"), period="2021-11"))
    sacm = publish(served.as_("sacm"), reporting_state="COL", cells=cells(VEN=70))

    def found(who: str, **params: object) -> tuple[int, set[str]]:
        page = served.as_(who).get("/v1/bulletins", params=params).json()
        return page["total"], {item["id"] for item in page["items"]}

    assert found("rcm")[0] == 6
    assert found("analyst")[0] == 5
    assert found("rcm", measure="rescue") == (1, {amber["id"]})
    assert found("analyst", measure="rescue") == (0, set())
    assert found("rcm", figure_status="final") == (1, {final["id"]})
    assert found("rcm", status="withdrawn") == (1, {taken["id"]})
    assert found("rcm", origin="CSM") == (1, {sacm["id"]})
    assert found("rcm", tlp="AMBER") == (1, {amber["id"]})
    assert found("rcm", reporting_state="COL,HND") == (1, {sacm["id"]})
    assert found("rcm", reporting_state="CO") == (1, {sacm["id"]})
    assert found("rcm", period_from="2021-09", period_to="2021-Q4")[0] == 3


def test_a_fresh_etag_answers_304_until_something_visible_changes(served: Served):
    document = publish(served.as_("pan"))
    reader = served.as_("analyst")
    for path in ("/v1/bulletins", "/v1/flows", "/v1/changes", f"/v1/bulletins/{document['id']}"):
        etag = reader.get(path).headers["etag"]
        answer = reader.get(path, headers={"If-None-Match": etag})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag), path
        assert reader.get(path, headers={"If-None-Match": f'"other", {etag}'}).status_code == 304, path
    etags = {path: reader.get(path).headers["etag"] for path in ("/v1/bulletins", "/v1/flows", "/v1/changes")}
    revise(served.as_("pan"), document, cells=cells(VEN=401))
    for path, etag in etags.items():
        assert reader.get(path, headers={"If-None-Match": etag}).status_code == 200, path
        assert served.as_("sacm").get(path).headers["etag"] != reader.get(path).headers["etag"], path


@pytest.mark.parametrize("size", [1, 100])
def test_a_list_runs_a_fixed_number_of_statements(served: Served, size: int):
    fill(served, [f"{2000 + number // 12}-{number % 12 + 1:02}" for number in range(size)])
    reader = served.as_("analyst")
    assert len(reader.get("/v1/bulletins").json()["items"]) == size
    statements: list[str] = []
    listener = lambda *args: statements.append(args[2])  # noqa: E731 - registered and taken back below
    event.listen(served.node.db.reader, "before_cursor_execute", listener)
    served.node.db.watchers.append(statements.append)
    assert reader.get("/v1/bulletins").status_code == 200
    event.remove(served.node.db.reader, "before_cursor_execute", listener)
    asked = [statement for statement in statements if statement.split()[0] not in {"BEGIN", "PRAGMA"}]
    # caller, head of the log, page, documents; the number was counted by the first reading
    assert len(asked) == 4, asked


def test_bounds_of_publication_time_are_out_to_the_microsecond(served: Served):
    fill(served, MONTHS[:3])
    items = served.as_("analyst").get("/v1/bulletins").json()["items"]
    times = [item["published_at"] for item in items]

    def periods(**params: str) -> list[str]:
        return [item["period"] for item in served.as_("analyst").get("/v1/bulletins", params=params).json()["items"]]

    assert periods(published_after=times[-1]) == []
    assert periods(published_after=times[0]) == [item["period"] for item in items if item["published_at"] > times[0]]
    just_before = (datetime.fromisoformat(times[0]) - timedelta(microseconds=1)).isoformat()
    assert periods(published_after=just_before) == [item["period"] for item in items]
    assert periods(published_before=times[0]) == []
