"""What is judged against others: linked tables of one flow and period, and what is released while a table is judged."""

from pathlib import Path

import httpx
import pytest
from bodies import bulletin, by_nationality, cells, publish
from serving import Served, serving, settings_for
from sqlalchemy import text

from app.access.audit import Attempt
from app.access.callers import Caller
from app.bulletins.declare import declare
from app.bulletins.preparing import Submission
from app.bulletins.service import Published
from app.bulletins.service import publish as publish_all
from app.core.db import Database
from app.core.problems import Problem
from app.wire.bulletin import BulletinDraft
from app.wire.codes import TLP, Role

CALLER = Caller("tests", Role.SECRETARIAT, "RCM", None, TLP.RED.rank, None)
BY_SEX = [
    {"nationality": code, "sex": sex, "value": value} for code, value in (("SOM", 6), ("VEN", 50)) for sex in ("F", "M")
]  # SOM 12, VEN 100


def test_linked_tables_whose_totals_contradict_each_other_are_published_with_a_warning_that_names_the_other(served: Served):
    """115 persons by nationality are not the 112 by sex: no table is both, and each is audited by itself (guarantees 1, rule 2)."""
    other = publish(served.as_("pan"), cells=BY_SEX)
    document = publish(served.as_("pan"), cells=cells(SOM=12, VEN=100, ERI=3))
    assert by_nationality(document)["_T"] == 115
    (warning,) = [warning for warning in document["warnings"] if warning["code"] == "linked-totals-differ"]
    assert f"/v1/bulletins/{other['id']}" in warning["detail"]


def test_a_linked_table_that_agrees_is_published_without_a_warning(served: Served):
    publish(served.as_("pan"), cells=BY_SEX)
    document = publish(served.as_("pan"), cells=cells(SOM=12, VEN=100))
    assert "linked-totals-differ" not in {warning["code"] for warning in document["warnings"]}


def test_an_exact_table_that_would_open_an_earlier_pool_is_refused_and_withheld_it_is_published(served: Served):
    """SOM's 3 and ERI's 4 are pooled; by sex none of their totals may be shown either."""
    pooled = publish(served.as_("pan"), cells=cells(SOM=3, ERI=4, VEN=100))
    assert "SOM" not in by_nationality(pooled)
    small = [
        {"nationality": code, "sex": sex, "value": value} for code, value in (("SOM", 1), ("ERI", 2), ("VEN", 50)) for sex in ("F", "M")
    ]
    small[0]["value"] = 2
    sent = bulletin(cells=small)
    refused = served.as_("pan").post("/v1/bulletins", params={"protect": "none"}, json=sent)
    assert (refused.status_code, refused.json()["code"]) == (422, "cannot-be-protected")
    document = publish(served.as_("pan"), cells=small)
    totals = {cell["nationality"]: cell["value"] for cell in document["cells"] if cell["sex"] == "_T"}
    assert (totals["SOM"], totals["ERI"], totals["_T"]) == (None, None, 107)


def submission(**changes: object) -> Submission:
    return Submission(declare(BulletinDraft.model_validate(bulletin(**changes)), "RCM"))


def publish_while(served: Served, mine: Submission, meanwhile: list[Submission]) -> tuple[list[Published], int]:
    """Publish one bulletin; each time that it has been judged, and before it is written, the next of the others is published."""
    judged = []

    def others(_done: int, _of: int, period: str) -> None:
        judged.append(period)
        if meanwhile:
            publish_all(served.node, CALLER, [meanwhile.pop(0)], attempt=Attempt("meanwhile", CALLER))

    return publish_all(served.node, CALLER, [mine], attempt=Attempt("mine", CALLER), progress=others), len(judged)


def test_a_table_is_judged_anew_where_another_of_its_flow_came_meanwhile(served: Served):
    """The other pools SOM for the period; judged before it, mine would show SOM's 30 beside that pool."""
    other = submission(publisher="PAN-OTHER", cells=cells(SOM=3, ERI=4, VEN=90))
    [result], judged = publish_while(served, submission(cells=cells(SOM=30, VEN=400)), [other])
    assert judged == 2
    assert result.document is not None
    assert "SOM" not in by_nationality(result.document)


def test_two_who_publish_one_bulletin_at_once_make_one_record(served: Served):
    with pytest.raises(Problem) as refused:
        publish_while(served, submission(cells=cells(VEN=400)), [submission(cells=cells(VEN=401))])
    assert refused.value.code == "bulletin-exists"
    assert served.counts()["log_entry"] == 1


def test_another_flow_meanwhile_changes_nothing_for_mine(served: Served):
    _, judged = publish_while(served, submission(), [submission(measure="rescue")])
    assert judged == 1


def test_who_is_overtaken_again_and_again_is_told_to_come_back(served: Served):
    others = [submission(publisher=f"PAN-{number}") for number in range(3)]
    with pytest.raises(Problem) as refused:
        publish_while(served, submission(), others)
    assert (refused.value.code, refused.value.status) == ("busy", 503)
    assert served.counts()["log_entry"] == 3


def test_a_refusal_whose_audit_cannot_be_written_is_503_and_no_500(stores, tmp_path: Path):
    url = stores.ready("sqlite")
    with serving(settings_for(url, tmp_path, lock_wait_s=0.3)) as served:
        holder = Database(url)
        with holder.write() as session:
            session.execute(text("UPDATE policy_decision SET k = 5"))
            plain = served.as_("analyst").post("/v1/bulletins", json=bulletin())
            lines = httpx.post(
                f"{served.url}/v1/bulletins/files",
                params={"state": "PAN", "measure": "rescue", "unit": "person"},
                files={"file": ("x.csv", b"nothing")},
                headers={"Authorization": f"Bearer {served.keys['pan']}", "Accept": "application/x-ndjson"},
                trust_env=False,
            )
        holder.dispose()
        assert (plain.status_code, plain.json()["code"], plain.headers["retry-after"]) == (503, "busy", "1")
        assert '"code":"busy"' in lines.text
