"""Parameters with their templates filled in, as Prefect does it when a flow run is created.

An object with the key `__prefect_kind` stands for a value: the text of JSON, a variable, or a Jinja
template. The rules are Prefect's (utilities/schema_tools/hydration.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from .. import templates  # what it offers is imported with the first template
from ..errors import ServerFailure
from ..prefect import Dialect
from ..templates import InvalidTemplate, RenderingFailed, TemplateMeter

KIND = "__prefect_kind"


class Variables(Protocol):
    """Values by the names of variables; KeyError is raised for an unknown one."""

    def __getitem__(self, name: str, /) -> Any: ...


class Placeholder:
    """In place of a value that is not known."""


class _Removed(Placeholder):
    """In place of a value that is left out of the object or list around it."""


class _Template(Placeholder):
    """In place of what a valid template will become."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class HydrationError(Placeholder, Exception):
    """In place of what cannot be filled in; the text is that of a real server.

    `kind` is the name of Prefect's exception, which is what an error shows of one inside a value.
    """

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind

    def __repr__(self) -> str:
        return f"{self.kind}()"


class _Hydration(NamedTuple):
    """How parameters are filled in."""

    variables: Variables
    dialect: Dialect
    meter: TemplateMeter
    renders: bool
    """Templates are rendered, and an error is raised; else both are left as placeholders."""


def hydrate(
    parameters: Mapping[str, Any],
    variables: Variables,
    dialect: Dialect,
    meter: TemplateMeter | None = None,
) -> Any:
    """Parameters with each template replaced by its value; `variables` by their names.

    `meter` bounds what Jinja templates cost, together with others that count by it. Raises
    HydrationError, NotModelled for a Jinja template that is not rendered, TooLarge, and
    ServerFailure.
    """
    return _hydrated(parameters, _Hydration(variables, dialect, meter or TemplateMeter(), True))


def hydrate_partly(values: Mapping[str, Any], variables: Variables, dialect: Dialect) -> Any:
    """Values with what is known filled in, and a Placeholder for all else: errors, too.

    Raises TooLarge and ServerFailure.
    """
    return _hydrated(values, _Hydration(variables, dialect, TemplateMeter(), False))


def _hydrated(parameters: Mapping[str, Any], how: _Hydration) -> Any:
    value = _hydrate(parameters, how)
    return {} if isinstance(value, _Removed) else value


def _hydrate(value: Any, how: _Hydration) -> Any:
    if isinstance(value, dict):
        if KIND in value:
            return _filled_in(value, how)
        pairs = ((key, _hydrate(one, how)) for key, one in value.items())
        return {key: one for key, one in pairs if not isinstance(one, _Removed)}
    if isinstance(value, list):
        values = (_hydrate(one, how) for one in value)
        return [one for one in values if not isinstance(one, _Removed)]
    return value


def _filled_in(template: Mapping[str, Any], how: _Hydration) -> Any:
    """What an object with a kind stands for. Raises HydrationError if templates are rendered."""
    kind = template[KIND]
    fill_in = _KINDS.get(kind) if isinstance(kind, str) else None
    if fill_in is None:
        return template.get("value")
    found = fill_in(template, how)
    if how.renders and isinstance(found, HydrationError):
        raise found
    return found


def _plain(template: Mapping[str, Any], how: _Hydration) -> Any:
    if "value" not in template:
        return HydrationError("Missing 'value' key in __prefect object", "ValueNotFound")
    return _hydrate(template["value"], how)


def _json(template: Mapping[str, Any], how: _Hydration) -> Any:
    if "value" not in template:  # as the UI sends it while a user is still typing
        return _Removed()
    text = _inner(template["value"], how)
    if isinstance(text, Placeholder):
        return text
    if not isinstance(text, str):
        if how.dialect.json_values_kept:
            return text
        kind = type(text).__name__
        problem = f"the JSON object must be str, bytes or bytearray, not {kind}"
        return HydrationError(f"Invalid JSON: {problem}", "InvalidJSON")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        return HydrationError(f"Invalid JSON: {error}", "InvalidJSON")
    except (RecursionError, ValueError):  # too deep; an integer of more than 4,300 digits
        raise ServerFailure("Python cannot read this JSON", retryable=False) from None


def _variable(template: Mapping[str, Any], how: _Hydration) -> Any:
    if "variable_name" not in template:
        return _Removed()
    name = _inner(template["variable_name"], how)
    if isinstance(name, Placeholder):
        return name
    if isinstance(name, dict | list):  # which a real server cannot look up
        raise ServerFailure("the name of a variable is not a text", retryable=False)
    if isinstance(name, str):
        with suppress(KeyError):
            return how.variables[name]
    problem = f"Variable '{name}' not found in workspace."
    return HydrationError(problem, "WorkspaceVariableNotFound")


def _jinja(template: Mapping[str, Any], how: _Hydration) -> Any:
    if "template" not in template:
        return HydrationError("Missing 'template' key in __prefect object", "TemplateNotFound")
    text = _inner(template["template"], how)
    if isinstance(text, Placeholder):
        return text
    try:
        tree = templates.read_template(str(text), how.meter)
    except InvalidTemplate as error:
        return HydrationError(f"Invalid jinja: {error}", "InvalidJinja")
    if not how.renders:
        return _Template(str(text))
    if isinstance(text, dict | list):
        return text
    if not isinstance(text, str):  # which a real server cannot search for a template
        raise ServerFailure("a template is not a text", retryable=False)
    try:
        return templates.render_template(tree, how.meter) if _has_expression(text) else text
    except RenderingFailed as failed:
        if how.dialect.template_failures_refused:
            return HydrationError(f"Invalid jinja: {failed}", "InvalidJinja")
        return f"{failed}\nTemplate source:\n{text}"


def _has_expression(text: str) -> bool:
    """Whether a text is rendered at all (Prefect: utilities/user_templates.py, maybe_template)."""
    return "{{" in text or "{%" in text


def _inner(value: Any, how: _Hydration) -> Any:
    """A part of a template, which may be a template itself if it is an object."""
    return _hydrate(value, how) if isinstance(value, dict) else value


_KINDS: Mapping[str, Callable[[Mapping[str, Any], _Hydration], Any]] = {
    "none": _plain,
    "json": _json,
    "workspace_variable": _variable,
    "jinja": _jinja,
}
