# A document that says the same has no drift; one that says something else has exactly that.

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver import Base, Store
from mockserver.contract.drift.changes import Side
from mockserver.contract.drift.check import check_drift, compare_document
from mockserver.contract.drift.documents import parse_document, read_document
from mockserver.contract.drift.known import KNOWN_DRIFT
from mockserver.contract.drift.schema_comparison import Comparison
from mockserver.contract.drift.schemas import MAX_DEPTH, DocumentError, SchemaReader
from mockserver.contract.findings import Outcome, Verdict
from mockserver.contract.server.target import Target, TargetError
from mockserver.errors import UsageError
from mockserver.prefect import openapi
from tests.support.paths import DATA
from tests.support.servers import live

# What Prefect 3.8.8 publishes of the operations that we know, word for word but for its texts.
PUBLISHED: Mapping[str, Any] = json.loads((DATA / "published-openapi.json").read_text("utf-8"))
BULK_DELETE = "Body_bulk_delete_flow_runs_flow_runs_bulk_delete_post"
LEASE = (
    "Body_bulk_increment_active_slots_with_lease_v2_concurrency_limits_increment_with_lease_post"
)

REFUSED = "the server takes less: who sends the rest is refused"
TAKES_MORE = "the server takes more: no sender notices"
ANSWERS_LESS = "the server answers less: no reader notices"
ANSWERS_MORE = "the server may answer more: readers do not expect it"
SENDERS_BREAK = "the server takes other values: senders break"
READERS_BREAK = "the server answers other values: readers break"
NOT_HEARD = "the server does not look at it: who sends it is not heard"
NEEDED = "who leaves it out is refused"
UNASKED = "readers do not expect it"

Edit = Callable[[Any], object]


class Ours:
    """A copy of our document, to be changed."""

    def __init__(self) -> None:
        self.document: Any = json.loads(json.dumps(openapi.document()))

    def at(self, place: str) -> Any:
        """A schema (`Flow`), its field (`Flow.name`), or an operation (`GET /hello`)."""
        if " " in place:
            method, path = place.split()
            return self.document["paths"][path][method.lower()]
        name, *fields = place.split(".")
        node = self.document["components"]["schemas"][name]
        for field in fields:
            node = node["properties"][field]
        return node


def put(key: str, value: Any) -> Edit:
    return lambda node: node.__setitem__(key, value)


def drop(*keys: str) -> Edit:
    return lambda node: [node.pop(key) for key in keys]


def become(value: Any) -> Edit:
    return lambda node: (node.clear(), node.update(value))


def within(*way: Any) -> Callable[[Edit], Edit]:
    """An edit further down."""

    def further(edit: Edit) -> Edit:
        def edited(node: Any) -> object:
            for step in way:
                node = node[step]
            return edit(node)

        return edited

    return further


FIRST = within("anyOf", 0)
REPLY = within("responses")
BODY = within("requestBody")

MUTATIONS: Mapping[str, tuple[str, Edit, list[tuple[str, str, str]]]] = {
    "format gone": (
        "FlowRunFilterEndTime.before_", FIRST(drop("format")),
        [("widened", "FlowRunFilterEndTime.before_", f"format date-time is gone: {TAKES_MORE}")],
    ),
    "format new": (
        "LogCreate.message", put("format", "uri"),
        [("narrowed", "LogCreate.message", f"format uri is new: {REFUSED}")],
    ),
    "format became another": (
        "FlowRunFilterEndTime.before_", FIRST(put("format", "date")),
        [("changed", "FlowRunFilterEndTime.before_",
          f"format date-time became date: {SENDERS_BREAK}")],
    ),
    "format of an answer gone": (
        "HistoryResponse.interval_end", drop("format"),
        [("widened", "HistoryResponse.interval_end",
          f"format date-time is gone: {ANSWERS_MORE}")],
    ),
    "pattern became another": (
        "FlowCreate.name", put("pattern", "^a"),
        [("changed", "FlowCreate.name", f"pattern ^[^/%&><]+$ became ^a: {SENDERS_BREAK}")],
    ),
    "null gone": (
        "FlowRunFilter.end_time", become({"$ref": "#/components/schemas/FlowRunFilterEndTime"}),
        [("narrowed", "FlowRunFilter.end_time", f"null is gone: {REFUSED}")],
    ),
    "null new": (
        "HistoryResponse.interval_end",
        become({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
        [("widened", "HistoryResponse.interval_end", f"null is new: {ANSWERS_MORE}")],
    ),
    "null new, the old way": (
        "LogCreate.level", put("nullable", True),
        [("widened", "LogCreate.level", f"null is new: {TAKES_MORE}")],
    ),
    "a value gone, on both sides": (
        "StateType", lambda node: node["enum"].remove("PAUSED"),
        [("narrowed", "StateType",
          f'value "PAUSED" is gone: {REFUSED}; {ANSWERS_LESS}')],
    ),
    "values new, on both sides": (
        "StateType", lambda node: node["enum"].extend(["LATE", "LOST"]),
        [("widened", "StateType",
          f'values "LATE", "LOST" are new: {TAKES_MORE}; {ANSWERS_MORE}')],
    ),
    "a value for another": (
        "SetStateStatus", put("enum", ["ACCEPT", "REJECT", "ABORT", "DELAY"]),
        [("narrowed", "SetStateStatus", f'value "WAIT" is gone: {ANSWERS_LESS}'),
         ("widened", "SetStateStatus", f'value "DELAY" is new: {ANSWERS_MORE}')],
    ),
    "values became any": (
        "Operator", drop("enum"),
        [("widened", "Operator", f'"and_", "or_" became any string: {TAKES_MORE}')],
    ),
    "any became values": (
        "LogCreate.message", put("enum", ["a", "b"]),
        [("narrowed", "LogCreate.message", f'any string became "a", "b": {REFUSED}')],
    ),
    "a constant": (
        "StateAbortDetails.type", put("const", "abort"),
        [("narrowed", "StateAbortDetails.type", f'value "abort_details" is gone: {ANSWERS_LESS}'),
         ("widened", "StateAbortDetails.type", f'value "abort" is new: {ANSWERS_MORE}')],
    ),
    "integer became number": (
        "HistoryResponseState.count_runs", put("type", "number"),
        [("widened", "HistoryResponseState.count_runs",
          f"integer became number: {ANSWERS_MORE}")],
    ),
    "number became integer": (
        "HistoryResponseState.sum_estimated_lateness", put("type", "integer"),
        [("narrowed", "HistoryResponseState.sum_estimated_lateness",
          f"number became integer: {ANSWERS_LESS}")],
    ),
    "another type": (
        "HistoryResponse.interval_end", become({"type": "integer"}),
        [("changed", "HistoryResponse.interval_end",
          f"string (date-time) became integer: {READERS_BREAK}")],
    ),
    "a type more": (
        "LogCreate.message", put("type", ["string", "integer"]),
        [("widened", "LogCreate.message", f"integer is new: {TAKES_MORE}")],
    ),
    "anything goes": (
        "LogCreate.message", become({}),
        [("widened", "LogCreate.message", f"string became anything: {TAKES_MORE}")],
    ),
    "an alternative gone": (
        "OrchestrationResult.details", lambda node: node["anyOf"].pop(1),
        [("narrowed", "OrchestrationResult.details",
          f"object (StateWaitDetails) is gone: {ANSWERS_LESS}")],
    ),
    "maximum higher": (
        f"{BULK_DELETE}.limit", put("maximum", 100),
        [("widened", f"{BULK_DELETE}.limit", f"maximum 50 became 100: {TAKES_MORE}")],
    ),
    "maximum lower": (
        f"{BULK_DELETE}.limit", put("maximum", 20),
        [("narrowed", f"{BULK_DELETE}.limit", f"maximum 50 became 20: {REFUSED}")],
    ),
    "maximum gone": (
        f"{BULK_DELETE}.limit", drop("maximum"),
        [("widened", f"{BULK_DELETE}.limit", f"maximum 50 is gone: {TAKES_MORE}")],
    ),
    "minimum lower, exclusively": (
        f"{BULK_DELETE}.limit",
        lambda node: (node.pop("minimum"), put("exclusiveMinimum", -1)(node)),
        [("widened", f"{BULK_DELETE}.limit", f"minimum 1 became 0: {TAKES_MORE}")],
    ),
    "minimum new": (
        "HistoryResponseState.sum_estimated_lateness", put("exclusiveMinimum", 0),
        [("narrowed", "HistoryResponseState.sum_estimated_lateness",
          f"minimum above 0 is new: {ANSWERS_LESS}")],
    ),
    "a longest text": (
        "LogCreate.message", put("maxLength", 100),
        [("narrowed", "LogCreate.message", f"maxLength 100 is new: {REFUSED}")],
    ),
    "a shortest list": (
        "FlowCreate.tags", put("minItems", 1),
        [("narrowed", "FlowCreate.tags", f"minItems 1 is new: {REFUSED}")],
    ),
    "items became others": (
        "FlowRunBulkDeleteResponse.deleted", put("items", {"type": "integer"}),
        [("changed", "FlowRunBulkDeleteResponse.deleted[]",
          f"string (uuid) became integer: {READERS_BREAK}")],
    ),
    "items twice": (
        "FlowRunPolicy.pause_keys", FIRST(drop("uniqueItems")),
        [("widened", "FlowRunPolicy.pause_keys",
          f"uniqueItems is gone: {TAKES_MORE}; {ANSWERS_MORE}")],
    ),
    "default became another": (
        f"{BULK_DELETE}.limit", put("default", 200),
        [("changed", f"{BULK_DELETE}.limit",
          "default 50 became 200: who leaves it out asks for something else")],
    ),
    "default new": (
        "LogCreate.level", put("default", 20),
        [("changed", "LogCreate.level",
          "default 20 is new: who leaves it out asks for something else")],
    ),
    "default beside a reference gone": (
        "FlowRunFilterTags.operator", drop("default"),
        [("changed", "FlowRunFilterTags.operator",
          'default "and_" is gone: who leaves it out asks for something else')],
    ),
    "a field of a closed request gone": (
        "FlowRunFilter", within("properties")(drop("tags")),
        [("removed", "FlowRunFilter.tags", "is gone: who sends it is refused")],
    ),
    "a field of an open request gone": (
        BULK_DELETE, within("properties")(drop("flow_runs")),
        [("removed", f"{BULK_DELETE}.flow_runs", f"is gone: {NOT_HEARD}")],
    ),
    "a field of an answer gone": (
        "FlowRunBulkDeleteResponse", within("properties")(drop("deleted")),
        [("removed", "FlowRunBulkDeleteResponse.deleted",
          "is gone: who reads it does not find it")],
    ),
    "a field of a request new": (
        BULK_DELETE, within("properties")(put("dry_run", {"type": "boolean"})),
        [("added", f"{BULK_DELETE}.dry_run", "is new: no sender notices")],
    ),
    "a field of a request new and required": (
        "LogCreate",
        lambda node: (node["properties"].update(kind={"type": "string"}),
                      node["required"].append("kind")),
        [("added", "LogCreate.kind", f"is new, and required: {NEEDED}")],
    ),
    "a field of an answer new": (
        "FlowRunBulkDeleteResponse", within("properties")(put("failed", {})),
        [("added", "FlowRunBulkDeleteResponse.failed", "is new: no reader notices")],
    ),
    "a field now required": (
        BULK_DELETE, put("required", ["flow_runs"]),
        [("narrowed", f"{BULK_DELETE}.flow_runs", f"is now required: {NEEDED}")],
    ),
    "a field no longer required in an answer": (
        "HistoryResponse", lambda node: node["required"].remove("states"),
        [("widened", "HistoryResponse.states",
          "is no longer required: who reads it may not find it")],
    ),
    "other keys refused": (
        BULK_DELETE, put("additionalProperties", False),
        [("narrowed", BULK_DELETE, f"other keys are refused: {REFUSED}")],
    ),
    "other keys let through": (
        "FlowRunFilter", drop("additionalProperties"),
        [("widened", "FlowRunFilter", f"other keys are let through: {TAKES_MORE}")],
    ),
    "values of other keys": (
        "FlowRunCreate.labels", FIRST(put("additionalProperties", {"type": "string"})),
        [("narrowed", "FlowRunCreate.labels.*",
          f"boolean or integer or number is gone: {REFUSED}")],
    ),
    "names of keys": (
        "FlowRunCreate.parameters", put("propertyNames", {"type": "string", "minLength": 1}),
        [("narrowed", "FlowRunCreate.parameters keys",
          f"anything became string: {REFUSED}")],
    ),
    "status gone": (
        "GET /hello", REPLY(drop("200")),
        [("removed", "GET /hello 200", "status 200 is gone: the server does not tell of it: "
          "who waits for it may wait in vain")],
    ),
    "status new": (
        "GET /hello", REPLY(put("503", {"description": ""})),
        [("added", "GET /hello 503", f"status 503 is new: {UNASKED}")],
    ),
    "reply of another kind": (
        "GET /hello", REPLY(put("200", {"content": {"text/plain": {}}})),
        [("removed", "GET /hello 200",
          "application/json is gone: who reads it does not find it"),
         ("added", "GET /hello 200", f"text/plain is new: {UNASKED}")],
    ),
    "reply of another shape": (
        "GET /hello", REPLY(put("200", {"content": {"application/json": {
            "schema": {"type": "integer"}}}})),
        [("changed", "GET /hello 200", f"string became integer: {READERS_BREAK}")],
    ),
    "body now required": (
        "POST /flow_runs/bulk_delete", BODY(put("required", True)),
        [("narrowed", "POST /flow_runs/bulk_delete body", f"is now required: {NEEDED}")],
    ),
    "body of another kind": (
        "POST /flow_runs/bulk_delete", BODY(within("content")(put("application/xml", {}))),
        [("added", "POST /flow_runs/bulk_delete body",
          "application/xml is new: no sender notices")],
    ),
    "body gone": (
        "POST /flow_runs/bulk_delete", drop("requestBody"),
        [("removed", "POST /flow_runs/bulk_delete body", f"is gone: {NOT_HEARD}")],
    ),
    "body new": (
        "GET /hello", put("requestBody", {"required": True, "content": {}}),
        [("added", "GET /hello body", f"is new, and required: {NEEDED}")],
    ),
    "parameter gone": (
        "GET /csrf-token", within("parameters")(lambda node: node.pop(0)),
        [("removed", "GET /csrf-token query client", f"is gone: {NOT_HEARD}")],
    ),
    "parameter no longer required": (
        "GET /csrf-token", within("parameters", 0)(put("required", False)),
        [("widened", "GET /csrf-token query client", "is no longer required: no sender notices")],
    ),
    "parameter of another type": (
        "GET /csrf-token", within("parameters", 0)(put("schema", {"type": "integer"})),
        [("changed", "GET /csrf-token query client",
          f"string became integer: {SENDERS_BREAK}")],
    ),
    "parameters new": (
        "GET /hello",
        within("parameters")(lambda node: node.extend([
            {"in": "query", "name": "to", "required": True}, {"in": "cookie", "name": "c"},
        ])),
        [("added", "GET /hello query to", f"is new, and required: {NEEDED}"),
         ("added", "GET /hello cookie c", "is new: no sender notices")],
    ),
}  # fmt: skip

SAME: Mapping[str, tuple[str, Edit]] = {
    "texts": ("FlowRunFilter", lambda node: node.update(title="x", description="y", examples=[])),
    "an unknown keyword": (f"{LEASE}.names", put("min_items", 1)),
    "a list of types": (
        "FlowRunFilterEndTime.is_null_", become({"type": ["null", "boolean"]}),
    ),
    "nullable": ("FlowRunFilterEndTime.is_null_", become({"type": "boolean", "nullable": True})),
    "oneOf": (
        "FlowRunFilterEndTime.is_null_", become({"oneOf": [{"type": "null"}, {"type": "boolean"}]}),
    ),
    "allOf of one": (
        "FlowRunFilterTags.operator",
        become({"allOf": [{"$ref": "#/components/schemas/Operator"}], "default": "and_"}),
    ),
    "allOf of several": (
        f"{BULK_DELETE}.limit",
        become({"allOf": [{"type": "integer", "maximum": 50}, {"minimum": 1}, {"maximum": 60.0}],
                "default": 50.0}),
    ),
    "an enum as constants": ("Operator", become({"anyOf": [{"const": "or_"}, {"const": "and_"}]})),
    "bounds the other way": (
        f"{BULK_DELETE}.limit",
        become({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 51, "default": 50}),
    ),
    "bounds the old way": (
        f"{BULK_DELETE}.limit",
        become({"type": "integer", "minimum": 0, "exclusiveMinimum": True, "maximum": 50,
                "default": 50}),
    ),
    "a default of null": ("FlowRunFilterEndTime.before_", put("default", None)),
    "a schema in place": (
        "FlowRunFilter.end_time",
        lambda node: node["anyOf"].__setitem__(
            0, copy.deepcopy(openapi.document()["components"]["schemas"]["FlowRunFilterEndTime"])),
    ),
    "any other key": (BULK_DELETE, put("additionalProperties", True)),
}  # fmt: skip


def mutated(place: str, edit: Edit) -> Outcome:
    ours = Ours()
    edit(ours.at(place))
    return compare_document(ours.document, "a.json")


def found(outcome: Outcome) -> list[tuple[str, str, str]]:
    return [(finding.check, finding.subject, finding.sentence) for finding in outcome.findings]


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_told(name: str) -> None:
    """One change to a document is one finding: which way, where, and who notices."""
    place, edit, expected = MUTATIONS[name]
    outcome = mutated(place, edit)
    assert sorted(found(outcome)) == sorted(expected)
    assert outcome.fails


@pytest.mark.parametrize("name", SAME)
def test_the_same_in_other_words_is_no_drift(name: str) -> None:
    """Ways to write the same schema, and texts, are no difference."""
    assert found(mutated(*SAME[name])) == []


def test_our_own_document_has_no_drift() -> None:
    """It holds for every operation, and nothing known is missed in it."""
    outcome = compare_document(openapi.document(), "openapi.yaml")
    assert not outcome.findings
    assert not outcome.notes
    assert outcome.counts["operations compared"] == 40
    assert "40 of the 40 operations" in outcome.holds[0]


def test_the_published_document_has_only_known_drift() -> None:
    """What Prefect 3.8.8 publishes differs in what is registered, all of it, and nothing else."""
    outcome = compare_document(PUBLISHED, "published.json")
    assert not outcome.fails
    assert [finding.deviation for finding in outcome.findings] == [one.id for one in KNOWN_DRIFT]
    assert {finding.verdict for finding in outcome.findings} == {Verdict.KNOWN}
    assert [finding.times for finding in outcome.findings] == [
        len(known.subjects) for known in KNOWN_DRIFT
    ]


def test_a_known_drift_that_is_gone_is_told() -> None:
    """When Prefect comes to say what we say, the registry is out of date, and that is told."""
    published = copy.deepcopy(dict(PUBLISHED))
    zone = published["components"]["schemas"]["RRuleSchedule"]["properties"]["timezone"]
    del zone["anyOf"][0]["pattern"]
    gone = [one for one in compare_document(published, "a").findings if one.verdict is Verdict.GONE]
    assert [(one.deviation, one.subject) for one in gone] == [
        ("time-zones", "RRuleSchedule.timezone")
    ]
    assert gone[0].sentence.startswith("no longer shows: the document lists the time zones")


def test_an_older_server_is_told_in_a_few_words() -> None:
    """3.6.16 has its paths below /api, lacks an operation and a filter; no more is new."""
    older = copy.deepcopy(dict(PUBLISHED))
    older["paths"] = {f"/api{path}": item for path, item in older["paths"].items()}
    del older["paths"]["/api/admin/storage"]
    del older["components"]["schemas"]["TaskRunFilter"]["properties"]["end_time"]
    outcome = compare_document(older, "http://127.0.0.1:4200/openapi.json")
    new = [finding for finding in outcome.findings if finding.verdict is Verdict.NEW]
    assert [(one.check, one.subject, one.sentence) for one in new] == [
        ("removed", "TaskRunFilter.end_time", "is gone: who sends it is refused"),
        ("removed", "GET /admin/storage", "is not in the document: who calls it is refused"),
    ]
    assert "POST /flow_runs/filter, " in new[0].evidence
    assert new[0].curl == (
        "curl -sS http://127.0.0.1:4200/openapi.json | jq '.components.schemas[\"TaskRunFilter\"]'"
    )
    assert "its paths begin with /api" in outcome.notes


def test_a_change_of_every_operation_is_one_finding() -> None:
    """A header that all operations lose is told once, with all of them as evidence."""
    ours = Ours()
    for item in ours.document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [
                one for one in operation.get("parameters", []) if one["in"] != "header"
            ]
    (finding,) = compare_document(ours.document, "a.json").findings
    assert finding.subject.startswith(
        "POST /flow_runs/bulk_delete header x-prefect-api-version and "
    )
    assert finding.times == len(finding.evidence.splitlines()) > 30


def test_names_of_path_parameters_and_cases_of_headers_do_not_count() -> None:
    """No request shows how a document calls a part of a path."""
    text = json.dumps(openapi.document())
    text = text.replace("{id}", "{flow_run_id}").replace('"name": "id"', '"name": "flow_run_id"')
    text = text.replace('"x-prefect-api-version"', '"X-Prefect-API-Version"')
    assert found(compare_document(json.loads(text), "a.json")) == []


def test_a_workspace_may_be_in_the_path() -> None:
    """Paths may begin with parameters of their own, as Prefect Cloud's do."""
    ours = Ours()
    begins = "/api/accounts/{account_id}/workspaces/{workspace_id}"
    ours.document["paths"] = {
        f"{begins}{path}": ours.document["paths"][path] for path in ours.document["paths"]
    }
    ours.document["paths"]["/metrics"] = {"get": {}}
    outcome = compare_document(ours.document, "a.json")
    assert found(outcome) == []
    assert outcome.notes == [
        "1 operation more is not compared: ours has none of that kind",
        "its paths begin with /api/accounts/{}/workspaces/{}",
    ]


def test_what_the_server_has_beyond_is_a_note() -> None:
    """Operations that ours lacks are counted, those of flow runs named."""
    ours = Ours()
    ours.document["paths"]["/flow_runs/{id}/graph"] = {"get": {}}
    ours.document["paths"]["/variables/"] = {"post": {}}
    outcome = compare_document(ours.document, "a.json")
    assert not outcome.findings
    assert outcome.notes == [
        "2 operations more are not compared: ours has none of that kind; "
        "of flow runs: GET /flow_runs/{id}/graph"
    ]


def test_another_api_is_said_to_be_one() -> None:
    """A document of something else has none of our operations, and a note that asks."""
    outcome = compare_document({"paths": {"/pets": {"get": {}}}}, "pets.json")
    assert {finding.sentence for finding in outcome.findings} == {
        "is not in the document: who calls it is refused"
    }
    assert not outcome.holds
    assert any("is it the document of a Prefect server?" in note for note in outcome.notes)


def broken() -> Iterator[tuple[str, Edit, str]]:
    name = "LogCreate.message"
    yield name, become({"$ref": "#/nowhere"}), '"#/nowhere" leads to nothing'
    yield name, become({"$ref": "http://x/y"}), "expected one within the document"
    yield name, become({"$ref": 1}), "expected one within the document"
    yield name, become({"anyOf": 3}), "anyOf is 3; expected a list"
    yield name, become({"type": 3}), "type is 3; expected a list"
    yield "LogCreate.level", put("minimum", "a"), 'minimum is "a"; expected a number'
    yield name, become({"anyOf": ["a"]}), '"a" stands where an object belongs'
    loop = {"$ref": "#/components/schemas/LogCreate/properties/message"}
    yield name, become(loop), "more than 64 deep"
    yield "GET /hello", REPLY(put("200", {"$ref": "#/paths/~1hello/get/responses/200"})), "end"


@pytest.mark.parametrize(("place", "edit", "expected"), list(broken()))
def test_a_broken_document_is_an_error_with_its_place(
    place: str, edit: Edit, expected: str
) -> None:
    """References that lead nowhere, loops and values of the wrong type are told, not a crash."""
    with pytest.raises(DocumentError, match=expected):
        mutated(place, edit)


def test_references_that_multiply_are_bounded() -> None:
    """A document that means 2 to the 20th alternatives is refused, soon."""
    ours = Ours()
    schemas = ours.document["components"]["schemas"]
    for n in range(20):
        both = {"$ref": f"#/components/schemas/S{n + 1}"}
        schemas[f"S{n}"] = {"anyOf": [both, both]}
    schemas["S20"] = {"type": "string"}
    ours.at("LogCreate")["properties"]["message"] = {"$ref": "#/components/schemas/S0"}
    with pytest.raises(DocumentError, match="a schema of more than 1,000 alternatives"):
        compare_document(ours.document, "a.json")


SCHEMAS = {
    "S": {"type": "object", "properties": {"a": {}}, "required": ["a"]},
    "T": {"enum": ["a", 1, 1.5, None, [1], {}, True]},
    "Deep": {"allOf": [{"allOf": [{"type": "array"}, {"minItems": 1}]}, {"minItems": 2}]},
    "No": {"allOf": [{"allOf": [False, {}]}, {}]},
}
REF = {name: {"$ref": f"#/components/schemas/{name}"} for name in SCHEMAS}

FORMS: list[tuple[Any, list[str]]] = [
    (True, ["anything"]),
    (False, []),
    ({}, ["anything"]),
    ({"nullable": True}, ["anything"]),
    ({"anyOf": [{"type": "string"}, {}]}, ["anything"]),
    ({"allOf": [True, {"type": "string"}]}, ["string"]),
    ({"allOf": [{"type": "string"}, False]}, []),
    (REF["No"], []),
    ({"format": "uuid"}, ["string (uuid)"]),
    ({"minimum": 1}, ["number"]),
    ({"type": ["string", "null"]}, ["string", "null"]),
    ({"type": "string", "enum": ["b", "a", None, 1]}, ['"a", "b"', "null"]),
    ({"type": "number", "enum": [1]}, ["1"]),
    (REF["T"], ['"a"', "1", "1.5", "null", "[1]", "{}", "true"]),
    (REF["S"], ["object (S)"]),
    ({"$ref": "#/defs/a"}, ["array"]),
    ({**REF["S"], "description": "x"}, ["object (S)"]),
    ({**REF["S"], "required": ["b"]}, ["object"]),
    ({"allOf": [REF["S"], {"properties": {"b": {}}}]}, ["object"]),
    ({"allOf": [{**REF["S"], "maxProperties": 2}, {"maxProperties": 1}]}, ["object"]),
    ({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, ['"b"']),
    ({"anyOf": [{"minLength": 1}, {"maxLength": 2}], "type": "string"}, ["string", "string"]),
    ({"enum": [f"{n}" for n in range(10)]}, [", ".join(f'"{n}"' for n in range(8)) + ", 2 more"]),
]


@pytest.mark.parametrize(("schema", "expected"), FORMS)
def test_a_schema_is_a_list_of_alternatives(schema: Any, expected: list[str]) -> None:
    """Every way to write a schema comes to the same form."""
    reader = SchemaReader({"components": {"schemas": SCHEMAS}, "defs": {"a": {"type": "array"}}})
    assert list(map(str, reader.alternatives(schema))) == expected


def test_schemas_that_must_all_hold_are_merged() -> None:
    """Of bounds the stricter one, of values those in all, of fields and required ones every."""
    reader = SchemaReader({"components": {"schemas": SCHEMAS}})
    (deep,) = reader.alternatives({"allOf": [REF["Deep"], {"maxItems": 4}, {"maxItems": 3}]})
    assert deep.keywords == {"minItems": 2, "maxItems": 3}
    (both,) = reader.alternatives({**REF["S"], "required": ["b"], "properties": {"b": {}}})
    assert both.keywords == {"properties": {"a": {}, "b": {}}, "required": ["a", "b"]}


def test_prefix_items_are_compared_by_place() -> None:
    """Each place of a tuple has a schema; one more is narrower."""
    ours = {"type": "array", "prefixItems": [{"type": "string"}]}
    theirs = {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}
    comparison = Comparison({}, {})
    comparison.compare_schemas(ours, theirs, "a", Side.REQUEST)
    assert [(str(one.kind), one.subject, one.description) for one in comparison.changes] == [
        ("changed", "a[0]", "string became integer"),
        ("narrowed", "a[1]", "anything became string"),
    ]


def test_schemas_within_schemas_are_bounded() -> None:
    """Lists of lists without end are refused, whether they are written out or refer."""
    deep: Any = {"type": "array"}
    for _ in range(MAX_DEPTH + 1):
        deep = {"type": "array", "items": deep}
    with pytest.raises(DocumentError, match="schemas within schemas, more than 64 deep"):
        Comparison({}, {}).compare_schemas(deep, deep, "a", Side.REQUEST)


def nodes(node: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a document."""
    yield here
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from nodes(value, (*here, key))


WAYS = [way for way in nodes(PUBLISHED) if len(way) > 1]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(
        ["", "string", "null", "#/components/schemas/FlowRunFilter", "#/", "^a", "object"]
    ),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["type", "$ref", "anyOf", "allOf", "enum", "const", "properties", "required", "items",
             "minimum", "exclusiveMinimum", "additionalProperties", "default", "schema", "content"]
        ),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60)
@given(st.sampled_from(WAYS), VALUES)
def test_any_document_is_read_or_refused(way: tuple[Any, ...], value: Any) -> None:
    """Whatever stands anywhere in a document, there are findings or an error that is meant."""
    document: Any = json.loads(json.dumps(PUBLISHED))
    node = document
    for step in way[:-1]:
        node = node[step]
    node[way[-1]] = value
    texts: list[str] = []
    try:
        texts += [finding.sentence for finding in compare_document(document, "a.json").findings]
    except DocumentError as error:
        texts.append(str(error))
    assert all(text.isprintable() for text in texts)


def test_findings_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past a bound they are counted, the worst are shown."""
    monkeypatch.setattr("mockserver.contract.drift.check.MAX_FINDINGS", 10)
    outcome = compare_document({"info": "none", "paths": {}}, "a.json")
    assert len(outcome.findings) == 10
    assert "30 findings more are not shown" in outcome.notes


def test_schemas_may_hold_themselves() -> None:
    """Recursion in both documents ends, and a difference in it is found once."""

    def document(value: str, inner: Any) -> Any:
        properties = {"value": {"type": value}, "children": {"type": "array", "items": inner}}
        return {"components": {"schemas": {"Node": {"properties": properties}}}}

    node = {"$ref": "#/components/schemas/Node"}
    maybe = {"anyOf": [node, {"type": "null"}]}
    comparison = Comparison(document("string", node), document("integer", maybe))
    for side in Side:
        comparison.compare_schemas(node, node, "a place", side)
    assert {(str(one.kind), one.subject, one.description) for one in comparison.changes} == {
        ("changed", "Node.value", "string became integer"),
        ("widened", "Node.children[]", "null is new"),
    }
    assert all(sides == set(Side) for sides in comparison.changes.values())


# What takes a part away hides what else is different in it.
KEEPING = [
    name
    for name, (_, _, expected) in MUTATIONS.items()
    if not any(check == "removed" for check, _, _ in expected)
]


@settings(max_examples=30)
@given(place=st.sampled_from(KEEPING), other=st.sampled_from(KEEPING))
def test_one_change_does_not_hide_another(place: str, other: str) -> None:
    """Two changes to different parts are both told, as each is alone."""
    one, two = MUTATIONS[place], MUTATIONS[other]
    if one[0].split(".")[0] == two[0].split(".")[0]:
        return
    ours = Ours()
    one[1](ours.at(one[0]))
    two[1](ours.at(two[0]))
    assert sorted(found(compare_document(ours.document, "a.json"))) == sorted(one[2] + two[2])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{\n", r"a.json:2:1: no JSON: Expecting property name"),
        (b"a: [", r"a.json:2:1: neither JSON nor YAML: "),
        (b"\xff\xfe{", "neither JSON nor YAML"),
        (b'{"\xff"}', "no JSON: not UTF-8"),
        (b"[]", "list without `paths`; expected an OpenAPI document"),
        (b"openapi: 3.1.0", "dict without `paths`"),
        (b'{"paths": []}', "dict without `paths`"),
        (b"[" * 100_000, "nest"),
    ],
)
def test_a_file_that_is_no_document_is_told(content: bytes, expected: str, tmp_path: Path) -> None:
    """Whatever a file holds, the error says what came and what was expected."""
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(DocumentError, match=expected):
        read_document(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """So is a folder."""
    with pytest.raises(UsageError, match="No such file or directory; expected an OpenAPI"):
        read_document(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="Is a directory"):
        read_document(tmp_path)


def test_a_file_may_be_yaml(tmp_path: Path) -> None:
    """Our own openapi.yaml can be compared with itself."""
    file = tmp_path / "a.yaml"
    file.write_text(openapi.source_text(), encoding="utf-8")
    assert found(compare_document(read_document(file), str(file))) == []


def test_a_document_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is too large is not parsed."""
    monkeypatch.setattr("mockserver.contract.drift.documents.MAX_BYTES", 10)
    with pytest.raises(DocumentError, match="more than 0 MiB"):
        parse_document(b"{}" + b" " * 10, "a.json")


@pytest.mark.parametrize("path", ["", "/api"])
def test_the_mock_keeps_its_own_contract(path: str) -> None:
    """A running mock publishes the document it is built on, wherever its API is said to be."""
    with live(Store(Base([]))) as client:
        target = Target(f"http://127.0.0.1:{client.address[1]}{path}")
        outcome = check_drift(target)
    assert not outcome.findings
    assert outcome.seconds > 0
    assert target.sent == 1


def test_the_document_is_looked_for_where_it_can_be() -> None:
    """Beside the API first, then at the root; a server that is not there is told."""
    with live(Store(Base([]))) as client:
        target = Target(f"http://127.0.0.1:{client.address[1]}/other/api")
        assert not check_drift(target).findings
        assert target.sent == 2
    with pytest.raises(TargetError, match="cannot reach"):
        check_drift(target)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """The URL of a server that answers everything the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_server_without_a_document_is_told() -> None:
    """Each place it was looked for is named, and the way out."""
    with answering(404, b"") as url, pytest.raises(TargetError) as told:
        check_drift(Target(url))
    assert f"GET {url}/openapi.json answered 404" in str(told.value)
    assert f"GET {url}/api/openapi.json answered 404" in str(told.value)
    assert str(told.value).endswith("give `check_drift` a file instead")


def test_a_page_is_no_document() -> None:
    """A server's UI may answer any path with a page; that is told, and not taken for one."""
    with answering(200, b"<!DOCTYPE html>") as url, pytest.raises(TargetError) as told:
        check_drift(Target(url))
    assert f"{url}/openapi.json: str without `paths`; expected an OpenAPI" in str(told.value)
