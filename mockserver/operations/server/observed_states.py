"""The types and names of the states that runs have been in."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ...filters import MATCH_ALL
from ...prefect import State, StateType, check_storable
from ...requests.objects import ObservedStateSort, ObservedStatesQuery
from ...store import FlowRunIndex, Store, to_microseconds
from .. import Context, Outcome

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Key = tuple[str, str]
"""The type and the name of states."""
_Bounds = tuple[int, int]
"""When a state was entered first and last, in microseconds since 1970."""


def read_observed_states(context: Context, query: ObservedStatesQuery) -> Outcome:
    """List the types and names of states, with the first and the last time that a run entered one.

    Raises ServerFailure for a text that the dialect's database cannot hold.
    """
    prefix = (query.query or "").strip()
    check_storable(context.dialect, texts=(prefix,))
    found = _bounds_of_states(context.store)
    if prefix:
        folded = prefix.lower()
        found = {
            key: bounds
            for key, bounds in found.items()
            if any(text.lower().startswith(folded) for text in key)
        }
    by_name = sorted(found.items())
    if query.order_by is ObservedStateSort.LAST_SEEN_DESC:
        by_name.sort(key=lambda one: -one[1][1])
    return Outcome([_reply(*one) for one in by_name[: query.limit]])


def _reply(key: _Key, bounds: _Bounds) -> dict[str, Any]:
    first, last = (_EPOCH + timedelta(microseconds=each) for each in bounds)
    return {"state_type": key[0], "state_name": key[1], "first_seen": first, "last_seen": last}


def _bounds_of_states(store: Store) -> Mapping[_Key, _Bounds]:
    """The bounds of each type and name of the states that a store knows."""
    found: dict[_Key, _Bounds] = {}
    for key, bounds in (*_present_states(store), *_earlier_states(store)):
        first, last = found.get(key, bounds)
        found[key] = min(first, bounds[0]), max(last, bounds[1])
    return found


def _present_states(store: Store) -> Iterator[tuple[_Key, _Bounds]]:
    parts = (*store.matches(MATCH_ALL), *store.task_run_matches(MATCH_ALL))
    for index, members in parts:
        for (kind, name), entered in _entered_states(index, store).items():
            having = index.value_index("state_name").one_of({name}).within(None) & members
            having &= index.value_index("state_type").one_of({StateType(kind)}).within(None)
            if having:
                yield (kind, name), entered.bounds(having)


def _earlier_states(store: Store) -> Iterator[tuple[_Key, _Bounds]]:
    for states in (*store.remembered.values(), *store.task_run_states.values()):
        for state in states:
            at = to_microseconds(state.timestamp or store.base.loaded_at)
            yield (state.type.value, state.name), (at, at)


class _Entered(NamedTuple):
    """The runs of an index that are in one state, in the order in which they entered it."""

    instants: array[int]
    ordinals: array[int]

    def bounds(self, members: Any) -> _Bounds:
        """When the first and the last of these runs entered the state."""
        places = range(len(self.ordinals))
        first, last = (
            next(place for place in order if self.ordinals[place] in members)
            for order in (places, reversed(places))
        )
        return self.instants[first], self.instants[last]


def _entered_states(index: FlowRunIndex, store: Store) -> Mapping[_Key, _Entered]:
    """The present states of the runs of an index; made when it is first asked for."""

    def make() -> Mapping[_Key, _Entered]:
        by_key: dict[_Key, list[tuple[int, int]]] = {}
        for ordinal, (state, at) in enumerate(_states_with_times(index, store)):
            if state is not None:
                key = (state.type.value, state.name)
                by_key.setdefault(key, []).append((to_microseconds(at), ordinal))
        return {key: _in_order(entered) for key, entered in by_key.items()}

    found: Mapping[_Key, _Entered] = index.prepared.get("observed_states", make)
    return found


def _in_order(entered: list[tuple[int, int]]) -> _Entered:
    entered.sort()
    return _Entered(array("q", (at for at, _ in entered)), array("I", (to for _, to in entered)))


def _states_with_times(
    index: FlowRunIndex, store: Store
) -> Iterable[tuple[State | None, datetime | None]]:
    """The state of each run and when it entered it, as `complete_state` has both."""
    columns = ("state", "start_time", "end_time", "created", "expected_start_time")
    for state, start, end, created, expected in zip(*map(index.values, columns), strict=True):
        at = state and state.timestamp
        if state is not None and at is None:
            at = end if state.is_final else start
            known = (created, expected, start, store.base.loaded_at)
            at = at or min(time for time in known if time is not None)
        yield state, at
