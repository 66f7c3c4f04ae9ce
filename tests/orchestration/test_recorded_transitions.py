"""State changes have the outcome that a real server gave: over 1,000 recorded cases.

The cases are in `tests/support/transition_cases`; transition_outcomes.py beside it says how their
outcomes are written down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from mockserver.prefect.dialects import PREFECT_SQLITE
from mockserver.prefect.records import Deployment
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store
from tests.support.transition_cases import cases
from tests.support.transition_runner import Send, load_outcomes, run_case


@pytest.fixture(scope="module")
def send() -> Iterator[Send]:
    """Requests to an empty server in the dialect `prefect-sqlite`."""
    store = Store(Base([], loaded_at=datetime.now(UTC)))
    with serve_store(store, Settings(dialect=PREFECT_SQLITE)) as client:
        yield lambda *request: _send(store, client, *request)


def _send(
    store: Store, client: Client, method: str, path: str, body: Any, headers: Mapping[str, str]
) -> tuple[int, Any]:
    if (method, path) == ("POST", "/deployments/"):  # the mock cannot create deployments by HTTP
        deployment = Deployment(str(uuid4()), body["name"], body["flow_id"])
        store.deployments.put(deployment)
        return 201, {"id": deployment.id}
    content = None if body is None else json.dumps(body).encode()
    reply = client.send(
        method, f"/api{path}", content, {"Content-Type": "application/json", **headers}
    )
    return reply.status, reply.json if reply.body else None


NOT_MODELLED = {
    "limit: 1": "concurrency limits of deployments",
    "limit: 1, cancel new": "concurrency limits of deployments",
    "details: all, RUNNING, subflow": "a deferred (background) task run",
    "details: all, SCHEDULED, subflow": "a deferred (background) task run",
}
"""Cases whose outcome needs something that the mock does not model; the README says so."""


@pytest.mark.parametrize("name", sorted(cases().keys() - NOT_MODELLED.keys()))
def test_recorded_transitions_are_reproduced(name: str, send: Send) -> None:
    """Status, reply, run and parent task run are as recorded after every step."""
    assert run_case(cases()[name], send) == load_outcomes()[name]


@pytest.mark.parametrize("name", NOT_MODELLED)
def test_a_case_that_is_not_modelled_still_differs(name: str, send: Send) -> None:
    """A case that agrees by now has to be taken off the list."""
    assert run_case(cases()[name], send) != load_outcomes()[name]


def test_every_case_was_recorded() -> None:
    """Each case has a recording and each recording a case."""
    assert cases().keys() == load_outcomes().keys()
