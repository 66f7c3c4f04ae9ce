"""Variables, blocks, artifacts, limits, workers and logs in seeds: read, written, or refused."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockserver.errors import SeedError
from mockserver.prefect.objects import BlockType
from mockserver.seeds import Seeds, json_schema, load_seeds, read_seeds
from mockserver.seeds.files.packed import pack_seeds
from mockserver.seeds.records import OBJECT_FIELDS, write_object
from mockserver.store import run_logs
from tests.support.object_samples import DATABASE_CHECKSUM, INNER, POOL, RUN, WORKSPACE
from tests.support.recorded_cases import NOW

OTHER = "00000000-0000-4000-8000-00000000000f"


def read(document: Any) -> Seeds:
    return read_seeds(deepcopy(document), NOW, name="seed")


def problem_of(document: Any) -> str:
    with pytest.raises(SeedError) as caught:
        read(document)
    (problem,) = caught.value.problems
    return str(problem)


def only(records: Any) -> Any:
    (record,) = records.values()
    return record


def test_short_forms_stand_for_fields_of_the_api() -> None:
    """A tag names its limit, a slug the type of a block; the same names give the same ids."""
    seeds = read(WORKSPACE)
    limits = {limit.name: limit for limit in seeds.concurrency_limits.values()}
    deployment = next(one for one in seeds.deployments.values() if one.name == "nightly")
    assert limits.keys() == {"tag:etl", "database", f"deployment:{deployment.id}"}
    assert limits["tag:etl"].limit == 3
    assert limits[f"deployment:{deployment.id}"].limit == 2
    shown = deployment.rest["global_concurrency_limit"]["id"]
    assert shown == limits[f"deployment:{deployment.id}"].id
    assert "concurrency_limit" not in deployment.rest
    types = {one.slug: one for one in seeds.block_types.values()}
    assert {slug: one.name for slug, one in types.items()} == {
        "database": "database",
        "report": "Report",
        "secret": "Secret",
    }
    assert types["secret"].is_protected
    assert {one.name: one.block_type_name for one in seeds.block_documents.values()} == {
        "api-key": "Secret",
        "warehouse": "database",
        "weekly": "Report",
    }
    again = read({"block_documents": [WORKSPACE["block_documents"][0]]})
    assert only(again.block_documents).id in seeds.block_documents


def test_blocks_refer_to_blocks() -> None:
    """Their values and fields are kept without those of the others."""
    seeds = read(WORKSPACE)
    weekly = next(one for one in seeds.block_documents.values() if one.name == "weekly")
    assert (weekly.data, weekly.references) == ({"title": "Week"}, (("source", INNER),))
    schemas = {one.checksum: one for one in seeds.block_schemas.values()}
    inner = schemas.pop(DATABASE_CHECKSUM)
    outer = schemas["sha256:report"]
    assert outer.references == (("source", inner.id),)
    assert outer.fields == {"title": "Report", "definitions": {"Colour": {"enum": [1]}}}
    secret = next(one for one in schemas.values() if one is not outer)
    assert secret.fields["secret_fields"] == ["value"]


def test_replies_with_the_blocks_inside_are_read() -> None:
    """As a server shows them: the values of the inner ones are not kept twice."""
    document = deepcopy(WORKSPACE)
    document["block_documents"][2] |= {
        "data": {"title": "Week", "source": {"host": "db", "password": "********"}},
        "block_document_references": {"source": {"block_document": {"id": INNER.upper()}}},
        "block_type_name": "anything",
        "block_type": {"slug": "report"},
        "block_schema": {},
    }
    assert read(document).block_documents == read(WORKSPACE).block_documents


def test_the_schema_of_a_block_is_the_latest_of_its_type() -> None:
    """One without fields is created where there is none; one that is named is taken."""
    old, new = (
        {"checksum": name, "block_type_slug": "a", "created": f"now-{age}d", "id": record_id}
        for name, age, record_id in (("old", 2, RUN), ("new", 1, OTHER))
    )
    block = {"name": "b", "block_type_slug": "a"}
    both = read({"block_schemas": [new, old], "block_documents": [block]})
    assert only(both.block_documents).block_schema_id == OTHER
    named = read(
        {"block_schemas": [new, old], "block_documents": [{**block, "block_schema_id": RUN}]}
    )
    assert only(named.block_documents).block_schema_id == RUN
    alone = read({"block_documents": [block]})
    schema = only(alone.block_schemas)
    assert (schema.fields["title"], schema.fields["properties"]) == ("a", {})
    assert only(alone.block_types) == BlockType(schema.block_type_id, "a", "a", NOW, NOW)


def test_a_type_that_is_described_has_its_own_id() -> None:
    """As in a copy of a server, where other records give that id."""
    document = {
        "block_types": [{"id": OTHER, "slug": "secret", "name": "Secret"}],
        "block_documents": [{"name": "k", "block_type_slug": "secret"}],
        "block_schemas": [{"checksum": "c", "block_type_id": OTHER}],
    }
    seeds = read(document)
    assert set(seeds.block_types) == {OTHER}
    block = only(seeds.block_documents)
    assert (block.block_type_id, block.block_schema_id) == (OTHER, only(seeds.block_schemas).id)


def test_the_latest_artifact_of_each_key_is_found() -> None:
    """A collection that is given keeps its id and times, and says what its latest artifact says."""
    seeds = read(WORKSPACE)
    latest = only(seeds.artifact_collections)
    artifact = seeds.artifacts[latest.latest_id]
    assert (latest.key, latest.data, artifact.data) == ("report", "# new", "# new")
    assert latest.created < artifact.created
    given = {"id": OTHER, "key": "report", "latest_id": artifact.id, "created": "now-1h"}
    kept = only(read({"artifacts": [write_object("artifacts", artifact, {})],
                      "artifact_collections": [given]}).artifact_collections)  # fmt: skip
    assert (kept.id, kept.created, kept.data) == (OTHER, NOW - timedelta(hours=1), "# new")


def test_the_limit_that_a_deployment_shows_is_a_record() -> None:
    """So that it is enforced; the record that is described counts."""
    shown = {"id": OTHER, "name": "shared", "limit": 4, "active": True, "created": "now-1d"}
    deployment = {"name": "d", "global_concurrency_limit": shown, "concurrency_limit": 9}
    assert only(read({"deployments": [deployment]}).concurrency_limits).limit == 4
    described = {"id": OTHER, "name": "shared", "limit": 5}
    both = read({"deployments": [deployment], "concurrency_limits": [described]})
    assert only(both.concurrency_limits).limit == 5


def test_what_older_endpoints_show_of_a_limit_is_read() -> None:
    """Its slots are a list of the task runs that hold them."""
    reply = {"id": OTHER, "tag": "etl", "concurrency_limit": 3, "active_slots": [RUN, POOL]}
    (limit,) = read([reply]).concurrency_limits.values()
    assert (limit.name, limit.limit, limit.active_slots) == ("tag:etl", 3, 2)


def test_what_is_not_given_is_as_a_server_would_have_it() -> None:
    """Times are those of the load."""
    document = {
        "logs": [{"message": "m"}],
        "workers": [{"name": "w", "work_pool_id": POOL}],
        "work_pools": [{"id": POOL, "name": "p"}],
    }
    seeds = read(document)
    log, worker = only(seeds.logs), only(seeds.workers)
    assert (log.name, log.level, log.timestamp) == ("prefect.flow_runs", 20, NOW)
    assert (worker.last_heartbeat_time, worker.created) == (NOW, NOW)


@pytest.mark.parametrize("level", [-1, 2**31, -(2**63), 2**63 - 1])
def test_a_log_has_any_level_that_sqlite_keeps(level: int) -> None:
    """A copy of a server has what clients sent."""
    assert only(read({"logs": [{"message": "m", "level": level}]}).logs).level == level
    with pytest.raises(SeedError, match="expected a whole number from -9,223"):
        read({"logs": [{"message": "m", "level": 2**63}]})


def test_what_is_written_is_read_as_the_same() -> None:
    """Every object of every kind; also from a packed file."""
    seeds = read(WORKSPACE)
    document = {
        name: [
            write_object(name, one, seeds.block_schemas) for one in getattr(seeds, name).values()
        ]
        for name in OBJECT_FIELDS
    }
    pools = {"work_pools": WORKSPACE["work_pools"]}
    again = read_seeds(document | pools, NOW + timedelta(days=1), name="other")
    for name in OBJECT_FIELDS:
        assert getattr(again, name) == getattr(seeds, name)


def test_a_packed_file_holds_objects(tmp_path: Path) -> None:
    """They are checked again when it is loaded."""
    seeds, file = read(WORKSPACE), tmp_path / "w.packed"
    file.write_bytes(b"".join(pack_seeds(seeds)))
    for bulk_bytes in (0, 1 << 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mockserver.seeds.loading.MIN_BULK_BYTES", bulk_bytes)
            loaded = load_seeds(file, NOW)
        for name in (*OBJECT_FIELDS, "deployments", "work_queues"):
            assert getattr(loaded, name) == getattr(seeds, name)


def test_too_many_logs_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The store drops the oldest, in the order of their times."""
    monkeypatch.setattr(run_logs, "MAX_LOGS_OF_RUN", 2)
    (tmp_path / "logs.json").write_bytes(
        orjson.dumps({"logs": [{"message": f"{n}", "timestamp": f"now+{n}s"} for n in (3, 1, 2)]})
    )
    seeds = load_seeds(tmp_path / "logs.json", NOW)
    assert seeds.notes == ["1 logs are more than a server keeps here: the oldest are dropped"]
    logs = seeds.base().logs
    assert [(log.message, log.number) for log in logs] == [("2", 1), ("3", 2)]


_BLOCK = {"name": "b", "block_type_slug": "secret"}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"variables": [{"value": 1}]}, ", variables[0]: no name; expected fields as replies"),
        ({"concurrency_limits": [{"limit": 1}]},
         ", concurrency_limits[0]: no name and no tag; expected fields as replies"),
        ({"concurrency_limits": [{"tag": "a", "name": "b", "limit": 1}]},
         ", concurrency_limits[0]: both tag and name, which are two forms of one field"),
        ({"concurrency_limits": [{"name": "a", "limit": 2**31}]},
         "limits[0].limit: 2147483648; expected a whole number from 0 to 2,147,483,647"),
        ({"variables": [{"name": "a", "value": 2**64}]},
         "expected a JSON value whose integers have up to 64 bits"),
        ({"block_documents": [{**_BLOCK, "data": {"a": "\ud800"}}]},
         "expected an object whose integers have up to 64 bits"),
        ({"variables": [{"name": "a", "valeu": 1}]},
         ", variables[0].valeu: an unknown field; expected value?"),
        ({"variables": [{"name": "a"}, {"name": "a", "id": OTHER}]},
         ", variables[1].name: a, which seed, variables[0] has, too; expected a unique name"),
        ({"block_documents": [_BLOCK, {**_BLOCK, "id": OTHER}]}, "expected a unique name"),
        ({"workers": [{"name": "w", "work_pool_id": OTHER}]},
         f", workers[0].work_pool_id: {OTHER}; expected the id of one of the work_pools"),
        ({"block_documents": [{"name": "b", "block_type_id": OTHER}]},
         f", block_documents[0].block_type_id: {OTHER}; expected the id of one of the block_types"),
        ({"block_documents": [{**_BLOCK, "block_schema_id": OTHER}]},
         "block_schema_id: 00000000-0000-4000-8000-00000000000f; expected the id of one of the "
         "block_schemas"),
        ({"block_schemas": [{"checksum": "c", "block_type_id": OTHER}]},
         ", block_schemas[0].block_type_id: "),
        ({"block_documents": [{**_BLOCK, "data": {"x": {"$ref": {"block_document_id": OTHER}}}}]},
         f", block_documents[0].data.x: {OTHER}; expected a block's id"),
        ({"block_documents": [{**_BLOCK, "data": {"x": {"$ref": OTHER}}}]},
         ', block_documents[0]: data.x without the id of a block, as in {"$ref": {'),
        ({"block_documents": [{**_BLOCK, "block_document_references": {"x": {"id": OTHER}}}]},
         ", block_documents[0]: block_document_references.x without the id of a block"),
        ({"block_documents": [{**_BLOCK, "block_document_references": {"x": 3}}]},
         ", block_documents[0]: block_document_references.x without the id of a block"),
        ({"block_documents": [
            {**_BLOCK, "id": OTHER, "data": {"x": {"$ref": {"block_document_id": OTHER}}}}]},
         ", block_documents[0]: a block inside of itself, or over 50 within each other; expected"),
        ({"block_schemas": [{"checksum": "c", "block_type_slug": "a",
                             "fields": {"block_schema_references": {"x": {
                                 "block_schema_checksum": "d"}}}}]},
         ", block_schemas[0].fields.block_schema_references.x: d; expected one of the block"),
        ({"block_schemas": [{"checksum": "c", "block_type_slug": "a",
                             "fields": {"block_schema_references": {"x": [7]}}}]},
         ", block_schemas[0]: fields.block_schema_references.x without a checksum"),
        ({"block_schemas": [{"checksum": "c", "block_type_slug": "a",
                             "fields": {"block_schema_references": 7}}]},
         ", block_schemas[0]: fields.block_schema_references that are no object"),
        ({"block_schemas": [{"checksum": "c", "block_type_slug": "a",
                             "fields": {"definitions": 7}}]},
         ", block_schemas[0]: fields.definitions that are no object"),
        ({"block_schemas": [{"checksum": "c", "block_type_slug": "a",
                             "fields": {"secret_fields": [7]}}]},
         ", block_schemas[0]: fields.secret_fields that are no list of names"),
        ({"artifact_collections": [{"key": "k", "latest_id": OTHER}]},
         f", artifact_collections[0].latest_id: {OTHER}; expected the id of one of the artifacts"),
        ({"deployments": [{"name": "d", "concurrency_limit": -1}]},
         ", deployments[0].concurrency_limit: -1; expected a whole number, 0 or more, or null"),
        ({"deployments": [{"name": "d", "global_concurrency_limit": {"limit": "x"}}]},
         ", deployments[0].global_concurrency_limit: no limit; expected an object of an id and"),
    ],
)  # fmt: skip
def test_a_problem_says_where_it_is_what_came_and_what_was_expected(
    document: Any, said: str
) -> None:
    """Of objects that lack something, or refer to what is not there."""
    assert said in problem_of(document)


@given(
    places=st.sampled_from([(name, key) for name, keys in OBJECT_FIELDS.items() for key in keys]),
    value=st.recursive(
        st.none() | st.booleans() | st.integers(-2, 2**31) | st.floats(-1, 2) | st.text(max_size=2)
        | st.sampled_from([OTHER, "2026-01-31T08:00:00Z", "now-1d"]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=1), inner),
        max_leaves=3,
    ),
)  # fmt: skip
def test_fields_read_what_the_schema_allows(places: tuple[str, str], value: Any) -> None:
    """And nothing else: the schema that `seeds schema` prints is the format."""
    name, key = places
    field = OBJECT_FIELDS[name][key]
    shown = json_schema()["$defs"][name]["properties"][key]
    allowed = Draft202012Validator(
        shown, format_checker=Draft202012Validator.FORMAT_CHECKER
    ).is_valid(value)
    if key in ("created", "updated", "timestamp", "last_heartbeat_time"):
        return  # times: see test_loading.py
    try:
        field.read(value, NOW)
    except (ValueError, TypeError):
        assert not allowed
    else:
        assert allowed


def test_the_schema_has_what_a_record_must_have() -> None:
    """A sample of every kind is valid, and one without a name is not."""
    validator = Draft202012Validator(json_schema())
    assert validator.is_valid(WORKSPACE)
    for name in ("variables", "block_types", "concurrency_limits", "workers", "logs"):
        assert not validator.is_valid({name: [{"id": OTHER}]})
