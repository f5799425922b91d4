"""The settings of one installation: read once from the environment or `.env`, then frozen."""

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set; every name is read with the prefix `ISTMO_` (contract: Command line)."""

    model_config = SettingsConfigDict(env_prefix="ISTMO_", env_file=".env", extra="ignore", frozen=True)

    database_url: str = Field("sqlite:///var/istmo.db", description="SQLAlchemy URL of the store: sqlite or postgresql+psycopg")
    conferences: str = Field("RCM,SACM", description="the conferences that this node authors, joined by commas")
    node: str = Field("", description="the node's name; by default its conferences joined by `-`")
    public_url: str = Field("http://127.0.0.1:8080", description="the address under which others reach this node")
    secrets_dir: Path = Field(Path("var/secrets"), description="signing and HMAC keys, outside the database and its backups; mode 0700")
    threads: int = Field(4, ge=1, le=64, description="request threads and pooled connections: 2 to 4 a core")
    lock_wait_s: float = Field(10.0, gt=0, le=60, description="how long a write waits for another before 503")
    statement_timeout_s: float = Field(30.0, gt=0, le=600, description="the longest statement; on SQLite the longest read")
    body_limit: int = Field(10 * 1024 * 1024, ge=1024, description="bytes of the largest body")
    page_limit: int = Field(1000, ge=1, le=10000, description="the largest page of a list")
    batch_limit: int = Field(500, ge=1, le=5000, description="bulletins in one batch")
    file_rows_limit: int = Field(200_000, ge=1, description="rows of one file")
    protection_threads: int = Field(2, ge=1, le=16, description="tables protected at once; who waits holds no request thread")
    protection_queue: int = Field(16, ge=0, le=1000, description="requests that may wait for protection before 503")
    protection_budget_s: float = Field(10.0, gt=0, le=120, description="seconds of work on one table before 422 `cannot-be-proved`")
    analyst_threads: int = Field(2, ge=1, le=16, description="questions about the flows worked on at once, in threads of their own")
    analyst_queue: int = Field(32, ge=0, le=1000, description="such questions that may wait before 503")
    analyst_yields_s: float = Field(1.0, ge=0, le=60, description="how long such a question lets those that write go first")
    analyst_timeout_s: float = Field(15.0, gt=0, le=600, description="the longest statement of such a question before 422 `query-too-long`")
    answer_cache_bytes: int = Field(32 * 1024 * 1024, ge=0, description="bytes of answers kept in memory to be given again; 0 keeps none")
    token_minutes: int = Field(10, ge=1, le=60, description="minutes for which an access token is good")
    requests_per_second: int = Field(100, ge=1, le=100_000, description="requests a second of one client before 429")
    request_burst: int = Field(300, ge=1, le=1_000_000, description="requests that one client may send at once before 429")
    failed_logins: int = Field(20, ge=1, le=100_000, description="failed logins a minute from one address before 429")
    trusted_proxies: str = Field("", description="addresses or networks of reverse proxies whose X-Forwarded-For is believed, by commas")
    admission: int = Field(16, ge=1, le=10_000, description="requests at work or waiting for a thread before 503")
    uploads: int = Field(64, ge=1, le=10_000, description="bodies on their way in at once before 503")
    body_timeout_s: float = Field(60.0, gt=0, le=3600, description="how long a body may take to come in before 408")
    grace_s: int = Field(20, ge=0, le=600, description="how long a stop waits for what runs")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least severe line that is logged")
    log_format: Literal["json", "text"] = Field("json", description="one JSON object a line, or text for a terminal")
    read_audit_days: int = Field(
        400, ge=1, le=36_500, description="days for which the audit of CLEAR and GREEN reads is kept after its digest"
    )
    private_peers: bool = Field(default=False, description="whether peers and webhooks may be at http and private addresses")
    sends: bool = Field(default=False, description="whether the worker also sends to the peers: for a node that they cannot dial")
    lang: Literal["", "es", "pt", "en"] = Field("", description="language of the command line; by default the terminal's, else English")
    idempotency_days: int = Field(30, ge=1, le=365, description="days for which an answer is kept under its Idempotency-Key")
    url: str = Field("http://127.0.0.1:8080", description="client commands: the node to talk to")
    key: str = Field("", description="client commands: the API key")
    ca_file: str = Field("", description="client commands: a CA file of the ministry's proxy")

    @field_validator("conferences")
    @classmethod
    def _known_conferences(cls, value: str) -> str:
        codes = [code.strip().upper() for code in value.split(",") if code.strip()]
        if not codes or len(set(codes)) != len(codes):
            message = "name each authored conference once, for example RCM or RCM,SACM"
            raise ValueError(message)
        return ",".join(codes)

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for proxy in filter(None, map(str.strip, value.split(","))):
            ipaddress.ip_network(proxy)  # raises ValueError: a name or `*` would be believed from anywhere, or never
        return value

    @property
    def proxies(self) -> tuple[str, ...]:
        """Addresses and networks of the reverse proxies that are believed."""
        return tuple(filter(None, map(str.strip, self.trusted_proxies.split(","))))

    @property
    def authored(self) -> tuple[str, ...]:
        """The conferences whose documents this node signs."""
        return tuple(self.conferences.split(","))

    @property
    def node_name(self) -> str:
        """The node's name in checkpoints and in /.well-known/istmo.json."""
        return self.node or "-".join(self.authored)
