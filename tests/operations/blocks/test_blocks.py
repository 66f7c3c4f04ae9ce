"""Blocks inside of blocks, secrets and schemas: what no recorded request shows."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from mockserver.errors import NotAllowedInState, NotFound, ServerFailure, TooLarge
from mockserver.operations.absent import collections, records
from mockserver.operations.blocks import (
    checksums,
    document_changes,
    documents,
    nesting,
    schemas,
    secrets,
    types,
)
from mockserver.operations.context import Context
from mockserver.prefect import PREFECT_SQLITE
from mockserver.prefect.objects import BlockDocument, BlockSchema
from mockserver.requests.objects import (
    BlockDocumentCreate,
    BlockDocumentUpdate,
    BlockSchemaCreate,
    BlockSchemaFilterRequest,
    BlockTypeCreate,
    BlockTypeUpdate,
)
from mockserver.store import Base, Store

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
Fields = dict[str, Any]


@pytest.fixture
def context() -> Context:
    ids = count(1)
    return Context(
        Store(Base([], loaded_at=NOW)), PREFECT_SQLITE, NOW, lambda: str(UUID(int=next(ids)))
    )


def create_type(context: Context, slug: str) -> str:
    body = BlockTypeCreate(name=slug, slug=slug)
    return str(types.create_block_type(context, body).value["id"])


def create_schema(context: Context, type_id: str, fields: Fields) -> Any:
    body = BlockSchemaCreate(fields=fields, block_type_id=type_id)
    return schemas.create_block_schema(context, body).value


def create_document(context: Context, schema: Any, name: str, **data: Any) -> Any:
    body = BlockDocumentCreate(
        name=name, data=data, block_schema_id=schema["id"], block_type_id=schema["block_type_id"]
    )
    return document_changes.create_block_document(context, body).value


def refer(document: Any) -> Fields:
    return {"$ref": {"block_document_id": document["id"]}}


def fields_with(slug: str, reference: Any, **fields: Any) -> Fields:
    """The fields of a schema with another one in `inner`."""
    return {
        "properties": {"inner": {"$ref": "#/definitions/Inner"}},
        "block_schema_references": {"inner": reference},
        "block_type_slug": slug,
        **fields,
    }


UNKNOWN = {"block_type_slug": "inner", "block_schema_checksum": "sha256:unknown"}
INNER = {"title": "Inner", "block_type_slug": "inner", "block_schema_references": {}}


def test_every_store_begins_with_the_types_of_every_server(context: Context) -> None:
    """They are protected, and a schema of theirs as well."""
    types.install_system_types(context)
    slugs = [each.slug for each in types.block_types(context)]
    assert slugs == ["webhook", "secret", "local-file-system"]
    secret = types.read_block_type_by_slug(context, "secret").value
    schema = create_schema(context, secret["id"], {"title": "Secret"})
    with pytest.raises(types.Forbidden, match="protected block types cannot be deleted"):
        types.delete_block_type(context, secret["id"])
    with pytest.raises(types.Forbidden, match="protected block types cannot be deleted"):
        schemas.delete_block_schema(context, schema["id"])


def test_texts_that_a_type_has_already_change_nothing(context: Context) -> None:
    """Not even when it was updated: Prefect's client sends them with every block that it saves."""
    type_id = create_type(context, "t")
    texts = {"logo_url": None, "documentation_url": None, "description": None, "code_example": None}
    types.update_block_type(context, type_id, BlockTypeUpdate(description="a < b", code_example=""))
    later = context._replace(now=NOW.replace(hour=9))
    body = BlockTypeUpdate(**{**texts, "description": "a &lt; b", "code_example": ""})
    types.update_block_type(later, type_id, body)
    assert types.read_block_type(context, type_id).value["updated"] == NOW


def test_a_checksum_counts_definitions_that_are_no_blocks() -> None:
    """And neither secret fields nor the definitions of blocks."""
    kinds = {"Kind": {"enum": [1]}, "Block": {"block_type_slug": "b"}, "Unused": {}}
    fields: Fields = {"a": [{"$ref": "#/definitions/Kind"}], "b": {"$ref": "#/definitions/Block"}}
    counted = checksums.schema_checksum({**fields, "definitions": {"Kind": kinds["Kind"]}})
    assert checksums.schema_checksum({**fields, "definitions": kinds}) == counted
    assert checksums.schema_checksum({**fields, "secret_fields": ["x"]}) != counted
    without = checksums.schema_checksum({"b": fields["b"]})
    assert checksums.schema_checksum({"b": fields["b"], "definitions": kinds}) == without
    with pytest.raises(ServerFailure):
        checksums.schema_checksum({**fields, "definitions": [1]})


def test_a_schema_inside_of_several_is_one(context: Context) -> None:
    """It is made once, and a field that can hold several schemas refers to each."""
    outer = create_type(context, "outer")
    create_type(context, "inner")
    other = create_type(context, "other")
    different = {**INNER, "title": "Other", "block_type_slug": "other"}
    found = create_schema(context, other, different)
    reference = {
        "block_type_slug": "other",
        "block_schema_checksum": found["checksum"],
    }
    fields = fields_with(
        "outer",
        [UNKNOWN, reference, reference],
        definitions={"Inner": INNER, "Other": different},
        properties={
            "inner": {"anyOf": [{"$ref": "#/definitions/Inner"}, {"$ref": "#/definitions/Other"}]},
            "again": {"$ref": "#/definitions/Inner"},
        },
    )
    fields["block_schema_references"]["again"] = UNKNOWN
    schema = create_schema(context, outer, copy.deepcopy(fields))
    assert len(context.store.objects(BlockSchema)) == 3
    read = schemas.read_block_schema(context, schema["id"]).value["fields"]
    assert [len(read["block_schema_references"]["inner"])] == [2]
    assert set(read["definitions"]) == {"Inner", "Other"}
    inner = schemas.read_block_schema_by_checksum(
        context, read["block_schema_references"]["again"]["block_schema_checksum"], None
    ).value
    schemas.delete_block_schema(context, inner["id"])
    read = schemas.read_block_schema(context, schema["id"]).value["fields"]
    assert read["block_schema_references"] == {"inner": reference}


def test_a_schema_without_a_title_is_no_definition(context: Context) -> None:
    outer, inner = create_type(context, "outer"), create_type(context, "inner")
    found = create_schema(context, inner, {"block_type_slug": "inner"})
    reference = {"block_type_slug": "inner", "block_schema_checksum": found["checksum"]}
    schema = create_schema(context, outer, fields_with("outer", reference))
    assert "definitions" not in schemas.read_block_schema(context, schema["id"]).value["fields"]


@pytest.mark.parametrize(
    "fields",
    [
        fields_with("outer", {}),
        fields_with("outer", 1),
        fields_with("outer", UNKNOWN),
        fields_with("outer", UNKNOWN, definitions={"Kind": {}}),
        fields_with("outer", UNKNOWN, definitions={"Inner": INNER}, properties={}),
        fields_with("outer", UNKNOWN, definitions={"Inner": INNER}, properties=1),
        fields_with("outer", UNKNOWN, definitions={"Inner": fields_with("inner", UNKNOWN)}),
    ],
)
def test_a_schema_that_cannot_be_put_together_is_refused(context: Context, fields: Fields) -> None:
    """A real server fails; the last is inside of itself. Nothing is kept."""
    outer = create_type(context, "outer")
    create_type(context, "inner")
    with pytest.raises(ServerFailure):
        create_schema(context, outer, fields)
    assert len(context.store.objects(BlockSchema)) == 0


def test_schemas_within_each_other_are_bounded(context: Context) -> None:
    """One request makes at most so many."""
    create_type(context, "inner")
    definitions = {
        f"D{number}": {
            "title": f"D{number}",
            "block_type_slug": "inner",
            "properties": {"inner": {"$ref": f"#/definitions/D{number + 1}"}},
            "block_schema_references": {"inner": UNKNOWN},
        }
        for number in range(schemas.MAX_SCHEMAS)
    }
    outer = create_type(context, "outer")
    properties = {"inner": {"$ref": "#/definitions/D0"}}
    fields = fields_with("outer", UNKNOWN, definitions=definitions, properties=properties)
    with pytest.raises(TooLarge, match="more than 50 new ones"):
        create_schema(context, outer, fields)


def test_capabilities_are_those_of_all_schemas(context: Context) -> None:
    type_id = create_type(context, "t")
    for version, capabilities in (("1", ["b", "a"]), ("2", ["a", "c"])):
        body = BlockSchemaCreate(block_type_id=type_id, capabilities=capabilities, version=version)
        schemas.create_block_schema(context, body)
    assert schemas.read_capabilities(context).value == ["a", "b", "c"]
    listed = schemas.filter_block_schemas(context, BlockSchemaFilterRequest()).value
    assert [each["version"] for each in listed] == ["2", "1"]


def test_hidden_values_keep_what_they_hide() -> None:
    """A field that is no secret may hold stars; one with many secrets must have them."""
    fields = {"secret_fields": ["a", "b.*", "c"]}
    kept = {"a": 1, "b": {"x": 2}, "d": 3}
    sent = {"a": secrets.HIDDEN, "b": {"x": secrets.HIDDEN}, "c": secrets.HIDDEN, "d": "y"}
    restored = {"a": 1, "b": {"x": 2}, "c": secrets.HIDDEN, "d": "y"}
    assert secrets.restore_hidden(sent, kept, fields) == restored
    with pytest.raises(ServerFailure, match="not kept"):
        secrets.restore_hidden({"b": {"z": secrets.HIDDEN}}, kept, fields)
    for wrong in (1, [1]):
        with pytest.raises(ServerFailure, match="list of texts"):
            secrets.hide_secrets({}, {"secret_fields": wrong})


def test_a_block_is_never_inside_of_itself(context: Context) -> None:
    """Neither directly nor through another."""
    schema = create_schema(context, create_type(context, "t"), {})
    inner = create_document(context, schema, "inner")
    outer = create_document(context, schema, "outer", x=refer(inner), y=refer(inner))
    for document in (inner, outer):
        body = BlockDocumentUpdate(data={"x": refer(outer), "z": refer(inner)})
        with pytest.raises(NotAllowedInState, match="would introduce a cycle"):
            document_changes.update_block_document(context, document["id"], body)


@pytest.mark.parametrize("reference", [{"block_document_id": 1}, {"block_document_id": "x"}])
def test_a_reference_without_an_id_is_refused(context: Context, reference: Fields) -> None:
    schema = create_schema(context, create_type(context, "t"), {})
    with pytest.raises(ServerFailure, match="without an id"):
        create_document(context, schema, "a", x={"$ref": reference})


def test_a_reply_has_a_bounded_number_of_blocks(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks that are inside of another twice double with each level."""
    monkeypatch.setattr(nesting, "MAX_BLOCKS", 100)
    monkeypatch.setattr(nesting, "MAX_DEPTH", 4)
    schema = create_schema(context, create_type(context, "t"), {})
    chain = doubled = create_document(context, schema, "zero")
    for level in range(4):
        chain = create_document(context, schema, f"c{level}", x=refer(chain))
    with pytest.raises(ServerFailure, match="too deep"):
        create_document(context, schema, "c", x=refer(chain))
    monkeypatch.setattr(nesting, "MAX_DEPTH", 50)
    for level in range(5):
        both = {"x": refer(doubled), "y": refer(doubled)}
        doubled = create_document(context, schema, f"d{level}", **both)
    kept = len(context.store.objects(BlockDocument))
    with pytest.raises(TooLarge, match="more than 100 blocks"):
        create_document(context, schema, "d", x=refer(doubled), y=refer(doubled))
    assert len(context.store.objects(BlockDocument)) == kept


def test_deleting_a_block_takes_it_out_of_others(context: Context) -> None:
    schema = create_schema(context, create_type(context, "t"), {})
    inner = create_document(context, schema, "inner", n=1)
    outer = create_document(context, schema, "outer", x=refer(inner), y=2)
    assert outer["data"] == {"y": 2, "x": {"n": 1}}
    documents.delete_block_document(context, inner["id"])
    kept = context.store.objects(BlockDocument).get(outer["id"])
    assert kept is not None
    assert kept.references == ()


def test_what_the_mock_never_has_is_not_found(context: Context) -> None:
    """Views of the registry are there, and empty, but for the types of workers."""
    assert collections.read_view(context, "demo-flows").value == {}
    workers = collections.read_view(context, "aggregate-worker-metadata").value
    assert workers["prefect-docker"]["docker"]["default_base_job_configuration"] == {}
    assert records.delete_owned_automations(context, "x").value is None
    with pytest.raises(NotFound, match="View x not found"):
        collections.read_view(context, "x")
