"""Comparing a schema of our document with one of another: types, items and properties.

Invariant: each pair of named schemas is compared once for requests and once for responses, however
many operations use them; so schemas that contain themselves come to an end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .changes import Change, ChangeKind, Side
from .keyword_comparison import (
    compare_format,
    compare_range,
    compare_sizes,
    compare_string,
    describe_change,
)
from .pairing import pair_alternatives
from .schemas import (
    ANY,
    MAX_DEPTH,
    Alternative,
    DocumentError,
    SchemaReader,
    are_alike,
    expect_list,
    expect_object,
    format_values,
)


class Comparison:
    """Compares parts of two documents and collects the results.

    `changes` maps each change to the sides on which it shows; `compared` are all subjects.
    """

    def __init__(self, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
        self.ours = SchemaReader(ours)
        self.theirs = SchemaReader(theirs)
        self.changes: dict[Change, set[Side]] = {}
        self.compared: set[str] = set()
        self._done: set[tuple[str, str, Side]] = set()

    def add_change(self, change: Change, side: Side) -> None:
        """Add a change that shows on a side."""
        self.changes.setdefault(change, set()).add(side)

    def compare_required(self, ours: bool, theirs: bool, subject: str, side: Side) -> None:
        """Compare whether a part is required."""
        if ours != theirs:
            kind = ChangeKind.NARROWED if theirs else ChangeKind.WIDENED
            what = f"is {'now' if theirs else 'no longer'} required"
            self.add_change(Change(kind, subject, "required", what), side)

    def note_added_part(self, required: bool, subject: str, aspect: str, side: Side) -> None:
        """Add a part that only the other document has."""
        aspect = f"required {aspect}" if required else aspect
        what = "is new, and required" if required else "is new"
        self.add_change(Change(ChangeKind.ADDED, subject, aspect, what), side)

    def compare_schemas(
        self, ours: Any, theirs: Any, subject: str, side: Side, depth: int = 0
    ) -> None:
        """Compare the schemas of `subject`. `depth` counts the schemas around them.

        Raises DocumentError.
        """
        if depth > MAX_DEPTH:
            raise DocumentError(f"{subject}: schemas within schemas, more than {MAX_DEPTH} deep")
        self.compared.add(subject)
        if are_alike(ours, theirs):  # half of all schemas
            return
        location = _Location(self, subject, side, depth)
        _compare_defaults(location, self.ours.default(ours), self.theirs.default(theirs))
        _compare_alternatives(
            location, self.ours.alternatives(ours), self.theirs.alternatives(theirs)
        )

    def is_first_comparison(self, one: Alternative, other: Alternative, side: Side) -> bool:
        """Whether two schemas have not been compared on this side before, if both are named.

        It remembers that they are compared now.
        """
        if one.name is None or other.name is None:
            return True
        # A component that allows several types has an alternative of its name for each.
        key = (f"{one.type} {one.name}", other.name, side)
        is_first = key not in self._done
        self._done.add(key)
        return is_first


class _Location:
    """A place in both documents, to which changes and nested comparisons belong."""

    def __init__(self, comparison: Comparison, subject: str, side: Side, depth: int) -> None:
        self.comparison = comparison
        self.subject = subject
        self.side = side
        self.depth = depth

    def for_component(self, name: str | None) -> _Location:
        """The location of a named component: a change in it is one of the component, not of each
        of its users. Without a name, this location.
        """
        if name is None:
            return self
        self.comparison.compared.add(name)
        return _Location(self.comparison, name, self.side, self.depth)

    def add_change(self, kind: ChangeKind, aspect: str, what: str) -> None:
        self.comparison.add_change(Change(kind, self.subject, aspect, what), self.side)

    def compare_nested(self, ours: Any, theirs: Any, suffix: str) -> None:
        self.comparison.compare_schemas(
            ours, theirs, self.subject + suffix, self.side, self.depth + 1
        )


def _compare_defaults(location: _Location, ours: str | None, theirs: str | None) -> None:
    if ours != theirs:
        location.add_change(ChangeKind.CHANGED, "default", describe_change("default", ours, theirs))


def _compare_alternatives(
    location: _Location, ours: Sequence[Alternative], theirs: Sequence[Alternative]
) -> None:
    """Compare what two schemas allow: null, enums, then alternatives in pairs."""
    if ANY in _types(ours) | _types(theirs):  # then there are no keywords to compare
        _compare_anything(location, ours, theirs)
        return
    # Before the pairs: a null that is gone and a type that is new are two changes, not one.
    if ("null" in _types(ours)) != ("null" in _types(theirs)):
        gone = "null" in _types(ours)
        kind = ChangeKind.NARROWED if gone else ChangeKind.WIDENED
        location.add_change(kind, "null", f"null is {'gone' if gone else 'new'}")
    left, right = _without_null(ours), _without_null(theirs)
    left, right = _compare_enums(location, left, right)
    pairs, gone_ones, new_ones = pair_alternatives(left, right)
    _compare_unpaired(location, gone_ones, new_ones)
    for one, other in pairs:
        _compare_pair(location, one, other)


def _compare_anything(
    location: _Location, ours: Sequence[Alternative], theirs: Sequence[Alternative]
) -> None:
    if _types(ours) != _types(theirs):
        kind = ChangeKind.WIDENED if ANY in _types(theirs) else ChangeKind.NARROWED
        location.add_change(
            kind, "type", f"{_join_alternatives(ours)} became {_join_alternatives(theirs)}"
        )


def _compare_enums(
    location: _Location, ours: Sequence[Alternative], theirs: Sequence[Alternative]
) -> tuple[list[Alternative], list[Alternative]]:
    """Compare the types for which both list values; return the other alternatives of both."""
    left, right = list(ours), list(theirs)
    for type_ in sorted(_types(ours) & _types(theirs)):
        mine = [one for one in ours if one.type == type_]
        other = [one for one in theirs if one.type == type_]
        if any(one.values is None for one in mine + other):
            continue
        left = [one for one in left if one.type != type_]
        right = [one for one in right if one.type != type_]
        names = {one.name for one in mine}
        here = location.for_component(names.pop() if len(names) == 1 else None)
        _compare_values(here, _values(mine), _values(other))
    return left, right


def _compare_values(location: _Location, ours: frozenset[str], theirs: frozenset[str]) -> None:
    if ours - theirs:
        location.add_change(
            ChangeKind.NARROWED, "value", _describe_values("value", ours - theirs, "gone")
        )
    if theirs - ours:
        location.add_change(
            ChangeKind.WIDENED, "value", _describe_values("value", theirs - ours, "new")
        )


def _compare_unpaired(
    location: _Location, gone: Sequence[Alternative], new: Sequence[Alternative]
) -> None:
    if gone and new:
        one, other = gone[0], new[0]
        if len(gone) == len(new) == 1 and one.type == other.type:
            # Of the same type and yet not a pair: one of them lists its values, the other does not.
            kind = ChangeKind.NARROWED if one.values is None else ChangeKind.WIDENED
            here = location.for_component(one.name) if one.name == other.name else location
            here.add_change(
                kind,
                "value",
                f"{_describe_alternative(one)} became {_describe_alternative(other)}",
            )
        else:
            location.add_change(
                ChangeKind.CHANGED,
                "type",
                f"{_join_alternatives(gone)} became {_join_alternatives(new)}",
            )
    elif gone:
        location.add_change(ChangeKind.NARROWED, "type", f"{_join_alternatives(gone)} is gone")
    elif new:
        location.add_change(ChangeKind.WIDENED, "type", f"{_join_alternatives(new)} is new")


def _compare_pair(location: _Location, one: Alternative, other: Alternative) -> None:
    here = location.for_component(one.name)
    if not location.comparison.is_first_comparison(one, other, location.side):
        return
    if one.type != other.type:
        kind = ChangeKind.WIDENED if other.type == "number" else ChangeKind.NARROWED
        here.add_change(kind, "type", f"{one.type} became {other.type}")
    for compare in _COMPARERS_BY_TYPE.get(one.type, ()):
        compare(here, one, other)


def _compare_items(location: _Location, one: Alternative, other: Alternative) -> None:
    """Compare the items of arrays, and whether they must be unique."""
    unique, unique_there = (bool(side.keywords.get("uniqueItems")) for side in (one, other))
    if unique != unique_there:
        kind = ChangeKind.NARROWED if unique_there else ChangeKind.WIDENED
        location.add_change(
            kind, "uniqueItems", f"uniqueItems is {'new' if unique_there else 'gone'}"
        )
    # In JSON Schema a missing `items`, or a missing position of `prefixItems`, allows anything.
    location.compare_nested(
        one.keywords.get("items", True), other.keywords.get("items", True), "[]"
    )
    first, second = (
        expect_list(s.keywords.get("prefixItems", []), "prefixItems") for s in (one, other)
    )
    for index in range(max(len(first), len(second))):
        ours, theirs = (side[index] if index < len(side) else True for side in (first, second))
        location.compare_nested(ours, theirs, f"[{index}]")


def _compare_properties(location: _Location, one: Alternative, other: Alternative) -> None:
    """Compare the properties of objects, and which are required."""
    ours, theirs = (expect_object(side.keywords.get("properties", {})) for side in (one, other))
    required, required_there = _required(one), _required(other)
    # Pydantic writes this for extra="forbid", as Prefect's filters have it.
    closed = other.keywords.get("additionalProperties") is False
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        field = f"{location.subject}.{name}"
        if name not in theirs:
            aspect = "closed property" if closed else "property"
            change = Change(ChangeKind.REMOVED, field, aspect, "is gone")
            location.comparison.add_change(change, location.side)
        elif name not in ours:
            location.comparison.note_added_part(
                name in required_there, field, "property", location.side
            )
        else:
            location.compare_nested(ours[name], theirs[name], f".{name}")
            location.comparison.compare_required(
                name in required, name in required_there, field, location.side
            )


def _compare_additional_properties(
    location: _Location, one: Alternative, other: Alternative
) -> None:
    """Compare what an object may hold besides its properties, and the names of its keys.

    Both keywords allow anything if they are missing (JSON Schema).
    """
    ours, theirs = (side.keywords.get("additionalProperties", True) for side in (one, other))
    if (ours is False) != (theirs is False):
        closed = theirs is False
        kind = ChangeKind.NARROWED if closed else ChangeKind.WIDENED
        what = f"other keys are {'rejected' if closed else 'allowed'}"
        location.add_change(kind, "additionalProperties", what)
    # An absent keyword, true and {} allow the same (JSON Schema 2020-12).
    elif ours is not False:
        location.compare_nested(ours, theirs, ".*")
    names, names_there = (side.keywords.get("propertyNames", True) for side in (one, other))
    if (names, names_there) != (True, True):
        location.compare_nested(names, names_there, " keys")


_COMPARERS_BY_TYPE: Mapping[
    str, Sequence[Callable[[_Location, Alternative, Alternative], None]]
] = {
    "string": (compare_string, compare_sizes),
    "integer": (compare_format, compare_range),
    "number": (compare_format, compare_range),
    "array": (compare_sizes, _compare_items),
    "object": (
        compare_sizes,
        _compare_properties,
        _compare_additional_properties,
    ),
}


def _describe_values(name: str, values: frozenset[str], fate: str) -> str:
    several = len(values) > 1
    verb = "are" if several else "is"
    return f"{name}{'s' if several else ''} {format_values(values)} {verb} {fate}"


def _types(alternatives: Sequence[Alternative]) -> set[str]:
    return {alternative.type for alternative in alternatives}


def _join_alternatives(alternatives: Sequence[Alternative]) -> str:
    return " or ".join(dict.fromkeys(map(str, alternatives))) or "nothing"


def _describe_alternative(alternative: Alternative) -> str:
    return f"any {alternative.type}" if alternative.values is None else str(alternative)


def _without_null(alternatives: Sequence[Alternative]) -> list[Alternative]:
    return [alternative for alternative in alternatives if alternative.type != "null"]


def _values(alternatives: Sequence[Alternative]) -> frozenset[str]:
    return frozenset[str]().union(*(one.values or () for one in alternatives))


def _required(side: Alternative) -> frozenset[Any]:
    return frozenset(map(str, expect_list(side.keywords.get("required", []), "required")))
