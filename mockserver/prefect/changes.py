"""What Prefect's releases changed about flow runs where no document says what is right.

A difference from the document is a deviation (see `deviations`). A change is the rest: rules of
orchestration, bounds, endpoints, errors. Each is told in two sentences, before and after, and has a
request that shows it. All were measured on the releases on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from .deviations import BULK_DELETE, DATABASES, DEVIATIONS, Deviation
from .releases import RELEASES, is_within, release_key

SET_STATE = "POST /flow_runs/{id}/set_state"
"""The operation that most changes are about."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a release does otherwise than the release before it.

    `since` is the first release that does what `after` says; the others do what `before` says.
    `request` is a body that shows it at `endpoint`; where it depends on headers, `request` is
    headers, an empty line and the body. `modelled`: the mock follows it, by the field
    of `Dialect` that has the id with underscores. It is not where the mock has no such endpoint.
    """

    id: str
    since: str
    before: str
    after: str
    request: str
    endpoint: str = SET_STATE
    databases: tuple[str, ...] = DATABASES
    modelled: bool = True

    @property
    def field(self) -> str:
        """The field of `Dialect` that says whether a release has the change."""
        return self.id.replace("-", "_")


CHANGES: tuple[Change, ...] = (
    # Prefect: schemas/actions.py, DeploymentScheduleCreate and DeploymentScheduleUpdate.
    Change(
        "schedule-replaces",
        "3.6.17",
        "a schedule of a deployment has no replaces: 422",
        "a schedule of a deployment can say by replaces which one it takes the place of",
        '{"name":"nightly","flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a",'
        '"schedules":[{"schedule":{"cron":"0 2 * * *"},"slug":"new","replaces":"old"}]}',
        endpoint="POST /deployments/",
    ),
    # Prefect: api/deployments.py, update_deployment.
    Change(
        "replacements-chained",
        "3.6.18",
        "a slug of a schedule that is replaced cannot be the new slug of another one: 422",
        "schedules can take each other's slugs in one request",
        '{"schedules":[{"slug":"b","replaces":"a"},{"slug":"a","replaces":"b"}]}',
        endpoint="PATCH /deployments/{id}",
    ),
    # Prefect: models/logs.py, _sanitize_log_strings.
    Change(
        "log-nul-dropped",
        "3.6.18",
        "a log with NUL in its name or message is 503",
        "NUL is taken out of a log",
        '[{"name":"n","level":20,"message":"a\\u0000","timestamp":"2026-01-01T00:00:00Z"}]',
        endpoint="POST /logs/",
        databases=("postgresql",),
    ),
    # Prefect: schemas/responses.py, TaskRunResponse.
    Change(
        "task-run-page-times",
        "3.6.18",
        "the task runs of a numbered page have no times",
        "the task runs of a numbered page have start_time, end_time and how long they ran",
        '{"limit":10}',
        endpoint="POST /task_runs/paginate",
    ),
    # Prefect: core_policy.py, PreventPendingTransitions.
    Change(
        "pending-renamed",
        "3.6.22",
        "a PENDING run cannot become PENDING again, whatever the name: ABORT",
        "a PENDING run can take another name of PENDING, such as Submitting, though not Pending "
        "again; it keeps its scheduled time and its lease",
        '{"state":{"type":"PENDING","name":"Submitting"}}',
    ),
    # Prefect: schemas/filters.py, TaskRunFilter.
    Change(
        "task-run-end-time",
        "3.6.22",
        "a filter on task runs has no end_time: 422",
        "a filter on task runs has end_time",
        '{"task_runs":{"end_time":{"is_null_":true}}}',
        endpoint="POST /task_runs/filter",
    ),
    # Prefect: utilities/schema_tools/hydration.py, jinja_handler.
    Change(
        "template-failures-refused",
        "3.6.22",
        "where a Jinja template in parameters fails, the parameter becomes the text of the error",
        "where a Jinja template in parameters fails, the run is not created: 400",
        '{"parameters":{"n":{"__prefect_kind":"jinja","template":"{{ 1 / 0 }}"}}}',
        endpoint="POST /deployments/{id}/create_flow_run",
    ),
    # Prefect: schemas/responses.py, WorkPoolResponse and WorkQueueResponse.
    Change(
        "active-slots",
        "3.6.23",
        "nothing tells how many slots of a concurrency limit of a pool or queue are taken",
        "pools and queues have active_slots, and concurrency_status lists the runs that take slots",
        '{"limit":10}',
        endpoint="POST /work_pools/{name}/concurrency_status",
    ),
    # Prefect: core_policy.py, PreserveDeploymentConcurrencyLeaseId.
    Change(
        "lease-inherited",
        "3.6.24",
        "the lease of a deployment's concurrency limit goes on only from PENDING, into RUNNING or "
        "another name of PENDING",
        "the lease of a deployment's concurrency limit goes on into every state, unless the state "
        "names another lease",
        '{"state":{"type":"COMPLETED"}}',
    ),
    # Prefect: utilities/schema_tools/hydration.py, json_handler.
    Change(
        "json-values-kept",
        "3.6.24",
        "a parameter that is given as JSON must be a text: Invalid JSON",
        "a parameter that is given as JSON and is no text stays as it is",
        '{"schema":{"properties":{"n":{"type":"integer"}}},'
        '"values":{"n":{"__prefect_kind":"json","value":5}}}',
        endpoint="POST /ui/schemas/validate",
    ),
    # Prefect: schemas/actions.py, validators of FlowRunCreate and FlowRunUpdate.
    Change(
        "parameters-bounded",
        "3.6.25",
        "parameters of a flow run have any size",
        "parameters of more than 524,288 bytes are 422",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a",'
        '"parameters":{"text":"(524,288 letters)"}}',
        endpoint="POST /flow_runs/",
    ),
    # Prefect: _internal/schemas/validators.py, normalize_rrule_string.
    Change(
        "rrule-anchored",
        "3.6.26",
        "a recurrence rule is kept as it is sent",
        "a recurrence rule without a start is kept with one",
        '{"name":"nightly","flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a",'
        '"schedules":[{"schedule":{"rrule":"FREQ=DAILY"}}]}',
        endpoint="POST /deployments/",
    ),
    # Prefect: models/deployments.py, update_deployment.
    Change(
        "pool-cleared",
        "3.6.27",
        "null as the work pool of a deployment changes nothing",
        "null as the work pool of a deployment takes it out of its pool",
        '{"work_pool_name":null}',
        endpoint="PATCH /deployments/{id}",
    ),
    # Prefect: services/task_run_recorder.py, which resolved conflicts of ids only, but a unique
    # index holds the keys. Clients send events over this websocket.
    Change(
        "task-run-found-by-keys",
        "3.6.29",
        "an event about a task run that has the keys of another one in its flow run is dropped",
        "an event about a task run that has the keys of another one in its flow run changes that "
        "one",
        '{"event":"prefect.task-run.Completed","payload":{"task_run":{"task_key":"add",'
        '"dynamic_key":"0"}}}',
        endpoint="GET /events/in",
    ),
    # Prefect: api/admin.py.
    Change(
        "admin-storage",
        "3.7.0",
        "404",
        "the default storage of results is answered",
        "(no body)",
        endpoint="GET /admin/storage",
    ),
    # Prefect: core_policy.py, ReleaseFlowConcurrencySlots.
    Change(
        "slot-release-checked",
        "3.7.0",
        "a run ends also where its slot of a deployment's limit cannot be given back, because the "
        "limit is inactive or deleted",
        "a run whose slot cannot be given back does not end: 500 (in bulk ABORT)",
        '{"state":{"type":"COMPLETED"}}',
    ),
    # Prefect: models/storage_defaults.py, clear_server_default_result_storage_for_block.
    Change(
        "storage-goes-with-block",
        "3.7.1",
        "the default storage of results stays when its block is deleted",
        "the default storage of results goes when its block is deleted",
        "(no body)",
        endpoint="GET /admin/storage",
    ),
    # Prefect: core_policy.py, PreventResultDataLoss (PrefectHQ/prefect#21955).
    Change(
        "completed-result-kept",
        "3.7.1",
        "COMPLETED without a result replaces COMPLETED with a persisted result, which is lost",
        "COMPLETED without a result does not replace COMPLETED with a persisted result: REJECT, "
        "also with force",
        '{"state":{"type":"COMPLETED"}}',
    ),
    # Prefect: core_policy.py, HandleFlowTerminalStateTransitions called data.get() on any data.
    Change(
        "any-completed-data",
        "3.7.1",
        "a COMPLETED run whose data is a list, a number or a text, and not empty, cannot become "
        "PENDING, RUNNING or SCHEDULED: 500 (in bulk ABORT)",
        "a COMPLETED run can become PENDING, RUNNING or SCHEDULED again, whatever its data is, "
        "unless that is a persisted result",
        '{"state":{"type":"RUNNING"}}',
    ),
    # Prefect: api/concurrency_limits_v2.py, read_concurrency_limit_v2.
    Change(
        "limits-read-decayed",
        "3.7.0",
        "the slots of a rate limit that are taken are told as they were when one was last taken",
        "they are told as they are now",
        "(no body)",
        endpoint="GET /v2/concurrency_limits/{id_or_name}",
    ),
    # Prefect: api/flow_runs.py, download_logs.
    Change(
        "log-download-complete",
        "3.7.1",
        "no logs are downloaded as an empty text, and the name of the file is the run's as it is: "
        "500 unless it is Latin-1",
        "no logs are downloaded as a row of titles, and the name of the file is percent-encoded",
        "(no body)",
        endpoint="GET /flow_runs/{id}/logs/download",
    ),
    # Prefect: api/workers.py and api/work_queues.py.
    Change(
        "queue-found-first",
        "3.7.2",
        "a change of an unknown work queue is 404 with a text that names no id, and in an unknown "
        "work pool with one about the queue",
        "a change of an unknown work queue is 404 with a text that names its id, and in an unknown "
        "work pool with one about the pool",
        '{"is_paused":true}',
        endpoint="PATCH /work_queues/{id}",
    ),
    # FastAPI: routing.py, get_request_handler reads it with strict_content_type=False only, since
    # 0.132. Prefect 3.7.3 is the first that needs a FastAPI that new (for its Starlette).
    Change(
        "empty-type-unread",
        "3.7.3",
        "a body whose Content-Type is empty is read as JSON",
        "a body whose Content-Type is empty is one of another type (see body-ignored): 422 until "
        "3.7.7, ignored since 3.7.8",
        'Content-Type:\n\n{"limit":1}',
        endpoint=BULK_DELETE,
    ),
    # FastAPI: routing.py, serialize_response; since 0.131 pydantic writes the JSON of a reply, and
    # not json.dumps, which refuses NaN.
    Change(
        "nan-as-null",
        "3.7.3",
        "creating a run with a number that JSON lacks (NaN, an infinity) in a label, or of a task "
        "run in its policy, is 500, although the run is created",
        "such a number is null in the reply",
        '{"flow_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","labels":{"ratio":NaN}}',
        endpoint="POST /flow_runs/",
    ),
    # Prefect: database/query_components.py.
    Change(
        "pending-in-graph",
        "3.7.5",
        "the graph of a flow run leaves out task runs that are PENDING",
        "the graph of a flow run has the task runs that are PENDING",
        "(no body)",
        endpoint="GET /flow_runs/{id}/graph-v2",
    ),
    # Prefect: utilities/schema_tools/validation.py, validate.
    Change(
        "schema-references-refused",
        "3.7.5",
        "values are checked with a schema that refers to nothing: 500",
        "values are checked with a schema that refers to nothing: 422",
        '{"schema":{"properties":{"n":{"$ref":"#/nope"}}},"values":{"n":1}}',
        endpoint="POST /ui/schemas/validate",
    ),
    # Prefect: core_policy.py, EnsureOnlyScheduledFlowsMarkedLate.
    Change(
        "late-once",
        "3.7.6",
        "a Late run can be marked Late again",
        "a Late run cannot be marked Late again: REJECT",
        '{"state":{"type":"SCHEDULED","name":"Late"}}',
    ),
    # The mock has no UI: it answers 404 there, whatever the release.
    Change(
        "api-root-404",
        "3.7.8",
        "/api, without a slash, is the HTML of the UI (other methods: 405)",
        "404",
        "(no body)",
        endpoint="GET /api",
        modelled=False,
    ),
    # Prefect: models/flow_runs.py and api/flow_runs.py, paginate_flow_runs divides by the limit.
    Change(
        "empty-page",
        "3.8.0",
        "limit 0 is 500",
        "limit 0 is a page without results, of 0 pages",
        '{"limit":0}',
        endpoint="POST /flow_runs/paginate",
    ),
    # Prefect: core_policy.py, RetryFailedFlows.
    Change(
        "retry-keeps-lease",
        "3.8.5",
        "a run that is retried in its process loses its lease and its slot",
        "a run that is retried in its process keeps its lease and its slot",
        '{"state":{"type":"FAILED"}}',
    ),
    # Prefect: core_policy.py, HandleResumingPausedFlows.
    Change(
        "pause-cancellable",
        "3.8.6",
        "a run in a blocking pause cannot become CANCELLING: REJECT",
        "a run in a blocking pause can become CANCELLING, also after the pause has timed out",
        '{"state":{"type":"CANCELLING"}}',
    ),
    # Prefect: models/flow_runs.py, run_history; api/run_history.py.
    Change(
        "history-exact",
        "3.8.6",
        "SQLite rounds intervals to milliseconds, has one interval where the end is not after the "
        "start, and fails (500) at both ends of the calendar; PostgreSQL fails there with 500 or "
        "503",
        "intervals are exact to the microsecond; none where the end is not after the start",
        '{"history_start":"2026-01-02T00:00:00Z","history_end":"2026-01-01T00:00:00Z",'
        '"history_interval_seconds":3600}',
        endpoint="POST /flow_runs/history",
    ),
    # Prefect: events/filters.py, AutomationFilter.
    Change(
        "automation-ids",
        "3.8.5",
        "automations cannot be listed by their ids: 422",
        "automations can be listed by their ids",
        '{"automations":{"id":{"any_":[]}}}',
        endpoint="POST /automations/filter",
    ),
    # Prefect: api/automations.py, count_automations.
    Change(
        "automation-count-filter",
        "3.8.5",
        "all automations are counted, and no body is read",
        "the automations that a filter matches are counted",
        '{"automations":{"x":1}}',
        endpoint="POST /automations/count",
    ),
    # Prefect: models/deployments.py, create_deployment and update_deployment.
    Change(
        "job-variables-emptied",
        "3.8.7",
        "an empty object as the job variables of a deployment changes nothing",
        "an empty object as the job variables of a deployment takes them all away",
        '{"job_variables":{}}',
        endpoint="PATCH /deployments/{id}",
    ),
    # Prefect: schemas/filters.py, LogFilterTextSearch.
    Change(
        "log-search-literal",
        "3.8.8",
        "%, _ and \\ in a search of the texts of logs are wildcards",
        "a search of the texts of logs has no wildcards",
        '{"logs":{"text":{"query":"100%"}}}',
        endpoint="POST /logs/filter",
        databases=("postgresql",),
    ),
    # Prefect: api/concurrency_limits_v2.py.
    Change(
        "names-needed",
        "3.9.0",
        "the names of limits to take slots of may be none",
        "the names of limits to take slots of are at least one: else 422",
        '{"slots":1,"names":[]}',
        endpoint="POST /v2/concurrency_limits/increment-with-lease",
    ),
    # Prefect: api/ui/flow_runs.py.
    Change(
        "counted-runs-bounded",
        "3.9.0",
        "the task runs of any number of flow runs can be counted at once",
        "the task runs of at most 200 flow runs can be counted at once: else 422",
        '{"flow_run_ids":["(201 ids)"]}',
        endpoint="POST /ui/flow_runs/count-task-runs",
    ),
    # Prefect: core_policy.py, HandleResumingPausedFlows.after_transition.
    Change(
        "pause-left-cleared",
        "3.9.1",
        "a run that leaves a blocking pause for SCHEDULED keeps its pause keys and is resuming",
        "a run that leaves a blocking pause for SCHEDULED is rescheduled: its pause keys are "
        "cleared (for clients of API 0.8.4 and later)",
        '{"state":{"type":"SCHEDULED"}}',
    ),
    # Prefect: core_policy.py, MinimalFlowPolicy has PreserveDeploymentConcurrencyLeaseId.
    Change(
        "forced-keeps-lease",
        "3.9.1",
        "a forced state loses the lease of the state before",
        "a forced state keeps the lease of the state before, unless it names another lease",
        '{"state":{"type":"RUNNING"},"force":true}',
    ),
    # Prefect: schemas/sorting.py, TaskRunSort.
    Change(
        "duration-sorts",
        "3.9.1",
        "task runs cannot be sorted by duration: 422",
        "task runs can be sorted by DURATION_ASC and DURATION_DESC",
        '{"sort":"DURATION_ASC"}',
        endpoint="POST /task_runs/filter",
    ),
    # Prefect: core_policy.py, HandlePausingFlows.after_transition.
    Change(
        "stale-input-deleted",
        "3.9.1",
        "input that a run got before it paused is still there when it pauses",
        "input under the keys of a pause is deleted when the pause begins",
        '{"state":{"type":"PAUSED"}}',
    ),
    # Prefect: models/logs.py; SQLite has concat() since 3.44.
    Change(
        "log-search-on-sqlite",
        "3.9.1",
        "a search in the texts of logs is 500 on SQLite before 3.44",
        "a search in the texts of logs works",
        '{"logs":{"text":{"query":"done"}}}',
        endpoint="POST /logs/filter",
        databases=("sqlite",),
    ),
    # Prefect: schemas/schedules.py, IntervalSchedule. From the anchor to the first date seconds
    # were counted; with a change of the clock in between, all dates were an hour off.
    Change(
        "intervals-by-calendar",
        "3.9.1",
        "the first run of an interval of days is whole days of 24 hours after the anchor",
        "the runs of an interval of days are at the anchor's time of day in the schedule's zone",
        '{"start_time":"2026-03-20T00:00:00Z"}',
        endpoint="POST /deployments/{id}/schedule",
    ),
    # Prefect: schemas/schedules.py, CronSchedule.
    Change(
        "cron-skipped-later",
        "3.9.1",
        "the run of a cron expression at a time that the clock skips is as much earlier",
        "the run of a cron expression at a time that the clock skips is as much later",
        '{"start_time":"2026-03-08T06:00:00Z"}',
        endpoint="POST /deployments/{id}/schedule",
    ),
    # Prefect: query_components.py, get_scheduled_flow_runs_from_work_pool.
    Change(
        "polled-run-state",
        "3.9.1",
        "a run that a worker gets to execute has null as its state",
        "a run that a worker gets to execute has its state",
        '{"work_queue_names":["default"]}',
        endpoint="POST /work_pools/{name}/get_scheduled_flow_runs",
    ),
    # Prefect: api/observed_states.py.
    Change(
        "observed-states",
        "3.9.1",
        "404",
        "the types and names of states that runs have been in are listed",
        "(no body)",
        endpoint="GET /observed-states",
    ),
)


@dataclass(frozen=True, slots=True)
class ReleaseNotes:
    """What a release changed: deviations that end with it or begin, and other changes."""

    release: str
    ended: tuple[Deviation, ...] = ()
    begun: tuple[Deviation, ...] = ()
    changes: tuple[Change, ...] = ()


def release_notes(database: str, *, after: str, until: str) -> Iterator[ReleaseNotes]:
    """What each release after `after`, up to and with `until`, changed on a database.

    Releases that changed nothing are left out. `after` and `until` are measured releases.
    """
    for before, release in pairwise(RELEASES):
        if not release_key(after) < release_key(release) <= release_key(until):
            continue
        had, has = (
            {
                deviation.id
                for deviation in DEVIATIONS
                if database in deviation.databases
                and is_within(each, deviation.since, deviation.until)
            }
            for each in (before, release)
        )
        notes = ReleaseNotes(
            release,
            tuple(one for one in DEVIATIONS if one.id in had - has),
            tuple(one for one in DEVIATIONS if one.id in has - had),
            tuple(one for one in CHANGES if one.since == release and database in one.databases),
        )
        if notes != ReleaseNotes(release):
            yield notes
