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

from mockserver.prefect.deviations import SQLITE
from mockserver.prefect.dialects import dialect_for
from mockserver.prefect.releases import NEWEST, OLDEST
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.recorded_answers import (
    BASE,
    load_histories,
    recorded_answers,
    replayed_servers,
)
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


@pytest.mark.parametrize(("release", "database"), replayed_servers("transitions"))
def test_recorded_transitions_are_reproduced(release: str, database: str) -> None:
    """Status, reply, run and parent task run are as recorded after every step."""
    expected = recorded_answers("transitions", release, database)
    with serve_release(release, database) as send:
        differences = [
            f"{name}\n  real: {real}\n  mock: {mock}"
            for name in cases_to_replay(release, database)
            for real, mock in [(expected[name], run_case(cases()[name], send))]
            if (real == mock) == (name in NOT_MODELLED)
        ]
    assert not differences, f"{len(differences)} cases differ:\n" + "\n".join(differences[:20])


def cases_to_replay(release: str, database: str) -> list[str]:
    """All cases for the ends of the releases and the base, else those that ever differed."""
    if (release, database) in ((OLDEST, SQLITE), (BASE, SQLITE), (NEWEST, SQLITE)):
        return list(cases())
    return [name for name in cases() if name in load_histories("transitions", SQLITE)]


def test_every_case_was_recorded() -> None:
    """Each case has a recording and each recording a case."""
    assert cases().keys() == load_outcomes().keys()
