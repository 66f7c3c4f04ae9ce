"""JSON as a real server reads it: Starlette's `request.json()`, with FastAPI's errors."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import orjson

from ..errors import InvalidRequest, ServerFailure
from .body_cost import has_digits, nesting_depth

MAX_DEPTH = 953  # levels; a real server (Python 3.11) answers 400 to what is nested deeper

# Measured on 3.9.1: parameters that make a body nest deeper are answered with 500, as orjson writes
# 254 levels. A real server stores some before it fails, and every list is 500 from then on.
MAX_STORED_DEPTH = 254
_SURELY_ENCODABLE = 200  # levels; how many Python can write depends on the frames above it


class UndecodableBody(Exception):
    """The bytes are no text, nest too deep, or hold an integer that Python refuses to read."""


def decode_json(body: bytes) -> tuple[Any, bool]:
    """The value that a body stands for, and whether a reply can hold it (`is_json_encodable`).

    NaN, infinities and lone surrogates are let through.

    Raises UndecodableBody; InvalidRequest where the syntax is wrong; ServerFailure where the
    reply to wrong syntax would have to repeat what JSON cannot hold.
    """
    with suppress(ValueError):
        return _decode_strict(body), True
    # Counted, not left to json.loads: how deep that can go depends on the frames above it.
    if nesting_depth(body, MAX_DEPTH) > MAX_DEPTH:
        raise UndecodableBody
    try:
        value = json.loads(body)
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
    return value, is_json_encodable(value)


def _decode_strict(body: bytes) -> Any:
    """The value of what is JSON by the letter: UTF-8, finite numbers, no lone surrogates.

    orjson needs a fifth of the time of Python's json. Raises ValueError for anything else, and for
    what orjson reads in another way or how deep it can be written is not certain.
    """
    if nesting_depth(body, _SURELY_ENCODABLE) > _SURELY_ENCODABLE or has_digits(body, 19):
        raise ValueError
    return orjson.loads(body)


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


def check_storable_depth(body: bytes) -> None:
    """Raises ServerFailure for a body that nests deeper than the replies of a real server can."""
    if nesting_depth(body, MAX_STORED_DEPTH) > MAX_STORED_DEPTH:
        raise ServerFailure("the replies would nest too deep", retryable=False)


def echoed_body(value: object) -> object:
    """A body as a refusal repeats it: bytes as text. Raises ServerFailure where it cannot."""
    require_json_encodable(value)
    return bytes_to_text(value)


def bytes_to_text(value: object) -> object:
    """Bytes as text, which is how a refusal shows them; any other value as it is."""
    return value.decode() if isinstance(value, bytes) else value
