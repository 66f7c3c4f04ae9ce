"""Gather what `mockserver explain` tells: the filter, the flow runs, and the explanation."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ...errors import UsageError, to_single_line
from ...insight.explanation import (
    Explanation,
    FilterArgument,
    explain,
    explanation_page,
    explanation_value,
)
from ...insight.explanation import filter_argument as parse_filter
from ...prefect import SPEC, Dialect, find_dialect
from ...resources import resource_path
from ...store import Store
from ..output import ReportOutput, load_with_progress, print_note

if TYPE_CHECKING:  # imports aiohttp
    from ...remote import ReadClient, ServerExplanation

_TYPED = "the command line"
MAX_FILTER_BYTES = 4 << 20  # as much as a server that `serve` starts reads of a body
# How many rows of a table are shown: a terminal's are read, a page's searched.
_MOST_ON_TERMINAL, _MOST_IN_HTML = 6, 50


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """What to explain, as the user typed it.

    `runs` are seeds, of which none are the fixtures, unless `server` is a URL, from which at most
    `most` runs are read. `dialect`: None for that of the server, or `spec`. `protect` are filters,
    `wanted` ids or names of runs. `now` is the time of --now; None is the current time.
    """

    filter: str
    runs: tuple[Path, ...]
    server: str | None
    headers: tuple[str, ...]
    most: int
    timeout: float
    patience: float
    dialect: str | None
    protect: tuple[str, ...]
    wanted: tuple[str, ...]
    now: datetime | None


def tell_explanation(options: ExplainOptions, output: ReportOutput) -> bool:
    """Tell what the filter deletes. Returns whether a problem was found.

    Raises UsageError for a filter that is refused or cannot be read, and for a server that does not
    answer; SeedError for seeds.
    """
    if [options.filter, *options.protect].count("-") > 1:
        raise UsageError("stdin (-) can be read once")
    argument, name = read_filter(options.filter, "FILTER")
    protect = [read_filter(one, "--protect")[0] for one in options.protect]
    now = options.now or datetime.now(UTC)
    if options.server is None:
        dialect = find_dialect(options.dialect, print_note) if options.dialect else SPEC
        store, where = load_runs(options.runs, now)
        found = explain(store, argument, dialect, now, protect=protect, runs=options.wanted)
    else:
        found, where = _ask(options, argument, protect, now)
    kind = "a bulk_delete body" if argument.is_body else "a filter, sent as flow_runs"
    facts = (("request", f"{kind}, from {name}"), ("flow runs", f"{found.total:,} from {where}"))
    output.tell(
        explanation_page(found, facts, _MOST_ON_TERMINAL),
        explanation_value(found),
        explanation_page(found, facts, _MOST_IN_HTML),
    )
    return found.found_problem


def read_filter(given: str, where: str) -> tuple[FilterArgument, str]:
    """The filter that an argument stands for, and where it came from, for a reader."""
    content, name = read_content(given, where)
    return parse_filter(content, where if name == _TYPED else name), name


def read_content(given: str, where: str) -> tuple[str | bytes, str]:
    """The JSON that an argument stands for, and where it came from, for a reader.

    Raises UsageError for a file that cannot be read.
    """
    if given.lstrip().startswith(("{", "[")):
        return given, _TYPED
    name = "stdin" if given == "-" else to_single_line(given)
    try:
        if given == "-":
            content = sys.stdin.buffer.read(MAX_FILTER_BYTES + 1)
        else:
            with Path(given).open("rb") as stream:
                content = stream.read(MAX_FILTER_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{where}: {name}: {problem}; expected a file with a filter, - for stdin, or JSON "
            'such as \'{"state": {"type": {"any_": ["FAILED"]}}}\''
        ) from None
    if len(content) > MAX_FILTER_BYTES:
        raise UsageError(f"{where}: {name} is longer than {MAX_FILTER_BYTES >> 20} MiB")
    return content, name


Answered = TypeVar("Answered")


def ask_server(
    options: ExplainOptions, ask: Callable[[ReadClient, Dialect], Awaitable[Answered]]
) -> tuple[Answered, str]:
    """What `ask` returns of the server that the options name, and the server's URL.

    `ask` is called with a client and the dialect: that of the options, or what the server is.
    Raises UsageError for a server that does not answer.
    """
    from ...remote import (  # imports aiohttp
        Bounds,
        ReadClient,
        RemoteError,
        build_headers,
        check_bounds,
        find_server_dialect,
        normalize_api_url,
    )

    url = normalize_api_url(str(options.server))
    headers = build_headers(options.headers, os.environ)
    known = find_dialect(options.dialect, print_note) if options.dialect else None
    bounds = Bounds(timeout=options.timeout, patience=options.patience)
    check_bounds(bounds)

    async def connect() -> Answered:
        client = ReadClient(url, headers, bounds)
        async with client, ReadClient(url, headers, replace(bounds, patience=0)) as impatient:
            return await ask(client, known or await find_server_dialect(client, impatient))

    try:
        return asyncio.run(connect()), url
    except RemoteError as error:
        raise UsageError(str(error)) from None


def _ask(
    options: ExplainOptions, argument: FilterArgument, protect: list[FilterArgument], now: datetime
) -> tuple[Explanation, str]:
    """The explanation of a filter on a server, and the server's URL."""
    from ...remote import explain_server

    def ask(client: ReadClient, dialect: Dialect) -> Awaitable[ServerExplanation]:
        wanted, most = options.wanted, options.most
        return explain_server(
            client, argument, dialect, now, protect=protect, runs=wanted, most=most
        )

    answered, url = ask_server(options, ask)
    for note in answered.notes:
        print_note(note)
    return answered.explanation, url


def load_runs(paths: tuple[Path, ...], now: datetime) -> tuple[Store, str]:
    """The records of seeds, or the fixtures, and where they came from, for a reader.

    Raises SeedError.
    """
    if not paths:
        print_note("these are the flow runs that come with mockserver; --runs SEEDS takes yours")
        return Store(load_with_progress([resource_path("fixtures")], now).base()), "the fixtures"
    seeds = load_with_progress(paths, now)
    for note in seeds.notes:
        print_note(note)
    return Store(seeds.base()), ", ".join(map(str, paths))
