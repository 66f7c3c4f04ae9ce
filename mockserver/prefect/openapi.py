"""The contract, openapi.yaml: its text, its schemas, and validators for them.

The YAML and JSON Schema libraries are imported when they are first needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ..resources import shipped
from .instants import is_rfc3339

if TYPE_CHECKING:  # 90 ms that only tests and tools have to pay
    from jsonschema import Draft202012Validator

FILE = "openapi.yaml"

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

FORMATS: Mapping[str, Callable[[str], bool]] = {
    "uuid": lambda text: UUID.fullmatch(text) is not None,
    "date-time": is_rfc3339,
}

SHAPES = frozenset({"type", "properties", "required", "items", "anyOf", "$ref"})
LIMITS = frozenset({
    "enum", "const", "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "uniqueItems",
    "additionalProperties",
})  # fmt: skip
ANNOTATIONS = frozenset({"title", "description", "examples", "default", "deprecated"})
SUPPORTED = SHAPES | LIMITS | ANNOTATIONS


def text() -> str:
    """Return openapi.yaml as it is written.

    Raises FileNotFoundError if the file is neither in the package nor beside it.
    """
    return shipped(FILE).read_text(encoding="utf-8")


@cache
def document() -> Mapping[str, Any]:
    """Return the parsed document: one shared value, to read only.

    Raises FileNotFoundError as text() does.
    """
    import yaml

    # The C loader is several times as fast, but not every build of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parsed: Mapping[str, Any] = yaml.load(text(), Loader=loader)  # noqa: S506  # both are safe loaders
    return parsed


def schema(name: str) -> dict[str, Any]:
    """Return one component as a JSON Schema (draft 2020-12) that stands alone.

    All components come with it, so that its references resolve; they are shared, to read only.
    Raises LookupError if the document has no such component.
    """
    components = document()["components"]
    if name not in components["schemas"]:
        known = ", ".join(components["schemas"])
        raise LookupError(f"{FILE} has no schema {name!r}; one of {known}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": f"#/components/schemas/{name}",
        "components": components,
    }


@cache
def validator(name: str) -> Draft202012Validator:
    """Return a validator for one component that also holds texts to their format.

    Raises LookupError as schema() does.
    """
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(formats=())
    for name_of_format, holds in FORMATS.items():
        checker.checks(name_of_format)(_on_text(holds))
    return Draft202012Validator(schema(name), format_checker=checker)


def _on_text(holds: Callable[[str], bool]) -> Callable[[object], bool]:
    """A format says nothing about a value that is not a text: its type does."""
    return lambda value: not isinstance(value, str) or holds(value)


def unsupported(schema: Mapping[str, Any]) -> list[str]:
    """Return JSON pointers to the keywords of a schema that this project does not understand."""
    return list(_unsupported(schema, ""))


def _unsupported(schema: Mapping[str, Any], here: str) -> Iterator[str]:
    for key in schema:
        if key not in SUPPORTED:
            yield f"{here}/{_escaped(key)}"
    for path, inner in _subschemas(schema):
        if not isinstance(inner, bool):  # a boolean is a schema without keywords
            yield from _unsupported(inner, here + path)


def _subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any] | bool]]:
    for key, inner in schema.get("properties", {}).items():
        yield f"/properties/{_escaped(key)}", inner
    for index, inner in enumerate(schema.get("anyOf", ())):
        yield f"/anyOf/{index}", inner
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield f"/{key}", schema[key]


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
