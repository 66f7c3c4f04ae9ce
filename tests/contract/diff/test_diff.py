# The command `diff` against servers on a socket. Invariant: whatever it finds, flow runs that it
# did not create are unchanged afterwards, and those that it created are gone.

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web

from mockserver.contract.diff.runner import DiffSettings, diff
from mockserver.contract.findings import Finding, Outcome, Party, Verdict
from mockserver.contract.server.detect import identify
from mockserver.contract.server.snapshot import take_snapshot
from mockserver.contract.server.target import Limits, Ownership, Target, TargetError
from mockserver.errors import UsageError
from mockserver.prefect.deviations import DEVIATIONS
from mockserver.prefect.dialects import (
    DIALECTS,
    PREFECT_SQLITE,
    SPEC,
    Dialect,
    LikeCase,
    dialect_for,
    find_dialect,
)
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.prefect.releases import NEWEST
from mockserver.resources import resource_path
from mockserver.seeds.loading import load_seeds
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.server_mutants import Handler, Mutant, body_of, serve_mutant
from tests.support.servers import serve_store

SHIPPED = load_seeds([resource_path("fixtures")], datetime.now(UTC)).base()
FEW = DiffSettings(filters=250, deletes=12, delete=True, runs=40)


@contextmanager
def serving(
    dialect: Dialect, *, runs: bool = False, ownership: Ownership = Ownership.DISPOSABLE
) -> Iterator[Target]:
    """Serve a mock under a dialect, with the shipped runs or none; yields a target for it."""
    with serve_store(Store(SHIPPED if runs else Base([])), Settings(dialect=dialect)) as client:
        host, port = client.address
        yield Target(f"http://{host}:{port}", ownership=ownership)


def run_diff(target: Target, journals: Path, settings: DiffSettings = FEW, **how: Any) -> Outcome:
    return diff(target, identify(target, **how), settings, journals, lambda *_: None)


ERAS = ("spec", "prefect-sqlite@3.6.22", "prefect-postgresql@3.9.0", "prefect-sqlite@3.9.1")
"""The document, and a release of each way to read filters."""


@pytest.mark.parametrize("name", ERAS)
@pytest.mark.parametrize("runs", [False, True], ids=["empty", "with other runs"])
def test_a_mock_differs_in_nothing_from_its_dialect(name: str, runs: bool, tmp_path: Path) -> None:
    """Its deviations are known, and the runs on it are those from before."""
    ownership = Ownership.DISPOSABLE if runs else Ownership.OURS
    dialect = find_dialect(name)
    with serving(dialect, runs=runs, ownership=ownership) as target:
        before = take_snapshot(target)
        outcome = run_diff(target, tmp_path)
        assert take_snapshot(target) == before
        assert target.request_json("POST", "/flows/count", {}) == len(SHIPPED.flows) * runs
    assert not outcome.fails, outcome.findings
    assert outcome.counts["filters"] == 250
    assert outcome.counts["deletes"] >= 12
    assert list(tmp_path.iterdir()) == []
    known = {finding.deviation for finding in outcome.findings}
    assert known == {one.id for one in DEVIATIONS if one.in_filters and dialect.has(one)}
    assert all(finding.party is Party.DOCUMENT for finding in outcome.findings)
    holds = " ".join(outcome.holds)
    assert ("sentinels" in holds) == runs
    assert len(before) == (60 if runs else 0)


OLD = dialect_for("sqlite", "3.8.8")


def failing_findings(
    server: Dialect, expected: Dialect, journals: Path, settings: DiffSettings = FEW
) -> list[Finding]:
    with serving(server) as target:
        outcome = run_diff(target, journals, settings, dialect=expected)
    return [finding for finding in outcome.findings if finding.fails]


def test_a_deviation_that_a_server_does_not_show_is_gone(tmp_path: Path) -> None:
    """A server that does what the document says, compared with a dialect that deviates."""
    settings = DiffSettings(filters=250, runs=40)
    found = failing_findings(SPEC, OLD, tmp_path, settings)
    gone = {finding.deviation: finding for finding in found}
    assert gone.keys() >= {"state-both-lists", "like-wildcards", "like-nul"}
    assert {finding.party for finding in found} == {Party.MOCK}
    assert {finding.verdict for finding in found} == {Verdict.GONE}
    both = gone["state-both-lists"]
    assert '"any_": ["COMPLETED"], "not_any_": ["FAILED"]' in both.curl


def test_a_difference_is_shrunk_and_names_the_party_that_is_wrong(tmp_path: Path) -> None:
    """A server that does what neither the document nor the expected dialect says is wrong."""
    settings = DiffSettings(filters=250, runs=40)
    found = failing_findings(OLD, SPEC, tmp_path, settings)
    (both,) = [one for one in found if "state.type" in one.evidence or '"type"' in one.evidence]
    assert both.party is Party.SERVER
    assert "has 40 flow runs, 36 of them unexpected; spec has" in both.sentence
    assert "only the server has" in both.evidence
    assert "state_type" in both.evidence


def differing_server(version: str, journals: Path) -> list[Finding]:
    """What is found on a server without like-case-ascii and with state-both-lists."""
    dialect = replace(PREFECT_SQLITE, like_case_ascii=LikeCase.FOLD, state_both_lists=True)
    settings = DiffSettings(filters=250, runs=40)
    with serving(dialect) as target:
        identity = replace(identify(target), version=version)
        assert identity.dialect is PREFECT_SQLITE
        outcome = diff(target, identity, settings, journals, lambda *_: None)
    return [finding for finding in outcome.findings if finding.fails]


def test_on_a_measured_release_the_mock_is_wrong(tmp_path: Path) -> None:
    """It claims to be exact there."""
    found = differing_server(NEWEST, tmp_path)
    assert {finding.party for finding in found} == {Party.MOCK}
    assert {(finding.deviation, finding.sentence.rpartition("; ")[2]) for finding in found} == {
        ("like-case-ascii", "the server does what the document says, so like-case-ascii is gone"),
        (None, "Prefect 3.9.1 was measured, so the mock has it wrong"),
    }


def test_on_a_newer_release_the_one_before_tells_who_is_wrong(tmp_path: Path) -> None:
    """The mock, if the server now follows the document; the server, if it does no longer."""
    found = differing_server("3.9.5", tmp_path)
    assert {
        (finding.party, finding.deviation, finding.sentence.rpartition("; ")[2])
        for finding in found
    } == {
        (
            Party.MOCK,
            "like-case-ascii",
            "the server does what the document says, so like-case-ascii is gone",
        ),
        (Party.SERVER, None, "Prefect 3.9.1 did what the document says"),
    }


def sent_by(run: Callable[[Target], object], target: Target) -> set[str]:
    """Methods and paths of the requests that a function sends."""
    sent = set()
    send = target._send

    def record(method: str, path: str, *rest: Any) -> Any:
        sent.add(f"{method} {path}")
        return send(method, path, *rest)

    target._send = record  # type: ignore[method-assign, assignment]
    run(target)
    return sent


def test_on_a_shared_server_nothing_is_created(tmp_path: Path) -> None:
    """Without --existing, diff is refused before any request; the error names the flags."""
    with serving(SPEC, runs=True, ownership=Ownership.SHARED) as target:
        identity = identify(target)
        sent = target.sent
        for settings in (DiffSettings(), DiffSettings(delete=True)):
            with pytest.raises(UsageError, match=r"--disposable.*--existing"):
                diff(target, identity, settings, tmp_path, lambda *_: None)
        assert target.sent == sent


def test_existing_only_reads(tmp_path: Path) -> None:
    """It sends only lists and counts, and compares on the runs that are there."""
    with serving(DIALECTS["prefect-postgresql"], runs=True, ownership=Ownership.SHARED) as target:
        identity = identify(target)
        outcomes: list[Outcome] = []
        settings = DiffSettings(existing=True, filters=200)
        sent = sent_by(
            lambda one: outcomes.append(diff(one, identity, settings, tmp_path, lambda *_: None)),
            target,
        )
    assert sent == {"POST /flow_runs/filter", "POST /flow_runs/count", "POST /task_runs/filter"}
    assert not outcomes[0].fails, outcomes[0].findings
    assert outcomes[0].holds[0] == (
        "filters select the same as prefect-postgresql@3.9.1 does, of flow runs that were there"
    )
    counts = outcomes[0].counts
    assert counts["filters that agree"] == 200
    assert counts["flow runs"] == 60
    assert list(tmp_path.iterdir()) == []


def test_runs_that_others_delete_meanwhile_are_no_difference(tmp_path: Path) -> None:
    """Before a difference counts, the runs are read anew."""
    with serving(SPEC, runs=True) as target:
        identity = identify(target)

        def delete_sometimes(_what: str, done: int, _total: int) -> None:
            if done in (40, 80, 120):
                page = target.request_json("POST", "/flow_runs/filter", {"limit": 1, "offset": 5})
                target.request_json("DELETE", f"/flow_runs/{page[0]['id']}")

        settings = DiffSettings(existing=True, filters=150)
        outcome = diff(target, identity, settings, tmp_path, delete_sometimes)
    assert outcome.findings == []
    assert outcome.counts["flow runs"] == 57


def test_the_limit_of_requests_ends_a_run_and_nothing_is_left(tmp_path: Path) -> None:
    """The created runs are deleted, however many requests that takes."""
    with serving(SPEC) as target:
        identity = identify(target)
        target.limits = Limits(requests=120)
        with pytest.raises(TargetError, match="--max-requests"):
            diff(target, identity, FEW, tmp_path, lambda *_: None)
        assert list(tmp_path.iterdir()) == []
        assert len(take_snapshot(Target(target.url))) == 0


def many_runs(count: int) -> Store:
    """Flow runs of which 25 are completed, and the others failed."""
    return Store(
        Base(
            FlowRun(
                id=f"{number:08}-0000-4000-8000-000000000000",
                name="a",
                state=State(StateType.COMPLETED, "Completed")
                if number < 25
                else State(StateType.FAILED, "Failed"),
            )
            for number in range(count)
        )
    )


EXISTING = DiffSettings(existing=True, filters=60)


def test_a_server_with_more_runs_than_a_page_is_told_with_its_own_answer(tmp_path: Path) -> None:
    """Not with what the twin expects beyond the first page."""
    with serve_store(many_runs(279), Settings(dialect=SPEC)) as client:
        target = Target("http://{}:{}".format(*client.address))
        outcome = run_diff(target, tmp_path, EXISTING, dialect=OLD)
    found = [one for one in outcome.findings if one.deviation == "state-both-lists"]
    assert {(one.verdict, one.party) for one in found} == {(Verdict.GONE, Party.MOCK)}
    told = found[0].sentence
    assert "the server has 25 flow runs; prefect-sqlite@3.8.8 has 279 flow runs" in told
    assert "the document has 25 flow runs" in told
    with serve_store(many_runs(279), Settings(dialect=OLD)) as client:
        target = Target("http://{}:{}".format(*client.address))
        outcome = run_diff(target, tmp_path, EXISTING, dialect=OLD)
    assert not outcome.fails, outcome.findings


def test_a_server_that_changes_meanwhile_is_not_called_wrong(tmp_path: Path) -> None:
    """Its runs are others with each list: the filters are left undecided, and that is said."""
    store = many_runs(30)

    async def change(request: web.Request, handler: Handler) -> web.StreamResponse:
        reply = await handler(request)
        if request.path.endswith("/flow_runs/filter"):
            store.delete([next(iter(store)).id])
            store.put(replace(next(iter(store)), id=str(uuid4()), name=str(uuid4())))
        return reply

    changing = Mutant("changes", "has other runs with each request", change, ())
    with serve_mutant(changing, store, Settings(dialect=PREFECT_SQLITE)) as client:
        target = Target(client.url)
        outcome = run_diff(target, tmp_path, DiffSettings(existing=True, filters=40))
    assert not outcome.fails, outcome.findings
    assert "the server changed while it was asked" in " ".join(outcome.notes)
    assert not outcome.is_complete


def test_an_answer_that_is_not_repeated_is_no_difference(tmp_path: Path) -> None:
    """A finding is confirmed by asking once more."""
    answers = 0

    async def fail_once(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal answers
        answers += request.path.endswith("/flow_runs/filter")
        if answers % 7 == 6 and request.path.endswith("/flow_runs/filter"):
            body = await body_of(request)
            if "state" in ((body or {}).get("flow_runs") or {}):
                return web.json_response([])
        return await handler(request)

    mutant = Mutant("fails now and then", "lists nothing once", fail_once, ())
    with serve_mutant(mutant, Store(Base([])), Settings(dialect=PREFECT_SQLITE)) as client:
        target = Target(client.url, ownership=Ownership.OURS)
        outcome = run_diff(target, tmp_path, DiffSettings(filters=200, runs=40))
    assert not outcome.fails, outcome.findings
    assert "did not repeat its answer" in " ".join(outcome.notes)
