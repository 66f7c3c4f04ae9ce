# For any bytes the answer is 200 or 4xx in spec, never 5xx; and whatever the dialect, never is a
# run deleted that the filter does not match: a guard in an and_ keeps every guarded run alive.
"""Fuzz on a real socket."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.prefect.deviations import WARNINGS
from mockserver.prefect.dialects import DIALECTS, SPEC, Dialect
from mockserver.prefect.records import FlowRun
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.requests.test_reading import nearly_valid, wild_json
from tests.support.servers import Client, serve_store
from tests.support.strategies import IDS, filters, scaled_max_examples

content_types = st.sampled_from(
    ["application/json", "application/json; charset=utf-8", "text/plain", "", "application/a+json"]
) | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.strip)
versions = st.sampled_from(["0.8.4", "1", "x", ""]) | st.text(
    st.characters(min_codepoint=32, max_codepoint=126), max_size=10
).map(str.strip)
byte_strings = st.binary(max_size=200) | (nearly_valid() | wild_json).map(
    lambda value: json.dumps(value).encode()
)


@st.composite
def damaged_bodies(draw: st.DrawFn) -> bytes:
    """A body with some bytes replaced, dropped or doubled."""
    body = bytearray(json.dumps(draw(nearly_valid())).encode())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(body) - 1)))
        body[at : at + draw(st.integers(0, 3))] = draw(
            st.binary(max_size=3)
            | st.sampled_from([b"NaN", b'"\\ud800"', b"[[[[", b"1e999", b":60"])
        )
    return bytes(body)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, tuple[Client, Store]]]:
    base = Base(FlowRun(id=run_id, name=f"run-{run_id[:2]}") for run_id in IDS)
    found: dict[str, tuple[Client, Store]] = {}
    stores = {name: Store(base) for name in DIALECTS}
    with (
        serve_store(stores["spec"], Settings(dialect=SPEC)) as spec,
        serve_store(
            stores["prefect-sqlite"], Settings(dialect=DIALECTS["prefect-sqlite"])
        ) as sqlite,
        serve_store(
            stores["prefect-postgresql"], Settings(dialect=DIALECTS["prefect-postgresql"])
        ) as postgresql,
    ):
        for name, client in zip(DIALECTS, (spec, sqlite, postgresql), strict=True):
            found[name] = (client, stores[name])
        yield found


@given(body=byte_strings | damaged_bodies(), content_type=content_types, version=versions)
@settings(max_examples=scaled_max_examples(400), suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.parametrize("name", DIALECTS)
def test_any_request_gets_an_allowed_status(
    servers: dict[str, tuple[Client, Store]],
    name: str,
    body: bytes,
    content_type: str,
    version: str,
) -> None:
    """200 or 4xx in spec; the others may also answer as a failing database does."""
    client, store = servers[name]
    store.reset()
    headers = {"Content-Type": content_type, "x-prefect-api-version": version}
    reply = client.send("POST", "/flow_runs/bulk_delete", body, headers)
    assert (
        reply.status in (200, 422) if name == "spec" else reply.status in (200, 400, 422, 500, 503)
    )
    assert reply.warnings <= set(WARNINGS)
    gone = len(reply.json["deleted"]) if reply.status == 200 else 0
    assert len(store) == len(IDS) - gone
    if reply.status == 500:
        assert "undocumented-5xx" in reply.warnings


dialects = st.sampled_from(list(DIALECTS.values()))


@given(filter_=filters, guarded=st.sampled_from(IDS), dialect=dialects)
def test_id_not_any_protects_a_run_under_and(
    servers: dict[str, tuple[Client, Store]],
    filter_: dict[str, Any],
    guarded: str,
    dialect: Dialect,
) -> None:
    """Joined by and_, `id.not_any_` keeps a run alive whatever else the filter says."""
    client, store = servers[dialect.name]
    store.reset()
    guard = {"operator": "and_", "id": {"not_any_": [guarded]}}
    reply = client.bulk_delete({"flow_runs": {**filter_, **guard}})
    assert reply.status in (200, 500, 503)
    assert guarded in store
