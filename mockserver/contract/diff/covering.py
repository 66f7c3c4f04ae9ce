"""The order in which filters are tried: whatever the budget, it is spread over all cells.

First the filters of the sweep that decide most (a greedy cover of all cells and values), then a
covering array: filters in which each pair of keys decides together, under and_ and under or_ (2-way
coverage as in Kuhn, Kacker and Lei, NIST SP 800-142), then the rest of the sweep, each key in turn.
A twin tells what decides, so that no request is needed to find out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations, product, zip_longest
from random import Random
from typing import Any

from ...filters import CONDITIONS
from .coverage import decided_cells, operator_of
from .filter_sweep import (
    OPERATORS,
    as_filter,
    has_own_operator,
    iter_conditions,
    sample_values,
    sweep,
)
from .twin import Twin
from .vocabulary import Vocabulary

Json = Any
Key = tuple[str, str]
"""A criterion and one of its keys."""
Pair = tuple[str, Key, Key]
"""Two keys, and the operator of their filter."""
_DRAWS = 8  # chosen: a pair that none of these decides is left to random filters
_MAX_KEYS = 4
_OWN_OPERATOR_RATE = 0.5


def plan_filters(vocabulary: Vocabulary, twin: Twin, seed: int) -> Iterator[Json]:
    """Filters to try on the runs of `twin`, those that decide most first, each once."""
    seen: set[str] = set()
    chosen, others = _cover(list(sweep(vocabulary)), twin)
    pairs = _cover_pairs(vocabulary, twin, Random(seed))  # noqa: S311 - test data
    for filter_body in chain(chosen, pairs, _by_turns(others)):
        text = json.dumps(filter_body, sort_keys=True)
        if text not in seen:
            seen.add(text)
            yield filter_body


def _cover(filters: Sequence[Json], twin: Twin) -> tuple[list[Json], list[Json]]:
    """Filters that decide all which any of them decides, in order of gain; and the others.

    Of those that gain the same, the one that selects the fewest runs: it is answered soonest.
    """
    left = [(_decisions(one, twin), _count_selected(one, twin), one) for one in filters]
    chosen: list[Json] = []
    covered: set[object] = set()
    while left:
        gain, _, best = max(
            (len(decided - covered), -count, -at) for at, (decided, count, _) in enumerate(left)
        )
        if not gain:
            break
        decided, _, filter_body = left.pop(-best)
        covered |= decided
        chosen.append(filter_body)
    return chosen, [filter_body for _, _, filter_body in left]


def _decisions(filter_body: Json, twin: Twin) -> set[object]:
    """What trying a filter decides: its cells, each of its values once, and where null is none."""
    cells = decided_cells(filter_body, twin)
    deciding = {cell[:2] for cell in cells}
    decided: set[object] = {*cells}
    for criterion, key, value in iter_conditions(filter_body):
        if value is None:
            decided.add((criterion, key, operator_of(filter_body, criterion)))
        elif (criterion, key) in deciding:
            decided.add((criterion, key, json.dumps(value)))
    return decided


def _count_selected(filter_body: Json, twin: Twin) -> int:
    selected = twin.select(filter_body)
    return 0 if isinstance(selected, int) else len(selected)


def _by_turns(filters: Iterable[Json]) -> Iterator[Json]:
    """The filters with those of each first key in turn."""
    by_key: dict[Any, list[Json]] = {}
    for filter_body in filters:
        first = next((one[:2] for one in iter_conditions(filter_body)), None)
        by_key.setdefault(first, []).append(filter_body)
    for row in zip_longest(*by_key.values()):
        yield from (filter_body for filter_body in row if filter_body is not None)


def _cover_pairs(vocabulary: Vocabulary, twin: Twin, random: Random) -> Iterator[Json]:
    """Filters in which two keys decide together, until each pair of keys has."""
    keys = [(criterion, key) for criterion, names in CONDITIONS.items() for key in names]
    values = {one: list(sample_values(vocabulary, *one)) for one in keys}
    decided: set[Pair] = set()
    for operator, (first, second) in product(OPERATORS, combinations(keys, 2)):
        for _ in range(_DRAWS):
            if (operator, first, second) in decided:
                break
            chosen = (first, second, *random.sample(keys, _MAX_KEYS - 2))
            filter_body = _join({one: random.choice(values[one]) for one in chosen}, random)
            filter_body["operator"] = operator
            found = _decided_pairs(filter_body, twin)
            if (operator, first, second) in found:
                decided |= found
                yield filter_body


def _join(values: Mapping[Key, Json], random: Random) -> Json:
    """A filter with these values; a criterion of two keys has an operator of its own or none."""
    joined: Json = {}
    for (criterion, key), value in values.items():
        (name, conditions), *_ = as_filter(criterion, {key: value}).items()
        known = joined.setdefault(name, {})
        if known and has_own_operator(criterion) and random.random() < _OWN_OPERATOR_RATE:
            known["operator"] = "or_"
        for part, inner in conditions.items():
            is_part = name == "state" and part in known
            known[part] = {**known[part], **inner} if is_part else inner
    return joined


def _decided_pairs(filter_body: Json, twin: Twin) -> set[Pair]:
    """The pairs of keys that both decide in a filter."""
    deciding = {cell[:2] for cell in decided_cells(filter_body, twin)}
    order = [
        (criterion, key)
        for criterion, names in CONDITIONS.items()
        for key in names
        if (criterion, key) in deciding
    ]
    return {(filter_body["operator"], *pair) for pair in combinations(order, 2)}
