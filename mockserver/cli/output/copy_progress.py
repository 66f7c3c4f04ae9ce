"""How far a copy of a server is: bars with rate and time left, where stderr is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from ...remote import Progress

_SHOWN_PAUSE = 5.0
"""A shorter pause, in seconds, is not worth a line where there are no bars."""


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


class _ShownProgress(Progress):
    """A bar for each kind of records, and a line for each request that is sent again."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def begin(self, noun: str, total: int) -> None:
        self._task = self._bars.add_task(noun, total=total)

    def advance(self, records: int) -> None:
        if self._task is not None:
            self._bars.advance(self._task, records)

    def retry(self, why: str, seconds: float) -> None:
        self._bars.console.print(
            f"{why}; again in {seconds:.3g} s", style="yellow", markup=False, highlight=False
        )


class _LoggedProgress(Progress):
    """Only what keeps somebody waiting, for a log."""

    def retry(self, why: str, seconds: float) -> None:
        if seconds >= _SHOWN_PAUSE:
            print(f"{why}; again in {seconds:.3g} s", file=sys.stderr)  # noqa: T201


@contextmanager
def copy_progress() -> Iterator[Progress]:
    """Show how far a copy is while the block runs."""
    if not sys.stderr.isatty():
        yield _LoggedProgress()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _ShownProgress(bars)
