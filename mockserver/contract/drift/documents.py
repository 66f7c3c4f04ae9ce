"""OpenAPI documents: reading them, and finding their operations below any path prefix."""

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

# OpenAPI 3.1, Path Item Object: its other keys are no operations.
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_BYTES = 32 << 20  # Prefect's document has half a MiB
_PATH_PARAMETER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation. `node` is its object in the document, `path_item` the one around it, which
    may have parameters that all operations of the path share.
    """

    method: str
    path: str
    node: Mapping[str, Any]
    path_item: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def read_document(path: Path) -> Mapping[str, Any]:
    """Read an OpenAPI document, JSON or YAML, from a file.

    Raises UsageError if the file cannot be read, DocumentError if it holds something else.
    """
    try:
        with path.open("rb") as file:
            # One byte more shows that it is too large, and no more is read.
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror or error}; expected an OpenAPI document"
        ) from None
    return parse_document(data, str(path))


def parse_document(data: bytes, source: str) -> Mapping[str, Any]:
    """Parse an OpenAPI document, JSON or YAML. `source` is named in errors.

    Raises DocumentError.
    """
    if len(data) > MAX_BYTES:
        raise DocumentError(
            f"{source}: more than {MAX_BYTES >> 20} MiB; expected an OpenAPI document"
        )
    try:
        # A text that begins like JSON is meant as JSON: an error of the YAML parser would mislead.
        read = json.loads if data.lstrip()[:1] in (b"{", b"[") else read_yaml
        document = read(data)
    except json.JSONDecodeError as error:
        where = f"{source}:{error.lineno}:{error.colno}"
        raise DocumentError(f"{where}: not JSON: {error.msg}") from None
    except InvalidYamlError as error:
        text = to_single_line(str(error))
        raise DocumentError(f"{source}{error.location}: neither JSON nor YAML: {text}") from None
    except (ValueError, RecursionError):
        raise DocumentError(f"{source}: not JSON: not UTF-8, or nested too deep") from None
    return require_openapi(document, source)


def parse_json_document(data: bytes, source: str) -> Mapping[str, Any]:
    """Parse the document that a server publishes, which is JSON: nothing of others is read as YAML.

    Raises DocumentError.
    """
    if data.lstrip()[:1] != b"{":
        came = to_single_line(data[:100].decode(errors="replace"))
        raise DocumentError(f"{source}: {came}; expected an OpenAPI document in JSON")
    return parse_document(data, source)


def require_openapi(document: Any, source: str) -> Mapping[str, Any]:
    """Return the document unchanged if it has `paths`. Raises DocumentError otherwise."""
    if not isinstance(document, Mapping) or not isinstance(document.get("paths"), Mapping):
        came = f"{type(document).__name__} without `paths`"
        raise DocumentError(
            f"{source}: {came}; expected an OpenAPI document, such as a server's /openapi.json"
        )
    return document


def path_parameter_names(path: str) -> list[str]:
    """The names of a path's parameters, in order."""
    return [braced[1:-1] for braced in _PATH_PARAMETER.findall(path)]


def operations_by_key(document: Mapping[str, Any]) -> dict[str, Operation]:
    """Every operation by "method path". In the key, path parameters have no name: requests do not
    show it, so documents may name them differently.
    """
    operations = {}
    for path, item in document["paths"].items():
        item = expect_object(item)
        for method in METHODS:
            if method in item:
                key = f"{method} {_PATH_PARAMETER.sub('{}', str(path))}"
                operations[key] = Operation(method, str(path), expect_object(item[method]), item)
    return operations


def find_path_prefix(ours: Mapping[str, Operation], theirs: Mapping[str, Operation]) -> str:
    """The prefix that their paths have before ours, such as /api: the one most of them have.

    Of prefixes that are equally frequent, the shortest.
    """
    keys_by_last_segment: dict[str, list[str]] = {}
    for key in theirs:
        keys_by_last_segment.setdefault(key.rpartition("/")[2], []).append(key)
    votes: Counter[str] = Counter()
    for key in ours:
        method, _, path = key.partition(" ")
        for candidate in keys_by_last_segment.get(path.rpartition("/")[2], ()):
            if candidate.startswith(f"{method} ") and candidate.endswith(path):
                votes[candidate[len(method) + 1 : len(candidate) - len(path)]] += 1
    return min(votes, key=lambda prefix: (-votes[prefix], len(prefix)), default="")


def strip_path_prefix(operations: Mapping[str, Operation], prefix: str) -> dict[str, Operation]:
    """The operations below a path prefix, by keys without the prefix."""
    below = {}
    for key, operation in operations.items():
        method, _, path = key.partition(" ")
        if path.startswith(f"{prefix}/"):
            below[f"{method} {path.removeprefix(prefix)}"] = operation
    return below
