"""Filters of the part `explain`: one of each kind of column, and several conditions together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from benchmarks.generated_seeds import NOW

_LONG_AGO = (datetime.fromisoformat(NOW) - timedelta(days=30)).isoformat()
_DONE = {"state": {"type": {"any_": ["COMPLETED"]}}}
FILTERS: Mapping[str, Mapping[str, Any]] = {
    "no filter": {},
    "completed, and ended long ago": {**_DONE, "end_time": {"before_": _LONG_AGO}},
    "failed, tagged, named, recent": {
        "state": {"type": {"any_": ["FAILED"]}},
        "tags": {"all_": ["prod"]},
        "name": {"like_": "etl"},
        "start_time": {"after_": _LONG_AGO},
    },
    "either of three": {
        "operator": "or_",
        "name": {"like_": "daily"},
        "tags": {"any_": ["pii"]},
        "deployment_id": {"is_null_": True},
    },
    "name like_, a letter": {"name": {"like_": "z"}},
    "name like_, wildcards to a database": {"name": {"like_": "10%-k_wi"}},
    "name any_": {"name": {"any_": ["brisk-heron"]}},
    "tags": {"tags": {"all_": ["prod"]}},
    "state name": {"state": {"name": {"not_any_": ["Completed"]}}},
    "start time": {"start_time": {"before_": _LONG_AGO}},
    "expected start": {"expected_start_time": {"before_": _LONG_AGO}},
    "deployment": {"deployment_id": {"is_null_": True}},
    "parent": {"parent_task_run_id": {"is_null_": False}},
    "idempotency key": {"idempotency_key": {"not_any_": ["scheduled-77"]}},
    "creator": {"created_by": {"type_": ["USER"]}},
}
