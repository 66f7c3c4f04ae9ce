"""A filter on flows or deployments as a user gives it: alone, or in the body of a bulk delete."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...errors import RefusedRequest, UsageError, refusal_sentence, to_single_line
from ...filters import DeploymentFilter, FilterModel, FlowFilter
from ...operations.endpoints import ENDPOINTS
from ...operations.related_deletes import RelatedPlan
from ...prefect import Dialect
from ...requests import JSON_MEDIA_TYPE, Message, read_request, to_json_text

KINDS = ("flows", "deployments")
_FILTERS: Mapping[str, type[FilterModel]] = {"flows": FlowFilter, "deployments": DeploymentFilter}
_ENDPOINTS = {
    kind: one for kind in KINDS for one in ENDPOINTS if one.path == f"/{kind}/bulk_delete"
}


@dataclass(frozen=True, slots=True)
class RelatedRequest:
    """A request to delete flows or deployments: its body, its plan, and the ids of its warnings.

    `unknown_keys` are those of the body that the endpoint does not know, and ignores.
    """

    body: bytes
    plan: RelatedPlan
    warnings: frozenset[str]
    unknown_keys: tuple[str, ...]


def parse_object(given: str | bytes | Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The object that JSON, or a mapping, stands for. Raises UsageError; `where` names it."""
    if not isinstance(given, str | bytes | Mapping):
        raise UsageError(f"{where} is a {type(given).__name__}; expected a dict or JSON")
    try:
        value = json.loads(given if isinstance(given, str | bytes) else to_json_text(given, where))
    # RecursionError: of JSON that nests too deep. ValueError: also of bytes that are not UTF-8.
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is no JSON: {to_single_line(str(error), 120)}") from None
    if not isinstance(value, Mapping):
        raise UsageError(f"{where} is {to_single_line(json.dumps(value), 60)}; expected an object")
    return value


def read_related(
    given: str | bytes | Mapping[str, Any], kind: str, dialect: Dialect, now: datetime, where: str
) -> RelatedRequest:
    """What a filter on flows or deployments, or a body with one, is to the servers of a dialect.

    Raises UsageError for one that is refused, or that is none.
    """
    if kind not in KINDS:
        raise UsageError(f"of is {kind!r}; expected one of: {', '.join(KINDS)}")
    value = parse_object(given, where)
    known = {kind, "limit"}
    filter_keys = _FILTERS[kind].model_fields
    is_body = not value or bool(value.keys() & known) or not value.keys() & filter_keys.keys()
    # As it was written, so that a dialect reads what a server would be sent.
    text = given if isinstance(given, str | bytes) else to_json_text(given, where)
    content = text.encode() if isinstance(text, str) else text
    body = content if is_body else b'{"%b": %b}' % (kind.encode(), content.strip())
    endpoint = _ENDPOINTS[kind]
    model: Any = endpoint.model
    try:
        read = read_request(Message(body, JSON_MEDIA_TYPE), model, dialect, now)
    except RefusedRequest as refusal:
        raise UsageError(
            f"{where} is refused by {dialect.name}, and nothing is deleted: "
            f"{refusal_sentence(refusal)}; a filter on {kind} has {', '.join(filter_keys)}"
        ) from None
    plan: Any = endpoint.make_plan(read.request, dialect)
    unknown = [to_single_line(key, 40) for key in value if is_body and key not in known]
    return RelatedRequest(body, plan, read.warnings, tuple(unknown))
