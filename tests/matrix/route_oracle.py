"""What contract.md says of each route: who may call it, and how it answers about a document that one owns, sees or may not see.

It imports nothing of the product.  An outcome is one line: the status, and what tells it apart ("200 body", "404 not-found").
"""

from dataclasses import dataclass

from visibility_oracle import STATES, Client, Document, sees, sees_marking

ANYONE = frozenset({"operator", "secretariat", "partner", "analyst", "peer"})
READS_BODIES = ANYONE - {"operator"}  # "An operator sees envelopes, not bodies."
WRITES = frozenset({"secretariat", "partner"})  # "partner = a national office's script"; analysts, peers and operators publish nothing
OVERSEES = frozenset({"secretariat", "operator"})  # "read: secretariat, operator"
OPERATES = frozenset({"operator"})
CHECKS = frozenset({"operator", "peer", "secretariat"})  # "operator, peer, secretariat: /log/..."
WITNESSES = frozenset({"peer"})  # "the counter-signed checkpoint is the receipt"
DECIDES = frozenset({"secretariat"})  # "write: that secretariat"
ERASES = frozenset({"secretariat"})  # "origin's secretariat, reason, irreversible"
PUBLIC = frozenset({"public"})
ANSWERS = ("sighting", "opinion", "proposal")

RIGHTS = {
    **{f"POST /v1/bulletins{path}": WRITES for path in ("", "/check", "/batch", "/files", "/{document_id}/withdraw")},
    "PUT /v1/bulletins/{document_id}": WRITES,
    "POST /v1/bulletins/{document_id}/erase": ERASES,
    **{f"GET /v1/bulletins{path}": ANYONE for path in ("", "/{document_id}", "/{document_id}/versions", "/{document_id}/versions/{number}")},
    "GET /v1/bulletins/{document_id}/citation": ANYONE,  # of a withdrawn one, and to an operator, what the envelope says
    "GET /v1/bulletins/{document_id}/certificate": READS_BODIES,
    "GET /v1/bulletins/{document_id}/disclosure-report": WRITES,  # "for the issuer"
    **{f"GET /v1/{kind}s/{{document_id}}/readers": WRITES for kind in ("bulletin", "alert")},  # "for issuer and origin secretariat"
    **{f"GET /v1/flows{path}": READS_BODIES for path in ("", "/facets", "/coverage", "/datapackage")},
    **{f"GET /v1/flows{path}": READS_BODIES for path in ("", "/facets", "/coverage", "/revisions", "/revisions/lags")},
    **{f"POST /v1/alerts{path}": WRITES for path in ("", "/batch", "/{document_id}/withdraw", *(f"/{{document_id}}/{kind}s" for kind in ANSWERS))},
    **{f"PUT /v1/{kind}s/{{document_id}}": WRITES for kind in ("alert", *ANSWERS)},
    **{f"POST /v1/{kind}s/{{document_id}}/erase": ERASES for kind in ("alert", *ANSWERS)},  # "alerts likewise"
    **{f"GET /v1/alerts{path}": ANYONE for path in ("", *(f"/{{document_id}}/{kind}s" for kind in ANSWERS))},
    **{f"GET /v1/{kind}s/{{document_id}}{path}": ANYONE for kind in ("alert", *ANSWERS) for path in ("", "/versions", "/versions/{number}")},
    **{f"GET /v1/alerts/{path}": READS_BODIES for path in ("facets", "{document_id}/related", "{document_id}/flows")},  # they tell of bodies
    **{f"POST /v1/{kind}s/{{document_id}}/withdraw": WRITES for kind in ANSWERS},
    "GET /v1/proposals/{document_id}/decision": ANYONE,
    **{f"POST /v1/proposals/{{document_id}}/{verb}": WRITES for verb in ("accept", "decline")},
    **{f"{way} /v1/reviews{path}": WRITES for way, path in (("GET", ""), ("GET", "/{review_id}"), ("PUT", "/{review_id}"), ("POST", "/{review_id}/cancel"))},  # "seen by issuer and origin secretariat"
    **{f"POST /v1/reviews/{{review_id}}/{verb}": DECIDES for verb in ("confirm", "reject")},  # "by a secretariat client of the origin"
    **{f"{way} /v1/aliases{path}": WRITES for way, path in (("GET", ""), ("POST", ""), ("DELETE", "/{entry_id}"))},  # "a partner's own words"
    **{f"{way} /v1/profiles{path}": WRITES for way, path in (("GET", ""), ("GET", "/{name}"), ("POST", ""), ("DELETE", "/{name}"))},  # "and layouts"
    "GET /v1/changes": ANYONE,
    **{f"POST /v1/changes{path}": WITNESSES for path in ("", "/hint")},  # "peer: POST /changes, POST /changes/hint"
    "GET /v1/snapshot": ANYONE,
    **{f"GET /v1/log/{path}": CHECKS for path in ("checkpoint", "entries", "proofs/inclusion", "proofs/consistency", "witnesses")},
    "POST /v1/log/witnesses": WITNESSES,
    "GET /v1/peers": OVERSEES,
    **{f"GET /v1/{path}": ANYONE for path in ("conferences", "conferences/{code}", "states", "offices", "vocabularies", "vocabularies/{name}")},
    **{f"GET /v1/conferences/{{code}}/{part}": OVERSEES for part in ("presidencies", "memberships", "offices", "policy")},
    **{f"POST /v1/conferences/{{code}}/{part}": OPERATES for part in ("presidencies", "memberships", "offices")},
    "PUT /v1/conferences/{code}/policy": DECIDES,
    "GET /v1/me": ANYONE,
    "POST /v1/me/rotate": ANYONE,
    **{f"{way} /v1/clients{path}": OPERATES for way, path in (("GET", ""), ("POST", ""), ("GET", "/{client_id}"), ("POST", "/{client_id}/rotate"), ("POST", "/{client_id}/disable"))},
    "GET /v1/audit": OPERATES,
    "GET /v1/screening/allow-list": WRITES | OPERATES,  # who writes must know what passes
    "POST /v1/screening/allow-list": OPERATES,  # "operators add"
    "DELETE /v1/screening/allow-list/{entry_id}": OPERATES,
    "GET /metrics": OPERATES,  # "operator, or without a key from loopback and without any Forwarded or X-Forwarded-* header"
    **{f"POST /oauth/{path}": PUBLIC for path in ("token", "revoke")},
    **{f"GET /{path}": PUBLIC for path in ("", "livez", "readyz", "version", "openapi.json", "docs", "docs/{name}", "docs/guide/{name}", "docs/problems/{name}",
                                           ".well-known/istmo.json", ".well-known/jwks.json", ".well-known/oauth-authorization-server")},
}  # fmt: skip
"""Every route with the roles that may call it. A route that is missing here fails the test: think about it first."""


@dataclass(frozen=True)
class Filed:
    """A document as it was filed, and which of its versions are withdrawals (1, 2, ...)."""

    document: Document
    withdrawals: frozenset[int]
    value: int
    kind: str = "bulletin"

    @property
    def newest(self) -> int:
        return len(self.document.versions)

    def served(self, version: int) -> bool:
        """ "Bodies of withdrawn versions are never served": taken back by itself or by a later version."""
        return all(withdrawal < version for withdrawal in self.withdrawals)


def refused(route: str, client: Client | None) -> str | None:
    """401, then 403 by role; None where the client may go on."""
    if RIGHTS[route] == PUBLIC:
        return None
    if client is None:
        return "401 unauthenticated"
    return None if client.role in RIGHTS[route] else "403 role-forbidden"


def form(client: Client, filed: Filed, version: int) -> str | None:
    """ "body", "envelope", or None for a version that the client may not see, or that was erased."""
    if filed.document.gone or not sees(client, filed.document, version):
        return None
    return "body" if filed.served(version) and client.role in READS_BODIES else "envelope"


def change(client: Client, filed: Filed | None) -> str | None:
    """Why a document may not be changed; None where the client may. "Only the origin makes versions of its documents." """
    if filed is None or form(client, filed, filed.newest) is None:
        return "404 not-found"
    if client.conference != filed.document.origin:
        return "403 not-origin"
    return None if may_change(client, filed) else "403 not-your-state"


def may_change(client: Client, filed: Filed) -> bool:
    """For a bulletin whoever writes for its State; an alert or an answer its conference's secretariat and the office that issued it."""
    if filed.document.reporting_state:
        return may_write_for(client, filed.document.reporting_state)
    return client.role == "secretariat" or f"{client.conference}/{client.state}" == filed.document.issuer


def report(client: Client, filed: Filed) -> str:
    """Who reads why cells are withheld: "for issuer and origin secretariat"; of a withdrawn bulletin nobody."""
    told = readers(client, filed)
    return told if told != "200" or filed.served(filed.newest) else "404 not-found"


def readers(client: Client, filed: Filed) -> str:
    """Who is told who has read a document: "offices and dates, for issuer and origin secretariat"; of a withdrawn one too."""
    if form(client, filed, filed.newest) is None:
        return "404 not-found"
    if client.conference != filed.document.origin:
        return "403 not-origin"
    if client.role != "secretariat" and f"{client.conference}/{client.state}" != filed.document.issuer:
        return "403 not-your-state"
    return "200"


def certificate(client: Client, filed: Filed, version: int) -> str:
    """ "The certificate lets anyone who may see the versions it names check this": here the version itself and every earlier one.

    What was withdrawn before the version came is not named: nobody is served its rows.
    """
    gone = max((each for each in filed.withdrawals if each < version), default=0)
    named = range(gone + 1, version + 1)
    return "200" if all(form(client, filed, each) == "body" for each in named) else "404 not-found"


def may_write_for(client: Client, state: str) -> bool:
    """ "Only a conference of which a State is a member publishes for it"; a partner "writes for its own State only"."""
    return state in STATES[client.conference] and (client.role != "partner" or state == client.state)


def elsewhere(route: str, client: Client | None, place: str) -> str:
    """The answer of a route about no document, asked for what exists (a place without a name does not) in a form that changes nothing."""
    if not place:
        return "404"
    if route == "PUT /v1/conferences/{code}/policy" and client and client.conference != place:
        return "403 not-your-conference"  # "write: that secretariat"
    return "200" if route.startswith("GET") else "422"


def told(client: Client, filed: Filed, version: int) -> tuple[str, bool] | None:
    """(op, with body) of a version in the feed; None where the client is told nothing of it. An erasure is the version after the newest."""
    document = filed.document
    if version > filed.newest:
        return ("erase", False) if sees(client, document, filed.newest) else None
    if sees(client, document, version):
        first = "withdraw" if version in filed.withdrawals else "publish" if version == 1 else "revise"
        # "An erased one is id, version, origin, time and nothing else."
        # "First the node's own newer signed entries from its peers": what its own conference took back later too.
        own = client.role == "peer" and client.conference == document.origin and first != "withdraw"
        return ("erase", False) if document.gone else (first, own or form(client, filed, version) == "body")
    could = [sees_marking(client, document, marking) for marking in document.versions]
    return ("hide", False) if version > 1 and could[version - 2] and not could[version - 1] else None
