"""What is asked about bulletins: one by one, in lists and sums, and of who may publish them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from alert_oracle import forms
from asking import Matrix, Mismatch, Question, existing, forms_in, kind_of, outcome, status
from route_oracle import Filed, certificate, change, form, may_write_for, readers, refused, report
from visibility_oracle import STATES, Client
from world import CALLERS, Answer

MULTIPART = {"Content_Type": "multipart/form-data; boundary=x"}
NO_CSV = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\nneither period nor value\r\n1,2\r\n--x--\r\n'
ONE = "GET /v1/bulletins/{document_id}"
CHANGES = existing(["PUT /v1/bulletins/{document_id}", *(f"POST /v1/bulletins/{{document_id}}/{verb}" for verb in ("withdraw", "erase"))])
REPORT, CERTIFICATE, READERS, CITATION = existing(f"{ONE}/{name}" for name in ("disclosure-report", "certificate", "readers", "citation"))
VERSIONS, VERSION = existing([f"{ONE}/versions", f"{ONE}/versions/{{number}}"])


def documents(matrix: Matrix, filed: list[Filed]) -> Iterator[Mismatch]:
    """Routes of one bulletin: read whole and by version, changed in a form that is refused for another reason, and what stands beside it."""
    yield from matrix.put(question for who in matrix.callers for question in _questions(matrix, who, filed))


def _questions(matrix: Matrix, who: str, filed: list[Filed]) -> Iterator[Question]:
    client = CALLERS[who]
    for each in filed:
        yield from one(matrix, who, each, ONE)
        for route in CHANGES:
            yield matrix.question(route, who, each, changing(route, client, each))
        yield matrix.question(REPORT, who, each, client and report(client, each), read=status)
        yield matrix.question(READERS, who, each, client and readers(client, each), read=status)
        for number in range(1, each.newest + 1):
            named = client and certificate(client, each, number)
            yield matrix.question(CERTIFICATE, who, each, named, number=number, query=f"?version={number}", read=status)
        seen = form(client, each, each.newest) if client else None
        yield matrix.question(CITATION, who, each, f"200 {seen}" if seen else "404 not-found", read=_cited)
        yield from versions(matrix, who, each, VERSIONS, VERSION)
    for route in (ONE, *CHANGES, REPORT, CERTIFICATE, READERS, CITATION, VERSIONS, VERSION):
        yield matrix.question(route, who, None, "404 not-found")


def one(matrix: Matrix, who: str, filed: Filed, route: str) -> Iterator[Question]:
    """The newest version of a document, of whatever kind."""
    client = CALLERS[who]
    seen = form(client, filed, filed.newest) if client else None
    yield matrix.question(route, who, filed, f"200 {seen}" if seen else "404 not-found")


def changing(route: str, client: Client | None, filed: Filed) -> str:
    """What a change answers that is refused for its form once the right to it is known."""
    wrong = "412 precondition-failed" if route.endswith(("withdraw", "erase")) else "422 invalid-document"
    return (change(client, filed) if client else None) or wrong


def versions(matrix: Matrix, who: str, filed: Filed, listed: str, single: str) -> Iterator[Question]:
    """All versions of a document and each of them, of whatever kind; the newest one is asked for with its ETag."""
    client = CALLERS[who]
    seen = {number: form(client, filed, number) for number in range(1, filed.newest + 1)} if client else {}
    shown = {number: kind for number, kind in seen.items() if kind}
    yield matrix.question(listed, who, filed, shown or "404 not-found", read=_by_version)
    for number in range(1, filed.newest + 1):
        expected = ("304" if number == filed.newest else f"200 {shown[number]}") if number in shown else "404 not-found"
        yield matrix.question(single, who, filed, expected, number=number)


def _by_version(answer: Answer) -> object:
    return {item["version"]: kind_of(item) for item in answer.json()["items"]} if answer.status == 200 else outcome(answer)


def _cited(answer: Answer) -> str:
    """Whether a citation tells of the body, or says no more than the envelope."""
    if answer.status != 200:
        return outcome(answer)
    return f"200 {'body' if '. Version ' in answer.json()['citation']['en'] else 'envelope'}"


def lists(matrix: Matrix) -> Iterator[Mismatch]:
    """Lists, counts, flows and sums, whole and by filter."""
    for who, client in matrix.asking:
        yield from _list(matrix, who, client)
        yield from flows(matrix, who, client)
        yield from histories(matrix, who, client)


FILTERS: dict[str, Callable[[Filed], bool]] = {
    "": lambda _: True,
    **{f"&tlp={tlp.replace('+', '%2B')}": lambda each, tlp=tlp: each.document.versions[-1].tlp == tlp for tlp in ("GREEN", "AMBER+STRICT", "RED")},
    **{f"&origin={origin}": lambda each, origin=origin: each.document.origin == origin for origin in STATES},
    "&status=withdrawn": lambda each: each.newest in each.withdrawals,
}  # fmt: skip


def _list(matrix: Matrix, who: str, client: Client | None) -> Iterator[Mismatch]:
    for query, holds in FILTERS.items():
        expected = forms(client, filter(holds, matrix.world.filed))
        place, path = query or "everything", f"/v1/bulletins?limit=1000{query}"
        yield from matrix.once("GET /v1/bulletins", who, place, (expected, len(expected)), path, page)
    every = forms(client, matrix.world.filed)
    one = (True, len(every))
    yield from matrix.once("GET /v1/bulletins", who, "one of them", one, "/v1/bulletins?limit=1", lambda answer: part_of(answer, every))


def page(answer: Answer) -> object:
    """The documents of a page with how much of each came, and the number of all."""
    return forms_in(answer), answer.json()["total"]


def part_of(answer: Answer, every: dict[str, str]) -> object:
    """Whether a page holds nothing but what is expected, and the number of all."""
    return forms_in(answer).items() <= every.items(), answer.json()["total"]


def flows(matrix: Matrix, who: str, client: Client | None) -> Iterator[Mismatch]:
    """Rows, sums and CSV of the bulletins that the caller reads."""
    route, served = "GET /v1/flows", [each for each in matrix.world.filed if client and form(client, each, each.newest) == "body"]
    rows = {f"{each.document.id}@v{each.newest}": each.value for each in served}
    sums: dict[str, int] = {}
    for each in served:
        sums[str(each.document.reporting_state)] = sums.get(str(each.document.reporting_state), 0) + each.value
    yield from matrix.once(route, who, "rows", rows, "/v1/flows?limit=1000", lambda answer: _column(answer, "bulletin"))
    yield from matrix.once(
        route, who, "sums", sums, "/v1/flows?group_by=reporting_state", lambda answer: _column(answer, "reporting_state")
    )
    yield from matrix.once(route, who, "CSV", set(rows), "/v1/flows?format=csv", lambda answer: _lines(answer, rows))
    yield from looks(matrix, who, served)


def looks(matrix: Matrix, who: str, served: Sequence[Filed]) -> Iterator[Mismatch]:
    """How the rows spread over States, and how many bulletins of each State tell of what: one row a bulletin here."""
    states = dict(Counter(str(each.document.reporting_state) for each in served))
    route, path = "GET /v1/flows/facets", "/v1/flows/facets?facets=reporting_state,nationality"
    yield from matrix.once(route, who, "by State", (len(served), states), path, _spread)
    route, path = "GET /v1/flows/coverage", "/v1/flows/coverage?limit=1000"
    yield from matrix.once(route, who, "by State", states, path, _covered)


def _spread(answer: Answer) -> object:
    told = answer.json()
    return told["rows"], {value["code"]: value["bulletins"] for value in told["facets"]["reporting_state"]["values"]}


def _covered(answer: Answer) -> object:
    found: Counter[str] = Counter()
    for row in answer.json()["items"]:
        found[row["reporting_state"]] += row["bulletins"]
    return dict(found)


def histories(matrix: Matrix, who: str, client: Client | None) -> Iterator[Mismatch]:
    """Revisions of the bulletins that the caller reads, and that others were taken back; by lag how many cells there are."""
    seen = {each.document.id: (each, client and form(client, each, each.newest)) for each in matrix.world.filed}
    rows = {f"{key}@v{each.newest}": each.value if kind == "body" else None for key, (each, kind) in seen.items() if kind}
    cells: dict[str, int] = {}
    for each, kind in seen.values():
        if kind == "body":
            cells[str(each.document.reporting_state)] = cells.get(str(each.document.reporting_state), 0) + 1
    asked = "/v1/flows/revisions?unrevised=true&limit=1000"
    yield from matrix.once("GET /v1/flows/revisions", who, "rows", rows, asked, lambda answer: _column(answer, "bulletin", "latest_value"))
    yield from matrix.once("GET /v1/flows/revisions/lags", who, "by lag", cells, "/v1/flows/revisions/lags", _at_first)


def _at_first(answer: Answer) -> dict[object, object]:
    found: dict[object, int] = {}
    for row in answer.json()["items"]:
        if row["weeks"] is None:
            found[row["reporting_state"]] = found.get(row["reporting_state"], 0) + row["cells"]
    return dict(found)


def _column(answer: Answer, name: str, value: str = "value") -> dict[object, object]:
    return {row[name]: row[value] for row in answer.json()["items"]}


def _lines(answer: Answer, rows: Iterable[str]) -> object:
    lines = {line for line in answer.body.decode().split("\r\n")[1:] if line}
    named = {name for name in rows if sum(name in line for line in lines) == 1}
    return named if len(lines) == len(named) else len(lines)


def publishing(matrix: Matrix) -> Iterator[Mismatch]:
    """POST for the own State, another one of the conference, the other conference's, an observer, one that is none."""
    for who, client in matrix.asking:
        for state in ("PAN", "HND", "BRA", "ZZZ"):
            body, options = {"reporting_state": state, "nonsense": 1}, f"state={state}&measure=rescue&unit=person"
            answers = {
                "POST /v1/bulletins": matrix.world.ask(who, "POST", "/v1/bulletins", body),
                "POST /v1/bulletins/check": matrix.world.ask(who, "POST", "/v1/bulletins/check", body),
                "POST /v1/bulletins/batch": matrix.world.ask(who, "POST", "/v1/bulletins/batch", {"bulletins": [body]}),
                "POST /v1/bulletins/files": matrix.world.ask(who, "POST", f"/v1/bulletins/files?{options}", NO_CSV, **MULTIPART),
            }
            for route, answer in answers.items():
                allowed = client and (state == "ZZZ" or may_write_for(client, state))
                expected = refused(route, client) or ("422" if allowed else "403 not-your-state")
                got = outcome(answer)
                yield from matrix.cell(route, who, f"for {state}", expected, got[:3] if got.startswith("422") else got)
        for origin in STATES:
            got = outcome(matrix.world.ask(who, "POST", "/v1/bulletins", {"conference": origin, "nonsense": 1}))
            expected = "422 invalid-document" if client and client.conference == origin else "403 not-your-state"
            stopped = refused("POST /v1/bulletins", client)
            yield from matrix.cell("POST /v1/bulletins", who, f"in the name of {origin}", stopped or expected, got)
