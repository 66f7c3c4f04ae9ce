"""Columns that take little, and make their values when these are asked for."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


class Values(Protocol):
    """The values of records in some field, in the order of the records."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __getitem__(self, at: int, /) -> Any: ...


class Later:
    """A column that is made as a whole, when the first of its values is asked for."""

    __slots__ = ("_count", "_made", "_make")

    def __init__(self, count: int, make: Callable[[], Sequence[Any]]) -> None:
        self._count = count
        self._make: Callable[[], Sequence[Any]] | None = make
        self._made: Sequence[Any] = ()

    def _all(self) -> Sequence[Any]:
        make = self._make
        if make is not None:
            self._made = make()
            self._make = None  # only now: another thread may ask, too
        return self._made

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def __getitem__(self, at: int, /) -> Any:
        return self._all()[at]


class Few:
    """A column of few different values: these, and of each record which of them it has."""

    __slots__ = ("codes", "different")

    def __init__(self, different: Sequence[Any], codes: Sequence[int]) -> None:
        self.different = different
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Any]:
        return map(self.different.__getitem__, self.codes)

    def __getitem__(self, at: int, /) -> Any:
        return self.different[self.codes[at]]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NULL = -(1 << 63)  # no year of 1-9999 is that many microseconds from 1970


class Times:
    """A column of instants: microseconds since 1970."""

    __slots__ = ("microseconds",)

    def __init__(self, microseconds: array[int]) -> None:
        self.microseconds = microseconds

    @classmethod
    def of(cls, moments: Iterable[datetime | None]) -> Times:
        """These instants."""
        return cls(array("q", map(_since, moments)))

    def __len__(self) -> int:
        return len(self.microseconds)

    def __iter__(self) -> Iterator[datetime | None]:
        return map(_moment, self.microseconds)

    def __getitem__(self, at: int, /) -> datetime | None:
        return _moment(self.microseconds[at])


def _since(moment: datetime | None) -> int:
    return _NULL if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(since: int) -> datetime | None:
    return None if since == _NULL else _EPOCH + timedelta(0, 0, since)
