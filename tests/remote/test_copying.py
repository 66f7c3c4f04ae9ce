"""A copy holds what the server holds, however it is sliced, interrupted, or changed meanwhile.

The server is a mock with 60 flow runs: a page has 10, and a window with more than 15 is halved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mockserver.errors import UsageError
from mockserver.remote import listing, slicing
from mockserver.remote.anonymizing import Anonymizer
from mockserver.remote.client import Bounds, ReadClient, RemoteError
from mockserver.remote.copying import Copied, WorkspaceCopy
from mockserver.remote.partial_file import PartialFile
from mockserver.remote.scope import Scope
from mockserver.remote.slicing import Progress
from tests.remote.scripted_client import (
    DEPLOYMENTS,
    FLOWS,
    START,
    ScriptedClient,
    Workspace,
    make_runs,
    reply,
    run_id,
    served_workspace,
)


class Told(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.advanced = 0

    def begin(self, noun: str, total: int) -> None:
        self.lines.append(f"{noun} {total}")

    def advance(self, records: int) -> None:
        self.advanced += records


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setattr(slicing, "PAGE", 10)
    monkeypatch.setattr(listing, "PAGE", 10)
    monkeypatch.setattr(slicing, "WINDOW_RUNS", 15)
    with served_workspace() as served:
        yield served


class Copy:
    """A copy that was made, and what was asked for it."""

    def __init__(
        self,
        workspace: Workspace,
        folder: Path,
        script: Callable[[str, str, Any], Any] = lambda *_: None,
        *,
        progress: Progress | None = None,
        **options: Any,
    ) -> None:
        def answer(method: str, path: str, body: Any) -> Any:
            answered = script(method, path, body)
            return workspace.script(method, path, body) if answered is None else answered

        self.client = ScriptedClient(workspace.url, answer, Bounds(concurrency=2, patience=1))
        self.records: dict[str, list[dict[str, Any]]] = {}
        self.copied: Copied

        async def run() -> None:
            async with self.client:
                self.copied = await WorkspaceCopy(
                    self.client, partial, progress=progress, **options
                ).run()

        with PartialFile(folder / "partial", {}) as partial:
            asyncio.run(run())
            for name in self.copied.counts:
                self.records[name] = list(partial.records(name))

    def ids(self, collection: str = "flow_runs") -> list[str]:
        return [record["id"] for record in self.records[collection]]


EVERY_RUN = [run.id for run in reversed(make_runs())]


def test_a_copy_holds_everything(workspace: Workspace, tmp_path: Path) -> None:
    """Each run once, also those of one instant and without a time; pools with their templates."""
    told = Told()
    copy = Copy(workspace, tmp_path, progress=told)
    assert copy.ids() == EVERY_RUN
    assert copy.ids("task_runs") == [run_id(0xF000)]
    assert copy.ids("flows") == [flow.id for flow in reversed(FLOWS)]
    assert copy.ids("deployments") == [deployment.id for deployment in reversed(DEPLOYMENTS)]
    assert [pool["base_job_template"] for pool in copy.records["work_pools"]] == [{"a": 1}] * 2
    assert len(copy.records["work_queues"]) == 2
    assert copy.copied.notes == ()
    assert told.lines == ["flow runs 60", "task runs 1"]
    assert told.advanced == 61


def test_pages_do_not_grow_with_the_square(workspace: Workspace, tmp_path: Path) -> None:
    """Offsets are asked for in one instant only, and nothing but lists and counts is asked for."""
    copy = Copy(workspace, tmp_path)
    pages = [body for path, body in copy.client.asked if path == "/flow_runs/filter"]
    far = [body for body in pages if body["offset"]]
    assert all(
        body["flow_runs"]["expected_start_time"]["after_"]
        == body["flow_runs"]["expected_start_time"]["before_"]
        for body in far
    )
    assert len(pages) < 20
    paths = {path for path, _ in copy.client.asked}
    assert all(path.endswith(("/filter", "/count")) for path in paths)


def test_a_window_goes_on_before_an_instant_of_many_runs(
    workspace: Workspace, tmp_path: Path
) -> None:
    """All runs are in one window here."""
    slicing.WINDOW_RUNS = 100  # the fixture puts it back
    assert Copy(workspace, tmp_path).ids() == EVERY_RUN


def test_many_runs_of_the_first_instant_are_copied(workspace: Workspace, tmp_path: Path) -> None:
    """Nothing can be before them."""
    instant = (START + timedelta(hours=40)).isoformat()
    only = {"flow_runs": {"expected_start_time": {"after_": instant}}}
    assert Copy(workspace, tmp_path, scope=Scope(only)).ids() == EVERY_RUN[:20]


def test_all_task_runs_can_be_copied(workspace: Workspace, tmp_path: Path) -> None:
    """Those that start no subflow, too."""
    copy = Copy(workspace, tmp_path, all_task_runs=True)
    assert copy.ids("task_runs") == [run_id(0xF001), run_id(0xF000)]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"flow_runs": {"tags": {"any_": ["prod"]}}}, lambda run: run.tags),
        ({"deployments": {"name": {"any_": ["nightly"]}}}, lambda run: run.deployment_id),
        (
            {"flow_runs": {"operator": "or_", "tags": {"any_": ["prod"]}}},
            lambda run: run.tags,
        ),
        (
            {"flow_runs": {"expected_start_time": {"before_": "2026-02-01T12:00:00Z"}}},
            lambda run: run.expected_start_time and int(run.id[:8], 16) <= 24,
        ),
        ({"flow_runs": {"name": {"any_": ["run-5"]}}}, lambda run: run.name == "run-5"),
        ({"flow_runs": {"name": {"any_": ["none"]}}}, lambda _: False),
    ],
)  # fmt: skip
def test_a_part_holds_what_its_runs_name(
    workspace: Workspace, tmp_path: Path, filters: Any, wanted: Any
) -> None:
    """Flows, deployments and pools of other runs stay out."""
    copy = Copy(workspace, tmp_path, scope=Scope(filters))
    runs = [run for run in reversed(make_runs()) if wanted(run)]
    assert copy.ids() == [run.id for run in runs]
    assert set(copy.ids("flows")) == {run.flow_id for run in runs}
    deployments = {run.deployment_id for run in runs} - {None}
    assert set(copy.ids("deployments")) == deployments
    assert len(copy.ids("work_pools")) == len(copy.ids("work_queues")) == len(deployments)
    assert copy.copied.notes == ()


def test_no_task_runs_are_copied_by_a_filter_that_servers_ignore(tmp_path: Path) -> None:
    """It would be all task runs of the server."""
    client = ScriptedClient("http://127.0.0.1:1", lambda *_: None)
    with (
        PartialFile(tmp_path / "p", {}) as partial,
        pytest.raises(UsageError, match="do not filter task runs by work_pools"),
    ):
        WorkspaceCopy(
            client, partial, scope=Scope({"work_pools": {"name": {}}}), all_task_runs=True
        )


def test_names_can_be_made_up(workspace: Workspace, tmp_path: Path) -> None:
    """Also those by which queues are asked for."""
    copy = Copy(
        workspace,
        tmp_path,
        anonymizer=Anonymizer(b"a key of sixteen"),
        scope=Scope({"flow_runs": {"tags": {"any_": ["prod"]}}}),
    )
    names = {record["name"] for records in copy.records.values() for record in records}
    assert not names & {"k8s", "etl", "nightly", "run-0"}
    assert copy.records["flow_runs"][0]["work_pool_name"] == copy.records["work_pools"][0]["name"]
    assert len(copy.records["work_queues"]) == 1


class StoppedError(Exception):
    """What ends a copy: Ctrl-C, or anything else."""


def interrupted_after(pages: int) -> Callable[[str, str, Any], Any]:
    """An end when so many pages of runs were read."""
    left = iter(range(pages))

    def script(_method: str, path: str, _body: Any) -> Any:
        if path == "/flow_runs/filter" and next(left, None) is None:
            return StoppedError()
        return None

    return script


@pytest.mark.parametrize("pages", range(0, 12, 2))
def test_a_copy_goes_on_where_it_stopped(workspace: Workspace, tmp_path: Path, pages: int) -> None:
    """And ends as if it had never stopped; what is there is not asked for again."""
    whole = Copy(workspace, tmp_path / ".")
    (tmp_path / "partial").unlink()
    with pytest.raises(StoppedError):
        Copy(workspace, tmp_path, interrupted_after(pages))
    rest = Copy(workspace, tmp_path)
    assert rest.records == whole.records
    asked = [copy.client.count_asked("/flow_runs/filter") for copy in (rest, whole)]
    assert asked[0] <= asked[1]
    assert pages < 8 or asked[0] < asked[1]
    again = Copy(workspace, tmp_path)
    assert again.client.count_asked("/flow_runs/filter") == 0
    assert again.records == whole.records


class RecordedClient(ReadClient):
    """Answers at the next turn of the loop, as another client was answered."""

    def __init__(self, url: str, answers: dict[tuple[str, bytes | None], Any]) -> None:
        super().__init__(url, {})
        self.answers = answers

    async def _send(self, method: str, path: str, body: bytes | None) -> Any:
        async with self._slots:
            if (path, body) not in self.answers:
                self.answers[path, body] = await super()._send(method, path, body)
            await asyncio.sleep(0)
            return self.answers[path, body]


def test_a_cancelled_copy_ends_whatever_it_waits_for(workspace: Workspace, tmp_path: Path) -> None:
    """At each turn of the loop from the first to the last; a Ctrl-C cancels it."""
    answers: dict[tuple[str, bytes | None], Any] = {}

    async def cancelled_after(turns: int) -> bool:
        """Whether the copy was still running after so many turns, and was cancelled."""
        path = tmp_path / f"partial {turns}"
        with PartialFile(path, {}) as partial:
            async with RecordedClient(workspace.url, answers) as client:
                copy = asyncio.ensure_future(WorkspaceCopy(client, partial).run())
                for _ in range(turns):
                    await asyncio.sleep(0)
                if turns and copy.done():
                    return False
                copy.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await copy
                return True

    async def whole() -> None:
        with PartialFile(tmp_path / "whole", {}) as partial:
            async with RecordedClient(workspace.url, answers) as client:
                await WorkspaceCopy(client, partial).run()

    asyncio.run(whole())
    turns = next(turns for turns in count() if not asyncio.run(cancelled_after(turns)))
    assert turns > 20


def changing(after: int, change: Callable[[], None]) -> Any:
    """Make a change on the server when so many pages were read."""
    seen = 0

    def script(_method: str, path: str, _body: Any) -> Any:
        nonlocal seen
        seen += path == "/flow_runs/filter"
        if seen == after and path == "/flow_runs/filter":
            seen += 1
            change()
        return None

    return script


@pytest.mark.parametrize("after", range(1, 15, 3))
def test_runs_that_come_or_go_meanwhile_are_healed(
    workspace: Workspace, tmp_path: Path, after: int
) -> None:
    """The windows that changed are copied again, and it is said."""

    def change() -> None:
        deleted = {"flow_runs": {"name": {"any_": ["run-1", "run-30", "run-55", "run-5"]}}}
        assert workspace.http.bulk_delete(deleted).status == 200
        for name in ("new", "newer"):
            new = {"flow_id": FLOWS[0].id, "name": name}
            assert workspace.http.ask("POST", "/flow_runs/", new).status == 201

    copy = Copy(workspace, tmp_path, changing(after, change))
    names = [run["name"] for run in copy.records["flow_runs"]]
    gone = {"run-1", "run-30", "run-55", "run-5"}
    assert sorted(names) == sorted({run.name for run in make_runs()} - gone | {"new", "newer"})
    assert len(copy.copied.notes) <= 1
    assert all("parts were copied again" in note for note in copy.copied.notes)


def test_a_server_that_never_rests_is_copied_and_told(workspace: Workspace, tmp_path: Path) -> None:
    """A run comes with every count: the copy ends, and says how far the server has gone on."""

    def script(_method: str, path: str, _body: Any) -> Any:
        if path == "/flow_runs/count":
            new = {"flow_id": FLOWS[0].id}
            assert workspace.http.ask("POST", "/flow_runs/", new).status in (200, 201)
        return None

    copy = Copy(workspace, tmp_path, script)
    assert set(EVERY_RUN) <= set(copy.ids())
    assert any("the server goes on: it now counts" in note for note in copy.copied.notes)


def test_a_server_that_contradicts_itself_is_an_error(workspace: Workspace, tmp_path: Path) -> None:
    """It lists other runs than it counts, each time: such a copy is never whole."""

    def script(_method: str, path: str, _body: Any) -> Any:
        return [] if path == "/flow_runs/filter" else None

    with pytest.raises(RemoteError, match="contradicts itself: it counts 59 flow runs and lists 0"):
        Copy(workspace, tmp_path, script)


@pytest.mark.parametrize("time", ["soon", 3, None])
def test_a_run_at_no_time_is_an_error(workspace: Workspace, tmp_path: Path, time: Any) -> None:
    """The server was asked for runs by their time."""

    def script(_method: str, path: str, body: Any) -> Any:
        if path == "/flow_runs/filter" and "flow_runs" in body:
            return [{"id": run_id(at), "expected_start_time": time} for at in range(body["limit"])]
        return None

    with pytest.raises(RemoteError, match="expected_start_time"):
        Copy(workspace, tmp_path, script)


def test_a_filter_that_no_window_joins_is_copied_by_offset_and_healed(
    workspace: Workspace, tmp_path: Path
) -> None:
    """The counts at the end hold for it, too."""

    def change() -> None:
        workspace.http.bulk_delete({"flow_runs": {"name": {"any_": ["run-4"]}}})

    scope = Scope({"flow_runs": {"operator": "or_", "tags": {"any_": ["prod"]}}})
    copy = Copy(workspace, tmp_path, changing(3, change), scope=scope)
    assert run_id(4) not in copy.ids()
    assert len(copy.ids()) == 29


def test_a_link_that_is_gone_is_told(workspace: Workspace, tmp_path: Path) -> None:
    """The subflow stays, without its parent."""

    def script(_method: str, path: str, _body: Any) -> Any:
        return [] if path == "/task_runs/filter" else None

    copy = Copy(workspace, tmp_path, script)
    assert "1 task runs that subflows name were no longer there" in copy.copied.notes[0]


def test_a_short_list_is_asked_for_again_and_then_told(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Of kinds of which a server has few."""
    left = iter([3, 7, 7, 7])

    def script(_method: str, path: str, _body: Any) -> Any:
        return next(left) if path in ("/flows/count", "/deployments/count") else None

    copy = Copy(workspace, tmp_path, script)
    assert copy.copied.notes == (
        "deployments change all the time: the server counts 7, and the copy has 2",
    )


def test_long_lists_are_read_page_by_page(workspace: Workspace, tmp_path: Path) -> None:
    """With a page of two, the three flows are two pages."""
    listing.PAGE = 2  # the fixture puts it back
    assert len(Copy(workspace, tmp_path).ids("flows")) == 3


@pytest.mark.parametrize("status", [403, 404, 501])
def test_pools_that_are_not_shown_are_left_out_and_told(
    workspace: Workspace, tmp_path: Path, status: int
) -> None:
    """Runs name what filters need of them."""
    workspace.answers["/work_pools/filter"] = reply({"detail": "no"}, status)
    copy = Copy(workspace, tmp_path)
    assert copy.ids("work_pools") == copy.ids("work_queues") == []
    assert "no work pools were copied" in copy.copied.notes[0]


@pytest.mark.parametrize("status", [401, 500])
def test_pools_that_fail_are_an_error(workspace: Workspace, tmp_path: Path, status: int) -> None:
    """A copy without them would not be whole."""
    workspace.answers["/work_pools/filter"] = reply({"detail": "no"}, status)
    with pytest.raises(RemoteError, match=r"failed 3 times|was answered 401"):
        Copy(workspace, tmp_path)


def test_queues_that_a_server_shows_and_does_not_filter_by_are_told(
    workspace: Workspace, tmp_path: Path
) -> None:
    """It has a column of its own for the filter."""

    def script(_method: str, path: str, body: Any) -> Any:
        queue = (body.get("flow_runs") or {}).get("work_queue_name")
        return 42 if path == "/flow_runs/count" and queue else None

    copy = Copy(workspace, tmp_path, script)
    assert "12 flow runs are in a queue whose name a server shows" in copy.copied.notes[0]
