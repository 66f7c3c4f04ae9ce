"""Fuzz the control API with requests that schemathesis makes of control.yaml.

Invariant: no request, valid or not, gets a 5xx; the server answers the next one.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from mockserver.http.control.app import document
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.recorded_cases import NOW
from tests.support.servers import Client, serve_store
from tests.support.strategies import scaled_max_examples

# Results, of which all are ok: the document is valid (test_control.py).
FOUND: Any = schemathesis.openapi.from_dict(document()).get_all_operations()
OPERATIONS = {f"{one.method.upper()} {one.path}": one for one in (found.ok() for found in FOUND)}


@pytest.fixture(scope="module")
def server() -> Iterator[Client]:
    settings = Settings(now=lambda: NOW, journal=100)
    with serve_store(Store(load_seeds([], NOW).base()), settings) as client:
        yield client


@pytest.mark.parametrize("name", OPERATIONS)
@given(data=st.data(), mode=st.sampled_from(list(GenerationMode)))
@settings(
    max_examples=scaled_max_examples(10),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_no_request_gets_a_5xx(
    server: Client, name: str, data: st.DataObject, mode: GenerationMode
) -> None:
    """Valid requests and invalid ones, of each operation."""
    # Else flow runs add up, of which a request may make 100,000: .ci/fuzz.py looks at the memory.
    server.send("POST", "/_mock/reset")
    case = data.draw(OPERATIONS[name].as_strategy(generation_mode=mode))
    case.headers.pop("Authorization", None)
    response = case.call(base_url=server.url, timeout=20)
    assert response.status_code < 500
