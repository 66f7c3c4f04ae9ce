"""The deletion report as frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from ...filters import ONE_OF, Comparison, Predicate
from ...operations import sort_warnings
from ...prefect import LIMIT_REACHED, Dialect, FlowRun, notes_of, warning_sentence
from ...store import Store
from .. import SomeRuns
from ..explanation import Table, Warned, make_tables
from .request_totals import RequestTotal, RequestTotals, find_unfinished

MAX_WITH_TABLES = 20
"""How many groups of requests have tables of their own, of those that deleted the most."""
MAX_PROTECTED = 50
"""How many of the protected runs that are gone are kept."""
_LONGEST_SENTENCE = 2_000  # characters; a filter of thousands of ids has a very long one


@dataclass(frozen=True, slots=True)
class RequestLine:
    """Requests that were alike, and what came of them.

    `sentence` says which runs they asked to delete, or which flows or deployments, "" where they
    did not; `limit` is the most in one call. `deleted` are flow runs, and `flows` and
    `deployments` those that went, too. `reason` says why they were refused, "" where they were not.
    `tables` are about the runs that they deleted.
    """

    method: str
    path: str
    status: int
    reason: str
    sentence: str
    limit: int | None
    calls: int
    deleted: int
    flows: int
    deployments: int
    warnings: tuple[Warned, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Protected:
    """A filter of runs that must never go: how many it matched, and which of them are gone."""

    sentence: str
    matching: int
    gone: SomeRuns


# The fields of a large one fill screens: a failing assert shows the sentence.
@dataclass(frozen=True, slots=True, repr=False)
class DeletionReport:
    """What requests deleted in a world, and what is left of it.

    There were `before` flow runs at first and there are `left` now. Requests deleted `deleted`, of
    which `tabled` are in the `tables`: those that there were at first, and whose ids were kept.
    `flows` and `deployments` are how many of these requests deleted.
    `deleting` are the requests that asked for a delete, `refused` those that were answered with an
    error, `others` the rest. `ungrouped` requests were of too many kinds to be told. Printed, it is
    its page as text.
    """

    dialect: Dialect
    now: datetime
    before: int
    left: int
    deleted: int
    flows: int
    deployments: int
    tabled: int
    tables: tuple[Table, ...]
    deleting: tuple[RequestLine, ...]
    refused: tuple[RequestLine, ...]
    others: tuple[RequestLine, ...]
    ungrouped: int
    protected: tuple[Protected, ...] = ()

    @property
    def lost(self) -> int:
        """How many protected runs are gone."""
        return sum(one.gone.count for one in self.protected)

    def __repr__(self) -> str:
        from .report_pages import report_sentence  # imported late: the page of it

        return f"<DeletionReport: {report_sentence(self)}>"

    def __str__(self) -> str:
        from ...rendering import page_text  # imports rich
        from .report_pages import report_page

        return page_text(report_page(self))


def report_deletions(
    before: Store,
    after: Store,
    totals: RequestTotals,
    dialect: Dialect,
    now: datetime,
    protect: Sequence[Predicate] = (),
    *,
    with_tables: bool = True,
) -> DeletionReport:
    """What requests deleted between two states of a store.

    `protect` are predicates of runs that must never go. Without tables it costs next to nothing.
    """
    groups = sorted(_finished(totals, after), key=lambda one: (-one.deleted, -one.calls))
    deleting = [one for one in groups if one.plan is not None]
    selected = _with_ids(chain.from_iterable(one.ids for one in groups if with_tables))
    tabled = before.count(selected)
    return DeletionReport(
        dialect,
        now,
        len(before),
        len(after),
        totals.deleted,
        totals.flows,
        totals.deployments,
        tabled,
        make_tables(before, selected, now) if tabled else (),
        tuple(_deleting_lines(before, deleting, dialect, now, with_tables=with_tables)),
        tuple(_line(one, dialect) for one in groups if one.plan is None and one.reason),
        tuple(_line(one, dialect) for one in groups if one.plan is None and not one.reason),
        totals.ungrouped,
        tuple(_protected(before, after, one) for one in protect),
    )


def _finished(totals: RequestTotals, after: Store) -> Iterator[RequestTotal]:
    """The groups; LIMIT_REACHED is among the warnings of those alone that left runs for good."""
    unfinished = {id(one) for one in find_unfinished(totals, after)}
    for one in totals:
        done = one.left_runs and id(one) not in unfinished
        yield replace(one, warnings=one.warnings - {LIMIT_REACHED}) if done else one


def _deleting_lines(
    before: Store,
    groups: Sequence[RequestTotal],
    dialect: Dialect,
    now: datetime,
    *,
    with_tables: bool,
) -> Iterator[RequestLine]:
    for place, one in enumerate(groups):
        has_tables = with_tables and one.deleted and place < MAX_WITH_TABLES
        tables = make_tables(before, _with_ids(one.ids), now) if has_tables else ()
        yield _line(one, dialect, tables)


def _with_ids(calls: Iterable[tuple[str, ...]]) -> Comparison:
    return Comparison("id", ONE_OF, frozenset(chain.from_iterable(calls)))


def _line(one: RequestTotal, dialect: Dialect, tables: tuple[Table, ...] = ()) -> RequestLine:
    notes = notes_of(dialect)
    warnings = tuple(
        Warned(id_, warning_sentence(id_, dialect), id_ in notes)
        for id_ in sort_warnings(one.warnings)
    )
    sentence = "" if one.plan is None else one.plan.sentence[:_LONGEST_SENTENCE]
    limit = None if one.plan is None else one.plan.limit
    return RequestLine(
        one.method,
        one.path,
        one.status,
        one.reason,
        sentence,
        limit,
        one.calls,
        one.deleted,
        one.flows,
        one.deployments,
        warnings,
        tables,
    )


def _protected(before: Store, after: Store, protected: Predicate) -> Protected:
    ids = before.select_ids(protected)
    gone = [id_ for id_ in ids if id_ not in after]
    first: list[FlowRun] = [run for run in map(before.get, gone[:MAX_PROTECTED]) if run]
    return Protected(str(protected), len(ids), SomeRuns(len(gone), tuple(first)))
