"""Gather what `mockserver releases` tells, and tell it: as text, as JSON, as an HTML page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ...errors import UsageError
from ...insight import (
    MAX_FILE_BYTES,
    RequestComparison,
    all_releases_page,
    all_releases_value,
    compare_releases,
    compare_requests,
    comparison_page,
    comparison_value,
    describe_release,
    parse_requests,
    release_page,
    release_value,
)
from ...prefect import DATABASES, dialect_for, unmeasured_note
from ...store import Store
from ..output import ReportOutput, load_with_progress, print_note, progress_bar

# How many requests that differ are shown. Chosen: a terminal's are read, a page's searched.
_MOST_ON_TERMINAL, _MOST_IN_HTML = 20, 500


def describe(given: list[str], database: str | None, output: ReportOutput) -> None:
    """Tell about all releases, or about the one that is given; by default on all databases.

    Raises UsageError for an unknown release.
    """
    databases = DATABASES if database is None else (database,)
    if not given:
        output.tell(all_releases_page(databases), all_releases_value(databases))
        return
    _note_unmeasured(given[0])
    facts = describe_release(given[0], databases)
    output.tell(release_page(facts), release_value(facts))


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """What to compare: two releases on a database and, if given, a file of requests and seeds.

    `now` is the time of --now; None is the current time.
    """

    before: str
    after: str
    database: str
    requests: str | None
    runs: tuple[Path, ...]
    now: datetime | None


def compare(options: CompareOptions, output: ReportOutput) -> bool:
    """Tell what differs between two releases. Returns whether a request would do otherwise.

    Raises UsageError for an unknown release or a file that cannot be read, SeedError for seeds.
    """
    releases = compare_releases(
        *(dialect_for(options.database, release) for release in (options.before, options.after))
    )
    for release in dict.fromkeys((options.before, options.after)):
        _note_unmeasured(release)
    if options.requests is None:
        output.tell(comparison_page(releases), comparison_value(releases))
        return False
    name = "stdin" if options.requests == "-" else options.requests
    requests = parse_requests(_read(options.requests), name)
    now = options.now or datetime.now(UTC)
    store = _load(options.runs, now) if options.runs else None
    with progress_bar("comparing", len(requests)) as advance:
        result = compare_requests(requests, releases, now, store, advance)
    facts = tuple(_facts(name, options.runs, result))
    output.tell(
        comparison_page(releases, result, facts, _MOST_ON_TERMINAL),
        comparison_value(releases, result),
        comparison_page(releases, result, facts, _MOST_IN_HTML),
    )
    return bool(result.mattering)


def _note_unmeasured(release: str) -> None:
    note = unmeasured_note(release)
    if note:
        print_note(note)


def _read(file: str) -> bytes:
    """The content of a file, or of stdin; one byte more than is allowed if it is too large."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        with Path(file).open("rb") as stream:
            return stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        problem = error.strerror or str(error)
        raise UsageError(f"{file}: {problem}; expected a file of requests") from None


def _load(paths: tuple[Path, ...], now: datetime) -> Store:
    seeds = load_with_progress(paths, now)
    for note in seeds.notes:
        print_note(note)
    return Store(seeds.base())


def _facts(
    name: str, paths: tuple[Path, ...], result: RequestComparison
) -> Iterator[tuple[str, str]]:
    some = f", of which {result.compared:,} select flow runs" if result.skipped else ""
    yield "requests", f"{result.total:,} from {name}{some}"
    if result.runs is not None:
        yield "flow runs", f"{result.runs:,} from {', '.join(map(str, paths))}"
