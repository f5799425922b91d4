"""What contract.md says of alerts, of what is answered to them, and of the lists, counts, files and relations made of them.

It imports nothing of the product.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from route_oracle import READS_BODIES, Filed, change, form
from visibility_oracle import Client

STEPS = ("strongly_disagree", "disagree", "neutral", "agree", "strongly_agree")


@dataclass(frozen=True)
class FiledAlert(Filed):
    """An alert; `no_onward`: "a `no_onward` document leaves a node by the screen and the sync alone, never in a file"."""

    no_onward: bool = False

    @property
    def network(self) -> str:
        """The network code that no other alert has: whatever tells it tells of this alert."""
        return network_of(self.value)


@dataclass(frozen=True)
class FiledAnswer(Filed):
    """A sighting, an opinion or a proposal; `said`: the step of an opinion, none of one that declines a proposal.

    `decision` of a proposal: "accepted" by a version of its alert, or "declined" by an opinion.
    """

    alert: FiledAlert | None = None
    said: str | None = None
    decision: tuple[str, "int | FiledAnswer"] | None = None


def network_of(number: int) -> str:
    return f"HARPY-{number:02}"


def forms(client: Client | None, filed: Iterable[Filed]) -> dict[str, str]:
    """By id how much of the newest version the client gets, of those that it may see."""
    found = {each.document.id: form(client, each, each.newest) for each in filed} if client else {}
    return {document_id: kind for document_id, kind in found.items() if kind}


def read(client: Client | None, alerts: Iterable[FiledAlert]) -> list[FiledAlert]:
    """The alerts whose bodies the client reads: of no other does a facet, a relation, a search or a filter by what it says tell."""
    return [each for each in alerts if client and form(client, each, each.newest) == "body"]


def by_body(client: Client | None, told: object) -> object:
    """What is asked for by what alerts say: "An operator sees envelopes, not bodies", and so may not ask for them either."""
    return "403 role-forbidden" if client and client.role not in READS_BODIES else told


def file_of(client: Client | None, alerts: Iterable[FiledAlert]) -> tuple[set[str], int]:
    """The ids of a file, and how many of the alerts that the client sees are left out of it because they may not be passed on."""
    alerts = list(alerts)
    seen = forms(client, alerts)
    kept = {each.document.id for each in alerts if each.document.id in seen and not each.no_onward}
    return kept, len(seen) - len(kept)


def of_body(client: Client, alert: FiledAlert, told: object) -> object:
    """What is told of an alert by its body: nothing where it is hidden, and nothing where it was taken back."""
    return told if form(client, alert, alert.newest) == "body" else "404 not-found"


def answers_to(client: Client, alert: FiledAlert, kind: str, answers: Iterable[FiledAnswer]) -> object:
    """The answers of a kind that a client gets of an alert, with the number of all; "Counts and lists only over what the caller may see." """
    if form(client, alert, alert.newest) is None:
        return "404 not-found"
    mine = [each for each in answers if each.alert is alert and each.kind == kind]
    seen = forms(client, mine)
    if kind != "opinion" or client.role not in READS_BODIES:
        return seen, len(seen), None
    return seen, len(seen), {step: sum(each.said == step and seen.get(each.document.id) == "body" for each in mine) for step in STEPS}


def decision(client: Client, proposal: FiledAnswer) -> object:
    """What a client is told of what became of a proposal: by a version or an opinion that it may not see, nothing did."""
    if form(client, proposal, proposal.newest) is None:
        return "404 not-found"
    word, by = proposal.decision or ("open", 0)
    if isinstance(by, FiledAnswer):
        return (word, by.document.id) if form(client, by, by.newest) else ("open", None)
    seen = proposal.alert and by and form(client, proposal.alert, by)
    return (word, by) if seen else ("open", None)


def decide(client: Client, proposal: FiledAnswer) -> str | None:
    """Why a client may not decide a proposal: it is the alert's origin that does."""
    return "404 not-found" if form(client, proposal, proposal.newest) is None else change(client, proposal.alert)
