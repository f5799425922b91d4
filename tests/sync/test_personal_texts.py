"""What a peer publishes of a person is not taken, its place is kept without a word of it, and the next version goes on (guarantees 2)."""

from dataclasses import replace

from bodies import publish
from bringing import ADDED, carried
from crooked import Json, crooked, fresh_id, item_of, on_changes, resealed
from sqlalchemy import inspect, select, text, update
from twins import Twins, quarantine, texts

from app.access.audit import Attempt
from app.core.clock import utc_now
from app.documents.versions import withdrawal_of
from app.main import KINDS
from app.sync.models import Peer, Quarantined
from app.sync.receiving import receive

MAIL = "juana.ruiz@correo.example"


def brought(pair: Twins, items: list[Json]) -> list[tuple[str, int]]:
    """(code, version) of what SACM's node did not take of a page that RCM's brings."""
    with crooked(pair.rcm, on_changes(lambda page: {**page, "items": [{**each, "seq": at} for at, each in enumerate(items, 1)]})) as url:
        with pair.sacm.node.db.write() as session:
            session.execute(update(Peer).where(Peer.name == "rcm").values(url=url))
        return [(doubt.code, doubt.version) for doubt in pair.pull(pair.sacm).quarantined]


def everything(pair: Twins) -> str:
    """Every row of every table of SACM's node as text."""
    with pair.sacm.node.db.read() as session:
        names = inspect(session.connection()).get_table_names()
        return "\n".join(repr(tuple(row)) for name in names for row in session.execute(text(f'SELECT * FROM "{name}"')))


def test_a_version_that_identifies_a_person_is_kept_by_its_place_alone_and_the_next_one_is_taken(pair: Twins):
    bare = {name: value for name, value in publish(pair.rcm.as_("rcm")).items() if name not in ADDED}
    open_ = resealed(pair.rcm, bare, id=fresh_id(), title={"es": f"Escriba a {MAIL}"})
    later = resealed(pair.rcm, bare, id=fresh_id(), period="2022-11", contact=MAIL)
    forged = {**resealed(pair.rcm, bare, id=fresh_id()), "narrative": {"es": MAIL}}
    likely = resealed(pair.rcm, bare, id=fresh_id(), period="2022-12", title={"es": "Lo contó Juana Ruiz Quispe ayer"})
    told = brought(pair, [item_of(each, 1) for each in (open_, later, forged, likely)])
    assert told == [("sync-personal-data", 1), ("sync-personal-data", 1), ("sync-digest", 1)]
    assert list(texts(pair.sacm, "RCM")) == [(likely["id"], 1)]
    with pair.sacm.node.db.read() as session:
        assert list(session.scalars(select(Quarantined.text))) == [None, None, None]
    assert MAIL not in everything(pair)
    assert likely["id"] in everything(pair)
    again = resealed(pair.rcm, open_, version=2, title={"es": "Escriba a la oficina"}, reason="sin contacto")
    assert brought(pair, [item_of(open_, 1), item_of(again, 2, op="revise")]) == [("sync-personal-data", 1)]
    assert pair.sacm.as_("bra").get(f"/v1/bulletins/{open_['id']}").json()["version"] == 2
    assert len(quarantine(pair.sacm)) == 3


def test_a_withdrawal_whose_reason_identifies_a_person_hides_what_it_takes_back(pair: Twins):
    document = publish(pair.rcm.as_("rcm"))
    pair.pull(pair.sacm)
    taken_back = withdrawal_of(document, version=2, issuer="RCM/secretariat", reason=MAIL, now=utc_now(), empty=("cells",))
    sealed = resealed(pair.rcm, taken_back)
    item = {**item_of(sealed, 1), "op": "withdraw", "document": None, "withdrawal": sealed}
    for applied in (1, 0):
        done = receive(pair.sacm.node, KINDS, "rcm", replace(carried(pair.rcm), items=[item]), attempt=Attempt("test"))
        assert [(doubt.code, doubt.version) for doubt in done.taken.quarantined] == [("sync-personal-data", 2)]
        assert done.taken.applied == applied
    assert pair.sacm.as_("bra").get(f"/v1/bulletins/{document['id']}").status_code == 404
    assert quarantine(pair.sacm) == [("sync-personal-data", document["id"], 2)]
    assert MAIL not in everything(pair)
