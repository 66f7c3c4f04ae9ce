"""The endpoints of variables, blocks, logs and the like answer as real servers did."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mockserver.prefect.dialects import dialect_for
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.endpoint_cases import (
    Connection,
    new_workspace_names,
    send_group,
    workspace_seed,
)
from tests.support.object_requests import GROUPS, GROUPS_BY_FAMILY
from tests.support.recorded_answers import Replay, recorded_answers, replayed_servers, replays
from tests.support.servers import serve_store


@pytest.mark.parametrize("replay", replays("objects"), ids=str)
def test_recorded_requests_are_answered_as_recorded(tmp_path: Path, replay: Replay) -> None:
    """Each request is answered as the real server of that release and database answered it."""
    release, database = replay.release, replay.database
    names = new_workspace_names(release)
    file = tmp_path / "workspace.json"
    file.write_text(json.dumps(workspace_seed(names)))
    store = Store(load_seeds([file], datetime.now(UTC)).base())
    expected = recorded_answers("objects", release, database)
    with (
        serve_store(store, Settings(dialect=dialect_for(database, release))) as client,
        closing(Connection("http://{}:{}/api".format(*client.address))) as server,
    ):
        differences = [
            f"{request}\n  real: {expected.get(f'{group}/{place}')}\n  mock: {mock}"
            for group in groups_to_replay(replay)
            for place, (request, mock) in enumerate(
                zip(GROUPS[group], send_group(server, group, names, GROUPS), strict=True)
            )
            if expected.get(f"{group}/{place}") != mock
        ]
    assert not differences, f"{len(differences)} answers differ:\n" + "\n".join(differences[:20])


def groups_to_replay(replay: Replay) -> list[str]:
    """The groups of all families that have a case of the replay.

    Groups of a family may find what those before them have made.
    """
    wanted = {key.rpartition("/")[0] for key in replay.keys}
    return [group for family in GROUPS_BY_FAMILY if wanted.intersection(family) for group in family]


@pytest.mark.parametrize(("release", "database"), replayed_servers("objects"))
def test_every_request_was_recorded(release: str, database: str) -> None:
    """Each request has an outcome and each outcome a request."""
    keys = {f"{group}/{place}" for group, asked in GROUPS.items() for place in range(len(asked))}
    assert recorded_answers("objects", release, database).keys() == keys
