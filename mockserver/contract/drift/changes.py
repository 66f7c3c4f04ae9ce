"""Changes between two documents, and what each means to clients.

A change of a request affects clients that send it, a change of a response those that read it:
`client_impact` is a table over the kind of change, the side and the part that changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """How the other document differs from ours."""

    REMOVED = "removed"
    ADDED = "added"
    NARROWED = "narrowed"
    WIDENED = "widened"
    CHANGED = "changed"  # neither allows all that the other does


class Side(StrEnum):
    """Where a part is used: in what clients send, or in what they read."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class ClientImpact:
    """What a change means to clients, in words, and whether it can break one."""

    description: str
    is_breaking: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `subject` is a schema and field (`Flow.name`), or an operation and a part of it
    (`GET /hello 200`); `aspect` is what changed of it, such as `format` or `property`.
    """

    kind: ChangeKind
    subject: str
    aspect: str
    description: str


_REQUESTS_UNAFFECTED = ClientImpact("existing requests still work", False)
_READERS_UNAFFECTED = ClientImpact("existing clients can still read replies", False)
# Breaking although nothing is refused: a bulk_delete whose filter is ignored deletes any 50 runs.
_IGNORED = ClientImpact("the server ignores it: sending it has no effect", True)
_REJECTED_IF_SENT = ClientImpact("requests with it are rejected", True)
_REJECTED_IF_OMITTED = ClientImpact("requests without it are rejected", True)
_NEVER_RETURNED = ClientImpact("the server may never return it: do not wait for it", True)
_UNEXPECTED = ClientImpact("clients do not expect it", True)

_DEFAULT_IMPACTS: Mapping[tuple[ChangeKind, Side], ClientImpact] = {
    (ChangeKind.REMOVED, Side.REQUEST): _IGNORED,
    (ChangeKind.REMOVED, Side.RESPONSE): ClientImpact("clients that read it do not find it", True),
    (ChangeKind.ADDED, Side.REQUEST): _REQUESTS_UNAFFECTED,
    (ChangeKind.ADDED, Side.RESPONSE): _READERS_UNAFFECTED,
    (ChangeKind.NARROWED, Side.REQUEST): ClientImpact(
        "the server accepts less: other values are rejected", True
    ),
    (ChangeKind.NARROWED, Side.RESPONSE): ClientImpact(
        "the server returns less: existing clients can read it", False
    ),
    (ChangeKind.WIDENED, Side.REQUEST): ClientImpact(
        "the server accepts more: existing requests still work", False
    ),
    (ChangeKind.WIDENED, Side.RESPONSE): ClientImpact(
        "the server may return more than clients expect", True
    ),
    (ChangeKind.CHANGED, Side.REQUEST): ClientImpact(
        "the server accepts other values: existing requests may be rejected", True
    ),
    (ChangeKind.CHANGED, Side.RESPONSE): ClientImpact(
        "the server returns other values: existing clients may not read them", True
    ),
}
_IMPACTS_BY_ASPECT: Mapping[tuple[str, ChangeKind, Side], ClientImpact] = {
    ("operation", ChangeKind.REMOVED, Side.REQUEST): ClientImpact("calls of it are rejected", True),
    ("closed property", ChangeKind.REMOVED, Side.REQUEST): _REJECTED_IF_SENT,
    ("required property", ChangeKind.ADDED, Side.REQUEST): _REJECTED_IF_OMITTED,
    ("required parameter", ChangeKind.ADDED, Side.REQUEST): _REJECTED_IF_OMITTED,
    ("required body", ChangeKind.ADDED, Side.REQUEST): _REJECTED_IF_OMITTED,
    ("required", ChangeKind.NARROWED, Side.REQUEST): _REJECTED_IF_OMITTED,
    ("required", ChangeKind.NARROWED, Side.RESPONSE): _READERS_UNAFFECTED,
    ("required", ChangeKind.WIDENED, Side.REQUEST): _REQUESTS_UNAFFECTED,
    ("required", ChangeKind.WIDENED, Side.RESPONSE): ClientImpact(
        "clients that read it may not find it", True
    ),
    ("default", ChangeKind.CHANGED, Side.REQUEST): ClientImpact(
        "requests without it mean something else", True
    ),
    ("default", ChangeKind.CHANGED, Side.RESPONSE): _READERS_UNAFFECTED,
    ("media type", ChangeKind.REMOVED, Side.REQUEST): _REJECTED_IF_SENT,
    ("status", ChangeKind.REMOVED, Side.RESPONSE): _NEVER_RETURNED,
    ("status", ChangeKind.ADDED, Side.RESPONSE): _UNEXPECTED,
    ("media type", ChangeKind.ADDED, Side.RESPONSE): _UNEXPECTED,
}
"""Exceptions from the defaults, by aspect. An object with `additionalProperties: false` rejects
unknown properties, so a property that it no longer has is a "closed property"."""


def client_impact(change: Change, side: Side) -> ClientImpact:
    """What a change means to clients that send (REQUEST) or read (RESPONSE) the part."""
    special = _IMPACTS_BY_ASPECT.get((change.aspect, change.kind, side))
    return special or _DEFAULT_IMPACTS[change.kind, side]
