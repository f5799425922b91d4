"""What is asked of the feed, of the directory, of clients and of machines."""

from base64 import b64encode
from collections.abc import Iterator
from itertools import product

from asking import Matrix, Mismatch, outcome, status
from route_oracle import RIGHTS, elsewhere, refused, told
from visibility_oracle import Client, sees
from world import Answer

ABSENT_PLACES = ("XYZ", "nobodysclient", "nonsense")
BARE = {"POST /v1/me/rotate", "POST /v1/clients/{client_id}/rotate", "POST /v1/clients/{client_id}/disable"}
ASKED_APART = (
    *(
        "/v1/bulletins",
        "/v1/flows",
        "/v1/alerts",
        "/v1/sightings",
        "/v1/opinions",
        "/v1/proposals",
        "/v1/reviews",
        "/v1/changes",
        "/v1/snapshot",
        "/v1/log/",
    ),
    *("/metrics", "/oauth/"),
)


def feed(matrix: Matrix) -> Iterator[Mismatch]:
    """The feed from its start, of every kind: in the order of the log what each caller is told of each version."""
    for who, client in matrix.asking:
        yield from _told(matrix, who, client, "")
        yield from _told(matrix, who, client, "sighting")
        yield from _stands(matrix, who, client)


def _told(matrix: Matrix, who: str, client: Client | None, kind: str) -> Iterator[Mismatch]:
    known = {each.document.id: each for each in (*matrix.world.filed, *matrix.world.alerts, *matrix.world.answers)}
    expected = []
    for number, (document_id, version) in enumerate(matrix.world.log, 1):
        each = known[document_id]
        said = told(client, each, version) if client and kind in {"", each.kind} else None
        if client and said:
            seq = number if client.role in {"operator", "peer", "secretariat"} else None
            expected.append((document_id, version, *said, seq))
    path = f"/v1/changes?limit=1000{kind and f'&kind={kind}'}"
    answer = matrix.world.ask(who, "GET", path)
    got: object = outcome(answer)
    if answer.status == 200:
        items = answer.json()["items"]
        got = [(item["id"], item["version"], item["op"], item.get("document") is not None, item.get("seq")) for item in items]
    yield from matrix.cell("GET /v1/changes", who, kind or "the feed", refused("GET /v1/changes", client) or expected, got)


def _stands(matrix: Matrix, who: str, client: Client | None) -> Iterator[Mismatch]:
    """Where a reader begins: of what stands and may be seen the newest version, in the order of the log."""
    known = {each.document.id: each for each in (*matrix.world.filed, *matrix.world.alerts, *matrix.world.answers)}
    expected = []
    for document_id, version in matrix.world.log:
        said = told(client, known[document_id], version) if client and version == known[document_id].newest else None
        if said and said[0] in {"publish", "revise"}:
            expected.append((document_id, version, *said))
    answer = matrix.world.ask(who, "GET", "/v1/snapshot?limit=1000")
    got: object = outcome(answer)
    if answer.status == 200:
        got = [(item["id"], item["version"], item["op"], item["document"] is not None) for item in answer.json()["items"]]
    yield from matrix.cell("GET /v1/snapshot", who, "the start", refused("GET /v1/snapshot", client) or expected, got)


def others(matrix: Matrix) -> Iterator[Mismatch]:
    """All other routes: by role, and where something is named in the path, the own, the other's and what does not exist."""
    heads = {client.role if client else "nobody": who for who, client in reversed(matrix.asking)}
    for route, (who, client) in product(RIGHTS, matrix.asking):
        method, path = route.split(" ")
        if path.startswith(ASKED_APART):
            continue
        for place in _places(matrix, path):
            if method == "POST" and place == _client(matrix, "pan") and client and client.role == "operator":
                continue  # it would be done
            named = path.format(code=place, name=place, client_id=place, entry_id=place)
            # A write without a body carries a parameter that no route knows, so that whoever has the right is refused all the same.
            asked = named if route not in BARE or place in ABSENT_PLACES else f"{named}?nonsense=1"
            answer = matrix.world.ask(who, method, asked, None if method == "GET" or route in BARE else {})
            expected = refused(route, client) or elsewhere(route, client, "" if place in ABSENT_PLACES else place)
            got = outcome(answer) if answer.status in {401, 403} else str(answer.status)
            yield from matrix.cell(route, who, place, expected, got)
            if method == "GET" and who in heads.values():
                head = matrix.world.ask(who, "HEAD", asked)
                yield from matrix.cell(f"HEAD {path}", who, place, (answer.status, b""), (head.status, head.body))
    yield from logs(matrix)
    yield from machines(matrix)


def _places(matrix: Matrix, path: str) -> tuple[str, ...]:
    if "{code}" in path:
        return ("RCM", "SACM", ABSENT_PLACES[0])
    if "{client_id}" in path:
        return (_client(matrix, "pan"), ABSENT_PLACES[1])
    if "{entry_id}" in path:
        return (ABSENT_PLACES[2],)
    if "{name}" in path:
        return ("measure", ABSENT_PLACES[2]) if "vocabularies" in path else (ABSENT_PLACES[2],)
    return ("-",)


def _client(matrix: Matrix, who: str) -> str:
    return matrix.world.served.keys[who].split("_")[1]


LOG_ROUTES = {
    "GET /v1/log/checkpoint": "",
    "GET /v1/log/proofs/inclusion": "?number=2&size=3",
    "GET /v1/log/proofs/consistency": "?from=2&to=3",
    "GET /v1/log/witnesses": "",
}


def logs(matrix: Matrix) -> Iterator[Mismatch]:
    """The log: whoever checks it gets every entry by number, and which version it is of where that may be seen."""
    known = {each.document.id: each for each in (*matrix.world.filed, *matrix.world.alerts, *matrix.world.answers)}
    for who, client in matrix.asking:
        for route, query in LOG_ROUTES.items():
            answer = matrix.world.ask(who, "GET", route.split(" ")[1] + query)
            yield from matrix.cell(route, who, "-", refused(route, client) or "200", status(answer))
        expected: object = refused("GET /v1/log/entries", client)
        if client and not expected:
            placed = [(each, known[each].document, min(version, known[each].newest)) for each, version in matrix.world.log]
            expected = [each if sees(client, document, version) else None for each, document, version in placed]
        answer = matrix.world.ask(who, "GET", "/v1/log/entries?limit=1000")
        yield from matrix.cell("GET /v1/log/entries", who, "-", expected, _ids_in(answer))
        # Of a peer that no operator added nothing is taken, whatever it sends.
        for route, unfit in (
            ("POST /v1/log/witnesses", "422 invalid-document"),
            ("POST /v1/changes", "403 peer-not-known"),
            ("POST /v1/changes/hint", "403 peer-not-known"),
        ):
            answer = matrix.world.ask(who, "POST", route.split(" ")[1], {})
            yield from matrix.cell(route, who, "-", refused(route, client) or unfit, outcome(answer))


def _ids_in(answer: Answer) -> object:
    return [item.get("id") for item in answer.json()["items"]] if answer.status == 200 else outcome(answer)


def machines(matrix: Matrix) -> Iterator[Mismatch]:
    """What machines ask: figures of the node, tokens."""
    for who, client in matrix.asking:
        for headers, here in (({}, True), ({"X_Forwarded_For": "192.0.2.1"}, False)):
            expected = "200" if client is None and here else refused("GET /metrics", client) or "200"
            got = status(matrix.world.ask(who, "GET", "/metrics", None, **headers))
            yield from matrix.cell("GET /metrics", who, str(headers), expected, got)
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        for path, sent in (("token", b"grant_type=password"), ("revoke", b"token_type_hint=x")):
            got = outcome(matrix.world.ask(who, "POST", f"/oauth/{path}", sent, **form))
            yield from matrix.cell(f"POST /oauth/{path}", who, "by an API key as Bearer", "401 invalid-client", got)
            if client:
                pair = b64encode(matrix.world.served.keys[who].removeprefix("istmo_").replace("_", ":", 1).encode()).decode()
                answer = matrix.world.ask("nobody", "POST", f"/oauth/{path}", sent, Authorization=f"Basic {pair}", **form)
                yield from matrix.cell(f"POST /oauth/{path}", who, "by Basic", 400, answer.status)
