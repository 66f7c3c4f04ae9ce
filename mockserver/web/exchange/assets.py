"""The files of the page: its style, its scripts, its icon. Invariant: no other file is sent."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import PurePath

from aiohttp import web

from ...errors import NotFound, to_single_line
from ...resources import resource_path, resource_text

FOLDER = "web/assets"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in resource_path(FOLDER).iterdir())


@cache
def _tag(name: str) -> str:
    digest = sha256(resource_text(f"{FOLDER}/{name}").encode()).hexdigest()
    return f'"{digest[:16]}"'


def asset_reply(request: web.Request, name: str) -> web.Response:
    """A file, or 304 where the browser has it. Raises NotFound for a name that no file has."""
    if name not in _names():
        raise NotFound(f"no /page/assets/{to_single_line(name, 60)}")
    # no-cache: it is asked for again each time, so that an upgrade shows at once.
    headers = {"ETag": _tag(name), "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    text = resource_text(f"{FOLDER}/{name}")
    kind = _TYPES[PurePath(name).suffix]
    return web.Response(text=text, content_type=kind, charset="utf-8", headers=headers)
