"""One answer for one Idempotency-Key, on both databases (contract: Writes)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import time_machine
from sqlalchemy import event, text

from app.core.db import Database
from app.core.idempotency import Answer, Claim, claim, keep, release, scope_of
from app.core.problems import Problem

ANSWER = Answer(201, {"etag": '"x.v1"', "location": "/v1/bulletins/x"}, b'{"id":"x"}\x00\xff')
START = datetime(2024, 3, 11, 12, tzinfo=UTC)


def claimed(db: Database, body: str = "body", scope: str = "scope", days: int = 30) -> Claim:
    got = claim(db, scope, body, days)
    assert isinstance(got, Claim)
    return got


def answered(db: Database, body: str = "body", days: int = 30) -> Claim:
    mine = claimed(db, body, days=days)
    with db.write() as session:
        keep(session, mine, ANSWER)
    return mine


def refusal(db: Database, body: str = "body") -> tuple[str, int, dict[str, str]]:
    with pytest.raises(Problem) as refused:
        claim(db, "scope", body, 30)
    return refused.value.code, refused.value.status, refused.value.headers


def kept(db: Database) -> int:
    with db.read() as session:
        return session.execute(text("SELECT count(*) FROM idempotency_answer")).scalar_one()


IN_FLIGHT = ("request-in-flight", 409, {"Retry-After": "1"})


def test_the_kept_answer_comes_back_byte_for_byte_as_often_as_it_is_asked(db: Database):
    answered(db)
    assert [claim(db, "scope", "body", 30) for _ in range(3)] == [ANSWER] * 3
    assert kept(db) == 1


def test_another_body_under_the_key_is_refused_answered_or_not(db: Database):
    mine = claimed(db)
    assert refusal(db, "other") == ("idempotency-key-reused", 422, {})
    with db.write() as session:
        keep(session, mine, ANSWER)
    assert refusal(db, "other") == ("idempotency-key-reused", 422, {})
    assert claim(db, "scope", "body", 30) == ANSWER


def test_a_second_request_is_told_that_the_first_still_works(db: Database):
    claimed(db)
    assert refusal(db) == IN_FLIGHT
    claimed(db, scope="another scope")


def test_an_answer_stands_and_falls_with_the_write_that_it_answers(db: Database):
    mine = claimed(db)
    with pytest.raises(ZeroDivisionError), db.write() as session:
        keep(session, mine, ANSWER)
        raise ZeroDivisionError
    assert refusal(db) == IN_FLIGHT
    release(db, mine)
    claimed(db, "the corrected body")


def test_a_released_claim_leaves_nothing_and_an_answer_cannot_be_released(db: Database):
    release(db, claimed(db))
    assert kept(db) == 0
    release(db, answered(db))
    assert claim(db, "scope", "body", 30) == ANSWER


def test_an_answer_is_kept_for_its_days_and_not_a_moment_longer(db: Database):
    with time_machine.travel(START, tick=False):
        answered(db, days=30)
    with time_machine.travel(START + timedelta(days=30, microseconds=-1), tick=False):
        assert claim(db, "scope", "body", 30) == ANSWER
    with time_machine.travel(START + timedelta(days=30), tick=False):
        claimed(db, "other")
    assert kept(db) == 1


def test_an_abandoned_claim_is_taken_over_after_five_minutes_and_its_first_owner_can_do_nothing_more(db: Database):
    with time_machine.travel(START, tick=False):
        first = claimed(db)
    with time_machine.travel(START + timedelta(minutes=5), tick=False):
        assert refusal(db) == IN_FLIGHT
    with time_machine.travel(START + timedelta(minutes=5, microseconds=1), tick=False):
        second = claimed(db)
    with pytest.raises(Problem) as refused, db.write() as session:
        session.execute(text("UPDATE policy_decision SET k = 9"))
        keep(session, first, ANSWER)
    assert refused.value.code == "request-in-flight"
    with db.read() as session:
        assert session.execute(text("SELECT max(k) FROM policy_decision")).scalar_one() == 5
    release(db, first)
    with db.write() as session:
        keep(session, second, ANSWER)
    with pytest.raises(Problem), db.write() as session:
        keep(session, second, Answer(200, {}, b"another"))
    with time_machine.travel(START + timedelta(minutes=11), tick=False):
        assert claim(db, "scope", "body", 30) == ANSWER


@pytest.mark.parametrize("before", ["nothing", "expired", "abandoned"])
def test_of_sixteen_requests_with_one_key_one_works(db: Database, before: str):
    if before != "nothing":
        with time_machine.travel(START, tick=False):
            _ = answered(db) if before == "expired" else claimed(db)

    def attempt(_: int) -> str:
        try:
            return type(claim(db, "scope", "body", 30)).__name__
        except Problem as problem:
            return problem.code

    with ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(attempt, range(16))) == ["Claim"] + ["request-in-flight"] * 15
    assert kept(db) == 1


def test_a_claim_given_up_while_another_asks_is_in_flight_and_no_fault(stores):
    # On PostgreSQL the first claim may go between the insert that meets it and the select that would read it.
    url = stores.ready("postgresql")
    db = Database(url)
    claimed(db)

    def give_up(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO idempotency_answer"):
            with psycopg.connect(stores.postgresql.replace("/postgres?", f"/{db.url.database}?"), autocommit=True) as other:
                assert other.execute("DELETE FROM idempotency_answer").rowcount == 1

    event.listen(db.writer, "after_cursor_execute", give_up, named=False)
    assert refusal(db) == IN_FLIGHT
    event.remove(db.writer, "after_cursor_execute", give_up)
    claimed(db)
    db.dispose()


def test_a_key_is_scoped_to_client_method_and_path_and_never_stored_itself():
    whole = ("client", "POST", "/v1/bulletins", "week-1")
    others = [("client2", *whole[1:]), ("client", "PUT", *whole[2:]), (*whole[:2], "/v1/bulletins/batch", "week-1"), (*whole[:3], "week-2")]
    moved = [("clientP", "OST", *whole[2:]), (*whole[:2], "/v1/bulletinsw", "eek-1")]
    scopes = {scope_of(*parts) for parts in (whole, *others, *moved)}
    assert (len(scopes), {len(scope) for scope in scopes}) == (7, {64})
    assert scope_of(*whole) in scopes


@pytest.mark.parametrize("key", ["", "a" * 256, "ñ", "a\x00b", "a\nb", "\x7f", "\ud800"])
def test_an_empty_endless_or_unprintable_key_is_refused_by_name(key: str):
    with pytest.raises(Problem) as refused:
        scope_of("client", "POST", "/", key)
    (fault,) = refused.value.findings
    assert (refused.value.code, fault.pointer, fault.params) == ("idempotency-key-invalid", "Idempotency-Key", {"limit": 255})
    assert scope_of("client", "POST", "/", "a" * 255)


def test_a_claim_that_could_not_be_given_up_because_the_store_was_away_does_not_block_its_key(store_url: str):
    holder, db = Database(store_url), Database(store_url, lock_wait_s=0.2)
    mine = claimed(db)
    with holder.write() as session:
        session.execute(text("UPDATE idempotency_answer SET fingerprint = fingerprint"))
        with pytest.raises(Problem) as refused:
            release(db, mine)
    assert refused.value.code == "busy"
    again = claimed(db)
    assert again.claimed_at > mine.claimed_at
    assert refusal(db) == IN_FLIGHT  # the second one works: it is not given up in its turn
    holder.dispose()
    db.dispose()


def test_a_claim_whose_answer_was_kept_after_all_is_never_given_up(store_url: str):
    holder, db = Database(store_url), Database(store_url, lock_wait_s=0.2)
    mine = claimed(db)
    with holder.write() as session:
        keep(session, mine, ANSWER)
        with pytest.raises(Problem):
            release(db, mine)
    assert claim(db, "scope", "body", 30) == ANSWER
    holder.dispose()
    db.dispose()
