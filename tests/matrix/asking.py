"""A question to the node with the oracle's answer beside it, which of many are put, and what differs."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from route_oracle import RIGHTS, Filed, form, refused
from visibility_oracle import STATES, Client, is_out_of_sight
from world import CALLERS, Answer, World

ABSENT = "01920000-0000-7000-8000-00000000dead"
NAMED = "{document_id}"


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


@dataclass(frozen=True)
class Question:
    """One cell: a route asked by a caller, what the oracle expects, and how the answer is read to be compared with it.

    `alike` is the same for questions that differ in nothing that should matter: one route, callers of one role, documents that are
    theirs in the same way, one expectation; of what they may not see, one colour, and of what they see, one story (`plight`).
    """

    route: str
    who: str
    about: str
    expected: object
    alike: object
    ask: Callable[[], Answer]
    read: Callable[[Answer], object]


Choice = Callable[[Iterable[Question]], Iterable[Question]]


def every(questions: Iterable[Question]) -> Iterable[Question]:
    return questions


def one_of_each(questions: Iterable[Question]) -> Iterator[Question]:
    """The first of every class, as they come."""
    seen = set()
    for question in questions:
        if question.alike not in seen:
            seen.add(question.alike)
            yield question


def third(*parts: int) -> Choice:
    """One of every class, where the class falls by lot to these of three parts; which one is drawn too, so that routes and callers differ."""

    def chosen(questions: Iterable[Question]) -> Iterator[Question]:
        classes: dict[object, list[Question]] = {}
        for question in questions:
            classes.setdefault(question.alike, []).append(question)
        for alike, members in classes.items():
            lot = crc32(repr(alike).encode())
            if lot % 3 in parts:
                yield members[lot // 3 % len(members)]

    return chosen


@dataclass
class Matrix:
    """The questions to one node; `asked` counts the cells."""

    world: World
    callers: tuple[str, ...] = tuple(CALLERS)
    choose: Choice = every
    asked: int = 0
    _absent: dict[str, tuple[object, ...]] = field(default_factory=dict)
    _stopped: set[tuple[str, str]] = field(default_factory=set)

    @property
    def asking(self) -> list[tuple[str, Client | None]]:
        return [(who, CALLERS[who]) for who in self.callers]

    def cell(self, route: str, who: str, about: str, expected: object, got: object) -> Iterator[Mismatch]:
        self.asked += 1
        if expected != got:
            yield Mismatch(route, who, about, expected, got)

    def put(self, questions: Iterable[Question]) -> Iterator[Mismatch]:
        """Put the questions that are chosen; a document that is not there must be absent to the byte."""
        for question in self.choose(questions):
            answer = question.ask()
            yield from self.cell(question.route, question.who, question.about, question.expected, question.read(answer))
            if answer.status == 404 and NAMED in question.route and question.about != "absent":
                absent = self._absent_of(question.route, question.who)
                if answer.still != absent:
                    yield Mismatch(question.route, question.who, question.about, "what is absent, byte by byte", answer.still)

    def _absent_of(self, route: str, who: str) -> tuple[object, ...]:
        if route not in self._absent:
            self._absent[route] = self.request(route, who, None).still
        return self._absent[route]

    def request(self, route: str, who: str, filed: Filed | None, number: int = 1, query: str = "") -> Answer:
        """A route asked about one document, none being one that never was; a write in a form that is refused for another reason."""
        method, path = route.split(" ")
        document = filed.document if filed else None
        asked = path.format(document_id=document.id if document else ABSENT, number=number)
        if method == "GET":
            # Whoever knows the ETag of what it may not see learns no more by it.
            known = filed is not None and number == filed.newest and "{number}" in path
            return self.world.ask(who, "GET", asked + query, None, **({"If_None_Match": f'"{document.id}.v{number}"'} if known else {}))
        if path.endswith(("/withdraw", "/erase")):
            return self.world.ask(who, "POST", asked, {"reason": "x"}, If_Match='"x.v1"')
        state = (document.reporting_state if document else next(iter(own_states(who)))) if "bulletins" in path else None
        body = {"nonsense": 1} | ({"reporting_state": state} if state else {})
        return self.world.ask(who, method, asked, body, **({"If_Match": '"x.v1"'} if method == "PUT" else {}))

    def question(
        self,
        route: str,
        who: str,
        filed: Filed | None,
        expected: object,
        *,
        number: int = 1,
        query: str = "",
        read: Callable[[Answer], object] | None = None,
    ) -> Question:
        """The question of a route about a document (none: one that never was); by role refused ones are all alike."""
        client = CALLERS[who]
        role = client.role if client else "nobody"
        stopped = refused(route, client)
        place = about(client, filed) + (f", version {number}" if "{number}" in route or query else "") if filed else "absent"
        if stopped or filed is None:
            alike: tuple[object, ...] = (route, role, stopped)
        else:
            hidden = client is None or form(client, filed, filed.newest) is None
            known = (whose(client, filed), plight(client, filed, hidden=hidden), hidden or number)
            alike = (route, role, *known, summary(expected))
        return Question(
            route, who, place, stopped or expected, alike, lambda: self.request(route, who, filed, number, query), read or outcome
        )

    def once(self, route: str, who: str, place: str, expected: object, path: str, read: Callable[[Answer], object]) -> Iterator[Mismatch]:
        """The question of a list: it is put whatever is chosen, to whom the role forbids it once."""
        stopped = refused(route, CALLERS[who])
        if (route, who) in self._stopped:
            return
        if stopped:
            self._stopped.add((route, who))
        answer = self.world.ask(who, "GET", path)
        got = read(answer) if answer.status == 200 else outcome(answer)
        yield from self.cell(route, who, place, stopped or expected, got)


def existing(routes: Iterable[str]) -> list[str]:
    """Routes, each known to the oracle."""
    found = list(routes)
    assert set(found) <= set(RIGHTS)
    return found


def summary(expected: object) -> str:
    """An expectation without the ids of documents: what makes two of them alike."""
    if isinstance(expected, dict):
        return str(sorted(str(each) for each in expected.values()) if all(isinstance(key, str) for key in expected) else expected)
    if isinstance(expected, tuple):
        return str([summary(each) for each in expected])
    return str(len(expected)) if isinstance(expected, set) else str(expected)


def apart(got: object, expected: object) -> tuple[object, object]:
    """What differs of two answers that hold much."""
    if isinstance(got, tuple) and isinstance(expected, tuple) and len(got) == len(expected) and isinstance(got[0], dict | set):
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


def whose(client: Client | None, filed: Filed) -> str:
    """Whose document it is to the caller."""
    document = filed.document
    if client is None or client.conference != document.origin:
        return "peer"
    mine = client.state in {None, document.reporting_state} or f"{client.conference}/{client.state}" == document.issuer
    return "own" if mine else "foreign"


def story(filed: Filed) -> str:
    """What became of a document: its colours, version by version, and whether it was taken back, erased, or ended; an answer's with its alert's."""
    document = filed.document
    colours = " -> ".join(marking.tlp for marking in document.versions)
    ends = [word for word, holds in (("over", document.over), ("gone", document.gone)) if holds]
    parent = [f"to {'over' if document.parent.over else document.parent.versions[-1].tlp}"] if document.parent else []
    return " ".join([filed.kind, colours, *ends, *(f"withdrawn {number}" for number in sorted(filed.withdrawals)), *parent])


def plight(client: Client | None, filed: Filed, *, hidden: bool) -> str:
    """What of a document's story may matter: where it is hidden, whether by its own marking and which; else what became of it.

    That all colours are told apart is asked of every document by the lists; one version that is seen is like another.
    """
    document, changes = filed.document, filed.newest > 1 or filed.document.gone
    if hidden:
        by_alert = document.parent is not None and client is not None and is_out_of_sight(client, document)
        return f"{filed.kind} {document.versions[-1].tlp}{' changed' * changes}{' over' * document.over}{' with its alert' * by_alert}"
    return story(filed) if changes else filed.kind


def about(client: Client | None, filed: Filed) -> str:
    """Whose document it is to the caller, and how it is marked: the place of a cell."""
    markings = " -> ".join(f"{marking.tlp}[{','.join(marking.audience)}]" for marking in filed.document.versions)
    ends = "".join(
        f" {word}"
        for word, holds in (
            ("withdrawn", filed.newest in filed.withdrawals),
            ("over", filed.document.over),
            ("gone", filed.document.gone),
        )
        if holds
    )
    return f"{whose(client, filed)} {markings}{ends}"


def kind_of(document: dict[str, object]) -> str:
    """Whether a document came with its body."""
    bodies = ("title", "period", "where", "opinion", "changes")
    return "envelope" if document.get("cells") is None and not any(name in document for name in bodies) else "body"


def forms_in(answer: Answer) -> dict[str, str]:
    """Whether each document of a page came with its body, by id."""
    return {item["id"]: kind_of(item) for item in answer.json()["items"]}


def outcome(answer: Answer) -> str:
    """An answer in the oracle's words."""
    if answer.status >= 400:
        return f"{answer.status} {answer.json()['code']}"
    return f"{answer.status} {kind_of(answer.json())}" if answer.status == 200 else str(answer.status)


def status(answer: Answer) -> str:
    """An answer whose body is not of interest here."""
    return outcome(answer) if answer.status >= 400 else str(answer.status)
