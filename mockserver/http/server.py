"""Serve an application on a port, until a signal or an event stops it."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from ipaddress import ip_address
from types import FrameType

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ..errors import UsageError
from .accept_failures import AcceptFailures
from .app import STOPPING_KEY
from .exchange import WORLD_KEY
from .sockets import EVENT_SOCKETS_KEY
from .stalled_clients import cut_stalled_clients

KEEPALIVE_SECONDS = 30.0
"""How long a connection may stay without a complete request, from its start or its last reply."""
# How a stop takes less than a second in all. Chosen: for at most so long requests that come are
# answered, until there was none for a moment; those in flight have the rest of the time to finish.
_DRAIN_SECONDS = 0.4
_QUIET_SECONDS = 0.02
_SHUTDOWN_SECONDS = 0.2  # twice, if a handler does not end when it is told to
_STOP_SECONDS = 0.95
# After a refusal the rest of the body is read for this long, so that the client sees the reply.
_LINGER_SECONDS = 1.0

_http_log = logging.getLogger("mockserver.http")
_access_log = logging.getLogger("mockserver.access")


class _MalformedRequestFilter(logging.Filter):
    """Logs a malformed request as a line instead of a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = "refused malformed HTTP: %s", (_first_line(error.message),)
        return True


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:200]


_http_log.addFilter(_MalformedRequestFilter())


async def serve(
    app: web.Application,
    host: str,
    port: int,
    *,
    ready: Callable[[str], None],
    stop: asyncio.Event | None = None,
    access_log: bool = False,
) -> None:
    """Serve until `stop` is set; without it, until SIGINT or SIGTERM.

    `ready` is called with the base URL when the server listens. Port 0 is any free port. A stop
    takes less than a second; requests that were received are answered, or the log tells of those
    that take longer. Raises UsageError if it cannot listen.
    """
    runner = web.AppRunner(
        app,
        access_log=_access_log if access_log else None,
        logger=_http_log,
        keepalive_timeout=KEEPALIVE_SECONDS,
        lingering_time=_LINGER_SECONDS,
        shutdown_timeout=_SHUTDOWN_SECONDS,
        auto_decompress=False,  # a real server reads no compressed bodies either
    )
    await runner.setup()
    asyncio.get_running_loop().set_exception_handler(AcceptFailures())
    seconds = app[WORLD_KEY].settings.client_timeout
    watch = asyncio.create_task(cut_stalled_clients(_server_of(runner), seconds))
    with nullcontext(stop) if stop else _stop_signals() as stop_event:
        try:
            try:
                await web.TCPSite(runner, await _resolve_single_address(host, port), port).start()
            except OSError as error:
                raise UsageError(_listen_error_message(host, port, error)) from None
            ready(base_url(host, runner.addresses[0][1]))
            await stop_event.wait()
        finally:
            watch.cancel()
            await _stop(app, runner)


async def _stop(app: web.Application, runner: web.AppRunner) -> None:
    """Answer what has been received, tell clients that each reply is the last, and close."""
    app[STOPPING_KEY].set()
    server, loop = _server_of(runner), asyncio.get_running_loop()
    until, count = loop.time() + _DRAIN_SECONDS, -1
    # A client whose last reply said nothing of a stop may have sent another request already.
    while server.connections and count != server.requests_count and loop.time() < until:
        count = server.requests_count
        await asyncio.sleep(_QUIET_SECONDS)
    unread = sum(_has_sent(one.transport) for one in server.connections)
    if unread:
        _http_log.warning("the server stops: %d requests are not answered", unread)
    # First: the runner lets no connection read what a client says when it is told to close.
    await app[EVENT_SOCKETS_KEY].close()
    await runner.cleanup()


def _has_sent(transport: asyncio.Transport | None) -> bool:
    """Whether a client has sent something that was not read."""
    if transport is None or transport.is_closing():
        return False
    descriptor = os.dup(transport.get_extra_info("socket").fileno())
    with socket.socket(fileno=descriptor) as peer, suppress(OSError):  # BlockingIOError: nothing
        peer.setblocking(False)
        return bool(peer.recv(1, socket.MSG_PEEK))
    return False


def _server_of(runner: web.AppRunner) -> web.Server:
    if runner.server is None:  # it is there after `setup` and until `cleanup`
        raise RuntimeError("the runner was not set up")
    return runner.server


async def _resolve_single_address(host: str, port: int) -> str:
    """Return the host to listen on: for port 0, only its first address.

    A name such as localhost has several addresses, and each would get a port of its own.
    """
    if port:
        return host
    with suppress(ValueError):
        return str(ip_address(host))  # an address needs no lookup, which starts a thread
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return str(found[0][4][0])


def _listen_error_message(host: str, port: int, error: OSError) -> str:
    where = f"cannot listen on {host} port {port}"
    if error.errno == errno.EADDRINUSE:
        return f"{where}: it is in use; choose another with --port (0 takes any free one)"
    return f"{where}: {error.strerror or error}"


def base_url(host: str, port: int) -> str:
    """Return the URL at which a client on this machine reaches a server on `host`."""
    # A server on all addresses is reached at the loopback address.
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


class _stop_signals:  # noqa: N801 - reads as the context manager it is
    """A context manager for an event that SIGINT and SIGTERM set; restores their handlers.

    The process ends after `_STOP_SECONDS` also where the loop is busy with one request.
    """

    def __enter__(self) -> asyncio.Event:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.deadline = threading.Timer(_STOP_SECONDS, _exit_now)
        self.deadline.daemon = True

        def set_event(_number: int, _frame: FrameType | None) -> None:
            # The handler interrupts whatever the loop is doing, and has to wake it if it waits.
            loop.call_soon_threadsafe(stop.set)
            with suppress(RuntimeError):  # a second signal: it was started
                self.deadline.start()

        self.previous_handlers = {
            number: signal.signal(number, set_event) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return stop

    def __exit__(self, *_: object) -> None:
        self.deadline.cancel()
        for number, handler in self.previous_handlers.items():
            with suppress(TypeError):  # None: the handler was not set from Python
                signal.signal(number, handler)


def _exit_now() -> None:
    """End the process without waiting for the loop."""
    said = "stopped in the middle of a request that takes too long"
    # In a thread: the log may be what the process waits for, as where nobody reads it.
    last_words = threading.Thread(target=_http_log.warning, args=(said,), daemon=True)
    last_words.start()
    last_words.join(0.02)
    os._exit(0)
