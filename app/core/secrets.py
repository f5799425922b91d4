"""The node's secrets: files outside the database and its backups (contract: `ISTMO_SECRETS_DIR`)."""

import hashlib
import hmac
import os
import secrets as random
from pathlib import Path

from app.core.faults import told

HMAC_KEYS = ("cursor", "disclosure", "fingerprint")
_LENGTH = 64


class SecretMissing(RuntimeError):  # noqa: N818 - says what is the matter, as Problem does
    """A secret file that the database was made with is not there: nothing may go on with a new one."""

    def __init__(self, code: str, **figures: object) -> None:
        """Keep the code of `faults.toml` and its figures; as text it is the English sentence."""
        super().__init__(told(code, figures))
        self.code = code
        self.figures = figures


class Secrets:
    """The folder of secrets; a file a key, readable by the service's user alone."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder; nothing is read before a key is asked for."""
        self.folder = folder

    def write(self, name: str, content: bytes) -> None:
        """Keep a new secret; an existing one is never overwritten (raises FileExistsError)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        spare = self.folder / f".{name}.{os.getpid()}.{random.token_hex(4)}"
        descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # The name appears with the whole key behind it or not at all, also after a kill in between.
        try:
            os.link(spare, self.folder / name)
        finally:
            spare.unlink()
        folder = os.open(self.folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def read(self, name: str) -> bytes:
        """The bytes of one secret; raises `SecretMissing`."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise SecretMissing("secret-missing", file=self.folder / name) from None

    def add_line(self, name: str, line: bytes) -> None:
        """Append a line to a file of the folder; it is on the disk when this returns."""
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def forget(self, name: str) -> None:
        """Take a secret away; one that is not there is no matter."""
        (self.folder / name).unlink(missing_ok=True)

    def make_hmac_keys(self) -> None:
        """Draw the keys that do not exist yet; called once, when the database is made."""
        for name in HMAC_KEYS:
            if not (self.folder / f"{name}.key").exists():
                self.write(f"{name}.key", random.token_bytes(_LENGTH))

    def hmac_key(self, name: str) -> bytes:
        """Key of one purpose, 64 bytes; raises `SecretMissing` for a file cut short, for a short key can be guessed."""
        key = self.read(f"{name}.key")
        if len(key) != _LENGTH:
            raise SecretMissing("secret-damaged", file=self.folder / f"{name}.key")
        return key

    def fingerprint(self, *parts: bytes) -> str:
        """Keyed fingerprint of a request: a plain hash of a body with small counts can be inverted (guarantees 1, rule 1)."""
        framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.new(self.hmac_key("fingerprint"), framed, hashlib.sha256).hexdigest()
