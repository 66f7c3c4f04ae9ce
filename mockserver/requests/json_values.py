"""JSON as a real server reads it: Starlette's `request.json()`, with FastAPI's errors."""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import InvalidRequest, ServerFailure

MAX_DEPTH = 953  # levels; a real server (Python 3.11) answers 400 to what is nested deeper


class UndecodableBody(Exception):
    """The bytes are no text, nest too deep, or hold an integer that Python refuses to read."""


def decode_json(body: bytes) -> Any:
    """The value that a body stands for. NaN, infinities and lone surrogates are let through.

    Raises UndecodableBody; InvalidRequest where the syntax is wrong; ServerFailure where the
    reply to wrong syntax would have to repeat what JSON cannot hold.
    """
    if _nests_too_deep(body):
        raise UndecodableBody
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        # FastAPI (routing.py, get_request_handler) puts the whole text into the reply.
        require_json_encodable(error.doc)
        problem = {
            "type": "json_invalid",
            "loc": ("body", error.pos),
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": error.msg},
        }
        raise InvalidRequest([problem], error.doc) from None
    except (ValueError, RecursionError):  # not UTF-8, 16 or 32; too many digits; too deep
        raise UndecodableBody from None


# Texts come first, so that brackets in them do not count.
_DEPTH_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|[\]}]', re.DOTALL)


def _nests_too_deep(body: bytes) -> bool:
    # Most bodies have fewer brackets than levels are allowed, whatever their order.
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    # Counted, not left to json.loads: how deep that can go depends on the frames above it.
    depth = deepest = 0
    for token in _DEPTH_TOKENS.finditer(body):
        if token[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif not token[0].startswith(b'"'):
            depth -= 1
    return deepest > MAX_DEPTH


def is_json_encodable(value: object) -> bool:
    """Whether a reply can hold a value: no NaN, infinity or lone surrogate, and not too deep.

    Of bytes, whether they are UTF-8 text.
    """
    try:
        if isinstance(value, bytes):
            value.decode()
        else:
            json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def require_json_encodable(value: object) -> None:
    """Raises ServerFailure where a reply cannot hold a value (deviation `undocumented-5xx`)."""
    if not is_json_encodable(value):
        raise ServerFailure("the reply would repeat what JSON lacks", retryable=False)


def echoed_body(value: object) -> object:
    """A body as a refusal repeats it: bytes as text. Raises ServerFailure where it cannot."""
    require_json_encodable(value)
    return bytes_to_text(value)


def bytes_to_text(value: object) -> object:
    """Bytes as text, which is how a refusal shows them; any other value as it is."""
    return value.decode() if isinstance(value, bytes) else value
