"""The part of `diff` that is about flows and deployments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from ..diff import MAX_DIFFERENCES, DiffSettings, ProgressCallback
from ..findings import KEY_SEPARATOR, Finding, Outcome, join_outcomes
from ..server import (
    CleanupJournal,
    Identity,
    SideEffect,
    Target,
    id_of,
    require_permission,
    require_sound_filters,
)
from .created_records import KINDS, CreatedRecords
from .delete_comparison import RelatedDeleteComparison
from .differences import DELETES, LEAVES, SELECTS, to_finding
from .filter_comparison import RelatedFilterComparison
from .questions import Question, plan_questions
from .related_twin import RelatedTwin

# Chosen: there are half as many keys as of flow runs, and each delete needs requests around it.
_FILTERS_PART, _DELETES_PART = 3, 4
_FILTERS, _DELETES = "filters of flows and deployments", "deletes of flows and deployments"


def diff_related(
    target: Target,
    identity: Identity,
    settings: DiffSettings,
    journals: Path,
    on_progress: ProgressCallback,
) -> Outcome:
    """Compare filters on flows and deployments, and their bulk deletes if the settings say so.

    On records that are created for it, and deleted in every case; `settings` are those of `diff`.
    Raises UsageError if the server must not be used so, and TargetError if it fails.
    """
    started, sent_before = time.monotonic(), target.sent
    effect = SideEffect.DELETES if settings.delete else SideEffect.CREATES
    require_permission(target, effect, "diff --delete" if settings.delete else "diff")
    for kind in KINDS:
        require_sound_filters(target, kind, KINDS)
    foreign = {kind: _list_all(target, kind) for kind in KINDS}
    known = frozenset[str]().union(*foreign.values())
    with CleanupJournal.create(target, journals) as journal:
        created = CreatedRecords(target, journal, known)
        created.create()
        parts = [
            compare(created, identity, settings, on_progress) for compare in _comparisons(settings)
        ]
    joined = join_outcomes([Outcome("diff"), *parts])
    return replace(
        joined,
        findings=[*joined.findings, *_lost(target, foreign)],
        counts={"requests": target.sent - sent_before, **joined.counts},
        seconds=time.monotonic() - started,
        is_complete=not joined.notes,
    )


_Comparison = Callable[[CreatedRecords, Identity, DiffSettings, ProgressCallback], Outcome]


def _comparisons(settings: DiffSettings) -> Iterator[_Comparison]:
    """What is compared under the settings, in order."""
    check, _ = _only(settings)
    if check in ("", SELECTS):
        yield _compare_filters
    # Not dealt out to shards: each delete takes what others have left.
    if settings.delete and settings.shard.is_last and check in ("", DELETES, LEAVES):
        yield _compare_deletes


def _only(settings: DiffSettings) -> tuple[str, frozenset[str]]:
    """The check and the keys of the finding that is looked for alone; "" and none if any is."""
    words = (settings.only or "").split(" ")
    check = words[1] if len(words) > 1 else ""
    has_keys = check in (SELECTS, DELETES)
    return check, frozenset(words[-1].split(KEY_SEPARATOR) if has_keys else ())


def _list_all(target: Target, kind: str) -> frozenset[str]:
    """The ids of all records of a kind."""
    return frozenset(map(id_of, target.iter_records(f"/{kind}/filter", sort="NAME_ASC")))


def _lost(target: Target, foreign: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    """A finding for each kind of which records of others are gone."""
    for kind, before in foreign.items():
        missing = sorted(before - _list_all(target, kind)) if before else ()
        # Each is asked for: pages in the order of names, of which several may be the same, need
        # not have all.
        gone = [one for one in missing if target.send("GET", f"/{kind}/{one}").status == 404]
        if gone:
            yield Finding(
                "diff",
                "others-gone",
                f"the {kind} that existed before",
                f"{len(gone):,} of {len(before):,} {kind} that the kit did not create are gone: "
                f"{', '.join(gone[:3])}{', ...' if len(gone) > 3 else ''}",
            )


def _compare_filters(
    created: CreatedRecords,
    identity: Identity,
    settings: DiffSettings,
    on_progress: ProgressCallback,
) -> Outcome:
    """Ask what filters select; only reads."""
    twin, planned = _plan(created, identity, settings, only_deciding=True)
    chosen = list(settings.shard.deal(islice(planned, settings.filters // _FILTERS_PART)))
    comparison = RelatedFilterComparison(
        created.target,
        twin,
        created.ids["flow_runs"],
        lambda done: on_progress(_FILTERS, done, len(chosen)),
    )
    found = comparison.search(chosen)
    holds = f"filters of flows and deployments select the same as {identity.dialect.name} does"
    return Outcome(
        "diff",
        [to_finding(one, identity) for one in found],
        [] if found else [holds],
        [*_unsettled_note(comparison.unsettled), *_stopped_note(found, _FILTERS)],
        {_FILTERS: comparison.tried},
    )


def _compare_deletes(
    created: CreatedRecords,
    identity: Identity,
    settings: DiffSettings,
    on_progress: ProgressCallback,
) -> Outcome:
    """Send deletes: of the set that was read, and then of new ones, as long as that shows more."""
    most = settings.deletes // _DELETES_PART
    comparison = RelatedDeleteComparison(
        created.target, lambda done: on_progress(_DELETES, done, most)
    )
    twin, questions = _plan(created, identity, settings)
    while comparison.search(created, twin, questions, most):
        created = CreatedRecords(created.target, created.journal, created.foreign)
        created.create()
        twin, questions = _plan(created, identity, settings)
    holds = (
        f"deletes of flows and deployments take, and leave, the same as {identity.dialect.name} "
        "does"
    )
    return Outcome(
        "diff",
        [to_finding(one, identity) for one in comparison.found],
        [] if comparison.found else [holds],
        _stopped_note(comparison.found, _DELETES),
        {_DELETES: comparison.sent, "flows and deployments deleted": comparison.deleted},
    )


def _plan(
    created: CreatedRecords,
    identity: Identity,
    settings: DiffSettings,
    *,
    only_deciding: bool = False,
) -> tuple[RelatedTwin, Iterator[Question]]:
    """A twin of a set, and what to ask about it."""
    records = created.fetch_records()
    twin = RelatedTwin.from_records(records, identity.dialect)
    _, keys = _only(settings)
    planned = plan_questions(records, settings.seed, twin if only_deciding else None)
    return twin, (question for question in planned if keys <= question.keys)


def _unsettled_note(count: int) -> list[str]:
    return [f"{count:,} {_FILTERS} got no answer that was repeated"] if count else []


def _stopped_note(found: Sequence[object], what: str) -> list[str]:
    if len(found) < MAX_DIFFERENCES:
        return []
    return [f"not all {what} were tried: the search stops at {MAX_DIFFERENCES} differences"]
