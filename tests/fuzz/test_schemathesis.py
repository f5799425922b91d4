"""A second opinion: schemathesis draws the requests from the API description, those that it allows and those that it does not."""

import time
from collections import Counter
from urllib.parse import unquote

import pytest
import schemathesis
from answers import Seen, faults_of
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from serving import Served, settings_for
from stores import Stores
from test_fuzz import LIMITS, fuzzed

EXAMPLES = 40
OPERATIONS = {"operator": "operator", "secretariat": "rcm", "partner": "pan", "analyst": "analyst", "peer": "peer", "public": "analyst"}


def drawn(operation, mode: GenerationMode, served: Served, statuses: Counter[int], found: list[str]) -> None:
    """Some requests of one operation, by a caller who may call it."""
    raw = operation.definition.raw
    who = "spare" if operation.path == "/v1/me/rotate" else OPERATIONS[raw["x-access"][-1]]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case) -> None:
        answer = case.call(base_url=served.url, headers={"Authorization": f"Bearer {served.keys[who]}"})
        headers = {name.lower(): ", ".join(values) for name, values in answer.headers.items()}
        statuses[answer.status_code] += 1
        path = unquote(answer.request.path_url.split("?")[0])
        seen = Seen(answer.request.method, path, answer.status_code, headers, answer.content)
        faults = [*faults_of(seen), *([f"{seen.status}"] if seen.status >= 500 else [])]
        found.extend(f"{case.as_curl_command()[:1500]}: {fault}" for fault in faults)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing can be wrong with a request that has no parts


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore:.*:hypothesis.errors.NonInteractiveExampleWarning")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_fuzz_long_by_schemathesis(stores: Stores, tmp_path, kind: str):
    began, statuses, found = time.monotonic(), Counter(), []
    with fuzzed(settings_for(stores.ready(kind), tmp_path, **LIMITS)) as fuzz:
        schema = schemathesis.openapi.from_dict(fuzz.known.description)
        for mode in GenerationMode:
            for result in schema.get_all_operations():
                drawn(result.ok(), mode, fuzz.served, statuses, found)
    assert found == []
    print(f"{sum(statuses.values())} cases by schemathesis in {time.monotonic() - began:.0f} s: {sorted(statuses.items())}")
