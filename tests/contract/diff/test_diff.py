# The verb `diff`, against servers on a socket: what it finds, names, and leaves as it was.

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.diff.runner import DiffSettings, diff
from mockserver.contract.findings import Finding, Outcome, Party, Verdict
from mockserver.contract.server.detect import Identity, identify
from mockserver.contract.server.snapshot import take_snapshot
from mockserver.contract.server.target import Limits, Ownership, Target, TargetError
from mockserver.errors import UsageError
from mockserver.prefect.dialects import DIALECTS, SPEC, Dialect
from mockserver.resources import resource_path
from mockserver.seeds.loading import load_seeds
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import serve_store

SHIPPED = load_seeds([resource_path("fixtures")], datetime.now(UTC)).base()
FEW = DiffSettings(filters=250, deletes=12, delete=True, runs=40)


@contextmanager
def serving(
    dialect: Dialect, *, runs: bool = False, ownership: Ownership = Ownership.DISPOSABLE
) -> Iterator[Target]:
    """A mock in a dialect, with the shipped runs or none, as a target."""
    with serve_store(Store(SHIPPED if runs else Base([])), Settings(dialect=dialect)) as client:
        host, port = client.address
        yield Target(f"http://{host}:{port}", ownership=ownership)


def compared(target: Target, journals: Path, settings: DiffSettings = FEW, **how: Any) -> Outcome:
    return diff(target, identify(target, **how), settings, journals, lambda *_: None)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("runs", [False, True], ids=["empty", "with other runs"])
def test_a_mock_means_what_its_dialect_means(name: str, runs: bool, tmp_path: Path) -> None:
    """No difference, every deviation of the dialect known, and not a run more or less."""
    whose = Ownership.DISPOSABLE if runs else Ownership.OURS
    with serving(DIALECTS[name], runs=runs, ownership=whose) as target:
        before = take_snapshot(target)
        outcome = compared(target, tmp_path)
        assert take_snapshot(target) == before
        assert target.request_json("POST", "/flows/count", {}) == len(SHIPPED.flows) * runs
    assert not outcome.fails, outcome.findings
    assert outcome.counts["filters"] == 250
    assert outcome.counts["deletes"] >= 12
    assert list(tmp_path.iterdir()) == []
    known = {finding.deviation for finding in outcome.findings}
    assert ("state-both-lists" in known) == (name != "spec")
    assert all(finding.party is Party.DOCUMENT for finding in outcome.findings)
    said = " ".join(outcome.holds)
    assert ("sentinels" in said) == runs
    assert len(before) == (60 if runs else 0)


def findings_of(
    server: Dialect, held_against: Dialect, journals: Path, settings: DiffSettings = FEW
) -> list[Finding]:
    with serving(server) as target:
        outcome = compared(target, journals, settings, dialect=held_against)
    return [finding for finding in outcome.findings if finding.fails]


def test_a_deviation_that_does_not_show_any_more_is_told(tmp_path: Path) -> None:
    """A server that does what its document says, held against a dialect that knows otherwise."""
    settings = DiffSettings(filters=250, runs=40)
    found = findings_of(SPEC, DIALECTS["prefect-sqlite"], tmp_path, settings)
    gone = {finding.deviation: finding for finding in found}
    assert gone.keys() >= {"state-both-lists", "like-wildcards", "like-nul"}
    assert {finding.party for finding in found} == {Party.MOCK}
    assert {finding.verdict for finding in found} == {Verdict.GONE}
    both = gone["state-both-lists"]
    assert '"any_": ["COMPLETED"], "not_any_": ["FAILED"]' in both.curl


def test_a_difference_is_the_smallest_filter_and_names_who_is_wrong(tmp_path: Path) -> None:
    """A server that does what neither its document nor the dialect says."""
    settings = DiffSettings(filters=250, runs=40)
    found = findings_of(DIALECTS["prefect-sqlite"], SPEC, tmp_path, settings)
    (both,) = [one for one in found if "state.type" in one.evidence or '"type"' in one.evidence]
    assert both.party is Party.SERVER
    assert "has 40 flow runs; spec has" in both.sentence
    assert "only the server has" in both.evidence
    assert "state_type" in both.evidence


def sent_by(run: Callable[[Target], object], target: Target) -> set[str]:
    """Methods and paths of what a function sends."""
    sent = set()
    send = target._send

    def noted(method: str, path: str, *rest: Any) -> Any:
        sent.add(f"{method} {path}")
        return send(method, path, *rest)

    target._send = noted  # type: ignore[method-assign, assignment]
    run(target)
    return sent


def test_on_a_shared_server_nothing_is_created(tmp_path: Path) -> None:
    """Without --existing it is refused before anything is sent, and told how to allow it."""
    with serving(SPEC, runs=True, ownership=Ownership.SHARED) as target:
        identity = identify(target)
        sent = target.sent
        for settings in (DiffSettings(), DiffSettings(delete=True)):
            with pytest.raises(UsageError, match=r"--disposable.*--existing"):
                diff(target, identity, settings, tmp_path, lambda *_: None)
        assert target.sent == sent


def test_existing_only_reads(tmp_path: Path) -> None:
    """What it sends are lists and counts, and it tries the values that the runs have."""
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
    assert "200 filters select of 60 flow runs that were there" in outcomes[0].holds[0]
    assert list(tmp_path.iterdir()) == []


def test_what_others_change_meanwhile_is_no_difference(tmp_path: Path) -> None:
    """Runs that come and go while their server is looked at are read anew."""
    with serving(SPEC, runs=True) as target:
        identity = identify(target)

        def say(_what: str, done: int, _of: int) -> None:
            if done in (40, 80, 120):
                page = target.request_json("POST", "/flow_runs/filter", {"limit": 1, "offset": 5})
                target.request_json("DELETE", f"/flow_runs/{page[0]['id']}")

        settings = DiffSettings(existing=True, filters=150)
        outcome = diff(target, identity, settings, tmp_path, say)
    assert outcome.findings == []
    assert "of 57 flow runs" in outcome.holds[0]


def test_a_ceiling_ends_a_run_and_leaves_nothing(tmp_path: Path) -> None:
    """What was made is taken away, however many requests that takes."""
    with serving(SPEC) as target:
        identity = identify(target)
        target.limits = Limits(requests=120)
        with pytest.raises(TargetError, match="--max-requests"):
            diff(target, identity, FEW, tmp_path, lambda *_: None)
        assert list(tmp_path.iterdir()) == []
        assert len(take_snapshot(Target(target.url))) == 0


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_is_found_out_by_reading(name: str) -> None:
    """Two or three requests that change nothing tell which dialect a server speaks."""
    with serving(DIALECTS[name], runs=True) as target:
        identity = identify(target)
        assert identity == Identity(DIALECTS[name], "3.8.8", identity.dialect_evidence, True)
        assert identity.measured
        assert len(take_snapshot(target)) == 60


def test_what_is_no_prefect_api_is_told() -> None:
    """A URL of something else is an error with its answer, not a traceback."""
    with serving(SPEC) as target:
        wrong = Target(f"{target.url.removesuffix('/api')}/nowhere")
        with pytest.raises(TargetError, match=r"is not a complete Prefect API: .*404"):
            identify(wrong)
