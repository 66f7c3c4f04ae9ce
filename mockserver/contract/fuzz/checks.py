"""What must hold of an exchange with a server, whatever was asked: the table, one rule each.

Schemathesis holds replies against the document. These rules hold what a server did against what
it said: they look at the flow runs before and after.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...prefect import BULK_DELETE
from ..server import Answer

BULK_DELETE_LIMIT = 50  # the most a request may ask for, and what one gets that does not say
DELETE_FLOW_RUN = "DELETE /flow_runs/{id}"
READ_ONLY_VERBS = frozenset({"filter", "count", "paginate", "history", "lateness"})

RunsById = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it went out. `operation` is its method and the document's path."""

    operation: str
    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """The body, read; None where it is no JSON."""
        try:
            return json.loads(self.body or b"null")
        except (ValueError, RecursionError):
            return None

    @property
    def is_json(self) -> bool:
        """Whether its content type says JSON, or nothing; real servers ignore any other body."""
        named = {name.lower(): value for name, value in self.headers.items()}
        kind = named.get("content-type", "application/json").partition(";")[0].strip().lower()
        return kind == "application/json" or (kind.startswith("application/") and "+json" in kind)

    @property
    def limit(self) -> int | None:
        """How many runs a bulk_delete may delete; None where its body cannot be read."""
        body: Any = (self.json if self.body else {}) if self.is_json else {}
        limit: Any = body.get("limit", BULK_DELETE_LIMIT) if isinstance(body, dict) else None
        if type(limit) not in (int, float):
            return None
        return int(limit) if 1 <= limit <= BULK_DELETE_LIMIT else None

    @property
    def is_read_only(self) -> bool:
        """Whether the document says that it changes nothing."""
        return self.method == "GET" or self.path.rpartition("/")[2] in READ_ONLY_VERBS


@dataclass(frozen=True, slots=True)
class ObservedExchange:
    """A request, its answer, and what was looked at around it.

    `before` and `after` are all flow runs by id. For a bulk_delete: `matching` are the ids that the
    server's own list said match, highest first (None: not known); `again` is the answer to the
    same request sent once more; `found` are statuses of GET for some of what was deleted; `due`
    are the warnings that a mock owes (None: it is no mock, or they cannot be told).
    `unreadable` is what came instead of a list of the runs afterwards ("" if nothing did).
    `since` are the requests since `before`, where that was not taken right before this one.
    """

    sent: SentRequest
    answer: Answer
    before: RunsById
    after: RunsById
    matching: Sequence[str] | None = None
    repeat_answer: Answer | None = None
    get_statuses: Mapping[str, int] | None = None
    expected_warnings: frozenset[str] | None = None
    list_error: str = ""
    earlier_unchecked: Sequence[SentRequest] = ()

    @property
    def deleted(self) -> Sequence[str]:
        """What the answer says was deleted."""
        return parse_deleted_ids(self.answer)

    @property
    def deleted_by_repeat(self) -> Sequence[str]:
        """What the second answer says was deleted."""
        return parse_deleted_ids(self.repeat_answer) if self.repeat_answer else ()

    @property
    def disappeared(self) -> set[str]:
        """What is not there any more."""
        return set(self.before) - set(self.after)

    @property
    def limit(self) -> int:
        """How many may go; the most there may be where that cannot be read."""
        return self.sent.limit or BULK_DELETE_LIMIT


def parse_deleted_ids(answer: Answer) -> Sequence[str]:
    """The ids in a reply of bulk_delete, in lower case; none where it is not one."""
    try:
        said = answer.json["deleted"] if answer.status == 200 else ()
    except (ValueError, LookupError, TypeError):
        return ()
    return [str(run_id).lower() for run_id in said] if isinstance(said, list) else ()


# --- the rules: each returns what is wrong, or "" -------------------------------------------------


def _unique(exchange: ObservedExchange) -> str:
    twice = sorted({said for said in exchange.deleted if exchange.deleted.count(said) > 1})
    return f"deleted names {_abbreviate(twice)} more than once" if twice else ""


def _at_most_limit(exchange: ObservedExchange) -> str:
    number = len(exchange.deleted)
    return (
        f"{number} runs were deleted, the limit is {exchange.limit}"
        if number > exchange.limit
        else ""
    )


def _as_many_as_may(exchange: ObservedExchange) -> str:
    if exchange.matching is None or exchange.sent.limit is None:
        return ""
    due = min(len(exchange.matching), exchange.limit)
    deleted = len(set(exchange.deleted))
    matched = len(exchange.matching)
    return f"{matched} runs match and {due} may go; it deleted {deleted}" if deleted < due else ""


def _only_matching(exchange: ObservedExchange) -> str:
    if exchange.matching is None:
        return ""
    other = sorted(set(exchange.deleted) - set(exchange.matching))
    return (
        f"it deleted {_abbreviate(other)}, which the server's own list did not show"
        if other
        else ""
    )


def _highest_ids(exchange: ObservedExchange) -> str:
    if exchange.matching is None or not exchange.deleted:
        return ""
    lowest = min(exchange.deleted)
    kept = [run for run in exchange.matching if run > lowest and run not in exchange.deleted]
    return f"it deleted {lowest} and kept {_abbreviate(kept)}, which also matched" if kept else ""


def _gone_afterwards(exchange: ObservedExchange) -> str:
    there = [run for run in exchange.deleted if run in exchange.after]
    answered = [run for run, status in (exchange.get_statuses or {}).items() if status != 404]
    if there:
        return f"{_abbreviate(there)} was said to be deleted and is still listed"
    return f"GET of {_abbreviate(answered)}, which was deleted, is not 404" if answered else ""


def _nothing_else_gone(exchange: ObservedExchange) -> str:
    other = sorted(exchange.disappeared - set(exchange.deleted) - set(exchange.deleted_by_repeat))
    if not other:
        return ""
    said = len(exchange.deleted) + len(exchange.deleted_by_repeat)
    return f"{_abbreviate(other)} is gone too; it said it deleted {said}, and {len(exchange.disappeared)} are gone"


def _was_there(exchange: ObservedExchange) -> str:
    unknown = sorted({*exchange.deleted, *exchange.deleted_by_repeat} - set(exchange.before))
    return f"it said it deleted {_abbreviate(unknown)}, which was not there" if unknown else ""


def _others_untouched(exchange: ObservedExchange) -> str:
    changed = [
        f"{run} ({', '.join(sorted(keys))})"
        for run, after in exchange.after.items()
        if (keys := _changed_keys(exchange.before.get(run, after), after))
    ]
    new = sorted(set(exchange.after) - set(exchange.before))
    if changed:
        return f"what was not deleted has changed: {_abbreviate(changed)}"
    return f"{_abbreviate(new)} came into being" if new else ""


def _again_only_the_rest(exchange: ObservedExchange) -> str:
    if exchange.repeat_answer is None:
        return ""
    if exchange.repeat_answer.status != 200:
        return f"the same request was answered {exchange.answer.status}, then {exchange.repeat_answer.status}"
    both = sorted(set(exchange.deleted) & set(exchange.deleted_by_repeat))
    if both:
        return f"the same request again said once more that it deleted {_abbreviate(both)}"
    rest = set(exchange.matching or ()) - set(exchange.deleted)
    if exchange.sent.limit is not None and len(exchange.deleted_by_repeat) < min(
        len(rest), exchange.limit
    ):
        return f"{len(rest)} were left; the same request again deleted {len(exchange.deleted_by_repeat)}"
    other = sorted(set(exchange.deleted_by_repeat) - rest) if exchange.matching is not None else []
    return (
        f"the same request again deleted {_abbreviate(other)}, which did not match" if other else ""
    )


def _warned(exchange: ObservedExchange) -> str:
    if exchange.expected_warnings is None:
        return ""
    came = frozenset(
        filter(None, exchange.answer.headers.get("x-mockserver-warning", "").split(", "))
    )
    told = ", ".join(sorted(came)) or "nothing"
    return (
        ""
        if came == exchange.expected_warnings
        else f"it warned of {told}; due is {_abbreviate(sorted(exchange.expected_warnings))}"
    )


def _reading_changes_nothing(exchange: ObservedExchange) -> str:
    return _describe_change(exchange) if exchange.sent.is_read_only else ""


def _refusal_changes_nothing(exchange: ObservedExchange) -> str:
    return (
        _describe_change(exchange)
        if exchange.answer.status >= 400 and not exchange.sent.is_read_only
        else ""
    )


def _still_readable(exchange: ObservedExchange) -> str:
    return f"after it the list of all runs is {exchange.list_error}" if exchange.list_error else ""


def _deletes_the_one(exchange: ObservedExchange) -> str:
    if exchange.answer.status != 204:
        return ""
    wanted = exchange.sent.path.rpartition("/")[2].lower()
    missing = [status for status in (exchange.get_statuses or {}).values() if status != 404]
    other = sorted(
        run for run in exchange.disappeared if run.replace("-", "") != wanted.replace("-", "")
    )
    if other:
        return f"{_abbreviate(other)} is gone too"
    return (
        f"{wanted} is deleted, and GET is {missing[0]}" if missing else _others_untouched(exchange)
    )


def _creates_one(exchange: ObservedExchange) -> str:
    new = len(set(exchange.after) - set(exchange.before))
    due = {201: 1, 200: 0}.get(exchange.answer.status)
    if exchange.disappeared:
        return f"{_abbreviate(sorted(exchange.disappeared))} is gone"
    return (
        ""
        if due in (None, new)
        else f"it answered {exchange.answer.status}, and {new} runs are new"
    )


def _states_stay(exchange: ObservedExchange) -> str:
    new = sorted(set(exchange.after) - set(exchange.before))
    if exchange.disappeared:
        return f"{_abbreviate(sorted(exchange.disappeared))} is gone"
    return f"{_abbreviate(new)} came into being" if new else ""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule: its id, the operation it is about ("" is any), what it asks in a sentence, what finds
    out, and whether it is about what was refused, too.
    """

    id: str
    operation: str
    sentence: str
    find_violation: Callable[[ObservedExchange], str]
    applies_to_refusals: bool = False

    def applies_to(self, exchange: ObservedExchange) -> bool:
        """Whether the rule says anything of this exchange."""
        carried_out = self.applies_to_refusals or exchange.answer.status < 300
        return carried_out and self.operation in ("", exchange.sent.operation)


CHECKS: tuple[Check, ...] = (
    Check("unique", BULK_DELETE, "no id is in deleted twice", _unique),
    Check("at-most-limit", BULK_DELETE, "at most limit runs go", _at_most_limit),
    Check("as-many-as-may", BULK_DELETE, "as many go as match, up to limit", _as_many_as_may),
    Check("only-matching", BULK_DELETE, "what goes is what /filter lists", _only_matching),
    Check("highest-ids", BULK_DELETE, "of those that match, the highest ids go", _highest_ids),
    Check("was-there", BULK_DELETE, "deleted names runs that were there", _was_there),
    Check("gone-afterwards", BULK_DELETE, "what was deleted is gone: GET is 404", _gone_afterwards),
    Check("nothing-else-gone", BULK_DELETE, "nothing but deleted is gone", _nothing_else_gone),
    Check("others-untouched", BULK_DELETE, "the other runs are as before", _others_untouched),
    Check(
        "again-only-the-rest",
        BULK_DELETE,
        "the same request again deletes what was left, and nothing twice",
        _again_only_the_rest,
    ),
    Check("warned", BULK_DELETE, "a mock warns of what is due", _warned, applies_to_refusals=True),
    Check(
        "reading-changes-nothing",
        "",
        "what only reads changes nothing",
        _reading_changes_nothing,
        applies_to_refusals=True,
    ),
    Check(
        "refusal-changes-nothing",
        "",
        "what is refused changes nothing",
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
    Check("deletes-the-one", DELETE_FLOW_RUN, "the run is gone, and no other", _deletes_the_one),
    Check("creates-one", "POST /flow_runs/", "201 is one run more, 200 is none", _creates_one),
    Check("states-stay", "POST /flow_runs/{id}/set_state", "no run comes or goes", _states_stay),
    Check(
        "bulk-states-stay", "POST /flow_runs/bulk_set_state", "no run comes or goes", _states_stay
    ),
)


STILL_READABLE = next(check for check in CHECKS if check.id == "still-readable")


def find_violations(exchange: ObservedExchange) -> Iterator[tuple[Check, str]]:
    """Every rule that an exchange breaks, and how."""
    if exchange.list_error:  # nothing else can be told
        yield STILL_READABLE, _still_readable(exchange)
        return
    for check in CHECKS:
        if check.applies_to(exchange):
            violation = check.find_violation(exchange)
            if violation:
                yield check, violation


def _changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The keys that differ; a parent that was deleted with its run is no change."""
    keys = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    if after.get("parent_task_run_id") is None:
        keys.discard("parent_task_run_id")
    return keys


def _describe_change(exchange: ObservedExchange) -> str:
    among = (
        f" (or one of the {len(exchange.earlier_unchecked)} before it)"
        if exchange.earlier_unchecked
        else ""
    )
    if exchange.disappeared:
        return f"after it{among} {_abbreviate(sorted(exchange.disappeared))} is gone"
    changed = _others_untouched(exchange)
    return f"after it{among} {changed}" if changed else ""


def _abbreviate(texts: Sequence[str]) -> str:
    shown = ", ".join(texts[:3]) or "nothing"
    return f"{shown} and {len(texts) - 3} more" if len(texts) > 3 else shown
