"""Every family of public files sent over HTTP by its profile, without an option that the profile does not need."""

import lzma
import time
from pathlib import Path

import pytest
from serving import Served

DATA = Path(__file__).parents[1] / "data"
SAMPLES = Path(__file__).parents[2] / "app" / "cli" / "samples"
SENT = {
    "panama-snm": ("rcm", SAMPLES / "darien_by_nationality.csv", {}),
    "honduras-inm": ("rcm", DATA / "honduras_by_sex_age.csv", {}),
    "mexico-upmrip": ("rcm", DATA / "mexico_by_sex_age.csv", {}),
    "mexico-rechazos": ("rcm", DATA / "files" / "ANEXO_INFOMEX_edad_sexo.xlsx", {"protect": "round"}),
    "mexico-rechazos, wide": ("rcm", DATA / "files" / "rechazos_2018.xls", {"protect": "round"}),
    "mexico-rechazos, quoted": ("rcm", DATA / "files" / "rechazos_2021.xls", {"protect": "round"}),
    "colombia-migracion": ("sacm", DATA / "files" / "irregular_by_nationality_2022_2025.csv", {}),
    "usa-cbp": ("rcm", DATA / "files" / "sw_border_encounters_fy21_may2025.csv.xz", {"protect": "round"}),
    "unhcr": ("rcm", DATA / "files" / "population_asylum_refugee_2009_2024.csv.xz", {"members_only": True}),
    "brazil-conare": ("sacm", DATA / "files" / "refugio_em_numeros-10e-plano_tabular.xlsx", {}),
}


def send(served: Served, name: str, **more: object):
    who, path, options = SENT[name]
    raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    params = {"profile": name.partition(",")[0], **options, **more}
    return served.as_(who).post("/v1/bulletins/files", params=params, files={"file": (path.name.removesuffix(".xz"), raw)}, timeout=900)


def test_a_workbook_goes_in_by_the_name_of_its_profile_alone(served: Served):
    answer = send(served, "brazil-conare")
    assert answer.status_code == 201, answer.text
    assert {item["outcome"] for item in answer.json()["bulletins"]} == {"created"}
    asked = {"reporting_state": "BRA", "nationality": "_T", "period_from": "2024", "period_to": "2024"}
    items = served.as_("analyst").get("/v1/flows", params=asked).json()["items"]
    assert {item["value"] for item in items} == {68_159}


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SENT)
def test_families_over_http(served: Served, name: str):
    started = time.monotonic()
    answer = send(served, name)
    assert answer.status_code in {200, 201}, answer.text[:2000]
    outcomes = [item["outcome"] for item in answer.json()["bulletins"]]
    print(f"{name:<24} {len(outcomes):4} bulletins in {time.monotonic() - started:6.1f} s")
    assert set(outcomes) == {"created"}
