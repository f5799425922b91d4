"""What fuzzing found once, each in its smallest form."""

import gc

import pytest
from bodies import bulletin, cells, publish
from serving import Served

OPTIONS = "state=PAN&measure=rescue&unit=person"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(("end", "code"), [(b"", "field-missing"), (b"\r\n--x\r\n\r\n--x--", "form-malformed")])
def test_a_file_part_without_an_end_is_refused_and_its_memory_given_back(served: Served, end: bytes, code: str):
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\nperiod,value\n2022,12\n'
    answer = served.as_("pan").post(f"/v1/bulletins/files?{OPTIONS}", content=part + end, headers=FORM)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    gc.collect()  # a file that nobody closed would warn here, and a warning is an error


@pytest.mark.parametrize(
    ("sent", "shown"), [("%00", ""), ("a%00b", ""), ("%7f", ""), ("%E2%80%AE", ""), ("a" * 70, ""), ("Juan", ""), ("mesure", "mesure")]
)
def test_the_name_of_an_unknown_parameter_is_told_if_it_is_written_as_ours_are(served: Served, sent: str, shown: str):
    answer = served.as_("pan").get(f"/v1/states?{sent}=1")
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(shown, "parameter-unknown")]


@pytest.mark.parametrize(("value", "code"), [("a\x00b", "text-character"), (10**40, "out-of-range")])
def test_of_a_field_of_the_senders_own_with_an_endless_name_the_object_is_told(served: Served, value: object, code: str):
    answer = served.as_("pan").post("/v1/bulletins", json={"reporting_state": "PAN", "x" * 20_001: value})
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [("", code)]


def test_a_check_of_what_stands_already_in_another_form_is_refused_as_publishing_it_would_be(served: Served):
    document = publish(served.as_("pan"))
    answer = served.as_("pan").post("/v1/bulletins/check", json=bulletin(cells=cells(VEN=500)))
    assert (answer.status_code, answer.json()["code"]) == (409, "bulletin-exists")
    assert answer.headers["link"] == f'</v1/bulletins/{document["id"]}>; rel="related"'
