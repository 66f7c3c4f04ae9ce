"""Large replies: sent in pieces as the client reads them, and bounded in all.

Invariant: what clients have not read takes at most `MAX_UNREAD` bytes and one reply, besides
`LARGE` bytes for each connection.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aiohttp import web

from .responses import dump_json, json_reply

LARGE = 64 << 10
"""Bytes of a reply that may wait in a connection; also those of one piece."""
# Chosen: 200 flow runs, which is the most of one list, with parameters of 1 MB each.
MAX_UNREAD = 256 << 20

log = logging.getLogger("mockserver")


@dataclass(slots=True)
class UnreadReplies:
    """How many bytes the large replies have that are being sent.

    `turn` is held while a piece of a reply is made: there is one in each turn of the loop, however
    many clients ask.
    """

    size: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


UNREAD_KEY = web.AppKey("unread", UnreadReplies)


class _PacedResponse(web.Response):
    """A response that is written in pieces, each when the client has read most of the last one."""

    unread: UnreadReplies

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002 - aiohttp's signature
        body = memoryview(self.body if isinstance(self.body, bytes) else b"")
        self.unread.size += len(body)
        try:
            for start in range(0, len(body), LARGE):
                await self.write(body[start : start + LARGE])
            await web.StreamResponse.write_eof(self)
        except asyncio.CancelledError:
            log.warning("the server stops: a reply of %d bytes is not sent to its end", len(body))
            raise
        finally:
            self.unread.size -= len(body)


def pace(request: web.Request, reply: web.StreamResponse) -> web.StreamResponse:
    """A reply in a form that waits for the client, if it is large.

    It is 503 instead where others have not read theirs yet. What was asked for is done then.
    """
    body = reply.body if isinstance(reply, web.Response) else None
    if not isinstance(body, bytes) or len(body) <= LARGE:
        return reply
    unread = request.app[UNREAD_KEY]
    if unread.size and unread.size + len(body) > MAX_UNREAD:
        detail = f"clients have not read {unread.size:,} bytes of replies; try again later"
        log.warning("%s refused with 503: %s", request.path, detail)
        return json_reply({"detail": detail}, status=503, close=True)
    paced = _PacedResponse(body=body, status=reply.status, headers=reply.headers)
    paced.unread = unread
    if reply.keep_alive is False:
        paced.force_close()
    return paced


class StreamedJson(ABC):
    """JSON whose parts are made while it is sent."""

    __slots__ = ()

    @abstractmethod
    def pieces(self) -> Iterator[bytes]:
        """The text, in pieces of about `LARGE` bytes."""

    async def send(self, request: web.Request, status: int = 200) -> web.StreamResponse:
        """Send it as the reply to a request; the loop has a turn after each piece."""
        reply = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
        pieces = self.pieces()
        piece = next(pieces)  # an error of the first piece can still become a reply
        await reply.prepare(request)
        try:
            while piece:
                await reply.write(piece)
                async with request.app[UNREAD_KEY].turn:
                    await asyncio.sleep(0)
                    piece = next(pieces, b"")
        except Exception as error:
            if not isinstance(error, ConnectionError):
                log.exception("%s failed in the middle: a bug in mockserver", request.path)
            # What was sent is no whole document, and the client has to notice.
            if request.transport is not None:
                request.transport.abort()
        else:
            await reply.write_eof()
        return reply


@dataclass(frozen=True, slots=True)
class JsonList(StreamedJson):
    """A JSON list whose items are made while it is sent, and the texts around it."""

    items: Iterable[object]
    before: bytes = b"["
    after: bytes = b"]"

    def pieces(self) -> Iterator[bytes]:
        """The text, in pieces of about `LARGE` bytes."""
        text, separator = bytearray(self.before), b""
        for item in self.items:
            text += separator + dump_json(item)
            separator = b","
            if len(text) >= LARGE:
                yield bytes(text)
                text.clear()
        yield bytes(text) + self.after


@dataclass(frozen=True, slots=True)
class JsonDocument(StreamedJson):
    """A JSON document of lists, whose items are made while it is sent.

    `items` are pairs of a list's name and an item, all of one list together.
    """

    items: Iterable[tuple[str, object]]

    def pieces(self) -> Iterator[bytes]:
        """The text, in pieces of about `LARGE` bytes."""
        text, last = bytearray(b"{"), None
        for name, item in self.items:
            if name == last:
                text += b","
            else:
                text += (b"" if last is None else b"],") + dump_json(name) + b":["
                last = name
            text += dump_json(item)
            if len(text) >= LARGE:
                yield bytes(text)
                text.clear()
        yield bytes(text) + (b"}" if last is None else b"]}")
