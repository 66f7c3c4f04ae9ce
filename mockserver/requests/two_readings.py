"""A body decoded once and read in both ways: as the document has it, and as a real server does.

Where the two differ, `request_warnings` says so; which of the two counts, a dialect decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, cast

from ..errors import InvalidRequest, RefusedRequest, ServerFailure
from ..prefect import Dialect
from .body_kinds import BodyT, check_page_limit
from .json_values import UndecodableBody, decode_json
from .lax_reading import parse_lax
from .message import Message
from .strict_reading import parse_strict

# Above this many bytes only the first error of each list is told: 4 MiB of them would make a
# reply ten times as long. A real server tells all. The bound is chosen, not measured.
MAX_BYTES_LISTING_ALL_ERRORS = 32 << 10


@dataclass(frozen=True, slots=True)
class Attempt(Generic[BodyT]):
    """What reading came to: a request, or else the refusal."""

    request: BodyT | None = None
    refusal: RefusedRequest | None = None

    @classmethod
    def of(cls, read: Callable[[], BodyT]) -> Attempt[BodyT]:
        """Read, and keep a refusal instead of raising it."""
        try:
            return cls(read())
        except RefusedRequest as refusal:
            return cls(refusal=refusal)

    def result(self) -> BodyT:
        """The request. Raises the refusal, a RefusedRequest, where there is none."""
        if self.refusal is not None:
            raise self.refusal
        return cast(BodyT, self.request)


@dataclass(frozen=True, slots=True)
class BothWays(Generic[BodyT]):
    """One body on its way down, each stage worked out once.

    `content` is what a server reads of it: nothing where the type makes it ignore the body.
    `value` is that content decoded, or `undecoded` why it cannot be. The two readings
    are `lax` and `strict`; `strict` is None for a value that JSON cannot hold, such as NaN.
    """

    message: Message
    content: bytes
    value: Any = None
    undecoded: UndecodableBody | InvalidRequest | ServerFailure | None = None
    encodable: bool = True
    lax: Attempt[BodyT] | None = None
    strict: Attempt[BodyT] | None = None


def read_both_ways(
    message: Message,
    content: bytes,
    model: type[BodyT],
    dialect: Dialect,
    now: datetime,
    taken: BodyT | None = None,
) -> BothWays[BodyT]:
    """Decode and read what is effective of a body. Raises nothing: what is refused is kept.

    `taken` is what pydantic made of the content already, strictly.
    """
    if not content:
        return BothWays(message, content)
    try:
        value, encodable = decode_json(content)
    except (UndecodableBody, InvalidRequest, ServerFailure) as problem:
        return BothWays(message, content, undecoded=problem)
    all_errors = dialect.lax_coercion and len(content) <= MAX_BYTES_LISTING_ALL_ERRORS
    lax = Attempt.of(
        partial(parse_lax, model, value, now, all_errors=all_errors, encodable=encodable)
    )
    if not encodable:
        return BothWays(message, content, value, None, encodable, lax)
    if taken is not None:
        strict = Attempt.of(partial(check_page_limit, taken))
    else:
        read = partial(parse_strict, model, as_utf8(content, value), value=value, encodable=True)
        strict = Attempt.of(read)
    return BothWays(message, content, value, None, encodable, lax, strict)


def is_utf8(content: bytes) -> bool:
    """Whether JSON is UTF-8 without a byte order mark, as the document has it (RFC 8259, 8.1)."""
    return json.detect_encoding(content) == "utf-8"


def as_utf8(content: bytes, value: Any) -> bytes:
    """JSON as UTF-8: its content or, where that is UTF-16 or 32, the value written anew."""
    return content if is_utf8(content) else json.dumps(value).encode()
