"""The websocket that a client reports events on, `/events/in`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from aiohttp import WSCloseCode, WSMsgType, web

from ..errors import InvalidRequest, to_single_line
from ..operations import Context, record_event

log = logging.getLogger("mockserver")

PROTOCOL = "prefect"
MAX_EVENT_BYTES = 4 << 20  # bytes
HEARTBEAT_SECONDS = 30.0


async def receive_events(
    request: web.Request, context: Callable[[], Context]
) -> web.WebSocketResponse:
    """Take events until the client goes; `context` is asked for anew for each.

    A client that speaks the protocol `prefect` says who it is first; anybody is let in. What is
    no event ends the connection, with a sentence.
    """
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    speaks = PROTOCOL in (name.strip() for name in offered.split(","))
    socket = web.WebSocketResponse(
        protocols=(PROTOCOL,), max_msg_size=MAX_EVENT_BYTES, heartbeat=HEARTBEAT_SECONDS
    )
    await socket.prepare(request)
    if speaks and not await _authenticate(socket):
        return socket
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        try:
            record_event(context(), _read(message.data))
        except InvalidRequest as refusal:
            log.warning("refused an event: %s", refusal)
            text = to_single_line(str(refusal), 100).encode()[:120]
            await socket.close(code=WSCloseCode.INVALID_TEXT, message=text)
    return socket


async def _authenticate(socket: web.WebSocketResponse) -> bool:
    message = await socket.receive()
    said = _read(message.data) if message.type is WSMsgType.TEXT else None
    if isinstance(said, dict) and said.get("type") == "auth":
        await socket.send_str('{"type":"auth_success"}')
        return True
    await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"Expected 'auth' message")
    return False


def _read(text: str) -> object:
    """What a message holds; None, which is no event, where that is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
