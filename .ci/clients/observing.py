"""What a script has seen of a server, told as JSON that two servers can be compared by.

What differs from server to server and from run to run is told by what it is: an id by what it is
the id of (`<id of run plain>`), a time as `<time>`. Everything else is told as it is.
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
from prefect.exceptions import ObjectNotFound
from pydantic import BaseModel

Json = Any
Client = PrefectClient | SyncPrefectClient

POLL_SECONDS = 60
_HEX = "[0-9a-f]"
_UUID = re.compile(f"{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_DURATIONS = ("total_run_time", "estimated_run_time", "estimated_start_time_delta")
_NO_TIME = (None, 0, 0.0, "P0D", "PT0S")


class Observations:
    """What was seen, by what it was seen of.

    `token` is in the name or among the tags of everything a script makes, so that it finds its own
    and nothing else; told as `TOKEN`.
    """

    def __init__(self, script: str) -> None:
        self.token = f"{script}-{uuid4().hex[:10]}"
        self._seen: dict[str, Json] = {}
        self._known: dict[str, str] = {}

    def know(self, identifier: UUID | str | None, what: str) -> None:
        """Tell this id, from now on and before, as the id of that."""
        if identifier is not None:
            self._known.setdefault(str(identifier), f"<id of {what}>")

    def note(self, what: str, value: object) -> None:
        """Keep what was seen; nothing is seen twice."""
        if what in self._seen:
            raise KeyError(f"{what} was noted before")
        self._seen[what] = plain(value)

    def tell(self) -> None:
        """Print all of it."""
        print(json.dumps(self.normal(self._seen), indent=1, sort_keys=True, ensure_ascii=False))

    def normal(self, value: Json, key: str = "") -> Json:
        """The value without what is different each time; `key`: under which it stands."""
        if isinstance(value, dict):
            return {self._text(name): self.normal(item, name) for name, item in value.items()}
        if isinstance(value, list):
            items = [self.normal(item) for item in value]
            return sorted(items) if key == "tags" else items  # a client sends a set
        if key in _DURATIONS and value is not None:
            never = key == "total_run_time" and value in _NO_TIME
            return "<none>" if never else "<duration>"
        if key == "storage_key" and value is not None:
            return "<file>"  # where a result lies, here and not on the server
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        text = _UUID.sub(lambda found: self._known.get(found[0], "<id>"), text)
        text = text.replace(self.token, "TOKEN").replace(os.environ["PREFECT_API_URL"], "<api>")
        return _TIME.sub("<time>", text)


def plain(value: object) -> Json:
    """Anything a client answers, as JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Response):
        return {"status": value.status_code, "reply": reply_of(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def reply_of(response: Response) -> Json:
    """The body of a response: what its JSON says, else its text."""
    try:
        return response.json()
    except ValueError:
        return response.text


class Caller:
    """Calls the methods of a client, whichever of the two kinds it is, by name."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def has(self, method: str) -> bool:
        """Whether this version of the client has such a method."""
        return hasattr(self._client, method)

    async def __call__(self, method: str, *positional: object, **named: object) -> Any:
        """What the method returns; raises what it raises."""
        answer = getattr(self._client, method)(*positional, **named)
        return await answer if inspect.isawaitable(answer) else answer

    async def outcome(self, method: str, *positional: object, **named: object) -> Json:
        """What the method returns, or which exception it raised for which reply."""
        try:
            return plain(await self(method, *positional, **named))
        except ObjectNotFound as error:
            return _refused(error, error.http_exc)
        except HTTPStatusError as error:
            return _refused(error, error)

    async def post(self, path: str, body: Mapping[str, Json]) -> Json:
        """The reply to a request for which the client has no method."""
        return reply_of(await self("request", "POST", path, json=body))


def _refused(error: Exception, cause: Exception) -> Json:
    told = {"raised": type(error).__name__}
    return told | plain(cause.response) if isinstance(cause, HTTPStatusError) else told


async def until(done: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask again and again until it is so. Raises TimeoutError where it never is."""
    deadline = time.monotonic() + POLL_SECONDS
    while not await done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        await asyncio.sleep(0.1)


async def remove(call: Caller, token: str, *flow_names: str) -> None:
    """Delete every flow run that has the tag, then the flows.

    Nothing is claimed of the latter: a server that cannot delete a flow keeps it.
    """
    mine = {"flow_runs": {"tags": {"all_": [token]}}}
    while (await call.post("/flow_runs/bulk_delete", mine))["deleted"]:
        pass
    for name in flow_names:
        with suppress(ObjectNotFound, HTTPStatusError):
            flow = await call("read_flow_by_name", name)
            await call("delete_flow", flow.id)
