"""Progress while a command runs: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ...errors import to_single_line

# verify took 118 to 457 s (measured): about 12 to 46 lines.
_SECONDS_BETWEEN_LINES = 10.0


class ProgressDisplay:
    """Shows progress on stderr, so that the report on stdout can be piped."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self._bar: Progress | None = None
        self._verb = ""
        self._last_line_at = 0.0
        if self.stream.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("[red]{task.fields[finding]}"),
                console=Console(file=self.stream),
                transient=True,
            )

    def __enter__(self) -> ProgressDisplay:
        if self._bar:
            self._task = self._bar.add_task("", total=None, finding="")
            self._bar.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def start_verb(self, verb: str) -> None:
        """Put the name of a command before the texts that follow, and begin to measure it."""
        self._verb = f"{verb}: "
        if self._bar:
            self._bar.reset(self._task, total=None, description=self._verb)

    def show_finding(self, text: str) -> None:
        """Show the last thing that was found beside the bar; only a terminal has one."""
        if self._bar:
            self._bar.update(self._task, finding=escape(to_single_line(f"✗ {text}", 60)))

    def show_status(self, text: str) -> None:
        """Show a text without a measure of progress."""
        if self._bar:
            self._bar.update(self._task, description=self._verb + text, total=None, completed=0)
        else:
            self._print_line(text)

    def show_part(self, text: str, part: float) -> None:
        """Show which part of all is done, from 0 to 1, of what has no measure of its own.

        Without a terminal, only once in a while.
        """
        percent = round(100 * part)
        if self._bar:
            self._bar.update(
                self._task, description=self._verb + text, completed=percent, total=100
            )
        elif self._is_line_due():
            self._print_line(f"{text}, {percent} %")

    def show_progress(self, what: str, done: int, total: int) -> None:
        """Show how much of `total` is done; without a terminal, only once in a while."""
        if self._bar:
            text = self._verb + what
            self._bar.update(self._task, description=text, completed=min(done, total), total=total)
        elif self._is_line_due():
            self._print_line(f"{what}, {done:,} of {total:,}")

    def _is_line_due(self) -> bool:
        return time.monotonic() >= self._last_line_at + _SECONDS_BETWEEN_LINES

    def _print_line(self, text: str) -> None:
        self._last_line_at = time.monotonic()
        print(f"{self._verb}{text}", file=self.stream, flush=True)
