"""The registry of deviations: what a real Prefect server does that its document does not say.

Each deviation has an id, both sides in a sentence, and a request that shows it. Each says on which
databases and in which releases it was seen: `dialects` and the sentences of `warnings` follow that.
openapi.yaml names the same ids; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .releases import OLDEST, describe_range, is_within

SQLITE, POSTGRESQL = "sqlite", "postgresql"
DATABASES = (SQLITE, POSTGRESQL)
"""The databases that a Prefect server can have."""
DATABASE_NAMES: Mapping[str, str] = MappingProxyType({SQLITE: "SQLite", POSTGRESQL: "PostgreSQL"})
"""The databases as a reader knows them."""
BULK_DELETE = "POST /flow_runs/bulk_delete"
"""The operation that the mock is about, as deviations and the contract kit name it."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference between a real server and its document.

    `document` and `server` say what each of them does. `request` is a body that shows the
    difference at `endpoint`; where it depends on headers, `request` is headers, an empty line and
    the body. A `silent` deviation never leads to a warning. It was measured on `databases`, in the
    releases from `since` to `until`, both included; without `until` the newest has it, too.

    `decided_by` is the field of `Dialect` that decides it, if that has not the deviation's name.
    `in_filters`: it changes which flow runs a filter selects. `in_spec`: the mock does the same
    under `spec`, since openapi.yaml describes it.
    """

    id: str
    document: str
    server: str
    request: str
    endpoint: str = BULK_DELETE
    silent: bool = False
    since: str = OLDEST
    until: str | None = None
    databases: tuple[str, ...] = DATABASES
    decided_by: str = ""
    in_filters: bool = False
    in_spec: bool = False

    @property
    def field(self) -> str:
        """The field of `Dialect` that decides the deviation. None does if it is `in_spec`."""
        return self.decided_by or self.id.replace("-", "_")

    def is_in(self, database: str | None, release: str) -> bool:
        """Whether a release of Prefect on a database has it."""
        return database in self.databases and is_within(release, self.since, self.until)

    @property
    def where(self) -> str:
        """The servers that have it, for a reader: `Prefect 3.6.16 to 3.9.0 on SQLite`."""
        releases = describe_range(self.since, self.until)
        if self.databases == DATABASES:
            return releases
        return f"{releases} on {DATABASE_NAMES[self.databases[0]]}"


DEVIATIONS: tuple[Deviation, ...] = (
    # Prefect: schemas/filters.py, FlowRunFilterState keeps a type or name only if its SQL is a
    # single BinaryExpression, and two lists are not. From 3.9.1 on it keeps whatever is not true().
    Deviation(
        "state-both-lists",
        "state.type (or .name) with any_ and not_any_ selects what is in any_ and not in not_any_",
        "the condition on that type or name is dropped; with no other one, every run matches",
        '{"flow_runs":{"state":{"type":{"any_":["COMPLETED"],"not_any_":["FAILED"]}}}}',
        until="3.9.0",
        in_filters=True,
    ),
    # Prefect: schemas/filters.py tested all lists for null; since 3.6.23 it tests not_any_, all_
    # and like_ for truth. In a state, the empty not_any_ is one list too many (state-both-lists).
    Deviation(
        "empty-list-condition",
        "an empty not_any_, all_ or like_ is no condition",
        "it is a condition that every run satisfies: in tags, under or_, every run matches; in a "
        "state, an empty not_any_ beside any_ drops both",
        '{"flow_runs":{"state":{"type":{"any_":["COMPLETED"],"not_any_":[]}}}}',
        until="3.6.22",
        in_filters=True,
    ),
    # Prefect: schemas/filters.py, FlowRunFilterName puts like_ unescaped between two % for ilike.
    Deviation(
        "like-wildcards",
        "like_ is a plain partial match",
        "% and _ in like_ are wildcards; on PostgreSQL \\ escapes the next character",
        '{"flow_runs":{"name":{"like_":"100%"}}}',
        in_filters=True,
    ),
    # SQLite's LIKE reads both sides as C strings; PostgreSQL's type text cannot hold NUL.
    Deviation(
        "like-nul",
        "NUL in like_ is an ordinary character",
        "SQLite cuts the pattern at its first NUL and loses the closing %, so that a leading NUL "
        "matches every run; PostgreSQL answers 503",
        '{"flow_runs":{"name":{"like_":"\\u0000"}}}',
        decided_by="nul",
        in_filters=True,
    ),
    Deviation(
        "nul-in-text",
        "NUL in a name, tag, version, key, queue or type is an ordinary character",
        "PostgreSQL answers 503",
        '{"flow_runs":{"tags":{"any_":["a\\u0000"]}}}',
        databases=(POSTGRESQL,),
        decided_by="nul",
        in_filters=True,
    ),
    # SQLAlchemy compiles ilike for SQLite to lower() LIKE lower(); SQLite's lower() knows only A-Z.
    Deviation(
        "like-case-ascii",
        "like_ is case-insensitive by Unicode case folding",
        "SQLite folds A-Z only; PostgreSQL lower-cases code point by code point and does not fold",
        '{"flow_runs":{"name":{"like_":"STRASSE-\\u00dc"}}}',
        in_filters=True,
    ),
    # Prefect: api/server.py, validation_exception_handler; the document has FastAPI's own.
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
        "values are coerced: texts to numbers and booleans; uuids without hyphens, times without "
        "an offset, dates and unix timestamps are accepted",
        '{"limit":"10"}',
    ),
    # FastAPI: routing.py, get_request_handler passes such a body on as bytes, and
    # request_body_to_args (dependencies/utils.py) looks for no parameter in bytes. So since FastAPI
    # 0.135.2; before, each parameter was missing. Prefect 3.7.8 is the first that needs a FastAPI
    # that new; an older Prefect ignores the body, too, if it is installed with one.
    Deviation(
        "body-ignored",
        "the body is application/json; another type is 422",
        "a body of any other type is ignored: no filter, limit 50, up to 50 runs are deleted",
        'Content-Type: text/plain\n\n{"flow_runs":{"id":{"any_":[]}}}',
        since="3.7.8",
    ),
    # Prefect: api/dependencies.py, EnforceMinimumAPIVersion.
    Deviation(
        "api-version-400",
        "x-prefect-api-version is any text",
        "400 unless it is three numbers with dots, at least 0.8.0; /health and /version answer "
        "whatever it is",
        "Content-Type: application/json\nx-prefect-api-version: 1.2\n\n{}",
    ),
    # FastAPI: routing.py, get_request_handler answers 400 for any error of decoding but a
    # JSONDecodeError. 4,300 is Python's default limit (sys.set_int_max_str_digits).
    Deviation(
        "unreadable-400",
        "a body that cannot be decoded is 422",
        "400 for bytes that are not UTF-8, UTF-16 or UTF-32, integers of more than 4,300 digits "
        "and nesting that is too deep; a UTF-8 byte order mark is accepted",
        '{"x":"\\xff"} (a byte that is no UTF-8)',
    ),
    # Prefect: api/server.py, is_client_retryable_exception. 503 is for any DBAPIError, but of
    # SQLite's OperationalErrors only for busy and locked; everything else is 500.
    Deviation(
        "undocumented-5xx",
        "NaN, infinities and lone surrogates are 422; everything else is ordinary",
        "500 or 503 if a reply would repeat one of these, a lone surrogate reaches the query, "
        "a time leaves the years 1-9999 in UTC, or a limit of the database is exceeded",
        '{"limit":NaN}',
    ),
    # Recorded from the client; test_openapi lists every null that is allowed for it.
    Deviation(
        "client-nulls",
        "the name of a run to create is a text, and sort and limit of a list have a value",
        "null is taken as absent, because Prefect's own client sends it; all dialects do the same",
        '{"sort":null,"limit":null}',
        endpoint="POST /flow_runs/filter",
        silent=True,
        in_spec=True,
    ),
    # Prefect: api/flow_runs.py, average_flow_run_lateness has a branch of its own for SQLite, which
    # subtracts whole seconds since 1970.
    Deviation(
        "lateness-whole-seconds",
        "the average of /flow_runs/lateness and the sums of /flow_runs/history are in seconds",
        "SQLite first rounds times to milliseconds and cuts them to whole seconds",
        "{}",
        endpoint="POST /flow_runs/lateness",
        silent=True,
        databases=(SQLITE,),
    ),
    Deviation(
        "create-with-data",
        "a flow run or task run can be created in a state with data",
        '500 for any data but null and {"type": "unpersisted"}',
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","state":{"type":"COMPLETED","data":1}}',
        endpoint="POST /flow_runs/",
        silent=True,
    ),
    # Prefect: api/flow_runs.py, bulk_set_flow_run_state builds one State per run from the same
    # StateCreate; pydantic keeps its state_details object, which the rules change in place.
    Deviation(
        "bulk-shared-details",
        "bulk_set_state proposes the same state to each flow run",
        "the runs share one state_details: a scheduled time or lease copied from a run's earlier "
        "state is proposed to all runs after it, and all replies name the last run",
        '{"state":{"type":"PENDING"}}',
        endpoint="POST /flow_runs/bulk_set_state",
        silent=True,
    ),
    # Prefect: core_policy.py, HandlePausingFlows.after_transition adds the key to what may be None.
    Deviation(
        "null-pause-keys",
        "pause_keys of a policy may be null",
        "pausing such a run is 500; in bulk_set_state it is an ABORT, although the run is paused",
        '{"state":{"type":"PAUSED"}}',
        endpoint="POST /flow_runs/{id}/set_state",
        silent=True,
    ),
    # Prefect: api/flow_runs.py, update_flow_run_labels takes any object; only the model of the
    # reply has KeyValueLabels. Found by fuzzing a real server.
    Deviation(
        "unreadable-labels",
        "a label can be set to any value, but replies hold only texts, numbers and booleans: any "
        "other value is 422",
        "any value is accepted; reading the run, or a list with it, is then 500",
        '{"team":["data"]}',
        endpoint="PATCH /flow_runs/{id}/labels",
        silent=True,
    ),
    # Prefect: api/flow_runs.py, read_flow_runs writes lists with orjson, whose integers have 64
    # bits; a single run is written by FastAPI. Found by fuzzing; fixed in 3.9.1.
    Deviation(
        "huge-integers",
        "integers in a flow run's parameters, context, labels and the like have any size",
        "a run with an integer of more than 64 bits is accepted and can be read; every list with "
        "it is 500 (on PostgreSQL 1e300 is such an integer, too)",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","parameters":{"n":18446744073709551616}}',
        endpoint="POST /flow_runs/",
        silent=True,
        until="3.9.0",
    ),
    # Prefect: _internal/schemas/validators.py, set_run_policy_deprecated_fields.
    Deviation(
        "policy-deprecated-keys",
        "max_retries and retry_delay_seconds of a policy are superseded",
        "they replace retries and retry_delay where those are absent, null, 0 or empty",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","empirical_policy":{"max_retries":3}}',
        endpoint="POST /flow_runs/",
        silent=True,
        decided_by="lax_coercion",
    ),
    # The same validator runs before pydantic's and calls get() on whatever was sent.
    Deviation(
        "policy-no-object",
        "a policy that is not an object is 422",
        "500",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","empirical_policy":1}',
        endpoint="POST /flow_runs/",
        silent=True,
        decided_by="lax_coercion",
    ),
    # Prefect: _internal/schemas/validators.py, get_or_create_run_name runs before pydantic checks
    # the type, and replaces every false value.
    Deviation(
        "falsy-names",
        "the name of a run is a text or null",
        "false, 0, [] and {} are accepted, too: a name is generated",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","name":[]}',
        endpoint="POST /flow_runs/",
        silent=True,
        decided_by="lax_coercion",
    ),
    # Prefect: models/flow_runs.py, create_flow_run tests whether the key is true; the unique index
    # of flow and key does not.
    Deviation(
        "empty-key",
        "the flow run that has the idempotency key is returned",
        "the empty key is not looked up, but it is unique: a second run with it is 409",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","idempotency_key":""}',
        endpoint="POST /flow_runs/",
        silent=True,
        in_spec=True,
    ),
    # Prefect: orchestration/rules.py, validate_proposed_state makes an ABORT of every error that is
    # not retryable (see undocumented-5xx).
    Deviation(
        "state-not-stored",
        "a proposed state has any texts, and is scheduled for any time",
        "a state that the database cannot store is ABORT on SQLite, 503 on PostgreSQL (in bulk "
        "ABORT)",
        '{"state":{"type":"RUNNING","name":"\\ud800"},"force":true}',
        endpoint="POST /flow_runs/{id}/set_state",
        silent=True,
        decided_by="undocumented_5xx",
    ),
    # Prefect: orm_models.py, Log.level is a SmallInteger, a size that only PostgreSQL enforces.
    Deviation(
        "small-levels",
        "the level of a log is an integer",
        "PostgreSQL answers 503 past 16 bits, SQLite 500 past 64",
        '[{"name":"n","level":40000,"message":"m","timestamp":"2026-01-01T00:00:00Z"}]',
        endpoint="POST /logs/",
        silent=True,
        decided_by="undocumented_5xx",
    ),
)
