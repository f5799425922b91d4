"""A write under its Idempotency-Key: worked once, answered the same ever after (contract: Writes)."""

from collections.abc import Callable

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.access.audit import record
from app.access.callers import Caller
from app.access.rules import attempt_of
from app.core.db import Database
from app.core.idempotency import Answer, claim, keep, release, scope_of
from app.core.secrets import Secrets

KeepAnswer = Callable[[Session, Response], None]
_KEPT_HEADERS = ("content-type", "etag", "location")


def once(
    request: Request,
    *,
    db: Database,
    secrets: Secrets,
    keep_days: int,
    caller: Caller,
    raw: bytes,
    work: Callable[[KeepAnswer | None], Response],
) -> Response:
    """Do the work of a write, or give the answer kept under the request's key.

    `work` gets a function that keeps an answer inside its own transaction.  Only 2xx answers are kept; a replay is audited and
    carries `Idempotency-Replayed: true`.  Rights are judged before this is called.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return work(None)
    scope = scope_of(caller.client_id, request.method, request.url.path, key)
    mine = claim(db, scope, secrets.fingerprint(request.url.query.encode(), raw), keep_days)
    if isinstance(mine, Answer):
        return _replay(request, db, mine)
    try:
        return work(lambda session, response: keep(session, mine, _kept(response)))
    except BaseException:
        release(db, mine)
        raise


def _kept(response: Response) -> Answer:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return Answer(response.status_code, headers, bytes(response.body))


def _replay(request: Request, db: Database, answer: Answer) -> Response:
    with db.write() as session:
        record(session, attempt_of(request), "replayed")
    return Response(answer.body, answer.status, {**answer.headers, "Idempotency-Replayed": "true"})
