"""The websocket `/events/in`, on which Prefect's client sends events; they make task runs.

Invariant: an error closes the socket with a code and a reason, whatever it is; once the socket is
open, no HTTP reply is written to it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import orjson
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from ..errors import InvalidRequest, to_single_line
from ..operations import Context, record_event
from .event_sockets import EVENT_SOCKETS_KEY
from .exchange import ERROR_KEY

log = logging.getLogger("mockserver")

# Prefect: utilities/subscriptions.py, accept_prefect_socket.
PROTOCOL = "prefect"
# Prefect: settings/models/server/events.py, maximum_size_bytes.
MAX_EVENT_BYTES = 1_500_000
# Chosen: objects and lists of one event, and brackets in its texts. Each takes Python's reader as
# long as 100 letters; 1.5 MB of them took 1.8 s.
MAX_BRACKETS = 20_000
# Chosen, not measured.
HEARTBEAT_SECONDS = 30.0
# Chosen: how long a client has to answer a close frame; a stop of the server waits for it.
_CLOSE_SECONDS = 0.1


async def receive_events(
    request: web.Request, make_context: Callable[[], Context], auth_seconds: float
) -> web.WebSocketResponse:
    """Record the events that a client sends, until the connection closes.

    `make_context` is called for each event. A client with the subprotocol `prefect` must first send
    an `auth` message within `auth_seconds`; its token is not checked. An older client starts
    with its events. Messages with bytes are ignored. Raises HTTPException instead of opening it.
    """
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    needs_auth = PROTOCOL in (name.strip() for name in offered.split(","))
    socket = web.WebSocketResponse(
        protocols=(PROTOCOL,),
        max_msg_size=MAX_EVENT_BYTES + 1,  # of which a message stays short
        heartbeat=HEARTBEAT_SECONDS,
        timeout=_CLOSE_SECONDS,
        # Without it no message is larger than what was sent; clients need not have it (RFC 7692).
        compress=False,
        decode_text=False,  # one wide letter would make four bytes of each letter
    )
    async with request.app[EVENT_SOCKETS_KEY].hold(socket):
        await socket.prepare(request)
        try:
            if not needs_auth or await _authenticate(socket, auth_seconds):
                await _record_events(request, socket, make_context)
        except ConnectionError:
            pass  # the client is gone, and there is nobody to tell
        except Exception as error:
            log.exception("an event failed: a bug in mockserver")
            request[ERROR_KEY] = error
            await _close(socket, WSCloseCode.INTERNAL_ERROR, "a bug in mockserver")
    return socket


async def _authenticate(socket: web.WebSocketResponse, seconds: float) -> bool:
    try:
        message = await socket.receive(seconds)
    except TimeoutError:
        await _close(socket, WSCloseCode.POLICY_VIOLATION, f"no 'auth' message in {seconds:g} s")
        return False
    value = _parse_json(message.data) if message.type is WSMsgType.TEXT else None
    if isinstance(value, dict) and value.get("type") == "auth":
        # Prefect's client sends no event before it has this (events/clients.py).
        await socket.send_str('{"type":"auth_success"}')
        return True
    # Code and reason of a real server (accept_prefect_socket).
    await _close(socket, WSCloseCode.POLICY_VIOLATION, "Expected 'auth' message")
    return False


async def _record_events(
    request: web.Request, socket: web.WebSocketResponse, make_context: Callable[[], Context]
) -> None:
    sockets = request.app[EVENT_SOCKETS_KEY]
    async for message in socket:
        async with sockets.turn():
            problem = _record(message, make_context)
        if problem:
            log.warning("refused an event: %s", problem)
            await _close(socket, WSCloseCode.INVALID_TEXT, problem)


def _record(message: WSMessage, make_context: Callable[[], Context]) -> str | None:
    """Record the event of a message; returns what is wrong with it."""
    if message.type is not WSMsgType.TEXT:
        return None
    try:
        record_event(make_context(), _parse_json(message.data))
    except InvalidRequest as refusal:
        return str(refusal)
    return None


def _parse_json(text: bytes) -> object:
    """The JSON value of a message; None, which is no valid event, if it is not JSON."""
    if text.count(b"[") + text.count(b"{") > MAX_BRACKETS:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


async def _close(socket: web.WebSocketResponse, code: WSCloseCode, reason: str) -> None:
    # RFC 6455, section 5.5: a close frame has 125 bytes, two of them for the code.
    cut = to_single_line(reason, 100).encode("utf-8", "replace")[:120]
    await socket.close(code=code, message=cut.decode("utf-8", "ignore").encode())
