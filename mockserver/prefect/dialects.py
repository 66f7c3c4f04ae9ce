"""The three dialects, and the registry of what a real server does that its document does not say.

A dialect is data: the rest of the code asks its fields, never its name. Each field is named after
the deviation it decides. Measured on Prefect 3.8.8 (SQLite 3.40, PostgreSQL 15).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

MEASURED_ON = ("3.8.8",)


class Wildcards(Enum):
    """What `%`, `_` and `\\` in `like_` are."""

    LITERAL = "ordinary characters"
    ACTIVE = "% and _ are wildcards, \\ is an ordinary character"
    ESCAPABLE = "% and _ are wildcards, \\ escapes the next character"


class LikeCase(Enum):
    """How `like_` and a name are brought to one case."""

    FOLD = "Unicode case folding"
    ASCII = "A-Z are a-z, nothing else"
    LOWER = "Unicode lower-casing, code point by code point"


class NulHandling(Enum):
    """What NUL (U+0000) in a text is."""

    ORDINARY = "an ordinary character"
    ENDS_PATTERN = "the end of a like_ pattern and of the name it is held against"
    FAILS = "refused by the database"


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """What a real server's database cannot run. Counts are of one request; None is no bound."""

    retryable: bool  # the server answers 503 and not 500
    most_tags: int | None  # in one tags.any_ or tags.all_
    most_like_bytes: int | None  # once a name is held against the pattern
    most_parameters: int | None  # values of all lists, like_, times and the limit together


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a request is read and what its filter means. False is: as the document says."""

    name: str
    state_both_lists: bool = False
    like_wildcards: Wildcards = Wildcards.LITERAL
    like_case_ascii: LikeCase = LikeCase.FOLD
    nul: NulHandling = NulHandling.ORDINARY
    error_shape: bool = False
    lax_coercion: bool = False
    body_ignored: bool = False
    api_version_400: bool = False
    unreadable_400: bool = False
    undocumented_5xx: DatabaseLimits | None = None
    lateness_whole_seconds: bool = False
    create_with_data: bool = False
    bulk_shared_details: bool = False
    null_pause_keys: bool = False
    unreadable_labels: bool = False
    huge_integers: bool = False
    nulls_high: bool = False  # where a sort puts runs without a value; the document is silent


SPEC = Dialect("spec")
PREFECT_SQLITE = Dialect(
    "prefect-sqlite",
    state_both_lists=True,
    like_wildcards=Wildcards.ACTIVE,
    like_case_ascii=LikeCase.ASCII,
    nul=NulHandling.ENDS_PATTERN,
    error_shape=True,
    lax_coercion=True,
    body_ignored=True,
    api_version_400=True,
    unreadable_400=True,
    lateness_whole_seconds=True,
    create_with_data=True,
    bulk_shared_details=True,
    null_pause_keys=True,
    unreadable_labels=True,
    huge_integers=True,
    undocumented_5xx=DatabaseLimits(
        retryable=False, most_tags=127, most_like_bytes=49_998, most_parameters=None
    ),
)
PREFECT_POSTGRESQL = replace(
    PREFECT_SQLITE,
    name="prefect-postgresql",
    like_wildcards=Wildcards.ESCAPABLE,
    like_case_ascii=LikeCase.LOWER,
    nul=NulHandling.FAILS,
    lateness_whole_seconds=False,
    nulls_high=True,
    undocumented_5xx=DatabaseLimits(
        retryable=True, most_tags=None, most_like_bytes=None, most_parameters=32_767
    ),
)
DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (SPEC, PREFECT_SQLITE, PREFECT_POSTGRESQL)}
)


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
