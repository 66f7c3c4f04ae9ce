"""The contract, openapi.yaml: its text, its schemas, and validators for them.

The YAML and JSON Schema libraries are imported when they are first needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ..resources import resource_path
from .instants import is_rfc3339

if TYPE_CHECKING:  # 90 ms that only tests and tools have to pay
    from jsonschema import Draft202012Validator

FILE_NAME = "openapi.yaml"

UUID_PATTERN = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

FORMAT_CHECKERS: Mapping[str, Callable[[str], bool]] = {
    "uuid": lambda text: UUID_PATTERN.fullmatch(text) is not None,
    "date-time": is_rfc3339,
}

STRUCTURAL_KEYWORDS = frozenset({"type", "properties", "required", "items", "anyOf", "$ref"})
CONSTRAINT_KEYWORDS = frozenset({
    "enum", "const", "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "uniqueItems",
    "additionalProperties",
})  # fmt: skip
ANNOTATION_KEYWORDS = frozenset({"title", "description", "examples", "default", "deprecated"})
SUPPORTED_KEYWORDS = STRUCTURAL_KEYWORDS | CONSTRAINT_KEYWORDS | ANNOTATION_KEYWORDS


def source_text() -> str:
    """Return openapi.yaml as it is written.

    Raises FileNotFoundError if the file is neither in the package nor beside it.
    """
    return resource_path(FILE_NAME).read_text(encoding="utf-8")


@cache
def document() -> Mapping[str, Any]:
    """Return the parsed document: one shared value, to read only.

    Raises FileNotFoundError as text() does.
    """
    import yaml

    # The C loader is several times as fast, but not every build of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parsed: Mapping[str, Any] = yaml.load(source_text(), Loader=loader)  # noqa: S506  # both are safe loaders
    return parsed


def component_schema(name: str) -> dict[str, Any]:
    """Return one component as a JSON Schema (draft 2020-12) that stands alone.

    All components come with it, so that its references resolve; they are shared, to read only.
    Raises LookupError if the document has no such component.
    """
    components = document()["components"]
    if name not in components["schemas"]:
        known = ", ".join(components["schemas"])
        raise LookupError(f"{FILE_NAME} has no schema {name!r}; one of {known}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": f"#/components/schemas/{name}",
        "components": components,
    }


@cache
def component_validator(name: str) -> Draft202012Validator:
    """Return a validator for one component that also holds texts to their format.

    Raises LookupError as schema() does.
    """
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(formats=())
    for format_name, is_valid in FORMAT_CHECKERS.items():
        checker.checks(format_name)(_check_strings_only(is_valid))
    return Draft202012Validator(component_schema(name), format_checker=checker)


def _check_strings_only(is_valid: Callable[[str], bool]) -> Callable[[object], bool]:
    """A format says nothing about a value that is not a text: its type does."""
    return lambda value: not isinstance(value, str) or is_valid(value)


def unsupported_keywords(schema: Mapping[str, Any]) -> list[str]:
    """Return JSON pointers to the keywords of a schema that this project does not understand."""
    return list(_walk_unsupported(schema, ""))


def _walk_unsupported(schema: Mapping[str, Any], pointer: str) -> Iterator[str]:
    for key in schema:
        if key not in SUPPORTED_KEYWORDS:
            yield f"{pointer}/{_escape_pointer_token(key)}"
    for path, inner in _subschemas(schema):
        if not isinstance(inner, bool):  # a boolean is a schema without keywords
            yield from _walk_unsupported(inner, pointer + path)


def _subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any] | bool]]:
    for key, inner in schema.get("properties", {}).items():
        yield f"/properties/{_escape_pointer_token(key)}", inner
    for index, inner in enumerate(schema.get("anyOf", ())):
        yield f"/anyOf/{index}", inner
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield f"/{key}", schema[key]


def _escape_pointer_token(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
