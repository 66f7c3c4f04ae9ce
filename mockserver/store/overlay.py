"""Records by id: the loaded ones and, over them, what has changed since.

Invariant: the loaded records are never changed. `_hidden` has the ids of those that were deleted
or replaced, `_changed` the records that replace them or are new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Generic, Protocol, TypeVar


class Record(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Record)


class Overlay(Generic[R]):
    """A view of loaded records that can be changed without changing them. Not thread-safe."""

    __slots__ = ("_changed", "_hidden", "_loaded")

    def __init__(self, loaded: Mapping[str, R]) -> None:
        self._loaded = loaded
        self._hidden: set[str] = set()
        self._changed: dict[str, R] = {}

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._changed or (
            record_id in self._loaded and record_id not in self._hidden
        )

    def __len__(self) -> int:
        # A record that replaces a loaded one is in both, and counts once.
        return len(self._loaded) - len(self._hidden) + len(self._changed)

    def __iter__(self) -> Iterator[R]:
        """Every record: the loaded ones that are unchanged, then the others."""
        for record_id, record in self._loaded.items():
            if record_id not in self._hidden:
                yield record
        yield from self._changed.values()

    def get(self, record_id: str | None) -> R | None:
        """The record with this id (lower-case text), or None."""
        if record_id is None:
            return None
        # Before `_hidden`, which has the ids of replaced records, too.
        changed = self._changed.get(record_id)
        if changed is not None:
            return changed
        return None if record_id in self._hidden else self._loaded.get(record_id)

    @property
    def hidden(self) -> AbstractSet[str]:
        """The ids of the loaded records that were deleted or replaced."""
        return self._hidden

    @property
    def changed(self) -> Iterable[R]:
        """The records that are new or replace a loaded one."""
        return self._changed.values()

    def put(self, record: R) -> None:
        """Add a record, or replace the one with its id."""
        if record.id in self._loaded:
            self._hidden.add(record.id)
        self._changed[record.id] = record

    def drop(self, record_ids: Iterable[str]) -> None:
        """Delete records. Ids that do not exist are ignored."""
        for record_id in record_ids:
            self._changed.pop(record_id, None)
            if record_id in self._loaded:
                self._hidden.add(record_id)

    def fork(self) -> Overlay[R]:
        """An independent overlay with the same records.

        The time it takes depends on the number of changes, not of loaded records.
        """
        other: Overlay[R] = Overlay(self._loaded)
        other._hidden = self._hidden.copy()
        other._changed = self._changed.copy()
        return other
