"""State changes have the outcome that a real server gave: over 1,000 recorded cases.

The cases are in `tests/support/transition_cases`; transition_outcomes.py beside it says how their
outcomes are written down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from mockserver.prefect.dialects import dialect_for
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.recorded_answers import Replay, recorded_answers, replays
from tests.support.servers import Client, serve_store
from tests.support.transition_cases import cases
from tests.support.transition_runner import Send, load_outcomes, run_case


@contextmanager
def serve_release(release: str, database: str) -> Iterator[Send]:
    """Requests to an empty server in the dialect of a release on a database."""
    store = Store(Base([], loaded_at=datetime.now(UTC)))
    with serve_store(store, Settings(dialect=dialect_for(database, release))) as client:
        yield lambda *request: _send(client, *request)


def _send(
    client: Client, method: str, path: str, body: Any, headers: Mapping[str, str]
) -> tuple[int, Any]:
    content = None if body is None else json.dumps(body).encode()
    reply = client.send(
        method, f"/api{path}", content, {"Content-Type": "application/json", **headers}
    )
    return reply.status, reply.json if reply.body else None


NOT_MODELLED = {
    "details: all, RUNNING, subflow": "a deferred (background) task run",
    "details: all, SCHEDULED, subflow": "a deferred (background) task run",
}
"""Cases whose outcome needs something that the mock does not model; the README says so. One that
agrees by now has to be taken off the list."""


@pytest.mark.parametrize("replay", replays("transitions"), ids=str)
def test_recorded_transitions_are_reproduced(replay: Replay) -> None:
    """Status, reply, run and parent task run are as recorded after every step."""
    expected = recorded_answers("transitions", replay.release, replay.database)
    with serve_release(replay.release, replay.database) as send:
        differences = [
            f"{name}\n  real: {real}\n  mock: {mock}"
            for name, case in cases().items()
            if name in replay.keys
            for real, mock in [(expected[name], run_case(case, send))]
            if (real == mock) == (name in NOT_MODELLED)
        ]
    assert not differences, f"{len(differences)} cases differ:\n" + "\n".join(differences[:20])


def test_every_case_was_recorded() -> None:
    """Each case has a recording and each recording a case."""
    assert cases().keys() == load_outcomes().keys()
