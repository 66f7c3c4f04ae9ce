"""A copy of a real server answers as it does: variables, blocks, artifacts, limits, logs.

The logs stay on the server, which has no way to delete them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import ServerPair
from differences import fail_on_differences
from flow_run_data import create_record
from measure.http_client import NO_HEADERS, Request, Server, UnexpectedStatus
from tests.support.servers import serve_in_process

POOL = "copied-pool"
LISTS: dict[str, dict[str, Any]] = {
    "/variables/filter": {},
    "/block_types/filter": {},
    "/block_schemas/filter": {},
    "/block_documents/filter": {"block_documents": {"is_anonymous": {}}},
    "/artifacts/filter": {},
    "/artifacts/latest/filter": {},
    "/concurrency_limits/filter": {},
    "/v2/concurrency_limits/filter": {},
    "/logs/filter": {},
    "/deployments/filter": {},
    f"/work_pools/{POOL}/queues/filter": {},
    f"/work_pools/{POOL}/workers/filter": {},
}
READ = (
    "/variables/name/copied",
    "/block_types/slug/copied-outer",
    "/block_types/slug/copied-outer/block_documents/name/copied",
    "/artifacts/copied/latest",
    "/v2/concurrency_limits/copied",
    "/concurrency_limits/tag/copied",
    "/deployments/name/copied/copied",
    f"/work_pools/{POOL}",
)
# A schema as Prefect's client makes it, but for what no server looks at.
INNER = {"title": "Inner", "type": "object", "block_type_slug": "copied-inner"} | {
    "properties": {"password": {"title": "Password", "type": "string"}},
    "secret_fields": ["password"],
    "block_schema_references": {},
}


@pytest.fixture
def real(pair: ServerPair) -> Iterator[Server]:
    """A real server with objects of every kind, which are deleted again."""
    made: list[str] = []
    try:
        _create_objects(pair.real, made.append)
        yield pair.real
    finally:
        for path in reversed(made):
            request = Request(headers=NO_HEADERS, path=path, method="DELETE")
            answer = pair.real.send(request)
            if answer.status not in (200, 204):
                raise UnexpectedStatus(request, answer)


def _create_objects(server: Server, made: Callable[[str], None]) -> None:
    """Create the objects. `made` is told the path of each, as soon as it is there."""

    def create(path: str, /, **fields: Any) -> str:
        record_id = create_record(server, f"/{path}/", **fields)
        made(f"/{path}/{record_id}")
        return record_id

    flow = create("flows", name="copied")
    run = create("flow_runs", flow_id=flow, name="copied", state={"type": "COMPLETED"})
    server.post("/work_pools/", {"name": POOL, "type": "process", "concurrency_limit": 4})
    made(f"/work_pools/{POOL}")
    beat = {"name": "worker", "heartbeat_interval_seconds": 3600}
    server.send(Request(json.dumps(beat).encode(), path=f"/work_pools/{POOL}/workers/heartbeat"))
    schedule = {"schedule": {"cron": "0 3 * * *"}, "active": False, "slug": "nightly"}
    settings = {"work_pool_name": POOL, "concurrency_limit": 2, "parameters": {"n": 1}}
    create("deployments", flow_id=flow, name="copied", schedules=[schedule], **settings)
    create("variables", name="copied", value={"a": [1, 1.5, None, "ä"]}, tags=["t"])
    _create_blocks(create)
    for key, data in (("copied", "# old"), ("copied", "# new"), (None, [1])):
        create("artifacts", key=key, type="markdown", data=data, flow_run_id=run)
    create("concurrency_limits", tag="copied", concurrency_limit=3)
    create("v2/concurrency_limits", name="copied", limit=5, slot_decay_per_second=0.5)
    line = {"name": "prefect.flow_runs", "level": 20, "flow_run_id": run}
    now = datetime.now(UTC).isoformat()
    logs = [{**line, "message": f"line {number}", "timestamp": now} for number in range(3)]
    answer = server.send(Request(json.dumps(logs).encode(), path="/logs/"))
    assert answer.status == 201, answer


def _create_blocks(create: Callable[..., str]) -> None:
    """Two types, a schema inside of another, and a block inside of another."""
    types = [
        create("block_types", name=f"Copied {one}", slug=f"copied-{one}")
        for one in ("inner", "outer")
    ]
    inner_schema = create("block_schemas", fields=INNER, block_type_id=types[0])
    inner = {
        "name": "inside",
        "data": {"password": "sesame"},
        "block_schema_id": inner_schema,
        "block_type_id": types[0],
    }
    inside = create("block_documents", **inner)
    outer = {
        "title": "Outer",
        "type": "object",
        "block_type_slug": "copied-outer",
        "properties": {"inner": {"$ref": "#/definitions/Inner"}},
        "definitions": {"Inner": INNER},
        "block_schema_references": {},
    }
    outer_schema = create("block_schemas", fields=outer, block_type_id=types[1])
    data = {"label": "l", "inner": {"$ref": {"block_document_id": inside}}}
    outer_block = {"data": data, "block_schema_id": outer_schema, "block_type_id": types[1]}
    create("block_documents", name="copied", **outer_block)


def test_a_copy_answers_as_the_server_does(real: Server, pair: ServerPair, tmp_path: Path) -> None:
    """Lists of every kind, and single records, but for the time at which a log was last touched."""
    output = tmp_path / "w.ndjson.gz"
    command = [sys.executable, "-m", "mockserver", "dump", real.url, "-o", str(output), "--logs"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "not asked for, and so ******** in the copy: the secrets of 2" in done.stderr
    with serve_in_process(tmp_path / "log", output, "--dialect", pair.dialect.name) as url:
        mock = Server(f"{url}/api")
        fail_on_differences(
            difference
            for path in (*LISTS, *READ)
            for difference in _differences(path, _ask(real, path), _ask(mock, path))
        )


def _ask(server: Server, path: str) -> Any:
    if path in LISTS:
        return server.post(path, {**LISTS[path], "limit": 200})
    answer = server.send(Request(path=path, method="GET", headers=NO_HEADERS))
    assert answer.status == 200, answer
    return json.loads(answer.reply)


def _differences(place: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            if not (place.startswith("/logs") and key == "updated"):
                yield from _differences(f"{place}.{key}", one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from _differences(f"{place}[{index}]", *pair)
    elif one != other:
        yield f"{place}: {json.dumps(one)[:200]} there, {json.dumps(other)[:200]} in the copy"
