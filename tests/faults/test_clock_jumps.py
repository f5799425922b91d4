"""Clocks that jump: the order of the log, cursors, keys and witnesses never go by the clock (guarantees 3)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import time_machine
from bodies import bulletin, publish, withdraw
from serving import TLS, Nodes, Served
from sqlalchemy import text
from stores import STORES
from twins import held, peer_row, quarantine, twins

from app.exchange.upkeep import upkeep
from app.exchange.verify import faults
from app.main import JOBS

ALERT = {
    "title": {"es": "Red de Ecuador al golfo de Urabá"},
    "summary": {"es": "Recibe a personas en la frontera y las embarca de noche."},
    "network_code": "KESTREL-07",
    "severity": "high",
    "source_reliability": "A",
    "information_credibility": 2,
    "first_seen": "2017-01",
    "last_seen": "2018-09",
    "nationalities": ["NPL", "IND"],
    "modus_operandi": ["safe_house"],
}
DAY = timedelta(days=1)
JUMPS = (timedelta(), -DAY, 365 * DAY, -2 * DAY, 3 * DAY, timedelta())


@contextmanager
def clock(jump: timedelta) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + jump):
        yield


def witnessed(served: Served) -> int:
    with served.node.db.read() as session:
        return int(session.execute(text("SELECT max(size) FROM witness")).scalar_one())


def size(served: Served) -> int:
    with served.node.db.read() as session:
        return int(session.execute(text("SELECT size FROM log_head")).scalar_one())


class Office:
    """What RCM's secretariat does and reads at each reading of the clock, on RCM's node."""

    def __init__(self, served: Served) -> None:
        self.client, self.told, self.last = served.as_("rcm"), list[tuple[str, int, str]](), None
        self.alert = self.client.post("/v1/alerts", json={**ALERT, "retention_until": str(datetime.now(UTC).date() + 60 * DAY)}).json()
        self.once = self.keyed().json()
        user, _, secret = served.keys["pan"].removeprefix("istmo_").partition("_")
        self.token = served.as_(None).post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(user, secret)).json()
        self.told += [(self.alert["id"], 1, "publish"), (self.once["id"], 1, "publish")]

    def keyed(self) -> httpx.Response:
        return self.client.post("/v1/bulletins", json=bulletin(period="2018-01"), headers={"Idempotency-Key": "once"})

    def write(self, at: int) -> None:
        """A new bulletin, and the one before it taken back."""
        document = publish(self.client, period=f"2019-{at + 1:02}")
        self.told.append((document["id"], 1, "publish"))
        if self.last:
            self.told.append((self.last["id"], withdraw(self.client, self.last)["version"], "withdraw"))
        self.last = document

    def read(self) -> tuple[int, bool, int]:
        """Whether the alert is there, the kept answer comes back, the token of an hour is taken."""
        again = self.keyed()
        assert again.json()["id"] == self.once["id"]
        bearer = {"Authorization": f"Bearer {self.token['access_token']}"}
        me = httpx.get(self.client.base_url.join("/v1/me"), headers=bearer, trust_env=False, verify=TLS, timeout=60)
        alert = self.client.get(f"/v1/alerts/{self.alert['id']}")
        return alert.status_code, again.headers.get("idempotency-replayed") == "true", me.status_code


@pytest.mark.parametrize("kind", STORES)
def test_a_clock_that_jumps_back_a_day_and_on_a_year_changes_no_order_and_keeps_no_peer_waiting(nodes: Nodes, tmp_path: Path, kind: str):
    with twins(nodes, kind, tmp_path) as pair:
        pair.meet()
        office, read = Office(pair.rcm), list[tuple[int, bool, int]]()
        for at, jump in enumerate(JUMPS):
            with clock(jump):
                office.write(at)
                read.append(office.read())
            with clock(-jump):  # the other node's clock jumps the other way
                assert upkeep(pair.sacm.node, {"pulled": JOBS["pulled"]})["pulled"] > 0
        # A year ahead the alert is over, the kept answer too and the token; nothing of it was erased when the clock is right again.
        assert read == [(200, True, 200), (200, True, 200), (404, False, 401), (200, True, 200), (200, True, 401), (200, True, 200)]
        assert [entry[:3] for entry in held(pair.rcm, "RCM")] == office.told
        assert held(pair.sacm, "RCM") == held(pair.rcm, "RCM")
        assert (quarantine(pair.sacm), peer_row(pair.sacm, "rcm").failures) == ([], 0)
        assert witnessed(pair.rcm) == size(pair.rcm)
        for served in (pair.rcm, pair.sacm):
            with served.node.db.read() as session:
                assert list(faults(session)) == []
