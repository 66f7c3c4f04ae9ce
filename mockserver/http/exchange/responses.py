"""Responses: JSON for a value, status and body for a refusal.

The only file that knows which error has which status.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from aiohttp import web

from ...errors import (
    Conflict,
    Forbidden,
    Gone,
    InvalidRequest,
    Locked,
    NotAllowedInState,
    NotFound,
    NotModelled,
    OutOfBounds,
    RefusedRequest,
    RefusedTemplate,
    ServerFailure,
    TooLarge,
    UnreadableRequest,
    UnsupportedApiVersion,
)
from ...operations import TextReply
from ...prefect import Dialect
from .json_text import dump_json
from .refusals import complete_or_short

WARNING_HEADER = "x-mockserver-warning"

# Refusals whose text is the `detail` of the reply.
_STATUS_BY_ERROR: Mapping[type[RefusedRequest], int] = {
    UnreadableRequest: 400,
    UnsupportedApiVersion: 400,
    NotAllowedInState: 400,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    Locked: 423,
    TooLarge: 413,
    OutOfBounds: 422,
    NotModelled: 501,
}


def refusal_reply(refusal: RefusedRequest, dialect: Dialect) -> tuple[int, Mapping[str, object]]:
    """The status and body of the reply to a refused request, as the dialect has it."""
    match refusal:
        case InvalidRequest():
            return 422, complete_or_short(refusal, repeats_body=dialect.error_shape)
        # Prefect: api/templates.py, validate_template.
        case RefusedTemplate():
            where = {"line": refusal.line, "message": str(refusal), "source": refusal.source}
            return 422, {"error": where}
        # prefect_object_not_found_exception_handler: other 404s are HTTPException, with `detail`.
        case NotFound(from_set_state=True) if dialect.error_shape:
            return 404, {"exception_message": str(refusal)}
        case ServerFailure() if dialect.never_fails:
            error = {
                "type": "value_error",
                "loc": ("body",),
                "msg": f"a real server fails at this: {refusal}",
            }
            return 422, complete_or_short(InvalidRequest([error]), repeats_body=False)
        # custom_internal_exception_handler; is_client_retryable_exception tells 503 from 500.
        case ServerFailure(retryable=True):
            return 503, {"exception_message": "Service Unavailable"}
        case ServerFailure():
            return 500, {"exception_message": "Internal Server Error"}
        case _:
            return _STATUS_BY_ERROR[type(refusal)], {"detail": str(refusal)}


class HtmlText(str):
    """An HTML page, to tell it from a text that is to be sent as JSON."""

    __slots__ = ()


def html_reply(page: HtmlText, *, status: int = 200) -> web.Response:
    """A response with a page, which may load nothing."""
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return web.Response(text=page, content_type="text/html", status=status, headers=headers)


def json_reply(
    value: object,
    *,
    status: int = 200,
    warnings: tuple[str, ...] = (),
    close: bool = False,
    narrow: bool = False,
) -> web.Response:
    """A response with a value as JSON, or without a body for status 204.

    `warnings` are the ids for the header; `close` closes the connection afterwards. `narrow`:
    raise ServerFailure for an integer of more than 64 bits (deviation `huge-integers`).
    """
    empty = status == 204
    headers = _headers(empty, warnings)
    body = None if empty else dump_json(value, narrow=narrow)
    reply = web.Response(body=body, status=status, headers=headers)
    if close:
        reply.force_close()
    return reply


def text_reply(value: TextReply, *, status: int) -> web.Response:
    """A response with a text. Raises UnicodeEncodeError for a lone surrogate in it."""
    reply = web.Response(
        text=value.text, content_type=value.media_type, charset="utf-8", status=status
    )
    if value.disposition is not None:
        reply.headers["Content-Disposition"] = value.disposition
    return reply


# Few sets of warnings come up, and aiohttp copies the headers that a response is given.
@lru_cache(maxsize=256)
def _headers(empty: bool, warnings: tuple[str, ...]) -> Mapping[str, str]:
    headers = {} if empty else {"Content-Type": "application/json"}
    return {**headers, WARNING_HEADER: ", ".join(warnings)} if warnings else headers
