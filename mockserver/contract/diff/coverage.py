"""Which cells were tried, and how often each decided what a filter selects.

A cell is a key of a criterion, with the shape of its value and the operator that joins it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import nlargest
from itertools import chain
from typing import Any

from ...filters import CONDITIONS
from ..findings import Table
from .filter_sweep import ANY_KEYS, LIST_KEYS, has_own_operator, iter_conditions, without_key
from .twin import IdsOrStatus, Twin

Json = Any
Cell = tuple[str, str, str, str]  # criterion, key, operator, shape
SHAPES = ("absent", "null", "empty", "one", "many", "both")  # both: beside another list
AND, OR, OWN_OR = "and_", "or_", "own or_"


class Coverage:
    """Counts how often each cell was tried and decided.

    A key decides if the filter without it selects other flow runs.
    """

    def __init__(self) -> None:
        self.filter_count = 0
        self._tried: Counter[Cell] = Counter()
        self._decided: Counter[Cell] = Counter()

    def record(self, filter_body: Json, twin: Twin) -> None:
        """Count the cells of one filter that was tried on the runs of `twin`."""
        self.filter_count += 1
        filter_body = filter_body or {}
        given_keys: set[tuple[str, str]] = set()
        for criterion, key, value in iter_conditions(filter_body):
            given_keys.add((criterion, key))
            self._tried.update(_cells_of(filter_body, criterion, key, value))
        self._decided.update(decided_cells(filter_body, twin))
        for criterion, keys in CONDITIONS.items():
            operator = operator_of(filter_body, criterion)
            for key in keys.keys() - {key for name, key in given_keys if name == criterion}:
                self._tried[criterion, key, operator, "absent"] += 1

    @classmethod
    def of(cls, *counts: Mapping[str, Sequence[int]]) -> Coverage:
        """The coverage of several runs together, each as `counts` returns it.

        Cells that there are not, as in the report of another version, are left out.
        """
        coverage = cls()
        for name, (decided, tried) in chain.from_iterable(one.items() for one in counts):
            cell = _CELLS_BY_NAME.get(name)
            if cell is not None:
                coverage._decided[cell] += decided
                coverage._tried[cell] += tried
        return coverage

    def counts(self) -> Mapping[str, tuple[int, int]]:
        """How often each cell that was tried has decided, and was tried, by its name."""
        return {_name_of(cell): (self._decided[cell], tried) for cell, tried in self._tried.items()}

    def undecided(self) -> list[str]:
        """The names of the cells that can decide and did not, such as `name.any_, and_, many`."""
        return [_name_of(cell) for cell in DECIDABLE_CELLS if not self._decided[cell]]

    def tables(self) -> Iterator[Table]:
        """Two tables of "decided/tried" by key and shape; the second also by operator.

        A key that is absent cannot decide, so its column says only how often it was.
        """
        yield Table(
            "How often each key decided which flow runs were selected / was tried",
            ("key", *SHAPES),
            [
                (f"{criterion}.{key}", *self._format_counts(criterion, key, (AND, OR, OWN_OR)))
                for criterion, keys in CONDITIONS.items()
                for key in keys
            ],
        )
        yield Table(
            "The same, by the operator that joins the key",
            ("key", "operator", *SHAPES),
            [
                (f"{criterion}.{key}", operator, *self._format_counts(criterion, key, (operator,)))
                for criterion, key, operator in _iter_keys_by_operator()
            ],
            reports_only=True,
        )

    def _format_counts(self, criterion: str, key: str, operators: Sequence[str]) -> Iterator[str]:
        for shape in SHAPES:
            cells = [(criterion, key, operator, shape) for operator in operators]
            tried = sum(self._tried[cell] for cell in cells)
            if shape not in shapes_of(criterion, key):
                yield ""
            elif shape == "absent":
                yield f"{tried:,}"
            else:
                yield f"{sum(self._decided[cell] for cell in cells):,}/{tried:,}"


def _name_of(cell: Cell) -> str:
    criterion, key, operator, shape = cell
    return f"{criterion}.{key}, {operator}, {shape}"


def decided_cells(filter_body: Json, twin: Twin, limit: int | None = None) -> set[Cell]:
    """The cells of a filter that decide which runs of `twin` it selects.

    With a `limit`: which runs a delete with that limit would take.
    """

    def taken(one: Json) -> IdsOrStatus | tuple[str, ...]:
        selected = twin.select(one)
        if limit is None or isinstance(selected, int):
            return selected
        return tuple(nlargest(limit, selected))  # rule M10: the highest ids

    with_all = taken(filter_body)
    return {
        cell
        for criterion, key, value in iter_conditions(filter_body)
        if with_all != taken(without_key(filter_body, criterion, key))
        for cell in _cells_of(filter_body, criterion, key, value)
    }


def shapes_of(criterion: str, key: str) -> tuple[str, ...]:
    """The shapes that the value of a key can have."""
    if key not in LIST_KEYS:
        return ("absent", "null", "empty", "one") if key == "like_" else ("absent", "null", "one")
    beside = LIST_KEYS & CONDITIONS[criterion].keys()
    return SHAPES if len(beside) > 1 else SHAPES[:-1]


def _cells_of(filter_body: Json, criterion: str, key: str, value: Json) -> Iterator[Cell]:
    for shape in _shapes_of_value(filter_body, criterion, key, value):
        yield criterion, key, operator_of(filter_body, criterion), shape


def _shapes_of_value(filter_body: Json, criterion: str, key: str, value: Json) -> Iterator[str]:
    if value is None:
        yield "null"
    elif key not in LIST_KEYS:
        yield "empty" if value == "" else "one"
    else:
        # An empty list is subject to rule M2; of one value, any_ and all_ select the same.
        yield ("empty", "one", "many")[min(len(value), 2)]
        others = {
            one for name, one, given in iter_conditions(filter_body) if name == criterion and given
        }
        # A list that is null or empty is no second one (`others` leaves those out, too).
        if value and len(others & LIST_KEYS) > 1:
            yield "both"


def operator_of(filter_body: Json, criterion: str) -> str:
    """The operator that joins a criterion: its own or_ if it has one, else that of the filter."""
    name = criterion.partition(".")[0]
    own = (filter_body.get(name) or {}).get("operator")
    return OWN_OR if own == OR else str(filter_body.get("operator", AND))


def _iter_keys_by_operator() -> Iterator[tuple[str, str, str]]:
    for criterion, keys in CONDITIONS.items():
        for key in keys:
            yield criterion, key, AND
            yield criterion, key, OR
            if has_own_operator(criterion):
                yield criterion, key, OWN_OR


def _can_decide(key: str, shape: str) -> bool:
    """Whether a value of a shape is a condition at all: null is none (rule M2), and nor is any
    empty value but that of any_, which matches nothing.
    """
    return shape in ("one", "many", "both") or (shape == "empty" and key in ANY_KEYS)


DECIDABLE_CELLS: Sequence[Cell] = tuple(
    (criterion, key, operator, shape)
    for criterion, key, operator in _iter_keys_by_operator()
    for shape in shapes_of(criterion, key)
    if _can_decide(key, shape)
)
"""The cells that can decide which flow runs a filter selects."""
_CELLS_BY_NAME: Mapping[str, Cell] = {
    _name_of((criterion, key, operator, shape)): (criterion, key, operator, shape)
    for criterion, key, operator in _iter_keys_by_operator()
    for shape in shapes_of(criterion, key)
}
