"""The journal of a world: its last requests and replies, what they deleted and why.

`http.exchange.faults_and_journal` writes it, before a reply is sent.

Invariant: its size is bounded. The oldest exchanges go first, and what is lost is counted.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ..errors import to_single_line
from ..filters import AllOf, AnyOf, Comparison, Predicate
from ..prefect import SPEC, Dialect, FlowRun, warning_sentence
from .bounded_log import BoundedLog
from .memory_size import size_of_predicate, size_of_run

# Chosen, not measured: a journal that nobody clears must not fill the memory.
MAX_EXCHANGES = 1_000
MAX_KEPT_BODY = 64 << 10  # bytes of one body
MAX_KEPT_TEXT = 2_000  # characters of one path, and of one query
MAX_TOTAL_BYTES = 8 << 20  # of all requests and replies of a journal together
MAX_DELETED = 100_000  # flow runs
MAX_DELETED_BYTES = 64 << 20  # of all flow runs that they deleted
MAX_ALSO_DELETED = 1_000  # flows and deployments of one request
_RECORD_BYTES = 200  # about, of a flow's or deployment's id and of what holds it
_MAX_ERRORS = 100


class DeletedRecord(NamedTuple):
    """A flow or a deployment that a request deleted; `kind` is `flows` or `deployments`."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its reply.

    `number` counts from 1 in the order of the replies. `path` is without the prefix of a session
    and without `/api`. `path` and `query` are cut after `MAX_KEPT_TEXT` characters and then say how
    many are missing; `body` and `reply` are cut after `MAX_KEPT_BODY` bytes. `status` is None
    where no reply was sent. `warnings` are ids. `deleted` are the flow runs that the request
    deleted, as they last were, and `deleted_dropped` counts more that are not kept; `predicate` is
    the condition that they met, and `limit` how many could be deleted at most. `also_deleted` are
    flows and deployments that it deleted, the first MAX_ALSO_DELETED. `fault` is the
    injected fault in words. `error` is an exception that mockserver did not expect: a bug.
    `dialect` is that of the world. `reason` says why the request was refused, in words; empty where
    it was not.
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
    deleted_dropped: int = 0
    predicate: Predicate | None = None
    limit: int | None = None
    fault: str | None = None
    error: Exception | None = None
    dialect: Dialect = SPEC
    reason: str = ""
    also_deleted: tuple[DeletedRecord, ...] = ()

    @property
    def json(self) -> Any:
        """The body of the request as a JSON value, read anew; None where it is not JSON."""
        return _parse_json(self.body)

    @property
    def reply_json(self) -> Any:
        """The body of the reply as a JSON value, read anew; None where it is not JSON."""
        return _parse_json(self.reply)

    @property
    def size(self) -> int:
        """About how many bytes the request and the reply take, without the deleted flow runs."""
        condition = 0 if self.predicate is None else size_of_predicate(self.predicate)
        texts = len(self.path) + len(self.query) + len(self.fault or "") + len(self.reason)
        others = sum(len(one.name) + _RECORD_BYTES for one in self.also_deleted)
        return len(self.body) + len(self.reply) + texts + condition + others

    @property
    def why(self) -> str:
        """The condition on the flow runs in words; empty where there is none."""
        return "" if self.predicate is None else str(self.predicate)

    @property
    def sentences(self) -> dict[str, str]:
        """The sentence of each warning, by id. One that is only a note begins with "note"."""
        return {warning: warning_sentence(warning, self.dialect) for warning in self.warnings}

    def __str__(self) -> str:
        outcome = "no reply" if self.status is None else str(self.status)
        return f"#{self.number} {self.method} {to_single_line(self.path, 120)} -> {outcome}"


def cut_text(text: str) -> str:
    """A path or query as an exchange keeps it."""
    missing = len(text) - MAX_KEPT_TEXT
    return text if missing <= 0 else f"{text[:MAX_KEPT_TEXT]}... and {missing:,} characters more"


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    # Also for a body that was cut, and one that nests too deep for Python's parser.
    except (ValueError, RecursionError):
        return None


class Journal:
    """The last exchanges of a world.

    Deleted flow runs, warnings and errors are also kept by themselves, so that they outlive their
    exchange. `warning_counts` counts each warning by id; `errors` are the last exceptions;
    `deleted_dropped` counts deleted flow runs that are no longer kept.
    """

    __slots__ = (
        "_deleted", "_exchanges", "_total", "deleted_dropped", "errors", "warning_counts",
    )  # fmt: skip

    def __init__(self, max_exchanges: int = MAX_EXCHANGES) -> None:
        """Keep up to `max_exchanges` (1 or more), and fewer where they are large."""
        self._exchanges: BoundedLog[Exchange] = BoundedLog(
            max_exchanges, MAX_TOTAL_BYTES, MAX_DELETED_BYTES
        )
        self._deleted: BoundedLog[FlowRun] = BoundedLog(MAX_DELETED, MAX_DELETED_BYTES)
        self._total = 0
        self.deleted_dropped = 0
        self.warning_counts: Counter[str] = Counter()
        self.errors: deque[Exception] = deque(maxlen=_MAX_ERRORS)

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    @property
    def dropped(self) -> int:
        """How many exchanges were dropped for newer ones."""
        return self._total - len(self._exchanges)

    @property
    def deleted(self) -> tuple[FlowRun, ...]:
        """The flow runs that requests deleted, as they last were, first deletion first."""
        return tuple(self._deleted)

    @property
    def next_number(self) -> int:
        """The number of the next exchange; the first is 1."""
        return self._total + 1

    def write(self, exchange: Exchange) -> None:
        """Add an exchange with its warnings, its error and the flow runs that it deleted."""
        self._total += 1
        sizes = [size_of_run(run) for run in exchange.deleted]
        self._exchanges.append(exchange, exchange.size, sum(sizes))
        if exchange.warnings:
            self.warning_counts.update(exchange.warnings)
        if exchange.error is not None:
            # The error is raised again in the test, where pytest prints its notes.
            exchange.error.add_note(f"while mockserver answered {exchange}")
            self.errors.append(exchange.error)
        self.deleted_dropped += exchange.deleted_dropped
        for run, size in zip(exchange.deleted, sizes, strict=True):
            self.deleted_dropped += self._deleted.append(run, size)

    def clear(self) -> None:
        """Remove everything; numbers start at 1 again."""
        self._exchanges.clear()
        self._deleted.clear()
        self.warning_counts.clear()
        self.errors.clear()
        self._total = self.deleted_dropped = 0


def failed_conditions(predicate: Predicate, run: FlowRun) -> tuple[str, ...]:
    """The conditions that a flow run does not meet, each with the value that the run has.

    Empty where the run satisfies the predicate.
    """
    return tuple(dict.fromkeys(_iter_failed_conditions(predicate, run)))


def _iter_failed_conditions(predicate: Predicate, run: FlowRun) -> Iterator[str]:
    if predicate(run):
        return
    if isinstance(predicate, Comparison):
        value = getattr(run, predicate.column)
        yield f"{predicate}, but it is {_format_value(value)}"
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
