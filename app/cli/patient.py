"""What `istmo doctor` looks at: the settings of an installation, its files and its store; nothing is ever written."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.orm import Session

from app.settings import Settings


@dataclass(frozen=True)
class Ailment:
    """What is wrong: the code of its sentence (`doctor-...` in `commands.toml`, or in `faults.toml`) and the figures of it."""

    code: str
    figures: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Patient:
    """An installation at an instant."""

    settings: Settings
    now: datetime

    @property
    def url(self) -> URL:
        """The store's address."""
        return make_url(self.settings.database_url)

    @property
    def file(self) -> Path | None:
        """The SQLite file; none with PostgreSQL or a store in memory."""
        return Path(self.url.database) if self.url.get_backend_name() == "sqlite" and self.url.database else None


Check = Callable[[Patient], Iterator[Ailment]]
StoreCheck = Callable[[Patient, Session], Iterator[Ailment]]
