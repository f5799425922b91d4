"""The oracle of visibility: "Who sees a document" of contract.md, sentence by sentence; it imports nothing of the product."""

from dataclasses import dataclass

LADDER = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
STATES = {"RCM": ("PAN", "HND", "CRI"), "SACM": ("BRA", "ARG", "ECU")}


@dataclass(frozen=True)
class Marking:
    tlp: str
    audience: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    id: str
    origin: str
    issuer: str
    reporting_state: str | None
    versions: tuple[Marking, ...]
    parent: "Document | None" = None
    over: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Client:
    role: str
    conference: str
    state: str | None
    ceiling: str


def sees_marking(client: Client, document: Document, marking: Marking) -> bool:
    """Whether a client sees a version by that version's own marking."""
    if is_out_of_sight(client, document):
        return False
    if client.role == "operator":  # "An operator sees envelopes, not bodies."
        return True
    if LADDER.index(marking.tlp) > LADDER.index(client.ceiling):  # "Never above the client's ceiling."
        return False
    if client.role == "peer":  # "A peer sees what any office of its conference may see."
        names = ("secretariat", "presidency", *STATES[client.conference])
        return any(office_sees(f"{client.conference}/{name}", document, marking) for name in names)
    if client.role == "analyst":  # an analyst belongs to its conference and to no office
        in_audience = marking.tlp == "AMBER" and client.conference in (marking.audience or (document.origin,))
        return marking.tlp in {"CLEAR", "GREEN"} or in_audience
    return office_sees(f"{client.conference}/{client.state or 'secretariat'}", document, marking)


def is_out_of_sight(client: Client, document: Document) -> bool:
    """Whether a document is hidden whatever its marking: past its last day, or an answer to an alert that is hidden or was erased."""
    parent = document.parent
    if document.over or parent is None:  # "past `retention_until` it is never served", to whomever
        return document.over
    # "A sighting is visible only with its alert."
    return parent.gone or not sees(client, parent, len(parent.versions))


def office_sees(office: str, document: Document, marking: Marking) -> bool:
    audience = marking.audience or (document.origin,)  # "empty = origin only"
    within = office in audience or office.partition("/")[0] in audience
    by_colour = {
        "CLEAR": True,  # "CLEAR, GREEN: every authenticated client"
        "GREEN": True,
        "AMBER": within,  # "AMBER: secretariats, partners and analysts of the audience"
        "AMBER+STRICT": within and office.endswith("/secretariat"),  # "AMBER+STRICT: secretariats of the audience"
        "RED": office in audience,  # the colour RED is for "the offices named"
    }
    # Who always sees it, by the contract: the origin's secretariat, the issuer, and for bulletins the reporting State's office.
    always = {f"{document.origin}/secretariat", document.issuer, f"{document.origin}/{document.reporting_state}"}
    return by_colour[marking.tlp] or office in always


def sees(client: Client, document: Document, version: int) -> bool:
    """ "Every version is as strict as the stricter of its own marking and the newest version's." """
    return all(sees_marking(client, document, marking) for marking in (document.versions[version - 1], document.versions[-1]))
