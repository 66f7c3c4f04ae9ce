"""The websocket `/events/in`, on which Prefect's client sends events; they make task runs.

An event that cannot be read closes the connection with a code and a reason.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from aiohttp import WSCloseCode, WSMsgType, web

from ..errors import InvalidRequest, to_single_line
from ..operations import Context, record_event

log = logging.getLogger("mockserver")

# Prefect: utilities/subscriptions.py, accept_prefect_socket.
PROTOCOL = "prefect"
# aiohttp's own default, written out.
MAX_EVENT_BYTES = 4 << 20
# Chosen, not measured.
HEARTBEAT_SECONDS = 30.0


async def receive_events(
    request: web.Request, make_context: Callable[[], Context]
) -> web.WebSocketResponse:
    """Record the events that a client sends, until the connection closes.

    `make_context` is called for each event. A client with the subprotocol `prefect` must first send
    an `auth` message, whose token is not checked; an older client starts with its events. Messages
    with bytes are ignored.
    """
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    needs_auth = PROTOCOL in (name.strip() for name in offered.split(","))
    socket = web.WebSocketResponse(
        protocols=(PROTOCOL,), max_msg_size=MAX_EVENT_BYTES, heartbeat=HEARTBEAT_SECONDS
    )
    await socket.prepare(request)
    if needs_auth and not await _authenticate(socket):
        return socket
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        try:
            record_event(make_context(), _parse_json(message.data))
        except InvalidRequest as refusal:
            log.warning("refused an event: %s", refusal)
            # RFC 6455, section 5.5: a close frame has 125 bytes, two of them for the code.
            reason = to_single_line(str(refusal), 100).encode()[:120]
            await socket.close(code=WSCloseCode.INVALID_TEXT, message=reason)
    return socket


async def _authenticate(socket: web.WebSocketResponse) -> bool:
    message = await socket.receive()
    value = _parse_json(message.data) if message.type is WSMsgType.TEXT else None
    if isinstance(value, dict) and value.get("type") == "auth":
        # Prefect's client sends no event before it has this (events/clients.py).
        await socket.send_str('{"type":"auth_success"}')
        return True
    # Code and reason of a real server (accept_prefect_socket).
    await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"Expected 'auth' message")
    return False


def _parse_json(text: str) -> object:
    """Return the JSON value of a message; None, which is not a valid event, if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
