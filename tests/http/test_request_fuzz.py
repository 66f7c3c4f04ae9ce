"""Fuzz bulk_delete over a real socket.

Invariants: in spec any request is answered with 200 or 4xx. In every dialect a run that the filter
excludes, by `id.not_any_` under and_, is not deleted.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.prefect.dialects import DIALECTS, dialect_for
from mockserver.prefect.records import FlowRun
from mockserver.prefect.releases import OLDEST
from mockserver.prefect.warnings import WARNINGS
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.requests.test_reading import nearly_valid, wild_json
from tests.support.servers import Client, serve_store
from tests.support.strategies import IDS, filters, scaled_max_examples

SERVED = {dialect.name: dialect for dialect in (*DIALECTS.values(), dialect_for("sqlite", OLDEST))}
"""The document, the newest release on each database, and the oldest."""

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
    """A body with a few bytes replaced, removed or inserted."""
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
    stores = {name: Store(base) for name in SERVED}
    with ExitStack() as stack:
        yield {
            name: (stack.enter_context(serve_store(store, Settings(dialect=SERVED[name]))), store)
            for name, store in stores.items()
        }


@given(body=byte_strings | damaged_bodies(), content_type=content_types, version=versions)
@settings(max_examples=scaled_max_examples(200), suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.parametrize("name", SERVED)
def test_any_request_gets_an_allowed_status(
    servers: dict[str, tuple[Client, Store]],
    name: str,
    body: bytes,
    content_type: str,
    version: str,
) -> None:
    """200 or 422 in spec; the other dialects may also fail as their database would."""
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
    # An older release fails at bodies that the newest ignores.
    if reply.status == 500 and "body-ignored" not in reply.warnings:
        assert "undocumented-5xx" in reply.warnings


@given(filter_=filters, guarded=st.sampled_from(IDS), name=st.sampled_from(sorted(SERVED)))
def test_id_not_any_protects_a_run_under_and(
    servers: dict[str, tuple[Client, Store]],
    filter_: dict[str, Any],
    guarded: str,
    name: str,
) -> None:
    """Under and_, `id.not_any_` keeps a run from being deleted, whatever else the filter says."""
    client, store = servers[name]
    store.reset()
    guard = {"operator": "and_", "id": {"not_any_": [guarded]}}
    reply = client.bulk_delete({"flow_runs": {**filter_, **guard}})
    assert reply.status in (200, 500, 503)
    assert guarded in store
