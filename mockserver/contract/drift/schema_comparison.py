"""Two schemas, one of our document and one of another: what the other says differently.

Each named schema is compared once a side, however many operations use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .bounds import Bound, format_bound, numeric_bound, size_bound
from .changes import Change, ChangeKind, Side
from .pairing import format_keyword, pair_alternatives
from .schemas import (
    ANY,
    MAX_DEPTH,
    Alternative,
    DocumentError,
    SchemaReader,
    expect_list,
    expect_object,
    format_values,
)

_LOWER = ("minLength", "minItems", "minProperties")
_UPPER = ("maxLength", "maxItems", "maxProperties")


class Comparison:
    """Collects what is found: `changes` with the sides they show on, `compared` subjects."""

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
        """Compare whether a part has to be there."""
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
        """Compare two schemas, of what `subject` names. Raises DocumentError."""
        if depth > MAX_DEPTH:
            raise DocumentError(f"{subject}: schemas within schemas, more than {MAX_DEPTH} deep")
        self.compared.add(subject)
        location = _Location(self, subject, side, depth)
        location.compare_defaults(self.ours.default(ours), self.theirs.default(theirs))
        location.compare_alternatives(
            self.ours.alternatives(ours), self.theirs.alternatives(theirs)
        )

    def is_first_comparison(self, one: Alternative, other: Alternative, side: Side) -> bool:
        """Whether two named schemas have not been compared on this side before."""
        if one.name is None or other.name is None:
            return True
        key = (f"{one.type} {one.name}", other.name, side)
        new = key not in self._done
        self._done.add(key)
        return new


class _Location:
    """A place in both documents."""

    def __init__(self, comparison: Comparison, subject: str, side: Side, depth: int) -> None:
        self.comparison = comparison
        self.subject = subject
        self.side = side
        self.depth = depth

    def for_component(self, name: str | None) -> _Location:
        """The same place under a component's name."""
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

    def compare_defaults(self, ours: str | None, theirs: str | None) -> None:
        if ours != theirs:
            self.add_change(
                ChangeKind.CHANGED, "default", _describe_change("default", ours, theirs)
            )

    def compare_alternatives(
        self, ours: Sequence[Alternative], theirs: Sequence[Alternative]
    ) -> None:
        """Pair what both let through; tell of what only one does."""
        if ANY in _types(ours) | _types(theirs):
            self._anything(ours, theirs)
            return
        if ("null" in _types(ours)) != ("null" in _types(theirs)):
            gone = "null" in _types(ours)
            kind = ChangeKind.NARROWED if gone else ChangeKind.WIDENED
            self.add_change(kind, "null", f"null is {'gone' if gone else 'new'}")
        left, right = _without_null(ours), _without_null(theirs)
        left, right = self._compare_enums(left, right)
        pairs, gone_ones, new_ones = pair_alternatives(left, right)
        self._unpaired(gone_ones, new_ones)
        for one, other in pairs:
            self._pair(one, other)

    def _anything(self, ours: Sequence[Alternative], theirs: Sequence[Alternative]) -> None:
        if _types(ours) != _types(theirs):
            kind = ChangeKind.WIDENED if ANY in _types(theirs) else ChangeKind.NARROWED
            self.add_change(
                kind, "type", f"{_join_alternatives(ours)} became {_join_alternatives(theirs)}"
            )

    def _compare_enums(
        self, ours: Sequence[Alternative], theirs: Sequence[Alternative]
    ) -> tuple[list[Alternative], list[Alternative]]:
        """Compare types of which both only let some values through; return the rest."""
        left, right = list(ours), list(theirs)
        for type_ in sorted(_types(ours) & _types(theirs)):
            mine = [one for one in ours if one.type == type_]
            other = [one for one in theirs if one.type == type_]
            if any(one.values is None for one in mine + other):
                continue
            left = [one for one in left if one.type != type_]
            right = [one for one in right if one.type != type_]
            names = {one.name for one in mine}
            here = self.for_component(names.pop() if len(names) == 1 else None)
            here.compare_values(_values(mine), _values(other))
        return left, right

    def compare_values(self, ours: frozenset[str], theirs: frozenset[str]) -> None:
        if ours - theirs:
            self.add_change(
                ChangeKind.NARROWED, "value", _describe_values("value", ours - theirs, "gone")
            )
        if theirs - ours:
            self.add_change(
                ChangeKind.WIDENED, "value", _describe_values("value", theirs - ours, "new")
            )

    def _unpaired(self, gone: Sequence[Alternative], new: Sequence[Alternative]) -> None:
        if gone and new:
            one, other = gone[0], new[0]
            if len(gone) == len(new) == 1 and one.type == other.type:
                kind = ChangeKind.NARROWED if one.values is None else ChangeKind.WIDENED
                here = self.for_component(one.name) if one.name == other.name else self
                here.add_change(
                    kind,
                    "value",
                    f"{_describe_alternative(one)} became {_describe_alternative(other)}",
                )
            else:
                self.add_change(
                    ChangeKind.CHANGED,
                    "type",
                    f"{_join_alternatives(gone)} became {_join_alternatives(new)}",
                )
        elif gone:
            self.add_change(ChangeKind.NARROWED, "type", f"{_join_alternatives(gone)} is gone")
        elif new:
            self.add_change(ChangeKind.WIDENED, "type", f"{_join_alternatives(new)} is new")

    def _pair(self, one: Alternative, other: Alternative) -> None:
        here = self.for_component(one.name)
        if not self.comparison.is_first_comparison(one, other, self.side):
            return
        if one.type != other.type:
            kind = ChangeKind.WIDENED if other.type == "number" else ChangeKind.NARROWED
            here.add_change(kind, "type", f"{one.type} became {other.type}")
        for compare in _COMPARERS_BY_TYPE.get(one.type, ()):
            compare(here, one, other)

    def compare_sizes(self, one: Alternative, other: Alternative) -> None:
        """Least and most: values, lengths, numbers of items or keys."""
        for lower, keys in ((True, _LOWER), (False, _UPPER)):
            for key in keys:
                self._bound(key, size_bound(one, key), size_bound(other, key), lower=lower)

    def compare_range(self, one: Alternative, other: Alternative) -> None:
        """Minimum and maximum, the exclusive ones in their place."""
        for lower, key in ((True, "minimum"), (False, "maximum")):
            self._bound(
                key, numeric_bound(one, key, lower), numeric_bound(other, key, lower), lower=lower
            )
        self.compare_keyword("multipleOf", one, other)

    def _bound(self, key: str, ours: Bound | None, theirs: Bound | None, *, lower: bool) -> None:
        if ours == theirs:
            return
        if ours is None or theirs is None:
            wider = theirs is None
        else:
            wider = theirs < ours if lower else theirs > ours
        kind = ChangeKind.WIDENED if wider else ChangeKind.NARROWED
        self.add_change(kind, key, _describe_change(key, format_bound(ours), format_bound(theirs)))

    def compare_keyword(self, key: str, one: Alternative, other: Alternative) -> None:
        """A keyword that is one or another, such as a format."""
        ours, theirs = one.keywords.get(key), other.keywords.get(key)
        if ours == theirs:
            return
        kind = (
            ChangeKind.WIDENED
            if theirs is None
            else ChangeKind.NARROWED
            if ours is None
            else ChangeKind.CHANGED
        )
        texts = [None if text is None else format_keyword(text) for text in (ours, theirs)]
        self.add_change(kind, key, _describe_change(key, *texts))

    def compare_string(self, one: Alternative, other: Alternative) -> None:
        self.compare_keyword("format", one, other)
        self.compare_keyword("pattern", one, other)

    def compare_format(self, one: Alternative, other: Alternative) -> None:
        self.compare_keyword("format", one, other)

    def compare_items(self, one: Alternative, other: Alternative) -> None:
        """What a list holds, and whether twice."""
        unique, unique_there = (bool(side.keywords.get("uniqueItems")) for side in (one, other))
        if unique != unique_there:
            kind = ChangeKind.NARROWED if unique_there else ChangeKind.WIDENED
            self.add_change(
                kind, "uniqueItems", f"uniqueItems is {'new' if unique_there else 'gone'}"
            )
        self.compare_nested(
            one.keywords.get("items", True), other.keywords.get("items", True), "[]"
        )
        first, second = (
            expect_list(s.keywords.get("prefixItems", []), "prefixItems") for s in (one, other)
        )
        for index in range(max(len(first), len(second))):
            ours, theirs = (side[index] if index < len(side) else True for side in (first, second))
            self.compare_nested(ours, theirs, f"[{index}]")

    def compare_properties(self, one: Alternative, other: Alternative) -> None:
        """The properties of an object, and which must be there."""
        ours, theirs = (expect_object(side.keywords.get("properties", {})) for side in (one, other))
        must, must_there = _required(one), _required(other)
        closed = other.keywords.get("additionalProperties") is False
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            field = f"{self.subject}.{name}"
            if name not in theirs:
                aspect = "closed property" if closed else "property"
                change = Change(ChangeKind.REMOVED, field, aspect, "is gone")
                self.comparison.add_change(change, self.side)
            elif name not in ours:
                self.comparison.note_added_part(name in must_there, field, "property", self.side)
            else:
                self.compare_nested(ours[name], theirs[name], f".{name}")
                self.comparison.compare_required(name in must, name in must_there, field, self.side)

    def compare_additional_properties(self, one: Alternative, other: Alternative) -> None:
        """What an object may hold besides its properties."""
        ours, theirs = (side.keywords.get("additionalProperties", True) for side in (one, other))
        if (ours is False) != (theirs is False):
            closed = theirs is False
            kind = ChangeKind.NARROWED if closed else ChangeKind.WIDENED
            what = f"other keys are {'refused' if closed else 'let through'}"
            self.add_change(kind, "additionalProperties", what)
        elif ours is not False:
            self.compare_nested(ours, theirs, ".*")
        names, names_there = (side.keywords.get("propertyNames", True) for side in (one, other))
        if (names, names_there) != (True, True):
            self.compare_nested(names, names_there, " keys")


_COMPARERS_BY_TYPE: Mapping[
    str, Sequence[Callable[[_Location, Alternative, Alternative], None]]
] = {
    "string": (_Location.compare_string, _Location.compare_sizes),
    "integer": (_Location.compare_format, _Location.compare_range),
    "number": (_Location.compare_format, _Location.compare_range),
    "array": (_Location.compare_sizes, _Location.compare_items),
    "object": (
        _Location.compare_sizes,
        _Location.compare_properties,
        _Location.compare_additional_properties,
    ),
}


def _describe_change(name: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"{name} {after} is new"
    return f"{name} {before} is gone" if after is None else f"{name} {before} became {after}"


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
