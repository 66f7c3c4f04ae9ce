"""How an application answers: the value that its makers fill in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from ..prefect import SPEC, Dialect

# Prefect's client sends the lines of a log in batches of up to 4,000,000 bytes.
MAX_BODY = 4 << 20


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid4())


@dataclass(frozen=True, slots=True)
class Settings:
    """How an application answers. Times in seconds, sizes in bytes."""

    dialect: Dialect = SPEC
    now: Callable[[], datetime] = field(default=_now)
    new_id: Callable[[], str] = field(default=_new_id)
    max_body: int = MAX_BODY
    body_timeout: float = 10.0
    # Host names a request may be addressed to besides loopback ones; None: any.
    hosts: frozenset[str] | None = frozenset()
    # How many exchanges a journal keeps; 0: there is none.
    journal: int = 0
    # What who uses the control API must show; None: only who is on this machine may use it.
    control_token: str | None = field(default=None, repr=False)
