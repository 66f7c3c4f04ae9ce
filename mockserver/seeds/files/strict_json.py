"""JSON within the bounds that `strict_yaml` has, too: its depth, and no repeated keys.

Invariant: what is accepted is what orjson reads and can write again; no value was lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from .bounded_files import MAX_DEPTH

# orjson writes 254 levels, and reads 1,024. Inside so many lists it writes MAX_DEPTH.
_WRITABLE_DEPTH = 254
_HIDDEN = re.compile(rb"\\u00(?:22|3[aA])")  # a quote or a colon
_SPACES = (b" ", b"\t", b"\n", b"\r")


class InvalidJsonError(ValueError):
    """The text is not JSON of unique keys and bounded depth; `location` is `:line:column`."""

    def __init__(self, text: str, location: str = "") -> None:
        super().__init__(text)
        self.location = location


def read_json(text: bytes) -> Any:
    """The value of a text. Raises InvalidJsonError."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidJsonError(error.msg, f":{error.lineno}:{error.colno}") from None
    check_json(text, value)
    return value


def check_json(text: bytes, value: Any) -> None:
    """Check a text that orjson has read as `value`: its depth, and that no key is repeated.

    Raises InvalidJsonError.
    """
    if not has_unique_keys(text, value):
        json.loads(text, object_pairs_hook=_refuse_repeated, parse_int=str, parse_float=str)


def has_unique_keys(text: bytes, value: Any) -> bool:
    """Whether two counts show that no key is repeated in a text that orjson has read as `value`.

    False also where they show nothing. Raises InvalidJsonError for a value that is too deep.
    """
    for _ in range(_WRITABLE_DEPTH - MAX_DEPTH):
        value = [value]
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:  # of what orjson has read, it refuses only what is too deep
        raise InvalidJsonError(f"nested deeper than {MAX_DEPTH}") from None
    # Before the colon of each key is a quote or a space. Texts that begin with a colon are counted,
    # too: they are the same in both, unless an escape hides a quote or a colon.
    most = text.count(b'":') + sum(text.count(space + b":") for space in _SPACES if space in text)
    return most == written.count(b'":') and not _HIDDEN.search(text)


def split_json(text: bytes) -> Mapping[str | None, Sequence[Any]] | None:
    """The elements of a list, or of the lists in an object by their key, each still as JSON.

    A list has the key None. `bytes` makes JSON of an element. Returns None for a text that is
    neither, and for an object in which more than its lists and keys was found: a key that is there
    twice, or line breaks.
    """
    from msgspec import MsgspecError, Raw  # imported late: only large seeds need it
    from msgspec.json import decode

    try:
        if text.lstrip()[:1] == b"[":
            return {None: decode(text, type=list[Raw])}
        found: Any = decode(text, type=dict[str, list[Raw]])
    except (MsgspecError, RecursionError):
        return None
    # Of a repeated key, msgspec keeps the last value.
    length = len(b"{}") + sum(map(_written_length, found, found.values())) + len(found) - 1
    return found if found and length == len(text.strip()) else None


def _written_length(key: str, elements: Sequence[Any]) -> int:
    """How long a key and its list are without spaces."""
    commas = max(0, len(elements) - 1)
    listed = len(b"[]") + commas + sum(len(memoryview(element)) for element in elements)
    return len(orjson.dumps(key)) + len(b":") + listed


def _refuse_repeated(pairs: Iterable[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise InvalidJsonError(f"the key {key[:100]!r} occurs twice in an object")
        seen.add(key)
