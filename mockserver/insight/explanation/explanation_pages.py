"""The page about a filter: what goes, then the warnings, then why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from ...errors import to_single_line
from ...prefect import FlowRun
from ...rendering import Entry, Page, Section, Tone
from .. import Refusal, count_of
from .conditions import Condition, Effect
from .dialect_counts import OtherServers
from .near_misses import NearMiss
from .protections import Protection
from .run_verdicts import RunVerdict, Verdict
from .tables import Row, Table

if TYPE_CHECKING:  # it prints itself with this file
    from .explanation import Explanation

# What a page shows, unless it is told otherwise; the counts are always exact.
MAX_ROWS = 6
"""How many rows of a table are shown."""
MAX_FIRST, MAX_GOING = 3, 10  # runs: that go first, that are protected
MAX_SENTENCE = 600  # characters of the filter's sentence
MAX_CELL = 46  # characters of a name in a row: with its numbers, 80 columns
MIN_CELL = 20


def explanation_page(
    explanation: Explanation, facts: tuple[tuple[str, str], ...] = (), most: int = MAX_ROWS
) -> Page:
    """What a filter deletes, and why. `facts` say where the filter and the runs came from.

    `most` is how many rows each table has; of near misses half as many are shown for a condition.
    """
    sections = (
        _protection_section(explanation),
        _runs_section(explanation),
        _goes_section(explanation),
        _warnings_section(explanation),
        _tables_section(explanation, most),
        _conditions_section(explanation),
        _misses_section(explanation, most // 2),
        _servers_section(explanation),
    )
    tone = Tone.BAD if explanation.found_problem else Tone.GOOD
    known = (("dialect", explanation.dialect.name),)
    shown = tuple(one for one in sections if one.entries or one.good or one.notes)
    return Page(tone, headline(explanation), (*facts, *known), shown)


def headline(explanation: Explanation) -> str:
    """What a filter deletes, in a sentence without a full stop."""
    name = explanation.dialect.name
    if explanation.failure is not None:
        return f"{name} fails to answer this filter, and deletes nothing"
    goes = f"{explanation.deleted:,} of {count_of(explanation.total, 'flow run')}"
    if explanation.total and explanation.deleted == explanation.total:
        goes = f"All {count_of(explanation.total, 'flow run')}"
    verb = "goes" if explanation.deleted == 1 else "go"
    in_calls = f" in {count_of(explanation.calls, 'call')}" if explanation.calls else ""
    gone = explanation.protected_going
    protected = f", of which {gone:,} {'is' if gone == 1 else 'are'} protected" if gone else ""
    stay = "stays" if explanation.staying == 1 else "stay"
    return f"{goes} {verb}{in_calls}{protected}; {explanation.staying:,} {stay}"


def _goes_section(one: Explanation) -> Section:
    details = [("those for which", to_single_line(one.sentence, MAX_SENTENCE))]
    if one.failure is not None:
        details.append(("but", f"the server fails: {one.failure}"))
    if one.deleted:
        details.append(("how", f"up to {one.limit} a call, the highest ids first"))
    details += _beside(one)
    entry = Entry(
        Tone.BAD if one.failure is not None else Tone.WARNING if one.matching else Tone.GOOD,
        "selects",
        count_of(one.matching, "flow run"),
        f"of {one.total:,}",
        tuple(details),
        rows=tuple(map(run_row, one.first[:MAX_FIRST])),
    )
    return Section("what goes", (entry,))


def _beside(one: Explanation) -> Iterator[tuple[str, str]]:
    """What a delete does beside the selected runs."""
    if one.cascade.task_runs:
        yield "with them go", count_of(one.cascade.task_runs, "task run")
    if one.cascade.orphans.count:
        yield "lose their parent, and stay", count_of(one.cascade.orphans.count, "subflow")
    if one.drain and one.drain.added:
        counted = count_of(len(one.drain.added), "more flow run")
        yield "later", f"{counted} match once their parents are gone, and go too"
    if one.drain and one.drain.escaped:
        counted = count_of(len(one.drain.escaped), "flow run")
        yield "escape", f"{counted} match no more once their parents are gone, and stay"


def _warnings_section(one: Explanation) -> Section:
    entries = []
    for warned in one.warnings:
        sentence = warned.sentence
        if warned.id == "null-values-skipped":
            sentence += f": {count_of(one.null_skipped, 'run')}"
        tone = Tone.NOTICE if warned.is_note else Tone.WARNING
        entries.append(Entry(tone, "", warned.id, details=(("", sentence),)))
    return Section("warnings", tuple(entries))


def _protection_section(explanation: Explanation) -> Section:
    going = [one for one in explanation.protections if one.going.count]
    good = [
        f"none of {count_of(one.matching, 'protected run')} goes: {_cell(one.sentence)}"
        for one in explanation.protections
        if not one.going.count and one.matching
    ]
    notes = [
        f"protects nothing, as no flow run matches: {_cell(one.sentence)}"
        for one in explanation.protections
        if not one.matching
    ]
    return Section("protected", tuple(map(_protection_entry, going)), tuple(good), tuple(notes))


def _protection_entry(one: Protection) -> Entry:
    counted = f"{one.going.count:,} of {count_of(one.matching, 'protected run')}"
    rows = list(map(run_row, one.going.first[:MAX_GOING]))
    if one.going.count > len(rows):
        rows.append((f"... and {one.going.count - len(rows):,} more", "", ""))
    sentence = (("those for which", to_single_line(one.sentence, MAX_SENTENCE)),)
    return Entry(Tone.BAD, "would go", counted, details=sentence, rows=tuple(rows))


def _runs_section(one: Explanation) -> Section:
    return Section("the runs asked for", tuple(map(_run_entry, one.runs)))


def _run_entry(one: RunVerdict) -> Entry:
    if one.turned:
        word = "goes" if one.goes else "stays"
        details = [
            ("why", f"it {word} once its parent is gone, which changes what the filter says")
        ]
    elif one.goes:
        details = [("why", f"every condition holds; it goes in call {one.call:,}")]
    else:
        spared = [verdict.key or verdict.sentence for verdict in one.spared_by]
        details = [("spared by", ", ".join(spared))]
    return Entry(
        Tone.WARNING if one.goes else Tone.GOOD,
        "goes" if one.goes else "stays",
        to_single_line(one.run.name, 60),
        one.run.id,
        (*details, *_verdict_details(one.verdict)),
    )


def _verdict_details(verdict: Verdict, depth: int = 0) -> Iterator[tuple[str, str]]:
    has = f" (it has {verdict.value})" if verdict.value else ""
    answer = "yes" if verdict.holds else "no"
    yield "  " * depth + answer, to_single_line(verdict.sentence, MAX_SENTENCE) + has
    for part in verdict.parts:
        yield from _verdict_details(part, depth + 1)


def _tables_section(one: Explanation, most: int) -> Section:
    tables = one.tables if one.matching else ()
    return Section("what goes, by", tuple(table_entry(table, most) for table in tables))


def table_entry(table: Table, most: int) -> Entry:
    """A table with its first `most` rows, and how many more there are."""
    """A table as an entry, with its first rows."""
    rows = [_row(row) for row in table.rows[:most]]
    hidden = len(table.rows) - len(rows) + table.more
    if hidden:
        rows.append((f"{hidden:,} more", "", ""))
    return Entry(Tone.NOTICE, "", table.title, rows=tuple(_right_aligned(rows)))


def _row(row: Row) -> tuple[str, str, str]:
    of_all = "" if row.total is None else f"of {row.total:,}"
    if row.selected == row.total:
        of_all = "all"
    return to_single_line(row.name, MAX_CELL), f"{row.selected:,}", of_all


def _right_aligned(rows: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """With the numbers in the second column under each other."""
    width = max(len(number) for _, number, _ in rows)
    for name, number, rest in rows:
        yield name, number.rjust(width), rest


def _conditions_section(one: Explanation) -> Section:
    width = max((len(condition.key) for condition in one.conditions), default=0)
    rows = [_condition_row(condition, MAX_CELL + 15 - width) for condition in one.conditions]
    entries = []
    if rows:
        title = "how many runs each condition alone keeps out, or lets in"
        entries.append(Entry(Tone.NOTICE, "", title, rows=tuple(_right_aligned(rows))))
    idle = [f"{key.key} decides nothing: {key.reason}" for key in one.idle]
    return Section("what decides", tuple(entries), notes=tuple(idle))


def _condition_row(one: Condition, width: int) -> tuple[str, str, str]:
    number = f"{one.alone:,}" if one.decides else "none"
    verb = "" if one.effect is Effect.KEEPS_OUT else "lets in: "
    return one.key, number, to_single_line(verb + one.sentence, max(width, MIN_CELL))


def _misses_section(one: Explanation, most: int) -> Section:
    by_key: dict[tuple[str, str], list[NearMiss]] = {}
    for miss in one.near_misses:
        by_key.setdefault((miss.key, miss.sentence), []).append(miss)
    counts = {(condition.key, condition.sentence): condition.alone for condition in one.conditions}
    entries = [
        Entry(
            Tone.NOTICE,
            "",
            key or sentence,
            f"alone spares {counts[key, sentence]:,}",
            rows=tuple(map(_miss_row, misses[:most])),
        )
        for (key, sentence), misses in by_key.items()
    ]
    return Section("near misses", tuple(entries))


def _miss_row(miss: NearMiss) -> tuple[str, ...]:
    by = "" if miss.distance is None else f"by {format_span(miss.distance)}"
    return by, miss.run.id, to_single_line(miss.run.name, 18)


def format_span(span: timedelta) -> str:
    """A length of time by its largest unit: `3 days`, `5 hours`, `0.2 s`."""
    seconds = span.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size):,} {unit}s"
    return f"{seconds:.3g} s"


def _servers_section(one: Explanation) -> Section:
    if one.other_servers is None:
        return Section("other servers")
    differing: dict[tuple[str, ...], list[OtherServers]] = {}
    for other in one.other_servers:
        if not other.selects_same:
            same_range = (other.releases, f"{other.count}", str(other.meaning), *other.causes)
            differing.setdefault(same_range, []).append(other)
    entries = tuple(map(_servers_entry, differing.values()))
    rest = "every other release selects" if entries else "every release selects"
    good = (f"{rest} the same of these runs, on SQLite and on PostgreSQL",)
    return Section("other servers", entries, good)


def _servers_entry(alike: list[OtherServers]) -> Entry:
    """Servers that select the same, of one range of releases on one or both databases."""
    one = alike[0]
    where = " and ".join([one.where, *(other.on_database for other in alike[1:])])
    refused = isinstance(one.meaning, Refusal)
    meaning = to_single_line(str(one.meaning), MAX_SENTENCE)
    details = [("" if refused else "those for which", meaning)]
    if one.causes:
        details.append(("because of", ", ".join(one.causes)))
    subject = "none" if refused else count_of(one.count, "flow run")
    return Entry(Tone.WARNING, "", where, subject, tuple(details))


def _cell(text: str) -> str:
    return to_single_line(text, MAX_CELL)


def run_row(run: FlowRun) -> tuple[str, str, str]:
    """Id, name and state, so that a row has no more than 80 columns."""
    state = "" if run.state is None else run.state.name
    return run.id, to_single_line(run.name, 22), to_single_line(state, 12)
