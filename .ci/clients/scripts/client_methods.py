"""The methods of Prefect's async and sync client that are about flow runs: one scenario for both.

Claim: each method returns or raises the same on both servers, field by field.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flow_run_filters import HOUR, UNKNOWN, Filters, filters_by_name, tagged
from observations import Caller, Json, Observations, delete_runs_and_flows, to_json
from prefect import flow, get_client, task
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowFilterTags,
    FlowRunFilter,
    TaskRunFilter,
)
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import FlowRunSort, FlowSort, TaskRunSort
from prefect.states import (
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Late,
    Paused,
    Pending,
    Running,
    Scheduled,
)
from state_transitions import RETRYING_FLOW, normalize_result, state_name, transitions


@flow(version="v1")
def ingest(count: int = 0) -> None:
    """Never run: flow runs are created with its name, version and retries."""


@flow(version="v2", retries=1, retry_delay_seconds=7)
def persistent() -> None:
    """Never run, too; a run of it is retried once."""


@task(tags=["of-the-task"], retries=2, retry_delay_seconds=3)
def fetch() -> None:
    """Never run: task runs are created with its name."""


class ClientScenario:
    """The scenario with one client."""

    def __init__(self, call: Caller, seen: Observations, kind: str) -> None:
        self.call = call
        self.seen = seen
        self.kind = kind
        self.token = f"{seen.token}-{kind}"
        self.ingest = ingest.with_options(name=f"{self.token}-ingest")
        self.persistent = persistent.with_options(name=f"{self.token}-persistent")
        self.flows = (self.ingest.name, self.persistent.name, f"{self.token}-named")

    async def run(self) -> None:
        """Run all steps in order; delete everything that was created."""
        try:
            await self._server()
            await self._flows()
            runs = await self._runs()
            await self._keyed()
            await self._logs(runs["plain"])
            await self._lists(runs)
            await self._task_runs(runs)
            await self._updates(runs)
            await self._transitions()
            await self._deletions(runs)
            await self._bulk()
        finally:
            await delete_runs_and_flows(self.call, self.token, *self.flows)

    def note(self, what: str, value: object) -> None:
        """Note an observation of this client."""
        self.seen.note(f"{self.kind}: {what}", value)

    async def create(self, name: str | None, **named: Any) -> FlowRun:
        """Create a flow run with this scenario's tag."""
        of = named.pop("flow", self.ingest)
        tags = [self.token, *named.pop("tags", ())]
        run: FlowRun = await self.call("create_flow_run", of, name=name, tags=tags, **named)
        self.seen.name_id(run.id, f"run {name}")
        self.seen.name_id(run.state_id, f"the first state of {name}")
        return run

    def mine(self, **criteria: Json) -> FlowRunFilter:
        """A filter that matches only flow runs of this scenario."""
        return tagged(self.token, **criteria)

    async def _server(self) -> None:
        self.note("api_healthcheck", await self.call("api_healthcheck"))
        self.note("api_version", await self.call("api_version"))
        self.note("hello", await self.call("hello"))

    async def _flows(self) -> None:
        call, named = self.call, self.flows[2]
        made = {name: await call("create_flow_from_name", name) for name in self.flows}
        for name, identifier in made.items():
            self.seen.name_id(identifier, f"flow {name}")
        self.note("create_flow_from_name, again", await call("create_flow_from_name", named))
        self.note("create_flow, again", await call("create_flow", self.ingest))
        self.note("read_flow", await call("read_flow", made[named]))
        self.note("read_flow, unknown", await call.outcome("read_flow", UNKNOWN))
        self.note("read_flow_by_name", await call("read_flow_by_name", named))
        unknown = await call.outcome("read_flow_by_name", f"{self.token}-unknown")
        self.note("read_flow_by_name, unknown", unknown)
        some = FlowFilter(name=FlowFilterName(any_=[*self.flows]))
        like = FlowFilter(name=FlowFilterName(like_=f"{self.token}-P".upper()))
        tagged = FlowFilter(name=some.name, tags=FlowFilterTags(all_=["no such tag"]))
        pages: Mapping[str, Filters] = {
            "by name": {"flow_filter": some, "sort": FlowSort.NAME_ASC},
            "by name, descending": {"flow_filter": some, "sort": FlowSort.NAME_DESC},
            "one": {"flow_filter": some, "sort": FlowSort.NAME_ASC, "limit": 1, "offset": 1},
            "like": {"flow_filter": like},
            "tagged": {"flow_filter": tagged},
        }
        for what, wanted in pages.items():
            found = await call("read_flows", **wanted)
            self.note(f"read_flows, {what}", [one.name for one in found])

    async def _runs(self) -> dict[str, FlowRun]:
        """Create flow runs in every state, and a subflow with the task run that stands for it."""
        now = datetime.now(UTC)
        states: Mapping[str, State[Any] | None] = {
            "plain": None,
            "scheduled": Scheduled(scheduled_time=now + HOUR),
            "later": Scheduled(scheduled_time=now + 2 * HOUR),
            "late": Late(scheduled_time=now - HOUR),
            "retrying": AwaitingRetry(scheduled_time=now + 3 * HOUR),
            "pending": Pending(message="any moment"),
            "running": Running(),
            "done": Completed(message="all of it"),
            "failed": Failed(message="not all of it"),
            "crashed": Crashed(),
            "cancelling": Cancelling(),
            "cancelled": Cancelled(),
            "paused": Paused(timeout_seconds=3600),
        }
        runs = {name: await self.create(name, state=state) for name, state in states.items()}
        runs["rich"] = await self.create(
            "rich",
            flow=self.persistent,
            tags=["b", "a"],
            parameters={"count": 3, "deep": {"list": [1, 2.5, None, "ü"]}},
            context={"why": "because"},
            job_variables={"image": "python"},
            work_queue_name="queue",
        )
        unnamed = await self.create(None)
        self.note("unnamed has a name", bool(unnamed.name))
        await self.call("delete_flow_run", unnamed.id)
        placeholder = await self._task_run(runs["running"], "placeholder")
        runs["child"] = await self.create("child", parent_task_run_id=placeholder.id)
        for name, run in runs.items():
            self.note(f"create_flow_run, {name}", run)
            self.note(f"read_flow_run, {name}", await self.call("read_flow_run", run.id))
        self.note("read_flow_run, unknown", await self.call.outcome("read_flow_run", UNKNOWN))
        return runs

    async def _task_run(self, run: FlowRun, name: str, **named: Any) -> TaskRun:
        made: TaskRun = await self.call(
            "create_task_run", fetch, flow_run_id=run.id, dynamic_key=name, name=name, **named
        )
        self.seen.name_id(made.id, f"task run {name}")
        self.seen.name_id(made.state_id, f"the first state of task run {name}")
        return made

    async def _keyed(self) -> None:
        """The same idempotency key twice: the second time 200 and the existing flow run."""
        flow_id = await self.call("create_flow", self.ingest)
        for attempt, name in enumerate(("keyed", "keyed again")):
            body = {"flow_id": str(flow_id), "name": name, "tags": [self.token]}
            body |= {"idempotency_key": f"{self.token}-key"}
            response = await self.call("request", "POST", "/flow_runs/", json=body)
            self.seen.name_id(response.json()["id"], "run keyed")
            self.seen.name_id(response.json()["state_id"], "the first state of keyed")
            self.note(f"idempotency key, attempt {attempt}", response)

    async def _logs(self, run: FlowRun) -> None:
        """A body as large as the client itself sends."""
        if not self.call.has("create_logs"):
            return
        line = {"name": "ours", "level": 20, "message": "m" * 999_700, "flow_run_id": str(run.id)}
        line["timestamp"] = datetime.now(UTC).isoformat()
        self.note("create_logs", await self.call.outcome("create_logs", [line] * 4))

    async def _lists(self, runs: Mapping[str, FlowRun]) -> None:
        for what, filters in filters_by_name(self.token, self.persistent.name, runs).items():
            found = await self.call("read_flow_runs", **filters, sort=FlowRunSort.NAME_ASC)
            count = await self.call("count_flow_runs", **filters)
            self.note(f"filter {what}", {"found": [one.name for one in found], "count": count})
        found = await self.call(
            "read_flow_runs", flow_run_filter=self.mine(), sort=FlowRunSort.ID_DESC
        )
        ids = [str(one.id) for one in found]
        self.note("sort ID_DESC", ids == sorted(ids, reverse=True))
        for sort in (one for one in FlowRunSort if one is not FlowRunSort.ID_DESC):
            ended = sort is FlowRunSort.END_TIME_DESC  # databases disagree where no time belongs
            mine = self.mine(state={"type": {"any_": ["COMPLETED", "FAILED"]}}) if ended else None
            found = await self.call(
                "read_flow_runs", flow_run_filter=mine or self.mine(), sort=sort
            )
            names = [one.name for one in found]
            if sort is FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC:
                scheduled = {"scheduled", "later", "late", "retrying"}
                names = [name for name in names if name in scheduled]
            self.note(f"sort {sort.value}", names)
        for limit, offset in (
            (3, 0),
            (3, 2),
            (5, 100),
            (0, 0),
            (200, 0),
            (201, 0),
            (-1, 0),
            (1, -1),
        ):
            wanted = {"limit": limit, "offset": offset, "sort": FlowRunSort.NAME_ASC}
            page = await self.call.outcome(
                "read_flow_runs", flow_run_filter=self.mine(name={"like_": "a"}), **wanted
            )
            names = [one["name"] for one in page] if isinstance(page, list) else page
            self.note(f"limit {limit} offset {offset}", names)

    async def _task_runs(self, runs: Mapping[str, FlowRun]) -> None:
        made = [
            await self._task_run(runs["running"], "one", extra_tags=["extra"]),
            await self._task_run(runs["running"], "two", state=Running()),
            await self._task_run(runs["done"], "three", state=Completed(message="fine")),
        ]
        for one in made:
            self.note(f"create_task_run, {one.name}", one)
            self.note(f"read_task_run, {one.name}", await self.call("read_task_run", one.id))
        self.note("read_task_run, unknown", await self.call.outcome("read_task_run", UNKNOWN))
        criteria: Mapping[str, Json] = {
            "all": {},
            "name": {"name": {"any_": ["one", "three"]}},
            "like": {"name": {"like_": "T"}},
            "tags": {"tags": {"all_": ["extra"]}},
            "type": {"state": {"type": {"any_": ["RUNNING"]}, "name": None}},
            "subflows": {"subflow_runs": {"exists_": True}},
            "flow run": {"flow_run_id": {"any_": [runs["done"].id]}},
        }
        for what, one_filter in criteria.items():
            wanted = TaskRunFilter.model_validate(one_filter)
            named = {"flow_run_filter": self.mine(), "sort": TaskRunSort.NAME_ASC}
            found = await self.call("read_task_runs", task_run_filter=wanted, **named)
            self.note(f"read_task_runs, {what}", [one.name for one in found])
        page = {"sort": TaskRunSort.NAME_DESC, "limit": 2, "offset": 1}
        found = await self.call("read_task_runs", flow_run_filter=self.mine(), **page)
        self.note("read_task_runs, a page", [one.name for one in found])

    async def _updates(self, runs: Mapping[str, FlowRun]) -> None:
        call = self.call
        changes: Mapping[str, Filters] = {
            "name": {"name": "renamed"},
            "tags": {"tags": [self.token, "changed"]},
            "parameters": {"parameters": {"count": 4}},
            "flow_version": {"flow_version": "v9"},
            "infrastructure_pid": {"infrastructure_pid": "host:1"},
            "job_variables": {"job_variables": {"image": "other"}},
        }
        for what, change in changes.items():
            for name in ("plain", "later"):
                outcome = await call.outcome("update_flow_run", runs[name].id, **change)
                self.note(f"update_flow_run, {what} of {name}", outcome)
        later = runs["later"].id
        self.note("set_flow_run_name", await call("set_flow_run_name", later, "named"))
        await call("update_flow_run_labels", later, {"team": "data", "rank": 1})
        for name in ("plain", "later"):
            self.note(f"read_flow_run, {name} updated", await call("read_flow_run", runs[name].id))
        unknown = await call.outcome("update_flow_run", UNKNOWN, name="x")
        self.note("update_flow_run, unknown", unknown)

    async def _transitions(self) -> None:
        """Proposed states: accepted, rejected, aborted, delayed, and forced."""
        for number, (first, *proposed) in enumerate(transitions()):
            name = f"run {number}"
            of = self.persistent if first is RETRYING_FLOW else self.ingest
            run = await self.create(name, flow=of, state=None if first is RETRYING_FLOW else first)
            for step, (state, force) in enumerate(proposed):
                result = await self.call("set_flow_run_state", run.id, state, force=force)
                forced = ", forced" if force else ""
                what = (
                    f"{number}.{step} from {state_name(run.state)} to {state_name(state)}{forced}"
                )
                self.note(f"set_flow_run_state {what}", normalize_result(to_json(result)))
                run = await self.call("read_flow_run", run.id)
                self.seen.name_id(run.state_id, f"a state of {name}")
            self.note(f"read_flow_run, {name}", run)
            self.note(f"read_flow_run_states, {name}", await self._states(run))
        unknown = await self.call.outcome("set_flow_run_state", UNKNOWN, Running())
        self.note("set_flow_run_state, unknown", unknown)
        self.note("read_flow_run_states, unknown", await self.call("read_flow_run_states", UNKNOWN))
        if self.call.has("read_flow_run_state"):
            state = await self.call("read_flow_run_state", run.state_id)
            self.note("read_flow_run_state", state)
            unknown = await self.call.outcome("read_flow_run_state", UNKNOWN)
            self.note("read_flow_run_state, unknown", unknown)

    async def _states(self, run: FlowRun) -> Json:
        states = await self.call("read_flow_run_states", run.id)
        ordered = sorted(states, key=lambda state: state.timestamp)
        return [[state.type, state.name, state.message] for state in ordered]

    async def _deletions(self, runs: Mapping[str, FlowRun]) -> None:
        """With a parent its task runs are deleted, and its subflow loses the link to it."""
        parent, child, call = runs["running"], runs["child"], self.call
        self.note("delete_flow_run", await call("delete_flow_run", parent.id))
        self.note("delete_flow_run, again", await call.outcome("delete_flow_run", parent.id))
        self.note("read_flow_run, deleted", await call.outcome("read_flow_run", parent.id))
        self.note("read_flow_run, orphaned", await call("read_flow_run", child.id))
        placeholder = await call.outcome("read_task_run", child.parent_task_run_id)
        self.note("read_task_run, of the deleted", placeholder)
        self.note("count_flow_runs, afterwards", await self._count())

    async def _count(self, **criteria: Json) -> int:
        count: int = await self.call("count_flow_runs", flow_run_filter=self.mine(**criteria))
        return count

    async def _bulk(self) -> None:
        """The two bulk endpoints, for which the client has no methods."""
        names = [f"bulk {number}" for number in range(4)]
        made = [await self.create(name, state=Pending()) for name in names]
        await self.call("set_flow_run_state", made[3].id, Completed())
        bulk = {"tags": {"all_": [self.token]}, "name": {"any_": names}}
        state = {"type": "CANCELLED", "name": "Swept", "message": "by hand"}
        body: Json = {"flow_runs": bulk, "state": state}
        self.note("bulk_set_state", await self._set_states(body))
        self.note("bulk_set_state, forced", await self._set_states(body | {"force": True}))
        few = {"flow_runs": bulk, "limit": 3}
        deleted = await self.call.post("/flow_runs/bulk_delete", few)
        self.note("bulk_delete", {"keys": sorted(deleted), "deleted": len(deleted["deleted"])})
        self.note("bulk_delete, left", await self._count(name={"any_": names}))
        one = {"flow_runs": {"id": {"any_": [str(run.id) for run in made]}}}
        deleted = await self.call.post("/flow_runs/bulk_delete", one)
        self.note("bulk_delete, the rest", len(deleted["deleted"]))
        self.note("bulk_delete, nothing", await self.call.post("/flow_runs/bulk_delete", one))
        for what, wrong in {"limit": {"limit": 51}, "filter": {"flow_runs": {"id": 1}}}.items():
            path = "/flow_runs/bulk_delete"
            refused = await self.call.outcome("request", "POST", path, json=wrong)
            self.note(f"bulk_delete, wrong {what}", refused)

    async def _set_states(self, body: Json) -> Json:
        answer = await self.call.post("/flow_runs/bulk_set_state", body)
        results = [normalize_result(result) for result in answer["results"]]
        for result in results:  # the run that was changed last, in all results
            result["state"]["state_details"]["flow_run_id"] = "<any of them>"
        return sorted(results, key=lambda one: str(self.seen.normalize(one)))


async def main() -> None:
    """Run the scenario with both clients, and print what was observed."""
    seen = Observations("clients")
    async with get_client() as client:
        await ClientScenario(Caller(client), seen, "async").run()
    with get_client(sync_client=True) as client:
        await ClientScenario(Caller(client), seen, "sync").run()
    seen.print_all()


if __name__ == "__main__":
    asyncio.run(main())
