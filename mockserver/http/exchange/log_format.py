"""The log on stderr: one line a record, as text or as JSON; repeated lines are counted."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any

from ...errors import to_single_line
from ...prefect import Dialect, notes_of, warning_sentence

# Chosen, not measured.
_LONGEST_LINE = 4000
# Chosen. The lines of a drain took about a seventh of each request before repeats were counted.
_REPEAT_SECONDS = 1.0
_UNUSED_RECORD_FIELDS = (
    "_srcfile",
    "logThreads",
    "logMultiprocessing",
    "logProcesses",
    "logAsyncioTasks",
)
"""Switches of `logging` for things that no line shows: off, a record takes half as long (Python's
logging HOWTO, "Optimization").
"""


_LOG = logging.getLogger("mockserver")
_LIBRARIES = ("aiohttp", "asyncio")


def log_warnings(message: str, *args: object, warnings: tuple[str, ...], dialect: Dialect) -> None:
    """Log a message together with the sentences of the warnings with these ids, at least one.

    It is a warning, or information if all of them are only notes under the dialect. A message that
    repeats is counted without a log record being made. Messages are compared with `==`, so
    arguments must be immutable.
    """
    level = logging.INFO if notes_of(dialect).issuperset(warnings) else logging.WARNING
    if not _LOG.isEnabledFor(level):
        return
    handlers = _LOG.handlers
    # Another handler, such as pytest's, is to see every record.
    alone = handlers[0] if len(handlers) == 1 else None
    if isinstance(alone, _RepeatCountingHandler) and alone.counts(
        (level, message, args, warnings), time.time()
    ):
        return
    _LOG.log(level, message, *args, extra={"warnings": warnings, "dialect": dialect}, stacklevel=2)


def log_to_stderr(*, as_json: bool) -> None:
    """Write this package's log to stderr, from INFO up."""
    handler = _RepeatCountingHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if as_json else _TextFormatter())
    # Lines of the libraries below repeat what clients send, too.
    for logger in (_LOG, *map(logging.getLogger, _LIBRARIES)):
        # Replaced, not added: a second call must not write each line twice.
        logger.handlers = [handler]
        # Else handlers of the root logger would write each line again.
        logger.propagate = False
    _LOG.setLevel(logging.INFO)
    for field in _UNUSED_RECORD_FIELDS:
        setattr(logging, field, None)


class _RepeatCountingHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes records; a record that repeats within a second is only counted.

    The count is written before the next line. A script that drains a server sends one request
    thousands of times: its lines would hide the others, and cost as much as the deletes.
    """

    _last: tuple[object, ...] = ()
    _until = 0.0
    _repeats = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or count it if it repeats."""
        content = (record.levelno, record.msg, record.args, getattr(record, "warnings", ()))
        # Errors with the same message can have different causes: tracebacks are never counted.
        if record.exc_info is None and self.counts(content, record.created):
            return
        self._write_repeats(record)
        self._last, self._until = content, record.created + _REPEAT_SECONDS
        super().emit(record)

    def counts(self, content: tuple[object, ...], now: float) -> bool:
        """Count a record if it equals the one written within the last second; return whether."""
        again = content == self._last and now < self._until
        self._repeats += again
        return again

    def close(self) -> None:
        """Write the count of repeats, if there is one, and close."""
        if self._repeats:
            last = logging.LogRecord("mockserver", logging.INFO, "", 0, "", (), None)
            self._write_repeats(last)
        super().close()

    def _write_repeats(self, record: logging.LogRecord) -> None:
        if not self._repeats:
            return
        times = "once more" if self._repeats == 1 else f"{self._repeats:,} times more"
        summary = logging.LogRecord(
            record.name, logging.INFO, "", 0, "the line before this one, %s", (times,), None
        )
        self._repeats = 0
        super().emit(summary)


class _TextFormatter(logging.Formatter):
    """Lines without anything unprintable that a client sent: no line break, no escape sequence."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return to_single_line(super().formatMessage(record), _LONGEST_LINE)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        # Indented: no line of an error's text looks like a line of the log.
        lines = super().formatException(ei).splitlines()
        return "\n".join(f"  {to_single_line(line, _LONGEST_LINE)}" for line in lines)

    def format(self, record: logging.LogRecord) -> str:
        lines = [super().format(record)]
        for warning, sentence in _warning_texts(record).items():
            lines.append(f"  {warning}: {sentence}")
        return "\n".join(lines)


class _JsonFormatter(logging.Formatter):
    """A JSON object a line, in which everything unprintable is escaped."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "message": record.getMessage()[:_LONGEST_LINE],
        }
        sentences = _warning_texts(record)
        if sentences:
            line["warnings"] = sentences
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        text = json.dumps(line, ensure_ascii=False)
        if text.isprintable():
            return text
        # JSON leaves U+2028, which ends a line, and U+202E, which turns one round, as they are.
        return "".join(
            letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text
        )


def _warning_texts(record: logging.LogRecord) -> dict[str, str]:
    warnings: tuple[str, ...] = getattr(record, "warnings", ())
    return {warning: warning_sentence(warning, record.dialect) for warning in warnings}  # type: ignore[attr-defined]  # log_warnings gives both
