"""What an attack is: a hostile request, and the bound that the server's answer keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

JSON = {"Content-Type": "application/json"}

LARGEST_REFUSAL = 32 * 1024
"""Bytes of the longest reply that refuses a request (README, "What it does not do")."""


@dataclass(frozen=True)
class Attack:
    """A hostile request, and what has to come of it.

    `body` is bytes, or a function that makes them when the attack is carried out. `statuses` are
    those that the reply may have; `says` is part of the reply's text; the reply has at most
    `most_bytes`.
    """

    name: str
    path: str
    body: bytes | Callable[[], bytes] = b""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    statuses: tuple[int, ...] = (422,)
    says: str = ""
    most_bytes: int = LARGEST_REFUSAL

    @property
    def sent(self) -> bytes:
        """The bytes of the body."""
        return self.body() if callable(self.body) else self.body
