"""The contract openapi.yaml: its text, its parsed document, and validators for its schemas.

The file is the contract of the newest release; text and document can be had for an older one, too.
The YAML and JSON Schema libraries are imported when they are first needed, not with this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..resources import resource_text
from .instants import is_rfc3339
from .overlays import OVERLAYS, apply_overlays
from .releases import NEWEST, RELEASES

if TYPE_CHECKING:  # importing it takes 90 ms, and only tests and tools need it
    from jsonschema import Draft202012Validator

FILE_NAME = "openapi.yaml"

# The text form of RFC 9562, section 4, and no other that Python's UUID() reads.
UUID_PATTERN = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

FORMAT_CHECKERS: Mapping[str, Callable[[str], bool]] = {
    "uuid": lambda text: UUID_PATTERN.fullmatch(text) is not None,
    "date-time": is_rfc3339,
}

# The keywords of JSON Schema that openapi.yaml uses. A test fails for any other, because tools that
# walk the schemas, such as the drift check, would not understand it.
STRUCTURAL_KEYWORDS = frozenset({"type", "properties", "required", "items", "anyOf", "$ref"})
CONSTRAINT_KEYWORDS = frozenset({
    "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum",
    "exclusiveMinimum", "minItems", "maxItems", "prefixItems", "uniqueItems",
    "additionalProperties",
})  # fmt: skip
ANNOTATION_KEYWORDS = frozenset({
    "title", "description", "examples", "default", "deprecated", "contentMediaType",
})  # fmt: skip
SUPPORTED_KEYWORDS = STRUCTURAL_KEYWORDS | CONSTRAINT_KEYWORDS | ANNOTATION_KEYWORDS


def source_text(release: str = NEWEST) -> str:
    """Return the text of openapi.yaml as it is for a release of Prefect.

    For the newest it is the file, for another it is written anew, without the file's comments.
    Raises FileNotFoundError if the file is neither in the package nor beside it.
    """
    return _file_text() if release == NEWEST else _written_text(release)


@lru_cache(len(RELEASES))  # bounded: a release between two that were measured can have any name
def document(release: str = NEWEST) -> Mapping[str, Any]:
    """Return the parsed document as it is for a release. It is shared by all callers: do not
    change it.

    Raises FileNotFoundError as source_text() does.
    """
    return _newest_document() if release == NEWEST else apply_overlays(_newest_document(), release)


def _file_text() -> str:
    return resource_text(FILE_NAME)


@cache
def _newest_document() -> Mapping[str, Any]:
    import yaml

    # The C loader is several times as fast, but not every build of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parsed: Mapping[str, Any] = yaml.load(_file_text(), Loader=loader)  # noqa: S506  # both are safe loaders
    return parsed


@lru_cache(len(RELEASES))
def _written_text(release: str) -> str:
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """Writes texts of several lines as blocks, as the file does."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)

    Dumper.add_representer(str, represent)
    text: str = yaml.dump(
        document(release), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return text


def distinct_releases() -> list[str]:
    """Return the last release of each of the documents that differ, the newest first."""
    changed = {overlay.since for overlay in OVERLAYS}
    older = [release for release, following in pairwise(RELEASES) if following in changed]
    return [NEWEST, *reversed(older)]


def component_schema(name: str) -> dict[str, Any]:
    """Return a component schema as a JSON Schema (draft 2020-12) of its own.

    It contains all components, so that its references resolve. They are shared by all callers: do
    not change them. Raises LookupError if the document has no such component.
    """
    components = document()["components"]
    if name not in components["schemas"]:
        known = ", ".join(components["schemas"])
        raise LookupError(f"{FILE_NAME} has no schema {name!r}; one of {known}")
    return _with_components({"$ref": f"#/components/schemas/{name}"}, NEWEST)


def _with_components(schema: Mapping[str, Any], release: str) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "components": document(release)["components"],
    }


@cache
def component_validator(name: str) -> Draft202012Validator:
    """Return a validator for a component schema that also checks the format of texts.

    Raises LookupError as component_schema() does.
    """
    return _validator(component_schema(name))


@lru_cache(64)
def body_validator(operation: str, release: str = NEWEST) -> Draft202012Validator:
    """Return a validator for the JSON body of an operation, such as `POST /flows/`, of a release.

    It checks the format of texts, too. Raises KeyError if the operation has no such body.
    """
    method, _, path = operation.partition(" ")
    body = document(release)["paths"][path][method.lower()]["requestBody"]
    return _validator(_with_components(body["content"]["application/json"]["schema"], release))


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, FormatChecker

    # Without jsonschema's own checkers: a date-time is read by one function, so that this validator
    # and the models cannot disagree about it.
    checker = FormatChecker(formats=())
    for format_name, is_valid in FORMAT_CHECKERS.items():
        checker.checks(format_name)(_check_strings_only(is_valid))
    return Draft202012Validator(schema, format_checker=checker)


def _check_strings_only(is_valid: Callable[[str], bool]) -> Callable[[object], bool]:
    """By JSON Schema a format is about texts only: any other value passes."""
    return lambda value: not isinstance(value, str) or is_valid(value)


def unsupported_keywords(schema: Mapping[str, Any]) -> list[str]:
    """Return JSON pointers to the keywords in a schema that are not in SUPPORTED_KEYWORDS."""
    return list(_walk_unsupported(schema, ""))


def _walk_unsupported(schema: Mapping[str, Any], pointer: str) -> Iterator[str]:
    """The same for a schema that is at `pointer`, and for the schemas in it."""
    for key in schema:
        if key not in SUPPORTED_KEYWORDS:
            yield f"{pointer}/{_escape_pointer_token(key)}"
    for path, inner in _subschemas(schema):
        if not isinstance(inner, bool):  # a boolean is a schema without keywords
            yield from _walk_unsupported(inner, pointer + path)


def _subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any] | bool]]:
    """The schemas directly in a schema, each with its JSON pointer from there."""
    for key, inner in schema.get("properties", {}).items():
        yield f"/properties/{_escape_pointer_token(key)}", inner
    for index, inner in enumerate(schema.get("anyOf", ())):
        yield f"/anyOf/{index}", inner
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield f"/{key}", schema[key]


def _escape_pointer_token(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")  # RFC 6901, section 3
