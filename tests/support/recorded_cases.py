"""Recorded filters and requests with the answers of real servers, from tests/data."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from mockserver.prefect.deviations import DATABASES, SQLITE
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.seeds.records import COLLECTIONS, build_record
from mockserver.store.base import Base
from tests.support.recorded_answers import (
    BASE,
    eras,
    load_filter_data,
    load_request_data,
    recorded_answers,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


FILTER_DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        SPEC,
        *(
            dialect_for(database, era[-1])
            for database in DATABASES
            for era in eras("filters", database, of_answers=True)
        ),
    )
}
"""The document's dialect, and one of each group of releases that select alike, by name."""


@dataclass(frozen=True)
class FilterCase:
    """A filter and the ids that it selects in each of `FILTER_DIALECTS`, highest first."""

    flow_runs: Any
    expected: dict[str, list[str]]


@dataclass(frozen=True)
class RequestCase:
    """A raw request of bulk_delete and the answer of a real server."""

    body: bytes
    content_type: str | None
    status: int
    reply: Any


@cache
def filter_base() -> Base:
    """The flow runs and task runs of the filter cases."""
    recorded = load_filter_data()
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
    recorded = load_filter_data()
    ids = [run["id"] for run in recorded["flow_runs"]]
    selected = {
        name: recorded_answers("filters", dialect.release, dialect.database)
        for name, dialect in FILTER_DIALECTS.items()
        if dialect.database
    }
    return [
        FilterCase(
            case["flow_runs"],
            {
                name: [
                    ids[position]
                    for position in (
                        selected[name][str(place)]
                        if name in selected
                        else case.get("matches_spec", case.get("matches"))
                    )
                ]
                for name in FILTER_DIALECTS
            },
        )
        for place, case in enumerate(recorded["cases"])
    ]


@cache
def request_cases(release: str = BASE, database: str = SQLITE) -> list[RequestCase]:
    """All request cases, with what a release answered on a database."""
    answers = recorded_answers("requests", release, database)
    return [
        RequestCase(
            case["body"].encode() if "body" in case else base64.b64decode(case["body_base64"]),
            case["content_type"],
            *answers[str(place)],
        )
        for place, case in enumerate(load_request_data())
    ]
