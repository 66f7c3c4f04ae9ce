"""Names for runs that were given none: an adjective and an animal, by the run's id."""

from __future__ import annotations

from uuid import UUID


def made_up_name(record_id: str) -> str:
    """A name such as `brisk-otter`, the same one for the same id (a uuid)."""
    from .population import ADJECTIVES, ANIMALS  # 4 ms that a start does without

    number = UUID(record_id).int
    adjectives, animals = ADJECTIVES.split(), ANIMALS.split()
    return f"{adjectives[number % len(adjectives)]}-{animals[number // 97 % len(animals)]}"
