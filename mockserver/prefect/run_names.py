"""Names for runs that were given none: an adjective and an animal, chosen by the run's id."""

from __future__ import annotations

from uuid import UUID

ADJECTIVES = """airy amber bold brisk calm candid chalky clever coral crisp dapper deft dusky early
fabled fond frosty gentle gilded hazy humble ivory jolly keen lofty lucid mellow misty"""
ANIMALS = """alpaca auk badger bee bison bream cicada cod crane dingo dunlin eel egret ermine finch
gecko gnu grouse hare heron ibex jackal kiwi koala lemur linnet lynx magpie marten"""


def generate_name(record_id: str) -> str:
    """A name such as `brisk-heron`; the same id, the text of a uuid, always gives the same name."""
    number = UUID(record_id).int
    adjectives, animals = ADJECTIVES.split(), ANIMALS.split()
    # The division takes the animal from other digits of the id than the adjective.
    return f"{adjectives[number % len(adjectives)]}-{animals[number // 97 % len(animals)]}"
