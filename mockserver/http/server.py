"""The application on a port, until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import Callable
from contextlib import nullcontext, suppress
from ipaddress import ip_address
from types import FrameType

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ..errors import UsageError

KEEPALIVE_SECONDS = 30.0
"""How long a connection may go without a whole request, from its start or its last reply."""
_SHUTDOWN_SECONDS = 0.7  # for requests in flight when told to stop: the rest goes within a second
_LINGER_SECONDS = 1.0  # reading on after a refusal, so that the client sees the reply

_http_log = logging.getLogger("mockserver.http")
_access_log = logging.getLogger("mockserver.access")


class _MalformedRequestFilter(logging.Filter):
    """What a client sent wrongly is a line, not a traceback."""

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
    """Serve until `stop` is set, or SIGINT or SIGTERM where there is none.

    `ready` is called with the base URL once requests can come.

    Requests in flight are finished, within a second. Raises UsageError when it cannot listen.
    """
    runner = web.AppRunner(
        app,
        access_log=_access_log if access_log else None,
        logger=_http_log,
        keepalive_timeout=KEEPALIVE_SECONDS,
        lingering_time=_LINGER_SECONDS,
        shutdown_timeout=_SHUTDOWN_SECONDS,
        auto_decompress=False,  # a real server does not either
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, await _resolve_single_address(host, port), port).start()
        except OSError as error:
            raise UsageError(_listen_error_message(host, port, error)) from None
        with nullcontext(stop) if stop else _stop_signals() as told:
            ready(base_url(host, runner.addresses[0][1]))
            await told.wait()
    finally:
        await runner.cleanup()


async def _resolve_single_address(host: str, port: int) -> str:
    """`host`, or its first address where any port will do: two would get a port each."""
    if port:
        return host
    with suppress(ValueError):
        return str(ip_address(host))  # which need not be looked up, in a thread of its own
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return str(found[0][4][0])


def _listen_error_message(host: str, port: int, error: OSError) -> str:
    where = f"cannot listen on {host} port {port}"
    if error.errno == errno.EADDRINUSE:
        return f"{where}: it is taken; choose another with --port (0 is any free one)"
    return f"{where}: {error.strerror or error}"


def base_url(host: str, port: int) -> str:
    """The URL a client on this machine reaches `host` by."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


class _stop_signals:  # noqa: N801 - reads as the context manager it is
    """An event that SIGINT and SIGTERM set instead of what they did before."""

    def __enter__(self) -> asyncio.Event:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def tell(_number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(stop.set)

        self.before = {
            number: signal.signal(number, tell) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return stop

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            with suppress(TypeError):  # a handler that was not set from Python
                signal.signal(number, handler)
