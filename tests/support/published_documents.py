"""The documents that Prefect publishes, release by release, without their texts.

`tests/data/published-openapi.json` has the newest one, and for each older release a JSON Merge
Patch (RFC 7396) that makes its document of the one after it. To add a release:

    .venv/bin/python -m tests.support.published_documents openapi-3.9.2.json

where the file is that server's /openapi.json.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mockserver.prefect import release_key
from mockserver.prefect.overlays import merge_patch
from tests.support.paths import DATA

FILE = DATA / "published-openapi.json"
_PREFIX = "x-path-prefix"  # what the paths of the document begin with, before ours
_TEXT_KEYS = frozenset({"title", "description", "summary", "tags", "example", "examples"})
_NAMES_BELOW = frozenset({"properties", "schemas", "paths"})
"""The keys below these are names (a property `tags`, say), not keywords."""


def published_document(release: str) -> dict[str, Any]:
    """The document of a release, a copy for the caller to change. Its paths begin as ours do: see
    `path_prefix` for how they were published.
    """
    document: Any = json.loads(json.dumps(_documents()[release]))
    document.pop(_PREFIX, None)
    return dict(document)


def path_prefix(release: str) -> str:
    """What the paths of a release's document began with, before ours."""
    return str(_documents()[release].get(_PREFIX, ""))


def covered_part(
    document: Mapping[str, Any], operations: Mapping[str, Iterable[str]]
) -> dict[str, Any]:
    """A document cut to some operations, methods by path, and to every schema they refer to.

    Operations that the document does not have are left out.
    """
    paths = {
        path: {method: document["paths"][path][method] for method in methods}
        for path, methods in operations.items()
        if path in document["paths"]
    }
    schemas: dict[str, Any] = {}
    waiting: list[Any] = [paths]
    while waiting:
        for name in re.findall(r"#/components/schemas/([\w-]+)", json.dumps(waiting.pop())):
            if name not in schemas:
                schemas[name] = document["components"]["schemas"][name]
                waiting.append(schemas[name])
    return {**document, "paths": paths, "components": {"schemas": schemas}}


def structure(node: Any, *, names: bool = False) -> Any:
    """A part of a document without its titles, descriptions and examples."""
    if isinstance(node, dict):
        return {
            key: structure(value, names=not names and key in _NAMES_BELOW)
            for key, value in node.items()
            if names or key not in _TEXT_KEYS
        }
    return [structure(item) for item in node] if isinstance(node, list) else node


@cache
def _documents() -> Mapping[str, Mapping[str, Any]]:
    """The documents by release, as the file has them, the newest first."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    document = stored["newest"]
    documents = {document["info"]["version"]: document}
    for release, patch in stored["older"].items():
        document = merge_patch(document, patch)
        documents[release] = document
    return documents


def _without_texts(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a published document."""
    prefix = "/api" if "/api/flow_runs/" in document["paths"] else ""
    return {
        "openapi": document["openapi"],
        "info": {key: document["info"][key] for key in ("title", "version")},
        **({_PREFIX: prefix} if prefix else {}),
        "paths": {
            path.removeprefix(prefix): structure(item) for path, item in document["paths"].items()
        },
        "components": structure(document["components"]),
    }


def _make_patch(before: Any, after: Any) -> Any:
    """The JSON Merge Patch that makes `after` of `before`."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    changed = {
        key: _make_patch(before.get(key), value)
        for key, value in after.items()
        if key not in before or before[key] != value
    }
    return {**changed, **{key: None for key in before if key not in after}}


def _to_text(documents: Iterable[Mapping[str, Any]]) -> str:
    """The file's text for documents, the newest first: a line for each path, schema and release."""
    newest, *older = documents
    patches, document = {}, newest
    for one in older:
        patches[one["info"]["version"]] = patch = _make_patch(document, one)
        document = merge_patch(document, patch)
        assert document == one, "a null in a document cannot be patched in"
    head = {key: value for key, value in newest.items() if key not in ("paths", "components")}
    return "".join((
        f'{{"newest": {json.dumps(head)[:-1]}, "paths": {_lines(newest["paths"])},\n',
        f' "components": {{"schemas": {_lines(newest["components"]["schemas"])}}}}},\n',
        f' "older": {_lines(patches)}}}\n',
    ))  # fmt: skip


def _lines(entries: Mapping[str, Any]) -> str:
    lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items())
    return "{\n" + ",\n".join(lines) + "}"


def main(names: Iterable[str]) -> None:
    """Add the documents in files to those that are there."""
    added = [_without_texts(json.loads(Path(name).read_text(encoding="utf-8"))) for name in names]
    known = _documents() if FILE.exists() else {}
    documents = {**known, **{document["info"]["version"]: document for document in added}}
    ordered = sorted(documents, key=release_key, reverse=True)
    FILE.write_text(_to_text(documents[release] for release in ordered), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
