"""The websocket `/events/in`, on which Prefect's client sends events."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from ...errors import InvalidRequest
from ...operations import Context
from ...operations.events import receive_event
from .event_sockets import EVENT_SOCKETS_KEY
from .prefect_socket import close_socket, log, parse_message, serve_socket


async def receive_events(
    request: web.Request, make_context: Callable[[], Context], auth_seconds: float
) -> web.WebSocketResponse:
    """Take the events that a client sends, until the connection closes.

    `make_context` is called for each event. Messages with bytes are ignored. Raises HTTPException
    as `serve_socket` does.
    """
    sockets = request.app[EVENT_SOCKETS_KEY]

    async def take_all(socket: web.WebSocketResponse) -> None:
        async for message in socket:
            async with sockets.turn():
                problem = _take(message, make_context)
            if problem:
                log.warning("refused an event: %s", problem)
                await close_socket(socket, WSCloseCode.INVALID_TEXT, problem)

    return await serve_socket(request, auth_seconds, take_all)


def _take(message: WSMessage, make_context: Callable[[], Context]) -> str | None:
    """Take the event of a message; returns what is wrong with it."""
    if message.type is not WSMsgType.TEXT:
        return None
    try:
        receive_event(make_context(), parse_message(message))
    except InvalidRequest as refusal:
        return str(refusal)
    return None
