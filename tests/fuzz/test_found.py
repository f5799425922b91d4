"""What fuzzing found once, each in its smallest form."""

import gc

import pytest
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
    ("sent", "shown"), [("%00", "\ufffd"), ("a%00b", "a\ufffdb"), ("%7f", "\ufffd"), ("%E2%80%AE", "\ufffd"), ("a" * 70, "a" * 64)]
)
def test_the_name_of_an_unknown_parameter_is_told_without_what_a_terminal_obeys(served: Served, sent: str, shown: str):
    answer = served.as_("pan").get(f"/v1/states?{sent}=1")
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(shown, "parameter-unknown")]
