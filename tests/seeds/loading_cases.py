"""Random seeds, and both ways to load them: in bulk (`load_seeds`) and one record at a time."""

from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from mockserver.errors import SeedError
from mockserver.seeds import Seeds
from mockserver.seeds.record_loader import RecordLoader
from mockserver.seeds.records import COLLECTIONS
from tests.support.recorded_cases import NOW

UUIDS = [f"{digit * 8}-aaaa-4000-8000-{digit * 12}" for digit in "0123456789abcdef"]
TEXTS = ["", "a", "etl", "straße", "x" * 36, *UUIDS[:3]]
MOMENTS = [
    *("2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000001Z", "2026-02-01T08:00:00.123456Z"),
    *("2026-01-31T08:00:00+02:00", "now", "now-90d", "now-1.5s", "now+1.000001s", "now-7s"),
]
# Invalid for most fields or for all.
ODD_VALUES = [
    *(None, True, 1, -1, 1.5, 1e300, [], {}, [1], {"a": 1}, "nonsense", UUIDS[3].upper()),
    *("0123456789abcdef-0123456789abcdef-xyz", "2026-13-01T00:00:00Z", "2026-01-31T24:00:00Z"),
    *("2016-12-31T23:59:60Z", "2026-01-31 08:00:00Z", "0001-01-01T00:00:00+23:00", "now-9999999d"),
    *(f"{UUIDS[0][:-1]} ", f"{UUIDS[0][:-2]}  ", "now-999999999999s", "DONE", "now-1s\nnow-2s"),
]
STATES = [
    *({"type": "COMPLETED"}, {"type": "COMPLETED", "name": "Done"}, {"type": "SCHEDULED"}),
    *({"type": "FAILED", "data": 1}, {"type": "FAILED", "data": True}, {"type": "nonsense"}),
    *({"type": "RUNNING", "id": UUIDS[5]}, {"type": "RUNNING", "timestamp": MOMENTS[0]}),
    {"name": "Late", "type": "SCHEDULED", "state_details": {"scheduled_time": MOMENTS[3]}},
]
CREATORS = [{"id": UUIDS[1], "type": "USER"}, {"type": "USER"}, {"id": None}, {}, {"name": "x"}]
# Mostly valid.
LIKELY_VALUES: dict[str, list[Any]] = {
    **dict.fromkeys(("flow_id", "deployment_id", "parent_task_run_id", "flow_run_id"), UUIDS),
    **dict.fromkeys(("start_time", "end_time", "expected_start_time", "created"), MOMENTS),
    "tags": [[], ["a"], ["a", "b"], ["a", "a"]],
    "state": STATES,
    "created_by": CREATORS,
    "run_count": [0, 1, 2.0],
    "total_run_time": [0, 1.5],
    "auto_scheduled": [True, False],
    "state_type": ["COMPLETED", "FAILED"],
    "state_name": ["Completed", "Done"],
    "parameters": [{}, {"a": 1}],
    "job_variables": [None, {}, {"a": 1}],
    "name": TEXTS,
    "work_pool_name": ["k8s", None],
    "work_queue_name": ["fast", None],
    "flow_version": TEXTS,
    "idempotency_key": TEXTS,
    "work_queue_id": UUIDS[:2],
    "rumour": [1],
    "state_id": UUIDS,
    **dict.fromkeys(("started", "ended", "expected"), MOMENTS),
    "flow": ["etl", "elt"],
    "deployment": ["nightly", "etl"],
    "parent": UUIDS,
}
# Of flows and deployments that runs may give by name.
_NIGHTLY = {"id": UUIDS[2], "name": "nightly", "flow_id": UUIDS[0]}
DESCRIPTIONS = [
    {"flows": [{"id": UUIDS[0], "name": "etl"}], "deployments": [_NIGHTLY]},
    {"deployments": [{"id": UUIDS[1], "name": "etl", "flow": "etl"}, _NIGHTLY]},
    {"deployments": [{"id": UUIDS[1], "name": "nightly", "flow": "elt"}, _NIGHTLY]},
]
TASK_RUN_KEYS = COLLECTIONS["task_runs"].keys() & LIKELY_VALUES.keys()
RUN_KEYS = (COLLECTIONS["flow_runs"].keys() & LIKELY_VALUES.keys()) | {"rumour"}


@st.composite
def records(draw: st.DrawFn, keys: frozenset[str], *, odd: bool) -> list[dict[str, Any]]:
    """A few records of one shape. If `odd`, values may be invalid and an id may be missing."""
    shape = draw(st.lists(st.sampled_from(sorted(keys)), max_size=6, unique=True))
    values = {
        key: st.sampled_from(LIKELY_VALUES[key])
        | st.none()
        | (st.sampled_from(ODD_VALUES) if odd else st.none())
        for key in shape
    }
    record = st.fixed_dictionaries({"id": st.sampled_from(UUIDS), **values})
    found = draw(st.lists(record, min_size=1, max_size=4))
    if draw(st.booleans()) and odd:
        del found[0]["id"]
    return found


@st.composite
def seed_lines(draw: st.DrawFn) -> list[Any]:
    """The lines of a seed: records, lists of records, and documents of collections."""
    lines: list[Any] = []
    used: set[Any] = set()
    odd = draw(st.integers(0, 3)) == 0

    def with_new_ids(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those whose ids are not in use; all of them if duplicate ids may be drawn."""
        kept = [record for record in found if odd or record["id"] not in used]
        used.update(record.get("id") for record in kept)
        return list({record.get("id"): record for record in kept}.values()) if not odd else kept

    if draw(st.integers(0, 3)) == 0:
        lines.append(draw(st.sampled_from(DESCRIPTIONS)))
    for _ in range(draw(st.integers(1, 4))):
        runs = with_new_ids(draw(records(frozenset(RUN_KEYS), odd=odd)))
        tasks = with_new_ids(draw(records(frozenset(TASK_RUN_KEYS), odd=odd)))
        match draw(st.integers(0, 3)):
            case 0:
                lines += runs
            case 1:
                lines.append(runs)
            case 2:
                lines.append({"flow_runs": runs, "task_runs": tasks})
            case _:
                lines.append([*({**task, "flow_run_id": None} for task in tasks), *runs])
    return lines


def load_one_by_one(paths: list[Path], now: datetime) -> Seeds:
    """What `load_seeds` loads, without the bulk reader."""
    loader = RecordLoader(now)
    loader.load_files(paths, None)
    if loader.problems:
        raise SeedError(loader.problems, more=loader.unlisted)
    return loader.finish()


def load_result(load: Any, file: Path) -> Any:
    """The result of a load in a form that can be compared: records and notes, or problems."""
    try:
        loaded = load([file], NOW)
    except SeedError as error:
        return [str(problem) for problem in error.problems]
    runs, tasks = dict(loaded.flow_runs), dict(loaded.task_runs)
    records = sorted(map(repr, (*runs.items(), *tasks.items())))
    return records, loaded.flows, loaded.deployments, loaded.notes, loaded.base().runs
