"""Recorded filters and requests with the answers of real servers, from tests/data."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from mockserver.seeds.record_fields import COLLECTIONS, build_record
from mockserver.store.flow_run_index import Base
from tests.support.paths import DATA

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class FilterCase:
    """A filter and the ids that it selects in each dialect, highest first."""

    flow_runs: Any
    expected: dict[str, list[str]]


@dataclass(frozen=True)
class RequestCase:
    """A raw request of bulk_delete and the answer of a real server on SQLite."""

    body: bytes
    content_type: str | None
    status: int
    reply: Any


@cache
def _load_filter_data() -> Any:
    return json.loads((DATA / "filters-prefect-3.8.8.json").read_text())


@cache
def filter_base() -> Base:
    """The flow runs and task runs of the filter cases."""
    recorded = _load_filter_data()
    read = {
        name: [
            build_record(name, {key: fields[key].read(value, NOW) for key, value in record.items()})
            for record in recorded[name]
        ]
        for name, fields in COLLECTIONS.items()
        if name in recorded
    }
    return Base(read["flow_runs"], read["task_runs"])  # type: ignore[arg-type]


@cache
def filter_cases() -> list[FilterCase]:
    """All filter cases."""
    recorded = _load_filter_data()
    ids = [run["id"] for run in recorded["flow_runs"]]

    def select(case: Any, *keys: str) -> list[str]:
        positions = next(case[key] for key in keys if key in case)
        return [ids[position] for position in positions]

    return [
        FilterCase(
            case["flow_runs"],
            {
                "spec": select(case, "matches_spec", "matches"),
                "prefect-sqlite": select(case, "matches_sqlite", "matches"),
                "prefect-postgresql": select(case, "matches_postgresql", "matches"),
            },
        )
        for case in recorded["cases"]
    ]


def _adapt_to_python_version(recorded: Any) -> Any:
    """Adapt answers recorded on Python 3.11: since 3.13 json reports a trailing comma as such."""
    for case in recorded:
        if sys.version_info >= (3, 13) and case.get("body") == '{"limit":1,}':
            (problem,) = case["reply"]["exception_detail"]
            problem["loc"] = ["body", 10]
            problem["ctx"] = {"error": "Illegal trailing comma before end of object"}
    return recorded


@cache
def request_cases() -> list[RequestCase]:
    """All request cases."""
    recorded = json.loads((DATA / "requests-prefect-3.8.8.json").read_text())
    return [
        RequestCase(
            case["body"].encode() if "body" in case else base64.b64decode(case["body_base64"]),
            case["content_type"],
            case["status"],
            case["reply"],
        )
        for case in _adapt_to_python_version(recorded)
    ]
