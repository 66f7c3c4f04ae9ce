# Invariant: for any request, a mock keeps the document in `spec` and shows only the registered
# deviations in the other dialects. A server that is wrong in one way is caught by a check for that.
"""The command `fuzz` of the contract kit, against right and wrong mocks; and its parts."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from mockserver.contract.exchanges.exchange import ObservedExchange, SentRequest, is_read_only
from mockserver.contract.exchanges.invariants import CHECKS, find_violations
from mockserver.contract.explanations.explainer import Explainer
from mockserver.contract.explanations.mock_pool import MockPool
from mockserver.contract.explanations.named_records import possible_seeds
from mockserver.contract.findings import Outcome, Verdict
from mockserver.contract.fuzz.campaign import Campaign
from mockserver.contract.fuzz.fuzz_settings import FuzzSettings
from mockserver.contract.fuzz.hook_files import copy_hooks
from mockserver.contract.fuzz.known_records import KnownRecords
from mockserver.contract.fuzz.operation_shares import FUZZED_WRITES, NOT_FUZZED
from mockserver.contract.fuzz.probes import PROBES
from mockserver.contract.fuzz.runner import fuzz
from mockserver.contract.fuzz.substitution import assign_to_runs, substitute_known_values
from mockserver.contract.server.target import (
    Answer,
    Limits,
    Ownership,
    RequestLimitReached,
    Target,
    TargetError,
)
from mockserver.errors import UsageError
from mockserver.http.app import create_app
from mockserver.prefect import openapi
from mockserver.prefect.deviations import BULK_DELETE, DEVIATIONS
from mockserver.prefect.dialects import DIALECTS, SPEC, Dialect, dialect_for
from mockserver.prefect.records import FlowRun
from mockserver.prefect.releases import NEWEST, OLDEST
from mockserver.seeds import Seeds
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.server_mutants import (
    SERVER_MUTANTS,
    Handler,
    Mutant,
    read_json,
    serve_mutant,
)
from tests.support.servers import serve_app
from tests.support.strategies import IDS

FEW = FuzzSettings(max_examples=3, phases=("examples", "fuzzing", "stateful"))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Silence the log: a server that gets bad requests on purpose logs many of them."""
    log = logging.getLogger("mockserver")
    before = log.level
    # Not by the attribute: a logger remembers which levels it lets through.
    log.setLevel(logging.CRITICAL)
    yield
    log.setLevel(before)


def owned_target(url: str, **limits: float) -> Target:
    return Target(url, {}, Ownership.OURS, Limits(**limits))  # type: ignore[arg-type]


def describe_failures(outcome: Outcome) -> list[str]:
    return [f"{one.check}: {one.sentence}\n{one.curl}" for one in outcome.findings if one.fails]


@pytest.mark.parametrize(
    "dialect",
    [SPEC, dialect_for("sqlite", OLDEST), dialect_for("postgresql", NEWEST)],
    ids=lambda dialect: dialect.name,
)
def test_a_mock_shows_exactly_the_deviations_of_its_dialect(dialect: Dialect) -> None:
    """Every registered deviation is found and nothing else; what was created is deleted."""
    store = Store(Base(()))
    methods: set[tuple[str, str]] = set()

    async def record_method(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if resource is not None:
            methods.add((request.method, resource.canonical.removeprefix("/api")))
        return await handler(request)

    recorder = Mutant("right", "only records methods and paths", record_method, ())
    created: list[str] = []
    progress: list[float] = []
    with serve_mutant(recorder, store, Settings(dialect=dialect)) as client:
        outcome = fuzz(
            owned_target(client.url),
            dialect,
            FEW,
            lambda _text, part: progress.append(part),
            created.append,
        )
    assert describe_failures(outcome) == []
    assert outcome.notes == []
    shown = {one.deviation for one in outcome.findings if one.verdict is Verdict.KNOWN}
    assert shown == {one.id for one in DEVIATIONS if dialect.has(one)}
    assert len(store) == 0
    assert len(store.task_runs) == 0
    assert {path.split("/")[1] for path in created} == {"flow_runs", "flows", "task_runs"}
    assert progress == sorted(progress)
    assert progress[-1] > 0.9  # few operations have examples
    known = {
        (method.upper(), path)
        for path, methods in openapi.document(dialect.release)["paths"].items()
        for method in methods
    }
    assert methods <= {*known, ("GET", "/openapi.yaml")}


@pytest.mark.parametrize("wrong", SERVER_MUTANTS, ids=lambda wrong: wrong.name)
def test_a_wrong_server_is_caught_by_a_check_for_what_is_wrong(wrong: Mutant) -> None:
    """At least one of the checks that are named for the mutant fails."""
    settings = FuzzSettings(phases=(), probes=False)
    with serve_mutant(wrong, Store(Base(()))) as client:
        outcome = fuzz(owned_target(client.url), SPEC, settings)
    found = {one.check for one in outcome.findings if one.fails}
    assert found & set(wrong.detected_by), describe_failures(outcome)


def test_a_server_of_another_dialect_shows_gone_and_new_deviations() -> None:
    """A deviation that is expected and missing is gone; one that is not expected is new."""
    sqlite = DIALECTS["prefect-sqlite"]
    settings = FuzzSettings(operations=("GET /health",), phases=("examples",))
    with serve_app(create_app(Store(Base(())), Settings(dialect=SPEC))) as client:
        outcome = fuzz(owned_target(client.url), sqlite, settings)
    verdicts = {one.deviation: one.verdict for one in outcome.findings}
    assert verdicts["like-wildcards"] is Verdict.GONE
    assert verdicts["client-nulls"] is Verdict.KNOWN
    with serve_app(create_app(Store(Base(())), Settings(dialect=sqlite))) as client:
        outcome = fuzz(owned_target(client.url), SPEC, settings)
    verdicts = {one.deviation: one.verdict for one in outcome.findings}
    assert verdicts["like-wildcards"] is Verdict.NEW
    assert "client-nulls" not in verdicts


def test_every_deviation_has_a_probe() -> None:
    """Without a probe, nobody would notice that a deviation is gone."""
    assert [one.id for one in DEVIATIONS] == list(PROBES)


def test_shared_servers_and_invalid_settings_are_refused() -> None:
    """Both before any request is sent."""
    shared = Target("http://127.0.0.1:9/api")
    with pytest.raises(UsageError, match="--disposable"):
        fuzz(shared, SPEC)
    for settings, about in (
        (FuzzSettings(phases=("all",)), "'all' is no phase"),
        (FuzzSettings(operations=("GET /nothing",)), "'GET /nothing' is no operation"),
        (FuzzSettings(reports=("pdf",)), "'pdf' is no report"),
    ):
        with pytest.raises(UsageError, match=about):
            fuzz(owned_target("http://127.0.0.1:9/api"), SPEC, settings)
    assert shared.sent == 0


def test_the_limit_of_requests_ends_a_run_with_a_finding() -> None:
    """The finding says that not everything was sent; the runs that were created are deleted."""
    store = Store(Base(()))
    settings = FuzzSettings(operations=("POST /flow_runs/",), probes=False)
    with serve_app(create_app(store)) as client:
        target = owned_target(client.url, requests=500)
        outcome = fuzz(target, SPEC, settings)
        with pytest.raises(RequestLimitReached):
            target.throttle()
    assert [one.check for one in outcome.findings if "--max-requests" in one.sentence] == [
        "not-done"
    ]
    assert len(store) == 0


THEIRS = FlowRun(id="0" * 8 + "-0000-4000-8000-" + "0" * 12, name="theirs")


@pytest.mark.parametrize("after", [1, 30])
def test_a_run_that_somebody_else_creates_meanwhile_ends_the_run(after: int) -> None:
    """It stays as it is, as does a run that was there; what was created is deleted."""
    store = Store(Base(()))
    creations: list[str] = []

    async def add_another(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and request.path.endswith("/flow_runs/"):
            creations.append(request.path)
            if len(creations) == after:
                store.put(THEIRS)
        return await handler(request)

    settings = FuzzSettings(phases=(), probes=after > 1)
    with serve_mutant(Mutant("meanwhile", "", add_another, ()), store) as client:
        outcome = fuzz(owned_target(client.url), SPEC, settings)
    (failing,) = [one for one in outcome.findings if one.fails]
    assert failing.check == "not-done"
    assert f"were not created for the test, such as {THEIRS.id}" in failing.sentence
    assert list(store) == [THEIRS]


def test_a_server_that_says_it_created_what_was_there_ends_the_run() -> None:
    """What was there before is not deleted."""
    store = Store(Base([THEIRS]))

    async def lie(request: web.Request, handler: Handler) -> web.StreamResponse:
        reply = await handler(request)
        if request.method == "POST" and request.path.endswith("/flow_runs/"):
            return web.json_response({**read_json(reply), "id": THEIRS.id}, status=201)
        return reply

    settings = FuzzSettings(phases=(), probes=False)
    with serve_mutant(Mutant("lies", "", lie, ()), store) as client:
        target = owned_target(client.url)
        with pytest.raises(TargetError, match="which was there before"):
            fuzz(target, SPEC, settings)
    assert list(store) == [THEIRS]


def test_the_time_ends_a_run_wherever_it_is() -> None:
    """Also before schemathesis has begun; what was created is deleted."""
    store = Store(Base(()))
    targets: list[Target] = []

    async def end_the_time(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and request.path.endswith("/flow_runs/"):
            targets[0].deadline = 0.0
        return await handler(request)

    with serve_mutant(Mutant("slow", "", end_the_time, ()), store) as client:
        targets.append(owned_target(client.url))
        outcome = fuzz(targets[0], SPEC, FuzzSettings(phases=("examples",), probes=False))
    assert outcome.notes == ["not all requests were sent: the time was up"]
    assert not outcome.is_complete
    assert len(store) == 0


def test_reports_of_schemathesis_are_written(tmp_path: Path) -> None:
    """Each format is written into the folder, and completely."""
    settings = FuzzSettings(
        operations=("GET /health",),
        phases=("examples", "fuzzing"),
        reports=("junit", "har", "ndjson", "html"),
        folder=tmp_path,
        probes=False,
    )
    with serve_app(create_app(Store(Base(())))) as client:
        fuzz(owned_target(client.url), SPEC, settings)
    (lines,) = tmp_path.glob("*.ndjson")
    assert "EngineFinished" in lines.read_text(encoding="utf-8").splitlines()[-1]
    kinds = {entry.name.partition("-")[0] for entry in tmp_path.iterdir()}
    assert kinds == set(settings.reports)


def test_copied_hooks_find_what_is_wrong_with_a_server(tmp_path: Path) -> None:
    """`st run` with them passes on a right mock and fails on a wrong one.

    Files that exist are not overwritten.
    """
    copied = copy_hooks(tmp_path)
    assert {path.name for path in copied} == {"openapi.yaml", "schemathesis.toml", "st_hooks.py"}
    with pytest.raises(UsageError, match="exists already"):
        copy_hooks(tmp_path)
    right = Settings(dialect=DIALECTS["prefect-sqlite"])
    twice = next(wrong for wrong in SERVER_MUTANTS if wrong.name == "names-twice")
    for wrong, code, shown in ((None, 0, "passed"), (twice, 1, "more than once")):
        with serve_mutant(wrong, Store(Base(())), right) as client:
            done = st_run(tmp_path, f"{client.url}/api", "/flow_runs/bulk_delete", 5)
        assert done.returncode == code, done.stdout + done.stderr
        assert shown in done.stdout


@pytest.mark.parametrize(("expected_dialect", "code"), [("prefect-sqlite", 0), ("spec", 1)])
def test_copied_hooks_drop_an_unreadable_list_only_where_it_is_known(
    tmp_path: Path, expected_dialect: str, code: int
) -> None:
    """After a label that is an object, a real server answers 500 to every list of flow runs. That
    is a known deviation of Prefect, and a failure of any other server.
    """
    copy_hooks(tmp_path)
    runs = Base([FlowRun(id=run_id, name="it") for run_id in IDS])
    with serve_mutant(None, Store(runs), Settings(dialect=DIALECTS["prefect-sqlite"])) as client:
        url = f"{client.url}/api"
        done = st_run(tmp_path, url, "/flow_runs/{id}/labels", 20, expected_dialect)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("mockserver_still_readable" in done.stdout) == bool(code)


def st_run(
    folder: Path, url: str, path: str, examples: int, dialect: str = "prefect-sqlite"
) -> subprocess.CompletedProcess[str]:
    """Run schemathesis' own command in a folder of copied hooks, on one path of the document."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.yaml", "--url", url]
    command += ["--phases", "examples,fuzzing", "--include-path", path]
    return subprocess.run(
        [*command, "--max-examples", str(examples)],
        cwd=folder,
        env={**os.environ, "MOCKSERVER_DIALECT": dialect, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


# --- parts ----------------------------------------------------------------------------------------

RUNS = {run_id: {"name": f"run-{run_id[0]}", "tags": ["a"], "state_name": "Done"} for run_id in IDS}


def test_filters_get_values_of_existing_runs() -> None:
    """Each value is replaced by one of its kind, and the same seed gives the same body."""
    body = {
        "flow_runs": {
            "id": {"any_": [IDS[0].replace("0", "9")] * 9, "not_any_": None},
            "name": {"any_": ["x"] * 9, "like_": "y"},
            "tags": {"operator": "or_", "all_": ["z", 1]},
            "state": {"type": {"any_": ["FAILED"]}, "name": {"any_": ["w"]}},
        },
        "limit": 3,
    }
    bodies = [substitute_known_values(body, RUNS, seed) for seed in range(30)]
    assert bodies == [substitute_known_values(body, RUNS, seed) for seed in range(30)]
    assert any(set(one["flow_runs"]["id"]["any_"]) <= set(IDS) for one in bodies)
    assert any(one["flow_runs"]["state"]["name"] == {"any_": ["Done"]} for one in bodies)
    assert any(one["flow_runs"]["tags"]["all_"] == ["a", 1] for one in bodies)
    for one in bodies:
        assert one["limit"] == 3
        assert one["flow_runs"]["tags"]["operator"] == "or_"
        assert one["flow_runs"]["state"]["type"] == {"any_": ["FAILED"]}
    others: tuple[object, ...] = (None, [], {"flow_runs": 1}, {"flow_runs": {"id": 1}})
    for other in others:
        assert substitute_known_values(other, RUNS, 1) == other


def test_the_choice_of_a_run_does_not_depend_on_its_id() -> None:
    """A server makes up ids, and the same seed must choose the same run."""
    records = [
        {"name": "first", "created": "2026-01-01T00:00:00Z"},
        {"name": "second", "created": "2026-01-01T00:00:01Z"},
    ]
    there, back = (dict(zip(ids, records, strict=True)) for ids in (IDS[:2], IDS[1::-1]))
    for seed in range(20):
        chosen = [runs[assign_to_runs({}, runs, seed)["flow_run_id"]] for runs in (there, back)]
        assert chosen[0] == chosen[1]


def test_task_runs_and_log_lines_get_a_run() -> None:
    """A record that names no run, and a line that names an unknown one; nothing else changes."""
    nobody = IDS[0].replace("0", "9")
    for record in ({"task_key": "a"}, {"task_key": "a", "flow_run_id": None}):
        assigned = assign_to_runs(record, RUNS, 1)
        assert assigned == {"task_key": "a", "flow_run_id": assigned["flow_run_id"]}
        assert assigned["flow_run_id"] in RUNS
    lines = [{}, {"flow_run_id": nobody}, {"flow_run_id": IDS[0]}, {"flow_run_id": "no id"}, 7]
    first, second, *others = assign_to_runs(lines, RUNS, 1)
    assert {first["flow_run_id"], second["flow_run_id"]} <= set(RUNS)
    assert others == lines[2:]
    untouched: tuple[object, ...] = ({"flow_run_id": nobody}, {"flow_run_id": 5}, None, "text")
    for other in untouched:
        assert assign_to_runs(other, RUNS, 1) == other
    assert assign_to_runs({}, {}, 1) == {}


def make_exchange(deleted: list[str], **values: object) -> ObservedExchange:
    sent = SentRequest(BULK_DELETE, "POST", "/flow_runs/bulk_delete", b'{"limit": 2}', {})
    answer = Answer(200, json.dumps({"deleted": deleted}).encode(), {})
    after = {run_id: run for run_id, run in RUNS.items() if run_id not in deleted}
    whole = {"before": RUNS, "after": after, "matching": sorted(IDS, reverse=True), **values}
    return ObservedExchange(sent, answer, **whole)  # type: ignore[arg-type]


def test_a_correct_delete_violates_no_check() -> None:
    """It deletes the two highest ids under a limit of 2."""
    assert list(find_violations(make_exchange(IDS[:-3:-1]))) == []


@pytest.mark.parametrize(
    ("one", "broken"),
    [
        (make_exchange([IDS[-1]] * 2), {"unique", "as-many-as-may"}),
        (make_exchange(IDS[-3:]), {"at-most-limit"}),
        (make_exchange(IDS[-1:]), {"as-many-as-may"}),
        (make_exchange([IDS[-1], IDS[3]]), {"highest-ids"}),
        (make_exchange(IDS[:-3:-1], after=RUNS), {"gone-afterwards"}),
        (make_exchange(IDS[:-3:-1], get_statuses={IDS[-1]: 200}), {"gone-afterwards"}),
        (make_exchange(IDS[:-3:-1], expected_warnings=frozenset({"no-filter"})), {"warned"}),
        (make_exchange(IDS[:-3:-1], list_error="500"), {"still-readable"}),
        (make_exchange(IDS[:-3:-1], repeat_answer=Answer(500, b"", {})), {"again-only-the-rest"}),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else "",
)
def test_a_wrong_delete_violates_the_checks_for_it(one: ObservedExchange, broken: set[str]) -> None:
    """And no other check."""
    assert {check.id for check, _ in find_violations(one)} == broken


@pytest.mark.parametrize(
    ("operation", "status", "values", "broken"),
    [
        ("POST /flow_runs/count", 200, {"after": {}}, {"reading-changes-nothing"}),
        ("POST /flow_runs/count", 200, {}, set()),
        ("POST /flow_runs/", 201, {}, {"creates-one"}),
        ("POST /flow_runs/", 200, {}, set()),
        ("POST /flow_runs/", 200, {"after": {}}, {"creates-one"}),
        ("POST /flow_runs/", 422, {"after": {}}, {"refusal-changes-nothing"}),
        ("DELETE /flow_runs/{id}", 204, {"after": {}}, {"deletes-the-one"}),
        ("DELETE /flow_runs/{id}", 204, {"get_statuses": {"x": 200}}, {"deletes-the-one"}),
        ("POST /flow_runs/{id}/set_state", 201, {"after": {}}, {"states-stay"}),
        ("POST /flow_runs/{id}/set_state", 201, {"before": {}}, {"states-stay"}),
        ("POST /flow_runs/{id}/set_state", 201, {}, set()),
    ],
)
def test_other_operations_are_checked_too(
    operation: str, status: int, values: dict[str, object], broken: set[str]
) -> None:
    """Reading, refusals, creating, deleting one run and setting states."""
    method, _, path = operation.partition(" ")
    sent = SentRequest(operation, method, path, b"{", {})
    whole = {"before": RUNS, "after": RUNS, **values}
    one = ObservedExchange(sent, Answer(status, b"{}", {}), **whole)  # type: ignore[arg-type]
    assert {check.id for check, _ in find_violations(one)} == broken


def test_a_table_explains_what_no_mock_shows() -> None:
    """Labels that cannot be read and values that a database cannot store, and nothing else."""
    postgresql = DIALECTS["prefect-postgresql"]
    labels = "PATCH /flow_runs/{id}/labels"
    with MockPool() as mocks:
        explainer = Explainer(postgresql, mocks)
        for operation, body, status, deviation in (
            (labels, b'{"a": {"b": 1}}', 204, "unreadable-labels"),
            (labels, b'{"a": 1}', 204, None),
            ("POST /flows/", b'{"name": "\\u0000"}', 503, "undocumented-5xx"),
            ("POST /flows/", b'{"tags": [1e999]}', 500, "undocumented-5xx"),
            ("POST /flows/", b'{"name": "a"}', 503, None),
            ("GET /flow_runs/{id}/graph", b"", 500, "undocumented-5xx"),
            ("GET /flow_runs/{id}/graph", b"", 404, None),
            ("POST /task_runs/", b'{"state": {"data": [null]}}', 500, "create-with-data"),
            ("POST /task_runs/", b'{"state": {"data": null}}', 500, None),
            ("POST /task_runs/", b'{"state": {"data": 1}}', 409, None),
            ("POST /task_runs/", b'{"state": null}', 500, None),
            ("POST /task_runs/", b"[1]", 500, None),
        ):
            sent = SentRequest(operation, "POST", "/", body, {})
            assert explainer.explain_by_table(sent, Answer(status, b"", {})) == deviation


def test_what_is_not_sent_to_the_server_of_others_is_said() -> None:
    """Operations that change variables and the like; nothing of them is there afterwards."""
    settings = FuzzSettings(phases=("examples",), max_examples=1, probes=False)
    with serve_app(create_app(Store(Base(())))) as client:
        target = Target(client.url, {}, Ownership.DISPOSABLE)
        outcome = fuzz(target, SPEC, settings)
        assert target.count("variables") == 0
    assert [note.split()[1:4] for note in outcome.notes] == [["operations", "that", "change"]]


FAILED = Answer(500, b'{"exception_message": "Internal Server Error"}', {})
ACCEPTED = Answer(204, b"", {})
ID = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("operation", "path", "body", "answer", "deviation"),
    [
        ("DELETE /work_pools/{work_pool_name}/queues/{name}", "/a%20b/queues/c", {}, FAILED, "5xx"),
        ("PATCH /work_pools/{name}", "/p", {"base_job_template": None}, FAILED, "lax"),
        ("PATCH /work_pools/{name}", "/p", {"description": "d"}, FAILED, None),
        ("PATCH /work_pools/{name}", "/p", {"is_paused": "yes"}, ACCEPTED, "lax-coercion"),
        ("PATCH /variables/{id}", f"/{ID}", {"tags": "a"}, ACCEPTED, None),
        ("PATCH /block_documents/{id}", f"/{ID}", {"merge_existing_data": 1}, ACCEPTED, "lax"),
        ("POST /concurrency_limits/", "/", {"tag": "", "concurrency_limit": -1}, FAILED, "5xx"),
        ("POST /concurrency_limits/", "/", {"tag": "", "concurrency_limit": 1}, FAILED, None),
        ("POST /task_runs/{id}/set_state", f"/{ID}/set_state", {"state": {"type": "RUNNING"}},
         FAILED, "5xx"),
        ("POST /block_documents/", "/", {"block_type_id": ID, "block_schema_id": ID},
         FAILED, "5xx"),
    ],
)  # fmt: skip
def test_mocks_hold_what_a_request_names(
    operation: str, path: str, body: Any, answer: Answer, deviation: str | None
) -> None:
    """So what a real server says of a pool, a run or a limit that it has is explained, too."""
    method, _, template = operation.partition(" ")
    path = "/" + template.split("/")[1] + path
    headers = {"content-type": "application/json"}
    sent = SentRequest(operation, method, path, json.dumps(body).encode(), headers)
    with MockPool() as mocks:
        found = Explainer(DIALECTS["prefect-sqlite"], mocks).explain(sent, answer)
    assert (found is None) == (deviation is None)
    assert (deviation or "") in (found or "")


def test_a_body_can_name_a_record_and_what_that_belongs_to() -> None:
    """A block has a type and a schema, which is of that type."""
    body = json.dumps({"block_type_id": ID, "block_schema_id": ID[:-1] + "2"}).encode()
    worlds = possible_seeds(SentRequest("POST /block_documents/", "POST", "/", body, {}))
    held = [(len(world.block_types), len(world.block_schemas)) for world in worlds]
    assert held == [(0, 0), (1, 1)]


@pytest.mark.parametrize(
    ("name", "known"), [("A", True), ("a b", True), ("a-b", False), ("a_b", False)]
)
def test_a_rule_about_values_explains_refusals_of_what_breaks_it(name: str, known: bool) -> None:
    """A server that refuses a good name in the words of the rule is wrong."""
    text = b'{"detail": [{"loc": ["body", "name"], "type": "value_error", "msg": "no such name"}]}'
    body = json.dumps({"name": name, "value": 1}).encode()
    sent = SentRequest("POST /variables/", "POST", "/variables/", body, {})
    with MockPool() as mocks:
        explainer = Explainer(SPEC, mocks)
        assert explainer.is_documented_refusal(sent, Answer(422, text, {})) == known
        assert not explainer.is_documented_refusal(sent, Answer(409, text, {}))


@pytest.mark.parametrize(
    ("operation", "path", "body", "kept"),
    [
        ("GET /task_run_states/", "/task_run_states/", None, False),
        ("GET /task_run_states/", "/task_run_states/?task_run_id=", None, False),
        ("GET /task_run_states/", f"/task_run_states/?task_run_id={ID}", None, True),
        ("GET /flows/{id}", "/flows/None", None, False),
        ("GET /flows/{id}", f"/flows/{ID}", None, True),
        ("GET /flows/{id}", f"/flows/{ID}/", None, False),
        ("GET /flows/name/{name}", "/flows/name/a%2Fb%20c", None, True),
        ("GET /artifacts/{key}/latest", "/artifacts/report/latest", None, True),
        ("POST /flows/", "/flows/", {"name": "a"}, True),
        ("POST /flows/", "/flows/", {"name": None}, False),
        ("POST /flows/", "/flows/", None, False),
        ("POST /flow_runs/filter", "/flow_runs/filter", None, True),
        ("GET /ours", "/ours?a=1", None, True),
    ],
)
def test_what_breaks_the_schema_is_rightly_refused(
    operation: str, path: str, body: Any, kept: bool
) -> None:
    """A chain sends what a reply had, such as null for the id of a task run."""
    method = operation.partition(" ")[0]
    content = None if body is None else json.dumps(body).encode()
    sent = SentRequest(operation, method, path, content, {})
    with MockPool() as mocks:
        explainer = Explainer(SPEC, mocks)
        assert explainer.is_documented_refusal(sent, Answer(422, b"{}", {})) is not kept
        assert not explainer.is_documented_refusal(sent, Answer(400, b"{}", {}))


def test_a_body_that_is_no_json_has_no_schema() -> None:
    """Real servers take it for none."""
    sent = SentRequest("POST /flows/", "POST", "/flows/", b"name", {"content-type": "text/plain"})
    with MockPool() as mocks:
        assert not Explainer(SPEC, mocks).is_documented_refusal(sent, Answer(422, b"{}", {}))


def test_what_makes_a_real_server_fail_is_refused_by_a_mock_of_the_document() -> None:
    """The schema allows it, and has no 5xx."""
    body = {"filter": {"event": None}, "time_unit": "second", "time_interval": 5.7e306}
    path = "/events/count-by/time"
    content = json.dumps(body).encode()
    sent = SentRequest("POST /events/count-by/{countable}", "POST", path, content, {})
    with MockPool() as mocks:
        answer = mocks.prepare(SPEC, Seeds()).send("POST", path, content, {})
        assert answer.status == 422
        assert Explainer(SPEC, mocks).is_documented_refusal(sent, answer)


def test_known_records_are_put_into_later_requests() -> None:
    """Most of the time, by the order in which they were created; what names none is left."""
    known = KnownRecords(1)
    ids = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(8)]
    for number, one in enumerate(ids):
        reply = json.dumps({"id": one, "name": f"n{number}"}).encode()
        known.note(
            SentRequest("POST /variables/", "POST", "/variables/", b"", {}), Answer(201, reply, {})
        )
    known.note(SentRequest("POST /flows/", "POST", "/flows/", b"", {}), Answer(201, b"<html>", {}))
    known.note(SentRequest("POST /flows/", "POST", "/flows/", b"", {}), Answer(200, b'["x"]', {}))
    known.note(
        SentRequest("POST /flows/", "POST", "/flows/", b"", {}), Answer(409, b'{"id": "x"}', {})
    )
    known.note(
        SentRequest("POST /logs/", "POST", "/logs/", b"", {}), Answer(201, b'{"id": "x"}', {})
    )
    drawn = [known.in_path("/variables/{id}", {"id": f"{n}"})["id"] for n in range(50)]
    assert set(drawn) & set(ids) == set(ids[-5:])
    assert drawn == [known.in_path("/variables/{id}", {"id": f"{n}"})["id"] for n in range(50)]
    names = {known.in_path("/variables/name/{name}", {"name": f"{n}"})["name"] for n in range(50)}
    assert names >= {"n3", "n7"}
    assert known.in_path("/flows/{id}", {"id": "1"}) == {"id": "1"}
    assert known.in_body({"flow_id": "1"}) == {"flow_id": "1"}
    flow = Answer(201, b'{"id": "f"}', {})
    known.note(SentRequest("POST /flows/", "POST", "/flows/", b"", {}), flow)
    assert {known.in_body({"flow_id": f"{n}"})["flow_id"] for n in range(9)} > {"f"}
    assert [known.in_body(body) for body in ([1], {"flow_id": 1})] == [[1], {"flow_id": 1}]


def test_every_check_has_an_id_of_its_own() -> None:
    """Findings carry the id."""
    assert len({check.id for check in CHECKS}) == len(CHECKS)


def test_whatever_only_reads_is_fuzzed() -> None:
    """But for what has a reason not to be; of what writes, only what can be taken away again.

    On a server that the kit has started, all that writes.
    """
    document = openapi.document()
    named = {
        f"{method.upper()} {path}": is_read_only(method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }
    reads = {name for name, reads in named.items() if reads}
    campaign = Campaign(Target("http://127.0.0.1:1"), FuzzSettings())
    assert set(campaign.operations) == (reads - NOT_FUZZED.keys()) | FUZZED_WRITES
    assert NOT_FUZZED.keys() <= reads
    assert "POST /variables/filter" in reads
    writes = {"POST /flows/bulk_delete", "DELETE /variables/name/{name}"}
    assert named.keys() - reads >= writes
    parts = list(campaign.parts())
    assert ("fuzzing", "POST /variables/filter") in parts
    assert ("coverage", "POST /variables/filter") not in parts
    assert set(campaign.unsent) == named.keys() - reads - FUZZED_WRITES
    assert (
        Campaign(Target("http://127.0.0.1:1"), FuzzSettings(operations=("POST /logs/",))).unsent
        == []
    )
    ours = Campaign(owned_target("http://127.0.0.1:1"), FuzzSettings())
    assert set(ours.operations) == named.keys() - NOT_FUZZED.keys()
    assert all(("coverage", name) in list(ours.parts()) for name in writes)
    thorough = Campaign(Target("http://127.0.0.1:1"), FuzzSettings(thorough=True))
    assert ("coverage", "POST /variables/filter") in list(thorough.parts())
