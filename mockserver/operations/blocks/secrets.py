"""Secret values of blocks: hidden in replies, and kept where a hidden value is sent back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...errors import ServerFailure

HIDDEN = "********"  # whatever the value (Prefect: utilities/names.py, obfuscate)
Key = tuple[str, ...]


def hide_secrets(data: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a block without those that its schema says are secret.

    `fields` is the schema. A secret field is a path such as "a.b", or "a.*" for all in `a`.
    """
    flat = dict(_flatten(data))
    exact, prefixes = _secret_keys(fields, flat)
    for key in flat:
        if key in exact or _is_within(key, prefixes):
            flat[key] = HIDDEN
    return _nest(flat)


def restore_hidden(
    sent: Mapping[str, Any], kept: Mapping[str, Any], fields: Mapping[str, Any]
) -> dict[str, Any]:
    """The values that a client sends, with what is kept of a block in place of hidden ones.

    Whoever sends back what a reply showed does not mean to lose the secrets. Raises ServerFailure
    for a hidden value in a field with many, of which none is kept.
    """
    flat, flat_kept = dict(_flatten(sent)), dict(_flatten(kept))
    exact, prefixes = _secret_keys(fields, flat_kept)
    for key, value in flat.items():
        if value != HIDDEN:
            continue
        if key in exact:
            flat[key] = flat_kept[key]
        elif _is_within(key, prefixes):
            if key not in flat_kept:
                raise ServerFailure("a hidden value that is not kept", retryable=False)
            flat[key] = flat_kept[key]
    return _nest(flat)


def _secret_keys(fields: Mapping[str, Any], flat: Mapping[Key, Any]) -> tuple[set[Key], set[Key]]:
    """The secret keys that have a value, and the beginnings of keys that are all secret."""
    exact: set[Key] = set()
    prefixes: set[Key] = set()
    for field in _texts(fields.get("secret_fields", [])):
        key = tuple(field.split("."))
        if flat.get(key) is not None:
            exact.add(key)
        elif "*" in key:
            prefixes.add(key[: key.index("*")])
    return exact, prefixes


def _texts(value: Any) -> Iterable[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ServerFailure("secret fields that are no list of texts", retryable=False)
    return value


def _is_within(key: Key, prefixes: set[Key]) -> bool:
    return bool(prefixes) and any(key[:length] in prefixes for length in range(len(key) + 1))


def _flatten(data: Mapping[str, Any], above: Key = ()) -> Iterator[tuple[Key, Any]]:
    for name, value in data.items():
        if isinstance(value, dict) and value:
            yield from _flatten(value, (*above, name))
        else:
            yield (*above, name), value


def _nest(flat: Mapping[Key, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        inner = nested
        for name in key[:-1]:
            inner = inner.setdefault(name, {})
        inner[key[-1]] = value
    return nested
