"""Bodies that tests send: small, made up, and right unless a test breaks them."""

from typing import Any

import httpx

Body = dict[str, Any]


def cells(**values: int) -> list[Body]:
    """Cells by nationality."""
    return [{"nationality": code, "value": value} for code, value in values.items()]


def bulletin(**changes: Any) -> Body:
    """A month of irregular transits through Panama, whose every count is safe to show; None takes a field away."""
    body: Body = {
        "reporting_state": "PAN",
        "measure": "irregular_transit",
        "unit": "person",
        "period": "2022-10",
        "cells": cells(VEN=400, NPL=213, SOM=31),
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def revision(reason: str = "late registrations", **changes: Any) -> Body:
    """The same with a reason."""
    return bulletin(reason=reason, **changes)


def publish(client: httpx.Client, **changes: Any) -> Body:
    """Publish a bulletin and give its document."""
    answer = client.post("/v1/bulletins", json=bulletin(**changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


def withdraw(client: httpx.Client, document: Body, reason: str = "counted twice") -> Body:
    """Withdraw a bulletin in the version that is given."""
    etag = f'"{document["id"]}.v{document["version"]}"'
    answer = client.post(f"/v1/bulletins/{document['id']}/withdraw", json={"reason": reason}, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    return answer.json()


def revise(client: httpx.Client, document: Body, **changes: Any) -> Body:
    """Revise a bulletin in the version that is given."""
    etag = f'"{document["id"]}.v{document["version"]}"'
    answer = client.put(f"/v1/bulletins/{document['id']}", json=revision(**changes), headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_nationality(document: Body) -> dict[str, int | None]:
    """Published counts of a table by nationality alone."""
    return {cell["nationality"]: cell["value"] for cell in document["cells"]}


def codes_of(answer: httpx.Response) -> set[tuple[str, str]]:
    """(pointer or parameter, code) of every finding of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return {(error.get("pointer", ""), error["code"]) for error in answer.json().get("errors", [])}
