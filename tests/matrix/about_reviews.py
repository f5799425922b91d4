"""What is asked of what waits to be published: "seen by issuer and origin secretariat, absent from log, flows and lists" (contract: Life)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asking import ABSENT, Matrix, Mismatch, outcome
from bodies import bulletin, cells
from route_oracle import RIGHTS, refused
from visibility_oracle import Client
from world import World

OWNERS = {"pan": "RCM/PAN", "rcm": "RCM/secretariat", "bra": "SACM/BRA", "sacm": "SACM/secretariat"}
STATES = {"pan": "PAN", "rcm": "HND", "bra": "BRA", "sacm": "ECU"}
BODIES = {"confirm": {}, "reject": {"reason": "other"}, "cancel": None}


@dataclass(frozen=True)
class Waits:
    """An item, and the office whose it is."""

    id: str
    who: str

    @property
    def issuer(self) -> str:
        return OWNERS[self.who]


def keep_waiting(world: World) -> None:
    """One bulletin of each owner waits for its minute, in a period and with a figure of its own."""
    for number, (who, state) in enumerate(STATES.items()):
        body = bulletin(
            reporting_state=state,
            period=f"{1930 + number}",
            cells=cells(VEN=555_000 + number),
            publish_at=f"{datetime.now(UTC).date() + timedelta(days=300)}T00:00:00Z",
        )
        answer = world.ask(who, "POST", "/v1/bulletins", body)
        assert answer.status == 202, answer.body
        world.waiting.append(Waits(answer.header("location").rsplit("/", 1)[-1], who))


def sees_waiting(client: Client, item: Waits) -> bool:
    """ "Seen by issuer and origin secretariat"."""
    conference = item.issuer.split("/")[0]
    return client.conference == conference and (client.role == "secretariat" or f"{conference}/{client.state}" == item.issuer)


def expected(route: str, client: Client | None, who: str, item: Waits | None) -> str:
    """The answer to a question that changes nothing: no version is named, and nobody's client here names its person."""
    stopped = refused(route, client)
    if stopped or client is None:
        return str(stopped)
    if item is None or not sees_waiting(client, item):
        return "404 not-found"
    if route.endswith("/confirm"):
        return "403 same-person" if item.who == who else "403 person-missing"
    return "200" if route.startswith("GET") else "428 precondition-required"


def reviews(matrix: Matrix) -> Iterator[Mismatch]:
    """Each route about each item by each caller; what one may not see is absent to the byte, and no list counts it."""
    routes = [route for route in RIGHTS if "/v1/reviews" in route]
    for who, client in matrix.asking:
        for route in routes:
            method, path = route.split(" ")
            if "{review_id}" not in path:
                answer = matrix.world.ask(who, "GET", path)
                seen = [each.id for each in matrix.world.waiting if client and sees_waiting(client, each)]
                told = (
                    ([each["id"] for each in answer.json()["items"]], answer.json()["total"]) if answer.status == 200 else outcome(answer)
                )
                yield from matrix.cell(route, who, "the list", refused(route, client) or (seen, len(seen)), told)
                continue
            verb = path.rsplit("/", 1)[-1]
            body = {} if method == "PUT" else BODIES.get(verb)
            absent = matrix.world.ask(who, method, path.format(review_id=ABSENT), body)
            yield from matrix.cell(route, who, "absent", expected(route, client, who, None), outcome(absent))
            for item in matrix.world.waiting:
                answer = matrix.world.ask(who, method, path.format(review_id=item.id), body)
                got = "200" if answer.status == 200 else outcome(answer)
                yield from matrix.cell(route, who, item.issuer, expected(route, client, who, item), got)
                if answer.status == 404:
                    yield from matrix.cell(route, who, f"{item.issuer}, byte by byte", absent.still, answer.still)
