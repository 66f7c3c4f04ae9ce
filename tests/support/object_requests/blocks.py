"""Blocks: their types, schemas and documents, with secrets and with blocks inside of blocks."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    as_patch,
    malformed_bodies,
    post_requests,
    with_each_key_missing,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_IDS, ODD_TEXTS, UNKNOWN_ID, Json

TYPES, SCHEMAS, DOCUMENTS = "/block_types/", "/block_schemas/", "/block_documents/"
TYPE: Json = {"name": "T <u>", "slug": "t-<u>"}
FIELDS: Json = {
    "title": "T",
    "type": "object",
    "properties": {
        "user": {"title": "User", "type": "string"},
        "password": {"title": "Password", "type": "string"},
        "more": {"title": "More", "type": "object"},
        "all": {"title": "All", "type": "object"},
    },
    "required": ["user"],
    "block_type_slug": "t-<u>",
    "secret_fields": ["password", "more.key", "all.*"],
    "block_schema_references": {},
}
SCHEMA: Json = {"fields": FIELDS, "block_type_id": "<type>", "capabilities": ["a", "b"]}
DATA: Json = {
    "user": "me",
    "password": "secret",
    "more": {"key": 7, "open": [1]},
    "all": {"x": {"y": "z"}, "n": None, "e": {}},
}
DOCUMENT: Json = {
    "name": "d-<u>",
    "data": DATA,
    "block_schema_id": "<schema>",
    "block_type_id": "<type>",
}
CREATE_TYPE = ApiRequest("POST", TYPES, TYPE, save_id_as="type")
CREATE_SCHEMA = ApiRequest("POST", SCHEMAS, SCHEMA, save_id_as="schema")
DELETE_TYPE = ApiRequest("DELETE", "/block_types/<type>")
ONE = "/block_documents/<document>"
OF_TYPE = "/block_types/slug/t-<u>/block_documents"
SLUGS = ("nope", "a%00b", "%ff", "a/b", "%20", "T-<u>", "t-<u>")


def create_document(name: str, data: Json, **fields: object) -> ApiRequest:
    """A request that creates a block of the type; its id gets the name."""
    return ApiRequest(
        "POST", DOCUMENTS, {**DOCUMENT, "name": f"{name}-<u>", "data": data, **fields},
        save_id_as=name,
    )  # fmt: skip


def reference(name: str) -> Json:
    """What stands in a block for another one."""
    return {"$ref": {"block_document_id": f"<{name}>"}}


TYPE_FILTERS: tuple[Json, ...] = (
    *({"slug": {"any_": ["t-<u>"]}}, {"slug": {"any_": ["t-<u>", "s-<u>", "no"]}}),
    *({"slug": {"any_": []}}, {"slug": {"any_": ["t-<u>"]}, "name": {"like_": "t "}}),
    *({"slug": {"any_": ["t-<u>"]}, "name": {"like_": "x"}}, {"x": 1}, {"operator": "and_"}),
    *({"slug": {"any_": ["t-<u>"]}, "name": {"like_": ""}}, {"slug": {"any_": "t"}}, 1, []),
)
SCHEMA_FILTERS: tuple[Json, ...] = (
    {"block_type_id": {"any_": ["<type>"]}},
    {"block_type_id": {"any_": ["<type>"]}, "version": {"any_": ["2"]}},
    {"block_type_id": {"any_": ["<type>"]}, "block_capabilities": {"all_": ["a"]}},
    {"block_type_id": {"any_": ["<type>"]}, "block_capabilities": {"all_": ["a", "c"]}},
    {"block_type_id": {"any_": ["<type>"]}, "block_capabilities": {"all_": []}},
    {"operator": "or_", "id": {"any_": ["<schema>"]}, "version": {"any_": ["nope"]}},
    *({"id": {"any_": ["<schema>", UNKNOWN_ID]}}, {"id": {"any_": []}}, {"id": {"any_": ["x"]}}),
    *({"x": 1}, 1, [], {"operator": 1}),
)
DOCUMENT_FILTERS: tuple[Json, ...] = (
    {"block_type_id": {"any_": ["<type>"]}},
    {"block_type_id": {"any_": ["<type>"]}, "is_anonymous": None},
    {"block_type_id": {"any_": ["<type>"]}, "is_anonymous": {}},
    {"block_type_id": {"any_": ["<type>"]}, "is_anonymous": {"eq_": True}},
    {"block_type_id": {"any_": ["<type>"]}, "is_anonymous": {"eq_": False}},
    {"block_type_id": {"any_": ["<type>"]}, "name": {"like_": "B-"}},
    {"block_type_id": {"any_": ["<type>"]}, "name": {"any_": ["a-<u>", "no"]}},
    {"operator": "or_", "id": {"any_": ["<a>"]}, "name": {"any_": ["b-<u>"]}},
    {"operator": "or_", "id": {"any_": ["<a>"]}, "is_anonymous": None},
    *({"id": {"any_": ["<a>", "<c>", UNKNOWN_ID]}}, {"id": {"any_": []}}, {"x": 1}, 1, []),
)
LEAF: Json = {
    "title": "Leaf",
    "type": "object",
    "properties": {"key": {"type": "string"}, "kind": {"$ref": "#/definitions/Kind"}},
    "block_type_slug": "s-<u>",
    "secret_fields": ["key"],
    "block_schema_references": {},
}
KIND: Json = {"title": "Kind", "enum": ["x", "y"]}
TREE: Json = {
    "title": "Tree",
    "type": "object",
    "properties": {
        "leaf": {"$ref": "#/definitions/Leaf"},
        "size": {"allOf": [{"$ref": "#/definitions/Size"}]},
    },
    "block_type_slug": "t-<u>",
    "secret_fields": ["leaf.key"],
    "block_schema_references": {
        "leaf": {"block_type_slug": "s-<u>", "block_schema_checksum": "sha256:unknown"}
    },
    "definitions": {"Leaf": LEAF, "Kind": KIND, "Size": {"type": "integer"}, "Unused": {}},
}

REFERENCES: tuple[Json, ...] = (1, [], "x", {"block_document_id": UNKNOWN_ID})
UPDATES: tuple[Json, ...] = (
    {},
    {"data": {}},
    {"data": {"user": "you"}},
    {"data": {"password": "********"}},
    {"data": {"password": "new", "extra": 1}},
    {"data": {"more": {"key": "********"}}},
    {"data": {"all": {"x": {"y": "********"}, "n": 2}}},
    {"block_schema_id": "<newer>"},
    {"block_schema_id": "<newer>", "data": {}},
    {"block_schema_id": "<foreign>", "data": {}},
    {"block_schema_id": UNKNOWN_ID, "data": {}},
    {"data": {"user": "last"}, "merge_existing_data": False},
    {"merge_existing_data": False},
    {"data": {"x": {"$ref": {"block_document_id": UNKNOWN_ID}}}},
    {"data": {"x": {"$ref": {}}}},
    {"name": "x"},
    {"data": None},
    {"merge_existing_data": None},
)

REQUESTS: RequestGroups = {
    "block types: any body": [
        *malformed_bodies("POST", TYPES, {"slug": "x"}),
        *malformed_bodies("PATCH", f"/block_types/{UNKNOWN_ID}", {}),
    ],
    "block types: odd values": [
        *with_each_key_missing(TYPES, TYPE, ("name", "slug")),
        *with_odd_values(TYPES, {"slug": "X"}, ("name", "logo_url", "description", "unknown")),
        *with_odd_values(TYPES, {"name": "x"}, ["slug"], (*ODD_TEXTS, None, 1, [], "a_b", "/")),
        *with_odd_values(TYPES, {"slug": "X"}, ["name"], ("a/b", "a%b", "a&b", "<", ">", "é")),
        *post_requests(
            TYPES,
            {"name": "Prefect x", "slug": "p-<u>"},
            {"name": "pREFECT", "slug": "p-<u>"},
            {"name": "Prefect/", "slug": "p-<u>"},
        ),
    ],
    "block types: one": [
        CREATE_TYPE,
        ApiRequest("POST", TYPES, TYPE),
        ApiRequest("POST", TYPES, {**TYPE, "name": "Other"}),
        *(ApiRequest("GET", f"/block_types/slug/{slug}") for slug in SLUGS),
        ApiRequest("GET", "/block_types/<type>"),
        *(ApiRequest(method, f"/block_types/{UNKNOWN_ID}") for method in ("GET", "DELETE")),
        *(ApiRequest("GET", f"/block_types/{text}") for text in ODD_IDS[1:4]),
        ApiRequest("PATCH", f"/block_types/{UNKNOWN_ID}", {"description": "x"}),
        *(
            request
            for body in (
                {"description": "a <b> & 'c' \"d\"", "code_example": "x > 1"},
                {"description": "a &lt;b&gt; & 'c' \"d\"", "code_example": "x > 1"},
                {},
                {"description": None, "logo_url": "https://example.com/x.png"},
                {"documentation_url": "not a url"},
                {"description": None, "code_example": None, "logo_url": None},
                {"name": "X"},
                {"slug": "x"},
            )
            for request in (
                ApiRequest("PATCH", "/block_types/<type>", body),
                ApiRequest("GET", "/block_types/<type>"),
            )
        ),
        *as_patch(
            with_odd_values(
                "/block_types/<type>", {}, ("logo_url", "documentation_url", "code_example")
            )
        ),
        ApiRequest("GET", "/block_types/slug/t-<u>"),
        DELETE_TYPE,
        DELETE_TYPE,
        ApiRequest("GET", "/block_types/<type>"),
        ApiRequest(
            "POST",
            TYPES,
            {
                **TYPE,
                "description": "a <b> & 'c' \"d\" &amp;",
                "code_example": "<>",
                "logo_url": "x",
                "documentation_url": "",
            },
            save_id_as="escaped",
        ),
        ApiRequest("GET", "/block_types/<escaped>"),
        ApiRequest("DELETE", "/block_types/<escaped>"),
    ],
    "block types: lists": [
        CREATE_TYPE,
        ApiRequest("POST", TYPES, {"name": "S <u>", "slug": "s-<u>"}, save_id_as="second"),
        CREATE_SCHEMA,
        *post_requests(
            "/block_types/filter",
            *({"block_types": one} for one in TYPE_FILTERS),
            *(
                {"block_types": TYPE_FILTERS[1], "limit": limit, "offset": offset}
                for limit in (0, 1, 200, 201, -1, "x")
                for offset in (0, 1, -1)
            ),
            *({"block_types": TYPE_FILTERS[1], "block_schemas": one} for one in SCHEMA_FILTERS),
            {"block_types": TYPE_FILTERS[1], "block_schemas": {}},
        ),
        DELETE_TYPE,
        ApiRequest("DELETE", "/block_types/<second>"),
    ],
    "block schemas: any body": [
        *malformed_bodies("POST", SCHEMAS, {"block_type_id": UNKNOWN_ID}),
    ],
    "block schemas: one": [
        CREATE_TYPE,
        *with_odd_values(
            SCHEMAS,
            {"block_type_id": UNKNOWN_ID},
            ("fields", "capabilities", "version", "block_type_id", "checksum"),
            (None, True, 1, 1.5, "", "x", [], ["a"]),
        ),
        ApiRequest("POST", SCHEMAS, {"block_type_id": "<type>"}),
        ApiRequest("POST", SCHEMAS, {"block_type_id": "<type>", "version": "x-<u>"}),
        CREATE_SCHEMA,
        CREATE_SCHEMA,
        ApiRequest("POST", SCHEMAS, {**SCHEMA, "capabilities": ["other"]}),
        ApiRequest("POST", SCHEMAS, {**SCHEMA, "version": "2"}, save_id_as="newer"),
        ApiRequest("POST", SCHEMAS, {**SCHEMA, "fields": {**FIELDS, "secret_fields": []}}),
        ApiRequest("GET", "/block_schemas/<schema>"),
        ApiRequest("GET", "/block_schemas/<newer>"),
        *(ApiRequest(method, f"/block_schemas/{UNKNOWN_ID}") for method in ("GET", "DELETE")),
        *(ApiRequest("GET", f"/block_schemas/checksum/{text}") for text in ("no", "a%00b", "%20")),
        ApiRequest("GET", "/block_schemas/checksum/no?version=x"),
        *post_requests(
            "/block_schemas/filter",
            *({"block_schemas": one} for one in SCHEMA_FILTERS),
            {"block_schemas": SCHEMA_FILTERS[0], "limit": 1},
            {"block_schemas": SCHEMA_FILTERS[0], "limit": 1, "offset": 1},
            *({"limit": limit} for limit in (0, 201, -1, "x")),
        ),
        ApiRequest("DELETE", "/block_schemas/<newer>"),
        ApiRequest("DELETE", "/block_schemas/<newer>"),
        ApiRequest("POST", "/block_schemas/filter", {"block_schemas": SCHEMA_FILTERS[0]}),
        DELETE_TYPE,
        ApiRequest("GET", "/block_schemas/<schema>"),
    ],
    "block schemas: nested": [
        CREATE_TYPE,
        ApiRequest("POST", SCHEMAS, {"block_type_id": "<type>", "fields": TREE}),
        ApiRequest("POST", TYPES, {"name": "S <u>", "slug": "s-<u>"}, save_id_as="second"),
        ApiRequest("POST", SCHEMAS, {"block_type_id": "<type>", "fields": TREE}, save_id_as="tree"),
        ApiRequest("GET", "/block_schemas/<tree>"),
        ApiRequest("POST", SCHEMAS, {"block_type_id": "<type>", "fields": TREE}),
        ApiRequest(
            "POST", "/block_schemas/filter", {"block_schemas": {"id": {"any_": ["<tree>"]}}}
        ),
        ApiRequest(
            "POST",
            "/block_schemas/filter",
            {"block_schemas": {"block_type_id": {"any_": ["<second>"]}}},
        ),
        DELETE_TYPE,
        ApiRequest("DELETE", "/block_types/<second>"),
    ],
    "block documents: any body": [
        *malformed_bodies("POST", DOCUMENTS, {"name": "x"}),
        *malformed_bodies("PATCH", f"/block_documents/{UNKNOWN_ID}", {}),
    ],
    "block documents: odd values": [
        CREATE_TYPE,
        CREATE_SCHEMA,
        *with_each_key_missing(DOCUMENTS, DOCUMENT, ("name", "block_schema_id", "block_type_id")),
        *with_odd_values(
            DOCUMENTS,
            {**DOCUMENT, "data": 1},
            ("name", "is_anonymous", "block_schema_id", "block_type_id", "unknown"),
        ),
        *with_odd_values(DOCUMENTS, DOCUMENT, ["data"], (None, 1, "x", [], ["a"])),
        *with_odd_values(DOCUMENTS, {**DOCUMENT, "data": 1}, ["name"], ("a_b", "A", "é", "a\n")),
        ApiRequest("POST", DOCUMENTS, {**DOCUMENT, "block_schema_id": UNKNOWN_ID}),
        ApiRequest("POST", DOCUMENTS, {**DOCUMENT, "block_type_id": UNKNOWN_ID}),
        ApiRequest("POST", DOCUMENTS, {**DOCUMENT, "name": None}),
        *(
            ApiRequest("POST", DOCUMENTS, {**DOCUMENT, "data": {"x": {"$ref": value}}})
            for value in REFERENCES
        ),
        ApiRequest("GET", OF_TYPE),
        DELETE_TYPE,
    ],
    "block documents: one": [
        CREATE_TYPE,
        CREATE_SCHEMA,
        ApiRequest("POST", DOCUMENTS, DOCUMENT, save_id_as="document"),
        ApiRequest("POST", DOCUMENTS, DOCUMENT),
        ApiRequest("GET", ONE),
        *(
            ApiRequest("GET", f"{ONE}?include_secrets={value}")
            for value in ("true", "1", "yes", "on", "T", "false", "0", "no", "", "x", "2", "null")
        ),
        ApiRequest("GET", f"{ONE}?include_secrets=x&include_secrets=true"),
        ApiRequest("GET", OF_TYPE),
        ApiRequest("GET", f"{OF_TYPE}?include_secrets=true"),
        ApiRequest("GET", f"{OF_TYPE}/name/d-<u>"),
        ApiRequest("GET", f"{OF_TYPE}/name/d-<u>?include_secrets=true"),
        ApiRequest("GET", f"{OF_TYPE}/name/d-<u>?include_secrets=x"),
        *(ApiRequest("GET", f"{OF_TYPE}/name/{name}") for name in ("no", "a%00b", "%20", "D-<u>")),
        *(ApiRequest("GET", f"/block_types/slug/{slug}/block_documents") for slug in SLUGS[:6]),
        *(
            ApiRequest("GET", f"/block_types/slug/{slug}/block_documents/name/d-<u>")
            for slug in SLUGS[:6]
        ),
        *(ApiRequest(method, f"/block_documents/{UNKNOWN_ID}") for method in ("GET", "DELETE")),
        ApiRequest("PATCH", f"/block_documents/{UNKNOWN_ID}", {"data": {}}),
        ApiRequest("DELETE", ONE),
        ApiRequest("DELETE", ONE),
        ApiRequest("GET", ONE),
        DELETE_TYPE,
    ],
    "block documents: update": [
        CREATE_TYPE,
        CREATE_SCHEMA,
        ApiRequest("POST", SCHEMAS, {**SCHEMA, "version": "2"}, save_id_as="newer"),
        ApiRequest("POST", TYPES, {"name": "S <u>", "slug": "s-<u>"}, save_id_as="second"),
        ApiRequest(
            "POST",
            SCHEMAS,
            {"block_type_id": "<second>", "fields": {"block_type_slug": "s-<u>"}},
            save_id_as="foreign",
        ),
        ApiRequest("POST", DOCUMENTS, DOCUMENT, save_id_as="document"),
        *(
            request
            for body in UPDATES
            for request in (
                ApiRequest("PATCH", ONE, body),
                ApiRequest("GET", f"{ONE}?include_secrets=true"),
            )
        ),
        *as_patch(
            with_odd_values(ONE, {}, ("data", "block_schema_id"), (True, 1, "", "x", [], ["a"]))
        ),
        DELETE_TYPE,
        ApiRequest("DELETE", "/block_types/<second>"),
    ],
    "block documents: nested": [
        CREATE_TYPE,
        CREATE_SCHEMA,
        create_document("inner", {"user": "i", "password": "p"}),
        create_document("other", {"user": "o"}),
        create_document("outer", {"user": "x", "more": reference("inner")}),
        create_document("top", {"a": reference("outer"), "b": reference("other")}),
        ApiRequest("GET", "/block_documents/<top>"),
        ApiRequest("GET", "/block_documents/<top>?include_secrets=true"),
        ApiRequest("PATCH", "/block_documents/<top>", {"data": {"b": reference("other")}}),
        ApiRequest("GET", "/block_documents/<top>"),
        ApiRequest("PATCH", "/block_documents/<top>", {"data": {"b": reference("inner")}}),
        ApiRequest("GET", "/block_documents/<top>"),
        ApiRequest("DELETE", "/block_documents/<inner>"),
        ApiRequest("GET", "/block_documents/<top>"),
        ApiRequest("GET", OF_TYPE),
        ApiRequest("DELETE", "/block_schemas/<schema>"),
        ApiRequest("GET", "/block_documents/<top>"),
        DELETE_TYPE,
    ],
    "block documents: lists": [
        CREATE_TYPE,
        CREATE_SCHEMA,
        create_document("b", DATA),
        create_document("a", {}),
        create_document("c", {"password": None}, is_anonymous=True),
        *post_requests(
            "/block_documents/filter",
            *({"block_documents": one} for one in DOCUMENT_FILTERS),
            *(
                {"block_documents": DOCUMENT_FILTERS[1], "sort": sort}
                for sort in (*("NAME_ASC", "NAME_DESC", "BLOCK_TYPE_AND_NAME_ASC", "x", 1),)
            ),
            *(
                {"block_documents": DOCUMENT_FILTERS[1], "limit": limit, "offset": offset}
                for limit in (0, 1, 2, 200, 201, -1, "x")
                for offset in (0, 1, -1)
            ),
            {"block_documents": DOCUMENT_FILTERS[0], "include_secrets": True},
            {"block_documents": DOCUMENT_FILTERS[0], "include_secrets": "yes"},
            {"block_documents": DOCUMENT_FILTERS[0], "include_secrets": "x"},
            *({"block_types": one} for one in TYPE_FILTERS[:3]),
            *({"block_schemas": one} for one in SCHEMA_FILTERS[:3]),
        ),
        *post_requests(
            "/block_documents/count",
            *({"block_documents": one} for one in DOCUMENT_FILTERS),
            *({"block_types": one} for one in TYPE_FILTERS),
            *({"block_schemas": one} for one in SCHEMA_FILTERS),
            {"block_types": TYPE_FILTERS[0], "block_schemas": {}, "block_documents": {}},
        ),
        *malformed_bodies("POST", "/block_documents/count", {"block_types": TYPE_FILTERS[2]}),
        DELETE_TYPE,
        ApiRequest("POST", "/block_documents/count", {"block_documents": DOCUMENT_FILTERS[1]}),
    ],
}
