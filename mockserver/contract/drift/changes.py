"""What one document says differently from another, and who notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
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
class Effect:
    """What a client has of a change, in words; and whether one breaks of it."""

    words: str
    breaks: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `subject` is a schema and field, or an operation and part of it.

    `aspect` is what it is a change of, such as `format` or `property`.
    """

    kind: Kind
    subject: str
    aspect: str
    what: str


_NO_SENDER = Effect("no sender notices", False)
_NO_READER = Effect("no reader notices", False)
_NOT_HEARD = Effect("the server does not look at it: who sends it is not heard", True)
_REFUSED_WITHOUT = Effect("who leaves it out is refused", True)
_NOT_TOLD = Effect("the server does not tell of it: who waits for it may wait in vain", True)

_ANY_ASPECT: Mapping[tuple[Kind, Side], Effect] = {
    (Kind.REMOVED, Side.REQUEST): _NOT_HEARD,
    (Kind.REMOVED, Side.RESPONSE): Effect("who reads it does not find it", True),
    (Kind.ADDED, Side.REQUEST): _NO_SENDER,
    (Kind.ADDED, Side.RESPONSE): _NO_READER,
    (Kind.NARROWED, Side.REQUEST): Effect(
        "the server takes less: who sends the rest is refused", True
    ),
    (Kind.NARROWED, Side.RESPONSE): Effect("the server answers less: no reader notices", False),
    (Kind.WIDENED, Side.REQUEST): Effect("the server takes more: no sender notices", False),
    (Kind.WIDENED, Side.RESPONSE): Effect(
        "the server may answer more: readers do not expect it", True
    ),
    (Kind.CHANGED, Side.REQUEST): Effect("the server takes other values: senders break", True),
    (Kind.CHANGED, Side.RESPONSE): Effect("the server answers other values: readers break", True),
}
_BY_ASPECT: Mapping[tuple[str, Kind, Side], Effect] = {
    ("operation", Kind.REMOVED, Side.REQUEST): Effect("who calls it is refused", True),
    ("closed property", Kind.REMOVED, Side.REQUEST): Effect("who sends it is refused", True),
    ("required property", Kind.ADDED, Side.REQUEST): _REFUSED_WITHOUT,
    ("required parameter", Kind.ADDED, Side.REQUEST): _REFUSED_WITHOUT,
    ("required body", Kind.ADDED, Side.REQUEST): _REFUSED_WITHOUT,
    ("required", Kind.NARROWED, Side.REQUEST): _REFUSED_WITHOUT,
    ("required", Kind.NARROWED, Side.RESPONSE): _NO_READER,
    ("required", Kind.WIDENED, Side.REQUEST): _NO_SENDER,
    ("required", Kind.WIDENED, Side.RESPONSE): Effect("who reads it may not find it", True),
    ("default", Kind.CHANGED, Side.REQUEST): Effect(
        "who leaves it out asks for something else", True
    ),
    ("default", Kind.CHANGED, Side.RESPONSE): _NO_READER,
    ("media type", Kind.REMOVED, Side.REQUEST): Effect("who sends it is refused", True),
    ("status", Kind.REMOVED, Side.RESPONSE): _NOT_TOLD,
    ("status", Kind.ADDED, Side.RESPONSE): Effect("readers do not expect it", True),
    ("media type", Kind.ADDED, Side.RESPONSE): Effect("readers do not expect it", True),
}


def effect(change: Change, side: Side) -> Effect:
    """What a change means to who is on a side."""
    special = _BY_ASPECT.get((change.aspect, change.kind, side))
    return special or _ANY_ASPECT[change.kind, side]
