"""The settings of a server: one frozen value, filled in by whoever creates the application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from ..prefect import SPEC, Dialect

# Prefect's client sends the lines of a log in batches of up to 4,000,000 bytes.
MAX_BODY = 4 << 20
# Chosen, not measured.
CLIENT_TIMEOUT = 30.0


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid4())


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server answers. Durations are in seconds, sizes in bytes.

    `now` and `new_id` are the sources of time and of ids. `client_timeout` is how long a client may
    take to send a body, and how long it may read nothing of a reply. `hosts` are the host names
    that a request may be addressed to besides loopback ones; None is any. `journal` is how many
    exchanges the journal keeps; 0 is no journal. `control_token` is the token that a user of the
    control API must send; None restricts that API to this machine.
    """

    dialect: Dialect = SPEC
    now: Callable[[], datetime] = field(default=_now)
    new_id: Callable[[], str] = field(default=_new_id)
    max_body: int = MAX_BODY
    client_timeout: float = CLIENT_TIMEOUT
    hosts: frozenset[str] | None = frozenset()
    journal: int = 0
    control_token: str | None = field(default=None, repr=False)  # a secret: not in logs
