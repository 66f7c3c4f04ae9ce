"""The refusals of requests that the schema allows, which the document announces in words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..exchanges import SentRequest, refused_places
from ..server import Answer


@dataclass(frozen=True, slots=True)
class DocumentedRefusal:
    """A refusal of a request that the schema allows, which the document's text announces.

    `operations` and `detail` are patterns for the whole operation and the whole text of the reply.
    """

    operations: str
    status: int
    detail: str
    sentence: str


DOCUMENTED_REFUSALS: tuple[DocumentedRefusal, ...] = (
    DocumentedRefusal(
        # Prefect: api/dependencies.py, LimitBody.
        r"POST .*/(filter|paginate|concurrency_status|get_runs|get_scheduled_flow_runs)",
        422,
        r"Invalid (limit|offset|page): must be (less|greater) than or equal to \d+\.",
        "limit is 0 to 200, which the published schema does not say",
    ),
    DocumentedRefusal(
        # Prefect: api/flow_runs.py, flow_run_history.
        r"POST /(flow|task)_runs/history",
        422,
        r"History interval must not be less than 1 second\.",
        "an interval is at least a second",
    ),
    DocumentedRefusal(
        r"POST /(flow|task)_runs/history",
        422,
        r"History must not leave the years 1-9999\.",
        "all intervals lie within the years that a date-time can have",
    ),
    DocumentedRefusal(
        # Prefect: server/events/counting.py, TimeUnit.validate_buckets.
        r"POST /events/count-by/.*",
        422,
        r"The given interval would create .* buckets.*",
        "a count has at most 1,000 buckets",
    ),
    DocumentedRefusal(
        # Prefect: api/flow_runs.py, update_flow_run.
        r"PATCH /flow_runs/{id}",
        400,
        r"Job variables for a flow run in state \w+ cannot be updated"
        r"|A deployment for the flow run could not be found"
        r"|Flow run state is required to update job variables but none exists",
        "job_variables change only while the run is scheduled and has a deployment",
    ),
    DocumentedRefusal(
        # Prefect: schemas/core.py, TaskRunPolicy.
        r"POST /task_runs/",
        422,
        r".*(retry_jitter_factor` must be >= 0|more than \d+ retry delays).*",
        "a policy has a jitter factor of 0 or more and at most 50 delays",
    ),
    DocumentedRefusal(
        # Prefect, since 3.6.25: _internal/schemas/validators.py, validate_parameter_size.
        r"(POST|PATCH) /flow_runs/.*",
        422,
        r".*parameters must be less than [\d,]+ bytes.*",
        "the size of parameters is limited",
    ),
    DocumentedRefusal(
        # Only mocks refuse it: real servers have the deviation unreadable-labels.
        r"PATCH /flow_runs/{id}/labels",
        422,
        r".*A label must be a text, a number or a boolean.*",
        "no reply could show any other label",
    ),
    DocumentedRefusal(
        # Prefect: api/concurrency_limits_v2.py, bulk_increment_active_slots.
        r"POST /v2/concurrency_limits/increment.*",
        422,
        r"Slots requested is greater than the limit"
        r"|Only concurrency limits with slot decay can be used for rate limiting\. .*",
        "a limit has so many slots, and a rate only if its slots decay",
    ),
    DocumentedRefusal(
        # Prefect: models/block_documents.py, update_block_document.
        r"PATCH /block_documents/{id}",
        400,
        r"Must migrate block document to a block schema of the same block type\.",
        "a block stays one of its type",
    ),
    DocumentedRefusal(
        # Prefect: api/ui/task_runs.py, read_dashboard_task_run_counts.
        r"POST /ui/task_runs/dashboard/counts",
        422,
        r"task_runs\.start_time\.after_ is required",
        "the counts are those since a time",
    ),
    DocumentedRefusal(
        # Only mocks refuse it: real servers fail (deviation undocumented-5xx).
        r"DELETE /work_pools/{work_pool_name}/queues/{name}",
        422,
        r".*a pool's default queue, which cannot be deleted",
        "a pool keeps its default queue",
    ),
    DocumentedRefusal(
        # Only mocks of the document say it, which knows no 5xx (deviation undocumented-5xx).
        r".*",
        422,
        r"a real server fails at this: .*",
        "a mock refuses what makes a real server fail",
    ),
    # Prefect: api/csrf_token.py.
    DocumentedRefusal(
        r"GET /csrf-token", 422, r"CSRF protection is disabled\.", "this is its only answer"
    ),
    # Prefect: api/concurrency_limits_v2.py, renew_concurrency_lease.
    DocumentedRefusal(r"POST /v2/.*", 410, r"Lease .*", "an unknown lease is answered 410"),
)


def has_documented_text(sent: SentRequest, answer: Answer) -> bool:
    """Whether a refusal has a text that the document announces."""
    detail = _refusal_text(answer)
    return any(
        refusal.status == answer.status
        and re.fullmatch(refusal.operations, sent.operation)
        and re.fullmatch(refusal.detail, detail)
        for refusal in DOCUMENTED_REFUSALS
    )


def _refusal_text(answer: Answer) -> str:
    """The text of a refusal, in the document's shape or in that of real servers."""
    try:
        reply = answer.json
    except ValueError:
        return ""
    if not isinstance(reply, dict):
        return ""
    detail = reply.get("detail", reply.get("exception_detail"))
    if isinstance(detail, list):
        return " ".join(str(error.get("msg")) for error in detail if isinstance(error, dict))
    return str(detail)


# --- rules about values ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ValueRule:
    """A rule about the values of a field that the schema does not have.

    `operations` is a pattern for the whole operation, `place` one for a place that a refusal names,
    such as `body.name value_error`.
    """

    operations: str
    place: str
    sentence: str


_ONE_SCHEDULE = (
    r"(interval|cron|rrule|timezone) (value_error|time_delta_parsing|string_pattern_mismatch)"
)
VALUE_RULES: tuple[ValueRule, ...] = (
    # Prefect: schemas/_internal/validators.py, raise_on_name_alphanumeric_dashes_only and the like.
    ValueRule(r"(POST|PATCH) /variables/.*", r"body\.name .*", "names have a-z, 0-9, - and _"),
    ValueRule(r"(POST|PATCH) /variables/.*", r"body\.value .*", "5,000 characters of JSON"),
    ValueRule(r"POST /block_types/", r"body\.slug .*", "slugs have a-z, 0-9 and -"),
    ValueRule(r"POST /block_documents/", r"body\.name .*", "names have a-z, 0-9 and -"),
    ValueRule(r"POST /artifacts/", r"body\.key .*", "keys have a-z, 0-9 and -"),
    ValueRule(r"POST /flow_runs/{id}/input", r"body\.key .*", "keys have a-z, 0-9 and -"),
    # Prefect: types/names.py, raise_on_name_with_banned_characters; without / % & > <.
    ValueRule(
        r"(POST|PATCH) /(work_pools|work_queues|v2/concurrency_limits|flows|deployments)/.*",
        r"body\.(name|work_queue_name|work_pool_name) .*",
        "names are not empty, and have no / % & > <",
    ),
    # Prefect: schemas/core.py and schemas/actions.py, validate_base_job_template.
    ValueRule(
        r"(POST|PATCH) /work_pools/.*",
        r"body\.base_job_template .*",
        "a template has job_configuration and variables",
    ),
    # Prefect: schemas/schedules.py; a schedule is one of three, and each says what it lacks.
    ValueRule(
        r"(POST|PATCH) /deployments/.*",
        rf"body\.(schedules\.\[\]\.)?schedule\.\*\.{_ONE_SCHEDULE}",
        "an interval is positive, cron expressions, rules and time zones are ones that exist",
    ),
    ValueRule(
        r"(POST|PATCH) /deployments/.*",
        r"body\.(schedules\.\[\]\.)?max_scheduled_runs .*",
        "at most 50 runs are scheduled",
    ),
    # Prefect: schemas/actions.py, validate_concurrency_limits; events/schemas/events.py, Resource.
    ValueRule(r"(POST|PATCH) /deployments/.*", r"body value_error", "it has one limit, not two"),
    ValueRule(r"POST /events", r"body value_error", "resources have an id"),
    # Null is a value by the schema; a header can hold none.
    ValueRule(
        r"POST /work_queues/{id}/get_runs",
        r"header\.x-prefect-ui .*",
        "it is a boolean or not sent",
    ),
    # Real servers fail at these (deviation undocumented-5xx).
    ValueRule(r"POST /block_documents/", r"body value_error", "its type and its schema exist"),
    ValueRule(
        r"POST /concurrency_limits/", r"body value_error", "a limit has a tag and 0 slots or more"
    ),
)


def has_value_rule(sent: SentRequest, answer: Answer) -> bool:
    """Whether a 422 names a place with a rule about its values.

    Other places may be named beside it: of a union, those of its other members.
    """
    rules = [rule for rule in VALUE_RULES if re.fullmatch(rule.operations, sent.operation)]
    return answer.status == 422 and any(
        re.fullmatch(rule.place, place) for place in refused_places(answer) for rule in rules
    )
