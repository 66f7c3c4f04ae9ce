"""What was asked, what was answered, what it deleted and why; bounded, the oldest goes first."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from ..errors import to_single_line
from ..filters import AllOf, AnyOf, Comparison, Predicate
from ..prefect import WARNINGS, FlowRun

MAX_EXCHANGES = 1_000
MAX_KEPT_BODY = 64 << 10
MAX_TOTAL_BYTES = 8 << 20  # of all bodies together
MAX_DELETED = 100_000
_MAX_ERRORS = 100


@dataclass(frozen=True)
class Exchange:
    """A request and its reply. `path` is without the prefixes of a session and of `/api`.

    Bodies are kept up to `MAX_KEPT_BODY` bytes. `predicate` says which flow runs it was about, and
    `limit` how many of them it could delete at most; `fault` what went wrong on purpose.
    """

    number: int
    at: datetime
    method: str
    path: str
    query: str
    body: bytes
    status: int | None
    reply: bytes
    warnings: tuple[str, ...] = ()
    deleted: tuple[FlowRun, ...] = ()
    predicate: Predicate | None = None
    limit: int | None = None
    fault: str | None = None
    error: Exception | None = None

    @cached_property
    def json(self) -> Any:
        """The body of the request, read as JSON; None where it is none."""
        return _json(self.body)

    @cached_property
    def reply_json(self) -> Any:
        """The body of the reply, read as JSON; None where it is none."""
        return _json(self.reply)

    @property
    def size(self) -> int:
        """How many bytes of bodies it holds."""
        return len(self.body) + len(self.reply)

    @property
    def why(self) -> str:
        """Which flow runs it was about, in words; empty where it was about none."""
        return "" if self.predicate is None else str(self.predicate)

    @property
    def sentences(self) -> dict[str, str]:
        """The warnings by id, with what each means."""
        return {warning: WARNINGS[warning] for warning in self.warnings}

    def __str__(self) -> str:
        answered = "no reply" if self.status is None else str(self.status)
        return f"#{self.number} {self.method} {to_single_line(self.path, 120)} -> {answered}"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


class Journal:
    """The last exchanges of a world. `dropped` counts those that had to go for newer ones.

    What was deleted, what was warned of and what failed is kept on its own, so that it outlives
    the exchange that it belongs to. `warned`: how often, by the warning's id.
    """

    __slots__ = (
        "_bytes", "_deleted", "_exchanges", "_most", "_written", "deleted_dropped", "failed",
        "warned",
    )  # fmt: skip

    def __init__(self, most: int = MAX_EXCHANGES) -> None:
        """`most`: how many exchanges are kept, at least one; fewer if their bodies are large."""
        self._most = most
        self._bytes = 0
        self._exchanges: deque[Exchange] = deque()
        self._deleted: deque[FlowRun] = deque(maxlen=MAX_DELETED)
        self._written = 0
        self.deleted_dropped = 0
        self.warned: Counter[str] = Counter()
        self.failed: deque[Exception] = deque(maxlen=_MAX_ERRORS)

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    @property
    def dropped(self) -> int:
        """How many exchanges had to go for newer ones."""
        return self._written - len(self._exchanges)

    @property
    def deleted(self) -> tuple[FlowRun, ...]:
        """The flow runs that requests deleted, as they last were, in the order of the deletions."""
        return tuple(self._deleted)

    @property
    def next_number(self) -> int:
        """The number of the exchange that is written next; the first is 1."""
        return self._written + 1

    def write(self, exchange: Exchange) -> None:
        """Add an exchange, and what it deleted."""
        self._written += 1
        self._exchanges.append(exchange)
        self._bytes += exchange.size
        while len(self._exchanges) > self._most or self._bytes > MAX_TOTAL_BYTES:
            self._bytes -= self._exchanges.popleft().size
        if exchange.warnings:
            self.warned.update(exchange.warnings)
        if exchange.error is not None:
            exchange.error.add_note(f"while mockserver answered {exchange}")
            self.failed.append(exchange.error)
        if exchange.deleted:
            kept = len(self._deleted) + len(exchange.deleted)
            self.deleted_dropped += max(0, kept - MAX_DELETED)
            self._deleted.extend(exchange.deleted)

    def clear(self) -> None:
        """Forget everything; numbers start at 1 again."""
        self._exchanges.clear()
        self._bytes = 0
        self._deleted.clear()
        self.warned.clear()
        self.failed.clear()
        self._written = self.deleted_dropped = 0


def failed_conditions(predicate: Predicate, run: FlowRun) -> tuple[str, ...]:
    """The conditions that keep a predicate from being true of a flow run, with what it has there.

    Empty where the predicate is true of it.
    """
    return tuple(dict.fromkeys(_iter_failed_conditions(predicate, run)))


def _iter_failed_conditions(predicate: Predicate, run: FlowRun) -> Iterator[str]:
    if predicate(run):
        return
    if isinstance(predicate, Comparison):
        held = getattr(run, predicate.column)
        yield f"{predicate}, but it is {_format_value(held)}"
    elif isinstance(predicate, AllOf | AnyOf) and predicate.parts:
        for part in predicate.parts:
            yield from _iter_failed_conditions(part, run)
    else:
        yield "it matches no flow run"


def _format_value(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"{{{', '.join(map(str, value))}}}"
    return to_single_line(str(value), 80)
