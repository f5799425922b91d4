"""A node one release behind its peer: what it does not know it checks, keeps and serves as it came, and what it knows of it it shows."""

from typing import Any

import orjson
from bodies import publish
from crooked import Json, fresh_id, item_of, resealed
from serving import Served
from test_hostile import taken, with_items
from test_pull import ALERT, is_whole
from twins import Twins, quarantine, texts

from app.main import rebuild
from app.sync.applying import NOT_UNDERSTOOD
from app.wire.canonical import canonical


def bare(document: Json) -> Json:
    return {name: value for name, value in document.items() if name not in {"outcome", "population_shown_pct", "warnings"}}


def feed_of(served: Served, who: str) -> bytes:
    answer = served.as_(who).get("/v1/changes", params={"limit": 500})
    assert answer.status_code == 200, answer.text
    return answer.content


def of_the_next_release(pair: Twins) -> tuple[list[Json], dict[str, Json]]:
    """Changes as RCM's node would bring them a release ahead, and their documents by what is new in them."""
    bulletin = bare(publish(pair.rcm.as_("rcm"), period="2021-01"))
    alert = bare(pair.rcm.as_("rcm").post("/v1/alerts", json=ALERT).json())

    def made(document: Json, **changes: Any) -> Json:
        return resealed(pair.rcm, document, id=fresh_id(), **changes)

    month = {"period": "2021-02", "period_start": "2021-02-01", "period_end": "2021-02-28"}
    new = {
        "field of a bulletin": made(bulletin, **month, harvest={"by": "satellite", "share": [1, 2]}),
        "field of an alert": made(alert, reference="RCM-2021-AAAA1", forecast={"2022": "rising"}),
        "code of a list": made(
            alert, reference="RCM-2021-AAAA2", modus_operandi=["teleport"], transport=["airship"], handling=["no-print"]
        ),
        "mode of a leg": made(alert, reference="RCM-2021-AAAA3", route=[{"seq": 1, "from": "COL", "to": "PAN", "mode": "rocket"}]),
        "measure": made(bulletin, measure="space_entry"),
        "severity": made(alert, reference="RCM-2021-AAAA4", severity="extreme"),
        "marking": made(bulletin, **month, tlp="PURPLE", publisher="PAN-NEW"),
        "kind": made(bulletin, kind="forecast"),
    }
    gone = {
        name: bulletin[name]
        for name in ("origin", "issuer", "tlp", "audience", "handling", "mandate", "lang", "created_at", "published_at")
    }
    new["withdrawal of a kind"] = resealed(
        pair.rcm, {**gone, "id": new["kind"]["id"], "kind": "forecast", "version": 2, "status": "withdrawn", "successor": "elsewhere"}
    )
    items = [item_of(document, number) for number, document in enumerate(new.values(), 1)]
    items[-1] |= {"op": "withdraw", "document": None, "withdrawal": new["withdrawal of a kind"]}
    return items, new


FLOWS = [f"/v1/flows{rest}" for rest in ("", "?format=csv", "?group_by=measure")]
STRANGE = ("mode of a leg", "severity", "marking", "kind", "withdrawal of a kind")


def test_what_the_next_release_knows_more_is_checked_kept_served_as_it_came_and_counted(old_pair: Twins):
    items, new = of_the_next_release(old_pair)
    assert [code for code, _ in taken(old_pair, with_items(lambda _: items))] == [NOT_UNDERSTOOD] * len(STRANGE)
    sacm = old_pair.sacm
    # Byte for byte in the log, and to who reads there: the other conference's node among them.
    assert {pair: canonical(text) for pair, text in texts(sacm, "RCM").items()} == {
        (each["id"], each["version"]): canonical(each) for each in new.values()
    }
    for who in ("bra", "peer"):
        served = feed_of(sacm, who)
        for name, document in new.items():
            # Of what was taken back the body is served no more; a marking that is not known is the strictest.
            is_served = name not in {"kind", "marking"} and (name != "withdrawal of a kind" or who == "peer")
            assert (canonical(document) in served) is is_served, (who, name)
    assert is_whole(sacm)
    # What is known of it is shown.
    for kind, name in (
        ("bulletins", "field of a bulletin"),
        ("alerts", "field of an alert"),
        ("alerts", "code of a list"),
        ("bulletins", "measure"),
    ):
        answer = sacm.as_("bra").get(f"/v1/{kind}/{new[name]['id']}")
        assert (answer.status_code, answer.json()) == (200, orjson.loads(canonical(new[name]))), name
        assert sacm.as_("bra").get(f"/v1/{kind}/{new[name]['id']}/{'related' if kind == 'alerts' else 'versions'}").status_code == 200
    for path in ("/v1/alerts", "/v1/alerts?format=csv", "/v1/alerts?format=ndjson", "/v1/alerts/facets", "/v1/bulletins", *FLOWS):
        assert sacm.as_("bra").get(path).status_code == 200, path
    for name in STRANGE:
        assert sacm.as_("bra").get(f"/v1/bulletins/{new[name]['id']}").status_code == 404, name
        assert sacm.as_("bra").get(f"/v1/alerts/{new[name]['id']}").status_code == 404, name
    # An officer sees that the peer is ahead, by how much and with what.
    (told,) = sacm.as_("operator").get("/v1/peers").json()["items"]
    assert (told["not_understood"], told["applied"]) == (len(STRANGE), len(new))
    assert {(each["kind"], each["code"]) for each in told["newest"]} == {
        (kind, NOT_UNDERSTOOD) for kind in ("bulletin", "alert", "forecast")
    }
    before = quarantine(sacm)
    rebuild(sacm.node)
    assert quarantine(sacm) == before
    # The same again changes nothing.
    assert taken(old_pair, with_items(lambda _: items)) == []
