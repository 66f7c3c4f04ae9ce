# Whatever is sent to the endpoints around bulk_delete: the mock answers as a real server does.

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import pytest

from conftest import Pair
from mockserver import Store, load_seeds
from mockserver.http.app import Settings
from odd_bodies import VALID, draw_asks
from tests.support.endpoint_cases import (
    GROUPS,
    MAKES_RUN,
    Ask,
    Connection,
    Told,
    bulk_delete,
    make_world,
    seed,
    unmake_world,
)
from tests.support.servers import live

BODIES = 100  # of each operation


@dataclass(frozen=True)
class Worlds:
    """A real server and a mock that hold the same, and what it is called by."""

    real: Connection
    mock: Connection
    names: dict[str, str]

    def differences(self, asks: Iterable[Ask]) -> list[str]:
        """What the two answer otherwise; flow runs are gone afterwards."""
        servers = (self.real, self.mock)
        told = [Told(dict(self.names)) for _ in servers]
        found = []
        try:
            for ask in asks:
                real, mock = (one.outcome(to, ask) for one, to in zip(told, servers, strict=True))
                if real != mock:
                    found.append(f"{ask}\n  real: {json.dumps(real)}\n  mock: {json.dumps(mock)}")
        finally:
            for server in servers:
                bulk_delete(server)
        return found


@pytest.fixture(scope="module")
def worlds(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    file = tmp_path_factory.mktemp(pair.dialect.name) / "world.json"
    with closing(Connection(pair.real.url, flaky=pair.real.flaky)) as real:
        names = make_world(real)
        try:
            file.write_text(json.dumps(seed(names)))
            store = Store(load_seeds([file], datetime.now(UTC)).base())
            with (
                live(store, Settings(dialect=pair.dialect)) as client,
                closing(Connection("http://{}:{}/api".format(*client.address))) as mock,
            ):
                yield Worlds(real, mock, names)
        finally:
            unmake_world(real, names)


def none_of(found: list[str]) -> None:
    """Fails with every difference that was found."""
    if found:
        pytest.fail(f"{len(found)} answers differ:\n" + "\n".join(found[:40]), pytrace=False)


def test_hand_picked_requests(worlds: Worlds) -> None:
    """The requests that tests/support/endpoint_cases.py lists are answered alike."""
    none_of([one for asks in GROUPS.values() for one in worlds.differences(asks)])


@pytest.mark.parametrize("operation", VALID)
def test_nearly_valid_bodies(worlds: Worlds, operation: str) -> None:
    """Random bodies that are nearly valid are answered alike, to the last word."""
    random = Random(operation)
    none_of(worlds.differences([MAKES_RUN, *draw_asks(random, operation, BODIES)]))
