"""Variables: named values that flows read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Variable:
    """A named JSON value. Its name is unique."""

    id: str
    name: str
    value: Any
    tags: tuple[str, ...]
    created: datetime
    updated: datetime
