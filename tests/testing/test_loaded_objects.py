"""A test adds variables, blocks, artifacts and limits as it adds anything else: with `load`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mockserver import FlowRunApi, MockServer
from mockserver.errors import SeedError
from tests.support.servers import Client

RUN = "00000000-0000-4000-8000-000000000001"
DEPLOYMENT = "00000000-0000-4000-8000-000000000002"


@contextmanager
def served(*seeds: Any) -> Iterator[tuple[FlowRunApi, Client]]:
    with MockServer(*seeds) as api:
        client = Client(api.url)
        try:
            yield api, client
        finally:
            client.connection.close()


def test_what_is_loaded_is_served() -> None:
    """By name, as a client asks for it; a second load adds to the first."""
    with served() as (api, client):
        api.load({"variables": [{"name": "retention_days", "value": 90}]})
        api.load(
            {
                "block_documents": [
                    {"name": "api-key", "block_type_slug": "secret", "data": {"value": "sk-1"}}
                ],
                "artifacts": [{"key": "report", "type": "markdown", "data": "# fine"}],
                "logs": [{"message": "hello", "flow_run_id": RUN}],
            }
        )

        def get(path: str) -> Any:
            answer = client.ask("GET", path)
            assert answer.status == 200
            return answer.json

        assert get("/variables/name/retention_days")["value"] == 90
        secret = "/block_types/slug/secret/block_documents/name/api-key"
        assert get(secret)["data"] == {"value": "********"}
        assert get(f"{secret}?include_secrets=true")["data"] == {"value": "sk-1"}
        assert get("/artifacts/report/latest")["data"] == "# fine"
        (log,) = client.ask("POST", "/logs/filter", {}).json
        assert (log["message"], log["flow_run_id"]) == ("hello", RUN)
        with pytest.raises(SeedError, match="no name"):
            api.load({"variables": [{"value": 1}]})
        api.reset()
        assert client.ask("GET", "/variables/name/retention_days").status == 404


def test_the_limit_of_a_loaded_deployment_is_enforced() -> None:
    """The second run waits for the slot that the first one has."""
    with served() as (api, client):
        api.load({"deployments": [{"id": DEPLOYMENT, "name": "d", "concurrency_limit": 1}]})
        names = []
        for _ in range(2):
            path = f"/deployments/{DEPLOYMENT}/create_flow_run"
            run = client.ask("POST", path, {"state": {"type": "SCHEDULED"}}).json["id"]
            pending = {"state": {"type": "PENDING"}}
            answer = client.ask("POST", f"/flow_runs/{run}/set_state", pending).json
            names.append(answer["state"]["name"])
        assert names == ["Pending", "AwaitingConcurrencySlot"]


def test_a_world_that_was_dumped_is_the_same_again() -> None:
    """What a client has made comes back, too."""
    with served() as (api, client):
        made = {"name": "made", "value": [1]}
        assert client.ask("POST", "/variables/", made).status == 201
        dumped = api.dump()
    with served(dumped) as (again, client):
        assert client.ask("GET", "/variables/name/made").json["value"] == [1]
        assert again.dump() == dumped
