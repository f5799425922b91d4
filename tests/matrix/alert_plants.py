"""Faults of access to alerts and to what is answered to them: each drops one rule and leaves the others as they are."""

import dataclasses
from collections.abc import Callable

import pytest
from plants import as_operator
from sqlalchemy import ColumnElement, and_, literal, or_, select, true
from sqlalchemy.orm import aliased

from app.access import visibility
from app.access.callers import Caller
from app.access.models import DocumentAccess
from app.alerts import answer_routes, deciding, exports, listing, relating, rights, routes
from app.alerts.models import Alert
from app.core.clock import utc_now
from app.documents import edge, reading
from app.finding import flows
from app.wire.codes import Role


def over_all(patch: pytest.MonkeyPatch, module: object, name: str) -> None:
    """Have a function that asks for what the caller sees answer as to an operator, who sees that everything is there."""
    right = getattr(module, name)
    patch.setattr(module, name, lambda caller: right(as_operator(caller)))


# With its alert, and not after its last day.


def names(caller: Caller, access: type[DocumentAccess]) -> ColumnElement[bool]:
    return visibility._names(caller.role, caller.ceiling, caller.conference, caller.grantees, utc_now().date(), access)


def no_parent_rule(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(visibility, "_matches", names)


def by_parent(*, newest: bool, standing: bool) -> Callable[[Caller, type[DocumentAccess]], ColumnElement[bool]]:
    """The rule of the parent with less of it."""

    def matches(caller, access):
        parent = aliased(DocumentAccess)
        asked = [parent.document_id == access.parent, names(caller, parent)]
        asked += ([parent.newest] if newest else []) + ([~parent.gone] if standing else [])
        seen = select(literal(1)).where(*asked).correlate(access).limit(1).scalar_subquery()
        return and_(names(caller, access), or_(access.parent.is_(None), seen.is_not(None)))

    return matches


def parent_by_any_version(patch: pytest.MonkeyPatch) -> None:
    """What the alert was like once is enough: of one that was tightened since the answers stay open."""
    patch.setattr(visibility, "_matches", by_parent(newest=False, standing=True))


def parent_may_be_gone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(visibility, "_matches", by_parent(newest=True, standing=False))


def last_day_ignored(patch: pytest.MonkeyPatch) -> None:
    def ever(role, ceiling, conference, grantees, _today, access):
        if role is Role.OPERATOR:
            return true()
        named = access.conference.in_(("*", conference)) if role is Role.PEER else access.grantee.in_(grantees)
        return and_(access.tlp <= ceiling, named)

    patch.setattr(visibility, "_names", ever)


# What is made of many alerts.


def facets_over_all(patch: pytest.MonkeyPatch) -> None:
    right = listing.facets
    patch.setattr(listing, "facets", lambda session, caller, *others: right(session, as_operator(caller), *others))


def related_over_all(patch: pytest.MonkeyPatch) -> None:
    over_all(patch, relating, "visible_documents")


def search_counted_over_all(patch: pytest.MonkeyPatch) -> None:
    """What is found by words is listed for who may see it, and counted for all."""
    right = listing.listing_of

    def listing_of(caller, query):
        made, conditions = right(caller, query), listing.conditions(query)
        every = dataclasses.replace(made, count=lambda session: reading.count(session, as_operator(caller), Alert, conditions))
        return every if query.q else made

    patch.setattr(listing, "listing_of", listing_of)


def search_for_any_role(patch: pytest.MonkeyPatch) -> None:
    """Who reads no bodies may ask for words in them."""
    right = listing.listing_of

    def listing_of(caller, query):
        if caller.reads_bodies or not query.q:
            return right(caller, query)
        conditions, order = listing.conditions(query), listing.order_of(query.sort)
        return reading.Listing(
            lambda session: reading.count(session, caller, Alert, conditions),
            lambda session, after, limit, _: reading.page(session, caller, Alert, conditions, order, after, limit),
        )

    patch.setattr(listing, "listing_of", listing_of)


def left_out_of_all(patch: pytest.MonkeyPatch) -> None:
    right = listing.left_out
    patch.setattr(listing, "left_out", lambda session, caller, query: right(session, as_operator(caller), query))


def files_over_all(patch: pytest.MonkeyPatch) -> None:
    over_all(patch, exports, "visible_documents")
    right = exports.marks_of
    patch.setattr(exports, "marks_of", lambda session, caller, ids: right(session, as_operator(caller), ids))


def files_counted_over_all(patch: pytest.MonkeyPatch) -> None:
    """Only the number of what was left out tells of others: the documents are looked up once more, one by one."""
    over_all(patch, exports, "visible_documents")


def files_with_what_stays_here(patch: pytest.MonkeyPatch) -> None:
    right = exports._rows
    patch.setattr(exports, "_rows", lambda *asked: [(*row[:3], False) for row in right(*asked)])


def flows_near_over_all(patch: pytest.MonkeyPatch) -> None:
    right = flows.page
    patch.setattr(flows, "page", lambda session, caller, *others: right(session, as_operator(caller), *others))


# What is answered to an alert.


def counts_over_all(patch: pytest.MonkeyPatch) -> None:
    over_all(patch, answer_routes, "visible_documents")


def answers_listed_of_the_hidden(patch: pytest.MonkeyPatch) -> None:
    right = answer_routes.standing
    patch.setattr(answer_routes, "standing", lambda session, caller, *others: right(session, as_operator(caller), *others))


def any_kind(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answer_routes, "_of_kind", lambda _session, _kind, document_id: document_id)


def decision_of_the_hidden(patch: pytest.MonkeyPatch) -> None:
    right = deciding.proposal_of
    patch.setattr(deciding, "proposal_of", lambda session, caller, document_id: right(session, as_operator(caller), document_id))


def decided_by_the_hidden(patch: pytest.MonkeyPatch) -> None:
    """That a proposal was declined is told to whoever sees the proposal."""
    over_all(patch, deciding, "visible_documents")


def decided_by_anyone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deciding, "changeable", rights.standing)


def any_office(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answer_routes, "changeable", rights.standing)


def any_alert(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(routes, "changeable", rights.standing)


def erased_by_anyone(patch: pytest.MonkeyPatch) -> None:
    right = edge.standing

    def mine(session, caller, *others):
        _, version = right(session, caller, *others)
        return caller.conference, version

    patch.setattr(edge, "standing", mine)


def in_any_name(patch: pytest.MonkeyPatch) -> None:
    right = routes.require_author

    def require(session, caller, body, *others):
        return right(session, caller, {**body, "conference": caller.conference}, *others)

    patch.setattr(routes, "require_author", require)
