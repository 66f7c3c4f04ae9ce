"""The checks: what must hold of every exchange with a server, whatever the request was.

Schemathesis compares replies with the document. These checks compare what a server did with what
it said it did, by the flow runs before and after the request. Each row of `CHECKS` has a function
that returns what is wrong, or "".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...prefect import BULK_DELETE
from .exchange import CREATE_FLOW_RUN, DELETE_FLOW_RUN, ObservedExchange

# --- bulk_delete ----------------------------------------------------------------------------------


def _unique(exchange: ObservedExchange) -> str:
    twice = sorted({run for run in exchange.deleted if exchange.deleted.count(run) > 1})
    return f"deleted lists {_abbreviate(twice)} more than once" if twice else ""


def _at_most_limit(exchange: ObservedExchange) -> str:
    count, limit = len(exchange.deleted), exchange.limit
    return f"{count} runs were deleted; the limit is {limit}" if count > limit else ""


def _as_many_as_may(exchange: ObservedExchange) -> str:
    if exchange.matching is None or exchange.sent.limit is None:
        return ""
    matching, deleted = len(exchange.matching), len(set(exchange.deleted))
    # More is no violation of this check: `at-most-limit` has it.
    expected = min(matching, exchange.limit)
    if deleted >= expected:
        return ""
    return f"{matching} runs match and {expected} should be deleted; {deleted} were"


def _only_matching(exchange: ObservedExchange) -> str:
    if exchange.matching is None:
        return ""
    # Prefect finds the runs of both endpoints by one function, models/flow_runs.py, read_flow_runs.
    other = sorted(set(exchange.deleted) - set(exchange.matching))
    if not other:
        return ""
    return f"it deleted {_abbreviate(other)}, which /flow_runs/filter did not list"


def _highest_ids(exchange: ObservedExchange) -> str:
    if exchange.matching is None or not exchange.deleted:
        return ""
    # Rule M10. Prefect: api/flow_runs.py, bulk_delete_flow_runs takes the default order of
    # models/flow_runs.py, read_flow_runs, which is ID_DESC.
    lowest = min(exchange.deleted)
    kept = [run for run in exchange.matching if run > lowest and run not in exchange.deleted]
    return f"it deleted {lowest} but kept {_abbreviate(kept)}, which also matched" if kept else ""


def _was_there(exchange: ObservedExchange) -> str:
    unknown = sorted({*exchange.deleted, *exchange.deleted_by_repeat} - set(exchange.before))
    return f"deleted lists {_abbreviate(unknown)}, which did not exist" if unknown else ""


def _gone_afterwards(exchange: ObservedExchange) -> str:
    listed = [run for run in exchange.deleted if run in exchange.after]
    if listed:
        return f"deleted lists {_abbreviate(listed)}, which can still be listed"
    # The list alone does not tell: a server may hide runs there that it still has.
    found = [run for run, status in (exchange.get_statuses or {}).items() if status != 404]
    return f"GET of {_abbreviate(found)}, which was deleted, did not answer 404" if found else ""


def _nothing_else_gone(exchange: ObservedExchange) -> str:
    deleted = [*exchange.deleted, *exchange.deleted_by_repeat]
    other = sorted(set(exchange.disappeared) - set(deleted))
    if not other:
        return ""
    return (
        f"{_abbreviate(other)} is gone too: it listed {len(deleted)} runs as deleted, and "
        f"{len(exchange.disappeared)} are gone"
    )


def _others_untouched(exchange: ObservedExchange) -> str:
    changed = [
        f"{run} ({', '.join(sorted(keys))})"
        for run, after in exchange.after.items()
        if (keys := _changed_keys(exchange.before.get(run, after), after))
    ]
    if changed:
        return f"runs that were not deleted have changed: {_abbreviate(changed)}"
    return _describe_appeared(exchange)


def _again_only_the_rest(exchange: ObservedExchange) -> str:
    repeat = exchange.repeat_answer
    if repeat is None:
        return ""
    if repeat.status != 200:
        return f"it was answered {exchange.answer.status}, and the repeated request {repeat.status}"
    deleted = exchange.deleted_by_repeat
    both = sorted(set(exchange.deleted) & set(deleted))
    if both:
        return f"the repeated request deleted {_abbreviate(both)} once more"
    rest = set(exchange.matching or ()) - set(exchange.deleted)
    if exchange.sent.limit is not None and len(deleted) < min(len(rest), exchange.limit):
        return f"{len(rest)} matching runs were left; the repeated request deleted {len(deleted)}"
    other = sorted(set(deleted) - rest) if exchange.matching is not None else []
    return (
        f"the repeated request deleted {_abbreviate(other)}, which did not match" if other else ""
    )


def _warned(exchange: ObservedExchange) -> str:
    expected = exchange.expected_warnings
    if expected is None:
        return ""
    header = exchange.answer.headers.get("x-mockserver-warning", "")
    sent = frozenset(filter(None, header.split(", ")))
    if sent == expected:
        return ""
    return (
        f"it warned of {', '.join(sorted(sent)) or 'nothing'}, not {_abbreviate(sorted(expected))}"
    )


# --- other operations -----------------------------------------------------------------------------


def _reading_changes_nothing(exchange: ObservedExchange) -> str:
    return _describe_change(exchange) if exchange.sent.is_read_only else ""


def _refusal_changes_nothing(exchange: ObservedExchange) -> str:
    # A failure (5xx) counts as a refusal, too.
    refused = exchange.answer.status >= 400 and not exchange.sent.is_read_only
    return _describe_change(exchange) if refused else ""


def _still_readable(exchange: ObservedExchange) -> str:
    if not exchange.list_error:
        return ""
    return f"afterwards the list of all runs is answered {exchange.list_error}"


def _deletes_the_one(exchange: ObservedExchange) -> str:
    if exchange.answer.status != 204:
        return ""
    run_id = exchange.sent.path.rpartition("/")[2].lower()
    other = [run for run in exchange.disappeared if not _is_same_uuid(run, run_id)]
    if other:
        return f"{_abbreviate(other)} is gone too"
    found = [status for status in (exchange.get_statuses or {}).values() if status != 404]
    if found:
        return f"{run_id} is deleted, and GET answers {found[0]}"
    return _others_untouched(exchange)


def _is_same_uuid(one: str, other: str) -> bool:
    """Whether two ids in lower case are equal; a path may give a UUID without hyphens."""
    return one.replace("-", "") == other.replace("-", "")


def _creates_one(exchange: ObservedExchange) -> str:
    if exchange.disappeared:
        return f"{_abbreviate(exchange.disappeared)} is gone"
    status, new = exchange.answer.status, len(exchange.appeared)
    expected = {201: 1, 200: 0}.get(status)  # 200: a run with this idempotency key exists
    return "" if expected in (None, new) else f"it answered {status}, and {new} runs are new"


def _states_stay(exchange: ObservedExchange) -> str:
    if exchange.disappeared:
        return f"{_abbreviate(exchange.disappeared)} is gone"
    return _describe_appeared(exchange)


# --- the table ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `operation` is the one it applies to ("": all), `sentence` says what must hold.

    `find_violation` returns what is wrong with an exchange, or "". `applies_to_refusals`: refused
    requests are checked as well.
    """

    id: str
    operation: str
    sentence: str
    find_violation: Callable[[ObservedExchange], str]
    applies_to_refusals: bool = False

    def applies_to(self, exchange: ObservedExchange) -> bool:
        """Whether the check is made of this exchange."""
        has_status = self.applies_to_refusals or exchange.answer.status < 300
        return has_status and self.operation in ("", exchange.sent.operation)


# The ids are part of reports. tests/support/server_mutants.py has wrong servers that violate them.
CHECKS: tuple[Check, ...] = (
    Check("unique", BULK_DELETE, "no id is listed twice in deleted", _unique),
    Check("at-most-limit", BULK_DELETE, "at most limit runs are deleted", _at_most_limit),
    Check(
        "as-many-as-may",
        BULK_DELETE,
        "as many runs are deleted as match, up to limit",
        _as_many_as_may,
    ),
    Check(
        "only-matching",
        BULK_DELETE,
        "only runs that /flow_runs/filter lists are deleted",
        _only_matching,
    ),
    Check(
        "highest-ids",
        BULK_DELETE,
        "of the runs that match, those with the highest ids are deleted",
        _highest_ids,
    ),
    Check("was-there", BULK_DELETE, "deleted lists only runs that existed", _was_there),
    Check(
        "gone-afterwards",
        BULK_DELETE,
        "deleted runs are gone: GET answers 404",
        _gone_afterwards,
    ),
    Check(
        "nothing-else-gone",
        BULK_DELETE,
        "only runs listed in deleted are gone",
        _nothing_else_gone,
    ),
    Check("others-untouched", BULK_DELETE, "all other runs are unchanged", _others_untouched),
    Check(
        "again-only-the-rest",
        BULK_DELETE,
        "the same request, sent again, deletes only runs that were left",
        _again_only_the_rest,
    ),
    Check(
        "warned",
        BULK_DELETE,
        "a mock sends exactly the warnings that the request calls for",
        _warned,
        applies_to_refusals=True,
    ),
    Check(
        "reading-changes-nothing",
        "",
        "a request that only reads changes nothing",
        _reading_changes_nothing,
        applies_to_refusals=True,
    ),
    Check(
        "refusal-changes-nothing",
        "",
        "a refused request changes nothing",
        _refusal_changes_nothing,
        applies_to_refusals=True,
    ),
    Check(
        "still-readable",
        "",
        "the flow runs can be listed afterwards",
        _still_readable,
        applies_to_refusals=True,
    ),
    Check("deletes-the-one", DELETE_FLOW_RUN, "the run is deleted, and no other", _deletes_the_one),
    Check("creates-one", CREATE_FLOW_RUN, "201 means one new run, 200 none", _creates_one),
    Check(
        "states-stay",
        "POST /flow_runs/{id}/set_state",
        "no run appears or disappears",
        _states_stay,
    ),
    Check(
        "bulk-states-stay",
        "POST /flow_runs/bulk_set_state",
        "no run appears or disappears",
        _states_stay,
    ),
)
STILL_READABLE = next(check for check in CHECKS if check.id == "still-readable")


def find_violations(exchange: ObservedExchange) -> Iterator[tuple[Check, str]]:
    """Every check that an exchange violates, with what is wrong."""
    if exchange.list_error:  # `after` holds nothing that the other checks could compare
        yield STILL_READABLE, _still_readable(exchange)
        return
    for check in CHECKS:
        if check.applies_to(exchange):
            violation = check.find_violation(exchange)
            if violation:
                yield check, violation


def _changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The keys with different values."""
    keys = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    # openapi.yaml: it becomes null if the task run that it names is deleted with its flow run.
    if after.get("parent_task_run_id") is None:
        keys.discard("parent_task_run_id")
    return keys


def _describe_change(exchange: ObservedExchange) -> str:
    earlier = len(exchange.earlier_unchecked)
    after = f"after it (or one of the {earlier} before it)" if earlier else "after it"
    if exchange.disappeared:
        return f"{after} {_abbreviate(exchange.disappeared)} is gone"
    changed = _others_untouched(exchange)
    return f"{after} {changed}" if changed else ""


def _describe_appeared(exchange: ObservedExchange) -> str:
    return f"{_abbreviate(exchange.appeared)} is new" if exchange.appeared else ""


def _abbreviate(texts: Sequence[str]) -> str:
    shown = ", ".join(texts[:3]) or "nothing"
    return f"{shown} and {len(texts) - 3} more" if len(texts) > 3 else shown
