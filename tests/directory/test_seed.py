"""The directory's seed: only what a source says, once, also into a store of the release before."""

from datetime import date

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.problems import Problem
from app.directory.codes import conferences, resolve_conference
from app.directory.models import Membership, Presidency, State
from app.directory.presidencies import tenures
from app.directory.service import is_member, newest_decision, offices, policy_of, seed

VERIFIED = {
    "RCM": "1996 2010 2011 2012 2013 2014 2017 2018 2019 2021 2023",
    "SACM": "2000 2001 2002 2003 2004 2006 2007 2008 2009 2010 2011 2012 2013 2014 2015 2016 2017 2018 2022 2023 2025",
}
TODAY = date(2026, 11, 25)


def counts(session: Session) -> list[int]:
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in (State, Membership, Presidency)]


def test_only_verified_presidencies_are_seeded_each_for_its_calendar_year(db: Database):
    with db.read() as session:
        for code, years in VERIFIED.items():
            known = tenures(session, code)
            assert [tenure.span.start.year for tenure in known] == [int(year) for year in years.split()]
            assert all(tenure.provisional for tenure in known)
            assert all((tenure.span.start.month, tenure.span.start.day) == (1, 1) for tenure in known)
            assert all((tenure.span.end.year, tenure.span.end.month) == (tenure.span.start.year, 12) for tenure in known)
        assert all(session.scalars(select(Presidency.source)))
        assert (
            session.scalar(select(Presidency.state).where(Presidency.conference == "RCM", Presidency.valid_from == date(2012, 1, 1)))
            == "PAN"
        )


def test_what_was_recalled_announced_or_inferred_is_left_out():
    left_out = {(one.code, each.year) for one in conferences() for each in one.presidencies if not each.verified}
    assert len(left_out) == 17 + 3
    assert {("RCM", 2015), ("RCM", 2022), ("RCM", 2024), ("SACM", 2019), ("SACM", 2024)} <= left_out


def test_seeding_again_adds_nothing_and_overwrites_nothing(db: Database):
    with db.write() as session:
        before = counts(session)
        session.execute(text("UPDATE presidency SET state = 'HND' WHERE conference = 'RCM' AND valid_from = '2012-01-01'"))
    with db.write() as session:
        seed(session)
    with db.read() as session:
        assert counts(session) == before == [250, 11 + 5 + 12, 11 + 21]
        changed = session.scalar(select(Presidency.state).where(Presidency.conference == "RCM", Presidency.valid_from == date(2012, 1, 1)))
        assert changed == "HND"


def test_a_store_that_has_conferences_and_no_presidency_is_given_them(db: Database):
    with db.write() as session:
        session.execute(text("DELETE FROM presidency"))
    with db.write() as session:
        seed(session)
    with db.read() as session:
        assert counts(session)[2] == 32
        assert policy_of(session, "RCM").k == 5


def test_presidencies_that_an_operator_corrected_are_not_seeded_anew(db: Database):
    with db.write() as session:
        session.execute(text("DELETE FROM presidency WHERE conference = 'SACM' OR valid_from <> '2012-01-01'"))
        session.execute(text("UPDATE presidency SET superseded_at = '2026-01-01 00:00:00'"))
    with db.write() as session:
        seed(session)
    with db.read() as session:
        assert tenures(session, "RCM") == []
        assert len(tenures(session, "SACM")) == 21


def test_four_states_are_members_of_one_conference_and_observers_of_the_other(db: Database):
    with db.read() as session:
        for state in ("ARG", "COL", "ECU", "PER"):
            assert is_member(session, state, "SACM", TODAY)
            assert not is_member(session, state, "RCM", TODAY)


def test_offices_are_the_secretariats_and_those_of_members_on_the_day(db: Database):
    with db.write() as session:
        session.execute(text("UPDATE membership SET valid_to = '2026-11-24' WHERE state = 'NIC' AND conference = 'RCM'"))
    with db.read() as session:
        assert len(offices(session, date(2026, 11, 24))) == 2 + 11 + 12
        assert offices(session, date(2026, 11, 24)) - offices(session, TODAY) == {"RCM/NIC"}
        assert "RCM/COL" not in offices(session, TODAY)


@pytest.mark.parametrize(("text_", "code"), [("RCM", "RCM"), ("CRM", "RCM"), ("SACM", "SACM"), ("CSM", "SACM"), ("rcm", None), ("", None)])
def test_a_conference_is_known_by_its_code_and_alias(text_: str, code: str | None):
    assert resolve_conference(text_) == code


def test_a_conference_that_nobody_knows_has_no_policy(db: Database):
    with db.read() as session, pytest.raises(Problem) as refused:
        newest_decision(session, "ASEAN")
    assert refused.value.code == "conference-unknown"
