"""What is asked about alerts and about what is answered to them: one by one, in lists, facets, files and relations, and of who may write them."""

import json
from collections.abc import Callable, Iterator, Sequence

from about_bulletins import changing, one, page, part_of, versions
from alert_oracle import FiledAlert, FiledAnswer, answers_to, by_body, decide, decision, file_of, forms, network_of, of_body, read
from alert_world import WORD
from asking import Matrix, Mismatch, Question, existing, outcome, status
from route_oracle import ANSWERS, form, readers, refused
from visibility_oracle import STATES, Client
from world import CALLERS, Answer

ONE = "GET /v1/alerts/{document_id}"
VERSIONS = {kind: existing(f"GET /v1/{kind}s/{{document_id}}/versions{end}" for end in ("", "/{number}")) for kind in ("alert", *ANSWERS)}
CHANGES = {
    kind: existing([f"PUT /v1/{kind}s/{{document_id}}", *(f"POST /v1/{kind}s/{{document_id}}/{verb}" for verb in ("withdraw", "erase"))])
    for kind in ("alert", *ANSWERS)
}
TOLD_OF = existing(f"{ONE}/{kind}s" for kind in ANSWERS)
ANSWERING = existing(f"POST /v1/alerts/{{document_id}}/{kind}s" for kind in ANSWERS)
RELATED, FLOWS, READERS = existing([f"{ONE}/related", f"{ONE}/flows", f"{ONE}/readers"])
DECISION, *DECIDING = existing(
    ["GET /v1/proposals/{document_id}/decision", *(f"POST /v1/proposals/{{document_id}}/{verb}" for verb in ("accept", "decline"))]
)


def alerts(matrix: Matrix, filed: Sequence[FiledAlert]) -> Iterator[Mismatch]:
    """Routes of one alert: read, changed, answered, and what is told of it."""
    yield from matrix.put(question for who in matrix.callers for question in _of_alerts(matrix, who, filed))


def _of_alerts(matrix: Matrix, who: str, filed: Sequence[FiledAlert]) -> Iterator[Question]:
    client, world = CALLERS[who], matrix.world
    near = sum(client is not None and form(client, each, each.newest) == "body" for each in world.filed)
    for each in filed:
        yield from one(matrix, who, each, ONE)
        for kind, route in zip(ANSWERS, TOLD_OF, strict=True):
            yield matrix.question(route, who, each, client and answers_to(client, each, kind, world.answers), read=_answers)
        others = {other.document.id for other in read(client, world.alerts) if other is not each}
        yield matrix.question(RELATED, who, each, client and of_body(client, each, others), read=_ids)
        yield matrix.question(READERS, who, each, client and readers(client, each), read=status)
        yield matrix.question(FLOWS, who, each, client and of_body(client, each, near), read=_total)
        yield from versions(matrix, who, each, *VERSIONS["alert"])
        for route in CHANGES["alert"]:
            yield matrix.question(route, who, each, changing(route, client, each))
        for route in ANSWERING:
            seen = client and form(client, each, each.newest)
            yield matrix.question(route, who, each, "422 invalid-document" if seen else "404 not-found")
    for route in (ONE, *TOLD_OF, RELATED, FLOWS, READERS, *VERSIONS["alert"], *CHANGES["alert"], *ANSWERING):
        yield matrix.question(route, who, None, "404 not-found")


def _answers(answer: Answer) -> object:
    return (*page(answer), answer.json().get("counts")) if answer.status == 200 else outcome(answer)


def _ids(answer: Answer) -> object:
    return {item["id"] for item in answer.json()["items"]} if answer.status == 200 else outcome(answer)


def _total(answer: Answer) -> object:
    return answer.json()["total"] if answer.status == 200 else outcome(answer)


def answers(matrix: Matrix, filed: Sequence[FiledAnswer]) -> Iterator[Mismatch]:
    """Routes of one sighting, opinion or proposal."""
    yield from matrix.put(question for who in matrix.callers for question in _of_answers(matrix, who, filed))


def _of_answers(matrix: Matrix, who: str, filed: Sequence[FiledAnswer]) -> Iterator[Question]:
    client = CALLERS[who]
    for each in filed:
        yield from one(matrix, who, each, f"GET /v1/{each.kind}s/{{document_id}}")
        # Under the address of another kind there is no such document, whoever asks.
        other = ANSWERS[ANSWERS.index(each.kind) - 1]
        yield matrix.question(f"GET /v1/{other}s/{{document_id}}", who, each, "404 not-found")
        yield from versions(matrix, who, each, *VERSIONS[each.kind])
        for route in CHANGES[each.kind]:
            yield matrix.question(route, who, each, changing(route, client, each))
        if each.kind == "proposal":
            for route in DECIDING:
                yield matrix.question(route, who, each, (client and decide(client, each)) or "422 invalid-document")
            yield matrix.question(DECISION, who, each, client and decision(client, each), read=_decision)
    for kind in ANSWERS:
        for route in (f"GET /v1/{kind}s/{{document_id}}", *VERSIONS[kind], *CHANGES[kind]):
            yield matrix.question(route, who, None, "404 not-found")
    for route in (DECISION, *DECIDING):
        yield matrix.question(route, who, None, "404 not-found")


def _decision(answer: Answer) -> object:
    told = answer.json()
    return (told["decision"], told.get("alert_version") or told.get("opinion")) if answer.status == 200 else outcome(answer)


def lists(matrix: Matrix) -> Iterator[Mismatch]:
    """The list whole, by filter and by what alerts say; facets; files."""
    for who, client in matrix.asking:
        yield from listed(matrix, who, client)
        yield from facets(matrix, who, client)
        yield from files(matrix, who, client)


MARKED: dict[str, Callable[[FiledAlert], bool]] = {
    "&origin=SACM": lambda each: each.document.origin == "SACM",
    "&status=withdrawn": lambda each: each.newest in each.withdrawals,
    "&sort=-reference": lambda _: True,
}


def listed(matrix: Matrix, who: str, client: Client | None) -> Iterator[Mismatch]:
    """What is listed by its envelope, then what is found or ordered by what it says, for who reads that."""
    route, filed, path = "GET /v1/alerts", matrix.world.alerts, "/v1/alerts?limit=1000"
    every = forms(client, filed)
    yield from matrix.once(route, who, "everything", (every, len(every)), path, page)
    for query, holds in MARKED.items():
        expected = forms(client, filter(holds, filed))
        yield from matrix.once(route, who, query, (expected, len(expected)), path + query, page)
    yield from matrix.once(route, who, "one of them", (True, len(every)), "/v1/alerts?limit=1", lambda answer: part_of(answer, every))
    near = [each for each in filed if each.document.origin == "SACM"]
    green = forms(client, [each for each in near if each.document.versions[-1].tlp == "GREEN"])
    # "Left out": what the caller sees and its own filter by marking kept away.
    marked, query = (green, len(green), ["tlp"] if len(forms(client, near)) > len(green) else None), "&origin=SACM&tlp=GREEN"
    yield from matrix.once(route, who, query, marked, path + query, lambda answer: (*page(answer), answer.json().get("left_out")))
    said = forms(client, read(client, filed))
    networks = ",".join(network_of(number) for number in range(100))
    for query in (f"&q={WORD}", f"&network_code={networks}", "&passes=PAN&severity_min=high"):
        yield from matrix.once(route, who, query[:20], by_body(client, (said, len(said))), path + query, page)
    yield from matrix.once(route, who, "&sort=-severity", by_body(client, (every, len(every))), f"{path}&sort=-severity", page)


def facets(matrix: Matrix, who: str, client: Client | None) -> Iterator[Mismatch]:
    """How alerts spread over codes: the network code, of which each has its own, names every one that was counted."""
    for query, holds in {"": lambda _: True, "?origin=RCM": lambda each: each.document.origin == "RCM"}.items():
        counted = [each for each in read(client, matrix.world.alerts) if holds(each)]
        expected = ({each.network: 1 for each in counted}, len(counted))
        yield from matrix.once("GET /v1/alerts/facets", who, query or "all", expected, f"/v1/alerts/facets{query}", _facets)


def _facets(answer: Answer) -> object:
    told = answer.json()
    return {facet["code"]: facet["count"] for facet in told["facets"]["network_code"]}, told["total"]


def files(matrix: Matrix, who: str, client: Client | None) -> Iterator[Mismatch]:
    """CSV and NDJSON, for who reads bodies, without what may not be passed on; that something is missing is said in header and last line."""
    held, left = file_of(client, matrix.world.alerts)
    expected = by_body(client, (held, f"no-onward={left}" if left else "", bool(left)))
    for name, ids in (("csv", _csv_ids), ("ndjson", _ndjson_ids)):
        path = f"/v1/alerts?format={name}"
        yield from matrix.once(
            "GET /v1/alerts",
            who,
            name,
            expected,
            path,
            lambda answer, ids=ids: (ids(answer), answer.header("istmo-left-out"), _says(answer)),
        )


def _says(answer: Answer) -> bool:
    return b"left" in b"".join(answer.body.rstrip().splitlines()[-1:])[:12]


def _csv_ids(answer: Answer) -> set[str]:
    head, *rows = answer.body.decode().split("\r\n")
    place = head.split(",").index("id")
    return {row.split(",")[place] for row in rows if row and not row.startswith("#")}


def _ndjson_ids(answer: Answer) -> set[str]:
    lines = [json.loads(line) for line in answer.body.splitlines()]
    return {line["id"] for line in lines if "id" in line}


def publishing(matrix: Matrix) -> Iterator[Mismatch]:
    """POST of an alert in one's own name and in the other conference's, alone and in a batch."""
    for who, client in matrix.asking:
        for origin in (None, *STATES):
            body = {"nonsense": 1} | ({"conference": origin} if origin else {})
            own = client is not None and origin in {None, client.conference}
            for route, sent in (("POST /v1/alerts", body), ("POST /v1/alerts/batch", {"alerts": [body]})):
                got = outcome(matrix.world.ask(who, "POST", route.split(" ")[1], sent))
                expected = refused(route, client) or ("422 invalid-document" if own else "403 not-your-state")
                yield from matrix.cell(route, who, f"in the name of {origin or 'oneself'}", expected, got)
