"""The websocket `/task_runs/subscriptions/scheduled`, on which workers wait for task runs.

A worker gets one task run at a time, each once it has acknowledged the one before. Prefect:
api/task_runs.py, scheduled_task_subscription.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSCloseCode, web

from ...background_tasks import QueuedTaskRun, TaskQueues, TaskWorker
from ...operations import Context, task_run_reply
from ..exchange import dump_json
from .prefect_socket import close_socket, log, parse_message, receive_message, serve_socket

# Prefect's own code, for a worker that does not say what it has to.
VIOLATION = 4001


async def send_task_runs(
    request: web.Request, make_context: Callable[[], Context], queues: TaskQueues, seconds: float
) -> web.WebSocketResponse:
    """Send task runs to a worker, until one side closes the connection.

    `seconds` is how long it may take to say what it runs. Raises HTTPException as `serve_socket`.
    """

    async def serve(socket: web.WebSocketResponse) -> None:
        message = await receive_message(socket, "subscribe", seconds)
        if message is None:
            return
        for name, is_valid in (("keys", _are_texts), ("client_id", _is_text)):
            if not is_valid(message.get(name)):
                reason = f"Protocol violation: expected {name!r} in subscribe message"
                await close_socket(socket, VIOLATION, reason)
                return
        news = asyncio.Event()
        worker = TaskWorker(message["client_id"], message["keys"], news.set)
        await _Deliveries(socket, make_context, queues, worker, news).run()

    return await serve_socket(request, seconds, serve, subscriber=True)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


class _Deliveries:
    """The task runs that are sent to one worker."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        make_context: Callable[[], Context],
        queues: TaskQueues,
        worker: TaskWorker,
        news: asyncio.Event,
    ) -> None:
        """`news` is set when the worker is woken."""
        self._socket = socket
        self._make_context = make_context
        self._queues = queues
        self._worker = worker
        self._news = news
        self._acknowledged = asyncio.Event()
        self._waits_for_ack = False

    async def run(self) -> None:
        """Deliver until the connection ends; a task run that was not acknowledged is put back."""
        self._queues.connect(self._worker)
        sending = asyncio.create_task(self._send_all())
        try:
            async for message in self._socket:  # also answers pings, and ends when the client goes
                if self._waits_for_ack and not await self._take_answer(parse_message(message)):
                    break
        finally:
            self._queues.disconnect(self._worker)
            sending.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await sending

    async def _send_all(self) -> None:
        while True:
            queued = await self._next()
            try:
                text = self._text_of(queued)
            except UnicodeEncodeError:  # which SQLite has taken; a real server loses it, too
                log.warning("a task run for a worker is lost: it has a lone surrogate")
                self._queues.acknowledge(self._worker)
                continue
            self._acknowledged.clear()
            self._waits_for_ack = True
            await self._socket.send_str(text)
            await self._acknowledged.wait()

    async def _next(self) -> QueuedTaskRun:
        while (queued := self._queues.take(self._worker)) is None:
            self._news.clear()
            await self._news.wait()
        return queued

    def _text_of(self, queued: QueuedTaskRun) -> str:
        store = self._make_context().store
        return dump_json(task_run_reply(queued.task_run, store, queued.queued_at)).decode()

    async def _take_answer(self, answer: Any) -> bool:
        """Take what a worker says to a task run that it got; whether it gets more."""
        said = answer.get("type") if isinstance(answer, dict) else None
        if said == "ack":
            self._waits_for_ack = False
            self._queues.acknowledge(self._worker)
            self._acknowledged.set()
            return True
        if said == "quit":
            # The task run is lost, as on a real server (measured).
            self._queues.acknowledge(self._worker)
            await close_socket(self._socket, WSCloseCode.OK, "")
        else:
            reason = "Protocol violation: expected 'ack' message"
            await close_socket(self._socket, VIOLATION, reason)
        return False
