"""Hypothesis strategies for filters of any size, and for traces: runs to create, and deletes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from ...filters import CONDITIONS
from ...prefect import StateType
from ..server import CREATOR_IDS, DEPLOYMENT_IDS, Draft, StateDraft
from .filter_sweep import LIKE_KEY, LIST_KEYS, NULL_KEY, OPERATORS, has_own_operator
from .vocabulary import Vocabulary, placeholder_vocabulary

Json = Any


def filters(vocabulary: Vocabulary) -> st.SearchStrategy[dict[str, Json]]:
    """Filters of up to four criteria, with values of the vocabulary. They shrink to {}."""
    criteria = {}
    for criterion, keys in CONDITIONS.items():
        conditions = _some_keys({key: _values(vocabulary, criterion, key) for key in keys})
        # Hypothesis shrinks towards the first alternative, so none() stands first everywhere.
        criteria[criterion] = st.none() | conditions
    state = _some_keys({part: criteria.pop(f"state.{part}") for part in ("type", "name")})
    strategies = {
        name: _maybe_with_operator(name, strategy) for name, strategy in criteria.items()
    } | {"state": st.none() | _maybe_with_operator("state", state)}
    return _maybe_with_operator("", _some_keys(strategies, most=4))


def _some_keys(
    strategies: Mapping[str, st.SearchStrategy[Json]], most: int = 3
) -> st.SearchStrategy[dict[str, Json]]:
    """An object with up to `most` of the keys."""
    keys = st.lists(st.sampled_from(list(strategies)), max_size=most, unique=True)
    return keys.flatmap(
        lambda chosen: st.fixed_dictionaries({key: strategies[key] for key in chosen})
    )


def _maybe_with_operator(
    criterion: str, strategy: st.SearchStrategy[Json]
) -> st.SearchStrategy[Json]:
    """The same, sometimes with an operator if the criterion ("": the filter) can have one."""
    if criterion and not has_own_operator(criterion):
        return strategy

    def join(value: Json, operator: str | None) -> Json:
        return value if value is None or operator is None else {**value, "operator": operator}

    return st.builds(join, strategy, st.none() | st.sampled_from(OPERATORS))


def _values(vocabulary: Vocabulary, criterion: str, key: str) -> st.SearchStrategy[Json]:
    values = list(vocabulary.values_for(criterion, key))
    one = st.sampled_from(values)
    if key == NULL_KEY:
        return st.none() | st.booleans()
    if key == LIKE_KEY:
        return st.none() | _patterns([str(value) for value in values])
    if key in LIST_KEYS:
        return st.none() | st.lists(one, max_size=4) | st.lists(one, min_size=5, max_size=20)
    return st.none() | one


def _patterns(names: Sequence[str]) -> st.SearchStrategy[str]:
    """Parts of names in any case, with or without characters that some dialect treats specially."""
    part = st.builds(
        lambda name, start, length: name[start % (len(name) + 1) :][:length],
        st.sampled_from(names),
        st.integers(0, 12),
        st.integers(0, 5),
    )
    # Wildcards, escapes of PostgreSQL, a line break, which wildcards match, too, and NUL, which
    # ends a pattern of SQLite (deviations like-wildcards and like-nul).
    special = st.sampled_from(("", "%", "_", "\\", "_%", "\\%", "\\_", "\\\\", "\n", "\0"))
    case = st.sampled_from((str, str.lower, str.upper, str.swapcase, str.casefold))
    pieces = st.lists(st.tuples(part, special).map("".join), min_size=1, max_size=2)
    return st.builds(lambda change, texts: change("".join(texts)), case, pieces)


# --- traces ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A bulk_delete: a filter, whose values may be `FieldRef`s, and a limit (None: not given)."""

    filter_body: Json
    limit: int | None

    def body(self, filter_body: Json) -> Json:
        """The body to send, with a filter whose references are resolved."""
        limit = {} if self.limit is None else {"limit": self.limit}
        return {**({} if filter_body is None else {"flow_runs": filter_body}), **limit}


@dataclass(frozen=True, slots=True)
class Trace:
    """Flow runs to create, and the deletes to send then, in order."""

    drafts: Sequence[Draft]
    steps: Sequence[Step]


MAX_DRAFTS, MAX_STEPS = 6, 4
# Neighbours differ in case, or by wildcards: in LIKE, 100% matches 1001 and a_b matches aXb.
_SAMPLE_TEXTS: Mapping[str, Sequence[str]] = {
    "names": ("a", "A", "etl", "ETL-1", "100%", "1001", "a_b", "aXb", "ü", "Ü"),
    "tags": ("x", "X", "a b"),
    "queues": ("default", "Default"),
    "state_names": ("Late", "late", "Completed", "Failed", "Pending"),
    "versions": ("1", "v1", "V1"),
}


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Traces of a few flow runs and a few deletes, whose filters refer to these runs."""
    drafts = draw(st.integers(1, MAX_DRAFTS).flatmap(_drafts))
    return Trace(drafts, draw(_steps_on(len(drafts))))


@cache  # hypothesis examines a strategy each time that it is made, which took a third of a search
def _steps_on(count: int) -> st.SearchStrategy[list[Step]]:
    """Steps on so many runs."""
    vocabulary = placeholder_vocabulary(count, _SAMPLE_TEXTS)
    # Low limits leave runs that match; 50 is the maximum that openapi.yaml allows.
    steps = st.builds(
        Step, st.none() | filters(vocabulary), st.none() | st.integers(1, 4) | st.just(50)
    )
    return st.lists(steps, min_size=1, max_size=MAX_STEPS)


@cache
def _drafts(count: int) -> st.SearchStrategy[tuple[Draft, ...]]:
    return st.tuples(*map(_draft, range(count)))


def _draft(index: int) -> st.SearchStrategy[Draft]:
    """A draft for the run at this index; its parent is one of the runs before it, or none."""

    def perhaps(values: Sequence[Any]) -> st.SearchStrategy[Any]:
        return st.none() | st.sampled_from(values)

    states = st.builds(
        StateDraft, st.sampled_from(list(StateType)), perhaps(_SAMPLE_TEXTS["state_names"])
    )
    tags = st.lists(st.sampled_from(_SAMPLE_TEXTS["tags"]), max_size=2, unique=True)
    return st.builds(
        Draft,
        name=st.sampled_from(_SAMPLE_TEXTS["names"]),
        states=st.lists(states, min_size=1, max_size=2).map(tuple),
        tags=tags.map(tuple),
        version=perhaps(_SAMPLE_TEXTS["versions"]),
        key=st.booleans(),
        queue=perhaps(_SAMPLE_TEXTS["queues"]),
        deployment_id=perhaps(DEPLOYMENT_IDS),
        creator_id=perhaps(CREATOR_IDS),
        parent=st.none() | st.integers(0, index - 1) if index else st.none(),
    )
