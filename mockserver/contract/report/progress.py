"""What is being done, while it is done: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_EVERY = 10.0  # seconds between lines


class ProgressDisplay:
    """Progress on stderr, so that what is printed at the end can be piped."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self._bar: Progress | None = None
        self._verb = ""
        self._last = 0.0
        if self.stream.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(file=self.stream),
                transient=True,
            )

    def __enter__(self) -> ProgressDisplay:
        if self._bar:
            self._task = self._bar.add_task("", total=None)
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
        """What follows is about this verb."""
        self._verb = f"{verb}: "

    def show_status(self, text: str) -> None:
        """Something that has no measure."""
        if self._bar:
            self._bar.update(self._task, description=self._verb + text, total=None, completed=0)
        else:
            self._line(text)

    def show_status_throttled(self, text: str) -> None:
        """Something that is said again and again."""
        if self._bar or time.monotonic() >= self._last + _EVERY:
            self.show_status(text)

    def show_progress(self, what: str, done: int, total: int) -> None:
        """So much of something is done."""
        if self._bar:
            text = self._verb + what
            self._bar.update(self._task, description=text, completed=min(done, total), total=total)
        elif time.monotonic() >= self._last + _EVERY:
            self._line(f"{what}, {done:,} of {total:,}")

    def _line(self, text: str) -> None:
        self._last = time.monotonic()
        print(f"{self._verb}{text}", file=self.stream, flush=True)
