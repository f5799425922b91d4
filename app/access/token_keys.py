"""Keys of access tokens: one that signs, one that signs next and is published before it does, retired ones until their last token ends.

Private halves are files `token.<kid>.pem` among the secrets, public halves rows of `token_key`.  Nothing is held in memory, so that a
rotation by command takes effect in a running node at once.
"""

import hashlib
from collections.abc import Iterable

from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.jose import public_text
from app.access.models import Client, TokenKey
from app.access.tokens import is_over, make_token
from app.core.clock import utc_now
from app.core.db import hold_table
from app.core.secrets import SecretMissing, Secrets
from app.settings import Settings

PURPOSE = "token"
_KID_LENGTH = 16


def initialise(session: Session, secrets: Secrets) -> None:
    """Make the two keys of a new node; what exists stays as it is. Raises `SecretMissing` where a file is gone."""
    for row in _in_force(session):
        _private(secrets, row)
    _audit(session, "keys.init", _complete(session, secrets))


def require(session: Session, secrets: Secrets) -> None:
    """Raise `SecretMissing` where the node has no keys of access tokens or a file of theirs is gone."""
    signing(session)
    for row in session.scalars(select(TokenKey).where(TokenKey.signs_to.is_(None))):
        _private(secrets, row)


def rotate(session: Session, secrets: Secrets) -> str:
    """Let the next key sign and make a new next one; the retired key stays published until its last token has ended."""
    for row in _in_force(session):
        if row.signs_from is not None:
            row.signs_to = utc_now()
    made = _complete(session, secrets)
    _audit(session, "keys.rotate", made)
    return signing(session).kid


def rotate_leaked(session: Session, secrets: Secrets) -> str:
    """Take every key out at once, with all tokens that they signed, and begin anew.

    The next one goes too: its file lay in the folder from which the other leaked.
    """
    hold_table(session, TokenKey)
    gone = list(session.scalars(select(TokenKey.kid).order_by(TokenKey.kid)))
    session.execute(delete(TokenKey))
    _audit(session, "keys.leaked", gone)
    _audit(session, "keys.rotate", _complete(session, secrets))
    return signing(session).kid


def replace_missing(session: Session, secrets: Secrets) -> None:
    """New keys for those whose files are gone; a signing key without its file is retired, its tokens end as they would."""
    for row in _in_force(session):
        if not is_readable(secrets, row):
            if row.signs_from is None:
                session.delete(row)
            row.signs_to = utc_now()
    session.flush()
    _audit(session, "keys.replace", _complete(session, secrets))


def known(session: Session) -> list[TokenKey]:
    """Every key, the oldest first; the next one last."""
    return list(session.scalars(select(TokenKey).order_by(TokenKey.made_at, TokenKey.kid)))


def published(session: Session, minutes: int) -> list[TokenKey]:
    """The keys of the list for everybody: the one that signs, the next one, and those whose last token may still be good."""
    return [row for row in known(session) if not is_over(row.signs_to, minutes)]


def signing(session: Session) -> TokenKey:
    """The key that signs now; raises `SecretMissing` where there is none yet."""
    row = session.scalar(select(TokenKey).where(TokenKey.signs_from.is_not(None), TokenKey.signs_to.is_(None)))
    if row is None:
        raise SecretMissing("token-key-none")
    return row


def issue(session: Session, secrets: Secrets, settings: Settings, client_id: str) -> str:
    """A new access token of a client, by the key that signs now."""
    row = signing(session)
    called_back = session.scalar(select(Client.tokens_from).where(Client.id == client_id))
    return make_token(row.kid, _private(secrets, row), client_id, settings.public_url, settings.token_minutes, called_back)


def _in_force(session: Session) -> list[TokenKey]:
    # Two rotations at once: the second waits for the first and reads what it left.  Locks on rows would not do: a row that the
    # first has just made is locked by some who wait and not by others, who then wait for each other.
    hold_table(session, TokenKey)
    return list(session.scalars(select(TokenKey).where(TokenKey.signs_to.is_(None)).order_by(TokenKey.made_at)))


def _complete(session: Session, secrets: Secrets) -> list[str]:
    """Fill the two places, the signing one from the next; gives the ids of the keys that were made."""
    made = []
    rows = [row for row in _in_force(session) if row.signs_to is None]
    while len(rows) < 2:  # noqa: PLR2004 - the one that signs and the next one
        rows.append(_make(session, secrets))
        made.append(rows[-1].kid)
    if all(row.signs_from is None for row in rows):
        rows[0].signs_from = utc_now()
    session.flush()
    return made


def _make(session: Session, secrets: Secrets) -> TokenKey:
    key = ECKey.generate_key("P-256")
    public = public_text(key)
    row = TokenKey(kid=hashlib.sha256(public.encode()).hexdigest()[:_KID_LENGTH], public=public, made_at=utc_now())
    # The file first: a row whose file is missing stops the node, a file that no row names does no harm.
    secrets.write(_file_name(row), key.as_pem(private=True))
    session.add(row)
    session.flush()
    return row


def _file_name(row: TokenKey) -> str:
    return f"{PURPOSE}.{row.kid}.pem"


def is_readable(secrets: Secrets, row: TokenKey) -> bool:
    """Whether the private half of a key is in its file."""
    try:
        _private(secrets, row)
    except SecretMissing:
        return False
    return True


def _private(secrets: Secrets, row: TokenKey) -> ECKey:
    name = _file_name(row)
    try:
        key = ECKey.import_key(secrets.read(name).decode())
    except SecretMissing:
        raise SecretMissing("key-file-missing", file=secrets.folder / name) from None
    except (JoseError, ValueError):
        raise SecretMissing("key-file-empty", file=secrets.folder / name) from None
    if not key.is_private or public_text(key) != row.public:
        raise SecretMissing("key-file-other", file=secrets.folder / name)
    return key


def _audit(session: Session, action: str, kids: Iterable[str]) -> None:
    keys = [(kid, None) for kid in kids]
    if keys:
        record(session, Attempt(action), "done", keys)
