"""The page of a rehearsal: what the script did, once more, under faults, on other servers."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import to_single_line
from ..insight import SomeRuns, count_of
from ..insight.deletion_report import report_page, report_sentence
from ..insight.explanation import run_row
from ..rendering import Entry, Page, Section, Tone
from .rehearsal import Rehearsal, Repetition, Variation

MAX_ROWS = 6
"""How many rows of a table are shown, unless a caller says otherwise."""
MAX_SHOWN = 3
"""How many of the flow runs are shown that stay or go under a fault only."""


def rehearsal_page(
    rehearsal: Rehearsal, facts: tuple[tuple[str, str], ...] = (), most: int = MAX_ROWS
) -> Page:
    """What a script did. `facts` say where its flow runs came from."""
    deletions = report_page(rehearsal.report, facts, most)
    sections = (
        Section("the script", (_script_entry(rehearsal),)),
        Section("expected", tuple(_expected(rehearsal)), tuple(_expected_good(rehearsal))),
        *deletions.sections,
        Section("again", tuple(map(_repetition_entry, rehearsal.repetitions))),
        Section("under faults", tuple(_variation_entry(one) for one in rehearsal.faults)),
        Section("on other servers", tuple(_variation_entry(one) for one in rehearsal.dialects)),
    )
    shown = tuple(one for one in sections if one.entries or one.good or one.notes)
    tone = Tone.BAD if rehearsal.problems else Tone.GOOD
    return Page(tone, rehearsal_sentence(rehearsal), deletions.facts, shown)


def rehearsal_sentence(rehearsal: Rehearsal) -> str:
    """What a script did, and what is wrong, in a sentence without a full stop."""
    # Protected runs that are gone are among the problems.
    did = report_sentence(rehearsal.report, with_protected=False)
    problems = rehearsal.problems
    if not problems:
        return did
    more = f"; and {count_of(len(problems) - 1, 'more problem')}" if len(problems) > 1 else ""
    return f"{did}; but {problems[0]}{more}"


def _script_entry(rehearsal: Rehearsal) -> Entry:
    command = to_single_line(" ".join(rehearsal.command))
    result = rehearsal.result
    tone = Tone.BAD if result.failed else Tone.GOOD
    after = "" if result.code is None else f"after {result.seconds:,.1f} s"
    problems = tuple(("problem", problem) for problem in rehearsal.problems)
    return Entry(tone, str(result), command, after, problems)


def _expected(rehearsal: Rehearsal) -> Iterator[Entry]:
    found = {"should have stayed": rehearsal.unexpected, "should have gone": rehearsal.missed}
    for name, runs in found.items():
        if runs is not None and runs.count:
            yield Entry(Tone.BAD, name, count_of(runs.count, "flow run"), rows=_rows(runs))


def _expected_good(rehearsal: Rehearsal) -> Iterator[str]:
    unexpected, missed = rehearsal.unexpected, rehearsal.missed
    if unexpected and missed and not unexpected.count and not missed.count:
        yield "exactly the expected flow runs are gone"


def _repetition_entry(one: Repetition) -> Entry:
    if one.deleted:
        return Entry(Tone.BAD, "deleted", count_of(one.deleted, "more flow run"), str(one.result))
    tone = Tone.BAD if one.result.failed else Tone.GOOD
    return Entry(tone, str(one.result), "deleted nothing more")


def _variation_entry(one: Variation) -> Entry:
    details = []
    if one.sentence:
        details.append(("", one.sentence))
        if not one.happened:
            details.append(("but", "it never happened: the script sent too few such requests"))
    if one.left.count:
        details.append(("left", f"{count_of(one.left.count, 'flow run')} that go otherwise"))
    if one.lost.count:
        details.append(("lost", f"{count_of(one.lost.count, 'flow run')} that stay otherwise"))
    if one.protected_lost:
        details.append(("lost", count_of(one.protected_lost, "protected flow run")))
    bad = not one.same or one.result.failed or one.protected_lost
    word = "differs" if not one.same else "fails" if one.result.failed else "same"
    rows = _rows(one.lost if one.lost.count else one.left, MAX_SHOWN)
    tone = Tone.BAD if bad and one.sentence else Tone.WARNING if bad else Tone.GOOD
    subject = f"{one.result} after {one.result.seconds:,.1f} s"
    return Entry(tone, word, one.name, subject, tuple(details), rows=rows)


def _rows(found: SomeRuns, most: int | None = None) -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = list(map(run_row, found.first[:most]))
    if found.count > len(rows):
        rows.append((f"... and {found.count - len(rows):,} more", "", ""))
    return tuple(rows)
