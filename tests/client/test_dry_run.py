"""A dry run answers what the push itself would, field by field, but for the ids that nothing has yet."""

from typing import Any

from serving import Served

from app.client import Istmo, Refused, Written

OPTIONS = {"state": "PAN", "measure": "rescue", "unit": "person"}
HEAD = "period,nationality,value\n"
JANUARY = "2024-01,VEN,41\n2024-01,HTI,12\n2024-01,SOM,3\n"
PUSHES: tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...] = (
    (HEAD + JANUARY + "2024-02,VEN,38\n2024-02,HTI,9\n", {}, ("created", "created")),
    (HEAD + JANUARY + "2024-02,VEN,44\n2024-02,HTI,9\n2024-03,VEN,50\n", {"revise": "late"}, ("unchanged", "revised", "created")),
    (HEAD + "2024-04,VEN,3\n2024-05,VEN,70\n", {"leave_out_small": True}, ("left_out", "created")),
    (HEAD.replace("value", "value,observaciones") + "2024-06,VEN,81,ñ\n", {"column": ["observaciones="]}, ()),
    (HEAD + "2024-07,VEN,81\n2024-13,VEN,7\n2024-07,VVV,1\n", {}, ()),
    (HEAD + JANUARY.replace("41", "45"), {}, ()),
    (HEAD + "2024-08,VEN,3\n", {}, ()),
    (HEAD + "2024-09,VEN,90\n", {"conference": "SACM"}, ()),
)


def told(done: Written) -> dict[str, Any]:
    """The answer; what is new has no id yet when it is only judged, and so no version of it."""
    named = [{**each, **(dict.fromkeys(("id", "version")) if each["outcome"] == "created" else {})} for each in done.bulletins]
    return {**done.answer, "bulletins": named}


def answered(istmo: Istmo, file: Any, options: dict[str, Any]) -> Any:
    try:
        return told(istmo.push(file, **OPTIONS, **options))
    except Refused as refused:
        return {name: value for name, value in refused.problem.items() if name != "request_id"}


def test_a_dry_run_answers_as_the_push_does_and_keeps_nothing(served: Served, tmp_path):
    with Istmo(served.url, served.keys["pan"], language="es") as istmo:
        for number, (text, options, outcomes) in enumerate(PUSHES):
            file = tmp_path / f"{number}.csv"
            file.write_text(text, "utf-8")
            before = served.counts()
            judged = answered(istmo, file, {**options, "dry_run": True})
            assert served.counts() == before
            assert judged == answered(istmo, file, options), text
            assert tuple(each["outcome"] for each in judged.get("bulletins", ())) == outcomes, judged
    assert served.counts()["bulletin"] == 5
