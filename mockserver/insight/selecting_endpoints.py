"""The endpoints that select flow runs by a filter, and what they do with the runs selected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..errors import to_single_line
from ..operations import Context
from ..operations.endpoints import ENDPOINTS, Endpoint
from ..requests import Message, read_request


class Effect(StrEnum):
    """What becomes of the flow runs that a request selects, as a verb."""

    DELETES = "deletes"
    CHANGES = "sets the state of"
    READS = "selects"

    @property
    def infinitive(self) -> str:
        """The verb after "would"."""
        return {"deletes": "delete", "sets the state of": "set the state of"}.get(self, "select")


@dataclass(frozen=True, slots=True)
class SelectingEndpoint:
    """An endpoint that selects flow runs by the filters in a request's body."""

    endpoint: Endpoint
    effect: Effect

    @property
    def title(self) -> str:
        """Method and path, such as `POST /flow_runs/bulk_delete`."""
        return f"{self.endpoint.method} {self.endpoint.path}"

    def carry_out(self, message: Message, context: Context) -> Any:
        """Read a request and do what it asks for; returns its model. Raises RefusedRequest."""
        model: Any = self.endpoint.model
        body = read_request(message, model, context.dialect, context.now).request
        if self.endpoint.plan is None:
            self.endpoint.call(context, body)
        else:
            self.endpoint.delete(self.endpoint.make_plan(body, context.dialect), context.store)
        return body


_EFFECTS: Mapping[str, Effect] = {
    "/flow_runs/bulk_delete": Effect.DELETES,
    "/flow_runs/bulk_set_state": Effect.CHANGES,
    "/flow_runs/filter": Effect.READS,
    "/flow_runs/count": Effect.READS,
    "/flow_runs/paginate": Effect.READS,
    "/flow_runs/history": Effect.READS,
    "/flow_runs/lateness": Effect.READS,
}
SELECTING_ENDPOINTS: Mapping[str, SelectingEndpoint] = {
    one.path: SelectingEndpoint(one, _EFFECTS[one.path])
    for one in ENDPOINTS
    if one.path in _EFFECTS
}
"""These endpoints by path. The method of all is POST."""
# The paths of Prefect's own pages begin with /ui and take other bodies.
_PATH = re.compile(rf"(?<!/ui)({'|'.join(map(re.escape, SELECTING_ENDPOINTS))})/?$")
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def find_endpoint(method: str, target: str) -> SelectingEndpoint | None:
    """The endpoint among these that a request addresses; None for any other request.

    `target` is a path or a URL. What is before the path, such as `/api`, does not matter.
    """
    found = _PATH.search(_path_of(target)) if method.upper() == "POST" else None
    return SELECTING_ENDPOINTS[found[1]] if found else None


def describe_endpoint(method: str, target: str) -> str:
    """Method and path of any request, for a reader: `GET /flow_runs/{id}`."""
    return to_single_line(f"{method.upper()} {_UUID.sub('{id}', _path_of(target))}", 100)


def _path_of(target: str) -> str:
    return target.partition("?")[0]
