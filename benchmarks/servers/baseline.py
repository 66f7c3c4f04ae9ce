"""The baseline server: plain aiohttp that parses a JSON body and replies with one of equal size.

    python -m benchmarks.servers.baseline IDS

It answers every bulk_delete with IDS ids. It loads nothing, stores nothing and validates nothing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from benchmarks.servers import event_loops

_ID = "00000000-0000-4000-8000-000000000000"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def reply_body(ids: int) -> bytes:
    """A reply of bulk_delete with this many ids."""
    return orjson.dumps({"deleted": [_ID] * ids})


def make_handler(body: bytes) -> Handler:
    """A handler that parses the request and replies with `body`."""

    async def handle(request: web.Request) -> web.Response:
        orjson.loads(await request.read())
        return web.Response(body=body, content_type="application/json")

    return handle


async def _health(_: web.Request) -> web.Response:
    return web.Response(body=b"true", content_type="application/json")


def serve_baseline(bulk_delete: Handler) -> None:
    """Serve on a free port until killed; the first line printed ends with the URL."""
    app = web.Application()
    app.router.add_post("/flow_runs/bulk_delete", bulk_delete)
    app.router.add_get("/health", _health)
    with asyncio.Runner(loop_factory=event_loops.loop_factory()) as runner:
        runner.run(_serve(app))


async def _serve(app: web.Application) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"listens on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve_baseline(make_handler(reply_body(int(sys.argv[1]))))
