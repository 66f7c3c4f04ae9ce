# For any request: the mock keeps the document in `spec`, and deviates only as registered in the
# others; and a server that is wrong in one way is caught, by the rule that is about it.
"""fuzz, the verb of the contract kit: on mocks that are right, and on some that are wrong."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from mockserver.contract.findings import Outcome, Verdict
from mockserver.contract.fuzz import checks, probes
from mockserver.contract.fuzz import explainer as expected
from mockserver.contract.fuzz import mock_pool as standins
from mockserver.contract.fuzz import runner as fuzz
from mockserver.contract.fuzz import substitution as meeting
from mockserver.contract.fuzz.campaign import FuzzSettings
from mockserver.contract.fuzz.checks import CHECKS, ObservedExchange, SentRequest
from mockserver.contract.fuzz.hook_files import copy_hooks
from mockserver.contract.server.target import Answer, Limits, Ownership, RequestLimitReached, Target
from mockserver.errors import UsageError
from mockserver.http.app import create_app
from mockserver.prefect import openapi
from mockserver.prefect.deviations import BULK_DELETE, DEVIATIONS
from mockserver.prefect.dialects import DIALECTS, SPEC, Dialect
from mockserver.prefect.records import FlowRun
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.server_mutants import SERVER_MUTANTS, Handler, Mutant, serve_mutant
from tests.support.servers import serve_app
from tests.support.strategies import IDS

FEW = FuzzSettings(max_examples=3, phases=("examples", "fuzzing", "stateful"))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Servers that are sent anything at all log much of it."""
    log = logging.getLogger("mockserver")
    before, log.level = log.level, logging.CRITICAL
    yield
    log.level = before


def ours(url: str, **limits: float) -> Target:
    return Target(url, {}, Ownership.OURS, Limits(**limits))  # type: ignore[arg-type]


def failures(outcome: Outcome) -> list[str]:
    return [f"{one.check}: {one.sentence}\n{one.curl}" for one in outcome.findings if one.fails]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_a_mock_keeps_its_contract(dialect: Dialect) -> None:
    """Only what is known is found, none of it is missing, and nothing stays behind."""
    store = Store(Base(()))
    methods: set[tuple[str, str]] = set()

    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if resource is not None:
            methods.add((request.method, resource.canonical.removeprefix("/api")))
        return await handler(request)

    wrong = Mutant("right", "does nothing but look on", note, ())
    created: list[str] = []
    said: list[str] = []
    with serve_mutant(wrong, store, Settings(dialect=dialect)) as client:
        outcome = fuzz.fuzz(ours(client.url), dialect, FEW, said.append, created.append)
    assert failures(outcome) == []
    assert outcome.notes == []
    shown = {one.deviation for one in outcome.findings if one.verdict is Verdict.KNOWN}
    assert shown == {one.id for one in DEVIATIONS if expected.shows_in(one.id, dialect)}
    assert len(store) == 0
    assert len(store.task_runs) == 0
    assert {path.split("/")[1] for path in created} == {"flow_runs", "flows", "task_runs"}
    assert said
    known = {
        (method.upper(), path)
        for path, methods in openapi.document()["paths"].items()
        for method in methods
    }
    assert methods <= {*known, ("GET", "/openapi.yaml")}


@pytest.mark.parametrize("wrong", SERVER_MUTANTS, ids=lambda wrong: wrong.name)
def test_a_wrong_server_is_caught(wrong: Mutant) -> None:
    """By a rule that is about what is wrong with it."""
    settings = FuzzSettings(phases=(), probes=False)
    with serve_mutant(wrong, Store(Base(()))) as client:
        outcome = fuzz.fuzz(ours(client.url), SPEC, settings)
    found = {one.check for one in outcome.findings if one.fails}
    assert found & set(wrong.found_by), failures(outcome)


def test_a_deviation_that_is_gone_and_one_that_is_new() -> None:
    """A server that is another than expected is told by the deviations that it shows."""
    sqlite = DIALECTS["prefect-sqlite"]
    settings = FuzzSettings(operations=("GET /health",), phases=("examples",))
    with serve_app(create_app(Store(Base(())), Settings(dialect=SPEC))) as client:
        outcome = fuzz.fuzz(ours(client.url), sqlite, settings)
    verdicts = {one.deviation: one.verdict for one in outcome.findings}
    assert verdicts["state-both-lists"] is Verdict.GONE
    assert verdicts["client-nulls"] is Verdict.KNOWN
    with serve_app(create_app(Store(Base(())), Settings(dialect=sqlite))) as client:
        outcome = fuzz.fuzz(ours(client.url), SPEC, settings)
    verdicts = {one.deviation: one.verdict for one in outcome.findings}
    assert verdicts["state-both-lists"] is Verdict.NEW
    assert "client-nulls" not in verdicts


def test_every_deviation_has_a_probe() -> None:
    """Else one that is gone would not be noticed."""
    assert [one.id for one in DEVIATIONS] == list(probes.PROBES)


def test_what_is_not_ours_is_not_fuzzed() -> None:
    """A shared server is refused before anything is sent, and so are settings that are wrong."""
    shared = Target("http://127.0.0.1:9/api")
    with pytest.raises(UsageError, match="--disposable"):
        fuzz.fuzz(shared, SPEC)
    for settings, about in (
        (FuzzSettings(phases=("all",)), "'all' is no phase"),
        (FuzzSettings(operations=("GET /nothing",)), "'GET /nothing' is no operation"),
        (FuzzSettings(reports=("pdf",)), "'pdf' is no report"),
    ):
        with pytest.raises(UsageError, match=about):
            fuzz.fuzz(ours("http://127.0.0.1:9/api"), SPEC, settings)
    assert shared.sent == 0


def test_a_ceiling_ends_it() -> None:
    """It is said that it was not done, and the runs that were created are gone."""
    store = Store(Base(()))
    settings = FuzzSettings(operations=("POST /flow_runs/",), probes=False)
    with serve_app(create_app(store)) as client:
        target = ours(client.url, requests=500)
        outcome = fuzz.fuzz(target, SPEC, settings)
        with pytest.raises(RequestLimitReached):
            target.throttle()
    assert [one.check for one in outcome.findings if "--max-requests" in one.sentence] == [
        "not-done"
    ]
    assert len(store) == 0


def test_reports_of_schemathesis_are_written(tmp_path: Path) -> None:
    """Each in its format, into the folder."""
    settings = FuzzSettings(
        operations=("GET /health",),
        phases=("examples", "fuzzing"),
        reports=("junit", "har", "ndjson", "html"),
        folder=tmp_path,
        probes=False,
    )
    with serve_app(create_app(Store(Base(())))) as client:
        fuzz.fuzz(ours(client.url), SPEC, settings)
    (lines,) = tmp_path.glob("*.ndjson")
    assert "EngineFinished" in lines.read_text(encoding="utf-8").splitlines()[-1]
    kinds = {entry.name.partition("-")[0] for entry in tmp_path.iterdir()}
    assert kinds == set(settings.reports)


def test_files_to_copy_work_with_st_run(tmp_path: Path) -> None:
    """`st run` in a folder with the hooks and settings finds nothing wrong with the mock, and what
    is wrong with a wrong server.
    """
    copied = copy_hooks(tmp_path)
    assert {path.name for path in copied} == {"openapi.yaml", "schemathesis.toml", "st_hooks.py"}
    with pytest.raises(UsageError, match="is there already"):
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


# --- the parts ------------------------------------------------------------------------------------

RUNS = {run_id: {"name": f"run-{run_id[0]}", "tags": ["a"], "state_name": "Done"} for run_id in IDS}


def test_requests_meet_the_runs_that_are_there() -> None:
    """Ids, names and tags become those of runs, each of its kind, and always the same."""
    body = {
        "flow_runs": {
            "id": {"any_": [IDS[0].replace("0", "9")] * 9, "not_any_": None},
            "name": {"any_": ["x"] * 9, "like_": "y"},
            "tags": {"operator": "or_", "all_": ["z", 1]},
            "state": {"type": {"any_": ["FAILED"]}, "name": {"any_": ["w"]}},
        },
        "limit": 3,
    }
    met = [meeting.substitute_known_values(body, RUNS, seed) for seed in range(30)]
    assert met == [meeting.substitute_known_values(body, RUNS, seed) for seed in range(30)]
    assert any(set(one["flow_runs"]["id"]["any_"]) <= set(IDS) for one in met)
    assert any(one["flow_runs"]["state"]["name"] == {"any_": ["Done"]} for one in met)
    assert any(one["flow_runs"]["tags"]["all_"] == ["a", 1] for one in met)
    for one in met:
        assert one["limit"] == 3
        assert one["flow_runs"]["tags"]["operator"] == "or_"
        assert one["flow_runs"]["state"]["type"] == {"any_": ["FAILED"]}
    others: tuple[object, ...] = (None, [], {"flow_runs": 1}, {"flow_runs": {"id": 1}})
    for other in others:
        assert meeting.substitute_known_values(other, RUNS, 1) == other


def test_the_run_that_is_met_does_not_depend_on_its_id() -> None:
    """A server makes up ids; the same seed has to meet the same run again."""
    made = [
        {"name": "first", "created": "2026-01-01T00:00:00Z"},
        {"name": "second", "created": "2026-01-01T00:00:01Z"},
    ]
    there, back = (dict(zip(ids, made, strict=True)) for ids in (IDS[:2], IDS[1::-1]))
    for seed in range(20):
        met = [
            runs[meeting.assign_to_runs({}, runs, seed)["flow_run_id"]] for runs in (there, back)
        ]
        assert met[0] == met[1]


def test_what_cannot_be_deleted_is_of_a_run_that_can() -> None:
    """A task run or a line that names no run names one, and is no other than it was otherwise."""
    nobody = IDS[0].replace("0", "9")
    for record in ({"task_key": "a"}, {"task_key": "a", "flow_run_id": None}):
        met = meeting.assign_to_runs(record, RUNS, 1)
        assert met == {"task_key": "a", "flow_run_id": met["flow_run_id"]}
        assert met["flow_run_id"] in RUNS
    lines = [{}, {"flow_run_id": nobody}, {"flow_run_id": IDS[0]}, {"flow_run_id": "no id"}, 7]
    first, second, *others = meeting.assign_to_runs(lines, RUNS, 1)
    assert {first["flow_run_id"], second["flow_run_id"]} <= set(RUNS)
    assert others == lines[2:]
    untouched: tuple[object, ...] = ({"flow_run_id": nobody}, {"flow_run_id": 5}, None, "text")
    for other in untouched:
        assert meeting.assign_to_runs(other, RUNS, 1) == other
    assert meeting.assign_to_runs({}, {}, 1) == {}


def exchange(deleted: list[str], **values: object) -> ObservedExchange:
    sent = SentRequest(BULK_DELETE, "POST", "/flow_runs/bulk_delete", b'{"limit": 2}', {})
    answer = Answer(200, json.dumps({"deleted": deleted}).encode(), {})
    after = {run_id: run for run_id, run in RUNS.items() if run_id not in deleted}
    whole = {"before": RUNS, "after": after, "matching": sorted(IDS, reverse=True), **values}
    return ObservedExchange(sent, answer, **whole)  # type: ignore[arg-type]


def test_rules_let_pass_what_is_right() -> None:
    """A deletion of the two highest ids breaks none."""
    assert list(checks.find_violations(exchange(IDS[:-3:-1]))) == []


@pytest.mark.parametrize(
    ("one", "broken"),
    [
        (exchange([IDS[-1]] * 2), {"unique", "as-many-as-may"}),
        (exchange(IDS[-3:]), {"at-most-limit"}),
        (exchange(IDS[-1:]), {"as-many-as-may"}),
        (exchange([IDS[-1], IDS[3]]), {"highest-ids"}),
        (exchange(IDS[:-3:-1], after=RUNS), {"gone-afterwards"}),
        (exchange(IDS[:-3:-1], get_statuses={IDS[-1]: 200}), {"gone-afterwards"}),
        (exchange(IDS[:-3:-1], expected_warnings=frozenset({"no-filter"})), {"warned"}),
        (exchange(IDS[:-3:-1], list_error="500"), {"still-readable"}),
        (exchange(IDS[:-3:-1], repeat_answer=Answer(500, b"", {})), {"again-only-the-rest"}),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else "",
)
def test_rules_catch_what_is_not(one: ObservedExchange, broken: set[str]) -> None:
    """Each wrong deletion breaks the rules that are about it, and no other."""
    assert {check.id for check, _ in checks.find_violations(one)} == broken


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
def test_rules_for_other_operations(
    operation: str, status: int, values: dict[str, object], broken: set[str]
) -> None:
    """What reads, what is refused, what creates and what deletes one are held to it, too."""
    method, _, path = operation.partition(" ")
    sent = SentRequest(operation, method, path, b"{", {})
    whole = {"before": RUNS, "after": RUNS, **values}
    one = ObservedExchange(sent, Answer(status, b"{}", {}), **whole)  # type: ignore[arg-type]
    assert {check.id for check, _ in checks.find_violations(one)} == broken


def test_what_no_mock_shows_is_told_by_hand() -> None:
    """Labels that cannot be read, and texts that a database cannot hold; nothing else is."""
    postgresql = DIALECTS["prefect-postgresql"]
    labels = "PATCH /flow_runs/{id}/labels"
    with standins.MockPool() as mocks:
        explainer = expected.Explainer(postgresql, mocks)
        for operation, body, status, deviation in (
            (labels, b'{"a": {"b": 1}}', 204, "unreadable-labels"),
            (labels, b'{"a": 1}', 204, None),
            ("POST /flows/", b'{"name": "\\u0000"}', 503, "undocumented-5xx"),
            ("POST /flows/", b'{"tags": [1e999]}', 500, "undocumented-5xx"),
            ("POST /flows/", b'{"name": "a"}', 503, None),
        ):
            sent = SentRequest(operation, "POST", "/", body, {})
            assert explainer.explain_by_table(sent, Answer(status, b"", {})) == deviation


def test_every_rule_is_told_apart() -> None:
    """By its id, which findings carry."""
    assert len({check.id for check in CHECKS}) == len(CHECKS)
