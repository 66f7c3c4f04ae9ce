"""What decides: the conditions of a filter, and how many flow runs hang on each.

Invariant: a condition's number is the size of the difference between what the filter selects and
what it would select without that condition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ...filters import (
    CONDITIONS,
    MATCH_ALL,
    AllOf,
    AnyOf,
    Comparison,
    FlowRunFilter,
    Predicate,
)
from ...prefect import Dialect
from ...store import Store

Path = tuple[int, ...]
"""Where a part of a predicate stands: its place among its parent's parts, from the top down."""


class Effect(StrEnum):
    """What a condition does to the selection: it can make it smaller, or larger."""

    KEEPS_OUT = "keeps out"  # joined by and
    LETS_IN = "lets in"  # joined by or


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a predicate: a condition, or a group of them that is joined by and or by or.

    `key` is where the filter has it, such as `state.type.any_`; a group has the criterion that all
    of it is in, or "".
    """

    path: Path
    predicate: Predicate
    effect: Effect
    key: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What one part of a filter decides: how many runs it alone keeps out, or lets in."""

    key: str
    sentence: str
    effect: Effect
    alone: int

    @property
    def decides(self) -> bool:
        """Whether the filter selects other runs without it."""
        return self.alone > 0


@dataclass(frozen=True, slots=True)
class IdleKey:
    """A key of the filter that decides nothing under the dialect, and why."""

    key: str
    reason: str


def list_parts(predicate: Predicate, keys: Mapping[Predicate, str]) -> Iterator[Part]:
    """The parts of a predicate, from the outside in; a lone condition is a part of itself.

    `keys`: the key of each comparison (see `keys_of`).
    """
    if isinstance(predicate, Comparison):
        yield Part((), predicate, Effect.KEEPS_OUT, keys.get(predicate, ""))
    else:
        yield from _list_parts((), predicate, keys)


def _list_parts(at: Path, group: AllOf | AnyOf, keys: Mapping[Predicate, str]) -> Iterator[Part]:
    effect = Effect.KEEPS_OUT if isinstance(group, AllOf) else Effect.LETS_IN
    for place, part in enumerate(group.parts):
        path = (*at, place)
        yield Part(path, part, effect, _key_of(part, keys))
        if not isinstance(part, Comparison):
            yield from _list_parts(path, part, keys)


def _key_of(predicate: Predicate, keys: Mapping[Predicate, str]) -> str:
    """The key of a comparison, or what the keys of a group have in common."""
    names = [keys.get(one, "").split(".") for one in comparisons_in(predicate)]
    common = []
    for level in zip(*names, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return ".".join(common)


def comparisons_in(predicate: Predicate) -> Iterator[Comparison]:
    """Every comparison of a predicate, in its order."""
    if isinstance(predicate, Comparison):
        yield predicate
    else:
        for part in predicate.parts:
            yield from comparisons_in(part)


def without(predicate: Predicate, path: Path) -> Predicate:
    """The predicate without the part at a path; without its only part it matches every run."""
    if not path or isinstance(predicate, Comparison):
        return MATCH_ALL
    place, *inner = path
    parts = list(predicate.parts)
    parts[place : place + 1] = [without(parts[place], tuple(inner))] if inner else []
    return type(predicate)(tuple(parts))


def count_alone(store: Store, predicate: Predicate, part: Part) -> int:
    """How many runs a part alone keeps out or lets in."""
    other = without(predicate, part.path)
    wide, narrow = (other, predicate) if part.effect is Effect.KEEPS_OUT else (predicate, other)
    return store.difference(wide, narrow, 1)[0]


def list_conditions(
    store: Store, predicate: Predicate, parts: Sequence[Part]
) -> tuple[Condition, ...]:
    """What each part decides among the runs of a store, in the order of the filter."""
    return tuple(
        Condition(part.key, str(part.predicate), part.effect, count_alone(store, predicate, part))
        for part in parts
    )


def keys_of(filter_: FlowRunFilter | None, dialect: Dialect) -> dict[str, Predicate | None]:
    """Each key of a filter that has a value, such as `tags.all_`, and the condition that it is.

    None and `MATCH_ALL` stand for a key that is no condition, such as an empty list.
    """
    found: dict[str, Predicate | None] = {}
    for name, criterion in filter_.given() if filter_ else ():
        if name == "operator":
            continue
        lists = [("state." + key, value) for key, value in criterion.given()]
        for place, inner in lists if name == "state" else [(name, criterion)]:
            for key, value in inner.given() if place in CONDITIONS else ():
                if key != "operator":
                    found[f"{place}.{key}"] = CONDITIONS[place][key](value, dialect)
    return found


def idle_keys(
    keys: Mapping[str, Predicate | None], predicate: Predicate, dialect: Dialect
) -> tuple[IdleKey, ...]:
    """The keys that are no condition of the predicate that the filter compiled to."""
    decisive = set(comparisons_in(predicate))
    return tuple(
        IdleKey(key, _why_idle(key, condition, dialect))
        for key, condition in keys.items()
        if condition not in decisive
    )


def _why_idle(key: str, condition: Predicate | None, dialect: Dialect) -> str:
    if condition is None or condition == MATCH_ALL:
        return "it is empty"
    if key.startswith("state.") and dialect.state_both_lists:
        return f"{dialect.name} drops it, as any_ and not_any_ stand together (state-both-lists)"
    return "another condition is satisfied by every run"
