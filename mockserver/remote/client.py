"""Requests to a server that only read: bounded, paced, and sent again when it is busy.

Invariants: nothing is sent but GET, and POST to /filter and /count; no redirect is followed, so
that credentials stay with the server they are for; no reply is kept beyond `Bounds.reply_bytes`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson

from ..errors import MockServerError, UsageError, to_single_line
from .access import is_loopback, normalize_api_url

# A server under load answers these and means "again, later"; 503 is SQLite's "database is locked".
_BUSY_STATUSES = frozenset({408, 429, 502, 503, 504})
# A 500 may be the same bug each time.
_MOST_500S = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 20.0  # seconds; each pause is twice the one before
_CHUNK = 1 << 16


class RemoteError(MockServerError):
    """The server cannot be reached, refuses, or does not answer as an API of Prefect does."""


class RefusedError(RemoteError):
    """The server answered with another status than 200."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of what a server is asked, and of what is waited for.

    `concurrency` requests at once, at most `per_second` (None: no bound). `timeout`: seconds for
    one reply, to its last byte. `patience`: seconds for which a failing request is sent again.
    """

    concurrency: int = 4
    per_second: float | None = None
    timeout: float = 60.0
    patience: float = 300.0
    reply_bytes: int = 256 << 20


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def __str__(self) -> str:
        return f"{self.status} {to_single_line(self.body.decode(errors='replace'), 300)}"


class ReadClient:
    """A client of one server, for `async with`. `sent` counts requests, those sent again too.

    `on_retry` is told why a request is sent again, and in how many seconds. `sleep` and `clock`
    are for tests.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        bounds: Bounds | None = None,
        *,
        on_retry: Callable[[str, float], None] = lambda _why, _pause: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = normalize_api_url(url)
        self.bounds = bounds or Bounds()
        self.sent = 0
        self._headers = {**headers, "Content-Type": "application/json"}
        self._on_retry, self._sleep, self._clock = on_retry, sleep, clock
        self._slots = asyncio.Semaphore(self.bounds.concurrency)
        self._next_at = 0.0
        self._reached = False
        # By hand: aiohttp's trust_env would also read .netrc, whose password may be for others.
        self._proxy = _proxy_for(self.url)
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> ReadClient:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self.bounds.timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def count(self, collection: str, body: Mapping[str, Any]) -> int:
        """How many records of a collection the filters in a body match. Raises RemoteError."""
        path = f"/{collection}/count"
        found = await self._read("POST", path, body)
        if type(found) is not int:
            raise RemoteError(f"POST {self.url}{path} answered {_excerpt(found)}, not a number")
        return found

    async def page(self, path: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The records that the `/filter` endpoint of `path` lists. Raises RemoteError."""
        found = await self._read("POST", f"{path}/filter", body)
        if not isinstance(found, list) or not all(
            isinstance(record, dict) and isinstance(record.get("id"), str) for record in found
        ):
            raise RemoteError(
                f"POST {self.url}{path}/filter answered {_excerpt(found)}, "
                "not a list of records with ids"
            )
        return found

    async def version(self) -> str | None:
        """The server's release; None if it does not tell (Prefect Cloud does not)."""
        reply = await self._ask("GET", "/admin/version", None)
        try:
            found = orjson.loads(reply.body) if reply.status == 200 else None
        except orjson.JSONDecodeError:
            return None
        return found if isinstance(found, str) else None

    async def _read(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        reply = await self._ask(method, path, orjson.dumps(body))
        if reply.status != 200:
            text = _refusal(self.url, f"{method} {self.url}{path}", reply)
            raise RefusedError(text, reply.status)
        try:
            return orjson.loads(reply.body)
        except orjson.JSONDecodeError:
            kind = reply.headers.get("Content-Type", "no type")
            raise RemoteError(
                f"{method} {self.url}{path} answered something that is not JSON ({kind}); "
                "is this the URL of the API, such as http://HOST:4200/api?"
            ) from None

    async def _ask(self, method: str, path: str, body: bytes | None) -> _Reply:
        """Send a request until it is answered, or patience ends."""
        begun = self._clock()
        for attempt in count(1):
            pause = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
            try:
                reply = await self._send(method, path, body)
            except TimeoutError:
                failure = f"no answer within {self.bounds.timeout:g} s"
            except (aiohttp.ClientError, OSError) as error:
                failure = _describe(error)
                if not self._reached:
                    raise RemoteError(f"cannot reach {self.url}: {failure}") from None
            else:
                self._reached = True
                if not _is_passing(reply.status, attempt):
                    return reply
                failure = str(reply)
                pause = _retry_after(reply.headers) or pause
            waited = self._clock() - begun
            if waited + pause > self.bounds.patience:
                raise RemoteError(
                    f"{method} {self.url}{path} failed {attempt} times in {waited:.0f} s; "
                    f"the last time: {failure}"
                )
            self._on_retry(failure, pause)
            await self._sleep(pause)
        raise AssertionError("unreachable")  # pragma: no cover - count() does not end

    async def _send(self, method: str, path: str, body: bytes | None) -> _Reply:
        async with self._slots:
            await self._pace()
            self.sent += 1
            async with self._session.request(
                method,
                self.url + path,
                data=body,
                headers=self._headers,
                allow_redirects=False,
                proxy=self._proxy,
            ) as response:
                return _Reply(response.status, response.headers, await self._bounded(response))

    async def _bounded(self, response: aiohttp.ClientResponse) -> bytes:
        read = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            read += chunk
            if len(read) > self.bounds.reply_bytes:
                raise RemoteError(
                    f"{response.method} {response.url} answered more than "
                    f"{self.bounds.reply_bytes:,} bytes"
                )
        return bytes(read)

    async def _pace(self) -> None:
        """Wait until the rate allows the next request."""
        if self.bounds.per_second is None:
            return
        now = self._clock()
        due = max(self._next_at, now)
        self._next_at = due + 1 / self.bounds.per_second
        if due > now:
            await self._sleep(due - now)


def _is_passing(status: int, attempt: int) -> bool:
    """Whether the same request may be answered otherwise if it is sent again."""
    return status in _BUSY_STATUSES or (status == 500 and attempt < _MOST_500S)


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for a URL; none for this machine itself."""
    parts = urlsplit(url)
    if is_loopback(url) or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait; None if it does not say.

    RFC 9110, section 10.2.3: a number of seconds, or a date.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:  # a date that ends in -0000
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _describe(error: Exception) -> str:
    """The system's own words for an error of a connection, such as "Connection refused"."""
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        # asyncio's own text of a refused connection is "Connect call failed ('127.0.0.1', 4200)";
        # numbers below 0 are those of the look-up of names, whose text is good.
        number = cause.errno or 0
        return to_single_line(os.strerror(number) if number > 0 else str(cause.strerror or cause))
    return to_single_line(str(error)) or type(error).__name__


_REFUSALS: Mapping[int, str] = {
    401: "set PREFECT_API_KEY (Prefect Cloud) or PREFECT_API_AUTH_STRING, or use --header",
    403: "these credentials may not read it",
    404: "is this the URL of the API, such as http://HOST:4200/api?",
    405: "is this the URL of the API, such as http://HOST:4200/api?",
}


def _refusal(url: str, request: str, reply: _Reply) -> str:
    """What to tell of a reply that is not 200."""
    if 300 <= reply.status < 400:
        target = to_single_line(reply.headers.get("Location", "nowhere"))
        return f"{url} redirects to {target}; give the URL of the API itself"
    hint = _REFUSALS.get(reply.status)
    return f"{request} was answered {reply}" + (f"; {hint}" if hint else "")


def _excerpt(value: object) -> str:
    return to_single_line(orjson.dumps(value).decode(), 80)


def check_bounds(bounds: Bounds) -> None:
    """Raise UsageError for bounds within which nothing can be asked."""
    for name, value in (
        ("--concurrency", bounds.concurrency),
        ("--rate", bounds.per_second),
        ("--timeout", bounds.timeout),
        ("--patience", bounds.patience),
    ):
        if value is not None and not value > 0:
            raise UsageError(f"{name} is {value:g}; expected more than 0")
