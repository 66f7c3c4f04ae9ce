"""State changes come out as on a real server: over 1,000 cases that were recorded from one.

See `tests/support/transition_cases.py` for the cases and for how what happened is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from mockserver.http.app import Settings
from mockserver.prefect.dialects import PREFECT_SQLITE
from mockserver.prefect.records import Deployment
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from tests.support.servers import Client, live
from tests.support.transition_cases import Send, cases, recorded, run_case


@pytest.fixture(scope="module")
def send() -> Iterator[Send]:
    """Requests to an empty server in the dialect `prefect-sqlite`."""
    store = Store(Base([], loaded_at=datetime.now(UTC)))
    with live(store, Settings(dialect=PREFECT_SQLITE)) as client:
        yield lambda *request: _sent(store, client, *request)


def _sent(
    store: Store, client: Client, method: str, path: str, body: Any, headers: Mapping[str, str]
) -> tuple[int, Any]:
    if (method, path) == ("POST", "/deployments/"):  # the server has no endpoint to make one
        made = Deployment(str(uuid4()), body["name"], body["flow_id"])
        store.deployments.put(made)
        return 201, {"id": made.id}
    sent = None if body is None else json.dumps(body).encode()
    reply = client.send(
        method, f"/api{path}", sent, {"Content-Type": "application/json", **headers}
    )
    return reply.status, reply.json if reply.body else None


NOT_MODELLED = {
    "limit: 1": "concurrency limits of deployments",
    "limit: 1, cancel new": "concurrency limits of deployments",
    "details: all, RUNNING, subflow": "a deferred (background) task run",
    "details: all, SCHEDULED, subflow": "a deferred (background) task run",
}
"""Cases that a real server answers by what the mock does not have; the README says so."""


@pytest.mark.parametrize("name", sorted(cases().keys() - NOT_MODELLED.keys()))
def test_a_transition_is_as_on_a_real_server(name: str, send: Send) -> None:
    """Status, reply, the run and its parent task run after every step."""
    assert run_case(cases()[name], send) == recorded()[name]


@pytest.mark.parametrize("name", NOT_MODELLED)
def test_what_is_not_modelled_still_differs(name: str, send: Send) -> None:
    """A case that has come to agree is taken off the list."""
    assert run_case(cases()[name], send) != recorded()[name]


def test_every_case_was_recorded() -> None:
    """Neither a case without its record nor a record without its case."""
    assert cases().keys() == recorded().keys()
