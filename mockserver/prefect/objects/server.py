"""What a server keeps for itself, beside the objects of its users."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DefaultResultStorage:
    """The block in which clients store results where nothing else is said; there is one at most.

    `id` is that of the block, which may have been deleted.
    """

    id: str
