"""Faults of access to plant: each drops one rule and leaves the others as they are."""

import dataclasses
from collections.abc import Callable

import orjson
import pytest
from sqlalchemy import false, select
from world import BOTH

from app.access import rules, visibility
from app.access.callers import Caller
from app.access.models import DocumentAccess
from app.bulletins import certificate_routes, certificates, edge, models, projection, rights
from app.bulletins.flows import answering, coverage
from app.bulletins.flows import facets as flow_facets
from app.directory import policy_routes
from app.directory.service import is_member
from app.documents import reading
from app.exchange import feed, log
from app.web import running
from app.wire.codes import TLP, Role

Plant = Callable[[pytest.MonkeyPatch], None]


def as_operator(caller: Caller) -> Caller:
    return dataclasses.replace(caller, role=Role.OPERATOR)


# Who sees a marking: ceiling, colours, audience, and who always does.


def no_ceiling(patch: pytest.MonkeyPatch) -> None:
    right = visibility._matches
    patch.setattr(visibility, "_matches", lambda caller, access: right(dataclasses.replace(caller, ceiling=TLP.RED.rank), access))


def amber_for_all(patch: pytest.MonkeyPatch) -> None:
    right = projection.grantees_of
    patch.setattr(projection, "grantees_of", lambda tlp, audience, always: right(tlp, BOTH if tlp is TLP.AMBER else audience, always))


def red_as_amber(patch: pytest.MonkeyPatch) -> None:
    right = projection.grantees_of
    patch.setattr(projection, "grantees_of", lambda tlp, *others: right(TLP.AMBER if tlp is TLP.RED else tlp, *others))


def strict_as_amber(patch: pytest.MonkeyPatch) -> None:
    right = projection.grantees_of
    patch.setattr(projection, "grantees_of", lambda tlp, *others: right(TLP.AMBER if tlp is TLP.AMBER_STRICT else tlp, *others))


def nobody_named_is_everybody(patch: pytest.MonkeyPatch) -> None:
    right = projection._mark
    patch.setattr(projection, "_mark", lambda document, state: right({**document, "audience": document["audience"] or BOTH}, state))


def secretariat_not_always(patch: pytest.MonkeyPatch) -> None:
    right = projection.grantees_of

    def without(tlp, audience, always):
        return right(tlp, audience, {office for office in always if not office.endswith("/secretariat")})

    patch.setattr(projection, "grantees_of", without)


def reporting_state_not_always(patch: pytest.MonkeyPatch) -> None:
    right = projection._mark
    patch.setattr(projection, "_mark", lambda document, _: right(document, None))


def peer_of_both(patch: pytest.MonkeyPatch) -> None:
    right = visibility._matches
    patch.setattr(visibility, "_matches", lambda caller, access: right(as_operator(caller) if caller.role is Role.PEER else caller, access))


# Which version of a document is seen, and how much of it.


def old_marking_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "visible_to", visibility.could_see)


def new_marking_alone(patch: pytest.MonkeyPatch) -> None:
    every = select(DocumentAccess.document_id, DocumentAccess.version).distinct()
    patch.setattr(reading, "visible_to", lambda caller: every.where(DocumentAccess.document_id.in_(visibility.visible_documents(caller))))


def operator_reads(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Caller, "reads_bodies", property(lambda _: True))


def withdrawn_served(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "_text", lambda _, stored: stored.text)


def total_of_all(patch: pytest.MonkeyPatch) -> None:
    right = reading.count
    patch.setattr(reading, "count", lambda session, caller, *others: right(session, as_operator(caller), *others))


def sums_of_all(patch: pytest.MonkeyPatch) -> None:
    right = answering.visible_documents
    patch.setattr(answering, "visible_documents", lambda caller: right(as_operator(caller)))


def facets_of_all(patch: pytest.MonkeyPatch) -> None:
    right = flow_facets.facets
    patch.setattr(flow_facets, "facets", lambda session, caller, *others: right(session, as_operator(caller), *others))


def coverage_of_all(patch: pytest.MonkeyPatch) -> None:
    right = coverage.page
    patch.setattr(coverage, "page", lambda session, caller, *others: right(session, as_operator(caller), *others))


# What stands beside a bulletin, and the feed.


def certificate_of_the_hidden(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(certificates, "visible_among", lambda _session, _caller, pairs: list(pairs))


def report_of_others(patch: pytest.MonkeyPatch) -> None:
    right = certificate_routes._own

    def own(session, caller, document_id):
        seen = reading.one(session, caller, models.Bulletin, document_id)
        conference = orjson.loads(seen.text)["origin"]
        return right(
            session, dataclasses.replace(caller, role=Role.SECRETARIAT) if conference == caller.conference else caller, document_id
        )

    patch.setattr(certificate_routes, "_own", own)


def feed_by_old_marking(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(feed, "seen_by", log._could_see)


def hidden_told_to_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(feed, "hidden_from", lambda caller: ~log._could_see(caller))


def numbers_told_to_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(feed, "_LEARN_NUMBERS", frozenset(Role))


def feed_of_withdrawn(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(feed, "withdrawn", false)


# Who may call a route.


def anyone_is_an_analyst(patch: pytest.MonkeyPatch) -> None:
    right, sent = rules.authenticate, rules.authorization_of
    analyst = Caller("nobody", Role.ANALYST, "SACM", None, TLP.GREEN.rank, None)
    patch.setattr(rules, "authorization_of", lambda request: sent(request) or "")
    patch.setattr(rules, "authenticate", lambda session, key, settings: right(session, key, settings) if key else analyst)


def flows_for_any_role(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules.BodyReader.__metadata__[0].dependency, "roles", tuple(Role))


def overseen_by_any_role(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules.Overseer.__metadata__[0].dependency, "roles", tuple(Role))


def operated_by_any_role(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules.Operator.__metadata__[0].dependency, "roles", tuple(Role))


def written_by_any_role(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules.Writer.__metadata__[0].dependency, "roles", tuple(Role))


def here_behind_a_proxy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(running, "is_here", lambda _: True)


# Whose figures and whose rules one may write.


def any_state(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rights, "may_write_for", lambda session, caller, state, on: is_member(session, state, caller.conference, on))


def any_states_document(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(edge, "may_write_for", lambda *_: True)


def any_origin(patch: pytest.MonkeyPatch) -> None:
    right = edge.owner_of

    def mine(session, caller, document_id):
        owner = right(session, caller, document_id)
        return owner and dataclasses.replace(owner, origin=caller.conference)

    patch.setattr(edge, "owner_of", mine)


def in_any_name(patch: pytest.MonkeyPatch) -> None:
    right = edge.require_writer

    def require(session, caller, body, *others):
        return right(session, dataclasses.replace(caller, conference=body.get("conference") or caller.conference), body, *others)

    patch.setattr(edge, "require_writer", require)


def hidden_is_forbidden(patch: pytest.MonkeyPatch) -> None:
    right = edge.owner_of
    patch.setattr(edge, "owner_of", lambda session, caller, document_id: right(session, as_operator(caller), document_id))


def any_policy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(policy_routes, "_require_own", lambda *_: None)


REMARKED = {
    *(amber_for_all, red_as_amber, strict_as_amber),
    *(nobody_named_is_everybody, secretariat_not_always, reporting_state_not_always),
}
"""Faults of what is written down when a document is marked: they show once the markings are made anew."""
