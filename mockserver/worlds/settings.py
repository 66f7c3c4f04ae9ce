"""The settings of a server: one frozen value, filled in by whoever creates the application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import count
from uuid import UUID, uuid4

from ..prefect import SPEC, Dialect

# Prefect's client sends the lines of a log in batches of up to 4,000,000 bytes.
MAX_BODY = 4 << 20
# Chosen, not measured.
CLIENT_TIMEOUT = 30.0


def _now() -> datetime:
    return datetime.now(UTC)


def _random_id() -> str:
    return str(uuid4())


def repeatable_ids(seed: object) -> Callable[[], str]:
    """A generator of version 4 UUIDs as text: the same sequence for the same seed."""
    numbers = count(1)

    def new_id() -> str:
        digest = blake2b(f"{seed}:{next(numbers)}".encode(), digest_size=16).digest()
        return str(UUID(bytes=digest, version=4))

    return new_id


def id_source(seed: object = None) -> Callable[[], str]:
    """What makes new ids: random ones, or the same sequence for the same seed.

    Random unless asked otherwise, as a real server's are: Prefect's client keeps results by the ids
    of runs, so it would take a result of another world for that of a run with the same id.
    """
    return _random_id if seed is None else repeatable_ids(seed)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server answers. Durations are in seconds, sizes in bytes.

    `now` and `new_id` are the sources of time and ids (`id_source`). `client_timeout` is how long
    a client may take to send a body, and how long it may read nothing of a reply. `hosts` are the
    host names that a request may be addressed to besides loopback ones; None is any. `journal` is
    how many exchanges the journal keeps; 0 is no journal. `control_token` is the token that a user
    of the control API must send; None restricts that API to this machine.
    """

    dialect: Dialect = SPEC
    now: Callable[[], datetime] = field(default=_now)
    new_id: Callable[[], str] = field(default=_random_id)
    max_body: int = MAX_BODY
    client_timeout: float = CLIENT_TIMEOUT
    hosts: frozenset[str] | None = frozenset()
    journal: int = 0
    control_token: str | None = field(default=None, repr=False)  # a secret: not in logs
