"""Runs, copied in windows of time: the cost grows with their number, not with its square.

An offset makes a database pass over all rows before it, so that page after page costs the square
of the number of rows. Here the runs are first divided into windows by counting: a window that
holds too many is halved. In a window, each page begins at the time at which the one before ended.
Offsets are left for runs of one instant, and for runs without a time.

A server that lives meanwhile is counted once more, window by window, and a window that changed is
copied again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import orjson

from ..errors import to_single_line
from .client import ReadClient, RemoteError
from .kinds import PAGE, Kind, Record, kept_fields
from .partial_file import PartialFile
from .scope import ASCENDING, DESCENDING, TIME_KEY, Scope, Window, expected_start

WINDOW_RUNS = 1000
"""A window that holds more runs is halved."""
HEALING_ROUNDS = 4
"""How often the windows are counted again, at most."""
_PLAN, _UNTIMED, _BY_OFFSET = "plan", "untimed", "by offset"
Transform = Callable[[str, Record], Record]
Result = TypeVar("Result")


async def run_all(jobs: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Run jobs at once; the first error stops all of them, and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


class Progress:
    """What a copy tells while it works: a command shows it, and this one keeps it to itself."""

    def begin(self, noun: str, total: int) -> None:
        """A kind of records is copied next, of which the server counts `total`."""

    def advance(self, records: int) -> None:
        """So many more records are copied."""

    def retry(self, why: str, seconds: float) -> None:
        """The server did not answer a request, which is sent again in some seconds."""


class SlicedCopy:
    """The copy of one kind of runs, flow runs or task runs, to a partial file."""

    def __init__(
        self,
        client: ReadClient,
        kind: Kind,
        scope: Scope,
        partial: PartialFile,
        progress: Progress,
        transform: Transform,
    ) -> None:
        self.client, self.kind, self.scope = client, kind, scope
        self.partial, self.progress, self.transform = partial, progress, transform
        self.healed = 0

    async def run(self) -> None:
        """Copy all runs, and hold them against the server's counts. Raises RemoteError."""
        total = await self._count(None)
        self.progress.begin(self.kind.noun, total)
        windows = await self._plan(total)
        held = [self._held(_name(window)) for window in windows]
        self.progress.advance(sum(filter(None, held)))
        missing = [window for window, have in zip(windows, held, strict=True) if have is None]
        await self._copy_windows(missing, self.progress.advance)
        await self._copy_untimed(windows)
        await self._heal(windows)

    async def _count(self, window: Window | None) -> int:
        return await self.client.count(
            self.kind.collection, self.scope.body(self.kind.filter_key, window)
        )

    def _held(self, block: str) -> int | None:
        """How many runs of a block are copied; None if it is not."""
        found = self.partial.block(self.kind.collection, block)
        return None if found is None else len(found)

    def _put(self, block: str, records: Iterable[Record]) -> None:
        name = self.kind.collection
        kept = [self.transform(name, kept_fields(name, record)) for record in records]
        self.partial.put(name, block, kept)

    # --- the plan ---------------------------------------------------------------------------------

    async def _plan(self, total: int) -> Sequence[Window]:
        """The windows; those of an earlier process if there was one. None: by offset."""
        whole = self.scope.window(self.kind.filter_key)
        if whole is None:
            return ()
        name = f"{self.kind.collection} {_PLAN}"
        if self.partial.block(name, _PLAN) is None:
            windows = await self._divide_all(whole, total) if total > WINDOW_RUNS else [whole]
            plan = {"id": _PLAN, "windows": [[window.first, window.last] for window in windows]}
            self.partial.put(name, _PLAN, [plan])
        planned = next(self.partial.records(name))
        return [Window(*window) for window in planned["windows"]]

    async def _divide_all(self, whole: Window, total: int) -> list[Window]:
        """The windows of a whole that is far wider than the times of its runs."""
        edges = [await self._page(whole, sort, limit=1) for sort in (ASCENDING, DESCENDING)]
        if not all(edges):
            return [whole]
        (first,), (last,) = edges
        counted = await self._divide(Window(_time(first), _time(last)), total)
        windows = _join_small(counted)
        # Later and earlier runs may come.
        windows[0] = Window(windows[0].first, whole.last)
        windows[-1] = Window(whole.first, windows[-1].last)
        return windows

    async def _divide(self, window: Window, count: int) -> list[tuple[Window, int]]:
        """Windows of at most `WINDOW_RUNS` runs each, if they can be that short; latest first."""
        if count <= WINDOW_RUNS or window.first == window.last:
            return [(window, count)]
        earlier, later = window.halves()
        count_later = await self._count(later)
        parts = await run_all(
            (self._divide(later, count_later), self._divide(earlier, count - count_later))
        )
        return [*parts[0], *parts[1]]

    # --- copying ----------------------------------------------------------------------------------

    async def _copy_windows(
        self, windows: Sequence[Window], advance: Callable[[int], None]
    ) -> None:
        """Copy windows, as many at once as requests are allowed: each is whole all the sooner."""
        waiting = iter(windows)

        async def work() -> None:
            for window in waiting:
                records = await self._runs_in(window)
                self._put(_name(window), records)
                advance(len(records))

        await run_all(work() for _ in range(min(self.client.bounds.concurrency, len(windows))))

    async def _runs_in(self, window: Window) -> list[Record]:
        """The runs of a window: from the latest on, each page from where the last one ended."""
        found: dict[str, Record] = {}
        last = window.last
        while True:
            page = await self._page(Window(window.first, last), DESCENDING)
            found.update((record["id"], record) for record in page)
            if len(page) < PAGE:
                return list(found.values())
            first_time, last_time = _time(page[0]), _time(page[-1])
            if first_time != last_time:
                last = last_time  # again, for there may be more runs of this instant
                continue
            # A page of one instant: there may be more of them than a page holds.
            instant = Window(last_time, last_time)
            found.update((one["id"], one) for one in await self._by_offset(instant, "ID_DESC"))
            if last_time == window.first:
                return list(found.values())
            last = last_time - 1

    async def _page(
        self, window: Window | None, sort: str, *, offset: int = 0, limit: int | None = None
    ) -> list[Record]:
        body = self.scope.body(self.kind.filter_key, window)
        paging = {"sort": sort, "limit": limit or PAGE, "offset": offset}
        return await self.client.page(self.kind.path, {**body, **paging})

    async def _by_offset(
        self,
        window: Window | None,
        sort: str,
        wanted: Callable[[Record], bool] = lambda _: True,
    ) -> list[Record]:
        """The runs from the first on, as long as they are wanted."""
        found: dict[str, Record] = {}
        offset = 0
        while True:
            page = await self._page(window, sort, offset=offset)
            kept = [record for record in page if wanted(record)]
            found.update((record["id"], record) for record in kept)
            if len(kept) < PAGE:
                return list(found.values())
            offset += PAGE

    # --- runs without a time, and filters that no window can be joined to -------------------------

    async def _copy_untimed(self, windows: Sequence[Window]) -> None:
        """Copy the runs that are in no window."""
        if not windows:
            await self._copy_rest(_BY_OFFSET, self._all_by_offset)
        elif await self._count_untimed(windows) != 0:
            await self._copy_rest(_UNTIMED, self._untimed)

    async def _count_untimed(self, windows: Sequence[Window]) -> int | None:
        """How many runs are in no window; None if the server's runs change too fast to tell."""
        if self.scope.leaves_out_untimed(self.kind.filter_key):
            return 0
        before = await self._count(None)
        timed = await self._count(_hull(windows))
        return before - timed if before == await self._count(None) else None

    async def _copy_rest(self, block: str, read: Callable[[], Awaitable[list[Record]]]) -> None:
        if self._held(block) is None:
            records = await read()
            self._put(block, records)
            self.progress.advance(len(records))

    async def _all_by_offset(self) -> list[Record]:
        return await self._by_offset(None, "ID_DESC")

    async def _untimed(self) -> list[Record]:
        """The runs without an expected start: no filter finds them, but a sort puts them first.

        SQLite takes nulls for the least values, PostgreSQL for the greatest.
        """
        for sort in (ASCENDING, DESCENDING):
            found = await self._by_offset(None, sort, lambda record: _time_of(record) is None)
            if found:
                return found
        return []

    # --- healing ----------------------------------------------------------------------------------

    async def _heal(self, windows: Sequence[Window]) -> None:
        """Copy windows again until the server counts in each what is copied of it.

        Raises RemoteError if a server lists other runs than it counts, time and again.
        """
        seen: dict[str, tuple[int, int]] = {}
        for _ in range(HEALING_ROUNDS):
            differing = await self._differing(windows)
            if not differing:
                return
            for block, counts in differing.items():
                if seen.get(block) == counts:
                    raise RemoteError(
                        f"{self.client.url} contradicts itself: it counts {counts[0]:,} "
                        f"{self.kind.noun} and lists {counts[1]:,} ({block})"
                    )
            seen = differing
            self.healed += len(differing)
            changed = [window for window in windows if _name(window) in differing]
            await self._copy_windows(changed, lambda _: None)
            for block, read in ((_UNTIMED, self._untimed), (_BY_OFFSET, self._all_by_offset)):
                if block in differing:
                    self._put(block, await read())

    async def _differing(self, windows: Sequence[Window]) -> dict[str, tuple[int, int]]:
        """The blocks of which the server counts more or fewer runs than are copied, with both."""
        counts = await run_all(map(self._count, windows))
        found = dict(zip(map(_name, windows), counts, strict=True))
        if not windows:
            found[_BY_OFFSET] = await self._count(None)
        elif (untimed := await self._count_untimed(windows)) is not None:
            found[_UNTIMED] = untimed
        held = {block: self._held(block) or 0 for block in found}
        return {
            block: (count, held[block]) for block, count in found.items() if count != held[block]
        }


def _join_small(counted: Sequence[tuple[Window, int]]) -> list[Window]:
    """Join neighbours, the latest first, that hold no more than `WINDOW_RUNS` together.

    Around an instant with many runs, halving leaves many windows that hold next to nothing.
    """
    joined: list[tuple[Window, int]] = []
    for window, count in counted:
        if joined and joined[-1][1] + count <= WINDOW_RUNS:
            later, count_later = joined.pop()
            joined.append((Window(window.first, later.last), count_later + count))
        else:
            joined.append((window, count))
    return [window for window, _ in joined]


def _hull(windows: Sequence[Window]) -> Window:
    """The window from the first instant of any window to the last."""
    return Window(min(windows).first, max(window.last for window in windows))


def _name(window: Window) -> str:
    return orjson.dumps(window.criterion()).decode()


def _time_of(record: Record) -> int | None:
    try:
        return expected_start(record)
    except (ValueError, AttributeError, TypeError):
        time = to_single_line(repr(record[TIME_KEY]))
        raise RemoteError(f"the server sent a run whose {TIME_KEY} is {time}") from None


def _time(record: Record) -> int:
    """The expected start of a run that a filter found by it."""
    found = _time_of(record)
    if found is None:
        raise RemoteError(f"the server sent a run without the {TIME_KEY} it was asked for")
    return found
