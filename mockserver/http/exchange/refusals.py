"""The reply to a request that is not valid: its errors, within a bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import InvalidRequest
from .json_text import dump_json

LARGEST_REFUSAL = 32 << 10
"""Bytes of a reply in `spec`, and of one that is not complete."""

LARGEST_COMPLETE = 2 << 20
"""Bytes of a reply that repeats the body. The largest that was recorded has half of it, but a real
server has no bound: it repeats 4 MiB, in each of its errors."""

MAX_ERRORS = 20
"""That are told in `spec`, and where the reply is not complete."""

_CONTAINER = 40
"""Bytes that a list or an object counts for, beside what is in it."""

MAX_SHOWN = 200
"""Characters of a value that is shown, where a complete reply is too long."""


def complete_or_short(refusal: InvalidRequest, *, repeats_body: bool) -> Mapping[str, object]:
    """The reply, in one of two shapes: with the body (deviation `error-shape`), or as documented.

    It has all errors if they fit into it, else the first, with long values cut, and how many more
    there are.
    """
    told = refusal.errors if repeats_body else refusal.errors[:MAX_ERRORS]
    more = refusal.more + len(refusal.errors) - len(told)
    complete = _reply([*told, *_more(more)], refusal.body, repeats_body=repeats_body)
    largest = LARGEST_COMPLETE if repeats_body else LARGEST_REFUSAL
    if not _is_longer(complete, largest) and len(dump_json(complete)) <= largest:
        return complete
    shown: list[Mapping[str, Any]] = []
    size = 0
    for error in refusal.errors[:MAX_ERRORS]:
        short = {key: _shortened(value) for key, value in error.items()}
        size += len(dump_json(short))
        if shown and size > LARGEST_REFUSAL - 2 * MAX_SHOWN:
            break
        shown.append(short)
    more = refusal.more + len(refusal.errors) - len(shown)
    return _reply([*shown, *_more(more)], _shortened(refusal.body), repeats_body=repeats_body)


def _reply(
    errors: Sequence[Mapping[str, Any]], body: object, *, repeats_body: bool
) -> Mapping[str, object]:
    if not repeats_body:
        return {"detail": errors}
    # Prefect: api/server.py, validation_exception_handler.
    return {
        "exception_message": "Invalid request received.",
        "exception_detail": errors,
        "request_body": body,
    }


def _more(number: int) -> list[Mapping[str, Any]]:
    """One more entry of the list, where errors are left out of it."""
    what = "errors" if number > 1 else "error"
    msg = f"{number:,} more {what}, which mockserver leaves out"
    return [{"type": "more_errors", "loc": ("body",), "msg": msg}] if number else []


def _shortened(value: Any) -> Any:
    """A value of an error as it is, or what it is where it is long. A `loc` stays a list."""
    if not _is_longer(value, MAX_SHOWN):
        return value
    if isinstance(value, tuple):
        return tuple(map(_shortened, value))
    if isinstance(value, str):
        return f"{value[:MAX_SHOWN]}... ({len(value):,} characters)"
    if isinstance(value, Mapping | list):
        return f"({'a list' if isinstance(value, list) else 'an object'} of {len(value):,} entries)"
    return "(a long number)"


def _is_longer(value: object, most: int) -> bool:
    """Whether a value is too long for `most` bytes of JSON; looks at no more than that."""
    left, waiting = most, [value]
    while waiting and left >= 0:
        each = waiting.pop()
        left -= 1
        if isinstance(each, str):
            left -= len(each)
        elif isinstance(each, Mapping | list | tuple):
            # Many lists in one another take long to write.
            left -= len(each) + _CONTAINER
            if left >= 0:
                waiting += [*each, *each.values()] if isinstance(each, Mapping) else each
        elif isinstance(each, int):
            left -= each.bit_length() // 4
    return left < 0
