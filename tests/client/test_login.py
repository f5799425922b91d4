"""A client that sends no key: access tokens of a real node, fetched, kept, renewed and fetched anew unseen."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from serving import Served
from signing import ISSUER, client_id, pair, pem, private_pem, secret

from app.access.clients import NewClient, create
from app.access.jose import public_key_of
from app.client import Istmo, Unauthenticated, Unusable, tokens
from app.wire.codes import Role

OPTIONS = {"state": "PAN", "measure": "rescue", "unit": "person"}


def issued(served: Served) -> int:
    return [action for action, _, _ in served.audit()].count("issue_token")


def test_a_secret_buys_one_token_for_many_calls_and_another_one_when_it_ends_or_is_taken_back(served: Served, tmp_path, monkeypatch):
    file = tmp_path / "jan.csv"
    file.write_text("period,nationality,value\n2024-01,VEN,41\n2024-01,HTI,12\n", "utf-8")
    who, word = client_id(served, "pan"), secret(served, "pan")
    with Istmo(served.url, client_id=who, secret=word) as istmo, Istmo(served.url, served.keys["pan"]) as by_key:
        assert istmo.me()["client_id"] == who
        assert istmo.push(file, **OPTIONS).bulletins[0]["outcome"] == "created"
        assert by_key.push(file, **OPTIONS).replayed
        assert [row["value"] for row in istmo.flows(nationality="VEN")] == [41]
        assert issued(served) == 1

        token = istmo._calls._http.auth._token
        assert served.as_(None).post("/oauth/revoke", data={"token": token}, auth=(who, word)).status_code == 200
        assert istmo.me()["client_id"] == who
        assert issued(served) == 2

        now = tokens.time.monotonic()
        monkeypatch.setattr(tokens.time, "monotonic", lambda: now + 539)
        istmo.me()
        assert issued(served) == 2
        monkeypatch.setattr(tokens.time, "monotonic", lambda: now + 545)
        istmo.me()
        assert issued(served) == 3


def test_a_wrong_secret_is_refused_and_never_tried_again_by_itself(served: Served):
    with Istmo(served.url, client_id=client_id(served, "pan"), secret="wrong") as istmo, pytest.raises(Unauthenticated) as caught:
        istmo.me()
    assert caught.value.code == "invalid-client"
    assert [row for row in served.audit() if row[0] == "issue_token"] == [("issue_token", "refused", "invalid-client")]


def test_a_private_key_of_ones_own_buys_tokens_and_never_leaves(served: Served):
    key = pair()
    with served.node.db.write() as session:
        who = create(session, NewClient(Role.ANALYST, "SACM", public_key=public_key_of(pem(key)))).client_id
    with Istmo(served.url, client_id=who, private_key=private_pem(key), audience=ISSUER) as istmo:
        assert istmo.me()["client_id"] == who
        assert list(istmo.bulletins()) == []
    # At an address that is not the node's own the statement is meant for nobody.
    with Istmo(served.url, client_id=who, private_key=private_pem(key)) as istmo, pytest.raises(Unauthenticated):
        istmo.me()


@pytest.mark.parametrize(
    "text", ["", "no key", pem(pair()), private_pem(pair(ec.SECP384R1()))], ids=["empty", "text", "public", "other-curve"]
)
def test_a_private_key_that_cannot_be_used_is_said_at_once_without_a_word_of_it(text):
    with pytest.raises(Unusable) as caught:
        Istmo("https://node.example", client_id="a", private_key=text)
    assert caught.value.code == ("unusable-private-key" if text else "unusable-login")
    assert caught.value.__cause__ is None
