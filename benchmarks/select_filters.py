"""Filters of the part `select`: each criterion alone, both lists, like_ texts, nested or_."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Filter = Mapping[str, Any]


def named_filters(ids: Sequence[str]) -> Mapping[str, Filter]:
    """The filters by name. `ids` are about 20 ids of runs in the store, evenly spread."""
    old, middle = "2025-06-10T00:00:00Z", "2025-12-10T00:00:00Z"
    ended = {"any_": ["COMPLETED", "FAILED", "CRASHED"]}
    return {
        "no filter": {},
        "id any_ 20": {"id": {"any_": list(ids[:20])}},
        "id not_any_ 20": {"id": {"not_any_": list(ids[:20])}},
        "name any_": {"name": {"any_": ["brisk-heron", "calm-auk"]}},
        "like_, 1 letter": {"name": {"like_": "z"}},
        "like_, 2 letters": {"name": {"like_": "et"}},
        "like_, 3 letters": {"name": {"like_": "ETL"}},
        "like_, 14 letters": {"name": {"like_": "backfill_brisk"}},
        "like_, case folded": {"name": {"like_": "STRASSE"}},
        "like_, wildcards to a database": {"name": {"like_": "10%-k_wi"}},
        "like_, nothing found": {"name": {"like_": "nothing-like-it"}},
        "tags all_ 2": {"tags": {"all_": ["prod", "region:eu"]}},
        "tags any_ 2": {"tags": {"any_": ["manual", "debug"]}},
        "tags is_null_": {"tags": {"is_null_": True}},
        "deployment is_null_": {"deployment_id": {"is_null_": True}},
        "work queue any_": {"work_queue_name": {"any_": ["bulk"]}},
        "state type any_ 3": {"state": {"type": ended}},
        "state type both lists": {"state": {"type": {**ended, "not_any_": ["FAILED"]}}},
        "state name not_any_": {"state": {"name": {"not_any_": ["Completed"]}}},
        "flow version any_": {"flow_version": {"any_": ["2.10"]}},
        "state type, oldest tenth": {"state": {"type": ended}, "start_time": {"before_": old}},
        "half of the start times": {"start_time": {"before_": middle}},
        "a week of end times": {
            "end_time": {"after_": "2026-01-10T00:00:00Z", "before_": "2026-01-17T00:00:00Z"}
        },
        "expected before_": {"expected_start_time": {"before_": old}},
        "next scheduled after_": {"next_scheduled_start_time": {"after_": "2026-02-02T00:00:00Z"}},
        "parent run any_": {"parent_flow_run_id": {"any_": list(ids)}},
        "parent task is_null_": {"parent_task_run_id": {"is_null_": True}},
        "idempotency key any_": {"idempotency_key": {"any_": ["scheduled-77"]}},
        "idempotency key not_any_": {"idempotency_key": {"not_any_": ["scheduled-77"]}},
        "created by type_": {"created_by": {"type_": ["USER"]}},
        "or_ of three": {
            "operator": "or_",
            "name": {"like_": "daily"},
            "tags": {"any_": ["pii"]},
            "deployment_id": {"is_null_": True},
        },
        "deep or_": {
            "operator": "or_",
            "tags": {"operator": "or_", "all_": ["pii", "ml"], "is_null_": True},
            "state": {"operator": "or_", "type": {"any_": ["CRASHED"]}, "name": {"any_": ["Late"]}},
            "work_queue_name": {"operator": "or_", "any_": ["bulk"], "is_null_": True},
            "end_time": {"before_": "2024-06-01T00:00:00Z"},
        },
        "a contradiction": {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "end_time": {"is_null_": False},
        },
        "like_, time, not_any_: nothing": {
            "name": {"like_": "nothing-like-it"},
            "start_time": {"before_": middle},
            "state": {"name": {"not_any_": ["Completed"]}},
        },
        "time, tags, not_any_": {
            "state": {"name": {"not_any_": ["Completed", "Failed"]}},
            "start_time": {"after_": middle},
            "tags": {"any_": ["prod"]},
        },
    }
