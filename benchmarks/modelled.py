"""The server to compare a start with: bare, but with the request as pydantic models."""

from __future__ import annotations

from aiohttp import web

from mockserver.requests.body_models import BulkDeleteRequest

from . import bare


async def bulk_delete(request: web.Request) -> web.Response:
    """Read the request into its models, answer no ids."""
    BulkDeleteRequest.model_validate_json(await request.read())
    return web.Response(body=bare.answer(0), content_type="application/json")


if __name__ == "__main__":
    bare.run(bulk_delete)
