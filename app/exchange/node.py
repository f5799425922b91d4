"""The node: what every verb needs to hand, opened once and given along."""

import threading
from dataclasses import dataclass, field

from app.access import token_keys
from app.access.read_audit import ReadAudit
from app.core.db import Database
from app.core.paging import CursorSeal
from app.core.secrets import HMAC_KEYS, Secrets
from app.exchange.keys import Signer, load_signer
from app.settings import Settings


@dataclass(frozen=True)
class Node:
    """One running Istmo: settings, store, secrets, signing keys, the seal of cursors, the audit of reads."""

    settings: Settings
    db: Database
    secrets: Secrets
    signer: Signer
    cursor_seal: CursorSeal
    read_audit: ReadAudit
    called: threading.Event = field(default_factory=threading.Event)
    """Set where the worker of this process, if one runs, is to look at once for what peers have."""

    def close(self) -> None:
        """Write what the audit of reads still holds and close the store."""
        self.read_audit.stop()
        self.db.dispose()


def open_database(settings: Settings) -> Database:
    """The store of an installation, its pools as large as the thread limit."""
    return Database(
        settings.database_url,
        threads=settings.threads,
        readers=2 * settings.analyst_threads,
        lock_wait_s=settings.lock_wait_s,
        statement_timeout_s=settings.statement_timeout_s,
    )


def open_node(settings: Settings) -> Node:
    """Open an installation; raises `SecretMissing` where a key that the store knows is not in the folder of secrets."""
    secrets = Secrets(settings.secrets_dir)
    for name in HMAC_KEYS:
        secrets.hmac_key(name)
    db = open_database(settings)
    try:
        with db.read() as session:
            signer = load_signer(session, secrets)
            token_keys.require(session, secrets)
    except BaseException:
        db.dispose()
        raise
    return Node(settings, db, secrets, signer, CursorSeal(secrets.hmac_key("cursor")), ReadAudit(db))
