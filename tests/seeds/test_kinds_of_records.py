"""A bare list, or a line, says by its fields of which kind its records are."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from mockserver.errors import SeedError
from mockserver.operations import replies
from mockserver.seeds import load_seeds, loading, read_seeds
from mockserver.seeds.bulk.columns import RecordShape, Table
from mockserver.seeds.bulk.reader import _require_no_flows
from mockserver.seeds.records import COLLECTIONS, guess_collection
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.remote.scripted_client import DEPLOYMENTS, FLOWS, TASK_RUNS, make_runs, run_id
from tests.support.object_samples import WORKSPACE
from tests.support.recorded_cases import NOW
from tests.support.servers import serve_store

STORE = Store(Base(make_runs(6), TASK_RUNS, flows=FLOWS, deployments=DEPLOYMENTS))


# What the mock itself replies with, for a workspace with an object of every kind.
PATHS = {
    "variables": "/variables/filter",
    "block_types": "/block_types/filter",
    "block_schemas": "/block_schemas/filter",
    "block_documents": "/block_documents/filter",
    "artifacts": "/artifacts/filter",
    "artifact_collections": "/artifacts/latest/filter",
    "concurrency_limits": "/v2/concurrency_limits/filter",
    "workers": "/work_pools/pool/workers/filter",
    "logs": "/logs/filter",
}
# Replies that are only good together with others, which come in the same file.
NEEDED = {
    "block_schemas": ("block_types",),
    "block_documents": ("block_types", "block_schemas"),
    "artifact_collections": ("artifacts",),
}


@cache
def _served() -> dict[str, list[dict[str, Any]]]:
    base = read_seeds(deepcopy(WORKSPACE), NOW, name="seed").base()
    with serve_store(Store(base)) as client:
        return {name: client.ask("POST", path, {}).json for name, path in PATHS.items()}


def replies_of(collection: str) -> list[dict[str, Any]]:
    """Records as servers reply with them."""
    if collection in PATHS:
        return _served()[collection]
    if collection == "work_pools":
        return [{"id": run_id(1), "created": None, "name": "k8s", "type": "k", "is_paused": False}]
    if collection == "work_queues":
        return [{"id": run_id(1), "name": "q", "priority": 1, "work_pool_id": run_id(2)}]
    held: Any = STORE if collection == "flow_runs" else getattr(STORE, collection)
    return [
        orjson.loads(
            orjson.dumps(replies.RENDERERS[type(one)](one, STORE, datetime.now(UTC)), default=dict)
        )
        for one in held
    ]


@pytest.mark.parametrize("suffix", ["json", "ndjson"])
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_servers_reply_is_loaded_as_what_it_is(
    tmp_path: Path, collection: str, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a list, or a record a line; in bulk too."""
    monkeypatch.setattr(loading, "MIN_BULK_BYTES", 0)
    others = [one for name in NEEDED.get(collection, ()) for one in replies_of(name)]
    if collection == "workers":
        others = WORKSPACE["work_pools"]
    listed = replies_of(collection)
    if collection == "task_runs":  # on lines of their own, ids must be those of other records
        listed = [{**one, "flow_run_id": None} for one in listed]
    file = tmp_path / f"reply.{suffix}"
    lines = [orjson.dumps(one) for one in (*others, *listed)]
    whole = orjson.dumps([*others, *listed])
    file.write_bytes(whole if suffix == "json" else b"\n".join(lines))
    seeds = load_seeds([file], NOW)
    assert seeds.notes == []
    assert set(getattr(seeds, collection)) == {one["id"] for one in listed}
    alien = set(COLLECTIONS) - {collection, *NEEDED.get(collection, ())}
    alien -= {"work_pools"} if collection == "workers" else {"artifact_collections"}
    assert not any(getattr(seeds, other) for other in alien)


@pytest.mark.parametrize(
    ("keys", "collection"),
    [
        ((), "flow_runs"),
        (("name", "tags"), "flow_runs"),
        (("name", "state"), "flow_runs"),
        (("id", "new_in_4"), "flow_runs"),
        (("id", "name", "created", "updated"), "flows"),
        (("id", "name", "created", "updated", "state"), "flow_runs"),
        (("flow_run_id", "name"), "task_runs"),
        (("flow_run_id", "message"), "logs"),
        (("flow_run_id", "key", "type"), "artifacts"),
        (("key", "latest_id", "data"), "artifact_collections"),
        (("name", "data", "is_anonymous"), "block_documents"),
        (("name", "type"), "work_pools"),
        (("tag", "concurrency_limit"), "concurrency_limits"),
        (("name", "value"), "variables"),
        (("name", "paused"), "deployments"),
    ],
)
def test_few_fields_are_enough(keys: tuple[str, ...], collection: str) -> None:
    """What several kinds have is a flow run, as people write it."""
    assert guess_collection(keys) == collection


@pytest.mark.parametrize(
    ("record", "seen"),
    [
        (
            {"paused": True, "type": "process"},
            "a record with fields of deployments (paused) and of work_pools (type)",
        ),
        ({"nmae": "a", "colour": "b"}, "a record of which no field is known (colour, nmae)"),
    ],
)
@pytest.mark.parametrize("bulk_bytes", [0, 1 << 30])
def test_what_fits_none_or_two_is_refused(
    tmp_path: Path,
    record: dict[str, Any],
    seen: str,
    bulk_bytes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With what was seen, and what to do."""
    monkeypatch.setattr(loading, "MIN_BULK_BYTES", bulk_bytes)
    listed, lines = tmp_path / "list.json", tmp_path / "lines.ndjson"
    listed.write_bytes(orjson.dumps([{"name": "fine"}, record]))
    lines.write_bytes(b"\n".join(map(orjson.dumps, [{"name": "fine"}, record])))
    for file, place in ((listed, ", [1]"), (lines, ":2")):
        with pytest.raises(SeedError) as caught:
            load_seeds([file], NOW)
        (problem,) = caught.value.problems
        assert str(problem).startswith(f"{file}{place}: {seen}; expected the fields of one kind")


def test_flows_after_many_runs_are_not_taken_for_runs() -> None:
    """The line reader has learned the keys of runs, and those of a flow are among them."""

    def table(**columns: list[Any]) -> Table:
        return Table(
            RecordShape("flow_runs", trusted=True, keys=tuple(columns)), columns, ("state",)
        )

    created, names = ["2026-01-31T12:00:00Z"] * 2, ["a", "b"]
    _require_no_flows([table(name=names), table(created=created, flow_version=["1", "2"])])
    _require_no_flows([table(created=created, flow_version=["1", None], state=[b"", b"{}"])])
    mixed: dict[str, list[Any]] = {"flow_version": ["1", None], "state": [b"{}", b""]}
    nothing: dict[str, list[Any]] = {}
    for others in (nothing, mixed):
        with pytest.raises(ValueError, match="without a field of flow runs"):
            _require_no_flows([table(created=created, name=names, **others)])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b""),
        ("a.json", b" \n"),
        ("a.json", b"\xef\xbb\xbf"),
        ("a.yaml", b""),
        ("a.yaml", b"\n"),
        ("a.ndjson", b""),
        ("a.ndjson", b"\n\n"),
        ("a.ndjson", b"\xef\xbb\xbf"),
    ],
)
def test_an_empty_file_is_refused_in_every_format(
    tmp_path: Path, name: str, content: bytes
) -> None:
    """It is what is left where a command failed whose output it should hold."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SeedError, match=r"an empty file; expected records, or \[\]"):
        load_seeds([tmp_path / name], NOW)


@pytest.mark.parametrize("name", ["a.json", "a.yaml", "a.ndjson"])
def test_no_records_can_be_meant(tmp_path: Path, name: str) -> None:
    """If the file says so."""
    (tmp_path / name).write_bytes(b"[]\n")
    assert not load_seeds([tmp_path / name], NOW).flow_runs
