"""HTTP requests whose replies are bounded: in bytes, and in seconds to their last byte.

Invariant: whatever a server sends, or does not send, a request ends. A timeout of a socket bounds
only each wait: a server that sends a byte now and then would outlast it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from threading import Lock, Thread, local
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from ...remote import is_loopback

MAX_REPLY = 256 << 20
"""Bytes of a reply: 200 flow runs, which is the most of one list, with parameters of 1 MB each."""
_CHUNK = 1 << 20
_POLL_SECONDS = 0.1  # chosen: how late a request may end


class ReplyRefused(requests.RequestException):
    """A reply that is longer than it may be, or compressed, which nobody asked for."""


class BoundedSession(requests.Session):
    """A session that sends the given headers and no others, and no credentials of its own.

    For a server elsewhere it uses the proxies and certificates that the environment names, but no
    .netrc, whose password may be for others, and sends no cookie back. Redirects are not followed:
    they are answers to be checked, and may lead to another server. The timeout of a request is for
    all of its reply.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.headers.clear()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        if not is_loopback(url):
            self.proxies.update(get_environ_proxies(url))
            self.verify = certificates(url)
        for prefix in ("http://", "https://"):
            self.mount(prefix, _WatchedAdapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect is looked at: even to parse its URL may fail."""

    def ask(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> requests.Response:
        """Send a request; return the reply with its whole body.

        Raises requests.Timeout if it is not there after `seconds`, ReplyRefused, and other
        requests.RequestException.
        """
        return self.request(
            method, url, data=body, headers=dict(headers), timeout=seconds, allow_redirects=False
        )


def certificates(url: str) -> str | bool:
    """The file of certificates that a server's is checked with; True for the usual ones."""
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return named or True if not is_loopback(url) else True


def _read_body(reply: requests.Response) -> bytes:
    """The body as it is sent. Raises ReplyRefused."""
    encoding = reply.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        reply.close()
        raise ReplyRefused(f"the reply is compressed ({encoding[:50]}), which was not asked for")
    received = bytearray()
    try:
        for chunk in reply.raw.stream(_CHUNK, decode_content=False):
            received += chunk
            if len(received) > MAX_REPLY:
                reply.close()
                raise ReplyRefused(f"the reply is longer than {MAX_REPLY:,} bytes")
    except (OSError, HTTPError) as error:
        raise requests.ConnectionError(error) from error
    return bytes(received)


class _Watch:
    """The connection that a request uses, to be cut from another thread if it takes too long."""

    def __init__(self, until: float) -> None:
        """`until` is a time of time.monotonic."""
        self.until = until
        self.connection: HTTPConnection | None = None
        self.socket: socket.socket | None = None
        self.is_over = False

    def send(self, connection: HTTPConnection, send: Callable[[], None]) -> None:
        """Send a request on a connection, and remember its socket.

        The connection forgets it where the reply has no length: it then belongs to the reply.
        """
        self.connection = connection
        send()
        self.socket = connection.sock

    def cut(self) -> None:
        """Cut the connection: whoever reads from it goes on at once."""
        self.is_over = True
        opened = self.socket
        if opened is None and self.connection is not None:
            opened = self.connection.sock
        if opened is not None:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)


# One thread for all: to start one for each request took half as long as the request (measured).
_watched: set[_Watch] = set()
_started = Lock()


def _watch_over(watch: _Watch) -> None:
    _watched.add(watch)
    if _started.acquire(blocking=False):
        Thread(target=_cut_late_ones, name="reply deadlines", daemon=True).start()


def _cut_late_ones() -> None:
    while True:
        time.sleep(_POLL_SECONDS)
        now = time.monotonic()
        for watch in tuple(_watched):
            if now > watch.until:
                watch.cut()


class _Asking(local):
    """The watch of the request that a thread is sending."""

    watch = _Watch(0.0)


_asking = _Asking()


class _WatchedConnection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _asking.watch.send(self, partial(super().request, *args, **kwargs))


class _WatchedTlsConnection(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _asking.watch.send(self, partial(super().request, *args, **kwargs))


class _Pool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTlsConnection


class _WatchedAdapter(HTTPAdapter):
    """Sends a request, and reads its reply to the end, within the timeout of the request."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - as HTTPAdapter.send has them
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """As HTTPAdapter.send, but no reply is streamed. Raises requests.RequestException."""
        watch = _asking.watch = _Watch(time.monotonic() + float(timeout))
        _watch_over(watch)
        try:
            reply = super().send(request, True, timeout, verify, cert, proxies)
            # As requests itself keeps what it has read (requests/models.py, Response.content).
            reply._content = _read_body(reply)  # noqa: SLF001
            reply._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        except requests.RequestException:
            if watch.is_over:
                raise requests.Timeout from None
            raise
        except (HTTPError, ValueError) as error:  # of a reply that is not HTTP
            raise requests.ConnectionError(error) from error
        finally:
            _watched.discard(watch)
        if watch.is_over:  # a body without a length ends wherever its connection is cut
            raise requests.Timeout
        return reply

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager
