"""The endpoints of variables, blocks, logs and the like answer as real servers did."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mockserver.prefect.dialects import dialect_for
from mockserver.prefect.releases import NEWEST, OLDEST
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
from tests.support.recorded_answers import load_histories, recorded_answers, replayed_servers
from tests.support.servers import serve_store

# Each release takes seconds: here the ends, and every third between them. A change of what is
# served wants all of them, which is this list without the slice.
REPLAYED = [*replayed_servers("objects")[:-1:3], replayed_servers("objects")[-1]]


@pytest.mark.parametrize(("release", "database"), REPLAYED)
def test_recorded_requests_are_answered_as_recorded(
    tmp_path: Path, release: str, database: str
) -> None:
    """Each request is answered as the real server of that release and database answered it."""
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
            for group in groups_to_replay(release, database)
            for place, (request, mock) in enumerate(
                zip(GROUPS[group], send_group(server, group, names, GROUPS), strict=True)
            )
            if expected.get(f"{group}/{place}") != mock
        ]
    assert not differences, f"{len(differences)} answers differ:\n" + "\n".join(differences[:20])


def groups_to_replay(release: str, database: str) -> list[str]:
    """All groups for the ends of the releases, else the families that were answered otherwise.

    Groups of a family may find what those before them have made.
    """
    histories = load_histories("objects", database).items()
    differing = {key.rpartition("/")[0] for key, history in histories if len(history) > 1}
    return [
        group
        for family in GROUPS_BY_FAMILY
        if release in (OLDEST, NEWEST) or differing.intersection(family)
        for group in family
    ]


@pytest.mark.parametrize(("release", "database"), replayed_servers("objects"))
def test_every_request_was_recorded(release: str, database: str) -> None:
    """Each request has an outcome and each outcome a request."""
    keys = {f"{group}/{place}" for group, asked in GROUPS.items() for place in range(len(asked))}
    assert recorded_answers("objects", release, database).keys() == keys
