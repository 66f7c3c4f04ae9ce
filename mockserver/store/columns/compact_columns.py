"""Columns of values that take little memory: values are made when they are read.

Invariant: a column does not change once it is made. `column[n]` is the value of the n-th record,
None where that record has none.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


class ColumnValues(Protocol):
    """The values of one field, in the order of the records."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __getitem__(self, at: int, /) -> Any: ...


class LazyColumn:
    """A column that is computed as a whole when one of its values is first read."""

    __slots__ = ("_count", "_make_values", "_values")

    def __init__(self, count: int, make_values: Callable[[], Sequence[Any]]) -> None:
        self._count = count
        self._make_values: Callable[[], Sequence[Any]] | None = make_values
        self._values: Sequence[Any] = ()

    def _materialize(self) -> Sequence[Any]:
        # Read once: another thread may clear it after the test.
        make_values = self._make_values
        if make_values is not None:
            self._values = make_values()
            # Cleared last: another thread that reads meanwhile computes the values, too, instead
            # of finding none.
            self._make_values = None
        return self._values

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return iter(self._materialize())

    def __getitem__(self, at: int, /) -> Any:
        return self._materialize()[at]


class UuidColumn:
    """A column of uuids of 36 characters, as the lines of one text.

    Neighbours in the column are neighbours in memory, wherever the strings they were made from
    lie. That makes reading many of them in order fast.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def from_values(cls, values: Iterable[str]) -> UuidColumn:
        """A column of these uuids. Each must have 36 characters: it is not checked."""
        return cls("\n".join(values))

    def __len__(self) -> int:
        return (len(self.text) + 1) // _STRIDE

    def __iter__(self) -> Iterator[str]:
        return iter(self.text.split("\n") if self.text else ())

    def __getitem__(self, at: int) -> str:
        return self.text[_STRIDE * at : _STRIDE * at + _STRIDE - 1]

    def get_many(self, positions: Sequence[int]) -> list[str]:
        """The values at ascending positions, all of which must exist."""
        if not positions:
            return []
        first, end = positions[0], positions[-1] + 1
        if end - first > 2 * len(positions):  # most values in between are not wanted
            text = self.text
            return [text[_STRIDE * at : _STRIDE * at + _STRIDE - 1] for at in positions]
        near = self.text[_STRIDE * first : _STRIDE * end - 1].split("\n")
        return near if end - first == len(positions) else [near[at - first] for at in positions]


_STRIDE = 37  # 36 characters and a line feed


class DictionaryColumn:
    """A dictionary-encoded column: its distinct values, and the code (index) of each record's."""

    __slots__ = ("codes", "dictionary")

    def __init__(self, dictionary: ColumnValues, codes: Sequence[int]) -> None:
        self.dictionary = dictionary
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Any]:
        return map(self.dictionary.__getitem__, self.codes)

    def __getitem__(self, at: int, /) -> Any:
        return self.dictionary[self.codes[at]]

    def code_bytes(self) -> bytes | None:
        """The codes, one byte each; None if there are more values than a byte tells apart."""
        if len(self.dictionary) > 256:
            return None
        codes = self.codes
        if isinstance(codes, array) and codes.itemsize == 1:
            return codes.tobytes()
        return codes if isinstance(codes, bytes) else bytes(list(codes))

    def derive(self, of: Callable[[Any], Any]) -> DictionaryColumn:
        """The column of what follows from each value; values may then have several codes."""
        return DictionaryColumn([of(value) for value in self.dictionary], self.codes)

    def in_order(self, order: Sequence[int]) -> DictionaryColumn:
        """The column of the values at these positions."""
        if isinstance(order, range):
            return self
        codes = array("I", map(self.codes.__getitem__, order))
        return DictionaryColumn(self.dictionary, codes)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
NULL_INSTANT = -(1 << 63)  # no datetime (years 1-9999) is that many microseconds from 1970


class TimestampColumn:
    """A column of instants, as microseconds since 1970 in UTC."""

    __slots__ = ("microseconds",)

    def __init__(self, microseconds: array[int]) -> None:
        self.microseconds = microseconds

    @classmethod
    def from_values(cls, moments: Iterable[datetime | None]) -> TimestampColumn:
        """A column of these aware datetimes."""
        return cls(array("q", map(to_microseconds, moments)))

    def __len__(self) -> int:
        return len(self.microseconds)

    def __iter__(self) -> Iterator[datetime | None]:
        return map(_from_microseconds, self.microseconds)

    def __getitem__(self, at: int, /) -> datetime | None:
        return _from_microseconds(self.microseconds[at])


def to_microseconds(moment: datetime | None) -> int:
    """An aware datetime as microseconds since 1970; NULL_INSTANT for None."""
    # Exact: timestamp() is a float, which cannot hold the microseconds of the year 9999.
    return NULL_INSTANT if moment is None else (moment - _EPOCH) // _MICROSECOND


def _from_microseconds(microseconds: int) -> datetime | None:
    return None if microseconds == NULL_INSTANT else _EPOCH + timedelta(0, 0, microseconds)
