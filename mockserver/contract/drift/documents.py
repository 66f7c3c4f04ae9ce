"""OpenAPI documents: read from a file, and their operations, wherever their paths begin."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import UsageError, to_single_line
from ...seeds import InvalidYamlError, read_yaml
from .schemas import DocumentError, expect_object

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_BYTES = 32 << 20  # Prefect's is half a MiB
_PATH_PARAMETER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation by method and path; `shared` is the path's item, which may have parameters."""

    method: str
    path: str
    node: Mapping[str, Any]
    path_item: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def read_document(path: Path) -> Mapping[str, Any]:
    """An OpenAPI document from a file, JSON or YAML. Raises UsageError, DocumentError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror or error}; expected an OpenAPI document"
        ) from None
    return parse_document(data, str(path))


def parse_document(data: bytes, source: str) -> Mapping[str, Any]:
    """An OpenAPI document from its text, JSON or YAML. Raises DocumentError."""
    if len(data) > MAX_BYTES:
        raise DocumentError(f"{source}: more than {MAX_BYTES >> 20} MiB; expected a document")
    try:
        # What begins as JSON does is meant to be: YAML's word on it would not help.
        read = json.loads if data.lstrip()[:1] in (b"{", b"[") else read_yaml
        document = read(data)
    except json.JSONDecodeError as error:
        where = f"{source}:{error.lineno}:{error.colno}"
        raise DocumentError(f"{where}: no JSON: {error.msg}") from None
    except InvalidYamlError as error:
        text = to_single_line(str(error))
        raise DocumentError(f"{source}{error.location}: neither JSON nor YAML: {text}") from None
    except (ValueError, RecursionError):
        raise DocumentError(f"{source}: no JSON: not UTF-8, or nested too deep") from None
    return require_openapi(document, source)


def require_openapi(document: Any, source: str) -> Mapping[str, Any]:
    """A document that has operations, as it is. Raises DocumentError for anything else."""
    if not isinstance(document, Mapping) or not isinstance(document.get("paths"), Mapping):
        came = f"{type(document).__name__} without `paths`"
        raise DocumentError(
            f"{source}: {came}; expected an OpenAPI document, such as a server's /openapi.json"
        )
    return document


def path_parameter_names(path: str) -> list[str]:
    """The names of a path's parameters, in their order."""
    return [found[1:-1] for found in _PATH_PARAMETER.findall(path)]


def operations_by_key(document: Mapping[str, Any]) -> dict[str, Operation]:
    """Every operation by method and path; parameters of paths go by their place, not their name."""
    found = {}
    for path, item in document["paths"].items():
        item = expect_object(item)
        for method in METHODS:
            if method in item:
                key = f"{method} {_PATH_PARAMETER.sub('{}', str(path))}"
                found[key] = Operation(method, str(path), expect_object(item[method]), item)
    return found


def find_path_prefix(ours: Mapping[str, Operation], theirs: Mapping[str, Operation]) -> str:
    """What their paths have in front of ours, such as /api: what most of them have."""
    places: dict[str, list[str]] = {}
    for key in theirs:
        places.setdefault(key.rpartition("/")[2], []).append(key)
    votes: Counter[str] = Counter()
    for key in ours:
        method, _, path = key.partition(" ")
        for candidate in places.get(path.rpartition("/")[2], ()):
            if candidate.startswith(f"{method} ") and candidate.endswith(path):
                votes[candidate[len(method) + 1 : len(candidate) - len(path)]] += 1
    return min(votes, key=lambda found: (-votes[found], len(found)), default="")


def strip_path_prefix(operations: Mapping[str, Operation], prefix: str) -> dict[str, Operation]:
    """The operations below a prefix, by keys without it."""
    found = {}
    for key, operation in operations.items():
        method, _, path = key.partition(" ")
        if path.startswith(f"{prefix}/"):
            found[f"{method} {path.removeprefix(prefix)}"] = operation
    return found
