"""What the websockets `/events/out` and `/logs/out` have in common: a client waits for what is new.

One that reads too slowly is disconnected: Prefect's client connects again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Generic, TypeVar

from aiohttp import WSCloseCode, web

from ..exchange import dump_json
from .prefect_socket import close_socket, log

T = TypeVar("T")

# Chosen: room for a few bulk_set_state. A real server drops what comes above 256 (Prefect:
# events/stream.py and logs/stream.py).
MAX_QUEUED = 1_000


class Subscription(Generic[T]):
    """What is new and was not sent yet to a subscriber; `lost` once there was too much of it."""

    def __init__(self, wants: Callable[[T], bool]) -> None:
        self._wants = wants
        self._waiting: deque[T] = deque()
        self._changed = asyncio.Event()
        self.lost = False

    def __call__(self, item: T) -> None:
        """Note something new, if the subscriber wants it: the listener of an `EventLog`."""
        if self.lost or not self._wants(item):
            return
        self.lost = len(self._waiting) >= MAX_QUEUED
        if self.lost:
            self._waiting.clear()
        else:
            self._waiting.append(item)
        self._changed.set()

    async def next(self) -> T | None:
        """Wait for the next item; None once some are lost."""
        while not self._waiting and not self.lost:
            self._changed.clear()
            await self._changed.wait()
        return None if self.lost else self._waiting.popleft()


async def send_to_subscriber(
    socket: web.WebSocketResponse,
    subscription: Subscription[T],
    missed: Iterable[T],
    listeners: set[Callable[[T], None]],
    message_of: Callable[[T], dict[str, Any]],
) -> None:
    """Send what a subscriber has missed, and then what is new, until one side closes the socket.

    What it says is read and passed over. Meanwhile the subscription is one of the listeners.
    """
    listeners.add(subscription)
    sending = asyncio.create_task(_send_all(socket, missed, subscription, message_of))
    try:
        async for _ in socket:  # also answers pings, and ends when the client goes
            pass
    finally:
        listeners.discard(subscription)
        sending.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await sending


async def _send_all(
    socket: web.WebSocketResponse,
    missed: Iterable[T],
    subscription: Subscription[T],
    message_of: Callable[[T], dict[str, Any]],
) -> None:
    for item in missed:
        await _send(socket, message_of(item))
    while (new := await subscription.next()) is not None:
        await _send(socket, message_of(new))
    log.warning("disconnected a subscriber that reads too slowly")
    reason = f"more than {MAX_QUEUED} messages wait to be read"
    await close_socket(socket, WSCloseCode.TRY_AGAIN_LATER, reason)


async def _send(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    await socket.send_str(dump_json(message).decode())
    await asyncio.sleep(0)  # other requests wait for one message at most
