"""Values that are checked against a JSON Schema, as the UI asks for it while a user types."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    with_each_key_missing,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_NUMBERS, ODD_TEXTS, Json
from tests.support.object_requests.templates import jinja, loops
from tests.support.object_requests.variables import named

PATH = "/ui/schemas/validate"
VALID: Json = {"schema": {"type": "object"}, "values": {}}
UUID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


def of_kind(kind: Json, **fields: Json) -> Json:
    """What stands for a value of a kind."""
    return {"__prefect_kind": kind, **fields}


def variable(name: Json) -> Json:
    """What stands for the value of a variable."""
    return of_kind("workspace_variable", variable_name=name)


FLOW: Json = {
    "title": "Parameters",
    "type": "object",
    "properties": {
        "n": {"type": "integer", "minimum": 1, "maximum": 9},
        "s": {"type": "string", "default": "x"},
        "nested": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "array", "maxItems": 1}},
            "required": ["a"],
            "additionalProperties": False,
        },
        "list": {"type": "array", "items": {"type": "integer"}},
        "objects": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"a": {"type": "integer"}},
                "required": ["a"],
            },
        },
        "pair": {"type": "array", "items": [{"type": "integer"}, {"type": "string"}]},
        "any": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "inner": {"$ref": "#/definitions/Inner"},
    },
    "required": ["n"],
    "definitions": {
        "Inner": {
            "type": "object",
            "properties": {"k": {"type": "string"}, "l": {"type": "integer", "default": 1}},
            "required": ["k"],
        }
    },
}
BLOCK: Json = {
    "type": "object",
    "properties": {"block": {"$ref": "#/definitions/Secret"}, "plain": {"type": "integer"}},
    "required": ["block"],
    "definitions": {
        "Secret": {
            "title": "Secret",
            "type": "object",
            "properties": {"value": {"type": "string"}, "other": {"type": "integer"}},
            "required": ["value"],
            "block_type_slug": "secret",
        },
        "Named": {
            "title": "Elsewhere",
            "type": "object",
            "block_type_slug": "elsewhere",
        },
    },
}
BLOCK_VALUES: tuple[Json, ...] = (
    *({"value": "x"}, {"value": 1}, {}, {"$ref": UUID}, {"$ref": "nope"}, {"$ref": 1}),
    *({"$ref": {"block_document_id": UUID}}, {"$ref": {}}, {"$ref": {"a": 1}}, 1, None),
    *({"value": "x", "other": "y"}, {"$ref": UUID, "value": 1}),
)
FLOW_VALUES: tuple[Json, ...] = (
    *({}, {"n": 1}, {"n": None}, {"n": "1"}, {"n": 0}, {"n": 10, "s": 1}, {"n": 1.0}, {"n": 1.5}),
    *({"n": 1, "s": None}, {"n": 1, "more": 1}, {"n": True}, {"n": []}, {"n": {}}, {"s": []}),
    *({"n": 1, "nested": {}}, {"n": 1, "nested": {"a": "x", "b": [1, 2]}}, {"nested": {"a": None}}),
    *({"n": 1, "nested": {"a": 1, "c": 1, "d": 2}}, {"n": 1, "nested": {"x": 1}}, {"nested": 1}),
    *({"n": 1, "list": [1, "a", 2, None]}, {"n": 1, "list": "x"}, {"n": 1, "list": [[1]]}),
    *({"n": 1, "objects": [{}, {"a": "x"}, 5, {"a": 1}]}, {"n": 1, "objects": [{"a": []}, {}]}),
    *({"n": 1, "pair": ["a", 1]}, {"n": 1, "pair": [1, "a"]}, {"n": 1, "pair": [1, 1, 1]}),
    *({"n": 1, "any": "x"}, {"n": 1, "any": None}, {"n": 1, "inner": {}}, {"inner": {"k": 1}}),
    *({"n": 1, "inner": {"k": "a", "l": None}}, {"n": 1, "inner": {"k": "a", "l": "b"}}),
)
TEMPLATES: tuple[Json, ...] = (
    *(of_kind("none", value=1), of_kind("none", value="x"), of_kind("none")),
    *(of_kind("json", value="1"), of_kind("json", value="x"), of_kind("json", value='"x"')),
    *(of_kind("json"), of_kind("json", value=5), of_kind("json", value="")),
    *(of_kind("json", value=None), jinja("{{ a }}"), of_kind("jinja"), jinja("plain")),
    *(jinja("{{ a"), jinja("{{ 1 / 0 }}"), jinja(loops(11)), jinja(loops(1, 3))),
    *(jinja(1), jinja([]), jinja({}), jinja(of_kind("json", value="{"))),
    *(jinja(of_kind("json", value='"{{ b }}"')), jinja(of_kind("json"))),
    *(of_kind("json", value=jinja("{{ a }}")), of_kind("json", value=jinja("{{ a"))),
    *(of_kind("workspace_variable"), variable("number-<u>"), variable("text-<u>")),
    *(variable("nope"), variable(None), variable(1), variable([]), variable({}), variable("")),
    variable(jinja("{{ a }}")),
    *(of_kind("other", value=1), of_kind("other"), of_kind(None, value=1), of_kind(1, value="x")),
)
# Of each, in which values are wrong in one way alone.
KEYWORDS: tuple[tuple[Json, Json], ...] = (
    *(({"enum": [1, "a"]}, 2), ({"const": {"a": 1}}, 1), ({"multipleOf": 3}, 4)),
    *(({"exclusiveMinimum": 1}, 1), ({"exclusiveMaximum": 1}, 1), ({"minimum": 2}, 1)),
    *(({"minLength": 3}, "a"), ({"maxLength": 1}, "ab"), ({"pattern": "^a$"}, "b")),
    *(({"minItems": 1}, []), ({"minItems": 2}, [1]), ({"maxItems": 1}, [1, 2])),
    *(
        ({"maxItems": 0}, [1]),
        ({"uniqueItems": True}, [1, 2, 1]),
        ({"contains": {"const": 1}}, [2]),
    ),
    *(({"minProperties": 1}, {}), ({"maxProperties": 0}, {"a": 1}), ({"required": ["a", "b"]}, {})),
    *(
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}),
    ),
    *(({"additionalProperties": {"type": "string"}}, {"a": 1, "b": "x"}), ({"not": {}}, 1)),
    *(
        ({"patternProperties": {"^a": {"type": "string"}}}, {"ab": 1}),
        ({"type": ["string", "null"]}, 1),
    ),
    *(
        ({"oneOf": [{"type": "integer"}, {"minimum": 0}]}, 1),
        ({"allOf": [{"minimum": 2}, {"enum": [3]}]}, 1),
    ),
    *(
        ({"if": {"type": "integer"}, "then": {"minimum": 5}}, 1),
        ({"prefixItems": [{"type": "string"}]}, [1]),
    ),
    *(
        ({"unevaluatedProperties": False}, {"a": 1}),
        ({"items": False}, [1]),
        ({"$ref": "#/nope"}, 1),
    ),
    *(({"$ref": "http://127.0.0.1:9/x"}, 1), ({"$ref": "#/properties/a"}, 1), (True, 1)),
    *(({"dependentSchemas": {"a": {"required": ["c"]}}}, {"a": 1}), ({"required": ["it's"]}, {})),
    *(({"unevaluatedItems": False}, [1]), ({"minContains": 2, "contains": {"const": 1}}, [1])),
    *(({"type": "integer", "default": 1}, None), ({"type": "null"}, 1), ({"type": "boolean"}, "x")),
    *(
        ({"format": form}, text)
        for form in (
            *(
                "date",
                "time",
                "date-time",
                "email",
                "uuid",
                "ipv4",
                "ipv6",
                "regex",
                "uri",
                "duration",
            ),
            *("hostname", "json-pointer", "idn-email", "color", "nope"),
        )
        for text in ("(", "2026-01-31")
    ),
)
SCHEMAS: tuple[Json, ...] = (
    *({}, {"type": "nope"}, {"type": 1}, {"properties": 1}, {"properties": {"a": 1}}),
    *({"properties": {"a": {"type": "nope"}}}, {"properties": {"a": True}}, {"required": "a"}),
    *({"required": 1}, {"required": [1]}, {"definitions": 1}, {"definitions": {"a": 1}}),
    *({"definitions": {"a": {"block_type_slug": "x"}}}, {"definitions": []}, {"properties": None}),
    *({"definitions": {"a": {"block_type_slug": "x", "title": [1]}}}, {"properties": []}),
    *({"definitions": {"a": {"properties": {"b": {"type": "nope"}}}}}, {"minimum": "x"}),
    *({"pattern": "("}, {"$ref": "#"}, {"$ref": 1}, {"$schema": "x"}, {"$id": "x y"}, {"$id": 1}),
    *({"allOf": []}, {"enum": []}, {"enum": 1}, {"items": []}, {"items": [{}]}, {"maxLength": -1}),
    *({"$schema": "http://json-schema.org/draft-04/schema#"}, {"format": 1}, {"$defs": {"a": 1}}),
    *({"properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}}},),
    *({"properties": {"a": {"properties": {"b": {"type": "integer"}}, "required": 1}}},),
    *({"type": "array"}, {"type": "string", "default": {}}, {"maxProperties": 0}, {"not": {}}),
)


def check(schema: Json, values: Json) -> ApiRequest:
    """A request that checks values against a schema."""
    return ApiRequest("POST", PATH, {"schema": schema, "values": values})


def typed(**types: str) -> Json:
    """The schema of an object that requires properties of these types."""
    return {"properties": {key: {"type": one} for key, one in types.items()}, "required": [*types]}


def of_templates() -> Iterator[ApiRequest]:
    """Each template where a number, a text and an object of a list are expected."""
    for one in TEMPLATES:
        yield check(typed(n="integer"), {"n": one})
    for one in TEMPLATES[::3]:
        yield check(typed(n="string"), {"n": one})
    listed = {"properties": {"l": {"type": "array", "items": typed(a="integer")}}}
    known = [one for one in TEMPLATES if one.get("variable_name") not in ([], {})]
    yield check(listed, {"l": [{"a": one} for one in known]})
    yield check(listed, {"l": known})
    yield check({"enum": [1], "properties": {"a": {"enum": [1]}}}, {"a": TEMPLATES[11]})
    yield check({"properties": {"a": {"uniqueItems": True}}}, {"a": [1, TEMPLATES[4]]})
    yield check({}, {"a": {"b": [TEMPLATES[4], {"c": TEMPLATES[11]}]}})
    yield from (check(typed(n="integer"), one) for one in TEMPLATES)


REQUESTS: RequestGroups = {
    f"{PATH}: any body": [
        *malformed_bodies("POST", PATH, VALID),
        *with_each_key_missing(PATH, VALID, VALID),
        *with_odd_values(PATH, VALID, ["schema", "values", "unknown"]),
    ],
    f"{PATH}: values": [
        *(check(FLOW, values) for values in FLOW_VALUES),
        *(check({"properties": {"a": schema}}, {"a": value}) for schema, value in KEYWORDS),
        *(check(schema, {"a": 1}) for schema in SCHEMAS),
        *(check(schema, {}) for schema in SCHEMAS[::4]),
        *(check(typed(a="null"), {"a": value}) for value in (*ODD_NUMBERS, *ODD_TEXTS)),
        *(check(typed(**{text: "null"}), {text: 1}) for text in (*ODD_TEXTS, "a.b", "1", "a'b")),
        *(check(typed(**{text: "null"}), {}) for text in (*ODD_TEXTS, "a.b", "1", "a'b", "a b")),
    ],
    f"{PATH}: blocks": [check(BLOCK, {"block": value}) for value in BLOCK_VALUES],
    f"{PATH}: templates": [
        named("number", value=1),
        named("text", value="x"),
        *of_templates(),
        ApiRequest("DELETE", "/variables/<number>"),
        ApiRequest("DELETE", "/variables/<text>"),
    ],
}
