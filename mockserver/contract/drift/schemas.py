"""JSON Schemas of an OpenAPI document in one normal form: a list of alternatives, each of one type.

Invariant: schemas that allow the same values in other words have the same form. `anyOf` with null,
`nullable` and a list of types come out the same, and so do several `const`s and an `enum`. `allOf`
is merged keyword by keyword. Keywords that constrain no value (descriptions, titles, examples,
unknown ones) are dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal
from urllib.parse import unquote

from ...errors import MockServerError, to_single_line

# The document is of a server that may be wrong, so what it can cost is bounded.
MAX_DEPTH = 64  # of schemas within schemas, and of references to references
MAX_ALTERNATIVES = 1_000  # of one schema
MAX_STEPS = 500_000  # schemas visited in one document; Prefect's takes a few thousand

ANY = "any"
KEYWORDS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"format", "pattern", "minLength", "maxLength"}),
    "number": frozenset({
        "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    }),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset({
        "properties", "required", "additionalProperties", "propertyNames", "minProperties",
        "maxProperties",
    }),
}  # fmt: skip
"""The keywords that constrain values of a type, and no values of other types."""
_KEYWORDS_BY_TYPE = {**KEYWORDS, "integer": KEYWORDS["number"]}
_STRUCTURAL_KEYWORDS = frozenset({"type", "enum", "const", "nullable", "anyOf", "oneOf", "allOf"})
CONSTRAINTS = _STRUCTURAL_KEYWORDS.union(*KEYWORDS.values())
_LOWER_BOUND_KEYWORDS = frozenset(
    {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
)
_UPPER_BOUND_KEYWORDS = frozenset(
    {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
)
_COMPONENT = "#/components/schemas/"
_SCALARS = ("string", "integer", "number", "boolean", "null")


class DocumentError(MockServerError):
    """An OpenAPI document that cannot be understood; the text says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the kinds of value that a schema allows.

    `keywords` are those that constrain the type. `name` is the component's, if the schema is one.
    `values`, as JSON texts, are all that an enum or const allows; None means any of the type.
    """

    type: str
    keywords: Mapping[str, Any]
    name: str | None = None
    values: frozenset[str] | None = None

    def __str__(self) -> str:
        if self.values is not None:
            return format_values(self.values)
        if self.type == ANY:
            return "anything"
        if self.name or "format" in self.keywords:
            return f"{self.type} ({to_single_line(self.name or str(self.keywords['format']), 100)})"
        return self.type


class SchemaReader:
    """Reads the schemas of one document. Its methods raise DocumentError."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._steps = 0

    def resolve(self, node: Any) -> Mapping[str, Any]:
        """Return an object (a parameter, a reply, a body), or the one that its `$ref` names."""
        for _ in range(MAX_DEPTH):
            mapping = expect_object(node)
            if "$ref" not in mapping:
                return mapping
            node = self._resolve_pointer(mapping["$ref"])
        raise DocumentError(f"$ref leads to $ref more than {MAX_DEPTH} times, without end")

    def default(self, schema: Any) -> str | None:
        """The default as JSON. None if there is none or it is null: both mean a value left out."""
        node: Any = schema
        for _ in range(MAX_DEPTH):
            if not isinstance(node, Mapping):
                return None
            if node.get("default") is not None:
                return canonical_json(node["default"])
            if "$ref" not in node:
                return None
            node = self._resolve_pointer(node["$ref"])
        return None

    def alternatives(self, schema: Any) -> Sequence[Alternative]:
        """What a schema allows: no alternative for `false`, one of type ANY for `true`."""
        expanded = list(islice(self._expand(schema, None, 0), MAX_ALTERNATIVES + 1))
        if len(expanded) > MAX_ALTERNATIVES:
            raise DocumentError(f"a schema of more than {MAX_ALTERNATIVES:,} alternatives")
        anything = [alternative for alternative in expanded if alternative.type == ANY]
        return anything[:1] or expanded

    def _expand(self, schema: Any, name: str | None, depth: int) -> Iterator[Alternative]:
        """The alternatives of a schema: references and combinations are followed until neither
        is left. `name` is the component's that the schema is.
        """
        self._step(depth)
        if schema is False:
            return
        node = {} if schema is True else expect_object(schema)
        rest = {key: value for key, value in node.items() if key in CONSTRAINTS}
        if "$ref" in node:
            target, target_name = self._resolve_pointer(node["$ref"]), _component(node["$ref"])
            if rest:  # constraints beside a reference make another schema than the component
                target, target_name = self._merge(target, rest, depth), None
            yield from self._expand(target, target_name, depth + 1)
            return
        # oneOf is read as anyOf: whether two alternatives overlap is not decided.
        for key in ("allOf", "anyOf", "oneOf"):
            if key in rest:
                parts = expect_list(rest.pop(key), key)
                if key == "allOf":
                    parts = [self._merge_all(parts, depth)]
                for part in parts:
                    merged = self._merge(part, rest, depth) if rest else part
                    yield from self._expand(merged, name, depth + 1)
                return
        yield from _leaf_alternatives(rest, name)

    def _merge_all(self, parts: Sequence[Any], depth: int) -> Any:
        """One schema for those of an `allOf`; a single one stays a reference, with its name."""
        if len(parts) == 1:
            return parts[0]
        merged: Any = {}
        for part in parts:
            merged = self._merge(part, merged, depth)
        return merged

    def _merge(self, one: Any, other: Mapping[str, Any] | Literal[False], depth: int) -> Any:
        """A schema that allows what both schemas allow.

        The reference and the `allOf` of `one` are resolved first; `other` has no reference.
        """
        self._step(depth)
        if one is False or other is False:
            return False
        schema = {} if one is True else dict(expect_object(one))
        if "$ref" in schema:
            target = self._resolve_pointer(schema.pop("$ref"))
            if CONSTRAINTS & schema.keys():
                target = self._merge(target, schema, depth + 1)
            return self._merge(target, other, depth + 1)
        if "allOf" in schema:
            parts = expect_list(schema.pop("allOf"), "allOf")
            merged = self._merge(self._merge_all(parts, depth + 1), schema, depth + 1)
            if merged is False:
                return False
            schema = dict(merged)
        keywords = {key: _merge_keyword(key, schema, value) for key, value in other.items()}
        return {**schema, **keywords}

    def _resolve_pointer(self, reference: Any) -> Any:
        """What a JSON pointer (RFC 6901) such as "#/components/schemas/Flow" points to."""
        node: Any = self.document
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise DocumentError(f"$ref {format_value(reference)}; expected one within the document")
        for token in unquote(reference[2:]).split("/"):
            # In this order (RFC 6901, section 4): the other way round, ~01 would become a slash.
            key = token.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, Mapping) or key not in node:
                raise DocumentError(f"$ref {format_value(reference)} leads to nothing")
            node = node[key]
        return node

    def _step(self, depth: int) -> None:
        self._steps += 1
        if depth > MAX_DEPTH or self._steps > MAX_STEPS:
            raise DocumentError(
                f"schemas that refer to one another more than {MAX_DEPTH} deep, or too often"
            )


def _component(reference: str) -> str | None:
    """The name of the component that a `$ref` names; None if it names something else."""
    return reference.removeprefix(_COMPONENT) if reference.startswith(_COMPONENT) else None


def _leaf_alternatives(node: Mapping[str, Any], name: str | None) -> Iterator[Alternative]:
    """The alternatives of a schema without references and combinations.

    Values of an enum that are of none of its types are left out: no value can satisfy both.
    """
    types = _types(node)
    values = [node["const"]] if "const" in node else node.get("enum")
    # OpenAPI 3.0; 3.1 has the type null instead.
    if node.get("nullable") is True and types != [ANY]:
        yield Alternative("null", {})
    if values is not None:
        by_type: dict[str, set[str]] = {}
        for value in expect_list(values, "enum"):
            by_type.setdefault(_type_of(value), set()).add(canonical_json(value))
        for type_, texts in by_type.items():
            if type_ == "null":
                yield Alternative("null", {})
            # JSON Schema 2020-12: an integer is a number.
            elif types == [ANY] or type_ in types or (type_, types) == ("integer", ["number"]):
                yield Alternative(type_, {}, name, frozenset(texts))
        return
    for type_ in types:
        relevant = _KEYWORDS_BY_TYPE.get(type_, frozenset())
        keywords = {key: value for key, value in node.items() if key in relevant}
        yield Alternative(type_, keywords, None if type_ == "null" else name)


def _types(node: Mapping[str, Any]) -> list[str]:
    """The types of a schema; without `type`, those that its keywords suggest, else ANY."""
    declared = node.get("type")
    if isinstance(declared, str):
        return [declared]
    if declared is not None:
        return [str(one) for one in expect_list(declared, "type")]
    # By JSON Schema, keywords of one type allow values of any other type. Whoever wrote
    # {"minimum": 1} meant a number, though.
    meant = [type_ for type_, keywords in KEYWORDS.items() if keywords & node.keys() - {"format"}]
    return meant or (["string"] if "format" in node else [ANY])


def _type_of(value: Any) -> str:
    names = {type(None): "null", bool: "boolean", str: "string", list: "array", dict: "object"}
    if isinstance(value, float) and not value.is_integer():
        return "number"
    # By exact type, since bool is a subclass of int. 1.0 is an integer (JSON Schema 2020-12).
    return names.get(type(value), "integer")


def _merge_keyword(key: str, node: Mapping[str, Any], value: Any) -> Any:
    """The value of a keyword for both `node` and another schema, in which it is `value`."""
    if key not in node:
        return value
    current = node[key]
    if key in _LOWER_BOUND_KEYWORDS:
        return max(expect_number(current, key), expect_number(value, key))
    if key in _UPPER_BOUND_KEYWORDS:
        return min(expect_number(current, key), expect_number(value, key))
    if key == "required":
        return [
            *expect_list(current, key),
            *(name for name in expect_list(value, key) if name not in current),
        ]
    if key == "properties":
        return {**expect_object(current), **expect_object(value)}
    if key == "enum":
        return [one for one in expect_list(current, key) if one in expect_list(value, key)]
    return value


def are_alike(one: Any, other: Any) -> bool:
    """Whether two schemas of single values are written alike, so that there is nothing to compare.

    False says nothing: they may hold others, or allow the same in other words.
    """
    if isinstance(one, bool):
        return one is other
    if not (_is_scalar(one) and isinstance(other, Mapping)):
        return False
    # Of values that Python finds equal, such as 1 and true, the texts differ.
    return repr(_meant(one)) == repr(_meant(other))


def _is_scalar(schema: Any) -> bool:
    """Whether a schema is written as one of single values: neither objects, arrays nor references.

    Nothing but descriptions and a default stands beside its `anyOf`.
    """
    if not isinstance(schema, Mapping) or "$ref" in schema:
        return False
    structure = _STRUCTURAL_KEYWORDS & schema.keys()
    if structure == {"anyOf"}:
        parts = schema["anyOf"]
        return isinstance(parts, list) and all(map(_is_scalar, parts))
    return structure == {"type"} and schema["type"] in _SCALARS


def _meant(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keywords of a schema that are compared."""
    return {key: value for key, value in schema.items() if key in CONSTRAINTS or key == "default"}


def canonical_json(value: Any) -> str:
    """A value as JSON text; equal values give equal texts: 1.0 is written 1, keys are sorted."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def format_values(values: frozenset[str], most: int = 8) -> str:
    """JSON texts in a sentence: sorted, and no more than `most` of them in full."""
    texts = [to_single_line(value, 60) for value in sorted(values)]
    more = [f"{len(texts) - most} more"] if len(texts) > most else []
    return ", ".join(texts[:most] + more)


def expect_object(node: Any) -> Mapping[str, Any]:
    """Return an object unchanged. Raises DocumentError for anything else."""
    if not isinstance(node, Mapping):
        raise DocumentError(f"found {format_value(node)}; expected an object")
    return node


def expect_list(node: Any, keyword: str) -> list[Any]:
    """Return a list unchanged. Raises DocumentError, with the keyword, for anything else."""
    if not isinstance(node, list):
        raise DocumentError(f"{keyword} is {format_value(node)}; expected a list")
    return node


def expect_number(value: Any, keyword: str) -> float:
    """Return a number unchanged. Raises DocumentError, with the keyword, for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DocumentError(f"{keyword} is {format_value(value)}; expected a number")
    return value


def format_value(value: Any) -> str:
    """A value as JSON for a sentence: one line of at most 80 characters."""
    return to_single_line(canonical_json(value), 80)
