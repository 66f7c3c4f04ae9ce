"""Why one flow run goes, or what spares it: what each condition of a filter says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...errors import UsageError, to_single_line
from ...filters import ONE_OF, AllOf, Comparison, Predicate
from ...prefect import FlowRun, format_instant
from ...store import Store
from .cascade import Drain

MAX_NAMESAKES = 5
"""How many runs of a name are explained."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition, or a group of them, says of a run.

    `value` is what the run has in the column that a condition compares; of a group it is "".
    `parts` are those of a group.
    """

    key: str
    sentence: str
    holds: bool
    value: str = ""
    parts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """What a filter says of a run and, if it selects it, in which call it goes.

    `turned`: when its parent is deleted, the filter says the opposite of it.
    """

    run: FlowRun
    verdict: Verdict
    call: int | None
    turned: bool = False

    @property
    def goes(self) -> bool:
        """Whether it is gone when nothing is left to delete."""
        return self.verdict.holds != self.turned

    @property
    def spared_by(self) -> tuple[Verdict, ...]:
        """The conditions that spare it; empty for a run that is selected."""
        return () if self.verdict.holds else tuple(_sparing(self.verdict))


def _sparing(verdict: Verdict) -> Iterator[Verdict]:
    """The innermost conditions that do not hold, within groups that do not hold."""
    if not verdict.parts:
        yield verdict
    for part in verdict.parts:
        if not part.holds:
            yield from _sparing(part)


def explain_runs(
    store: Store,
    predicate: Predicate,
    keys: Mapping[Predicate, str],
    wanted: Sequence[str],
    limit: int,
    drain: Drain | None,
) -> tuple[RunVerdict, ...]:
    """What a predicate says of runs that are given by id or name.

    Of a name that several runs have, up to `MAX_NAMESAKES` are explained. Raises UsageError for one
    that no run has.
    """
    ids: list[str] | None = None
    changed = {*drain.added, *drain.escaped} if drain else set()
    found = []
    for run in {run.id: run for text in wanted for run in find_runs(store, text)}.values():
        verdict = judge(predicate, run, keys)
        call = None
        if verdict.holds:
            ids = store.select_ids(predicate) if ids is None else ids
            call = 1 + ids.index(run.id) // limit
        found.append(RunVerdict(run, verdict, call, run.id in changed))
    return tuple(found)


def find_runs(store: Store, text: str) -> list[FlowRun]:
    """The run with this id, or the runs with this name. Raises UsageError if there is none."""
    run = store.get(text.strip().lower())
    if run is not None:
        return [run]
    named = store.select(Comparison("name", ONE_OF, frozenset((text,))), MAX_NAMESAKES)
    if not named:
        shown = to_single_line(text, 80)
        raise UsageError(f"no flow run has the id or the name {shown!r}")
    return named


def judge(predicate: Predicate, run: FlowRun, keys: Mapping[Predicate, str]) -> Verdict:
    """What a predicate and each of its parts say of a run."""
    if isinstance(predicate, Comparison):
        value = _shown(getattr(run, predicate.column))
        return Verdict(keys.get(predicate, ""), str(predicate), predicate(run), value)
    parts = tuple(judge(part, run, keys) for part in predicate.parts)
    if not parts:
        return Verdict("", str(predicate), predicate(run))
    sentence = "all of these" if isinstance(predicate, AllOf) else "any of these"
    return Verdict("", sentence, predicate(run), "", parts)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, tuple):
        return to_single_line("{" + ", ".join(value) + "}", 120)
    return to_single_line(str(value), 120)
