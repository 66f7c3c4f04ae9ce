"""The baseline server, but with the request as pydantic models: to compare starts with."""

from __future__ import annotations

from aiohttp import web

from benchmarks.servers import baseline
from mockserver.requests import BulkDeleteRequest


async def bulk_delete(request: web.Request) -> web.Response:
    """Validate the request, reply with no ids."""
    BulkDeleteRequest.model_validate_json(await request.read())
    return web.Response(body=baseline.reply_body(0), content_type="application/json")


if __name__ == "__main__":
    baseline.serve_baseline(bulk_delete)
