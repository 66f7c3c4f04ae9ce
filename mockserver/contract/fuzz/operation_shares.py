"""Which operations a fuzz run sends, and what share of the cases each of them gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..exchanges import is_read_only
from ..server import Ownership, Target
from .fuzz_settings import FuzzSettings

# Of what only reads, these are asked in full, as FUZZED_WRITES are: they are about flow runs and
# what these belong to. The others get examples and some random cases, which a run of two minutes
# has the time for; those that write also get one value for each place of a request that is valid
# there, and one that is not.
_IN_FULL = (
    "/flow", "/task_run", "/deployments", "/admin", "/csrf-token", "/health", "/hello", "/ready",
    "/version",
)  # fmt: skip
_PART_OF_OTHERS = 5  # they get a fifth of the random cases; chosen
# Others take the same filters: their coverage phase would send the same 1,300 to 1,400 variants of
# a filter again, so that it is left out unless a run is to be thorough.
_FULL_FILTER = "/flow_runs/filter"
FUZZED_WRITES = frozenset(
    {
        "POST /flow_runs/bulk_delete",
        "POST /flow_runs/",
        "PATCH /flow_runs/{id}",
        "DELETE /flow_runs/{id}",
        "POST /flow_runs/bulk_set_state",
        "POST /flow_runs/{id}/set_state",
        "PATCH /flow_runs/{id}/labels",
        "POST /flows/",
        "DELETE /flows/{id}",
        "POST /task_runs/",
        "POST /v2/concurrency_limits/increment-with-lease",
        "POST /v2/concurrency_limits/decrement-with-lease",
        "POST /v2/concurrency_limits/leases/{lease_id}/renew",
        "POST /logs/",
    }
)
"""Operations that write and are sent to any server: what they create is taken away again.

Others create, change or delete objects that have no flow run, such as variables and work pools, by
names that may be somebody's. They are sent to a server that the kit has started for the run.
"""
NOT_FUZZED: Mapping[str, str] = {
    "GET /flow_runs/{id}/logs/download": "its reply is CSV, and the published document says JSON",
    # Prefect: events/storage, from_page_token. Such as `ZTMwPQ==`, measured on 3.9.1.
    "GET /events/filter/next": "a made-up token that is JSON makes a real server fail",
    # Any number is a time then, as in bodies (deviation lax-coercion); measured on 3.9.1.
    "GET /flow_runs/{id}/graph-v2": "its query is read laxly under spec, too",
    # Prefect: api/collections.py, get_collection_view.
    "GET /collections/views/{view}": "a real server asks GitHub for it",
}
"""Operations that only read and are sent only when they are named, with the reason."""


def default_operations(known: Iterable[str], target: Target) -> list[str]:
    """The operations that are sent without being named."""
    everything = target.ownership is Ownership.OURS
    return [
        name
        for name in known
        if name not in NOT_FUZZED and (everything or name in FUZZED_WRITES or _reads(name))
    ]


def _reads(name: str) -> bool:
    """Whether an operation changes nothing."""
    method, _, path = name.partition(" ")
    return is_read_only(method, path)


def examples_of(name: str, settings: FuzzSettings) -> int:
    """How many cases an operation gets in each phase, one at least."""
    part = _PART_OF_OTHERS if gets_few(name, settings) else 1
    return max(1, settings.max_examples // part)


def cases_per_place(name: str, settings: FuzzSettings) -> int:
    """How many cases of the coverage phase an operation gets for each place of its requests."""
    return 1 if gets_few(name, settings) else settings.max_examples


def gets_few(name: str, settings: FuzzSettings) -> bool:
    """Whether an operation is one of those that are not asked in full."""
    path = name.partition(" ")[2]
    in_full = path.startswith(_IN_FULL) if _reads(name) else name in FUZZED_WRITES
    return not (in_full or settings.operations or settings.thorough)


def is_nested(name: str) -> bool:
    """Whether an operation reads something of a record, such as its graph, and not the record."""
    return _reads(name) and name.count("/") > 2


def is_asked(phase: str, name: str, settings: FuzzSettings, operations: Sequence[str]) -> bool:
    """Whether an operation is asked in a phase, if that phase is run at all."""
    if phase != "coverage":
        return settings.shard.has(operations.index(name))
    if settings.thorough:
        return True
    method, _, path = name.partition(" ")
    if method == "POST" and _reads(name) and path.startswith(_IN_FULL):
        return path == _FULL_FILTER
    return not (_reads(name) and gets_few(name, settings))
