"""The part `page`: how soon a browser has the page of many runs, and the count while one types."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from statistics import median
from urllib.parse import urlencode

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import NOW, GeneratedSeeds
from benchmarks.results import Table, Target
from benchmarks.servers import processes
from benchmarks.servers.processes import Address

FIRST_MILLISECONDS = 1_000
KEYSTROKE_MILLISECONDS = 200
_CALLS = 7
_LONG_AGO = "2026-01-01T00:00:00Z"
_HTML = {"Accept": "text/html"}
_FORM = {**_HTML, "Content-Type": "application/x-www-form-urlencoded"}
# Each makes an index, as the reasons do that a browser asks for when the page is opened.
_FIRST: tuple[dict[str, object], ...] = (
    {"state": {"type": {"any_": ["RUNNING"]}}},
    {"end_time": {"before_": NOW}},
    {"name": {"like_": "weekly"}},
    {"tags": {"all_": ["nightly"]}},
)
# What is typed then, a letter or a condition after the other; each for the first time.
_NAMES: list[dict[str, object]] = [
    {"name": {"like_": "etl-daily"[:letters]}} for letters in range(1, 10)
]
_TYPED: tuple[dict[str, object], ...] = (
    {},
    {"state": {"type": {"any_": ["COMPLETED"]}}},
    {"state": {"type": {"any_": ["COMPLETED", "FAILED"]}}},
    {"state": {"type": {"any_": ["COMPLETED"]}}, "end_time": {"before_": _LONG_AGO}},
    *_NAMES,
    {"tags": {"all_": ["prod"]}, "name": {"like_": "etl"}},
)
VIEWS = ("/", "/page/filter", "/page/journal")


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """Each view, what its script asks for later, and each filter that is typed."""
    runs = effort.max_runs
    command = (*processes.mock_command(seeds.packed(runs)), "--now", NOW)
    with processes.run_server(command) as address:
        log_progress(f"page, {runs:,} runs")
        views = {path: _times(address, path) for path in VIEWS}
        later = {"the counts of /": _times(address, "/?part=tables")}
        for filter_ in _FIRST:
            _count(address, filter_)
        typed = [_count(address, filter_) for filter_ in _TYPED]
    table = Table(
        f"The page of {runs:,} runs, milliseconds",
        ("asked for", "first", "then"),
        notes=("`first` also makes the indexes that it needs.", f"`then`: median of {_CALLS}."),
    )
    for name, times in (views | later).items():
        table.add(name, f"{times[0]:.0f}", f"{median(times[1:]):.0f}")
    for filter_, times in zip(_TYPED, typed, strict=True):
        table.add(json.dumps(filter_)[:60], f"{times[0]:.0f}", f"{median(times[1:]):.0f}")
    yield table
    yield _target("a view, when it is first asked for", max(one[0] for one in views.values()),
                  FIRST_MILLISECONDS)  # fmt: skip
    yield _target("the count after a keystroke, once the indexes are there",
                  max(one[0] for one in typed), KEYSTROKE_MILLISECONDS)  # fmt: skip


def _target(name: str, milliseconds: float, most: int) -> Target:
    return Target(name, f"<= {most:,} ms", f"{milliseconds:.0f} ms", milliseconds <= most)


def _count(address: Address, filter_: dict[str, object]) -> list[float]:
    """The times of the count that a browser asks for while one types."""
    return _times(address, "/page/filter", part="count", filter=json.dumps(filter_))


def _times(address: Address, path: str, **form: str) -> list[float]:
    """The milliseconds of the first request and of the later ones."""
    body = urlencode(form) if form else None
    return [_ask(address, path, body) for _ in range(_CALLS + 1)]


def _ask(address: Address, path: str, body: str | None) -> float:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=180)
    started = time.perf_counter()
    method, headers = ("GET", _HTML) if body is None else ("POST", _FORM)
    connection.request(method, path, body, headers)
    reply = connection.getresponse()
    reply.read()
    taken = (time.perf_counter() - started) * 1e3
    connection.close()
    assert reply.status == 200, reply.status
    return taken
