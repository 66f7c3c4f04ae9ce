"""When two schemas of blocks are the same: their checksums, and the definitions that count."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from ...errors import ServerFailure

Fields = Mapping[str, Any]


def schema_checksum(fields: Fields) -> str:
    """The checksum of a schema's fields, as Prefect's client works it out for itself.

    Which fields are secret, and the definitions of other blocks, do not count.
    """
    # Prefect: blocks/core.py, Block._calculate_schema_checksum; utilities/hashing.py, hash_objects.
    counted = _without_secret_fields(fields)
    if counted.get("definitions"):
        own = own_definitions(counted, counted["definitions"])
        counted = {**counted, "definitions": own}
        if not own:
            del counted["definitions"]
    # The arguments that were hashed: positional ones, then those with names.
    text = json.dumps([[counted], {}], sort_keys=True)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def own_definitions(part: Any, definitions: Fields) -> dict[str, Any]:
    """The definitions that a part of a schema refers to, and that are no blocks."""
    found: dict[str, Any] = {}
    waiting = list(reference_names(part))
    while waiting:
        name = waiting.pop()
        definition = require_object(definitions).get(name)
        if name in found or not definition:
            continue
        if require_object(definition).get("block_type_slug") is not None:
            continue
        found[name] = definition
        waiting += reference_names(definition)
    return found


def reference_names(part: Any) -> Iterator[str]:
    """The names of the definitions that a part of a schema refers to."""
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            yield reference.replace("#/definitions/", "")
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for each in inner:
        yield from reference_names(each)


def require_object(value: Any) -> dict[str, Any]:
    """The value itself. Raises ServerFailure for no object, into which a real server looks."""
    if not isinstance(value, dict):
        raise ServerFailure("a part of a block's schema that is no object", retryable=False)
    return value


def _without_secret_fields(part: Any) -> Any:
    # Prefect: utilities/collections.py, remove_nested_keys; it does not look into lists.
    if not isinstance(part, dict):
        return part
    return {
        key: _without_secret_fields(inner) for key, inner in part.items() if key != "secret_fields"
    }
