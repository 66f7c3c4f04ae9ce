"""The server to compare with: aiohttp, a JSON body parsed, an answer of the same size.

    python -m benchmarks.bare IDS

Whatever it is asked, it answers IDS ids. It loads nothing, keeps nothing and checks nothing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from . import loops

_ID = "00000000-0000-4000-8000-000000000000"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(ids: int) -> bytes:
    """A body as bulk_delete answers it."""
    return orjson.dumps({"deleted": [_ID] * ids})


def handler(body: bytes) -> Handler:
    """Parse the request, answer `body`."""

    async def handle(request: web.Request) -> web.Response:
        orjson.loads(await request.read())
        return web.Response(body=body, content_type="application/json")

    return handle


async def _health(_: web.Request) -> web.Response:
    return web.Response(body=b"true", content_type="application/json")


def run(bulk_delete: Handler) -> None:
    """Serve on any free port until killed; the URL is the last word of the first line."""
    app = web.Application()
    app.router.add_post("/flow_runs/bulk_delete", bulk_delete)
    app.router.add_get("/health", _health)
    with asyncio.Runner(loop_factory=loops.factory()) as runner:
        runner.run(_serve(app))


async def _serve(app: web.Application) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"listens on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    run(handler(answer(int(sys.argv[1]))))
