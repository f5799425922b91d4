"""What an office is told of what is not published yet: that it waits, for whom or until when, and what may be done with it."""

import json

import pytest
from desks import Desk
from held import decide, release
from serving import Served

PUSH = ("push", "w.csv", "--state", "PAN", "--measure", "irregular_transit", "--unit", "person")
TOLD = {
    "en": (
        "held for review (held)",
        "2 bulletins: 2 held for review",
        "another person, of the secretariat of your conference, confirms it first",
    ),
    "es": ("en revisión (held)", "Boletines: 2 (en revisión: 2)", "antes debe confirmarlo otra persona de la secretaría"),
    "pt": ("em revisão (held)", "Boletins: 2 (em revisão: 2)", "antes, outra pessoa da secretaria da sua conferência deve confirmá-lo"),
}


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys) -> Desk:
    made = Desk(tmp_path / "desk", monkeypatch, capsys)
    made.folder.joinpath("w.csv").write_bytes(b"period,nationality,value\n2022-01,VEN,400\n2022-02,VEN,80\n")
    return made


def test_a_push_that_waits_ends_well_and_says_in_three_languages_for_whom_and_what_to_do(served: Served, desk: Desk, monkeypatch):
    decide(served, partner_release="after_review")

    def push(*more: str):
        return desk.run(served.url, *PUSH, *more, key=served.keys["pan"])

    told = json.loads(push("--json").stdout)
    review_id = told["review"].removeprefix("/v1/reviews/")
    assert (told["outcome"], told["due"], [each["outcome"] for each in told["bulletins"]]) == ("held", None, ["held", "held"])
    for language, (word, counted, to_do) in TOLD.items():
        monkeypatch.setenv("ISTMO_LANG", language)
        done = push()
        assert done.returncode == 0
        assert done.stdout.splitlines() == [f"{word}  2022-0{month}" for month in (1, 2)]
        assert [words in done.stderr for words in (counted, to_do, f"`istmo reviews show {review_id}`")] == [True] * 3
    assert len(release(served, review_id)) == 2
