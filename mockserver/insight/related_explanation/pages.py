"""The page about a bulk delete of flows or deployments: what goes, what goes with it, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import to_single_line
from ...rendering import Entry, Page, Section, Tone
from .. import count_of
from ..explanation import MAX_SENTENCE, table_entry
from .protections import RelatedProtection

if TYPE_CHECKING:  # it prints itself with this file
    from .explanation import RelatedExplanation

MAX_ROWS = 6
"""How many rows of a table are shown, unless a caller says otherwise."""
_MAX_FIRST = 3
_MAX_CELL = 46  # characters of a text in a row


def related_page(
    one: RelatedExplanation, facts: tuple[tuple[str, str], ...] = (), most: int = MAX_ROWS
) -> Page:
    """What goes, and what goes with it. `facts` say where the filter and the records came from.

    `most` is how many rows each table has.
    """
    sections = (
        _protection_section(one),
        Section("what goes", (_goes_entry(one),)),
        Section("warnings", tuple(_warning_entries(one))),
        Section("what goes, by", tuple(table_entry(table, most) for table in one.tables)),
        Section(
            "flow runs that go with it, by",
            tuple(table_entry(table, most) for table in one.run_tables),
        ),
        _criteria_section(one),
    )
    tone = Tone.BAD if one.found_problem else Tone.GOOD
    shown = tuple(each for each in sections if each.entries or each.good or each.notes)
    return Page(tone, related_headline(one), (*facts, ("dialect", one.dialect.name)), shown)


def related_headline(one: RelatedExplanation) -> str:
    """What a filter deletes, in a sentence without a full stop."""
    if one.failure is not None:
        return f"{one.dialect.name} fails to answer this filter, and deletes nothing"
    noun = one.kind.removesuffix("s")
    goes = f"{one.deleted:,} of {count_of(one.total, noun)}"
    if one.total and one.deleted == one.total:
        goes = f"All {count_of(one.total, noun)}"
    verb = "goes" if one.deleted == 1 else "go"
    in_calls = f" in {count_of(one.calls, 'call')}" if one.calls else ""
    others = [count_of(one.flow_runs, "flow run")] if one.flow_runs else []
    others += [count_of(one.deployments, "deployment")] if one.deployments else []
    beside = f", with {' and '.join(others)}" if others else ""
    gone = one.protected_going
    protected = f", and {count_of(gone, 'protected record')} among them" if gone else ""
    left = one.total - one.deleted
    return (
        f"{goes} {verb}{in_calls}{beside}{protected}; {left:,} {'stays' if left == 1 else 'stay'}"
    )


def _goes_entry(one: RelatedExplanation) -> Entry:
    details = [("those for which", to_single_line(one.sentence, MAX_SENTENCE))]
    if one.failure is not None:
        details.append(("but", f"the server fails: {one.failure}"))
    if one.deleted:
        details.append(("how", f"up to {one.limit} a call, in the order of their names"))
        details += _beside(one)
    rows = tuple((each.id, to_single_line(each.name, _MAX_CELL)) for each in one.first[:_MAX_FIRST])
    tone = Tone.BAD if one.failure is not None else Tone.WARNING if one.matching else Tone.GOOD
    counted = count_of(one.matching, one.kind.removesuffix("s"))
    return Entry(tone, "selects", counted, f"of {one.total:,}", tuple(details), rows=rows)


def _beside(one: RelatedExplanation) -> Iterator[tuple[str, str]]:
    """What goes with the selected records, and what stays and loses something."""
    going = (
        (one.flow_runs, "flow run"),
        (one.cascade.task_runs, "task run"),
        (one.deployments, "deployment"),
        (one.schedules, "schedule"),
        (len(one.limits), "concurrency limit"),
    )
    told = [count_of(number, noun) for number, noun in going if number]
    if told:
        yield "with them go", ", ".join(told)
    if one.cascade.orphans.count:
        yield "lose their parent, and stay", count_of(one.cascade.orphans.count, "subflow")
    if one.referring:
        yield "name a deployment that is gone, and stay", count_of(one.referring, "flow run")
    if one.losing:
        yield "lose their limit, and stay", count_of(one.losing, "deployment")


def _warning_entries(one: RelatedExplanation) -> Iterator[Entry]:
    for warned in one.warnings:
        tone = Tone.NOTICE if warned.is_note else Tone.WARNING
        yield Entry(tone, "", warned.id, details=(("", warned.sentence),))


def _criteria_section(one: RelatedExplanation) -> Section:
    rows = tuple(
        (each.name, f"{each.alone:,}" if each.alone else "none", _cell(each.sentence))
        for each in one.criteria
    )
    title = f"how many {one.kind} each criterion alone keeps out"
    return Section("what decides", (Entry(Tone.NOTICE, "", title, rows=rows),) if rows else ())


def _protection_section(one: RelatedExplanation) -> Section:
    going = [each for each in one.protections if each.going]
    safe = [each for each in one.protections if not each.going]
    good = tuple(
        f"none of {count_of(each.matching, _protected_noun(each))} goes: {_cell(each.sentence)}"
        for each in safe
        if each.matching
    )
    notes = tuple(
        f"protects nothing, as no {_noun(each.kind)} matches: {_cell(each.sentence)}"
        for each in safe
        if not each.matching
    )
    return Section("protected", tuple(map(_protection_entry, going)), good, notes)


def _protection_entry(one: RelatedProtection) -> Entry:
    rows = [(id_, to_single_line(name, _MAX_CELL)) for id_, name in one.first]
    if one.going > len(rows):
        rows.append((f"... and {one.going - len(rows):,} more", ""))
    counted = f"{one.going:,} of {count_of(one.matching, _protected_noun(one))}"
    sentence = (("those for which", to_single_line(one.sentence, MAX_SENTENCE)),)
    return Entry(Tone.BAD, "would go", counted, details=sentence, rows=tuple(rows))


def _noun(kind: str) -> str:
    return kind.removesuffix("s").replace("_", " ")


def _protected_noun(one: RelatedProtection) -> str:
    return f"protected {_noun(one.kind)}"


def _cell(text: str) -> str:
    return to_single_line(text, _MAX_CELL)
