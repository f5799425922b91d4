"""What the two nodes of the demo exchange, and what is told of it: all that is said is read from the two stores."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from app.bulletins.proofs import certificate_faults
from app.cli.output import result, tell, word_for, words_of
from app.cli.sampling import COLUMNS, DARIEN, DARIEN_CODES, sample, say_block
from app.client import Istmo
from app.exchange.digests import KIND, audit_faults
from app.exchange.log import Entry, entries
from app.exchange.node import Node
from app.exchange.verify import faults
from app.main import KINDS
from app.sync import pulling
from app.sync.standing import standings
from app.wire.codes import Op, Role

STATES = {"RCM": "PAN", "SACM": "COL"}
"""Whose figures each node of the demo publishes."""
_MONTHS = "2024-1"
"""How the months of Darién begin that RCM's node publishes."""
_MADE_UP = b"period,nationality,value\n2024-05,VEN,410\n2024-05,HTI,205\n2024-06,VEN,380\n2024-06,HTI,260\n"
"""Two months that nobody counted: no public series of a member of SACM lies in the package."""
_ALERT = {
    "title": {"en": "Demo: boats by night", "es": "Demostración: lanchas de noche", "pt": "Demonstração: lanchas à noite"},
    "summary": {"en": "A made-up network that offers the crossing of the gulf."},
    "severity": "high",
    "source_reliability": "B",
    "information_credibility": 2,
    "first_seen": "2024-01",
    "last_seen": "2024-03",
    "nationalities": ["NPL"],
    "route": [{"seq": 1, "from": "COL", "to": "PAN", "mode": "sea"}],
    "tlp": "GREEN",
}


@dataclass(frozen=True)
class Desk:
    """One conference's node in the demo, its address, and an API key for each role."""

    node: Node
    url: str
    keys: Mapping[Role, str] = field(repr=False)

    @property
    def name(self) -> str:
        """The node's name: its conference."""
        return self.node.settings.node_name

    @property
    def peer_name(self) -> str:
        """What the other node calls it."""
        return self.name.lower()

    def client(self) -> Istmo:
        """Its secretariat, over HTTP."""
        return Istmo(self.url, self.keys[Role.SECRETARIAT])


def exchange(rcm: Desk, sacm: Desk) -> None:
    """Each publishes, each reads the other, RCM's node takes its first month back, SACM's reads on; what an earlier demo did is not done again."""
    _publish(rcm, _months_of_darien(), {"column": list(COLUMNS), "code": list(DARIEN_CODES), "sum_duplicates": True})
    _publish(sacm, _MADE_UP, {})
    for one, other in ((rcm, sacm), (sacm, rcm)):
        _pull(one, other)
    _withdraw(rcm)
    _pull(sacm, rcm)


def _months_of_darien() -> bytes:
    head, *lines = sample(DARIEN).splitlines(keepends=True)
    return head + b"".join(line for line in lines if line.decode().startswith(_MONTHS))


def _publish(desk: Desk, raw: bytes, options: Mapping[str, object]) -> None:
    """A file of figures and an alert, as the secretariat would send them."""
    if _of(desk, desk.name):
        return
    asked = {"state": STATES[desk.name], "measure": "irregular_transit", "unit": "person", **options}
    with desk.client() as client:
        bulletins = client.push_file("demo.csv", raw, asked, None).answer["bulletins"]
        alerts = client.post_alerts(json.dumps(_ALERT).encode(), None).answer["alerts"]
    result(words_of("two-published", node=desk.name, bulletins=len(bulletins), alerts=len(alerts)))


def _withdraw(desk: Desk) -> None:
    first, *later = [entry for entry in _of(desk, desk.name) if entry.kind == "bulletin"]
    if any(entry.id == first.id for entry in later):
        return
    with desk.client() as client:
        client.withdraw(first.id, "demo", f'"{first.id}.v{first.version}"')
    result(words_of("two-withdrew", node=desk.name, id=first.id))


def _pull(one: Desk, other: Desk) -> None:
    done = pulling.pull(one.node, KINDS, other.peer_name)
    result(words_of("two-pulled", node=one.name, other=other.name, applied=done.applied))


def _of(desk: Desk, origin: str) -> list[Entry]:
    """What a node's log holds of one conference's documents."""
    with desk.node.db.read() as session:
        return [entry for entry in entries(session) if entry.origin == origin and entry.kind != KIND]


def report(rcm: Desk, sacm: Desk) -> bool:
    """Tell what arrived on either side; whether the two are equal and both logs whole."""
    say_block(words_of("two-report"))
    return all([_arrived(*pair) for pair in ((rcm, sacm), (sacm, rcm))] + [_is_whole(desk) for desk in (rcm, sacm)])


def _arrived(one: Desk, other: Desk) -> bool:
    """What a node has of the other's documents, whether it is what the other has, and up to where it signed for it."""
    held, made = _of(one, other.name), _of(other, other.name)
    _tell_kinds(one, other, {entry.id: entry for entry in held}.values())
    known = {(entry.id, entry.version): entry.digest for entry in made}
    equal = sum(known.get((entry.id, entry.version)) == entry.digest for entry in held)
    result(f"  {words_of('two-equal', node=one.name, other=other.name, equal=equal, total=len(held))}")
    with other.node.db.read() as session:
        standing = next(each for each in standings(session, other.node) if each.peer.name == one.peer_name)
    signed, waiting = standing.witnessed.size if standing.witnessed else 0, standing.behind.count
    result(f"  {words_of('two-signed', node=one.name, other=other.name, size=signed, waiting=waiting)}")
    return equal == len(held) and waiting == 0


def _tell_kinds(one: Desk, other: Desk, newest: Collection[Entry]) -> None:
    gone = Counter(entry.kind for entry in newest if entry.op == Op.WITHDRAW.value)
    for kind, count in sorted(Counter(entry.kind for entry in newest).items()):
        result(words_of("two-holds", node=one.name, other=other.name, kind=word_for(f"{kind}s"), count=count, gone=gone[kind]))


def _is_whole(desk: Desk) -> bool:
    with desk.node.db.read() as session:
        found = [*faults(session), *audit_faults(session), *certificate_faults(session)]
    result(f"{desk.name}: {words_of('verify-faults', count=len(found)) if found else words_of('verify-whole')}")
    return not found


def welcome(rcm: Desk, sacm: Desk) -> None:
    """Print the addresses, the keys and requests that work when pasted."""
    for desk in (rcm, sacm):
        say_block(words_of("two-serves", node=desk.name, address=desk.url))
        for role, key in desk.keys.items():
            result(f"  {role.value:<12} {key}")
    say_block(words_of("demo-try"))
    flows = f"{sacm.url}/v1/flows?reporting_state=PAN&measure=irregular_transit&group_by=period&frequency=month"
    _request("two-try-flows", sacm.keys[Role.ANALYST], flows)
    _request("two-try-peers", rcm.keys[Role.OPERATOR], f"{rcm.url}/v1/peers")
    _request("two-try-changes", sacm.keys[Role.SECRETARIAT], f"{sacm.url}/v1/changes?origin=RCM&limit=5")
    tell("two-worker")


def _request(code: str, key: str, url: str) -> None:
    result(words_of(code))
    result(f"curl -s -H 'Authorization: Bearer {key}' '{url}'")
