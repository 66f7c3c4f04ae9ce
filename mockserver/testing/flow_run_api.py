"""`FlowRunApi`: one world of a running server, as a test fills it, observes it and injects faults.

Invariant: whatever reads or changes the world runs on the server's loop, between two requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .. import worlds
from ..errors import UsageError
from .sent_request import SentRequest
from .stray_requests import explain_silence
from .user_errors import call_for_user, is_users

# `worlds` is used by attributes, which import what is behind them: a test file that imports this
# class for an annotation takes a fifth of the time.
if TYPE_CHECKING:
    from ..insight.deletion_report import DeletionReport
    from ..insight.explanation import Explanation
    from ..insight.explanation.filter_argument import FilterLike
    from ..insight.related_explanation import RelatedExplanation
    from ..prefect import Dialect, FlowRun
    from ..worlds import Exchange, FieldValues, Rule, SeedDocument, World

__tracebackhide__ = is_users
T = TypeVar("T")
RunOnLoop = Callable[[Callable[[], Any]], Any]
"""Calls a function on the server's loop and returns its result, or raises what it raised."""


class FlowRunApi:
    """A Prefect API with its own flow runs; `url` is the value for PREFECT_API_URL.

    All methods may be called from any thread, also while the server answers requests.
    """

    def __init__(
        self,
        url: str,
        world: World,
        run_on_loop: RunOnLoop,
        fork_session: Callable[[World], FlowRunApi],
        others_since: Callable[[str], Sequence[str]],
    ) -> None:
        """`fork_session` opens a session with a fork of a world; `others_since` has the URLs of the
        sessions that were used since one with a URL was. Use `MockServer` to get an API.
        """
        self.url = url
        self._world = world
        self._run_on_loop = run_on_loop
        self._fork_session = fork_session
        self._others_since = others_since
        self.forks: list[FlowRunApi] = []

    def __repr__(self) -> str:
        return f"<FlowRunApi {self.url}>"

    @property
    def dialect(self) -> Dialect:
        """The dialect. Its `name` has the release: `prefect-sqlite@3.9.1`; or it is `spec`."""
        return self._world.settings.dialect

    def _run(self, function: Callable[[], T]) -> T:
        result: T = self._run_on_loop(function)
        return result

    # Flow runs.

    def add(self, **fields: Any) -> FlowRun:
        """Add a flow run: `api.add(name="etl", state="COMPLETED", started="now-40d")`.

        `fields` are those of a flow run in a seed, with their short forms: `started`, `ended` and
        `expected` for its times, `flow` and `deployment` for the names of what it is a run of, and
        `parent` for the flow run whose subflow it is. `state` is a state type, a state name of
        Prefect's (`Late`), or an object with both; the default is PENDING. The id is random, unless
        the session has an `id_seed`. Raises SeedError for a field or value that is not valid.
        """
        return self.make(1, **fields)[0]

    def make(self, number: int, **fields: Any) -> tuple[FlowRun, ...]:
        """Add `number` similar flow runs, and return them in the order in which they are made.

        A field that is a function is called with 0, 1, 2, ..., and `{n}` in `name` becomes that
        number. Raises SeedError, and then adds none, and UsageError for a number below 0.
        """
        if number < 0:
            raise UsageError(f"make was called for {number:,} flow runs; expected 0 or more")
        return self._run(
            lambda: self._make_runs([worlds.fields_of_nth(fields, n) for n in range(number)])
        )

    def _make_runs(self, run_fields: list[FieldValues]) -> tuple[FlowRun, ...]:
        seeds = self._world.factory.seeds_from(run_fields)
        worlds.check_parents(seeds, self._world.store)
        self._world.load(seeds)
        made = (self._world.store.get(run_id) for run_id in seeds.flow_runs)
        return tuple(run for run in made if run is not None)

    def load(self, seeds: str | Path | FieldValues | Iterable[FieldValues]) -> None:
        """Add a seed: a file or folder, a document of collections, or a list of fields for `add`.

        Raises SeedError, and then adds nothing.
        """
        self._run(lambda: self._world.load(self._world.factory.seeds_from(seeds)))

    def dump(self) -> SeedDocument:
        """Return all records as a document that `load` takes and that is a seed file as JSON."""
        return self._run(lambda: worlds.dump_store(self._world.store))

    @property
    def flow_runs(self) -> tuple[FlowRun, ...]:
        """The flow runs that exist now, highest id first."""
        return self._run(lambda: tuple(self._world.store))

    def get(self, flow_run_id: object) -> FlowRun | None:
        """Return the flow run with this id (text or UUID), or None if there is none."""
        # The store has ids in lower case; uuids compare by value (M9).
        return self._run(lambda: self._world.store.get(str(flow_run_id).lower()))

    def begin_here(self) -> None:
        """Make the current flow runs and time the state that `reset` restores."""
        self._run(self._world.begin_here)

    def reset(self) -> None:
        """Restore the first flow runs and time, and clear the journal and the faults."""
        self._run(self._world.reset)

    def snapshot(self, name: str = "default") -> None:
        """Save the current flow runs under a name, for `restore`.

        Raises UsageError for a name that is not valid, and if there are too many snapshots.
        """
        self._run(lambda: self._world.snapshot(name))

    def restore(self, name: str = "default") -> None:
        """Replace the flow runs by those of a snapshot, which is kept. Raises NotFound."""
        self._run(lambda: self._world.restore(name))

    def fork(self) -> FlowRunApi:
        """Return another API on the same server, which starts with this one's flow runs and time.

        Later changes of one are not seen by the other. Use one for each thread of a test.
        """
        forked = self._fork_session(self._world)
        self.forks.append(forked)
        return forked

    # The clock.

    @property
    def now(self) -> datetime:
        """The current time, which relative times, filters and state changes use."""
        return self._run(self._world.clock.now)

    def advance(self, by: timedelta | str) -> datetime:
        """Move the clock by a timedelta or a text such as `"2d"`; returns the new time.

        Raises UsageError.
        """
        return self._run(lambda: self._world.clock.advance(by))

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Stop the clock now, or at a time such as `"2026-01-31T08:00:00Z"`; returns that time.

        `advance` still moves it. Raises UsageError.
        """
        return self._run(lambda: self._world.clock.stop(at))

    # Requests.

    @property
    def requests(self) -> tuple[Exchange, ...]:
        """The requests with their replies, warnings, deleted flow runs and why; oldest first."""
        return self._run(lambda: tuple(self._world.journal or ()))

    @property
    def deleted(self) -> tuple[FlowRun, ...]:
        """The flow runs that requests deleted, as they last were, in the order of deletion."""
        journal = self._world.journal
        return () if journal is None else self._run(lambda: journal.deleted)

    @property
    def errors(self) -> tuple[Exception, ...]:
        """Unexpected exceptions in the server, of this API and its forks: bugs of mockserver."""
        journal = self._world.journal
        own = () if journal is None else self._run(lambda: tuple(journal.errors))
        return own + tuple(error for fork in self.forks for error in fork.errors)

    @property
    def problems(self) -> tuple[tuple[Exception, ...], dict[str, int]]:
        """`errors` and `warnings`, read at once."""
        return self._run(lambda: (self.errors, self.warnings))

    @property
    def warnings(self) -> dict[str, int]:
        """How often this API and its forks gave each warning, by its id.

        `limit-reached` counts the filters whose last call left flow runs that are still there: a
        loop that goes on until `deleted` is empty earns none, and each that was left off one.
        """
        warned = self._run(self._world.count_warnings)
        for fork in self.forks:
            warned.update(fork.warnings)
        return dict(warned)

    def explain(
        self,
        request: FilterLike,
        *,
        protect: Sequence[FilterLike] = (),
        runs: Sequence[str | FlowRun] = (),
    ) -> Explanation:
        """What a bulk_delete would delete, and why, as values; `print` shows them as text.

        `request` is a filter or a whole body: a dict, JSON or a model. `protect` are filters of
        runs that must never go, `runs` those to explain one by one: flow runs, ids or names.
        Nothing is deleted and no request is recorded. Raises UsageError, with what to say instead,
        for a filter that is refused.
        """
        from ..insight.explanation import explain  # imported late: few tests need it

        store, now = self._run(lambda: (self._world.store.fork(), self._world.now()))
        # A single text is no list, which `explain` says.
        wanted = runs if isinstance(runs, str) else [_id_or_name(one) for one in runs]
        return call_for_user(
            lambda: explain(store, request, self.dialect, now, protect=protect, runs=wanted)
        )

    def explain_related(
        self,
        of: str,
        request: str | bytes | Mapping[str, Any],
        *,
        protect: Sequence[str | bytes | Mapping[str, Any]] = (),
    ) -> RelatedExplanation:
        """What a bulk delete of `flows` or `deployments` would delete, and what goes with them.

        `request` and `protect` as for `explain`; a body such as {"flow_runs": {...}} protects
        flow runs. Raises UsageError for a filter that is refused.
        """
        from ..insight.related_explanation import explain_related  # imported late, as above

        store, now = self._run(lambda: (self._world.store.fork(), self._world.now()))
        return call_for_user(
            lambda: explain_related(store, request, of, self.dialect, now, protect=protect)
        )

    def report(self) -> DeletionReport:
        """What requests deleted, by which filters, and what is left, as values.

        `print` shows them as text. It also counts what the journal no longer holds.
        """
        return self._run(lambda: worlds.report_world(self._world))

    def post(self, path: str, body: Any = None, **headers: str) -> Exchange:
        """POST a value as JSON, over HTTP, and return the exchange with its reply.

        `path` is below `url`. Header names are written with `_` for `-`. Raises ConnectionError if
        no reply comes, UsageError if the journal keeps no exchanges.
        """
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Exchange:
        """Send a request with any method, as `post` does; None is no body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = SentRequest.send(self.url, method, path, body, named)
        exchanges = self.requests
        if not exchanges:
            raise UsageError("there is no exchange to return: the journal keeps none")
        return sent.find(exchanges)

    def assert_called(
        self,
        path: str = "*",
        *,
        method: str | None = None,
        json: Any = ...,
        status: int | None = None,
        warning: str | None = None,
        times: int | None = None,
    ) -> tuple[Exchange, ...]:
        """Assert that there was at least one such request, or exactly `times`; return them.

        `path` is a pattern such as `/flow_runs/*`, or a template such as `/flow_runs/{id}`; `json`
        is the whole body, in which `...` matches any value. A path that no route has fails,
        whatever `times`. The AssertionError shows the nearest other requests and how they differ.
        """
        __tracebackhide__ = True
        expected = worlds.ExpectedRequest(path, method, json, status, warning)
        exchanges = self.requests
        matching = tuple(one for one in exchanges if not expected.differences(one))
        mismatch = worlds.explain_request_mismatch(expected, exchanges, len(matching), times)
        if mismatch:
            raise AssertionError(self._with_silence(mismatch, exchanges))
        return matching

    def assert_deleted(self, expected: str | Iterable[object], *, of: str = "flow_runs") -> None:
        """Assert that requests deleted these flow runs and no others, or `flows`, `deployments`.

        Each is a flow run, an id, or a name, which is every flow run that has it; a single text is
        one id or name. The AssertionError shows the difference, why a flow run was deleted, and
        which requests came nearest to deleting one.
        """
        __tracebackhide__ = True
        runs = (expected,) if isinstance(expected, str) else tuple(expected)
        exchanges = self.requests
        if of not in ("flow_runs", "flows", "deployments"):
            raise UsageError(f"of is {of!r}; expected flow_runs, flows or deployments")
        mismatch = (
            worlds.explain_deletion_mismatch(
                worlds.ExpectedRuns.of(runs), self.deleted, self.flow_runs, exchanges
            )
            if of == "flow_runs"
            else worlds.explain_related_mismatch(of, runs, exchanges)
        )
        if mismatch:
            raise AssertionError(self._with_silence(mismatch, exchanges))

    def _with_silence(self, mismatch: str, exchanges: Sequence[Exchange]) -> str:
        """A mismatch, and where requests may have gone if there is none."""
        if exchanges:
            return mismatch
        silence = explain_silence(self.url, self._run(lambda: self._others_since(self.url)))
        return f"{mismatch}\n{silence}"

    # Faults.

    def fail_next(self, preset: str | None = None, *, times: int = 1, **how: Any) -> Rule:
        """Inject a fault into the next `times` requests that match; see `fail`."""
        return self.fail(preset, times=times, **how)

    def fail(
        self,
        preset: str | None = None,
        *,
        path: str = "*",
        method: str | None = None,
        probability: float = 1.0,
        times: int | None = None,
        **how: Any,
    ) -> Rule:
        """Inject a fault into requests that match a path and a method.

        `path` is a pattern such as `/flow_runs/*`, or a template such as `/flow_runs/{id}`.
        `probability` is that of each request; `times` is how many requests are affected, None for
        all. The fault is a preset (`sqlite-503`, `rate-limited`, `conflict`, `cut-before`,
        `cut-after`, `partial-body`, `reply-lost`), fields, or both: `status`, `cut`, `latency`,
        `lognormal`, `after`, `retry_after`, `detail` and `close`, as in `worlds.faults.Fault`.
        Raises UsageError, also for a path and method that no route has.
        """
        rule = call_for_user(
            lambda: worlds.Rule(worlds.build_fault(preset, **how), path, method, probability, times)
        )
        self._run(lambda: self._world.faults.add(rule))
        return rule

    def stop_failing(self, *, seed: int | None = None) -> None:
        """Remove all fault rules; with a seed, also seed the random numbers anew."""
        self._run(lambda: self._world.faults.clear(seed))

    @property
    def faults(self) -> tuple[Rule, ...]:
        """The fault rules, in the order in which they are tried."""
        return self._run(lambda: tuple(self._world.faults.rules))


def _id_or_name(run: str | FlowRun) -> str:
    return run if isinstance(run, str) else run.id
