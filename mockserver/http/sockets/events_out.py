"""The websocket `/events/out`, on which Prefect's clients wait for events.

A subscriber gets the events of the last minutes that its filter selects, and then each new one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from ...events import Event, event_reply
from ...operations import Context
from ...operations.events import read_subscription
from .prefect_socket import receive_filter, serve_socket
from .subscriptions import Subscription, send_to_subscriber


async def send_events(
    request: web.Request, make_context: Callable[[], Context], seconds: float
) -> web.WebSocketResponse:
    """Send events to a client, until one side closes the connection.

    `seconds` is how long it may take to say what it wants. Raises HTTPException as `serve_socket`.
    """

    async def serve(socket: web.WebSocketResponse) -> None:
        context = make_context()

        def read(message: dict[str, Any]) -> tuple[Subscription[Event], list[Event]]:
            wanted, with_missed = message.get("filter"), bool(message.get("backfill", True))
            matcher, missed = read_subscription(make_context(), wanted, with_missed=with_missed)
            return Subscription(matcher.matches_new), missed

        found = await receive_filter(socket, seconds, read)
        if found is not None:
            listeners = context.events.listeners
            await send_to_subscriber(socket, *found, listeners, _message)

    return await serve_socket(request, seconds, serve, subscriber=True)


def _message(event: Event) -> dict[str, Any]:
    return {"type": "event", "event": event_reply(event)}
