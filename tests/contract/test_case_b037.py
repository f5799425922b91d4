"""Case B037: names that hold other names give each its own code; what several have is refused with those it may mean, until declared."""

import httpx
from serving import Served

OPTIONS = {"state": "PAN", "measure": "irregular_transit", "unit": "person", "protect": "none"}
NAMES = {
    "Niger": "NER", "Nigeria": "NGA", "Dominica": "DMA", "Dominican Republic": "DOM", "D.R. Congo": "COD", "República del Congo": "COG",
    "Korea DPR": "PRK", "República de Corea": "KOR", "Guinea": "GIN", "Guinea-Bisáu": "GNB", "Guinea Ecuatorial": "GNQ",
    "Papúa Nueva Guinea": "PNG", "Sudán": "SDN", "Sudán del Sur": "SSD",
}  # fmt: skip
TWICE = {"Níger": "NER", "Rep. Dominicana": "DOM", '"Congo, Democratic Republic of the"': "COD", "Guinea Bissau": "GNB"}
REFUSED = {"Corea": ("KOR", "PRK"), "Congo": ("COG", "COD"), "Giunea": ("GIN", "GNB", "GNQ")}


def send(served: Served, labels: list[str], language: str = "es", **options: object) -> httpx.Response:
    rows = "".join(f"2024-01,{label},{number}\n" for number, label in enumerate(labels, 101))
    return served.as_("pan").post(
        "/v1/bulletins/files",
        params={**OPTIONS, **options},
        files={"file": ("nombres.csv", f"period,nationality,value\n{rows}".encode())},
        headers={"Accept-Language": language},
    )


def flows(served: Served) -> dict[str, int]:
    rows = served.as_("analyst").get("/v1/flows", params={"limit": 1000}).json()["items"]
    return {row["nationality"]: row["value"] for row in rows}


def test_every_name_of_the_list_gives_its_own_code(served: Served):
    assert send(served, list(NAMES)).status_code == 201
    assert flows(served) == {code: number for number, code in enumerate(NAMES.values(), 101)}
    same = send(served, list(TWICE), dry_run=True, revise="otros nombres")
    assert same.status_code == 200, same.text
    repeated = send(served, [*NAMES, *TWICE], dry_run=True)
    assert [(error["row"], error["code"]) for error in repeated.json()["errors"]] == [
        (number, "cell-repeated") for number in range(2 + len(NAMES), 2 + len(NAMES) + len(TWICE))
    ]


def test_a_name_of_several_states_is_refused_with_each_of_them_and_nothing_is_stored_until_it_is_declared(served: Served):
    refused = send(served, ["Chile", *REFUSED])
    assert refused.status_code == 422
    errors = refused.json()["errors"]
    assert [(error["row"], error["column"], error["code"]) for error in errors] == [
        (row, "nationality", "code-unknown") for row in (3, 4, 5)
    ]
    for error, (label, candidates) in zip(errors, REFUSED.items(), strict=True):
        assert all(f"{code} (" in error["detail"] for code in candidates), error
        assert label not in error["detail"].replace("Corea del", "").replace("del Congo", "").replace("(Congo)", "")
    assert "COD (Congo - Kinshasa)" in send(served, ["Congo"], "pt").json()["errors"][0]["detail"]
    assert served.counts()["log_entry"] == 0
    assert send(served, list(REFUSED)[:2], code=["Corea=KOR", "Congo=COD"]).status_code == 201
    assert flows(served) == {"KOR": 101, "COD": 102}


def test_the_offices_own_word_decides_a_name_of_several_states_for_its_files_alone(served: Served):
    served.as_("pan").post("/v1/aliases", json={"dimension": "nationality", "label": "Congo", "code": "COG"}).raise_for_status()
    assert send(served, ["CONGO"]).status_code == 201
    assert flows(served) == {"COG": 101}
    key = {"Idempotency-Key": "push-1"}
    sent = {"params": {**OPTIONS, "state": "HND"}, "files": {"file": ("x.csv", b"period,nationality,value\n2024-01,Congo,120\n")}}
    assert served.as_("hnd").post("/v1/bulletins/files", **sent).status_code == 422
    alias = served.as_("hnd").post("/v1/aliases", json={"dimension": "nationality", "label": "Congo", "code": "COD"}).json()
    first = served.as_("hnd").post("/v1/bulletins/files", **sent, headers=key)
    assert first.status_code == 201
    served.as_("hnd").delete(f"/v1/aliases/{alias['id']}").raise_for_status()
    replayed = served.as_("hnd").post("/v1/bulletins/files", **sent, headers=key)
    assert (replayed.status_code, replayed.json()["bulletins"]) == (201, first.json()["bulletins"])


def test_an_offices_own_layout_reads_its_file(served: Served):
    profile = {
        "name": "pan-semanal", "version": 1, "title": {"es": "Parte semanal"},
        "layouts": [{
            "columns": [
                {"labels": ["Semana"], "means": "period"},
                {"labels": ["País"], "means": "nationality", "codes": {"Otros asiáticos": "_OASI"}},
                {"labels": ["Personas"], "means": "value"},
            ],
        }],
    }  # fmt: skip
    served.as_("pan").post("/v1/profiles", json=profile).raise_for_status()
    sent = {"files": {"file": ("parte.csv", "Semana;País;Personas\n2024-W10;Somalia;120\n2024-W10;Otros asiáticos;140\n".encode())}}
    options = {**OPTIONS, "profile": "pan-semanal"}
    assert served.as_("pan").post("/v1/bulletins/files", params=options, **sent).status_code == 201
    assert flows(served) == {"SOM": 120, "_OASI": 140}
    assert served.as_("hnd").post("/v1/bulletins/files", params={**options, "state": "HND"}, **sent).status_code == 422
