"""The endpoints of objects that stand for themselves: variables, blocks and artifacts."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

_VARIABLE = f"/variables/{UUID_SEGMENT}"
_VARIABLE_NAME = f"/variables/name/{{name:{TEXT_SEGMENT}}}"
_TYPE = f"/block_types/{UUID_SEGMENT}"
_SLUG = f"/block_types/slug/{{slug:{TEXT_SEGMENT}}}"
_SCHEMA = f"/block_schemas/{UUID_SEGMENT}"
_DOCUMENT = f"/block_documents/{UUID_SEGMENT}"
_SECRETS = ("include_secrets",)
_ARTIFACT = f"/artifacts/{UUID_SEGMENT}"

VARIABLES = (
    Endpoint(
        "POST",
        "/variables/",
        "variables.changing.create_variable",
        "objects.VariableCreate",
    ),
    Endpoint(
        "POST",
        "/variables/filter",
        "variables.reading.filter_variables",
        "objects.VariableFilterRequest",
    ),
    Endpoint(
        "POST",
        "/variables/count",
        "variables.reading.count_variables",
        "objects.VariableCountRequest",
    ),
    Endpoint("GET", _VARIABLE, "variables.reading.read_variable"),
    Endpoint(
        "PATCH",
        _VARIABLE,
        "variables.changing.update_variable",
        "objects.VariableUpdate",
        status=204,
    ),
    Endpoint("DELETE", _VARIABLE, "variables.changing.delete_variable", status=204),
    Endpoint("GET", _VARIABLE_NAME, "variables.reading.read_variable_by_name"),
    Endpoint(
        "PATCH",
        _VARIABLE_NAME,
        "variables.changing.update_variable_by_name",
        "objects.VariableUpdate",
        status=204,
    ),
    Endpoint("DELETE", _VARIABLE_NAME, "variables.changing.delete_variable_by_name", status=204),
)

BLOCKS = (
    Endpoint("POST", "/block_types/", "blocks.types.create_block_type", "objects.BlockTypeCreate"),
    Endpoint(
        "POST",
        "/block_types/filter",
        "blocks.types.filter_block_types",
        "objects.BlockTypeFilterRequest",
    ),
    Endpoint(
        "POST", "/block_types/install_system_block_types", "blocks.types.install_system_types"
    ),
    Endpoint("GET", _TYPE, "blocks.types.read_block_type"),
    Endpoint(
        "PATCH", _TYPE, "blocks.types.update_block_type", "objects.BlockTypeUpdate", status=204
    ),
    Endpoint("DELETE", _TYPE, "blocks.types.delete_block_type", status=204),
    Endpoint("GET", _SLUG, "blocks.types.read_block_type_by_slug"),
    Endpoint(
        "GET",
        f"{_SLUG}/block_documents",
        "blocks.documents.read_documents_of_type",
        flags=_SECRETS,
    ),
    Endpoint(
        "GET",
        f"{_SLUG}/block_documents/name/{{block_document_name:{TEXT_SEGMENT}}}",
        "blocks.documents.read_document_by_name",
        flags=_SECRETS,
    ),
    Endpoint(
        "POST",
        "/block_schemas/",
        "blocks.schemas.create_block_schema",
        "objects.BlockSchemaCreate",
    ),
    Endpoint(
        "POST",
        "/block_schemas/filter",
        "blocks.schemas.filter_block_schemas",
        "objects.BlockSchemaFilterRequest",
    ),
    Endpoint("GET", _SCHEMA, "blocks.schemas.read_block_schema"),
    Endpoint("DELETE", _SCHEMA, "blocks.schemas.delete_block_schema", status=204),
    Endpoint(
        "GET",
        f"/block_schemas/checksum/{{checksum:{TEXT_SEGMENT}}}",
        "blocks.schemas.read_block_schema_by_checksum",
        optional=("version",),
    ),
    Endpoint(
        "POST",
        "/block_documents/",
        "blocks.document_changes.create_block_document",
        "objects.BlockDocumentCreate",
    ),
    Endpoint(
        "POST",
        "/block_documents/filter",
        "blocks.documents.filter_block_documents",
        "objects.BlockDocumentFilterRequest",
    ),
    Endpoint(
        "POST",
        "/block_documents/count",
        "blocks.documents.count_block_documents",
        "objects.BlockDocumentCountRequest",
    ),
    Endpoint(
        "GET",
        _DOCUMENT,
        "blocks.documents.read_block_document",
        flags=_SECRETS,
    ),
    Endpoint(
        "PATCH",
        _DOCUMENT,
        "blocks.document_changes.update_block_document",
        "objects.BlockDocumentUpdate",
        status=204,
    ),
    Endpoint("DELETE", _DOCUMENT, "blocks.documents.delete_block_document", status=204),
    Endpoint("GET", "/block_capabilities/", "blocks.schemas.read_capabilities"),
)

ARTIFACTS = (
    Endpoint("POST", "/artifacts/", "artifacts.changing.create_artifact", "objects.ArtifactCreate"),
    Endpoint(
        "POST",
        "/artifacts/filter",
        "artifacts.reading.filter_artifacts",
        "objects.ArtifactFilterRequest",
    ),
    Endpoint(
        "POST",
        "/artifacts/count",
        "artifacts.reading.count_artifacts",
        "objects.ArtifactCountRequest",
    ),
    Endpoint(
        "POST",
        "/artifacts/latest/filter",
        "artifacts.reading.filter_latest_artifacts",
        "objects.LatestArtifactFilterRequest",
    ),
    Endpoint(
        "POST",
        "/artifacts/latest/count",
        "artifacts.reading.count_latest_artifacts",
        "objects.LatestArtifactCountRequest",
    ),
    Endpoint(
        "GET",
        f"/artifacts/{{key:{TEXT_SEGMENT}}}/latest",
        "artifacts.reading.read_latest_artifact",
    ),
    Endpoint("GET", _ARTIFACT, "artifacts.reading.read_artifact"),
    Endpoint(
        "PATCH",
        _ARTIFACT,
        "artifacts.changing.update_artifact",
        "objects.ArtifactUpdate",
        status=204,
    ),
    Endpoint("DELETE", _ARTIFACT, "artifacts.changing.delete_artifact", status=204),
)
