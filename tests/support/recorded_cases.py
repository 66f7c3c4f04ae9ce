"""Recorded filters and requests with the answers of real servers, from tests/data."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from mockserver.prefect.deviations import DATABASES
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.seeds.record_fields import COLLECTIONS, build_record
from mockserver.store.flow_run_index import Base
from tests.support.paths import DATA

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


FILTER_RELEASES = ("3.6.22", "3.8.8", "3.9.1")
"""The releases that all filter cases were asked of, the last of each era."""
FILTER_DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        SPEC,
        *(dialect_for(database, release) for database in DATABASES for release in FILTER_RELEASES),
    )
}
"""The dialects that the filter cases have an answer for, by name."""


@dataclass(frozen=True)
class FilterCase:
    """A filter and the ids that it selects in each of `FILTER_DIALECTS`, highest first."""

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


def _load_other_releases() -> dict[int, Any]:
    """What other releases than 3.8.8 select, by the place of the case; only what differs."""
    cases = json.loads((DATA / "filters-by-release.json").read_text())["cases"]
    return {case["case"]: case for case in cases}


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

    others = _load_other_releases()

    def expected(dialect: Dialect, place: int, case: Any) -> list[str]:
        if dialect.database is None:
            positions = case.get("matches_spec", case.get("matches"))
        else:
            key = f"matches_{dialect.database}"
            other = others.get(place, {}).get(dialect.release, {})
            answers = other if other.keys() & {key, "matches"} else case
            positions = answers.get(key, answers.get("matches"))
        return [ids[position] for position in positions]

    return [
        FilterCase(
            case["flow_runs"],
            {name: expected(dialect, place, case) for name, dialect in FILTER_DIALECTS.items()},
        )
        for place, case in enumerate(recorded["cases"])
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
