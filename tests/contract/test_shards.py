# Invariant: the shards of a run together ask exactly what the whole run asks, and no two the same.

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from mockserver.contract.diff import delete_comparison
from mockserver.contract.diff.covering import plan_filters
from mockserver.contract.diff.delete_comparison import DeleteComparison
from mockserver.contract.diff.filter_comparison import FilterComparison
from mockserver.contract.diff.selection import Selection
from mockserver.contract.diff.strategies import Trace
from mockserver.contract.diff.twin import Twin
from mockserver.contract.diff.vocabulary import vocabulary_of
from mockserver.contract.findings import Finding
from mockserver.contract.fuzz.fuzz_settings import FuzzSettings
from mockserver.contract.fuzz.runner import fuzz
from mockserver.contract.server.target import Ownership, Target
from mockserver.contract.shards import WHOLE, Shard, parse_shard
from mockserver.errors import UsageError
from mockserver.prefect.dialects import SPEC
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.contract.diff.test_filter_sweep import POPULATION, VOCABULARY
from tests.support.server_mutants import Handler, Mutant, serve_mutant

Json = Any
_UUID = re.compile(r"[0-9a-f-]{36}")
SHARDS = [Shard(number, 3) for number in (1, 2, 3)]


@given(st.integers(1, 9), st.lists(st.integers()))
def test_everything_is_dealt_out_once_and_evenly(total: int, things: list[int]) -> None:
    """Whatever there is, and however many shards."""
    shards = [Shard(number, total) for number in range(1, total + 1)]
    dealt = [list(shard.deal(things)) for shard in shards]
    assert Counter(thing for part in dealt for thing in part) == Counter(things)
    assert [len(part) for part in dealt] == [shard.portion(len(things)) for shard in shards]
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


def test_a_shard_is_read_as_it_is_printed() -> None:
    """As test runners have it."""
    assert parse_shard("2/8") == Shard(2, 8)
    assert str(Shard(2, 8)) == "2/8"
    assert parse_shard("1/1").is_whole


@pytest.mark.parametrize("text", ["", "2", "0/8", "9/8", "a/b", "1/257", "1/99999", "-1/2", "²/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    """With what came and what was expected."""
    with pytest.raises(UsageError, match=r"--shard is '.*'; expected .* such as 2/8"):
        parse_shard(text)


# --- diff -----------------------------------------------------------------------------------------


class AskedFilters(FilterComparison):
    """Notes what would be asked."""

    def compare(self, filter_body: Json) -> None:
        """Note it."""
        self.smallest_shown.setdefault("asked", []).append(json.dumps(filter_body))


def filters_asked(shard: Shard, examples: int) -> list[str]:
    nobody: Any = None
    comparison = AskedFilters(nobody, nobody, {}, POPULATION, None, lambda _: None)
    planned = islice(plan_filters(VOCABULARY, POPULATION, 1), 40)
    assert comparison.search(planned, VOCABULARY, examples, 1, Selection(shard)) == []
    return comparison.smallest_shown["asked"]  # type: ignore[no-any-return]


def test_the_filters_of_all_shards_are_those_of_the_whole() -> None:
    """Those of the registry, the planned ones, and the random ones."""
    whole = filters_asked(WHOLE, 80)
    assert len(whole) == 80
    parts = [filters_asked(shard, 80) for shard in SHARDS]
    assert Counter(text for part in parts for text in part) == Counter(whole)
    assert sorted(map(len, parts)) == [26, 27, 27]


def plan_with_ids(seed: int) -> list[str]:
    """The plan for the same flow runs, created in the same order, with ids that a server chose; in
    the plan each id is replaced by the place of its run.
    """
    runs = sorted(POPULATION.store, key=lambda run: run.id)
    random = Random(seed)  # noqa: S311 - test data
    ids = [str(UUID(int=random.getrandbits(128), version=4)) for _ in runs]
    created = [replace(run, id=new_id) for run, new_id in zip(runs, ids, strict=True)]
    twin = Twin(Store(Base(created, POPULATION.store.task_runs)), SPEC)
    places = {new_id: f"run {place}" for place, new_id in enumerate(ids)}
    texts = map(json.dumps, islice(plan_filters(vocabulary_of(created), twin, 1), 120))
    return [_UUID.sub(lambda found: places.get(found[0], found[0]), text) for text in texts]


def test_every_server_gets_the_same_plan() -> None:
    """Each shard has a server of its own, and the ids of its flow runs are the server's choice."""
    assert plan_with_ids(1) == plan_with_ids(2)


class AskedDeletes(DeleteComparison):
    """Notes which filters and traces would be tried."""

    def _search_created(self, filters: Iterable[Json], deletes: int, *_: Any) -> None:
        self.filters = [json.dumps(one) for one in islice(filters, 10_000)]
        self.quota = deletes

    def compare(self, trace: Trace) -> None:
        """Note it."""
        self.sent += len(trace.steps)
        self.traces = [*getattr(self, "traces", ()), repr(trace)]


def deletes_asked(shard: Shard) -> AskedDeletes:
    created: Any = SimpleNamespace(delete_all=lambda: None, target=None)
    nobody: Any = None
    comparison = AskedDeletes(created, nobody, False, lambda _: None)
    found: list[Finding] = comparison.search(
        islice(plan_filters(VOCABULARY, POPULATION, 1), 30), 60, 1, Selection(shard)
    )
    assert found == []
    return comparison


def test_the_deletes_of_all_shards_are_those_of_the_whole() -> None:
    """The filters that they may be sent with, and the traces; so many as the whole run sends."""
    assert delete_comparison.MAX_DIFFERENCES > 1
    whole, parts = deletes_asked(WHOLE), [deletes_asked(shard) for shard in SHARDS]
    for name in ("filters", "traces"):
        asked = Counter(one for part in parts for one in getattr(part, name))
        assert asked == Counter(getattr(whole, name))
    assert sum(part.quota for part in parts) == whole.quota == 48
    assert sum(part.sent for part in parts) == whole.sent >= 12


# --- fuzz -----------------------------------------------------------------------------------------

OPERATIONS = (
    "POST /v2/concurrency_limits/increment-with-lease",
    "GET /flows/name/{name}",
    "GET /flow_run_states/",
    "GET /csrf-token",
)
PATHS = (
    "/v2/concurrency_limits/increment-with-lease",
    "/flows/name/",
    "/flow_run_states/",
    "/csrf",
)


def requests_of(settings: FuzzSettings) -> Iterator[str]:
    """The requests of a run to the operations above."""
    asked: list[str] = []

    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.removeprefix("/api").startswith(PATHS):
            asked.append(f"{request.method} {request.path_qs} {await request.text()}")
        return await handler(request)

    with serve_mutant(Mutant("right", "records", record, ()), Store(Base(()))) as client:
        fuzz(Target(client.url, {}, Ownership.OURS), SPEC, settings)
    yield from asked


def test_the_generated_requests_of_all_shards_are_those_of_the_whole() -> None:
    """In the phases in which no reply decides what is asked next; each shard has its part."""

    def settings(shard: Shard) -> FuzzSettings:
        phases = ("examples", "coverage", "fuzzing")
        return FuzzSettings(3, 1, phases, OPERATIONS, probes=False, shard=shard)

    whole = Counter(requests_of(settings(WHOLE)))
    parts = [Counter(requests_of(settings(Shard(number, 2)))) for number in (1, 2)]
    assert parts[0] + parts[1] == whole
    assert abs(parts[0].total() - parts[1].total()) <= whole.total() / 5
