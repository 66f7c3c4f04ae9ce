"""A world of a running server, as a test sees it: to fill, to look at, to let go wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ..errors import UsageError
from ..prefect import FlowRun
from ..worlds import (
    ANY,
    MAX_KEPT_BODY,
    Exchange,
    ExpectedRequest,
    FieldValues,
    Rule,
    SeedDocument,
    World,
    build_fault,
    check_parents,
    dump_store,
    explain_deletion_mismatch,
    explain_request_mismatch,
    fields_of_nth,
    to_json_value,
)

T = TypeVar("T")
_TIMEOUT_SECONDS = 30.0
RunOnLoop = Callable[[Callable[[], Any]], Any]


class FlowRunApi:
    """A Prefect API with flow runs of its own. `url` is what PREFECT_API_URL has to be.

    Everything here may be called from any thread, also while requests come.
    """

    def __init__(
        self, url: str, world: World, call: RunOnLoop, fork: Callable[[World], FlowRunApi]
    ) -> None:
        """`call` runs a function where the world lives; `fork` opens a session for a world."""
        self.url = url
        self._world = world
        self._call = call
        self._fork = fork
        self.forks: list[FlowRunApi] = []

    def __repr__(self) -> str:
        return f"<FlowRunApi {self.url}>"

    def _do(self, what: Callable[[], T]) -> T:
        done: T = self._call(what)
        return done

    # What it holds.

    def add(self, **fields: Any) -> FlowRun:
        """Add a flow run: `api.add(name="etl", state="COMPLETED", started="now-40d")`.

        Fields are those of a seed, and `started`, `ended`, `expected` for their times; `flow`, the
        name of its flow; `parent`, the flow run whose subflow it is. `state` is a type, a name
        that Prefect gives (`Late`), or both as an object; PENDING where nothing is said. Ids are
        the same in each session. Raises SeedError, with what was expected.
        """
        return self.make(1, **fields)[0]

    def make(self, number: int, **fields: Any) -> tuple[FlowRun, ...]:
        """Add flow runs that are alike; in the order of their making.

        A field that is a function is called with 0, 1, 2, ...; `{n}` in `name` is that number.
        Raises SeedError, and then none is added, and UsageError for a number below 0.
        """
        if number < 0:
            raise UsageError(f"make is asked for {number:,} flow runs; expected 0 or more")
        return self._do(lambda: self._make([fields_of_nth(fields, n) for n in range(number)]))

    def _make(self, wanted: list[FieldValues]) -> tuple[FlowRun, ...]:
        seeds = self._world.factory.seeds(wanted)
        check_parents(seeds, self._world.store)
        self._world.load(seeds)
        found = (self._world.store.get(run) for run in seeds.flow_runs)
        return tuple(run for run in found if run is not None)

    def load(self, seeds: str | Path | FieldValues | Iterable[FieldValues]) -> None:
        """Add what a file or folder holds, or a document of collections, or a list of what `add`
        takes. Raises SeedError, and then nothing is added.
        """
        self._do(lambda: self._world.load(self._world.factory.seeds(seeds)))

    def dump(self) -> SeedDocument:
        """What it holds, as a document that `load` takes, and that can be kept as a JSON seed."""
        return self._do(lambda: dump_store(self._world.store))

    @property
    def flow_runs(self) -> tuple[FlowRun, ...]:
        """The flow runs that there are, highest id first."""
        return self._do(lambda: tuple(self._world.store))

    def get(self, flow_run_id: object) -> FlowRun | None:
        """The flow run of an id (text or UUID), or None where there is none."""
        return self._do(lambda: self._world.store.get(str(flow_run_id).lower()))

    def begin_here(self) -> None:
        """Let what it holds now be what `reset` goes back to."""
        self._do(self._world.begin_here)

    def reset(self) -> None:
        """Back to how it began: flow runs, clock, journal, faults."""
        self._do(self._world.reset)

    def snapshot(self, name: str = "default") -> None:
        """Keep what it holds now, to be restored later. Raises UsageError."""
        self._do(lambda: self._world.snapshot(name))

    def restore(self, name: str = "default") -> None:
        """Hold again what a snapshot holds. Raises NotThere where there is none."""
        self._do(lambda: self._world.restore(name))

    def fork(self) -> FlowRunApi:
        """Another API on the same server, with the flow runs of this one and its own from now on:
        one for each thread of a test.
        """
        forked = self._fork(self._world)
        self.forks.append(forked)
        return forked

    # Its clock.

    @property
    def now(self) -> datetime:
        """What time it is: for relative times, filters, and what becomes of states."""
        return self._do(self._world.clock.now)

    def advance(self, by: timedelta | str) -> datetime:
        """Move the clock on, by `"2d"` or a timedelta; returns the new now. Raises UsageError."""
        return self._do(lambda: self._world.clock.advance(by))

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Stop the clock, where it is or at an instant; `advance` still moves it."""
        return self._do(lambda: self._world.clock.stop(at))

    # What was asked of it.

    @property
    def requests(self) -> tuple[Exchange, ...]:
        """The requests with their replies, warnings, what they deleted and why; oldest first."""
        return self._do(lambda: tuple(self._world.journal or ()))

    @property
    def deleted(self) -> tuple[FlowRun, ...]:
        """The flow runs that requests deleted, as they last were, in the order they went."""
        journal = self._world.journal
        return () if journal is None else self._do(lambda: journal.deleted)

    @property
    def errors(self) -> tuple[Exception, ...]:
        """What went wrong in the server or in forks of this API: bugs of mockserver."""
        journal = self._world.journal
        own = () if journal is None else self._do(lambda: tuple(journal.failed))
        return own + tuple(error for fork in self.forks for error in fork.errors)

    @property
    def warnings(self) -> dict[str, int]:
        """What it and its forks warned of, by the ids in `dialects.WARNINGS`: how often."""
        journal = self._world.journal
        warned = Counter[str]() if journal is None else self._do(lambda: Counter(journal.warned))
        for fork in self.forks:
            warned.update(fork.warnings)
        return dict(warned)

    def post(self, path: str, body: Any = None, **headers: str) -> Exchange:
        """POST a value as JSON, over the network; returns the exchange, to look at its reply.

        Header names are written with `_` for `-`. Raises ConnectionError where no reply comes.
        """
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Exchange:
        """Send a request, as `post` does, with any method; without a body where it is None."""
        address = urlsplit(self.url)
        connection = HTTPConnection(address.netloc, timeout=_TIMEOUT_SECONDS)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = None
        if body is not None:
            sent = json.dumps(to_json_value(body))
            named = {"Content-Type": "application/json", **named}
        try:
            connection.request(method, f"{address.path}{path}", sent, named)
            connection.getresponse().read()
        except (HTTPException, TimeoutError) as error:
            raise ConnectionError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()
        exchanges = self.requests
        if not exchanges:
            raise UsageError("there is no exchange to look at: the journal keeps none")
        # Others may have asked meanwhile; what is refused by its path has no body in the journal.
        asked, bodies = path.partition("?")[0], ((sent or "").encode()[:MAX_KEPT_BODY], b"")
        mine = (
            one
            for one in reversed(exchanges)
            if one.method == method and one.path == asked and one.body in bodies
        )
        return next(mine, exchanges[-1])

    def assert_called(
        self,
        path: str = "*",
        *,
        method: str | None = None,
        json: Any = ANY,
        status: int | None = None,
        warning: str | None = None,
        times: int | None = None,
    ) -> tuple[Exchange, ...]:
        """That there was such a request, or `times` such; returns them.

        `path` is a pattern (`/flow_runs/*`), `json` the whole body, in which `...` stands for
        anything. Raises AssertionError, which tells what came nearest and how it differs.
        """
        __tracebackhide__ = True
        expected = ExpectedRequest(path, method, json, status, warning)
        exchanges = self.requests
        found = tuple(one for one in exchanges if not expected.differences(one))
        complaint = explain_request_mismatch(expected, exchanges, len(found), times)
        if complaint:
            raise AssertionError(complaint)
        return found

    def assert_deleted(self, expected: str | Iterable[object]) -> None:
        """That requests deleted these flow runs and no others.

        Each is a flow run, an id, or a name, which stands for every flow run that has it; a text
        alone is one of them. Raises AssertionError, which tells the difference, why a flow run was
        deleted, and which requests came close to deleting one.
        """
        __tracebackhide__ = True
        wanted = (expected,) if isinstance(expected, str) else tuple(expected)
        complaint = explain_deletion_mismatch(wanted, self.deleted, self.flow_runs, self.requests)
        if complaint:
            raise AssertionError(complaint)

    # What goes wrong.

    def fail_next(self, preset: str | None = None, *, times: int = 1, **how: Any) -> Rule:
        """Let the next request, or as many as `times`, go wrong; see `fail`."""
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
        """Let requests of a path (a pattern) and method go wrong, by chance or always.

        How: a preset (`sqlite-503`, `rate-limited`, `conflict`, `cut-before`, `cut-after`,
        `partial-body`, `reply-lost`), or `status`, `cut`, `latency`, `lognormal`, `after`,
        `retry_after`, `detail`, `close` as `faults.Fault` has them. Raises UsageError.
        """
        rule = Rule(build_fault(preset, **how), path, method, probability, times)
        self._do(lambda: self._world.faults.add(rule))
        return rule

    def stop_failing(self, *, seed: int | None = None) -> None:
        """Let nothing go wrong any more; with a seed, chance starts anew."""
        self._do(lambda: self._world.faults.clear(seed))

    @property
    def faults(self) -> tuple[Rule, ...]:
        """What goes wrong, in the order in which it is asked."""
        return self._do(lambda: tuple(self._world.faults.rules))
