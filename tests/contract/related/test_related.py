# The half of `diff` that is about flows and deployments, against servers on a socket. Invariant:
# whatever it finds, what others have there is unchanged afterwards, and what it created is gone.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from mockserver.contract.diff.filter_comparison import MAX_DIFFERENCES
from mockserver.contract.diff.runner import DiffSettings
from mockserver.contract.findings import Finding, Outcome, Party, Verdict, is_covered
from mockserver.contract.related.created_records import DEPLOYMENTS, FLOWS, RUNS
from mockserver.contract.related.questions import Question
from mockserver.contract.related.related_twin import RelatedTwin
from mockserver.contract.related.runner import diff_related
from mockserver.contract.server.detect import identify
from mockserver.contract.server.target import Ownership, Target, TargetError
from mockserver.contract.shards import Shard
from mockserver.errors import UsageError
from mockserver.prefect.dialects import PREFECT_SQLITE, SPEC, Dialect, dialect_for, find_dialect
from mockserver.prefect.records import Deployment, Flow, FlowRun
from mockserver.resources import resource_path
from mockserver.seeds.loading import load_seeds
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.related_mutants import RELATED_MUTANTS, changes_body, changes_deleted
from tests.support.server_mutants import (
    Handler,
    Middleware,
    Mutant,
    body_of,
    json_reply,
    serve_mutant,
)

ALL = DiffSettings(delete=True)
READS = DiffSettings(filters=240)
"""80 filters, and no deletes."""
SOME = DiffSettings(filters=30, deletes=60, delete=True)
"""10 filters and up to 15 deletes."""
SHIPPED = load_seeds([resource_path("fixtures")], datetime.now(UTC)).base()


@contextmanager
def serving(
    dialect: Dialect = SPEC,
    middleware: Middleware | None = None,
    store: Store | None = None,
    ownership: Ownership = Ownership.DISPOSABLE,
) -> Iterator[tuple[Target, Store]]:
    """Serve a mock, perhaps with a middleware; yields a target for it and its store."""
    mutant = None if middleware is None else Mutant("changed", "is changed", middleware, ())
    held = Store(Base([])) if store is None else store
    with serve_mutant(mutant, held, Settings(dialect=dialect)) as client:
        yield Target(client.url, ownership=ownership), held


def compare(
    target: Target,
    journals: Path,
    settings: DiffSettings = ALL,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    **how: Any,
) -> Outcome:
    return diff_related(target, identify(target, **how), settings, journals, progress)


ERAS = ("spec", "prefect-sqlite@3.6.16", "prefect-postgresql@3.9.1")


@pytest.mark.parametrize("name", ERAS)
def test_a_mock_differs_in_nothing_from_its_dialect(name: str, tmp_path: Path) -> None:
    """What others have there is the same afterwards, and the journal is gone."""
    store = Store(SHIPPED)
    flow_id = next(iter(store.flows)).id
    store.deployments.put(Deployment("d" * 8 + "-0000-4000-8000-" + "0" * 12, "theirs", flow_id))
    before = [list(one) for one in (store, store.flows, store.deployments, store.task_runs)]
    with serving(find_dialect(name), store=store) as (target, held):
        outcome = compare(target, tmp_path)
        after = [list(one) for one in (held, held.flows, held.deployments, held.task_runs)]
    assert after == before
    assert outcome.findings == []
    assert outcome.is_complete
    assert outcome.notes == []
    assert len(outcome.holds) == 2
    assert 200 < outcome.counts["filters of flows and deployments"] <= 216
    assert 30 < outcome.counts["deletes of flows and deployments"] <= 37
    assert outcome.counts["flows and deployments deleted"] > 30
    assert list(tmp_path.iterdir()) == []


def test_every_delete_names_created_records(tmp_path: Path) -> None:
    """By their ids, joined by and_; and the last flow and deployment of a set by none."""
    created: dict[str, list[str]] = {"flows": [], "deployments": []}
    deletes: list[tuple[str, Any]] = []

    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        kind, _, verb = request.path.removeprefix("/api").strip("/").partition("/")
        body = await body_of(request)
        if verb == "bulk_delete":
            deletes.append((kind, body[kind]))
        reply = await handler(request)
        if request.method == "POST" and kind in created and not verb:
            created[kind].append(body["name"])
        return reply

    with serving(SPEC, record) as (target, _):
        assert not compare(target, tmp_path).fails
    assert len(deletes) > 30
    for kind, sent in deletes:
        assert sent["operator"] == "and_"
        drafts = FLOWS if kind == "flows" else DEPLOYMENTS
        assert len(sent["id"]["any_"]) < len(drafts)
    assert len(created["flows"]) % len(FLOWS) == 0


def test_on_a_shared_server_nothing_is_sent(tmp_path: Path) -> None:
    """Neither to compare filters nor to delete."""
    with serving(ownership=Ownership.SHARED) as (target, _):
        identity = identify(target)
        sent = target.sent
        for settings in (READS, ALL):
            with pytest.raises(UsageError, match="--disposable"):
                diff_related(target, identity, settings, tmp_path, lambda *_: None)
        assert target.sent == sent


def test_nothing_is_created_where_filters_do_not_hold(tmp_path: Path) -> None:
    """A list for an id that no flow has finds it out."""
    flow = Flow("a" * 8 + "-0000-4000-8000-" + "0" * 12, "theirs")
    unsound = changes_body("flows", "filter", lambda body: body.clear())
    with serving(SPEC, unsound, Store(Base((), flows=[flow]))) as (target, store):
        with pytest.raises(TargetError, match="filters do not hold, so nothing was created"):
            compare(target, tmp_path)
        assert list(store.flows) == [flow]


def test_no_delete_is_sent_while_others_use_the_flows(tmp_path: Path) -> None:
    """Their runs would go with the flow: it is left to them."""
    theirs: list[str] = []

    async def join(request: web.Request, handler: Handler) -> web.StreamResponse:
        assert "bulk_delete" not in request.path
        return await handler(request)

    with serving(SPEC, join) as (target, store):

        def add_run(_what: str, done: int, _total: int) -> None:
            if done == 1:
                run = FlowRun(
                    id="f" * 8 + "-0000-4000-8000-" + "0" * 12,
                    name="theirs",
                    flow_id=next(iter(store.flows)).id,
                )
                theirs.append(run.id)
                store.put(run)

        with pytest.raises(TargetError, match="for what others have put into flows"):
            compare(target, tmp_path, replace(ALL, filters=3), add_run)
        assert [run.id for run in store] == theirs
        assert len(store.flows) == 1


def _answers(path: str, answer: web.Response | Any) -> Middleware:
    """A middleware that gives another answer to the requests to a path."""

    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.endswith(path):
            return answer if isinstance(answer, web.Response) else json_reply(answer)
        return await handler(request)

    return middleware


UNFIT: Mapping[str, tuple[Middleware, str]] = {
    "a delete without a list": (
        _answers("/flows/bulk_delete", {"gone": []}),
        "without a list `deleted`",
    ),
    "a record that was there": (
        _answers("/deployments/", {"id": "0" * 32, "flow_id": "unknown"}),
        "answered another record than the one to be created",
    ),
    "a flow that was there": (
        _answers("/flows/", {"id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}),
        "says that it created 00000000-0000-4000-8000-000000000000, which was there",
    ),
    "no list of task runs": (_answers("/task_runs/filter", {}), "answered no list"),
    "task runs that were not asked for": (
        _answers("/task_runs/filter", [{"id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}]),
        "whose id was not asked for",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_unfit_answers_end_the_run(name: str, tmp_path: Path) -> None:
    """And say what came."""
    middleware, problem = UNFIT[name]
    with serving(SPEC, middleware) as (target, store):
        with pytest.raises(TargetError, match=problem):
            compare(target, tmp_path, SOME)
        assert len(store.flows) == 0


def failing(
    journals: Path, middleware: Middleware, dialect: Dialect = SPEC, settings: DiffSettings = ALL
) -> list[Finding]:
    """What is found on a changed server."""
    with serving(dialect, middleware) as (target, _):
        return [one for one in compare(target, journals, settings).findings if one.fails]


def mutant(name: str) -> Middleware:
    return next(one.middleware for one in RELATED_MUTANTS if one.name == name)


def test_a_difference_is_made_small_and_has_an_id(tmp_path: Path) -> None:
    """The id names the check, the operation, what differs, and the keys of the filter."""
    (found,) = failing(tmp_path, mutant("deployments-by-own-name"), settings=READS)
    assert found.id == (
        "diff selects-related POST /deployments/filter other-records "
        "deployments.flow_or_deployment_name.like_"
    )
    assert found.party is Party.SERVER
    assert "the server has 8 deployments; spec has" in found.sentence
    assert "only the server has: " in found.evidence
    assert "/deployments/filter" in found.curl
    assert is_covered(f"{found.id}+deployments.operator", found.id)


def test_deletes_that_differ_are_told_by_their_keys(tmp_path: Path) -> None:
    """Of a release that was measured, the mock is wrong."""
    found = failing(tmp_path, mutant("flows-ignore-tags"), PREFECT_SQLITE)
    assert {one.party for one in found} == {Party.MOCK}
    assert all("3.9.1 was measured" in one.sentence for one in found)
    assert {one.id for one in found} == {
        f"diff deletes-related POST /flows/bulk_delete other-records {keys}"
        for keys in ("flows.tags.all_", "flows.tags.is_null_")
    }
    assert "deletes 1 flow; " in " ".join(one.sentence for one in found)


def test_what_is_left_otherwise_is_told_once(tmp_path: Path) -> None:
    """Whatever the filters were; no further delete of the kind is sent."""
    (found,) = failing(tmp_path, mutant("deployments-take-runs"), settings=SOME)
    assert found.id == "diff leaves-related POST /deployments/bulk_delete"
    assert "flow runs are gone too, such as" in found.sentence
    (found,) = failing(tmp_path, mutant("deployments-forgotten"), settings=SOME)
    assert "flow runs name other records, such as" in found.sentence
    (found,) = failing(tmp_path, mutant("flows-leave-task-runs"), settings=SOME)
    assert "task runs are still there, such as" in found.sentence


def test_the_order_and_the_count_are_told_in_words(tmp_path: Path) -> None:
    """The ids are the same there."""
    (found,) = failing(tmp_path, mutant("deployments-backwards"), settings=READS)
    assert "The order differs" in found.sentence
    assert found.id == ""  # it shows without any filter: accepted, it would cover all
    (found,) = failing(tmp_path, mutant("flows-count-one-more"), settings=READS)
    assert "The server lists them all, but counts 7" in found.sentence


def test_a_deviation_that_a_server_does_not_show_is_gone(tmp_path: Path) -> None:
    """As it is for flow runs, with the same id."""
    old = dialect_for("sqlite", "3.8.8")
    with serving(SPEC) as (target, _):
        found = compare(target, tmp_path, READS, dialect=old).findings
    assert {one.id for one in found} == {"gone like-wildcards", "gone like-case-ascii"}
    assert {one.verdict for one in found} == {Verdict.GONE}
    assert {one.party for one in found} == {Party.MOCK}


@pytest.mark.parametrize("verb", ["filter", "count", "bulk_delete"])
def test_a_refusal_is_a_difference(tmp_path: Path, verb: str) -> None:
    """Its status is told, and is a part of the id."""

    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await body_of(request)
        if request.path.endswith(f"/deployments/{verb}") and "eq_" in str(body):
            return web.json_response({"detail": "no"}, status=400)
        return await handler(request)

    settings = READS if verb == "count" else ALL
    found = failing(tmp_path, refuse, settings=settings)
    told = " ".join(one.sentence for one in found)
    assert ("counts 400" if verb == "count" else "the server answers 400") in told
    assert all("paused" in one.id for one in found)


def test_an_answer_that_is_not_repeated_is_no_difference(tmp_path: Path) -> None:
    """It is said, and the run counts as incomplete."""
    failed: list[str] = []

    async def fail_once(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = str(await body_of(request))
        if request.path.endswith("/flows/filter") and "like_" in body and not failed:
            failed.append(body)
            return web.json_response([])
        return await handler(request)

    with serving(SPEC, fail_once) as (target, _):
        outcome = compare(target, tmp_path, READS)
    assert outcome.findings == []
    assert outcome.notes == ["1 filters of flows and deployments got no answer that was repeated"]
    assert not outcome.is_complete


def test_a_server_that_differs_much_is_not_asked_everything(tmp_path: Path) -> None:
    """Whoever looks into it has enough to look at."""

    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        kind = request.path.split("/")[-2]
        body = await body_of(request)
        if "flow_runs" in (body or {}) and kind != "flow_runs" and "_':" in str(body.get(kind)):
            return web.json_response({}, status=400)
        return await handler(request)

    with serving(SPEC, refuse) as (target, _):
        outcome = compare(target, tmp_path, READS)
    assert len(outcome.findings) == MAX_DIFFERENCES
    assert "the search stops at 8 differences" in " ".join(outcome.notes)


def test_an_answer_that_is_no_list_ends_the_run(tmp_path: Path) -> None:
    """And it says so."""

    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await body_of(request)
        if request.path.endswith("/flows/filter") and "flow_runs" in body:
            return web.json_response(5)
        return await handler(request)

    with (
        serving(SPEC, answer) as (target, _),
        pytest.raises(TargetError, match="POST /flows/filter answered 200 5, not a list"),
    ):
        compare(target, tmp_path, READS)


def test_deletes_are_bounded(tmp_path: Path) -> None:
    """By a quarter of those that the settings allow for flow runs."""
    with serving(SPEC) as (target, _):
        counts = compare(target, tmp_path, replace(ALL, filters=3, deletes=20)).counts
    assert counts["deletes of flows and deployments"] == 5


def test_a_twin_refuses_what_its_dialect_refuses() -> None:
    """With the status of a real server; what no single deviation decides has no cause."""
    twin = RelatedTwin(Store(Base([])), SPEC)
    assert twin.list_ids("flows", {"limit": 201}) == 422
    assert twin.delete("deployments", {"limit": 51}) == 422
    assert twin.find_cause(lambda _: 0) is None


def test_records_of_others_that_are_gone_are_told(tmp_path: Path) -> None:
    """Those that no list shows any more and that are not found by their ids."""
    flows = [
        Flow(f"{number:08}-0000-4000-8000-" + "0" * 12, "theirs" * number) for number in (1, 2)
    ]
    lose = changes_deleted("deployments", lambda store, _, deleted: _drop(store, deleted))
    with serving(SPEC, lose, Store(Base((), flows=flows))) as (target, _):
        found = [one for one in compare(target, tmp_path, SOME).findings if one.fails]
    (gone,) = [one for one in found if one.check == "others-gone"]
    assert gone.subject == "the flows that existed before"
    assert f"1 of 2 flows that the kit did not create are gone: {flows[0].id}" in gone.sentence


def _drop(store: Store, deleted: list[str]) -> list[str]:
    store.flows.drop([one.id for one in store.flows if one.name == "theirs"])
    return deleted


def test_shards_ask_all_of_it_once(tmp_path: Path) -> None:
    """The filters are dealt out; the last one sends the deletes."""
    counts = []
    for number in (1, 2):
        with serving(SPEC) as (target, _):
            outcome = compare(target, tmp_path, replace(ALL, filters=90, shard=Shard(number, 2)))
        counts.append(outcome.counts)
    assert [one["filters of flows and deployments"] for one in counts] == [15, 15]
    assert ["deletes of flows and deployments" in one for one in counts] == [False, True]


def test_one_finding_can_be_looked_for_alone(tmp_path: Path) -> None:
    """By its id: only what can show it is asked."""
    keys = "flows.name.like_+flows.operator"
    for only, asked in (
        (f"diff selects-related POST /flows/filter other-records {keys}", {"filters"}),
        (f"diff deletes-related POST /flows/bulk_delete other-records {keys}", {"deletes"}),
        ("diff leaves-related POST /flows/bulk_delete", {"deletes"}),
    ):
        with serving(SPEC) as (target, _):
            counts = compare(target, tmp_path, replace(ALL, only=only)).counts
        shown = {name.partition(" ")[0] for name in counts if "of flows" in name}
        assert shown == asked
        assert counts.get("filters of flows and deployments", 1) < 20


def test_a_question_without_a_value_has_no_empty_objects() -> None:
    """Those would be conditions of their own under or_."""
    tags = {"operator": "or_", "all_": ["a"], "is_null_": None}
    question = Question("flows", {"flows": {"operator": "and_", "tags": tags}})
    assert question.keys == {"flows.tags.operator", "flows.tags.all_"}
    assert question.own == {"operator": "and_", "tags": tags}
    left = {"operator": "or_", "is_null_": None}
    without = question.without(("flows", "tags", "all_"))
    assert without.filters == {"flows": {"operator": "and_", "tags": left}}
    question = Question("flows", {"flows": {"name": {"like_": "a"}}})
    assert question.without(("flows", "name", "like_")).filters == {}


def test_every_flow_and_deployment_has_a_run() -> None:
    """Lists are restricted to records that a created run names."""
    assert {run.flow for run in RUNS} == set(range(len(FLOWS)))
    assert {run.deployment for run in RUNS} - {None} == set(range(len(DEPLOYMENTS)))
    assert all(
        run.deployment is None or DEPLOYMENTS[run.deployment].flow == run.flow for run in RUNS
    )
