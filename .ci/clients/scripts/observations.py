"""Observations of a server, printed as JSON that can be compared between two servers.

Ids are replaced by what they identify (`<id of run plain>`), times by `<time>`: these differ from
server to server and from run to run. Everything else is printed as it is.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

from httpx import HTTPStatusError, Response
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from pydantic import BaseModel

Json = Any
Client = PrefectClient | SyncPrefectClient

POLL_TIMEOUT = 60
_HEX = "[0-9a-f]"
_UUID = re.compile(f"{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_DURATIONS = ("total_run_time", "estimated_run_time", "estimated_start_time_delta")
_NO_TIME = (None, 0, 0.0, "P0D", "PT0S")


class Observations:
    """Observed values by name.

    `token` is in the name or the tags of everything that a script creates, so that it can find its
    own records; it is printed as `TOKEN`.
    """

    def __init__(self, script: str) -> None:
        self.token = f"{script}-{uuid4().hex[:10]}"
        self._seen: dict[str, Json] = {}
        self._known: dict[str, str] = {}

    def name_id(self, identifier: UUID | str | None, what: str) -> None:
        """Print this id as the id of `what`, wherever it occurs."""
        if identifier is not None:
            self._known.setdefault(str(identifier), f"<id of {what}>")

    def note(self, what: str, value: object) -> None:
        """Keep an observation. Raises KeyError if there is one with this name."""
        if what in self._seen:
            raise KeyError(f"{what} was noted before")
        self._seen[what] = to_json(value)

    def print_all(self) -> None:
        """Print all observations as JSON."""
        print(json.dumps(self.normalize(self._seen), indent=1, sort_keys=True, ensure_ascii=False))

    def normalize(self, value: Json, key: str = "") -> Json:
        """The value without ids, times and durations; `key` is its key in an object."""
        if isinstance(value, dict):
            return {self._text(name): self.normalize(item, name) for name, item in value.items()}
        if isinstance(value, list):
            items = [self.normalize(item) for item in value]
            return sorted(items) if key == "tags" else items  # a client sends a set
        if key in _DURATIONS and value is not None:
            never = key == "total_run_time" and value in _NO_TIME
            return "<none>" if never else "<duration>"
        if key == "storage_key" and value is not None:
            return "<file>"  # the path of a result, on this machine
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        text = _UUID.sub(lambda found: self._known.get(found[0], "<id>"), text)
        text = text.replace(self.token, "TOKEN").replace(os.environ["PREFECT_API_URL"], "<api>")
        return _TIME.sub("<time>", text)


def to_json(value: object) -> Json:
    """A value that a client returns, as JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Response):
        return {"status": value.status_code, "reply": reply_of(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def reply_of(response: Response) -> Json:
    """The body of a response as JSON, or as text if it is not JSON."""
    try:
        return response.json()
    except ValueError:
        return response.text


class Caller:
    """Calls the methods of an async or sync client by name."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def has(self, method: str) -> bool:
        """Whether this version of the client has such a method."""
        return hasattr(self._client, method)

    async def __call__(self, method: str, *positional: object, **named: object) -> Any:
        """Call a method and return its result; exceptions pass through."""
        answer = getattr(self._client, method)(*positional, **named)
        return await answer if inspect.isawaitable(answer) else answer

    async def outcome(self, method: str, *positional: object, **named: object) -> Json:
        """The result of a method as JSON, or the exception it raised with the status and reply."""
        try:
            return to_json(await self(method, *positional, **named))
        except ObjectNotFound as error:
            return _describe_error(error, error.http_exc)
        except HTTPStatusError as error:
            return _describe_error(error, error)

    async def post(self, path: str, body: Mapping[str, Json]) -> Json:
        """POST a request for which the client has no method; returns the reply."""
        return reply_of(await self("request", "POST", path, json=body))


def _describe_error(error: Exception, cause: Exception) -> Json:
    raised = {"raised": type(error).__name__}
    return raised | to_json(cause.response) if isinstance(cause, HTTPStatusError) else raised


async def wait_until(done: Callable[[], Awaitable[bool]], what: str) -> None:
    """Poll until `done` returns True. Raises TimeoutError after `POLL_TIMEOUT` seconds."""
    deadline = time.monotonic() + POLL_TIMEOUT
    while not await done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        await asyncio.sleep(0.1)


async def remaining_names(call: Caller, token: str) -> Json:
    """The names of the flow runs with the tag that still exist, sorted."""
    mine: Any = FlowRunFilter.model_validate({"tags": {"all_": [token]}})
    found = await call("read_flow_runs", flow_run_filter=mine, sort=FlowRunSort.NAME_ASC)
    return [run.name for run in found]


async def delete_runs_and_flows(call: Caller, token: str, *flow_names: str) -> None:
    """Delete all flow runs with the tag, then the flows.

    The result of deleting a flow is not compared: not every server can.
    """
    mine = {"flow_runs": {"tags": {"all_": [token]}}}
    while (await call.post("/flow_runs/bulk_delete", mine))["deleted"]:
        pass
    for name in flow_names:
        with suppress(ObjectNotFound, HTTPStatusError):
            flow = await call("read_flow_by_name", name)
            await call("delete_flow", flow.id)
