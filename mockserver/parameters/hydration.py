"""Parameters with their templates filled in, as Prefect does it when a flow run is created.

An object with the key `__prefect_kind` stands for a value: the text of JSON, a variable, or a Jinja
template. The rules are Prefect's (utilities/schema_tools/hydration.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..errors import NotModelled

KIND = "__prefect_kind"
_REMOVED = object()
"""In place of a value that is left out of the object or list around it."""


class Variables(Protocol):
    """Values by the names of variables; KeyError is raised for an unknown one."""

    def __getitem__(self, name: str, /) -> Any: ...


class HydrationError(Exception):
    """A template that cannot be filled in; the text is that of a real server."""


def hydrate(parameters: Mapping[str, Any], variables: Variables) -> Any:
    """Parameters with each template replaced by its value; `variables` by their names.

    Raises HydrationError, and NotModelled for a Jinja template with an expression.
    """
    value = _hydrate(parameters, variables)
    return {} if value is _REMOVED else value


def _hydrate(value: Any, variables: Variables) -> Any:
    if isinstance(value, dict):
        if KIND in value:
            kind = value[KIND]
            fill_in = _KINDS.get(kind) if isinstance(kind, str) else None
            return value.get("value") if fill_in is None else fill_in(value, variables)
        pairs = ((key, _hydrate(one, variables)) for key, one in value.items())
        return {key: one for key, one in pairs if one is not _REMOVED}
    if isinstance(value, list):
        values = (_hydrate(one, variables) for one in value)
        return [one for one in values if one is not _REMOVED]
    return value


def _plain(template: Mapping[str, Any], variables: Variables) -> Any:
    if "value" not in template:
        raise HydrationError("Missing 'value' key in __prefect object")
    return _hydrate(template["value"], variables)


def _json(template: Mapping[str, Any], variables: Variables) -> Any:
    if "value" not in template:  # as the UI sends it while a user is still typing
        return _REMOVED
    text = _inner(template["value"], variables)
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise HydrationError(f"Invalid JSON: {error}") from None


def _variable(template: Mapping[str, Any], variables: Variables) -> Any:
    if "variable_name" not in template:
        return _REMOVED
    name = _inner(template["variable_name"], variables)
    if name is _REMOVED:
        return name
    try:
        return variables[str(name)]
    except KeyError:
        raise HydrationError(f"Variable '{name}' not found in workspace.") from None


def _jinja(template: Mapping[str, Any], variables: Variables) -> Any:
    if "template" not in template:
        raise HydrationError("Missing 'template' key in __prefect object")
    text = _inner(template["template"], variables)
    if isinstance(text, str) and any(mark in text for mark in ("{{", "{%", "{#")):
        raise NotModelled("mockserver does not fill in Jinja templates in parameters")
    return text


def _inner(value: Any, variables: Variables) -> Any:
    """A part of a template, which may be a template itself if it is an object."""
    return _hydrate(value, variables) if isinstance(value, dict) else value


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Variables], Any]] = {
    "none": _plain,
    "json": _json,
    "workspace_variable": _variable,
    "jinja": _jinja,
}
