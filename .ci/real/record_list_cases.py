"""Record what real servers answer to requests that list and count: tests/data/lists-*.json.

    .ci/with_prefect_servers.py PREFECT python .ci/real/record_list_cases.py FILE

Both servers get the same workspace and the same bodies; list_cases.py describes the file.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from conftest import DATABASES
from measure.http_client import JSON_HEADERS, Request, Server
from random_list_requests import draw_list_request, format_reference, workspace_values
from tests.support.list_cases import (
    FINISHED_RUNS,
    MissingQueueNames,
    Workspace,
    normalize_reply,
    resolve_references,
)
from workspace import create_workspace, find_missing_queue_names, read_workspace

SEED = 5
CASES = 420


@dataclass(frozen=True)
class RecordingServer:
    """A server, its workspace, and when that was read."""

    server: Server
    workspace: Workspace
    missing: MissingQueueNames
    now: str

    def answer(self, path: str, body: Any) -> Any:
        sent = resolve_references(body, self.workspace)
        found = self.server.send(Request(json.dumps(sent).encode(), JSON_HEADERS, path))
        return normalize_reply(path, sent, found.status, json.loads(found.reply), self.workspace)


def main() -> None:
    """Write the file."""
    parser = ArgumentParser()
    parser.add_argument("file", type=Path)
    for database in DATABASES:
        parser.add_argument(f"--{database}-url", required=True)
    options = parser.parse_args()
    servers = {
        f"prefect-{database}": prepare_server(getattr(options, f"{database}_url"), database)
        for database in DATABASES
    }
    sizes = [
        {name: len(records) for name, records in one.workspace.items()} for one in servers.values()
    ]
    assert sizes[0] == sizes[1], "the workspaces have to be the same"
    documents = {
        dialect: {"now": one.now, "unnamed": one.missing, "world": one.workspace}
        for dialect, one in servers.items()
    }
    options.file.write_text(
        "\n".join(format_lines({"worlds": documents, "cases": list(record_cases(servers))}))
    )


def prepare_server(url: str, database: str) -> RecordingServer:
    """Create and read a workspace on a server."""
    server = Server(url, flaky=database == "sqlite")
    create_workspace(server, SEED)
    workspace = read_workspace(server)
    return RecordingServer(
        server,
        workspace,
        find_missing_queue_names(server, workspace),
        datetime.now(UTC).isoformat(),
    )


def record_cases(servers: dict[str, RecordingServer]) -> Iterator[dict[str, Any]]:
    """Requests with their answer, or with both answers where the databases differ."""
    random = Random(SEED)
    values = workspace_values(servers["prefect-sqlite"].workspace, format_reference)
    for _ in range(CASES):
        path, body = draw_list_request(random, values)
        if path.endswith(("/lateness", "/history")):
            body["flow_runs"] = FINISHED_RUNS  # their answers do not depend on the time
        answers = {dialect: one.answer(path, body) for dialect, one in servers.items()}
        first, second = answers.values()
        same = {"answer": first} if first == second else {"answers": answers}
        yield {"path": path, "body": body, **same}


def format_lines(document: dict[str, Any]) -> Iterator[str]:
    """JSON with each record and each case on a line."""
    yield '{"worlds":{'
    for at, (dialect, one) in enumerate(document["worlds"].items()):
        yield f'{"," if at else ""}"{dialect}":{{"now":"{one["now"]}",'
        yield f'"unnamed":{compact_json(one["unnamed"])},"world":{{'
        for number, (name, records) in enumerate(one["world"].items()):
            yield f'{"," if number else ""}"{name}":['
            yield ",\n".join(map(compact_json, records)) + "]"
        yield "}}"
    yield '},"cases":['
    yield ",\n".join(map(compact_json, document["cases"])) + "]}\n"


def compact_json(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
