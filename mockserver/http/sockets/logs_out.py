"""The websocket `/logs/out`, on which Prefect's clients wait for lines of logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from ...operations import Context
from ...operations.logs import log_reply, read_log_subscription
from ...prefect.objects import Log
from .prefect_socket import receive_filter, serve_socket
from .subscriptions import Subscription, send_to_subscriber


async def send_logs(
    request: web.Request, make_context: Callable[[], Context], seconds: float
) -> web.WebSocketResponse:
    """Send the lines that come from now on to a client, until one side closes the connection.

    `seconds` is how long it may take to say what it wants. Raises HTTPException as `serve_socket`.
    """

    def read(message: dict[str, Any]) -> Subscription[Log]:
        return Subscription(read_log_subscription(message.get("filter")))

    async def serve(socket: web.WebSocketResponse) -> None:
        subscription = await receive_filter(socket, seconds, read)
        if subscription is not None:
            listeners = make_context().events.log_listeners
            await send_to_subscriber(socket, subscription, (), listeners, _message)

    return await serve_socket(request, seconds, serve, subscriber=True)


def _message(line: Log) -> dict[str, Any]:
    return {"type": "log", "log": log_reply(line)}
