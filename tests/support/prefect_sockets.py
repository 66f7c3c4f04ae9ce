"""Websockets of Prefect's kind, on which a client waits for what is new."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from tests.support.servers import Client

AUTH = {"type": "auth", "token": None}


@asynccontextmanager
async def subscribed(
    client: Client, path: str, *messages: Any
) -> AsyncIterator[ClientWebSocketResponse]:
    """A socket on which these messages were sent, after the handshake. `path` is a whole one."""
    url = f"http://{client.address[0]}:{client.address[1]}{path}"
    async with (
        ClientSession() as session,
        session.ws_connect(url, protocols=["prefect"], autoping=False) as ws,
    ):
        await ws.send_json(AUTH)
        assert await ws.receive_json() == {"type": "auth_success"}
        for message in messages:
            await (ws.send_str if isinstance(message, str) else ws.send_json)(message)
        yield ws


async def settle(ws: ClientWebSocketResponse) -> None:
    """Wait until the server has read what was sent; nothing else may come before that."""
    await ws.ping()
    assert (await ws.receive()).type is WSMsgType.PONG
