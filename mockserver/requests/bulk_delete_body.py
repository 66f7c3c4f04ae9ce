"""The body of bulk_delete: as a pydantic model, and read without it where it is plain."""

from __future__ import annotations

import orjson

from ..filters import FlowRunFilter, NotPlain, Predicate, compile_plain
from .body_kinds import MAX_LIMIT, BodyParameters, Limit

MAX_PLAIN_BYTES = 4_096
"""Of a body: far fewer than the 32,768 values that PostgreSQL does not take."""


class BulkDeleteRequest(BodyParameters):
    """The body of bulk_delete."""

    flow_runs: FlowRunFilter | None = None
    limit: Limit = MAX_LIMIT


_KEYS = BulkDeleteRequest.model_fields.keys()


def read_plain_delete(body: bytes) -> tuple[Predicate, int]:
    """The predicate and the limit of a body that has a plain filter, in every dialect.

    Raises ValueError for another body, which may be valid or not.
    """
    # An escape may be a NUL or half of a surrogate pair, about which there is more to say.
    if len(body) > MAX_PLAIN_BYTES or b"\\" in body:
        raise NotPlain
    # As the models' parser and Python's: of a repeated key, the last counts.
    given = orjson.loads(body)
    if not isinstance(given, dict) or not given.keys() <= _KEYS:
        raise NotPlain
    limit = given.get("limit", MAX_LIMIT)
    if type(limit) is not int or not 1 <= limit <= MAX_LIMIT:
        raise NotPlain
    return compile_plain(given.get("flow_runs")), limit
