"""The ordinals of values of a column: of each of them, or of those that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from itertools import chain
from typing import Any

from pyroaring import BitMap

from ..columns import DictionaryColumn
from .bitmaps import find_bytes

Ordinals = int | BitMap
"""A bitmap, or a plain int for a single ordinal.

Most values of columns such as idempotency_key belong to one run, and a bitmap of one ordinal takes
200 bytes (measured).
"""
# To look for a value in a million bytes takes 2 ms, to look at each byte 75 ms (measured).
MAX_SEARCHES = 32


def find_codes(column: DictionaryColumn, is_wanted: Sequence[bool] | bytearray) -> BitMap:
    """The ordinals of the runs whose code is wanted. 2 ms at a million runs if a byte holds each
    code, else 20 ms (measured).

    `is_wanted`: for each code, whether it is.
    """
    content = column.code_bytes()
    if content is None:
        return find_bytes(bytes(map(is_wanted.__getitem__, column.codes)), {True})
    return find_bytes(content, {code for code, wanted in enumerate(is_wanted) if wanted})


def find_values(values: Iterable[Any], wanted: Container[Any]) -> BitMap:
    """The ordinals of the runs whose value is wanted; `values` are those of the runs, by ordinal.

    50 ms at a million runs (measured), and less if they are encoded.
    """
    if isinstance(values, DictionaryColumn):
        return find_codes(values, [value in wanted for value in values.dictionary])
    return find_bytes(bytes(map(wanted.__contains__, values)), {True})


def group_values(values: Iterable[Any]) -> dict[Any, Ordinals]:
    """The ordinals of each value; `values` are those of the runs, by ordinal."""
    if isinstance(values, DictionaryColumn):
        return group_codes(values, lambda value: (value,))
    found: dict[Any, int | list[int]] = {}
    for ordinal, value in enumerate(values):
        earlier = found.setdefault(value, ordinal)
        if isinstance(earlier, list):
            earlier.append(ordinal)
        elif earlier != ordinal:
            found[value] = [earlier, ordinal]
    return {value: BitMap(it) if isinstance(it, list) else it for value, it in found.items()}


def group_codes(
    column: DictionaryColumn, keys_of: Callable[[Any], Iterable[Any]]
) -> dict[Any, Ordinals]:
    """The ordinals of each key of a column's values, such as of each tag."""
    codes_by_key: dict[Any, list[int]] = {}
    for code, value in enumerate(column.dictionary):
        for key in keys_of(value):
            codes_by_key.setdefault(key, []).append(code)
    content = column.code_bytes()
    if content is not None and len(codes_by_key) <= MAX_SEARCHES:
        searched = (find_bytes(content, frozenset(codes)) for codes in codes_by_key.values())
        return {
            key: found if len(found) > 1 else found[0]
            for key, found in zip(codes_by_key, searched, strict=True)
            if found
        }
    by_code = _group_by_code(column)
    grouped = (
        list(chain.from_iterable(map(by_code.__getitem__, codes)))
        for codes in codes_by_key.values()
    )
    return {
        key: BitMap(found) if len(found) > 1 else found[0]
        for key, found in zip(codes_by_key, grouped, strict=True)
        if found
    }


def _group_by_code(column: DictionaryColumn) -> Sequence[list[int]]:
    found: list[list[int]] = [[] for _ in column.dictionary]
    append_to = [each.append for each in found]
    for ordinal, append in enumerate(map(append_to.__getitem__, column.codes)):
        append(ordinal)
    return found
