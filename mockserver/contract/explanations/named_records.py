"""The records that a request names in its path and its body, as seeds for a mock.

What the server under test held when it answered is not known; that it held what a request names is
likely, if it did not answer 404. The records have the fields that a seed must have and no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any
from urllib.parse import unquote

from ...errors import SeedError
from ...seeds import Seeds, read_seeds
from ..exchanges import SentRequest

SeedDocument = Mapping[str, Sequence[Mapping[str, Any]]]

_POOL_ID, _QUEUE_ID = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


def _pool(name: str, default_queue: str) -> SeedDocument:
    pool = {"id": _POOL_ID, "name": name, "default_queue_id": _QUEUE_ID}
    queue = {"id": _QUEUE_ID, "name": default_queue, "work_pool_id": _POOL_ID}
    return {"work_pools": [pool], "work_queues": [queue]}


# The beginning of a path, and what a server may hold that the rest is about. `{id}` and the like
# stand for the parameters of the path.
_OF_PATHS: Mapping[str, SeedDocument] = {
    "/flows/{id}": {"flows": [{"id": "{id}", "name": "it"}]},
    "/deployments/{id}": {"deployments": [{"id": "{id}", "name": "it", "flow": "it"}]},
    "/variables/{id}": {"variables": [{"id": "{id}", "name": "it", "value": 1}]},
    "/variables/name/{name}": {"variables": [{"name": "{name}", "value": 1}]},
    "/work_pools/{name}": _pool("{name}", "default"),
    "/work_pools/{work_pool_name}": _pool("{work_pool_name}", "default"),
    "/work_pools/{work_pool_name}/queues/{name}": _pool("{work_pool_name}", "{name}"),
    "/work_queues/{id}": {"work_queues": [{"id": "{id}", "name": "it"}]},
    "/block_types/{id}": {"block_types": [{"id": "{id}", "slug": "it"}]},
    "/block_types/slug/{slug}": {"block_types": [{"slug": "{slug}"}]},
    "/block_schemas/{id}": {
        "block_schemas": [{"id": "{id}", "checksum": "it", "block_type_slug": "it"}]
    },
    "/block_documents/{id}": {
        "block_documents": [{"id": "{id}", "name": "it", "block_type_slug": "it"}]
    },
    "/artifacts/{id}": {"artifacts": [{"id": "{id}", "key": "it"}]},
    "/v2/concurrency_limits/{id_or_name}": {
        "concurrency_limits": [{"name": "{id_or_name}", "limit": 1}]
    },
    "/concurrency_limits/{id}": {
        "concurrency_limits": [{"id": "{id}", "tag": "it", "concurrency_limit": 1}]
    },
    "/concurrency_limits/tag/{tag}": {
        "concurrency_limits": [{"tag": "{tag}", "concurrency_limit": 1}]
    },
}
# Keys of bodies that name a record, which a server looks for before it accepts the body.
_OF_BODIES: Mapping[str, SeedDocument] = {
    "tag": {"concurrency_limits": [{"tag": "{tag}", "concurrency_limit": 1}]},
    "flow_id": {"flows": [{"id": "{flow_id}", "name": "it"}]},
    "deployment_id": {"deployments": [{"id": "{deployment_id}", "name": "it", "flow": "it"}]},
    "block_type_id": {"block_types": [{"id": "{block_type_id}", "slug": "it"}]},
    "block_schema_id": {
        "block_types": [{"id": "{block_type_id}", "slug": "it"}],
        "block_schemas": [
            {"id": "{block_schema_id}", "checksum": "it", "block_type_id": "{block_type_id}"}
        ],
    },
    "work_pool_id": {"work_pools": [{"id": "{work_pool_id}", "name": "it"}]},
    "work_pool_name": _pool("{work_pool_name}", "default"),
}
_RUN_PATHS: Mapping[str, str] = {"/flow_runs/{id}": "flow_runs", "/task_runs/{id}": "task_runs"}
# They stand for scheduled, running and final states. Real servers look into the data of the last.
_RUN_STATES: Sequence[Mapping[str, Any]] = (
    {"type": "SCHEDULED"},
    {"type": "RUNNING"},
    {"type": "COMPLETED"},
    {"type": "COMPLETED", "data": [1]},
)


def possible_seeds(sent: SentRequest) -> Iterator[Seeds]:
    """What a server may hold that answers a request: nothing, and the records that it names.

    Of a run that its path names, in several states.
    """
    parameters = _path_parameters(sent)
    runs = [{}, *_runs_named_by(sent, parameters)]
    others = [{}, *_documents_named_by(sent, parameters)]
    for run, document in product(runs, others):
        try:
            yield _read({**document, **run})
        except SeedError:  # such as an id that is none, or a name that a seed cannot hold
            continue


def _runs_named_by(sent: SentRequest, parameters: Mapping[str, str]) -> Iterator[SeedDocument]:
    for beginning in _beginnings(sent.operation):
        if beginning in _RUN_PATHS:
            for state in _RUN_STATES:
                run = {"id": parameters.get("id", "").lower(), "name": "it", "state": state}
                yield {_RUN_PATHS[beginning]: [run]}


def _documents_named_by(sent: SentRequest, parameters: Mapping[str, str]) -> Iterator[SeedDocument]:
    """One document with all records that the request names, unless it names none."""
    # The longest beginning says the most.
    found = [_OF_PATHS[path] for path in _beginnings(sent.operation) if path in _OF_PATHS][-1:]
    body = sent.json if isinstance(sent.json, dict) else {}
    texts = {key: value for key, value in body.items() if isinstance(value, str)}
    found += [document for key, document in _OF_BODIES.items() if key in texts]
    joined: dict[str, list[Mapping[str, Any]]] = {}
    for document in found:
        for kind, records in document.items():
            named = joined.setdefault(kind, [])
            filled = [_fill_in(record, {**texts, **parameters}) for record in records]
            named += [record for record in filled if record not in named]  # a block's type, twice
    if joined:
        yield joined


def _read(document: SeedDocument) -> Seeds:
    """Raises SeedError."""
    return read_seeds(document, datetime.now(UTC), name="named.json", references=False)


def _fill_in(record: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    return {
        key: values.get(value[1:-1], "") if isinstance(value, str) and value[0] == "{" else value
        for key, value in record.items()
    }


def _beginnings(operation: str) -> Sequence[str]:
    """All beginnings of an operation's path that end with a whole segment."""
    segments = operation.partition(" ")[2].split("/")
    return ["/".join(segments[: count + 1]) for count in range(1, len(segments))]


def _path_parameters(sent: SentRequest) -> Mapping[str, str]:
    """The parameters in the path of a request, by the names in the document's path."""
    names = re.findall(r"{(\w+)}", sent.operation)
    pattern = re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(sent.operation.partition(" ")[2]))
    found = re.fullmatch(pattern, sent.path.partition("?")[0])
    return dict(zip(names, map(unquote, found.groups()), strict=True)) if found else {}
