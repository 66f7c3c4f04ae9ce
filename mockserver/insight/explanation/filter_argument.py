"""A filter as a user gives it: as JSON, as a value or as a model; alone, or in a bulk_delete body.

Invariant: the body of a request stays as it was written, so that a dialect reads what a server
would be sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import UsageError, to_single_line
from ...filters import FlowRunFilter
from ...requests import JSON_MEDIA_TYPE, BulkDeleteRequest, Message, to_json_text

_BODY_KEYS = frozenset(BulkDeleteRequest.model_fields)
_FILTER_KEYS = frozenset(FlowRunFilter.model_fields)
_UNREADABLE = {UnicodeDecodeError: "not UTF-8", RecursionError: "nested too deeply"}
_EXPECTED = (
    'a filter such as {"state": {"type": {"any_": ["FAILED"]}}}, or a bulk_delete body such as '
    '{"flow_runs": {...}, "limit": 50}'
)


@dataclass(frozen=True, slots=True)
class FilterArgument:
    """A bulk_delete request: as it came, or made of a filter that came alone (`is_body` false)."""

    message: Message
    is_body: bool

    @property
    def unknown_keys(self) -> list[str]:
        """The keys of the body that bulk_delete does not know, and ignores."""
        given = json.loads(self.message.body)
        return [to_single_line(key, 40) for key in given if key not in _BODY_KEYS]


FilterLike = str | bytes | Mapping[str, Any] | FlowRunFilter | BulkDeleteRequest | FilterArgument
"""What is taken for a filter: JSON, a mapping or a model; a filter, or a bulk_delete body."""


def filter_argument(given: object, where: str = "the filter") -> FilterArgument:
    """The request that something stands for; `where` names it in errors.

    Raises UsageError for what is no filter and no body.
    """
    if isinstance(given, FilterArgument):
        return given
    if isinstance(given, FlowRunFilter | BulkDeleteRequest):
        json_text = given.model_dump_json(exclude_unset=True)
        return _argument(json_text.encode(), is_body=isinstance(given, BulkDeleteRequest))
    if not isinstance(given, str | bytes | Mapping):
        kind = type(given).__name__
        raise UsageError(f"{where} is a {kind}; expected a dict, JSON, a FlowRunFilter or a body")
    text = given if isinstance(given, str | bytes) else to_json_text(given, where)
    content = text.encode() if isinstance(text, str) else text
    return _argument(content, is_body=_is_body(_parse(content, where)))


def _argument(content: bytes, *, is_body: bool) -> FilterArgument:
    body = content if is_body else b'{"flow_runs": %b}' % content.strip()
    return FilterArgument(Message(body, JSON_MEDIA_TYPE), is_body)


def _parse(content: bytes, where: str) -> Mapping[str, Any]:
    try:
        value = json.loads(content)
    except json.JSONDecodeError as error:
        hint = ""
        if error.msg == "Extra data":
            hint = ": one filter at a time ('mockserver releases --requests' takes a file of many)"
        at = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"{where}: {at}: {error.msg}{hint}; expected {_EXPECTED}") from None
    # ValueError: of a number with more than 4,300 digits.
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        problem = _UNREADABLE.get(type(error), "a number of too many digits")
        raise UsageError(f"{where}: {problem}; expected {_EXPECTED}") from None
    if not isinstance(value, Mapping):
        shown = to_single_line(json.dumps(value), 60)
        raise UsageError(f"{where} is {shown}; expected {_EXPECTED}")
    return value


def _is_body(value: Mapping[str, Any]) -> bool:
    """Whether it is the body of a bulk_delete; an empty object is one.

    If it has keys of neither, it is a body if a value looks like a filter: {"flow_run": {...}}.
    """
    if not value or value.keys() & _BODY_KEYS:
        return True
    if value.keys() & _FILTER_KEYS:
        return False
    return any(isinstance(one, Mapping) and one.keys() & _FILTER_KEYS for one in value.values())
