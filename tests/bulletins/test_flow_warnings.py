"""What an answer warns of: each where series differ, break or are not whole, and silent where they do not or where it was asked for."""

from flowbook import ANALYST, SECRETARIAT, ask, bulletin, pooled, publish, query, statements
from test_flow_oracle import published

from app.bulletins.flows.question import question_of
from app.bulletins.flows.warnings import told, warnings_of

EIGHT, NINE, TEN, ELEVEN = (f"2022-{month:02}" for month in (8, 9, 10, 11))
OTHER = {"publisher": "PAN-B"}
HONDURAS = {"reporting_state": "HND", "publisher": "HND-INM"}


def warned(session, caller=ANALYST, language="en", **asked):
    return {each["code"]: each for each in told(warnings_of(session, caller, question_of(query(**asked))), language)}


def several(column, *values, **more):
    """Two bulletins of one period that differ in a column."""
    return [bulletin(TEN, **{column: value}, **more) for value in values]


FULL = pooled(TEN, {"SOM": 31, "_O": 14, "_T": 45})
# code: bulletins, question, values, periods, what the words say; then a question or other bulletins where it is silent.
SHOWN = {
    "several-units": (several("unit", "person", "event"), {}, ["event", "person"], [], "times); Persons"),
    "several-measures": (several("measure", "rescue", "removal"), {}, ["removal", "rescue"], [], "never added together"),
    "several-accumulations": (
        several("accumulation", "period", "year_to_date"), {}, ["period", "year_to_date"], [], "beginning of the year",
    ),
    "several-classifications": (
        [bulletin(NINE, classification="extra_regional@1"), bulletin()], {}, ["extra_regional@1", "strict@1"], [], "scheme",
    ),
    "stock-beside-flow": (several("measure", "rescue") + several("measure", "refugee_population", stock_or_flow="stock"), {}, ["flow", "stock"], [], "Some figures are stocks"),
    "provisional-figures": (
        [bulletin(EIGHT, figure_status="final"), bulletin(NINE), bulletin(TEN)], {}, ["PAN"], [NINE, TEN], "Panama (2022-09 – 2022-10)",
    ),
    "pooled-figures": ([bulletin(NINE), FULL], {}, ["PAN"], [TEN], "Panama (2022-10)"),
    "several-publishers": (several("publisher", "PAN-SNM", "PAN-B"), {}, ["PAN"], [], "Panama (PAN-B, PAN-SNM)"),
    "publisher-changes": (
        [bulletin(EIGHT, **OTHER), bulletin(NINE), bulletin(TEN)], {}, ["PAN"], [NINE], "Panama (PAN-B → PAN-SNM: 2022-09)",
    ),
    "several-definitions": (several("definition_code", "a", "b"), {}, ["PAN"], [], "Panama (a, b)"),
    "definition-changes": (
        [bulletin(EIGHT, definition_code="old"), bulletin(NINE, definition_code="new")], {}, ["PAN"], [NINE], "Panama (old → new: 2022-09)",
    ),
    "several-frequencies": ([bulletin(TEN), bulletin("2022")], {}, ["PAN"], [], "Panama (year, month)"),
    "frequency-changes": ([bulletin("2022-Q3"), bulletin(TEN)], {}, ["PAN"], [TEN], "Panama (quarter → month: 2022-10)"),
    "states-missing": ([bulletin()], {"reporting_state": "PAN,HND,BRA"}, ["HND", "BRA"], [], "Honduras; Brazil"),
    "periods-missing": (
        [bulletin(EIGHT), bulletin(TEN), bulletin(NINE, **HONDURAS)], {"period_from": EIGHT, "period_to": TEN}, ["HND", "PAN"],
        [EIGHT, NINE, TEN], "Honduras (1/3: 2022-09); Panama (2/3: 2022-08 – 2022-10)",
    ),
}  # fmt: skip
SILENT = {
    "several-units": [(several("unit", "person", "event"), {"group_by": "unit"}), (several("unit", "person", "event"), {"unit": "event"})],
    "several-measures": [(several("measure", "rescue", "removal"), {"group_by": "measure"})],
    "several-accumulations": [(several("accumulation", "period", "year_to_date"), {"accumulation": "period"})],
    "several-classifications": [([bulletin(NINE), bulletin()], {})],
    "stock-beside-flow": [(several("measure", "rescue", "removal"), {})],
    "provisional-figures": [([bulletin(NINE), bulletin()], {}), ([bulletin(NINE, figure_status="final"), bulletin()], {"group_by": "figure_status"})],
    # All alike; or only totals are read, which pooling leaves exact; or the other one declares no nationality.
    "pooled-figures": [([FULL], {}), ([bulletin(NINE), FULL], {"group_by": "period"}), ([FULL, bulletin(NINE, ["sex"], {"F": 9})], {})],
    "several-publishers": [([bulletin(), bulletin(**HONDURAS)], {}), (several("publisher", "PAN-SNM", "PAN-B"), {"group_by": "publisher"})],
    "publisher-changes": [([bulletin(EIGHT, **HONDURAS), bulletin(NINE)], {}), ([bulletin(EIGHT, **OTHER), bulletin(NINE)], {"publisher": "PAN-B"})],
    "several-definitions": [(several("definition_code", "a", "b"), {"definition_code": "a"})],
    "definition-changes": [([bulletin(EIGHT, definition_code="old"), bulletin(NINE, definition_code="new")], {"group_by": "definition_code"})],
    "several-frequencies": [([bulletin(TEN), bulletin("2022")], {"frequency": "month"}), ([bulletin(TEN), bulletin("2022", **HONDURAS)], {})],
    "frequency-changes": [([bulletin("2022-Q3"), bulletin(TEN)], {"frequency": "quarter", "group_by": "period"})],
    "states-missing": [([bulletin()], {"reporting_state": "PAN"}), ([bulletin()], {"reporting_state": "HND"})],
    # The whole span; a series that began later where no span is asked for; months beside their quarter, which is whole.
    "periods-missing": [
        ([bulletin(NINE), bulletin(TEN)], {"period_from": NINE, "period_to": TEN}),
        ([bulletin(EIGHT, **HONDURAS), bulletin(TEN)], {}),
        ([bulletin("2022-10"), bulletin("2022-12"), bulletin("2022-Q4")], {"period_from": "2022-Q4", "period_to": "2022-Q4"}),
    ],
}  # fmt: skip


def test_every_warning_is_shown_where_series_differ_break_or_are_not_whole(db):
    for code, (made, asked, values, periods, words) in SHOWN.items():
        with published(db, made) as session:
            found = warned(session, **asked)
            assert code in found, (code, found)
            assert (found[code]["values"], found[code]["periods"]) == (values, periods), code
            assert words in found[code]["words"], found[code]["words"]
            assert len({warned(session, language=language, **asked)[code]["words"] for language in ("en", "es", "pt")}) == 3


def test_every_warning_is_silent_where_nothing_differs_or_the_difference_was_asked_for(db):
    assert set(SILENT) == set(SHOWN)
    for code, cases in SILENT.items():
        for made, asked in cases:
            with published(db, made) as session:
                assert code not in warned(session, **asked), (code, asked)


def test_what_is_of_one_series_and_whole_is_warned_of_nothing(db):
    with published(db, [bulletin(period) for period in (NINE, TEN, ELEVEN)]) as session:
        for asked in (
            {},
            {"group_by": "period"},
            {"group_by": "period,nationality", "period_from": NINE, "period_to": ELEVEN},
            {"period_from": "2030"},
        ):
            assert warned(session, **asked) == {}, asked


def test_periods_of_several_publishers_are_counted_once(db):
    with published(db, [bulletin(NINE), bulletin(NINE, **OTHER), bulletin(TEN), bulletin(ELEVEN, **OTHER)]) as session:
        assert list(warned(session, period_from=NINE, period_to=ELEVEN)) == ["several-publishers"]
        assert "3/4: 2022-09" in warned(session, period_from=EIGHT, period_to=ELEVEN)["periods-missing"]["words"]


def test_many_states_are_named_by_their_number(db):
    states = ("BLZ", "CRI", "DOM", "GTM", "HND", "MEX", "NIC", "SLV", "ARG", "BOL", "BRA", "CHL", "COL", "ECU")
    with published(db, [bulletin()]) as session:
        found = warned(session, reporting_state=f"PAN,{','.join(states)}", language="pt")["states-missing"]
    assert found["values"] == list(states)
    assert found["words"].endswith("Chile; e mais 2.")


def test_it_takes_no_statement_beyond_the_one_that_settles_what_answers(db):
    publish(db, bulletin(NINE), bulletin(TEN, **HONDURAS))
    for number in (1, 2):
        with db.read() as session, statements(db) as run:
            ask(session, limit=5)
            told_by_then = len(run)
            warned(session)
            assert len(run) == told_by_then == 3
        with db.read() as session, statements(db) as run:
            warned(session)
        assert len(run) == 1
        publish(db, bulletin(f"2022-1{number}", **OTHER))


def test_a_bulletin_that_one_may_not_see_is_warned_of_by_no_word(db):
    hidden = bulletin(TEN, tlp="AMBER", unit="event", figure_status="final", **OTHER)
    with published(db, [bulletin(TEN), hidden]) as session:
        assert warned(session, reporting_state="PAN") == {}
        assert list(warned(session, SECRETARIAT)) == ["several-units", "provisional-figures"]


def test_a_page_tells_what_to_know_of_the_whole_answer_in_the_readers_language(served):
    publish(served.node.db, bulletin(NINE), bulletin(TEN, unit="event"))
    reader = served.as_("analyst")
    pages = [reader.get("/v1/flows", params={"limit": 1}, headers={"Accept-Language": "pt"})]
    pages.append(reader.get(pages[0].links["next"]["url"], headers={"Accept-Language": "pt"}))
    first, second = (page.json()["warnings"] for page in pages)
    assert first == second
    (told_of,) = first
    assert told_of["words"].startswith("As cifras estão em várias unidades, que nunca se somam entre si: Eventos")
    assert (pages[0].headers["content-language"], pages[0].json()["as_of"]) == ("pt", None)
    spanish = reader.get("/v1/flows", params={"limit": 1, "lang": "es"})
    assert spanish.json()["warnings"][0]["words"].startswith("Las cifras")
    assert spanish.headers["etag"] != pages[0].headers["etag"]
