"""The mock answers requests to the endpoints around bulk_delete as a real server does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import pytest

from conftest import ServerPair
from differences import fail_on_differences
from endpoint_bodies import VALID_BODIES, draw_requests
from mockserver import Store, load_seeds
from mockserver.worlds import Settings
from tests.support.endpoint_cases import (
    Connection,
    ReplyNormalizer,
    create_workspace,
    delete_all_runs,
    delete_workspace,
    workspace_seed,
)
from tests.support.endpoint_requests import CREATE_RUN, GROUPS, ApiRequest
from tests.support.servers import serve_store

BODIES_PER_OPERATION = 60


@dataclass(frozen=True)
class WorkspacePair:
    """A real server and a mock with the same workspace, and the values of its names."""

    real: Connection
    mock: Connection
    names: dict[str, str]

    def differences(self, requests: Iterable[ApiRequest]) -> list[str]:
        """The requests that the two answer differently; afterwards no flow run is left."""
        servers = (self.real, self.mock)
        normalizers = [ReplyNormalizer(dict(self.names)) for _ in servers]
        found = []
        try:
            for request in requests:
                real, mock = (
                    normalizer.outcome(server, request)
                    for normalizer, server in zip(normalizers, servers, strict=True)
                )
                if real != mock:
                    both = f"  real: {json.dumps(real)}\n  mock: {json.dumps(mock)}"
                    found.append(f"{request}\n{both}")
        finally:
            for server in servers:
                delete_all_runs(server)
        return found


@pytest.fixture(scope="module")
def servers(pair: ServerPair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkspacePair]:
    file = tmp_path_factory.mktemp(pair.dialect.name) / "workspace.json"
    with closing(Connection(pair.real.url, flaky=pair.real.flaky)) as real:
        names = create_workspace(real)
        try:
            file.write_text(json.dumps(workspace_seed(names)))
            store = Store(load_seeds([file], datetime.now(UTC)).base())
            with (
                serve_store(store, Settings(dialect=pair.dialect)) as client,
                closing(Connection("http://{}:{}/api".format(*client.address))) as mock,
            ):
                yield WorkspacePair(real, mock, names)
        finally:
            delete_workspace(real, names)


def test_hand_picked_requests(servers: WorkspacePair) -> None:
    """The requests of tests/support/endpoint_requests are answered alike."""
    fail_on_differences(
        [one for requests in GROUPS.values() for one in servers.differences(requests)]
    )


@pytest.mark.parametrize("operation", VALID_BODIES)
def test_nearly_valid_bodies(servers: WorkspacePair, operation: str) -> None:
    """Random nearly valid bodies are answered alike, word for word."""
    random = Random(operation)
    fail_on_differences(
        servers.differences([CREATE_RUN, *draw_requests(random, operation, BODIES_PER_OPERATION)])
    )
