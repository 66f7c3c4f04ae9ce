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
    def only_reads(self) -> bool:
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
    again: Answer | None = None
    found: Mapping[str, int] | None = None
    due: frozenset[str] | None = None
    unreadable: str = ""
    since: Sequence[SentRequest] = ()

    @property
    def deleted(self) -> Sequence[str]:
        """What the answer says was deleted."""
        return parse_deleted_ids(self.answer)

    @property
    def deleted_again(self) -> Sequence[str]:
        """What the second answer says was deleted."""
        return parse_deleted_ids(self.again) if self.again else ()

    @property
    def gone(self) -> set[str]:
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
    return [str(one).lower() for one in said] if isinstance(said, list) else ()


# --- the rules: each returns what is wrong, or "" -------------------------------------------------


def _unique(one: ObservedExchange) -> str:
    twice = sorted({said for said in one.deleted if one.deleted.count(said) > 1})
    return f"deleted names {_abbreviate(twice)} more than once" if twice else ""


def _at_most_limit(one: ObservedExchange) -> str:
    number = len(one.deleted)
    return f"{number} runs were deleted, the limit is {one.limit}" if number > one.limit else ""


def _as_many_as_may(one: ObservedExchange) -> str:
    if one.matching is None or one.sent.limit is None:
        return ""
    due = min(len(one.matching), one.limit)
    deleted = len(set(one.deleted))
    matched = len(one.matching)
    return f"{matched} runs match and {due} may go; it deleted {deleted}" if deleted < due else ""


def _only_matching(one: ObservedExchange) -> str:
    if one.matching is None:
        return ""
    other = sorted(set(one.deleted) - set(one.matching))
    return (
        f"it deleted {_abbreviate(other)}, which the server's own list did not show"
        if other
        else ""
    )


def _highest_ids(one: ObservedExchange) -> str:
    if one.matching is None or not one.deleted:
        return ""
    lowest = min(one.deleted)
    kept = [run for run in one.matching if run > lowest and run not in one.deleted]
    return f"it deleted {lowest} and kept {_abbreviate(kept)}, which also matched" if kept else ""


def _gone_afterwards(one: ObservedExchange) -> str:
    there = [run for run in one.deleted if run in one.after]
    answered = [run for run, status in (one.found or {}).items() if status != 404]
    if there:
        return f"{_abbreviate(there)} was said to be deleted and is still listed"
    return f"GET of {_abbreviate(answered)}, which was deleted, is not 404" if answered else ""


def _nothing_else_gone(one: ObservedExchange) -> str:
    other = sorted(one.gone - set(one.deleted) - set(one.deleted_again))
    if not other:
        return ""
    said = len(one.deleted) + len(one.deleted_again)
    return (
        f"{_abbreviate(other)} is gone too; it said it deleted {said}, and {len(one.gone)} are gone"
    )


def _was_there(one: ObservedExchange) -> str:
    unknown = sorted({*one.deleted, *one.deleted_again} - set(one.before))
    return f"it said it deleted {_abbreviate(unknown)}, which was not there" if unknown else ""


def _others_untouched(one: ObservedExchange) -> str:
    changed = [
        f"{run} ({', '.join(sorted(keys))})"
        for run, after in one.after.items()
        if (keys := _changed_keys(one.before.get(run, after), after))
    ]
    new = sorted(set(one.after) - set(one.before))
    if changed:
        return f"what was not deleted has changed: {_abbreviate(changed)}"
    return f"{_abbreviate(new)} came into being" if new else ""


def _again_only_the_rest(one: ObservedExchange) -> str:
    if one.again is None:
        return ""
    if one.again.status != 200:
        return f"the same request was answered {one.answer.status}, then {one.again.status}"
    both = sorted(set(one.deleted) & set(one.deleted_again))
    if both:
        return f"the same request again said once more that it deleted {_abbreviate(both)}"
    rest = set(one.matching or ()) - set(one.deleted)
    if one.sent.limit is not None and len(one.deleted_again) < min(len(rest), one.limit):
        return f"{len(rest)} were left; the same request again deleted {len(one.deleted_again)}"
    other = sorted(set(one.deleted_again) - rest) if one.matching is not None else []
    return (
        f"the same request again deleted {_abbreviate(other)}, which did not match" if other else ""
    )


def _warned(one: ObservedExchange) -> str:
    if one.due is None:
        return ""
    came = frozenset(filter(None, one.answer.headers.get("x-mockserver-warning", "").split(", ")))
    told = ", ".join(sorted(came)) or "nothing"
    return "" if came == one.due else f"it warned of {told}; due is {_abbreviate(sorted(one.due))}"


def _reading_changes_nothing(one: ObservedExchange) -> str:
    return _describe_change(one) if one.sent.only_reads else ""


def _refusal_changes_nothing(one: ObservedExchange) -> str:
    return _describe_change(one) if one.answer.status >= 400 and not one.sent.only_reads else ""


def _still_readable(one: ObservedExchange) -> str:
    return f"after it the list of all runs is {one.unreadable}" if one.unreadable else ""


def _deletes_the_one(one: ObservedExchange) -> str:
    if one.answer.status != 204:
        return ""
    wanted = one.sent.path.rpartition("/")[2].lower()
    missing = [status for status in (one.found or {}).values() if status != 404]
    other = sorted(run for run in one.gone if run.replace("-", "") != wanted.replace("-", ""))
    if other:
        return f"{_abbreviate(other)} is gone too"
    return f"{wanted} is deleted, and GET is {missing[0]}" if missing else _others_untouched(one)


def _creates_one(one: ObservedExchange) -> str:
    new = len(set(one.after) - set(one.before))
    due = {201: 1, 200: 0}.get(one.answer.status)
    if one.gone:
        return f"{_abbreviate(sorted(one.gone))} is gone"
    return "" if due in (None, new) else f"it answered {one.answer.status}, and {new} runs are new"


def _states_stay(one: ObservedExchange) -> str:
    new = sorted(set(one.after) - set(one.before))
    if one.gone:
        return f"{_abbreviate(sorted(one.gone))} is gone"
    return f"{_abbreviate(new)} came into being" if new else ""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule: its id, the operation it is about ("" is any), what it asks in a sentence, what finds
    out, and whether it is about what was refused, too.
    """

    id: str
    operation: str
    sentence: str
    wrong: Callable[[ObservedExchange], str]
    refused_too: bool = False

    def concerns(self, one: ObservedExchange) -> bool:
        """Whether the rule says anything of this exchange."""
        carried_out = self.refused_too or one.answer.status < 300
        return carried_out and self.operation in ("", one.sent.operation)


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
    Check("warned", BULK_DELETE, "a mock warns of what is due", _warned, refused_too=True),
    Check(
        "reading-changes-nothing",
        "",
        "what only reads changes nothing",
        _reading_changes_nothing,
        refused_too=True,
    ),
    Check(
        "refusal-changes-nothing",
        "",
        "what is refused changes nothing",
        _refusal_changes_nothing,
        refused_too=True,
    ),
    Check(
        "still-readable",
        "",
        "the flow runs can be listed afterwards",
        _still_readable,
        refused_too=True,
    ),
    Check("deletes-the-one", DELETE_FLOW_RUN, "the run is gone, and no other", _deletes_the_one),
    Check("creates-one", "POST /flow_runs/", "201 is one run more, 200 is none", _creates_one),
    Check("states-stay", "POST /flow_runs/{id}/set_state", "no run comes or goes", _states_stay),
    Check(
        "bulk-states-stay", "POST /flow_runs/bulk_set_state", "no run comes or goes", _states_stay
    ),
)


STILL_READABLE = next(check for check in CHECKS if check.id == "still-readable")


def find_violations(one: ObservedExchange) -> Iterator[tuple[Check, str]]:
    """Every rule that an exchange breaks, and how."""
    if one.unreadable:  # nothing else can be told
        yield STILL_READABLE, _still_readable(one)
        return
    for check in CHECKS:
        if check.concerns(one):
            wrong = check.wrong(one)
            if wrong:
                yield check, wrong


def _changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The keys that differ; a parent that was deleted with its run is no change."""
    keys = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    if after.get("parent_task_run_id") is None:
        keys.discard("parent_task_run_id")
    return keys


def _describe_change(one: ObservedExchange) -> str:
    among = f" (or one of the {len(one.since)} before it)" if one.since else ""
    if one.gone:
        return f"after it{among} {_abbreviate(sorted(one.gone))} is gone"
    changed = _others_untouched(one)
    return f"after it{among} {changed}" if changed else ""


def _abbreviate(texts: Sequence[str]) -> str:
    shown = ", ".join(texts[:3]) or "nothing"
    return f"{shown} and {len(texts) - 3} more" if len(texts) > 3 else shown
