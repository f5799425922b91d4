"""Every documented operation asked once with its documented example, in an order in which each finds what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from neighbour import EPOCH, SINCE, Neighbour
from serving import Served

from app.sync.models import Peer
from app.web import examples

SENT: set[str] = set()
"""Keys of the examples that were sent."""


def example(model: str, name: str | None = None) -> Any:
    """The value of a document's example: the one of this name, else the first."""
    shown = examples.of_model(model)
    key = f"{model}.{name}" if name else next(iter(shown))
    SENT.add(key)
    return shown[key]["value"]


@dataclass
class Asked:
    """What was answered, by operation; and the examples that were sent."""

    served: Served
    answers: dict[str, httpx.Response] = field(default_factory=dict)

    def __call__(self, operation: str, who: str | None, method: str, path: str, **how: Any) -> httpx.Response:
        """Ask one operation; it must succeed."""
        answer = self.served.as_(who).request(method, path, **how)
        assert answer.is_success, (operation, answer.status_code, answer.text)
        self.answers[operation] = answer
        return answer


def ask_all(served: Served) -> Mapping[str, httpx.Response]:
    """Ask every operation; gives the answers by operation id."""
    asked = Asked(served)
    for part in (_write, _reviews, _read, _log, _alerts, _answers, _directory, _access, _running):
        part(asked)
    return asked.answers


def _etag(document: Mapping[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"{document["id"]}.v{document["version"]}"'}


def _write(asked: Asked) -> None:
    draft = example("BulletinDraft")
    asked("check_bulletin", "pan", "POST", "/v1/bulletins/check", json=draft)
    nil = asked("publish_bulletin", "pan", "POST", "/v1/bulletins", json=example("BulletinDraft", "nothing_happened")).json()
    asked("withdraw_bulletin", "pan", "POST", f"/v1/bulletins/{nil['id']}/withdraw", json=example("Grounds"), headers=_etag(nil))
    nil["version"] += 1
    asked(
        "erase_bulletin", "rcm", "POST", f"/v1/bulletins/{nil['id']}/erase", json=example("Grounds", "named_a_person"), headers=_etag(nil)
    )
    made = asked("publish_bulletin", "pan", "POST", "/v1/bulletins", json=draft).json()
    body = example("BulletinRevision")
    asked("revise_bulletin", "pan", "PUT", f"/v1/bulletins/{made['id']}", json=body, headers=_etag(made))
    asked("publish_batch", "pan", "POST", "/v1/bulletins/batch", json=example("Batch"))
    file = {"file": ("darien.csv", b"period,nationality,value\n2023-01,VEN,2337\n2023-01,HTI,12063\n")}
    options = {"state": "PAN", "measure": "irregular_transit", "unit": "person"}
    asked("push_file", "pan", "POST", "/v1/bulletins/files", params=options, files=file, headers={"Accept": "application/x-ndjson"})


def _reviews(asked: Asked) -> None:
    path, pan = "/v1/reviews", asked.served.as_("pan")
    draft = {
        **example("BulletinDraft"),
        "source": None,
        "narrative": None,
        "title": {"es": example("Review")["documents"][0]["title"]["es"]},
    }
    confirmed, replaced, rejected, cancelled = (
        pan.post("/v1/bulletins", json={**draft, "period": f"2023-{month:02}"}).headers["location"] for month in (5, 6, 7, 8)
    )
    asked("list_reviews", "rcm", "GET", path, params={"status": "held", "limit": 2})
    seen = asked("get_review", "rcm", "GET", confirmed).json()
    (found,) = seen["findings"]
    (given,) = example("Confirmation")["findings"]
    word = {"findings": [{**given, "offset": found["offset"]}]}
    wanted = {"role": "secretariat", "conference": "RCM", "person": "Second Officer"}
    officer = asked.served.as_("operator").post("/v1/clients", json=wanted).json()["api_key"]
    tag = {"If-Match": f'"{confirmed.rsplit("/")[-1]}.r1"', "Authorization": f"Bearer {officer}"}
    asked("confirm_review", "rcm", "POST", f"{confirmed}/confirm", json=word, headers=tag)
    for operation, who, method, place, how in (
        ("replace_review", "pan", "PUT", replaced, {"json": {**draft, "period": "2023-06", "title": {"es": "Cifras de junio"}}}),
        ("reject_review", "rcm", "POST", f"{rejected}/reject", {"json": example("Rejection")}),
        ("cancel_review", "pan", "POST", f"{cancelled}/cancel", {}),
    ):
        tag = {"If-Match": f'"{place.split("/")[3]}.r1"'}
        asked(operation, who, method, place, headers=tag, **how)


def _read(asked: Asked) -> None:
    listed = asked("list_bulletins", "analyst", "GET", "/v1/bulletins", params={"reporting_state": "PAN", "limit": 2}).json()
    one = next(item["id"] for item in listed["items"] if item["cells"])
    asked("get_bulletin", "analyst", "GET", f"/v1/bulletins/{one}")
    asked("list_bulletin_versions", "analyst", "GET", f"/v1/bulletins/{one}/versions")
    asked("get_bulletin_version", "analyst", "GET", f"/v1/bulletins/{one}/versions/1")
    asked("get_bulletin_citation", "analyst", "GET", f"/v1/bulletins/{one}@v1/citation")
    asked("get_bulletin_certificate", "analyst", "GET", f"/v1/bulletins/{one}/certificate")
    asked("get_disclosure_report", "rcm", "GET", f"/v1/bulletins/{one}/disclosure-report")
    asked("list_bulletin_readers", "rcm", "GET", f"/v1/bulletins/{one}/readers")
    asked("list_changes", "peer", "GET", "/v1/changes", params={"limit": 2})
    asked("get_snapshot", "analyst", "GET", "/v1/snapshot", params={"limit": 1})
    asked("list_flows", "analyst", "GET", "/v1/flows", params={"nationality": "HTI,SOM", "period_from": "2022-10", "limit": 2})
    asked("list_flow_facets", "analyst", "GET", "/v1/flows/facets", params={"facets": "publisher,nationality", "reporting_state": "PAN"})
    asked("list_flow_coverage", "analyst", "GET", "/v1/flows/coverage", params={"reporting_state": "PAN", "limit": 2})
    asked("get_flow_package", "analyst", "GET", "/v1/flows/datapackage", params={"reporting_state": "PAN", "period_from": "2022-10"})
    asked(
        "list_flow_revisions", "analyst", "GET", "/v1/flows/revisions", params={"reporting_state": "PAN", "nationality": "HTI", "limit": 1}
    )
    asked("list_flow_lags", "analyst", "GET", "/v1/flows/revisions/lags", params={"reporting_state": "PAN", "period_to": "2022-12"})
    asked("describe_node", None, "GET", "/.well-known/istmo.json")


def _log(asked: Asked) -> None:
    neighbour, who, path = Neighbour(example("WitnessDraft")["witness"]), "peer", "/v1/log"
    neighbour.known_to(asked.served.node.db, "checkpoint")
    checkpoint = asked("get_checkpoint", who, "GET", f"{path}/checkpoint").json()
    asked("list_log_entries", who, "GET", f"{path}/entries", params={"limit": 3})
    asked("prove_inclusion", who, "GET", f"{path}/proofs/inclusion", params={"number": 2})
    asked("prove_consistency", who, "GET", f"{path}/proofs/consistency", params={"from": 3})
    # What is signed by the keys of the example's nodes no other node could have signed.
    asked("add_witness", who, "POST", f"{path}/witnesses", json=neighbour.witnesses(checkpoint))
    _known(asked.served, neighbour)
    size, root = checkpoint["size"], checkpoint["root"]
    delivery = {**example("Delivery"), "description": neighbour.describes("SACM"), "checkpoint": neighbour.states(size, root)}
    asked("deliver_changes", who, "POST", "/v1/changes", json=delivery)
    asked("hint_changes", who, "POST", "/v1/changes/hint")
    asked("list_witnesses", who, "GET", f"{path}/witnesses")
    asked("list_peers", "operator", "GET", "/v1/peers")


def _known(served: Served, neighbour: Neighbour) -> None:
    """Make the neighbour a peer, of a conference that the node of the examples authors too: no operator could."""
    row = {"name": "neighbour", "node": neighbour.name, "conferences": "SACM", "epoch": EPOCH, "root": "0" * 64, "added_at": SINCE}
    with served.node.db.write() as session:
        session.add(Peer(**row, size=0, applied=0, failures=0))


def _alerts(asked: Asked) -> None:
    mine, theirs, path = "sacm", "rcm", "/v1/alerts"
    made = asked("publish_alert", mine, "POST", path, json=example("AlertDraft")).json()
    asked("publish_alert_batch", theirs, "POST", f"{path}/batch", json=example("AlertBatch"))
    closed = asked("revise_alert", mine, "PUT", f"{path}/{made['id']}", json=example("AlertRevision"), headers=_etag(made)).json()
    asked("list_alerts", theirs, "GET", path, params={"nationality": "NPL", "limit": 2})
    asked("list_alert_facets", theirs, "GET", f"{path}/facets")
    asked("get_alert", theirs, "GET", f"{path}/{made['id']}")
    asked("list_alert_versions", theirs, "GET", f"{path}/{made['id']}/versions")
    asked("get_alert_version", theirs, "GET", f"{path}/{made['id']}/versions/1")
    asked("list_alert_readers", mine, "GET", f"{path}/{made['id']}/readers")
    asked("list_alert_flows", theirs, "GET", f"{path}/{made['id']}/flows", params={"limit": 2})
    asked("list_related_alerts", theirs, "GET", f"{path}/{made['id']}/related")
    gone = asked("withdraw_alert", mine, "POST", f"{path}/{made['id']}/withdraw", json=example("Grounds"), headers=_etag(closed)).json()
    asked("erase_alert", mine, "POST", f"{path}/{made['id']}/erase", json=example("Grounds", "named_a_person"), headers=_etag(gone))


def _answers(asked: Asked) -> None:
    alert = asked("publish_alert", "sacm", "POST", "/v1/alerts", json=example("AlertDraft")).json()
    for kind, model in (("sighting", "Sighting"), ("opinion", "Opinion"), ("proposal", "Proposal")):
        under, path = f"/v1/alerts/{alert['id']}/{kind}s", f"/v1/{kind}s"
        made = asked(f"publish_{kind}", "rcm", "POST", under, json=example(f"{model}Draft")).json()
        asked(f"list_{kind}s", "sacm", "GET", under)
        body = example(f"{model}Revision")
        revised = asked(f"revise_{kind}", "rcm", "PUT", f"{path}/{made['id']}", json=body, headers=_etag(made)).json()
        asked(f"get_{kind}", "sacm", "GET", f"{path}/{made['id']}")
        asked(f"list_{kind}_versions", "sacm", "GET", f"{path}/{made['id']}/versions")
        asked(f"get_{kind}_version", "sacm", "GET", f"{path}/{made['id']}/versions/1")
        taken_back = f"{path}/{made['id']}/withdraw"
        gone = asked(f"withdraw_{kind}", "rcm", "POST", taken_back, json=example("Grounds"), headers=_etag(revised)).json()
        asked(f"erase_{kind}", "rcm", "POST", f"{path}/{made['id']}/erase", json=example("Grounds", "named_a_person"), headers=_etag(gone))
    for verb, body in (("accept", ("Acceptance",)), ("decline", ("Grounds", "not_confirmed"))):
        offered = {"changes": {"persons_band": None, "severity": {"accept": "critical", "decline": "low"}[verb]}}
        sent = {**example("ProposalDraft"), **offered}
        made = asked("publish_proposal", "rcm", "POST", f"/v1/alerts/{alert['id']}/proposals", json=sent).json()
        asked(f"{verb}_proposal", "sacm", "POST", f"/v1/proposals/{made['id']}/{verb}", json=example(*body))
        asked("get_proposal_decision", "rcm", "GET", f"/v1/proposals/{made['id']}/decision")


def _directory(asked: Asked) -> None:
    asked("list_conferences", "analyst", "GET", "/v1/conferences")
    asked("get_conference", "analyst", "GET", "/v1/conferences/RCM", params={"on": "2012-11-10"})
    for name in ("states", "offices"):
        asked(f"list_{name}", "analyst", "GET", f"/v1/{name}", params={"on": "2012-11-10", "conference": "SACM", "limit": 2})
    edits = {"presidencies": "Presidency", "memberships": "Membership", "offices": "Office"}
    histories = {"offices": "list_office_history"}
    for path, name in edits.items():
        asked(f"add_{name.lower()}", "operator", "POST", f"/v1/conferences/RCM/{path}", json=example(f"{name}Edit"))
        asked(histories.get(path, f"list_{path}"), "operator", "GET", f"/v1/conferences/RCM/{path}", params={"limit": 2})
    policy = asked("get_policy", "rcm", "GET", "/v1/conferences/RCM/policy")
    asked("decide_policy", "rcm", "PUT", "/v1/conferences/RCM/policy", json=example("Policy"), headers={"If-Match": policy.headers["etag"]})
    allowed = "/v1/screening/allow-list"
    asked("add_allowed", "operator", "POST", allowed, json=example("AllowedDraft", "place"))
    added = asked("add_allowed", "operator", "POST", allowed, json=example("AllowedDraft")).json()
    asked("list_allowed", "pan", "GET", allowed, params={"limit": 2})
    asked("remove_allowed", "operator", "DELETE", f"{allowed}/{added['id']}")
    alias = asked("add_alias", "pan", "POST", "/v1/aliases", json=example("AliasDraft")).json()
    asked("add_alias", "pan", "POST", "/v1/aliases", json=example("AliasDraft", "sex"))
    asked("list_aliases", "pan", "GET", "/v1/aliases", params={"limit": 2})
    asked("remove_alias", "pan", "DELETE", f"/v1/aliases/{alias['id']}")
    asked("add_profile", "pan", "POST", "/v1/profiles", json=example("Profile"))
    asked("list_profiles", "pan", "GET", "/v1/profiles", params={"limit": 2})
    asked("get_profile", "pan", "GET", "/v1/profiles/pan-semanal", params={"version": 1})
    asked("remove_profile", "pan", "DELETE", "/v1/profiles/pan-semanal")
    asked("list_vocabularies", "analyst", "GET", "/v1/vocabularies", params={"limit": 2})
    asked("get_vocabulary", "analyst", "GET", "/v1/vocabularies/sex")


def _access(asked: Asked) -> None:
    made = asked("create_client", "operator", "POST", "/v1/clients", json=example("ClientDraft")).json()
    basic = (made["client_id"], made["secret"])
    asked("issue_token", None, "POST", "/oauth/token", data=example("TokenRequest"), auth=basic)
    asked("revoke_token", None, "POST", "/oauth/revoke", data=example("RevocationRequest"), auth=basic)
    asked("list_token_keys", None, "GET", "/.well-known/jwks.json")
    asked("describe_authorization", None, "GET", "/.well-known/oauth-authorization-server")
    asked("get_client", "operator", "GET", f"/v1/clients/{made['client_id']}")
    asked("list_clients", "operator", "GET", "/v1/clients", params={"limit": 2})
    asked("rotate_client", "operator", "POST", f"/v1/clients/{made['client_id']}/rotate")
    asked("disable_client", "operator", "POST", f"/v1/clients/{made['client_id']}/disable")
    asked("get_me", "pan", "GET", "/v1/me")
    asked("rotate_own_secret", "pan", "POST", "/v1/me/rotate")
    asked("list_audit", "operator", "GET", "/v1/audit", params={"limit": 2})


def _running(asked: Asked) -> None:
    pages: Mapping[str, str] = {
        "live": "/livez",
        "ready": "/readyz",
        "version": "/version",
        "metrics": "/metrics",
        "front_page": "/",
        "api_description": "/openapi.json",
        "docs_page": "/docs",
        "docs_file": "/docs/istmo.css",
        "docs_guide": "/docs/guide/partner.md",
        "docs_problem": "/docs/problems/not-found.md",
    }
    for operation, path in pages.items():
        asked(operation, None, "GET", path)
