"""What is asked about flows and deployments: filters of each key, of pairs, with side filters.

A twin tells what a key decides, so no request is needed to find out which filters are worth one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product, zip_longest
from random import Random
from typing import Any

from ...filters import Path, without_value
from ..server import PAGE
from .created_records import KINDS
from .related_twin import IdsOrStatus, RelatedTwin

Json = Any
Filters = Mapping[str, Json]
"""The filters of a body, by the kind of record."""
_DRAWS = 4  # chosen: a pair of keys that none of these decides is left out
NOBODY = "01234567-89ab-4cde-8f01-23456789abcd"


@dataclass(frozen=True, slots=True)
class Question:
    """Filters for a body about `kind`: one of its own, perhaps one of another kind beside it."""

    kind: str
    filters: Filters

    @property
    def own(self) -> Json:
        """The filter of its own kind."""
        return self.filters.get(self.kind, {})

    @property
    def paths(self) -> Sequence[Path]:
        """The path of each value that is not null, and of each operator that is or_."""
        return tuple(_paths(self.filters))

    @property
    def keys(self) -> frozenset[str]:
        """The paths, each as one text such as `flows.name.like_`."""
        return frozenset(map(".".join, self.paths))

    def without(self, path: Path) -> Question:
        """The question without a value, and without the objects that hold no other."""
        return Question(self.kind, without_value(self.filters, path))


def _paths(value: Json, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif value is not None and value != "and_":
        yield path


def decided_paths(question: Question, answer: Callable[[Question], object]) -> set[Path]:
    """The paths of a question without whose value it would be answered otherwise."""
    given = answer(question)
    return {path for path in question.paths if answer(question.without(path)) != given}


def listed(twin: RelatedTwin, question: Question) -> IdsOrStatus:
    """What a twin lists for a question."""
    return twin.list_ids(question.kind, {**question.filters, "limit": PAGE})


def plan_questions(
    records: Mapping[str, list[Json]], seed: int, twin: RelatedTwin | None = None
) -> Iterator[Question]:
    """Questions about records: each key alone, with side filters, with its own or_, in pairs.

    Flows and deployments by turns, so that whatever the budget, both are asked about. With a `twin`
    of the records: no pairs of which one key decides nothing.
    """
    random = Random(seed)  # noqa: S311 - test data
    values = {kind: _values(kind, records[kind]) for kind in KINDS}
    for parts in (
        [_alone(kind, values[kind]) for kind in KINDS],
        [_beside(kind) for kind in KINDS],
        [_with_own_or(kind) for kind in KINDS],
        [_pairs(kind, values[kind], twin, random) for kind in KINDS],
    ):
        yield from (one for row in zip_longest(*parts) for one in row if one is not None)


Key = tuple[str, str]
"""A criterion and one of its keys."""
Values = Mapping[Key, Sequence[Json]]


# Neighbours of names differ by case and by what matches a wildcard; "" is a condition as well.
_TEXTS = ("%1", "_b", "ÜBER", "", "no such text")


def _values(kind: str, records: Sequence[Json]) -> Values:
    """Values for each key of a filter; of most keys some that match, and one that matches none."""
    ids = [one["id"] for one in records]
    names = [one["name"] for one in records]
    is_flow = kind == "flows"
    texts = (*(("etl", "l_1") if is_flow else ("serve", "e_1")), *_TEXTS)
    shared: dict[Key, Sequence[Json]] = {
        ("id", "any_"): (ids[:1], ids[1:3], [NOBODY], []),
        ("id", "not_any_"): (ids[:1], ids[:3], []),
        ("name", "any_"): (names[:1], names[1:4], [names[1].swapcase()], []),
        ("name", "like_"): texts,
        ("tags", "all_"): (["nightly"], ["nightly", "etl"], ["NIGHTLY"], []),
        ("tags", "is_null_"): (True, False),
    }
    if is_flow:
        return {**shared, ("deployment", "is_null_"): (True, False)}
    return {
        **shared,
        ("tags", "any_"): (["etl"], ["Nightly", "etl"], []),
        ("paused", "eq_"): (True, False),
        ("flow_or_deployment_name", "like_"): texts,
        ("work_queue_name", "any_"): (["default"], []),
    }


def _alone(kind: str, values: Values) -> Iterator[Question]:
    yield Question(kind, {})
    for (criterion, key), given in values.items():
        for value in given:
            yield Question(kind, {kind: {criterion: {key: value}}})


# What a body of each kind may have beside its own filter. One run has to match both filters on
# runs (Prefect: models/deployments.py, _apply_deployment_filters).
_SIDES: Mapping[str, Sequence[Filters]] = {
    "flow_runs": (
        {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}},
        {"flow_runs": {"tags": {"all_": ["nightly"]}}},
        {"flow_runs": {"tags": {"all_": ["etl"]}}, "task_runs": {"name": {"any_": ["load"]}}},
    ),
    "task_runs": (
        {"task_runs": {"name": {"any_": ["extract"]}}},
        {"task_runs": {"name": {"like_": "EXTRACT"}}},
        {"task_runs": {"subflow_runs": {"exists_": True}}},
    ),
    "deployments": (
        {"deployments": {"tags": {"all_": ["nightly"]}}},
        {"deployments": {"paused": {"eq_": True}}},
        {"deployments": {}},
        {"deployments": {"operator": "or_", "name": {"like_": "serve"}, "paused": {"eq_": True}}},
    ),
    "flows": (
        {"flows": {"tags": {"all_": ["nightly"]}}},
        {"flows": {"name": {"like_": "ber_b"}}},
        {"flows": {"operator": "or_", "tags": {"is_null_": True}, "name": {"like_": "kept"}}},
    ),
}


def _beside(kind: str) -> Iterator[Question]:
    """A side filter alone, and beside filters of the kind itself."""
    for other, sides in _SIDES.items():
        for side in sides if other != kind else ():
            yield Question(kind, side)
            for own in ({"tags": {"is_null_": False}}, {"name": {"like_": "1"}}):
                yield Question(kind, {kind: own, **side})


def _with_own_or(kind: str) -> Iterator[Question]:
    """Two conditions on tags that the criterion's own operator joins."""
    conditions: Sequence[Json] = (
        {"all_": ["nightly", "etl"], "is_null_": True},
        {"all_": ["nightly"], "is_null_": False},
        *(({"all_": ["nightly"], "any_": ["etl"]},) if kind == "deployments" else ()),
    )
    for condition, operator in product(conditions, ("or_", "and_")):
        yield Question(kind, {kind: {"tags": {"operator": operator, **condition}}})


def _pairs(
    kind: str, values: Values, twin: RelatedTwin | None, random: Random
) -> Iterator[Question]:
    """For each pair of keys, under and_ and under or_, a filter; with a twin, both decide in it."""
    for operator, (first, second) in product(("and_", "or_"), combinations(values, 2)):
        for _ in range(_DRAWS):
            own: Json = {"operator": operator}
            for criterion, key in (first, second):
                value = random.choice(values[criterion, key])
                own[criterion] = {**own.get(criterion, {}), key: value}
            question = Question(kind, {kind: own})
            if twin is None or _decides(question, (first, second), twin):
                yield question
                break


def _decides(question: Question, keys: Sequence[Key], twin: RelatedTwin) -> bool:
    """Whether each of the keys decides what a twin lists."""
    decided = decided_paths(question, lambda one: listed(twin, one))
    return set(keys) <= {path[1:] for path in decided}
