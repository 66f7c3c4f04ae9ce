# A document that says the same has no drift; one that differs has exactly that difference.

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from mockserver.contract.drift.known_drift import KNOWN_DRIFT
from mockserver.contract.drift.schema_comparison import Comparison
from mockserver.contract.drift.schemas import MAX_DEPTH, DocumentError, SchemaReader
from mockserver.contract.findings import Outcome, Verdict
from mockserver.contract.server.target import Target, TargetError
from mockserver.errors import UsageError
from mockserver.prefect import NEWEST, RELEASES, find_dialect, openapi
from mockserver.prefect.overlays import OVERLAYS, Overlay, merge_patch
from mockserver.prefect.releases import release_key
from mockserver.worlds import Settings
from tests.support.published_documents import covered_part, path_prefix, published_document
from tests.support.servers import serve_store

# Cut to our operations and without its texts; the rest is verbatim.
PUBLISHED: Mapping[str, Any] = covered_part(published_document(NEWEST), openapi.document()["paths"])
BULK_DELETE = "Body_bulk_delete_flow_runs_flow_runs_bulk_delete_post"
LEASE = (
    "Body_bulk_increment_active_slots_with_lease_v2_concurrency_limits_increment_with_lease_post"
)
NEXT_RUNS = "Body_next_runs_by_flow_ui_flows_next_runs_post"
COUNTED_BY_FLOW = "Body_count_deployments_by_flow_ui_flows_count_deployments_post"
COUNTED = "Body_count_task_runs_by_flow_run_ui_flow_runs_count_task_runs_post"
INCREMENT = "Body_bulk_increment_active_slots_v2_concurrency_limits_increment_post"
DECREMENT = "Body_bulk_decrement_active_slots_v2_concurrency_limits_decrement_post"

REJECTED = "the server accepts less: other values are rejected"
ACCEPTS_MORE = "the server accepts more: existing requests still work"
RETURNS_LESS = "the server returns less: existing clients can read it"
RETURNS_MORE = "the server may return more than clients expect"
ACCEPTS_OTHER = "the server accepts other values: existing requests may be rejected"
RETURNS_OTHER = "the server returns other values: existing clients may not read them"
IGNORED = "the server ignores it: sending it has no effect"
REQUIRED = "requests without it are rejected"
UNEXPECTED = "clients do not expect it"

Edit = Callable[[Any], object]


class Ours:
    """A copy of our document, for tests to change."""

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
    """An edit of a nested part, found by the keys `way`."""

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
        [("widened", "FlowRunFilterEndTime.before_", f"format date-time is gone: {ACCEPTS_MORE}")],
    ),
    "format new": (
        "LogCreate.message", put("format", "uri"),
        [("narrowed", "LogCreate.message", f"format uri is new: {REJECTED}")],
    ),
    "format became another": (
        "FlowRunFilterEndTime.before_", FIRST(put("format", "date")),
        [("changed", "FlowRunFilterEndTime.before_",
          f"format date-time became date: {ACCEPTS_OTHER}")],
    ),
    "format of an answer gone": (
        "HistoryResponse.interval_end", drop("format"),
        [("widened", "HistoryResponse.interval_end",
          f"format date-time is gone: {RETURNS_MORE}")],
    ),
    "pattern became another": (
        "FlowCreate.name", put("pattern", "^a"),
        [("changed", "FlowCreate.name", f"pattern ^[^/%&><]+$ became ^a: {ACCEPTS_OTHER}")],
    ),
    "null gone": (
        "FlowRunFilter.end_time", become({"$ref": "#/components/schemas/FlowRunFilterEndTime"}),
        [("narrowed", "FlowRunFilter.end_time", f"null is gone: {REJECTED}")],
    ),
    "null new": (
        "HistoryResponse.interval_end",
        become({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
        [("widened", "HistoryResponse.interval_end", f"null is new: {RETURNS_MORE}")],
    ),
    "null new, the old way": (
        "LogCreate.level", put("nullable", True),
        [("widened", "LogCreate.level", f"null is new: {ACCEPTS_MORE}")],
    ),
    "a value gone, on both sides": (
        "StateType", lambda node: node["enum"].remove("PAUSED"),
        [("narrowed", "StateType",
          f'value "PAUSED" is gone: {REJECTED}; {RETURNS_LESS}')],
    ),
    "values new, on both sides": (
        "StateType", lambda node: node["enum"].extend(["LATE", "LOST"]),
        [("widened", "StateType",
          f'values "LATE", "LOST" are new: {ACCEPTS_MORE}; {RETURNS_MORE}')],
    ),
    "a value for another": (
        "SetStateStatus", put("enum", ["ACCEPT", "REJECT", "ABORT", "DELAY"]),
        [("narrowed", "SetStateStatus", f'value "WAIT" is gone: {RETURNS_LESS}'),
         ("widened", "SetStateStatus", f'value "DELAY" is new: {RETURNS_MORE}')],
    ),
    "values became any": (
        "Operator", drop("enum"),
        [("widened", "Operator", f'"and_", "or_" became any string: {ACCEPTS_MORE}')],
    ),
    "any became values": (
        "LogCreate.message", put("enum", ["a", "b"]),
        [("narrowed", "LogCreate.message", f'any string became "a", "b": {REJECTED}')],
    ),
    "a constant": (
        "StateAbortDetails.type", put("const", "abort"),
        [("narrowed", "StateAbortDetails.type", f'value "abort_details" is gone: {RETURNS_LESS}'),
         ("widened", "StateAbortDetails.type", f'value "abort" is new: {RETURNS_MORE}')],
    ),
    "integer became number": (
        "HistoryResponseState.count_runs", put("type", "number"),
        [("widened", "HistoryResponseState.count_runs",
          f"integer became number: {RETURNS_MORE}")],
    ),
    "number became integer": (
        "HistoryResponseState.sum_estimated_lateness", put("type", "integer"),
        [("narrowed", "HistoryResponseState.sum_estimated_lateness",
          f"number became integer: {RETURNS_LESS}")],
    ),
    "another type": (
        "HistoryResponse.interval_end", become({"type": "integer"}),
        [("changed", "HistoryResponse.interval_end",
          f"string (date-time) became integer: {RETURNS_OTHER}")],
    ),
    "a type more": (
        "LogCreate.message", put("type", ["string", "integer"]),
        [("widened", "LogCreate.message", f"integer is new: {ACCEPTS_MORE}")],
    ),
    "anything goes": (
        "LogCreate.message", become({}),
        [("widened", "LogCreate.message", f"string became anything: {ACCEPTS_MORE}")],
    ),
    "an alternative gone": (
        "OrchestrationResult.details", lambda node: node["anyOf"].pop(1),
        [("narrowed", "OrchestrationResult.details",
          f"object (StateWaitDetails) is gone: {RETURNS_LESS}")],
    ),
    "maximum higher": (
        f"{BULK_DELETE}.limit", put("maximum", 100),
        [("widened", f"{BULK_DELETE}.limit", f"maximum 50 became 100: {ACCEPTS_MORE}")],
    ),
    "maximum lower": (
        f"{BULK_DELETE}.limit", put("maximum", 20),
        [("narrowed", f"{BULK_DELETE}.limit", f"maximum 50 became 20: {REJECTED}")],
    ),
    "maximum gone": (
        f"{BULK_DELETE}.limit", drop("maximum"),
        [("widened", f"{BULK_DELETE}.limit", f"maximum 50 is gone: {ACCEPTS_MORE}")],
    ),
    "minimum lower, exclusively": (
        f"{BULK_DELETE}.limit",
        lambda node: (node.pop("minimum"), put("exclusiveMinimum", -1)(node)),
        [("widened", f"{BULK_DELETE}.limit", f"minimum 1 became 0: {ACCEPTS_MORE}")],
    ),
    "minimum new": (
        "HistoryResponseState.sum_estimated_lateness", put("exclusiveMinimum", 0),
        [("narrowed", "HistoryResponseState.sum_estimated_lateness",
          f"minimum above 0 is new: {RETURNS_LESS}")],
    ),
    "a longest text": (
        "LogCreate.message", put("maxLength", 100),
        [("narrowed", "LogCreate.message", f"maxLength 100 is new: {REJECTED}")],
    ),
    "a shortest list": (
        "FlowCreate.tags", put("minItems", 1),
        [("narrowed", "FlowCreate.tags", f"minItems 1 is new: {REJECTED}")],
    ),
    "items became others": (
        "FlowRunBulkDeleteResponse.deleted", put("items", {"type": "integer"}),
        [("changed", "FlowRunBulkDeleteResponse.deleted[]",
          f"string (uuid) became integer: {RETURNS_OTHER}")],
    ),
    "items twice": (
        "FlowRunPolicy.pause_keys", FIRST(drop("uniqueItems")),
        [("widened", "FlowRunPolicy.pause_keys",
          f"uniqueItems is gone: {ACCEPTS_MORE}; {RETURNS_MORE}")],
    ),
    "default became another": (
        f"{BULK_DELETE}.limit", put("default", 200),
        [("changed", f"{BULK_DELETE}.limit",
          "default 50 became 200: requests without it mean something else")],
    ),
    "default new": (
        "LogCreate.level", put("default", 20),
        [("changed", "LogCreate.level",
          "default 20 is new: requests without it mean something else")],
    ),
    "default beside a reference gone": (
        "FlowRunFilterTags.operator", drop("default"),
        [("changed", "FlowRunFilterTags.operator",
          'default "and_" is gone: requests without it mean something else')],
    ),
    "a field of a closed request gone": (
        "FlowRunFilter", within("properties")(drop("tags")),
        [("removed", "FlowRunFilter.tags", "is gone: requests with it are rejected")],
    ),
    "a field of an open request gone": (
        BULK_DELETE, within("properties")(drop("flow_runs")),
        [("removed", f"{BULK_DELETE}.flow_runs", f"is gone: {IGNORED}")],
    ),
    "a field of an answer gone": (
        "FlowRunBulkDeleteResponse", within("properties")(drop("deleted")),
        [("removed", "FlowRunBulkDeleteResponse.deleted",
          "is gone: clients that read it do not find it")],
    ),
    "a field of a request new": (
        BULK_DELETE, within("properties")(put("dry_run", {"type": "boolean"})),
        [("added", f"{BULK_DELETE}.dry_run", "is new: existing requests still work")],
    ),
    "a field of a request new and required": (
        "LogCreate",
        lambda node: (node["properties"].update(kind={"type": "string"}),
                      node["required"].append("kind")),
        [("added", "LogCreate.kind", f"is new, and required: {REQUIRED}")],
    ),
    "a field of an answer new": (
        "FlowRunBulkDeleteResponse", within("properties")(put("failed", {})),
        [("added", "FlowRunBulkDeleteResponse.failed",
          "is new: existing clients can still read replies")],
    ),
    "a field now required": (
        BULK_DELETE, put("required", ["flow_runs"]),
        [("narrowed", f"{BULK_DELETE}.flow_runs", f"is now required: {REQUIRED}")],
    ),
    "a field no longer required in an answer": (
        "HistoryResponse", lambda node: node["required"].remove("states"),
        [("widened", "HistoryResponse.states",
          "is no longer required: clients that read it may not find it")],
    ),
    "other keys refused": (
        BULK_DELETE, put("additionalProperties", False),
        [("narrowed", BULK_DELETE, f"other keys are rejected: {REJECTED}")],
    ),
    "other keys let through": (
        "FlowRunFilter", drop("additionalProperties"),
        [("widened", "FlowRunFilter", f"other keys are allowed: {ACCEPTS_MORE}")],
    ),
    "values of other keys": (
        "FlowRunCreate.labels", FIRST(put("additionalProperties", {"type": "string"})),
        [("narrowed", "FlowRunCreate.labels.*",
          f"boolean or integer or number is gone: {REJECTED}")],
    ),
    "names of keys": (
        "FlowRunCreate.parameters", put("propertyNames", {"type": "string", "minLength": 1}),
        [("narrowed", "FlowRunCreate.parameters keys",
          f"anything became string: {REJECTED}")],
    ),
    "status gone": (
        "GET /hello", REPLY(drop("200")),
        [("removed", "GET /hello 200", "status 200 is gone: "
          "the server may never return it: do not wait for it")],
    ),
    "status new": (
        "GET /hello", REPLY(put("503", {"description": ""})),
        [("added", "GET /hello 503", f"status 503 is new: {UNEXPECTED}")],
    ),
    "reply of another kind": (
        "GET /hello", REPLY(put("200", {"content": {"text/plain": {}}})),
        [("removed", "GET /hello 200",
          "application/json is gone: clients that read it do not find it"),
         ("added", "GET /hello 200", f"text/plain is new: {UNEXPECTED}")],
    ),
    "reply of another shape": (
        "GET /hello", REPLY(put("200", {"content": {"application/json": {
            "schema": {"type": "integer"}}}})),
        [("changed", "GET /hello 200", f"string became integer: {RETURNS_OTHER}")],
    ),
    "body now required": (
        "POST /flow_runs/bulk_delete", BODY(put("required", True)),
        [("narrowed", "POST /flow_runs/bulk_delete body", f"is now required: {REQUIRED}")],
    ),
    "body of another kind": (
        "POST /flow_runs/bulk_delete", BODY(within("content")(put("application/xml", {}))),
        [("added", "POST /flow_runs/bulk_delete body",
          "application/xml is new: existing requests still work")],
    ),
    "body gone": (
        "POST /flow_runs/bulk_delete", drop("requestBody"),
        [("removed", "POST /flow_runs/bulk_delete body", f"is gone: {IGNORED}")],
    ),
    "body new": (
        "GET /hello", put("requestBody", {"required": True, "content": {}}),
        [("added", "GET /hello body", f"is new, and required: {REQUIRED}")],
    ),
    "parameter gone": (
        "GET /csrf-token", within("parameters")(lambda node: node.pop(0)),
        [("removed", "GET /csrf-token query client", f"is gone: {IGNORED}")],
    ),
    "parameter no longer required": (
        "GET /csrf-token", within("parameters", 0)(put("required", False)),
        [("widened", "GET /csrf-token query client",
          "is no longer required: existing requests still work")],
    ),
    "parameter of another type": (
        "GET /csrf-token", within("parameters", 0)(put("schema", {"type": "integer"})),
        [("changed", "GET /csrf-token query client",
          f"string became integer: {ACCEPTS_OTHER}")],
    ),
    "parameters new": (
        "GET /hello",
        within("parameters")(lambda node: node.extend([
            {"in": "query", "name": "to", "required": True}, {"in": "cookie", "name": "c"},
        ])),
        [("added", "GET /hello query to", f"is new, and required: {REQUIRED}"),
         ("added", "GET /hello cookie c", "is new: existing requests still work")],
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
def test_each_mutation_is_one_finding(name: str) -> None:
    """The finding says what kind of change it is, where, and what it means to clients."""
    place, edit, expected = MUTATIONS[name]
    outcome = mutated(place, edit)
    assert sorted(found(outcome)) == sorted(expected)
    assert outcome.fails


@pytest.mark.parametrize("name", SAME)
def test_the_same_schema_written_differently_is_no_drift(name: str) -> None:
    """Other ways to write the same schema, and other texts, are no difference."""
    assert found(mutated(*SAME[name])) == []


def test_our_own_document_has_no_drift() -> None:
    """All operations match, and no known difference is reported as gone."""
    outcome = compare_document(openapi.document(), "openapi.yaml")
    assert not outcome.findings
    assert not outcome.notes
    count = sum(map(len, openapi.document()["paths"].values()))
    assert outcome.counts["operations compared"] == count
    assert f"{count} of the {count} operations" in outcome.holds[0]


def published(release: str) -> dict[str, Any]:
    """A release's whole document, with the paths that it was published with."""
    document = published_document(release)
    prefix = path_prefix(release)
    document["paths"] = {f"{prefix}{path}": item for path, item in document["paths"].items()}
    return document


@pytest.mark.parametrize("release", RELEASES)
def test_the_document_of_each_release_has_only_known_drift(release: str) -> None:
    """It has every difference that is registered for the release, and no other."""
    outcome = compare_document(published(release), "published.json")
    assert not outcome.fails
    expected = [known for known in KNOWN_DRIFT if known.is_expected_in(release)]
    assert [finding.deviation for finding in outcome.findings] == [one.id for one in expected]
    assert {finding.verdict for finding in outcome.findings} == {Verdict.KNOWN}
    assert [finding.times for finding in outcome.findings] == [
        len(known.subjects) for known in expected
    ]
    operations = outcome.counts["operations compared"]
    assert outcome.holds[0].startswith(
        f"{operations} of the {operations} operations that openapi.yaml has for Prefect {release} "
    )
    assert outcome.holds[0].endswith(f"Prefect REST API {release}")


def test_a_release_may_have_another_path_prefix() -> None:
    """In 3.6.16 the paths begin with /api, later they do not."""
    assert "its paths begin with /api" in compare_document(published("3.6.16"), "a.json").notes
    assert path_prefix("3.6.17") == ""


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.since)
def test_without_an_overlay_there_is_a_finding(
    overlay: Overlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the last release that the overlay applies to; one for each schema or more."""
    release = max(filter(overlay.applies_to, RELEASES), key=release_key)
    ours: Any = openapi.document()
    for other in OVERLAYS:
        if other is not overlay and other.applies_to(release):
            ours = merge_patch(ours, other.patch)
    monkeypatch.setattr(openapi, "document", lambda _: ours)
    outcome = compare_document(published(release), "published.json")
    failing = [one for one in outcome.findings if one.fails]
    assert {one.verdict for one in failing} == {Verdict.NEW}


def test_the_release_to_compare_with_can_be_chosen() -> None:
    """What 3.8.8 does not do yet that 3.9.1 does; what it has more is counted in a note."""
    outcome = compare_document(published("3.8.8"), "http://127.0.0.1:4200/openapi.json", "3.9.1")
    new = [finding for finding in outcome.findings if finding.verdict is Verdict.NEW]
    assert [(one.check, one.subject, one.sentence) for one in new] == [
        (
            "narrowed",
            "TaskRunSort",
            f'values "DURATION_ASC", "DURATION_DESC" are gone: {REJECTED}',
        ),
        ("narrowed", "IntervalSchedule-Input.interval", f"number is gone: {REJECTED}"),
        ("narrowed", "IntervalSchedule-Input.interval", f"format duration is new: {REJECTED}"),
        (
            "changed",
            "GET /flow_runs/{id}/graph-v2 query since",
            'default "0001-01-01T00:00:00Z" became "0001-01-01T00:00:00+00:00": requests without '
            "it mean something else",
        ),
        ("widened", "EventTrigger-Output.within", f"minimum 0 is gone: {RETURNS_MORE}"),
        ("widened", "RunDeployment-Output.schedule_after", f"minimum 0 is gone: {RETURNS_MORE}"),
        ("removed", "GET /observed-states", "is not in the document: calls of it are rejected"),
        ("widened", f"{LEASE}.names", f"minItems 1 is gone: {ACCEPTS_MORE}"),
        ("widened", f"{COUNTED}.flow_run_ids", f"maxItems 200 is gone: {ACCEPTS_MORE}"),
        ("widened", f"{INCREMENT}.names", f"minItems 1 is gone: {ACCEPTS_MORE}"),
        ("widened", f"{DECREMENT}.names", f"minItems 1 is gone: {ACCEPTS_MORE}"),
        ("widened", f"{COUNTED_BY_FLOW}.flow_ids", f"maxItems 200 is gone: {ACCEPTS_MORE}"),
        ("widened", f"{NEXT_RUNS}.flow_ids", f"maxItems 200 is gone: {ACCEPTS_MORE}"),
    ]
    assert new[0].evidence == "used by POST /task_runs/filter, POST /task_runs/paginate"
    assert new[0].curl == (
        "curl -sS http://127.0.0.1:4200/openapi.json | jq '.components.schemas[\"TaskRunSort\"]'"
    )
    outcome = compare_document(published("3.9.1"), "a.json", "3.6.16")
    assert [finding.subject for finding in outcome.findings if finding.fails] == [
        f"{LEASE}.names",
        f"{COUNTED}.flow_run_ids",
        "EventTrigger-Output.match",
        "EventTrigger-Output.match_related",
        "EventTrigger-Output.match_related[]",
        "Automation.actions[]",
        "Automation.actions_on_trigger[]",
        "Automation.actions_on_resolve[]",
        f"{INCREMENT}.names",
        f"{DECREMENT}.names",
        f"{COUNTED_BY_FLOW}.flow_ids",
        f"{NEXT_RUNS}.flow_ids",
        "TaskRunFilter.end_time",
        "TaskRunSort",
        "IntervalSchedule-Input.interval",
        "IntervalSchedule-Input.interval",
        "DeploymentScheduleUpdate.replaces",
        "DeploymentScheduleCreate.replaces",
        "WorkPool.active_slots",
        "WorkQueueResponse.active_slots",
        "AutomationFilter.id",
        "EventTrigger-Output.within",
        "RunDeployment-Output.schedule_after",
        "TaskRunResponse.start_time",
        "TaskRunResponse.end_time",
        "TaskRunResponse.total_run_time",
        "TaskRunResponse.estimated_run_time",
        "TaskRunResponse.estimated_start_time_delta",
        *(f"GET /admin/settings 200.{one}" for one in ("events", "plugins", "telemetry")),
        "POST /automations/count body",
        "GET /flow_runs/{id}/graph-v2 query since",
    ]


def test_a_release_newer_than_all_measured_is_compared_with_the_newest() -> None:
    """A note says so; what a later release has no more is called fixed."""
    document = published(NEWEST)
    document["info"]["version"] = "3.99.0"
    zone = document["components"]["schemas"]["RRuleSchedule"]["properties"]["timezone"]
    del zone["anyOf"][0]["pattern"]
    outcome = compare_document(document, "a.json")
    assert f"Prefect 3.99.0 is newer than {NEWEST}, the newest release" in outcome.notes[0]
    assert f"openapi.yaml has for Prefect {NEWEST} are in" in outcome.holds[0]
    gone = [one for one in outcome.findings if one.verdict is Verdict.GONE]
    assert [(one.deviation, one.subject) for one in gone] == [
        ("time-zones", "RRuleSchedule.timezone")
    ]
    assert gone[0].sentence.startswith(
        "expected in Prefect 3.6.16 and later, not seen in Prefect REST API 3.99.0: the document "
        "has a pattern"
    )


@pytest.mark.parametrize(
    ("release", "version"),
    [
        *((release, "0.1.0") for release in openapi.distinct_releases()),
        (NEWEST, "1"),
        (NEWEST, None),
        (NEWEST, {}),
    ],
)
def test_a_document_without_a_release_is_compared_with_the_one_that_fits_best(
    release: str, version: Any
) -> None:
    """Such as that of another vendor; a release before bulk_delete is none."""
    document = published(release)
    document["info"]["version"] = version
    outcome = compare_document(document, "a.json")
    assert not outcome.fails
    assert outcome.notes[0] == (
        "the document names no release of Prefect that has bulk_delete: it is compared with that "
        f"of {release}, which fits best"
    )


def test_a_change_of_every_operation_is_one_finding() -> None:
    """A header that all operations lack is reported once, with all of them as evidence."""
    ours = Ours()
    for item in ours.document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [
                one
                for one in operation.get("parameters", [])
                if one["name"] != "x-prefect-api-version"
            ]
    (finding,) = compare_document(ours.document, "a.json").findings
    assert finding.subject.startswith(
        "POST /flow_runs/bulk_delete header x-prefect-api-version and "
    )
    assert finding.times == len(finding.evidence.splitlines()) > 30


def test_names_of_path_parameters_and_case_of_headers_are_ignored() -> None:
    """A request does not show them."""
    text = json.dumps(openapi.document())
    text = text.replace("{id}", "{flow_run_id}").replace('"name": "id"', '"name": "flow_run_id"')
    text = text.replace('"x-prefect-api-version"', '"X-Prefect-API-Version"')
    assert found(compare_document(json.loads(text), "a.json")) == []


def test_the_path_prefix_may_have_parameters() -> None:
    """Paths of Prefect Cloud begin with an account and a workspace."""
    ours = Ours()
    prefix = "/api/accounts/{account_id}/workspaces/{workspace_id}"
    ours.document["paths"] = {
        f"{prefix}{path}": ours.document["paths"][path] for path in ours.document["paths"]
    }
    ours.document["paths"]["/metrics"] = {"get": {}}
    outcome = compare_document(ours.document, "a.json")
    assert found(outcome) == []
    assert outcome.notes == [
        "1 more operation is not compared: openapi.yaml has none such",
        "its paths begin with /api/accounts/{}/workspaces/{}",
    ]


def test_operations_that_only_the_server_has_are_a_note() -> None:
    """They are counted, and those of flow runs are named."""
    ours = Ours()
    ours.document["paths"]["/flow_runs/{id}/graph-v3"] = {"get": {}}
    ours.document["paths"]["/pets/"] = {"post": {}}
    outcome = compare_document(ours.document, "a.json")
    assert not outcome.findings
    assert outcome.notes == [
        "2 more operations are not compared: openapi.yaml has none such; "
        "of flow runs: GET /flow_runs/{id}/graph-v3"
    ]


def test_the_document_of_another_api_is_noted() -> None:
    """It has none of our operations, and a note asks whether it is Prefect's."""
    outcome = compare_document({"paths": {"/pets": {"get": {}}}}, "pets.json")
    assert {finding.sentence for finding in outcome.findings} == {
        "is not in the document: calls of it are rejected"
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
    yield name, become({"anyOf": ["a"]}), 'found "a"; expected an object'
    loop = {"$ref": "#/components/schemas/LogCreate/properties/message"}
    yield name, become(loop), "more than 64 deep"
    yield "GET /hello", REPLY(put("200", {"$ref": "#/paths/~1hello/get/responses/200"})), "end"


@pytest.mark.parametrize(("place", "edit", "expected"), list(broken()))
def test_a_broken_document_is_an_error_with_its_place(
    place: str, edit: Edit, expected: str
) -> None:
    """References to nothing, loops and values of the wrong type raise DocumentError."""
    with pytest.raises(DocumentError, match=expected):
        mutated(place, edit)


def test_references_that_multiply_are_bounded() -> None:
    """A document with 2**20 alternatives is rejected quickly."""
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
    """Every way to write a schema has the same form."""
    reader = SchemaReader({"components": {"schemas": SCHEMAS}, "defs": {"a": {"type": "array"}}})
    assert list(map(str, reader.alternatives(schema))) == expected


def test_schemas_that_must_all_hold_are_merged() -> None:
    """Bounds: the stricter one; values: those in all; properties and required names: all."""
    reader = SchemaReader({"components": {"schemas": SCHEMAS}})
    (deep,) = reader.alternatives({"allOf": [REF["Deep"], {"maxItems": 4}, {"maxItems": 3}]})
    assert deep.keywords == {"minItems": 2, "maxItems": 3}
    (both,) = reader.alternatives({**REF["S"], "required": ["b"], "properties": {"b": {}}})
    assert both.keywords == {"properties": {"a": {}, "b": {}}, "required": ["a", "b"]}


def test_prefix_items_are_compared_by_position() -> None:
    """Each position of a tuple has a schema; one more narrows the array."""
    ours = {"type": "array", "prefixItems": [{"type": "string"}]}
    theirs = {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}
    comparison = Comparison({}, {})
    comparison.compare_schemas(ours, theirs, "a", Side.REQUEST)
    assert [(str(one.kind), one.subject, one.description) for one in comparison.changes] == [
        ("changed", "a[0]", "string became integer"),
        ("narrowed", "a[1]", "anything became string"),
    ]


def test_schemas_within_schemas_are_bounded() -> None:
    """Arrays nested too deep are rejected."""
    deep: Any = {"type": "array"}
    for _ in range(MAX_DEPTH + 1):
        deep = {"type": "array", "items": deep}
    with pytest.raises(DocumentError, match="schemas within schemas, more than 64 deep"):
        Comparison({}, {}).compare_schemas(deep, deep, "a", Side.REQUEST)


TEXT_OR_NULL: Any = [{"type": "string"}, {"type": "null"}]
ALIKE_OR_NOT: Sequence[Any] = [
    *(
        True,
        False,
        {},
        {"title": "T"},
        {"enum": [1]},
        {"enum": [True]},
        REF["S"],
        {"type": "object"},
    ),
    *({"type": "string"}, {"type": ["string", "null"]}, {"type": "string", "nullable": True}),
    *({"type": "string", "description": "D"}, {"type": "string", "format": "uuid"}),
    *({"type": "integer", "default": one} for one in (0, 1, 1.0, True, None)),
    *({"type": "integer", "minimum": one} for one in (0, 1, 1.0)),
    *({"anyOf": TEXT_OR_NULL}, {"anyOf": TEXT_OR_NULL[::-1]}, {"anyOf": TEXT_OR_NULL[:1]}),
    *({"anyOf": TEXT_OR_NULL, "type": "string"}, {"anyOf": TEXT_OR_NULL, "default": "a"}),
    *({"anyOf": [{"type": "object"}]}, {"anyOf": [REF["S"]]}, {"oneOf": TEXT_OR_NULL}),
    {"type": "array", "items": {"type": "string"}},
]


@pytest.mark.parametrize("ours", ALIKE_OR_NOT, ids=json.dumps)
def test_what_is_written_alike_is_compared_as_anything_else(
    ours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schemas that need no comparison, and those that only look so, with each of the others."""
    both = {"components": {"schemas": SCHEMAS}}

    def compare(theirs: Any) -> tuple[object, object]:
        comparison = Comparison(both, both)
        comparison.compare_schemas(ours, theirs, "a", Side.REQUEST)
        return comparison.changes, comparison.compared

    found = list(map(compare, ALIKE_OR_NOT))
    monkeypatch.setattr("mockserver.contract.drift.schema_comparison.are_alike", lambda *_: False)
    assert found == list(map(compare, ALIKE_OR_NOT))


def nodes(node: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of keys to every part of a document."""
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
def test_any_document_is_compared_or_raises_document_error(
    way: tuple[Any, ...], value: Any
) -> None:
    """Any value anywhere in a document gives findings or DocumentError, with printable texts."""
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
    """At most MAX_FINDINGS are reported; a note counts the rest."""
    monkeypatch.setattr("mockserver.contract.drift.check.MAX_FINDINGS", 10)
    outcome = compare_document({"info": "none", "paths": {}}, "a.json")
    assert len(outcome.findings) == 10
    operations = sum(map(len, openapi.document()["paths"].values()))
    assert f"{operations - 10} more findings are not shown" in outcome.notes


def test_schemas_may_be_recursive() -> None:
    """Comparing them ends, and a difference in them is found once."""

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


# A part that is removed hides other differences in it.
KEEPING = [
    name
    for name, (_, _, expected) in MUTATIONS.items()
    if not any(check == "removed" for check, _, _ in expected)
]


@settings(max_examples=30)
@given(place=st.sampled_from(KEEPING), other=st.sampled_from(KEEPING))
def test_one_change_does_not_hide_another(place: str, other: str) -> None:
    """Two changes to different parts give the findings of each alone."""
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
        (b"{\n", r"a.json:2:1: not JSON: Expecting property name"),
        (b"a: [", r"a.json:2:1: neither JSON nor YAML: "),
        (b"\xff\xfe{", "neither JSON nor YAML"),
        (b'{"\xff"}', "not JSON: not UTF-8"),
        (b"[]", "list without `paths`; expected an OpenAPI document"),
        (b"openapi: 3.1.0", "dict without `paths`"),
        (b'{"paths": []}', "dict without `paths`"),
        (b"[" * 100_000, "nest"),
    ],
)
def test_a_file_that_is_not_a_document_raises_document_error(
    content: bytes, expected: str, tmp_path: Path
) -> None:
    """The error says what came and what was expected."""
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(DocumentError, match=expected):
        read_document(file)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    """A folder in its place, too."""
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
    """A document above MAX_BYTES is not parsed."""
    monkeypatch.setattr("mockserver.contract.drift.documents.MAX_BYTES", 10)
    with pytest.raises(DocumentError, match="more than 0 MiB"):
        parse_document(b"{}" + b" " * 10, "a.json")


@pytest.mark.parametrize("path", ["", "/api"])
@pytest.mark.parametrize("dialect", ["spec", "prefect-sqlite@3.6.16", "prefect-postgresql@3.8.8"])
def test_the_mock_keeps_its_own_contract(dialect: str, path: str) -> None:
    """A running mock publishes the document of its release, whatever path its API is below."""
    served = find_dialect(dialect)
    with serve_store(Store(Base([])), Settings(dialect=served)) as client:
        target = Target(f"http://127.0.0.1:{client.address[1]}{path}")
        outcome = check_drift(target)
    assert not outcome.findings
    assert outcome.holds[0].endswith(f"are in mockserver: Prefect flow-run API {served.release}")
    assert outcome.seconds > 0
    assert target.sent == 1


def test_the_document_is_looked_for_at_each_usual_url() -> None:
    """Beside the API first, then at the root; no server raises TargetError."""
    with serve_store(Store(Base([]))) as client:
        target = Target(f"http://127.0.0.1:{client.address[1]}/other/api")
        assert not check_drift(target).findings
        assert target.sent == 2
    with pytest.raises(TargetError, match="cannot reach"):
        check_drift(target)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """The URL of a server that answers every GET the same."""

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


def test_a_server_without_a_document_raises_target_error() -> None:
    """The error names each URL that was tried, and suggests a file."""
    with answering(404, b"") as url, pytest.raises(TargetError) as caught:
        check_drift(Target(url))
    assert f"GET {url}/openapi.json answered 404" in str(caught.value)
    assert f"GET {url}/api/openapi.json answered 404" in str(caught.value)
    assert str(caught.value).endswith("give `drift` a file instead")


def test_an_html_page_is_not_taken_for_a_document() -> None:
    """A server's UI may answer any path with a page; the error says what came."""
    with answering(200, b"<!DOCTYPE html>") as url, pytest.raises(TargetError) as caught:
        check_drift(Target(url))
    assert f"{url}/openapi.json: <!DOCTYPE html>; expected an OpenAPI" in str(caught.value)
