"""Reads a request: its body, bounded in size and time, and the headers that matter."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from uuid import UUID

from aiohttp import web

from ...prefect import CreatedBy
from ...requests import Message
from ...worlds import Settings, World
from .origin_guard import origin_refusal
from .session_routing import world_of

# Where a request keeps its body for the journal, or for a handler behind a fault.
BODY_KEY = web.RequestKey("body", bytes)


async def read_message(request: web.Request, world: World) -> Message:
    """The request as a `Message`, for the operations. Raises as `read_body` does."""
    headers = request.headers
    body = await read_body(request, world.settings)
    if world.journal is not None:
        request[BODY_KEY] = body
    return Message(
        body,
        decode_latin_1(headers.get("Content-Type")),
        decode_latin_1(headers.get("x-prefect-api-version")),
        headers.get("User-Agent"),
    )


def decode_latin_1(header: str | None) -> str | None:
    """A header as a real server decodes it, as Latin-1.

    aiohttp decodes headers as UTF-8 and keeps other bytes as surrogate escapes.
    """
    if header is None or header.isascii():
        return header
    return header.encode("utf-8", "surrogateescape").decode("latin-1")


async def read_body(request: web.Request, settings: Settings) -> bytes:
    """The whole body, also if it was read before and kept.

    Raises HTTPException: 413 if it is too long, 408 if it arrives too slowly.
    """
    length = request.content_length
    if length is not None and length > settings.max_body:
        raise _too_long(settings)
    content = request.content
    # A small body has come with its headers: no wait and no timer. Less than the announced length
    # is a connection that broke off.
    if content.is_eof() and (length or 0) <= content.total_bytes <= settings.max_body:
        return content.read_nowait() or request.get(BODY_KEY, b"")
    body = bytearray()
    try:
        async with asyncio.timeout(settings.client_timeout):
            async for chunk in content.iter_any():
                body += chunk
                # A chunked body announces no length.
                if len(body) > settings.max_body:
                    raise _too_long(settings)
    except TimeoutError:
        raise web.HTTPRequestTimeout(
            reason=f"the body did not arrive within {settings.client_timeout:g} s"
        ) from None
    return bytes(body)


def _too_long(settings: Settings) -> web.HTTPException:
    return web.HTTPRequestEntityTooLarge(
        settings.max_body, reason=f"the body is longer than {settings.max_body:,} bytes"
    )


async def handle_expect(request: web.Request) -> None:
    """Answer `Expect: 100-continue`, unless the request will be refused.

    Other expectations are ignored, as a real server does.
    """
    # aiohttp's own handler answers 417 to other expectations.
    expected = request.headers.get("Expect", "").lower() == "100-continue"
    if expected and not origin_refusal(request, world_of(request).settings.hosts):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def creator_from_headers(request: web.Request) -> CreatedBy | None:
    """The automation on whose behalf a client says it acts; None where it names none.

    Prefect's own services send these two headers; the name is in base64.
    """
    # Prefect: api/dependencies.py, get_created_by.
    automation = request.headers.get("prefect-automation-id")
    name = request.headers.get("prefect-automation-name") if automation else None
    if not automation or not name:
        return None
    try:
        return CreatedBy(str(UUID(automation)), "AUTOMATION", b64decode(name).decode())
    except ValueError:
        return None
