"""A websocket with the handshake of Prefect's clients, for what comes and what goes.

Invariant: an error closes the socket with a code and a reason, whatever it is; once the socket is
open, no HTTP reply is written to it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import orjson
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from ...errors import RefusedRequest, refusal_sentence, to_single_line
from ..exchange import ERROR_KEY
from .event_sockets import EVENT_SOCKETS_KEY

log = logging.getLogger("mockserver")
T = TypeVar("T")

# Prefect: utilities/subscriptions.py, accept_prefect_socket.
PROTOCOL = "prefect"
# Prefect: settings/models/server/events.py, maximum_size_bytes.
MAX_EVENT_BYTES = 1_500_000
# Chosen: a subscriber sends nothing else; there may be many.
MAX_FILTER_BYTES = 100_000
# Chosen: objects and lists of one message, and brackets in its texts. Each takes Python's reader as
# long as 100 letters; 1.5 MB of them took 1.8 s.
MAX_BRACKETS = 20_000
# How a message of another type than was expected closes a socket (measured).
_REFUSALS: Mapping[str, tuple[int, str]] = {
    "auth": (WSCloseCode.POLICY_VIOLATION, "Expected 'auth' message"),
    "filter": (WSCloseCode.PROTOCOL_ERROR, "Expected 'filter' message"),
    "subscribe": (4001, "Protocol violation: expected 'subscribe' message"),
}
# Chosen, not measured.
HEARTBEAT_SECONDS = 30.0
# Chosen: how long a client has to answer a close frame; a stop of the server waits for it.
_CLOSE_SECONDS = 0.1


async def serve_socket(
    request: web.Request,
    auth_seconds: float,
    serve: Callable[[web.WebSocketResponse], Awaitable[None]],
    *,
    subscriber: bool = False,
) -> web.WebSocketResponse:
    """Open a socket and call `serve` with it, which returns when there is no more to do.

    `subscriber`: the client waits for messages, and sends none but a filter. A client with the
    subprotocol `prefect` must first send an `auth` message within
    `auth_seconds`; its token is not checked. An older client need not. Raises HTTPException instead
    of opening it.
    """
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    needs_auth = PROTOCOL in (name.strip() for name in offered.split(","))
    socket = web.WebSocketResponse(
        protocols=(PROTOCOL,),
        # Of which a message stays short.
        max_msg_size=(MAX_FILTER_BYTES if subscriber else MAX_EVENT_BYTES) + 1,
        heartbeat=HEARTBEAT_SECONDS,
        timeout=_CLOSE_SECONDS,
        # Without it no message is larger than what was sent; clients need not have it (RFC 7692).
        compress=False,
        decode_text=False,  # one wide letter would make four bytes of each letter
    )
    async with request.app[EVENT_SOCKETS_KEY].hold(socket, subscriber=subscriber):
        await socket.prepare(request)
        try:
            if not needs_auth or await _authenticate(socket, auth_seconds):
                await serve(socket)
        except ConnectionError:
            pass  # the client is gone, and there is nobody to tell
        except Exception as error:
            log.exception("an event failed: a bug in mockserver")
            request[ERROR_KEY] = error
            await close_socket(socket, WSCloseCode.INTERNAL_ERROR, "a bug in mockserver")
    return socket


async def _authenticate(socket: web.WebSocketResponse, seconds: float) -> bool:
    value = await receive_message(socket, "auth", seconds)
    if value is not None:
        # Prefect's client sends no event before it has this (events/clients.py).
        await socket.send_str('{"type":"auth_success"}')
        return True
    return False


async def receive_message(
    socket: web.WebSocketResponse, type_: str, seconds: float
) -> dict[str, Any] | None:
    """The next message, which must be an object of a type; None, and the socket is closed, if not.

    Codes and reasons are those of a real server where it gives any.
    """
    try:
        message = await socket.receive(seconds)
    except TimeoutError:
        reason = f"no {type_!r} message in {seconds:g} s"
        await close_socket(socket, WSCloseCode.POLICY_VIOLATION, reason)
        return None
    value = parse_message(message)
    if isinstance(value, dict) and value.get("type") == type_:
        return value
    await close_socket(socket, *_REFUSALS[type_])
    return None


async def receive_filter(
    socket: web.WebSocketResponse, seconds: float, read: Callable[[dict[str, Any]], T]
) -> T | None:
    """What `read` makes of the next message, which must have a filter; it may refuse that.

    None, and the socket is closed, for any other message and for a filter that is refused.
    """
    message = await receive_message(socket, "filter", seconds)
    if message is None:
        return None
    try:
        return read(message)
    except RefusedRequest as refusal:
        reason = f"Invalid filter: {refusal_sentence(refusal)}"
        await close_socket(socket, WSCloseCode.PROTOCOL_ERROR, reason)
        return None


def parse_message(message: WSMessage) -> object:
    """The JSON value of a message; None, which no client sends, if it is not JSON."""
    if message.type is not WSMsgType.TEXT:
        return None
    text: bytes = message.data
    if text.count(b"[") + text.count(b"{") > MAX_BRACKETS:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


async def close_socket(socket: web.WebSocketResponse, code: int, reason: str) -> None:
    """Close a socket with a code and as much of a reason as fits into the frame."""
    # RFC 6455, section 5.5: a close frame has 125 bytes, two of them for the code.
    cut = to_single_line(reason, 100).encode("utf-8", "replace")[:120]
    await socket.close(code=code, message=cut.decode("utf-8", "ignore").encode())
