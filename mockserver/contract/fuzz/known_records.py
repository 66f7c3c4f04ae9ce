"""Records that replies said were created, put into the paths and bodies of later requests.

Random ids and names are answered 404, and say nothing about what a server does with a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ..exchanges import SentRequest
from ..server import Answer

_RATE = 0.6  # how often a value is replaced; as for the ids of flow runs
_MOST = 5  # records of a kind; older ones are mostly deleted by then
_ID, _NAME = "id", "name"
# The path of a kind's records, and the key of these that stands for a parameter behind it.
_BY_PATH: Mapping[str, tuple[str, str]] = {
    "/flows/{id}": ("/flows/", _ID),
    "/flows/name/{name}": ("/flows/", _NAME),
    "/task_runs/{id}": ("/task_runs/", _ID),
    "/deployments/{id}": ("/deployments/", _ID),
    "/variables/{id}": ("/variables/", _ID),
    "/variables/name/{name}": ("/variables/", _NAME),
    "/work_pools/{name}": ("/work_pools/", _NAME),
    "/work_pools/{work_pool_name}": ("/work_pools/", _NAME),
    "/work_queues/{id}": ("/work_queues/", _ID),
    "/work_queues/name/{name}": ("/work_queues/", _NAME),
    "/block_types/{id}": ("/block_types/", _ID),
    "/block_types/slug/{slug}": ("/block_types/", "slug"),
    "/block_schemas/{id}": ("/block_schemas/", _ID),
    "/block_schemas/checksum/{checksum}": ("/block_schemas/", "checksum"),
    "/block_documents/{id}": ("/block_documents/", _ID),
    "/artifacts/{id}": ("/artifacts/", _ID),
    "/artifacts/{key}": ("/artifacts/", "key"),
    "/v2/concurrency_limits/{id_or_name}": ("/v2/concurrency_limits/", _NAME),
    "/concurrency_limits/{id}": ("/concurrency_limits/", _ID),
    "/concurrency_limits/tag/{tag}": ("/concurrency_limits/", "tag"),
}
# Keys of bodies that name a record of another kind.
_BY_KEY: Mapping[str, tuple[str, str]] = {
    "flow_id": ("/flows/", _ID),
    "deployment_id": ("/deployments/", _ID),
    "block_type_id": ("/block_types/", _ID),
    "block_schema_id": ("/block_schemas/", _ID),
    "work_pool_name": ("/work_pools/", _NAME),
}
_COLLECTIONS = frozenset(collection for collection, _ in _BY_PATH.values())


@dataclass
class KnownRecords:
    """The last records of each kind that were created, whoever may have deleted them since.

    What is chosen depends on the request and on the order in which records were created, not on
    their ids: the same seed sends the same requests.
    """

    seed: object
    _records: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def note(self, sent: SentRequest, answer: Answer) -> None:
        """Remember the record of a reply, if it is one to a request that creates records."""
        method, _, path = sent.operation.partition(" ")
        if method != "POST" or path not in _COLLECTIONS or answer.status not in (200, 201):
            return
        with suppress(ValueError):  # no JSON, which is a finding of schemathesis
            record = answer.json
            if isinstance(record, dict):
                self._records[path] = [*self._records.get(path, ()), record][-_MOST:]

    def in_path(self, path: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters of a path of the document, often with those of a known record."""
        for name in parameters:
            beginning, found, _ = path.partition(f"{{{name}}}")
            known = self._values(*_BY_PATH.get(beginning + found, ("", "")))
            random = Random(repr((self.seed, path, parameters[name])))  # noqa: S311 - test data
            if known and random.random() < _RATE:
                return {**parameters, name: random.choice(known)}
        return parameters

    def in_body(self, body: Any) -> Any:
        """A body, often with known records where it names some."""
        if not isinstance(body, dict):
            return body
        changed = {}
        for key, where in _BY_KEY.items():
            known = self._values(*where) if isinstance(body.get(key), str) else ()
            random = Random(repr((self.seed, key, body.get(key))))  # noqa: S311 - test data
            if known and random.random() < _RATE:
                changed[key] = random.choice(known)
        return {**body, **changed} if changed else body

    def _values(self, collection: str, key: str) -> list[str]:
        values = (record.get(key) for record in self._records.get(collection, ()))
        # A name that a path cannot hold is no use; those of bodies are valid as they are.
        return [value for value in values if isinstance(value, str) and value]
