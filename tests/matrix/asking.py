"""Every route asked by every caller about every document, and what differs from the oracle."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from route_oracle import RIGHTS, Filed, certificate, change, elsewhere, form, may_write_for, refused, report, told
from visibility_oracle import STATES, Client
from world import CALLERS, Answer, World

ABSENT = "01920000-0000-7000-8000-00000000dead"
MULTIPART = {"Content_Type": "multipart/form-data; boundary=x"}
NO_CSV = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\nneither period nor value\r\n1,2\r\n--x--\r\n'
ABSENT_PLACES = ("XYZ", "nobodysclient", "nonsense")
BARE = {"POST /v1/me/rotate", "POST /v1/clients/{client_id}/rotate", "POST /v1/clients/{client_id}/disable"}


@dataclass(frozen=True)
class Mismatch:
    """A cell of the matrix whose answer is not the oracle's."""

    route: str
    who: str
    about: str
    expected: object
    got: object

    def __str__(self) -> str:
        got, expected = apart(self.got, self.expected)
        return f"{self.who} {self.route} {self.about}: {got}, by the contract {expected}"


@dataclass
class Matrix:
    """The questions to one node; `asked` counts the cells."""

    world: World
    callers: tuple[str, ...] = tuple(CALLERS)
    asked: int = 0

    @property
    def asking(self) -> list[tuple[str, Client | None]]:
        return [(who, CALLERS[who]) for who in self.callers]

    def cell(self, route: str, who: str, about: str, expected: object, got: object) -> Iterator[Mismatch]:
        self.asked += 1
        if expected != got:
            yield Mismatch(route, who, about, expected, got)

    def documents(self, filed: list[Filed], *, writes: bool = True) -> Iterator[Mismatch]:
        """Routes of one document: read whole and by version, and changed in a form that is refused for another reason."""
        for who, client in self.asking:
            absent = {route: asked() for route, asked in self._questions(who, None, writes=writes)}
            for route, answer in absent.items():
                yield from self.cell(route, who, "absent", refused(route, client) or "404 not-found", outcome(answer))
            for number, each in enumerate(filed):
                # By whom the role forbids no document is reached: a fifth of them is asked about, another fifth by each.
                sampled = (number + list(CALLERS).index(who)) % 5 == 0
                if client is None and not sampled:
                    continue
                writer = client is not None and client.role in RIGHTS["PUT /v1/bulletins/{document_id}"]
                for route, asked in self._questions(who, each, writes=writes and (writer or sampled)):
                    answer = asked()
                    yield from self.cell(route, who, about(client, each), self._expected(route, client, each), outcome(answer))
                    if answer.status == 404 and answer.still != absent[route].still:
                        yield Mismatch(route, who, about(client, each), "what is absent, byte by byte", answer.still)
                yield from self._beside(who, client, each)
                if each.newest > 1 or sampled or number % 2:
                    yield from self._versions(who, client, each)

    def _questions(self, who: str, filed: Filed | None, *, writes: bool) -> Iterator[tuple[str, Callable[[], Answer]]]:
        document_id = filed.document.id if filed else ABSENT
        path, state = f"/v1/bulletins/{document_id}", filed.document.reporting_state if filed else next(iter(own_states(who)))
        ask = self.world.ask
        yield "GET /v1/bulletins/{document_id}", lambda: ask(who, "GET", path)
        if writes:
            yield (
                "PUT /v1/bulletins/{document_id}",
                lambda: ask(who, "PUT", path, {"reporting_state": state, "nonsense": 1}, If_Match='"x.v1"'),
            )
            yield (
                "POST /v1/bulletins/{document_id}/withdraw",
                lambda: ask(who, "POST", f"{path}/withdraw", {"reason": "x"}, If_Match='"x.v1"'),
            )

    def _expected(self, route: str, client: Client | None, filed: Filed) -> str:
        stopped = refused(route, client)
        if stopped or client is None:
            return str(stopped)
        if route.startswith("GET"):
            seen = form(client, filed, filed.newest)
            return f"200 {seen}" if seen else "404 not-found"
        return change(client, filed) or ("412 precondition-failed" if route.endswith("withdraw") else "422 invalid-document")

    def _beside(self, who: str, client: Client | None, filed: Filed) -> Iterator[Mismatch]:
        """What stands beside a bulletin: its certificate for whoever may see all that it names, the report for its issuer."""
        path, place = f"/v1/bulletins/{filed.document.id}", about(client, filed)
        route = "GET /v1/bulletins/{document_id}/disclosure-report"
        answer = self.world.ask(who, "GET", f"{path}/disclosure-report")
        got = outcome(answer) if answer.status >= 400 else str(answer.status)
        yield from self.cell(route, who, place, refused(route, client) or (report(client, filed) if client else ""), got)
        route = "GET /v1/bulletins/{document_id}/certificate"
        for version in range(1, filed.newest + 1):
            answer = self.world.ask(who, "GET", f"{path}/certificate?version={version}")
            got = outcome(answer) if answer.status >= 400 else str(answer.status)
            expected = refused(route, client) or (certificate(client, filed, version) if client else "")
            yield from self.cell(route, who, f"{place}, version {version}", expected, got)

    def _versions(self, who: str, client: Client | None, filed: Filed) -> Iterator[Mismatch]:
        every, one = "GET /v1/bulletins/{document_id}/versions", "GET /v1/bulletins/{document_id}/versions/{number}"
        path = f"/v1/bulletins/{filed.document.id}/versions"
        seen = {number: form(client, filed, number) for number in range(1, filed.newest + 1)} if client else {}
        shown = {number: kind for number, kind in seen.items() if kind}
        answer = self.world.ask(who, "GET", path)
        listed = {item["version"]: kind_of(item) for item in answer.json()["items"]} if answer.status == 200 else outcome(answer)
        yield from self.cell(every, who, about(client, filed), refused(every, client) or shown or "404 not-found", listed)
        for number in range(1, filed.newest + 1):
            if number < filed.newest:
                got = outcome(self.world.ask(who, "GET", f"{path}/{number}"))
                expected = f"200 {shown[number]}" if number in shown else "404 not-found"
            else:  # whoever knows the ETag of what it may not see learns no more by it
                got = outcome(self.world.ask(who, "GET", f"{path}/{number}", If_None_Match=f'"{filed.document.id}.v{number}"'))
                expected = "304" if number in shown else "404 not-found"
            yield from self.cell(one, who, f"{about(client, filed)}, version {number}", refused(one, client) or expected, got)

    def lists(self) -> Iterator[Mismatch]:
        """Lists, counts, flows, sums and the feed, whole and by filter."""
        for who, client in self.asking:
            yield from self._list(who, client)
            yield from self._flows(who, client)
            yield from self._changes(who, client)

    def _list(self, who: str, client: Client | None) -> Iterator[Mismatch]:
        route, filed = "GET /v1/bulletins", self.world.filed
        forms = {each: form(client, each, each.newest) for each in filed} if client else {}
        questions: dict[str, Callable[[Filed], bool]] = {"": lambda _: True, "&limit=1": lambda _: True}
        questions |= {
            f"&tlp={tlp.replace('+', '%2B')}": lambda each, tlp=tlp: each.document.versions[-1].tlp == tlp
            for tlp in ("GREEN", "AMBER+STRICT", "RED")
        }
        questions |= {f"&origin={origin}": lambda each, origin=origin: each.document.origin == origin for origin in STATES}
        questions["&status=withdrawn"] = lambda each: each.newest in each.withdrawals
        for query, holds in questions.items():
            answer = self.world.ask(who, "GET", f"/v1/bulletins?{'limit=1000' + query if 'limit' not in query else query[1:]}")
            expected = {each.document.id: kind for each, kind in forms.items() if kind and holds(each)}
            got: object = outcome(answer)
            if answer.status == 200:
                page = answer.json()
                shown = {item["id"]: kind_of(item) for item in page["items"]}
                got = (expected if query == "&limit=1" and set(shown.items()) <= set(expected.items()) else shown, page["total"])
            yield from self.cell(route, who, query or "everything", refused(route, client) or (expected, len(expected)), got)

    def _flows(self, who: str, client: Client | None) -> Iterator[Mismatch]:
        route = "GET /v1/flows"
        served = [each for each in self.world.filed if client and form(client, each, each.newest) == "body"]
        rows = {f"{each.document.id}@v{each.newest}": each.value for each in served}
        answer = self.world.ask(who, "GET", f"{'/v1/flows?limit=1000'}")
        got = {row["bulletin"]: row["value"] for row in answer.json()["items"]} if answer.status == 200 else outcome(answer)
        yield from self.cell(route, who, "rows", refused(route, client) or rows, got)
        sums = {
            state: sum(each.value for each in served if each.document.reporting_state == state)
            for state in {each.document.reporting_state for each in served}
        }
        answer = self.world.ask(who, "GET", "/v1/flows?group_by=reporting_state")
        got = {row["reporting_state"]: row["value"] for row in answer.json()["items"]} if answer.status == 200 else outcome(answer)
        yield from self.cell(route, who, "sums", refused(route, client) or sums, got)
        answer = self.world.ask(who, "GET", "/v1/flows?format=csv")
        lines = {line for line in answer.body.decode().split("\r\n")[1:] if line} if answer.status == 200 else outcome(answer)
        if answer.status == 200:
            lines = {name for name in rows if sum(name in line for line in lines) == 1} if len(lines) == len(rows) else len(lines)
        yield from self.cell(route, who, "CSV", refused(route, client) or set(rows), lines)

    def _changes(self, who: str, client: Client | None) -> Iterator[Mismatch]:
        route, expected = "GET /v1/changes", []
        for number, (each, version) in enumerate(self.world.log, 1):
            said = told(client, each, version) if client else None
            if client and said:
                seq = number if client.role in {"operator", "peer", "secretariat"} else None
                expected.append((each.document.id, version, *said, seq))
        answer = self.world.ask(who, "GET", "/v1/changes?limit=1000")
        got: object = outcome(answer)
        if answer.status == 200:
            items = answer.json()["items"]
            got = [(item["id"], item["version"], item["op"], item["document"] is not None, item.get("seq")) for item in items]
        yield from self.cell(route, who, "the feed", refused(route, client) or expected, got)

    def publishing(self) -> Iterator[Mismatch]:
        """POST for the own State, another one of the conference, the other conference's, an observer, one that is none."""
        for who, client in self.asking:
            for state in ("PAN", "HND", "BRA", "ZZZ"):
                body, options = {"reporting_state": state, "nonsense": 1}, f"state={state}&measure=rescue&unit=person"
                answers = {
                    "POST /v1/bulletins": self.world.ask(who, "POST", "/v1/bulletins", body),
                    "POST /v1/bulletins/check": self.world.ask(who, "POST", "/v1/bulletins/check", body),
                    "POST /v1/bulletins/batch": self.world.ask(who, "POST", "/v1/bulletins/batch", {"bulletins": [body]}),
                    "POST /v1/bulletins/files": self.world.ask(who, "POST", f"/v1/bulletins/files?{options}", NO_CSV, **MULTIPART),
                }
                for route, answer in answers.items():
                    allowed = client and (state == "ZZZ" or may_write_for(client, state))
                    expected = refused(route, client) or ("422" if allowed else "403 not-your-state")
                    got = outcome(answer)
                    yield from self.cell(route, who, f"for {state}", expected, got[:3] if got.startswith("422") else got)
            for origin in STATES:
                got = outcome(self.world.ask(who, "POST", "/v1/bulletins", {"conference": origin, "nonsense": 1}))
                expected = "422 invalid-document" if client and client.conference == origin else "403 not-your-state"
                yield from self.cell(
                    "POST /v1/bulletins", who, f"in the name of {origin}", refused("POST /v1/bulletins", client) or expected, got
                )

    def others(self) -> Iterator[Mismatch]:
        """All other routes: by role, and where something is named in the path, the own, the other's and what does not exist."""
        known = ("/v1/bulletins", "/v1/flows", "/v1/changes", "/metrics", "/oauth/")
        for route, (who, client) in product(RIGHTS, self.asking):
            method, path = route.split(" ")
            if path.startswith(known):
                continue
            for place in self._places(path):
                if method == "POST" and place == self._client("pan") and client and client.role == "operator":
                    continue  # it would be done
                named = path.format(code=place, name=place, client_id=place)
                # A write without a body carries a parameter that no route knows, so that whoever has the right is refused all the same.
                asked = named if route not in BARE or place in ABSENT_PLACES else f"{named}?nonsense=1"
                answer = self.world.ask(who, method, asked, None if method == "GET" or route in BARE else {})
                expected = refused(route, client) or elsewhere(route, client, "" if place in ABSENT_PLACES else place)
                got = outcome(answer) if answer.status in {401, 403} else str(answer.status)
                yield from self.cell(route, who, place, expected, got)
                if method == "GET":
                    head = self.world.ask(who, "HEAD", asked)
                    yield from self.cell(f"HEAD {path}", who, place, (answer.status, b""), (head.status, head.body))
        yield from self._machines()

    def _places(self, path: str) -> tuple[str, ...]:
        if "{code}" in path:
            return ("RCM", "SACM", ABSENT_PLACES[0])
        if "{client_id}" in path:
            return (self._client("pan"), ABSENT_PLACES[1])
        if "{name}" in path:
            return ("measure", ABSENT_PLACES[2]) if "vocabularies" in path else (ABSENT_PLACES[2],)
        return ("-",)

    def _client(self, who: str) -> str:
        return self.world.served.keys[who].split("_")[1]

    def _machines(self) -> Iterator[Mismatch]:
        """What machines ask: figures of the node, tokens."""
        for who, client in self.asking:
            for headers, here in (({}, True), ({"X_Forwarded_For": "192.0.2.1"}, False)):
                expected = "200" if client is None and here else refused("GET /metrics", client) or "200"
                answer = self.world.ask(who, "GET", "/metrics", None, **headers)
                yield from self.cell(
                    "GET /metrics", who, str(headers), expected, outcome(answer) if answer.status >= 400 else str(answer.status)
                )
            form = {"Content_Type": "application/x-www-form-urlencoded"}
            for path, sent in (("token", b"grant_type=password"), ("revoke", b"token_type_hint=x")):
                got = outcome(self.world.ask(who, "POST", f"/oauth/{path}", sent, **form))
                yield from self.cell(f"POST /oauth/{path}", who, "by an API key as Bearer", "401 invalid-client", got)
                if client:
                    pair = b64encode(self.world.served.keys[who].removeprefix("istmo_").replace("_", ":", 1).encode()).decode()
                    answer = self.world.ask("nobody", "POST", f"/oauth/{path}", sent, Authorization=f"Basic {pair}", **form)
                    yield from self.cell(f"POST /oauth/{path}", who, "by Basic", 400, answer.status)


def apart(got: object, expected: object) -> tuple[object, object]:
    """What differs of two answers that hold much."""
    if isinstance(got, tuple) and isinstance(expected, tuple) and len(got) == len(expected) and isinstance(got[0], dict):
        first = apart(got[0], expected[0])
        return (first[0], *got[1:]), (first[1], *expected[1:])
    if isinstance(got, dict) and isinstance(expected, dict):
        return {k: v for k, v in got.items() if expected.get(k) != v}, {k: v for k, v in expected.items() if got.get(k) != v}
    if isinstance(got, list | set) and isinstance(expected, list | set):
        return [item for item in got if item not in expected], [item for item in expected if item not in got]
    return got, expected


def own_states(who: str) -> tuple[str, ...]:
    """A State for which a caller might write: what a question about an absent document names."""
    client = CALLERS[who]
    return (client.state,) if client and client.state else STATES[client.conference if client else "RCM"]


def about(client: Client | None, filed: Filed) -> str:
    """Whose document it is to the caller, and how it is marked: the place of a cell."""
    document = filed.document
    same = client is not None and client.conference == document.origin
    whose = "own" if same and client and client.state in {None, document.reporting_state} else "foreign" if same else "peer"
    story = " -> ".join(f"{marking.tlp}[{','.join(marking.audience)}]" for marking in document.versions)
    return f"{whose} {story}{' withdrawn' if filed.newest in filed.withdrawals else ''}"


def kind_of(document: dict[str, object]) -> str:
    """Whether a document came with its body."""
    return "envelope" if document.get("cells") is None and "title" not in document and "period" not in document else "body"


def outcome(answer: Answer) -> str:
    """An answer in the oracle's words."""
    if answer.status >= 400:
        return f"{answer.status} {answer.json()['code']}"
    return f"{answer.status} {kind_of(answer.json())}" if answer.status == 200 else str(answer.status)
