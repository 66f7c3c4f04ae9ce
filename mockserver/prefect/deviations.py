"""The registry of deviations: what a real Prefect server does that its document does not say.

Each deviation has an id, both sides in a sentence, and a request that shows it. Those that a
request can be warned of, and the warnings that do not come from a deviation, are in `WARNINGS`.
openapi.yaml names the same ids; a test holds the two equal. `dialects` says which server has which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MEASURED_ON = ("3.8.8",)
BULK_DELETE = "POST /flow_runs/bulk_delete"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One way in which a real server is not what its document says.

    `request` is a body (or, where the body is not the point, headers and body) that shows it at
    `endpoint`. A `silent` one is no reason for a warning.
    """

    id: str
    document: str
    server: str
    request: str
    endpoint: str = BULK_DELETE
    silent: bool = False
    seen_in: tuple[str, ...] = MEASURED_ON


DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "state-both-lists",
        "state.type (or .name) with any_ and not_any_ selects what is in the one and not in the "
        "other",
        "that type or name is dropped; alone, it then matches every run",
        '{"flow_runs":{"state":{"type":{"any_":["COMPLETED"],"not_any_":["FAILED"]}}}}',
    ),
    Deviation(
        "like-wildcards",
        "like_ is a plain partial match",
        "% and _ in like_ are wildcards; on PostgreSQL \\ escapes the next character",
        '{"flow_runs":{"name":{"like_":"100%"}}}',
    ),
    Deviation(
        "like-nul",
        "NUL in like_ is an ordinary character",
        "SQLite cuts the pattern at its first NUL and loses the closing %, so that a leading NUL "
        "matches every run; PostgreSQL answers 503",
        '{"flow_runs":{"name":{"like_":"\\u0000"}}}',
    ),
    Deviation(
        "nul-in-text",
        "NUL in a name, tag, version, key, queue or type is an ordinary character",
        "PostgreSQL answers 503",
        '{"flow_runs":{"tags":{"any_":["a\\u0000"]}}}',
    ),
    Deviation(
        "like-case-ascii",
        "like_ is case-insensitive by Unicode case folding",
        "SQLite folds A-Z only; PostgreSQL lower-cases code point by code point and does not fold",
        '{"flow_runs":{"name":{"like_":"STRASSE-\\u00dc"}}}',
    ),
    Deviation(
        "error-shape",
        '422 is {"detail":[{"loc","msg","type"}]}',
        '422 is {"exception_message","exception_detail","request_body"}',
        '{"limit":0}',
        silent=True,
    ),
    Deviation(
        "lax-coercion",
        "values have the JSON types and formats of the schema",
        "values are coerced: numbers and booleans from text, uuids without hyphens, times without "
        "an offset, dates, unix numbers",
        '{"limit":"10"}',
    ),
    Deviation(
        "body-ignored",
        "the body is application/json; another type is 422",
        "a body of any other type is ignored: no filter, limit 50, up to 50 runs deleted",
        'Content-Type: text/plain\n\n{"flow_runs":{"id":{"any_":[]}}}',
    ),
    Deviation(
        "api-version-400",
        "x-prefect-api-version is any text",
        "400 unless it is three numbers with dots, 0.8.0 or above; but /health and /version answer",
        "Content-Type: application/json\nx-prefect-api-version: 1.2\n\n{}",
    ),
    Deviation(
        "unreadable-400",
        "a body that cannot be decoded is 422",
        "400 for bytes that are no UTF-8, 16 or 32, integers of more than 4,300 digits and "
        "nesting that is too deep; a UTF-8 byte order mark, UTF-16 and UTF-32 are read",
        '{"x":"\\xff"} (a byte that is no UTF-8)',
    ),
    Deviation(
        "undocumented-5xx",
        "NaN, infinities and lone surrogates are 422; everything else is ordinary",
        "500 or 503 where a reply would repeat them, where a lone surrogate reaches the query, "
        "where a time leaves the years 1-9999 in UTC, and past the database's bounds",
        '{"limit":NaN}',
    ),
    Deviation(
        "client-nulls",
        "the name of a run to create is a text, and sort and limit of a list have a value",
        "null is taken for what is absent: Prefect's own client sends it; so do all dialects",
        '{"sort":null,"limit":null}',
        endpoint="POST /flow_runs/filter",
        silent=True,
    ),
    Deviation(
        "lateness-whole-seconds",
        "the average of /flow_runs/lateness and the sums of /flow_runs/history are in seconds",
        "SQLite rounds times to milliseconds and cuts them to whole seconds first",
        "{}",
        endpoint="POST /flow_runs/lateness",
        silent=True,
    ),
    Deviation(
        "create-with-data",
        "a flow run or task run can be created in a state with data",
        'any data but null and {"type": "unpersisted"} is 500',
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","state":{"type":"COMPLETED","data":1}}',
        endpoint="POST /flow_runs/",
        silent=True,
    ),
    Deviation(
        "bulk-shared-details",
        "bulk_set_state proposes the same state to each flow run",
        "the runs share one state_details: a scheduled time or lease that is copied from a run's "
        "earlier state is proposed to all after it, and all replies name the last run",
        '{"state":{"type":"PENDING"}}',
        endpoint="POST /flow_runs/bulk_set_state",
        silent=True,
    ),
    Deviation(
        "null-pause-keys",
        "pause_keys of a policy may be null",
        "pausing such a run is 500; in bulk_set_state it is an ABORT, and the run is paused",
        '{"state":{"type":"PAUSED"}}',
        endpoint="POST /flow_runs/{id}/set_state",
        silent=True,
    ),
    Deviation(
        "unreadable-labels",
        "any value can be put under a label, but replies hold texts, numbers and booleans alone: "
        "another is 422",
        "any value is taken; then whoever reads the run, or a list with it, is answered 500",
        '{"team":["data"]}',
        endpoint="PATCH /flow_runs/{id}/labels",
        silent=True,
    ),
    Deviation(
        "huge-integers",
        "the integers of a flow run's parameters, context, labels and the like have any size",
        "a run with one of more than 64 bits is taken and can be read; every list that shows it is "
        "500 (on PostgreSQL 1e300 is such an integer, too)",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","parameters":{"n":18446744073709551616}}',
        endpoint="POST /flow_runs/",
        silent=True,
    ),
    Deviation(
        "policy-deprecated-keys",
        "max_retries and retry_delay_seconds of a policy are superseded",
        "they stand in for retries and retry_delay where those are absent, null, 0 or empty",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","empirical_policy":{"max_retries":3}}',
        endpoint="POST /flow_runs/",
        silent=True,
    ),
    Deviation(
        "policy-no-object",
        "a policy that is no object is 422",
        "500",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","empirical_policy":1}',
        endpoint="POST /flow_runs/",
        silent=True,
    ),
    Deviation(
        "falsy-names",
        "the name of a run is a text or null",
        "false, 0, [] and {} are taken, too: a name is made up",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","name":[]}',
        endpoint="POST /flow_runs/",
        silent=True,
    ),
    Deviation(
        "empty-key",
        "the flow run that has the idempotency key is returned",
        "the empty key is not looked for, but it is unique: the second run that has it is 409",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","idempotency_key":""}',
        endpoint="POST /flow_runs/",
        silent=True,
    ),
    Deviation(
        "state-not-stored",
        "a proposed state has any texts, and is scheduled for any time",
        "to what its database cannot hold SQLite answers ABORT, PostgreSQL 503 (in bulk ABORT)",
        '{"state":{"type":"RUNNING","name":"\\ud800"},"force":true}',
        endpoint="POST /flow_runs/{id}/set_state",
        silent=True,
    ),
    Deviation(
        "small-levels",
        "the level of a log is an integer",
        "PostgreSQL answers 503 past 16 bits, SQLite 500 past 64",
        '[{"name":"n","level":40000,"message":"m","timestamp":"2026-01-01T00:00:00Z"}]',
        endpoint="POST /logs/",
        silent=True,
    ),
)

CLIENT_WARNINGS: Mapping[str, str] = MappingProxyType(
    {
        "no-filter": "no condition is left in the filter: it matches every flow run",
        "unknown-key": "a top-level key is none that the endpoint knows, and was ignored",
        "date-read-as-unix": "a number or digits stand where a date-time belongs and are read as "
        "seconds (or milliseconds) since 1970",
        "empty-criterion-under-or": "a criterion without a condition is satisfied by every flow "
        "run: under or_ it makes the filter match everything",
        "limit-reached": "more flow runs match than the limit let be deleted",
        "null-values-skipped": "not_any_ left out flow runs only because their value is null",
    }
)

WARNINGS: Mapping[str, str] = MappingProxyType(
    {
        deviation.id: f"a real server: {deviation.server}"
        for deviation in DEVIATIONS
        if not deviation.silent
    }
    | dict(CLIENT_WARNINGS)
)
"""Every id that `x-mockserver-warning` may hold, with its sentence, in the order of the header."""
