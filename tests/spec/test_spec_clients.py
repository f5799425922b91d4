"""Clients that others generate from the description: made without a warning, and they speak with a node."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Served, serving, settings_for
from spectools import OPENAPI, PYTHON_GENERATOR, TYPESCRIPT, npm, python_tool, run

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

CALLS = """
import os
from istmo import AuthenticatedClient
from istmo.api.bulletins import list_bulletins, publish_bulletin
from istmo.api.flows import list_flows
from istmo.models import Bulletin, BulletinDraft, FlowPage, FlowRow, ProblemDocument, WrittenBulletin

def client(who):
    return AuthenticatedClient(base_url=os.environ["ISTMO_URL"], token=os.environ[who], httpx_args={"trust_env": False})

cells = [{"nationality": code, "value": value} for code, value in (("VEN", 400), ("NPL", 213), ("SOM", 31))]
body = {"reporting_state": "PAN", "measure": "irregular_transit", "unit": "person", "period": "2022-10", "cells": cells}
with client("PAN") as pan:
    made = publish_bulletin.sync_detailed(client=pan, body=BulletinDraft.from_dict(body), idempotency_key="october")
    again = publish_bulletin.sync(client=pan, body=BulletinDraft.from_dict(body), idempotency_key="october")
    refused = publish_bulletin.sync(client=pan, body=BulletinDraft.from_dict({**body, "period": "octubre"}), accept_language="es")
assert made.status_code == 201 and isinstance(made.parsed, WrittenBulletin) and made.parsed.outcome == "created", made
assert again.id == made.parsed.id
assert isinstance(refused, ProblemDocument) and refused.errors[0].pointer == "/period" and refused.title == os.environ["TITLE"], refused
with client("ANALYST") as analyst:
    page = list_bulletins.sync(client=analyst, reporting_state=["PAN"])
    flows = list_flows.sync(client=analyst, nationality=["SOM", "NPL"])
(listed,) = page.items
assert isinstance(listed, Bulletin) and listed.id == made.parsed.id and page.total == 1
assert isinstance(flows, FlowPage) and all(isinstance(row, FlowRow) for row in flows.items)
print(sorted((row.nationality, row.value) for row in flows.items))
"""

PROGRAM = """
import type { components, operations, paths } from "./istmo";

type Draft = components["schemas"]["BulletinDraft"];
type Row = components["schemas"]["FlowRow"];
type Listed = paths["/v1/bulletins"]["get"]["responses"]["200"]["content"]["application/json"];
type Refused = components["responses"]["Problem422"]["content"]["application/problem+json"];
type Asked = NonNullable<operations["list_flows"]["parameters"]["query"]>;

export const draft: Draft = {
  reporting_state: "PAN",
  measure: "irregular_transit",
  unit: "person",
  period: "2022-10",
  cells: [{ nationality: "VEN", value: 400 }],
};
export const asked: Asked = { nationality: ["SOM", "NPL"], limit: 10, totals: false };
export function shown(page: Listed): string[] {
  return page.items.map((item) => (item.cells === null ? `${item.id}: ${item.status}` : `${item.id}: ${item.cells.length} cells`));
}
export function interval(row: Row): [number, number | null] {
  return row.value === null ? [row.lower, row.upper] : [row.value, row.value];
}
export function places(problem: Refused): string[] {
  return (problem.errors ?? []).map((found) => `${found.pointer ?? ""} ${found.code}`);
}
"""
WRONG = """
import type { components } from "./istmo";
export const draft: components["schemas"]["BulletinDraft"] = {
  reporting_state: "PAN", measure: "irregular_transit", unit: "people", period: "2022-10", cells: [],
};
"""


@pytest.fixture
def node(stores, tmp_path: Path) -> Iterator[Served]:
    with serving(settings_for(stores.ready("sqlite"), tmp_path)) as served:
        yield served


def test_the_python_generator_makes_a_client_without_a_warning_and_it_publishes_and_reads(node: Served, tmp_path: Path):
    python = python_tool(tmp_path, PYTHON_GENERATOR)
    (tmp_path / "generator.yaml").write_text("post_hooks: []\n", "utf-8")
    options = ("--meta", "none", "--config", tmp_path / "generator.yaml", "--output-path", tmp_path / "istmo", "--fail-on-warning")
    said = run(python.parent / "openapi-python-client", "generate", "--path", OPENAPI, *options, cwd=tmp_path)
    assert "arning" not in said
    (tmp_path / "calls.py").write_text(CALLS, "utf-8")
    keys = {"PAN": node.keys["pan"], "ANALYST": node.keys["analyst"], "ISTMO_URL": node.url, "TITLE": "El documento tiene errores"}
    assert run(python, "-W", "error", "calls.py", cwd=tmp_path, environment=keys) == "[('NPL', 213), ('SOM', 31)]\n"


def test_the_typescript_generator_makes_types_that_the_compiler_takes(tmp_path: Path):
    folder = npm(tmp_path, *TYPESCRIPT)
    # A field that has a default may be left out of what is sent.
    run("npx", "--no-install", "openapi-typescript", OPENAPI, "--default-non-nullable=false", "-o", "istmo.d.ts", cwd=folder)
    (folder / "program.ts").write_text(PROGRAM, "utf-8")
    (folder / "wrong.ts").write_text(WRONG, "utf-8")
    compiled = ("npx", "--no-install", "tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext")
    assert run(*compiled, "program.ts", cwd=folder) == ""
    assert "'\"people\"' is not assignable" in run(*compiled, "wrong.ts", cwd=folder, codes=(1, 2))
