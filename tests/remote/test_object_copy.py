"""A copy holds the variables, blocks, artifacts, limits, workers and logs of a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from mockserver.errors import SeedError
from mockserver.remote import client, listing, object_copy
from mockserver.remote.anonymizing import Anonymizer
from mockserver.remote.client import Bounds, RemoteError
from mockserver.remote.copying import Copied, WorkspaceCopy
from mockserver.remote.kinds import KINDS
from mockserver.remote.partial_file import PartialFile
from mockserver.remote.scope import Scope
from mockserver.remote.writing import OutputFormat, write_copy
from mockserver.seeds import OBJECT_FIELDS, Seeds, load_seeds, read_seeds
from mockserver.store.store import Store
from tests.remote.scripted_client import ScriptedClient, reply
from tests.support.object_samples import RUN, WORKSPACE
from tests.support.recorded_cases import NOW
from tests.support.servers import serve_store

HELD = read_seeds(deepcopy(WORKSPACE), NOW, name="seed")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_store(Store(HELD.base())) as client:
        yield f"{client.url}/api"


class Copy:
    """A copy that was made and loaded."""

    client: ScriptedClient
    copied: Copied
    records: dict[str, list[dict[str, Any]]]
    seeds: Seeds


def copy(
    url: str,
    folder: Path,
    script: Callable[[str, str, Any], Any] = lambda *_: None,
    **options: Any,
) -> Copy:
    made = Copy()
    made.client = ScriptedClient(url, script, Bounds(patience=1))
    with PartialFile(folder / "partial", {}) as partial:

        async def run() -> None:
            async with made.client:
                made.copied = await WorkspaceCopy(made.client, partial, **options).run()

        asyncio.run(run())
        made.records = {name: list(partial.records(name)) for name in KINDS}
        made.seeds = write_copy(partial, folder / "w.ndjson", OutputFormat.LINES)
    return made


def names(seeds: Seeds, collection: str) -> set[str]:
    return {one.name for one in getattr(seeds, collection).values()}


def test_a_copy_holds_objects_of_every_kind(url: str, tmp_path: Path) -> None:
    """As the server shows them: secrets are not asked for, and it is said. Logs if asked for."""
    made = copy(url, tmp_path, logs=True)
    for name in OBJECT_FIELDS:
        held: Any = getattr(HELD, name)
        if name != "block_types":  # each server has some more
            assert getattr(made.seeds, name).keys() == held.keys()
        if not name.startswith(("block", "concurrency_limits")):
            assert getattr(made.seeds, name) == held
    assert names(made.seeds, "block_types") > names(HELD, "block_types")
    data = {one.name: one.data for one in made.seeds.block_documents.values()}
    assert data == {
        "api-key": {"value": "********"},
        "warehouse": {"host": "db", "password": "********"},
        "weekly": {"title": "Week"},
    }
    references = {one.checksum: one.references for one in made.seeds.block_schemas.values()}
    assert references == {one.checksum: one.references for one in HELD.block_schemas.values()}
    assert made.copied.notes == ()
    assert made.copied.remarks == (
        "not asked for, and so ******** in the copy: the secrets of 3 block documents",
    )
    assert not any("include_secrets" in str(body) for _, body in made.client.asked)
    assert copy(url, tmp_path / ".").seeds.logs == {}


def test_a_part_holds_what_belongs_to_its_runs(url: str, tmp_path: Path) -> None:
    """Their artifacts and logs; no variables, blocks and limits on tags."""
    scope = Scope({"flow_runs": {"id": {"any_": [RUN]}}})
    made = copy(url, tmp_path, scope=scope, logs=True)
    assert [one["data"] for one in made.records["artifacts"]] == ["# new"]
    assert [one["key"] for one in made.records["artifact_collections"]] == ["report"]
    assert {one["message"] for one in made.records["logs"]} == {"first", "second"}
    for name in ("variables", "block_types", "block_documents", "concurrency_limits"):
        assert made.records[name] == []
    none = copy(url, tmp_path, scope=Scope({"flow_runs": {"name": {"any_": ["?"]}}}), logs=True)
    assert not any(none.records.values())


def test_texts_can_be_made_up(url: str, tmp_path: Path) -> None:
    """Everywhere, so that nothing but ids, times, numbers and Prefect's own names is left."""
    made = copy(url, tmp_path, anonymizer=Anonymizer(b"a key of sixteen"), logs=True)
    text = (tmp_path / "w.ndjson").read_text()
    for told in ("retention", "warehouse", "weekly", "Week", "worker-1", "first", "ops",
                 "password", "etl", "# new", '"database"', '"report"'):  # fmt: skip
        assert told not in text
    limits = names(made.seeds, "concurrency_limits")
    assert {name.partition(":")[0] for name in limits if ":" in name} == {"tag", "deployment"}
    weekly = next(one for one in made.seeds.block_documents.values() if one.references)
    assert len(weekly.data) == 1
    schedule = next(one for one in made.records["deployments"] if one["schedules"])["schedules"][0]
    assert schedule["active"] is False


def paged_logs(count: int) -> Callable[[str, str, Any], Any]:
    """A server with so many logs, the first half of them at one instant."""
    logs = [
        {
            "id": f"{number:08x}-0000-4000-8000-000000000000",
            "message": f"{number}",
            "timestamp": f"2026-01-31T12:00:{max(0, number - count // 2):02}.000000Z",
        }
        for number in range(count)
    ]

    def script(_method: str, path: str, body: Any) -> Any:
        if path != "/logs/filter":
            return None
        before = body["logs"].get("timestamp", {}).get("before_", "9")
        found = [one for one in reversed(logs) if one["timestamp"] <= before]
        return found[body["offset"] :][: body["limit"]]

    return script


@pytest.mark.parametrize("count", [0, 9, 10, 43])
def test_logs_are_read_from_time_to_time(
    url: str, tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An offset is needed within one instant only."""
    monkeypatch.setattr(object_copy, "PAGE", 10)
    made = copy(url, tmp_path, paged_logs(count), logs=True)
    assert len(made.records["logs"]) == count
    far = [body for path, body in made.client.asked if path == "/logs/filter" and body["offset"]]
    assert all(body["logs"]["timestamp"]["before_"].endswith(":00.000000Z") for body in far)


def test_the_latest_logs_are_copied_where_there_are_too_many(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is said."""
    monkeypatch.setattr(object_copy, "PAGE", 10)
    monkeypatch.setattr(object_copy, "MAX_LOGS", 15)
    made = copy(url, tmp_path, paged_logs(43), logs=True)
    assert max(int(one["message"]) for one in made.records["logs"]) == 42
    assert made.copied.remarks[-1].startswith("there are more logs than a mock keeps: the copy has")


@pytest.mark.parametrize(
    ("path", "noun"),
    [
        ("/variables/filter", "variables"),
        ("/block_documents/filter", "blocks"),
        ("/block_types/filter", "block types"),
        ("/artifacts/filter", "artifacts"),
        ("/v2/concurrency_limits/filter", "concurrency limits"),
        ("/work_pools/pool/workers/filter", "workers"),
        ("/logs/filter", "logs"),
    ],
)
def test_what_a_server_does_not_show_is_left_out_and_told(
    url: str, tmp_path: Path, path: str, noun: str
) -> None:
    """And the rest can be loaded: no block of a type that is not there."""

    def script(_method: str, asked: str, _body: Any) -> Any:
        return reply({"detail": "no"}, 403) if asked == path else None

    made = copy(url, tmp_path, script, logs=True)
    assert made.copied.notes[0].startswith(f"no {noun} were copied: ")


def test_artifacts_that_a_server_cannot_send_are_left_out_and_told(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps data that it fails to send; other lists that fail are an error."""
    monkeypatch.setattr(client, "_FIRST_PAUSE", 0)

    def script(_method: str, asked: str, _body: Any) -> Any:
        return reply({"detail": "no"}, 500) if asked == failing else None

    failing = "/artifacts/filter"
    made = copy(url, tmp_path, script)
    assert made.copied.notes[0].startswith("no artifacts were copied: ")
    assert made.records["artifacts"] == []
    failing = "/variables/filter"
    with pytest.raises(RemoteError, match="was answered 500"):
        copy(url, tmp_path, script)


def test_an_artifact_that_came_meanwhile_is_left_out(url: str, tmp_path: Path) -> None:
    """It is the latest of its key, and not in the list that was read before."""

    def script(_method: str, path: str, _body: Any) -> Any:
        return {"/artifacts/filter": [], "/artifacts/count": 0}.get(path)

    assert copy(url, tmp_path, script).records["artifact_collections"] == []


def test_lists_of_owners_are_read_page_by_page(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run can have more artifacts than a page holds."""
    monkeypatch.setattr(listing, "PAGE", 1)
    made = copy(url, tmp_path, scope=Scope({"flow_runs": {"id": {"any_": [RUN]}}}))
    assert len(made.records["artifacts"]) == 1


def test_a_copy_can_be_loaded_again(url: str, tmp_path: Path) -> None:
    """A bad record in it is told with its place."""
    copy(url, tmp_path, logs=True)
    file = tmp_path / "w.ndjson"
    assert load_seeds(file, NOW).notes == []
    file.write_text(file.read_text().replace('"limit":3', '"limit":-3'))
    with pytest.raises(SeedError, match=r"concurrency_limits\[0\].limit: -3; expected"):
        load_seeds(file, NOW)
