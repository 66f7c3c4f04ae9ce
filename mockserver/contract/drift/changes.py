"""What one document says differently from another, and who notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """What became of a part, seen from our document."""

    REMOVED = "removed"
    ADDED = "added"
    NARROWED = "narrowed"
    WIDENED = "widened"
    CHANGED = "changed"  # less of the one and more of the other


class Side(StrEnum):
    """Where a part stands: in what clients send, or in what they read."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class ClientImpact:
    """What a client has of a change, in words; and whether one breaks of it."""

    description: str
    is_breaking: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `subject` is a schema and field, or an operation and part of it.

    `aspect` is what it is a change of, such as `format` or `property`.
    """

    kind: ChangeKind
    subject: str
    aspect: str
    description: str


_NO_SENDER = ClientImpact("no sender notices", False)
_NO_READER = ClientImpact("no reader notices", False)
_SENT_PART_IGNORED = ClientImpact("the server does not look at it: who sends it is not heard", True)
_REJECTED_IF_OMITTED = ClientImpact("who leaves it out is refused", True)
_NO_LONGER_RETURNED = ClientImpact(
    "the server does not tell of it: who waits for it may wait in vain", True
)

_DEFAULT_IMPACTS: Mapping[tuple[ChangeKind, Side], ClientImpact] = {
    (ChangeKind.REMOVED, Side.REQUEST): _SENT_PART_IGNORED,
    (ChangeKind.REMOVED, Side.RESPONSE): ClientImpact("who reads it does not find it", True),
    (ChangeKind.ADDED, Side.REQUEST): _NO_SENDER,
    (ChangeKind.ADDED, Side.RESPONSE): _NO_READER,
    (ChangeKind.NARROWED, Side.REQUEST): ClientImpact(
        "the server takes less: who sends the rest is refused", True
    ),
    (ChangeKind.NARROWED, Side.RESPONSE): ClientImpact(
        "the server answers less: no reader notices", False
    ),
    (ChangeKind.WIDENED, Side.REQUEST): ClientImpact(
        "the server takes more: no sender notices", False
    ),
    (ChangeKind.WIDENED, Side.RESPONSE): ClientImpact(
        "the server may answer more: readers do not expect it", True
    ),
    (ChangeKind.CHANGED, Side.REQUEST): ClientImpact(
        "the server takes other values: senders break", True
    ),
    (ChangeKind.CHANGED, Side.RESPONSE): ClientImpact(
        "the server answers other values: readers break", True
    ),
}
_IMPACTS_BY_ASPECT: Mapping[tuple[str, ChangeKind, Side], ClientImpact] = {
    ("operation", ChangeKind.REMOVED, Side.REQUEST): ClientImpact("who calls it is refused", True),
    ("closed property", ChangeKind.REMOVED, Side.REQUEST): ClientImpact(
        "who sends it is refused", True
    ),
    ("required property", ChangeKind.ADDED, Side.REQUEST): _REJECTED_IF_OMITTED,
    ("required parameter", ChangeKind.ADDED, Side.REQUEST): _REJECTED_IF_OMITTED,
    ("required body", ChangeKind.ADDED, Side.REQUEST): _REJECTED_IF_OMITTED,
    ("required", ChangeKind.NARROWED, Side.REQUEST): _REJECTED_IF_OMITTED,
    ("required", ChangeKind.NARROWED, Side.RESPONSE): _NO_READER,
    ("required", ChangeKind.WIDENED, Side.REQUEST): _NO_SENDER,
    ("required", ChangeKind.WIDENED, Side.RESPONSE): ClientImpact(
        "who reads it may not find it", True
    ),
    ("default", ChangeKind.CHANGED, Side.REQUEST): ClientImpact(
        "who leaves it out asks for something else", True
    ),
    ("default", ChangeKind.CHANGED, Side.RESPONSE): _NO_READER,
    ("media type", ChangeKind.REMOVED, Side.REQUEST): ClientImpact("who sends it is refused", True),
    ("status", ChangeKind.REMOVED, Side.RESPONSE): _NO_LONGER_RETURNED,
    ("status", ChangeKind.ADDED, Side.RESPONSE): ClientImpact("readers do not expect it", True),
    ("media type", ChangeKind.ADDED, Side.RESPONSE): ClientImpact("readers do not expect it", True),
}


def client_impact(change: Change, side: Side) -> ClientImpact:
    """What a change means to who is on a side."""
    special = _IMPACTS_BY_ASPECT.get((change.aspect, change.kind, side))
    return special or _DEFAULT_IMPACTS[change.kind, side]
