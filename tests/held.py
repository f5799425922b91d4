"""What waits to be published in a node of a test: looked at, and released as the room of reviews does it."""

from typing import Any

import httpx
import orjson
from serving import Served
from sqlalchemy import select, text

from app.access.audit import Attempt
from app.access.callers import Caller, authenticate
from app.exchange import places, waiting
from app.exchange.models import WaitingItem
from app.main import KINDS

Json = dict[str, Any]


def decide(served: Served, conference: str = "RCM", **changes: object) -> None:
    """Decide something of a conference's policy, and leave the rest as it is."""
    client, path = served.as_(conference.lower()), f"/v1/conferences/{conference}/policy"
    now = client.get(path)
    answer = client.put(path, json=now.json() | changes, headers={"If-Match": now.headers["etag"]})
    assert answer.status_code == 200, answer.text


def waits(answer: httpx.Response, outcome: str) -> str:
    """The id of the item that a 202 names."""
    assert (answer.status_code, answer.json().get("outcome")) == (202, outcome), answer.text
    review = answer.json()["review"]
    assert answer.headers["location"] == review
    review_id = review.removeprefix("/v1/reviews/")
    assert answer.headers["etag"] == f'"{review_id}.r1"'
    return review_id


def item_of(served: Served, review_id: str) -> tuple[WaitingItem, Json]:
    """A waiting item as the store has it, and what is sealed in it."""
    with served.node.db.read() as session:
        item = session.scalars(select(WaitingItem).where(WaitingItem.id == review_id)).one()
        content = waiting.read(served.node.secrets, item)
    assert content is not None
    return item, content


def items(served: Served) -> int:
    with served.node.db.read() as session:
        return int(session.execute(text("SELECT count(*) FROM waiting_item")).scalar_one())


def release(served: Served, review_id: str) -> list[tuple[str, int]]:
    """Publish what waits, as its confirmation or its minute would; what it published."""
    item, content = item_of(served, review_id)
    publish = KINDS[item.kind].release
    assert publish is not None
    with served.node.db.write() as session:
        places.leave_places(session, review_id)
        return list(publish(session, served.node, orjson.loads(orjson.dumps(content["payload"])), Attempt("release")))


def caller_of(served: Served, who: str) -> Caller:
    """One of the clients as the node knows it."""
    return authenticate(served.node.db, f"Bearer {served.keys[who]}")
