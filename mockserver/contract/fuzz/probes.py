"""Probes: one for each known deviation, which tells whether a server shows it.

A probe creates a run or two of its own and filters by their ids, so its result does not depend on
what else the server holds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...prefect import SPEC, Dialect
from ..exchanges import BULK_DELETE_PATH, VERB, RunPool
from ..explanations import DEVIATIONS_BY_ID, count_lines
from ..findings import Finding, Verdict, gone_id
from ..server import JSON_HEADERS, Answer, Target, id_of

COUNT_PATH = "/flow_runs/count"
CREATE_PATH = "/flow_runs/"
EMPTY_FILTER: Mapping[str, Any] = {"id": {"any_": []}}
"""Matches no run, so that a bulk_delete that is carried out deletes none."""
PAUSE_BODY: Mapping[str, Any] = {
    "state": {"type": "PAUSED", "state_details": {"pause_key": "again"}}
}


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Whether a deviation shows, and the request (as a curl command) and answer that tell."""

    deviation: str
    shows: bool
    curl: str
    answer: str


@dataclass
class ProbeContext:
    """Sends the requests of one probe, and keeps the last of them and its answer."""

    target: Target
    run_pool: RunPool
    curl: str = ""
    answer: str = ""

    def send(self, path: str, body: Any, method: str = "POST", **headers: str) -> Answer:
        """Send a body, as JSON unless it is bytes. `_` in the name of a header stands for `-`."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {
            **JSON_HEADERS,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        self.curl = self.target.curl(method, path, content, named)
        answer = self.target.send(method, path, content, named)
        self.answer = str(answer)
        return answer

    def create_run(self, **values: Any) -> Answer:
        """The answer to a request that creates a run with these values."""
        answer = self.send(CREATE_PATH, {"flow_id": self.run_pool.ensure_flow(), **values})
        if answer.status in (200, 201):
            self.run_pool.record(f"/flow_runs/{id_of(answer.json)}")
        return answer

    def create_run_id(self, **values: Any) -> str:
        """Create a run with these values; returns its id."""
        return str(self.create_run(**values).json["id"])

    def count(self, run: str, **criteria: Any) -> Answer:
        """Count a run if it matches the criteria; the answer is 0 or 1."""
        return self.send(COUNT_PATH, {"flow_runs": {"id": {"any_": [run]}, **criteria}})


def _state_both_lists(context: ProbeContext) -> bool:
    run = context.create_run_id(name="probe", state={"type": "SCHEDULED"})
    # A scheduled run matches only where both lists are dropped, as Prefect 3.6.16 to 3.9.0 does.
    both = {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}
    return bool(context.count(run, state={"type": both}).json == 1)


def _empty_list(context: ProbeContext) -> bool:
    run = context.create_run_id(name="probe", state={"type": "SCHEDULED"})
    # A scheduled run matches only where the empty list counts, so that there are two lists.
    with_empty = {"any_": ["COMPLETED"], "not_any_": []}
    return bool(context.count(run, state={"type": with_empty}).json == 1)


def _like_wildcards(context: ProbeContext) -> bool:
    return bool(
        context.count(context.create_run_id(name="100 percent"), name={"like_": "100%per"}).json
        == 1
    )


def _like_nul(context: ProbeContext) -> bool:
    # SQLite cuts the pattern to nothing, which matches; PostgreSQL answers 503.
    answer = context.count(context.create_run_id(name="probe"), name={"like_": "\0"})
    return answer.status >= 500 or answer.json == 1


def _nul_in_text(context: ProbeContext) -> bool:
    return context.count(context.create_run_id(name="probe"), tags={"any_": ["a\0"]}).status >= 500


def _like_case(context: ProbeContext) -> bool:
    return bool(
        # Case folding makes ss of ß; lower-casing, which databases do, keeps it.
        context.count(context.create_run_id(name="straße-ü"), name={"like_": "STRASSE-Ü"}).json == 0
    )


def _error_shape(context: ProbeContext) -> bool:
    return "exception_message" in context.send(BULK_DELETE_PATH, {"limit": 0}).json


def _lax_coercion(context: ProbeContext) -> bool:
    body = {"flow_runs": EMPTY_FILTER, "limit": "10"}
    return context.send(BULK_DELETE_PATH, body).status == 200


def _body_ignored(context: ProbeContext) -> bool:
    body = {"flow_runs": EMPTY_FILTER}
    return context.send(COUNT_PATH, body, Content_Type="text/plain").status == 200


def _api_version(context: ProbeContext) -> bool:
    # Real servers want three numbers.
    return context.send(COUNT_PATH, {}, x_prefect_api_version="1.2").status == 400


def _unreadable(context: ProbeContext) -> bool:
    # No UTF-8 has this byte (RFC 3629); under an ignored key nothing else is wrong.
    return context.send(COUNT_PATH, b'{"x":"\xff"}').status == 400


def _undocumented_5xx(context: ProbeContext) -> bool:
    # A real server's 422 would have to repeat NaN, which JSON does not have (RFC 8259, section 6).
    body = b'{"flow_runs":{"id":{"any_":[]}},"limit":NaN}'
    return context.send(BULK_DELETE_PATH, body).status >= 500


def _client_nulls(context: ProbeContext) -> bool:
    body = {"flow_runs": EMPTY_FILTER, "sort": None, "limit": None}
    return context.send("/flow_runs/filter", body).status == 200


def _lateness(context: ProbeContext) -> bool:
    late = context.create_run_id(
        name="probe", state=_scheduled_state("2024-01-01T00:00:00.123456Z")
    )
    answers = [
        context.send("/flow_runs/lateness", {"flow_runs": {"id": {"any_": [late]}}})
        for _ in range(2)
    ]
    # Once could be chance: the lateness of a run grows with the time of asking.
    return all(float(answer.json).is_integer() for answer in answers)


def _scheduled_state(time: str) -> dict[str, Any]:
    return {"type": "SCHEDULED", "state_details": {"scheduled_time": time}}


def _create_with_data(context: ProbeContext) -> bool:
    return context.create_run(state={"type": "COMPLETED", "data": 1}).status >= 500


def _shared_details(context: ProbeContext) -> bool:
    runs = [context.create_run_id(state=_scheduled_state("2024-01-01T00:00:00Z")) for _ in range(2)]
    body = {"flow_runs": {"id": {"any_": runs}}, "state": {"type": "PENDING"}}
    results = context.send("/flow_runs/bulk_set_state", body).json["results"]
    # Each reply should name its own run.
    named = {result["state"]["state_details"]["flow_run_id"] for result in results}
    return len(named) == 1


def _null_pause_keys(context: ProbeContext) -> bool:
    run = context.create_run_id(state={"type": "RUNNING"}, empirical_policy={"pause_keys": None})
    return context.send(f"/flow_runs/{run}/set_state", PAUSE_BODY).status >= 500


def _deprecated_keys(context: ProbeContext) -> bool:
    made = context.create_run(empirical_policy={"max_retries": 3})
    return bool(made.json["empirical_policy"]["retries"] == 3)


def _no_policy_object(context: ProbeContext) -> bool:
    return context.create_run(empirical_policy=1).status >= 500


def _falsy_names(context: ProbeContext) -> bool:
    return context.create_run(name=[]).status == 201


def _empty_key(context: ProbeContext) -> bool:
    return [context.create_run(idempotency_key="").status for _ in range(2)][-1] == 409


def _state_not_stored(context: ProbeContext) -> bool:
    body = b'{"state":{"type":"RUNNING","name":"\\ud800"},"force":true}'
    answer = context.send(f"/flow_runs/{context.create_run_id(name='probe')}/set_state", body)
    # PostgreSQL answers 503, SQLite an ABORT.
    return answer.status >= 500 or answer.json.get("status") == "ABORT"


def _small_levels(context: ProbeContext) -> bool:
    run = context.create_run_id(name="probe")
    log = {"name": "n", "message": "m", "timestamp": "2026-01-01T00:00:00Z", "flow_run_id": run}
    # PostgreSQL stores a level in 16 bits, SQLite in 64 (see the deviation's text).
    return any(
        context.send("/logs/", [{**log, "level": 2**bits}]).status >= 500 for bits in (15, 63)
    )


def _unreadable_labels(context: ProbeContext) -> bool:
    run = context.create_run_id(name="probe")
    context.send(f"/flow_runs/{run}/labels", {"team": {"name": "data"}}, "PATCH")
    unreadable = context.target.send("GET", f"/flow_runs/{run}", None, {}).status >= 500
    _delete_unlistable(context, run)
    return unreadable


def _huge_integers(context: ProbeContext) -> bool:
    # The smallest integer that orjson, which writes the lists, refuses.
    run = context.create_run_id(name="probe", parameters={"n": 2**64})
    create_curl = context.curl  # the request to show: the list alone shows nothing
    body = {"flow_runs": {"id": {"any_": [run]}}}
    unlisted = context.send("/flow_runs/filter", body).status >= 500
    _delete_unlistable(context, run)
    context.curl = create_curl
    return unlisted


def _delete_unlistable(context: ProbeContext, run: str) -> None:
    """Delete a run at once: as long as it is there, every list that it would be in fails."""
    context.target.send("DELETE", f"/flow_runs/{run}", None, {})


PROBES: Mapping[str, Callable[[ProbeContext], bool]] = {
    "state-both-lists": _state_both_lists,
    "empty-list-condition": _empty_list,
    "like-wildcards": _like_wildcards,
    "like-nul": _like_nul,
    "nul-in-text": _nul_in_text,
    "like-case-ascii": _like_case,
    "error-shape": _error_shape,
    "lax-coercion": _lax_coercion,
    "body-ignored": _body_ignored,
    "api-version-400": _api_version,
    "unreadable-400": _unreadable,
    "undocumented-5xx": _undocumented_5xx,
    "client-nulls": _client_nulls,
    "lateness-whole-seconds": _lateness,
    "create-with-data": _create_with_data,
    "bulk-shared-details": _shared_details,
    "null-pause-keys": _null_pause_keys,
    "unreadable-labels": _unreadable_labels,
    "huge-integers": _huge_integers,
    "policy-deprecated-keys": _deprecated_keys,
    "policy-no-object": _no_policy_object,
    "falsy-names": _falsy_names,
    "empty-key": _empty_key,
    "state-not-stored": _state_not_stored,
    "small-levels": _small_levels,
}


def run_probes(
    target: Target, run_pool: RunPool, chosen: Collection[str] = PROBES.keys()
) -> Iterator[ProbeResult]:
    """Probe the deviations with these ids. Raises TargetError.

    A deviation does not show if an answer has not the form that its probe expects.
    """
    for deviation, shows in PROBES.items():
        if deviation not in chosen:
            continue
        context = ProbeContext(target, run_pool)
        try:
            shown = shows(context)
        except (ValueError, LookupError, TypeError, AttributeError):
            shown = False
        yield ProbeResult(deviation, shown, context.curl, context.answer)


_PROBE_SENTENCES: Mapping[Verdict, str] = {
    Verdict.KNOWN: "",
    Verdict.GONE: "does not show any more: ",
    Verdict.NEW: "shows, though {dialect} does not have it: ",
}


def probe_findings(
    dialect: Dialect,
    probed: Sequence[ProbeResult],
    known_counts: Mapping[str, Counter[str]],
) -> Iterator[Finding]:
    """A finding for each deviation that the dialect has or a probe showed.

    `known_counts` says how often a deviation explained a failure, by check and operation.
    """
    for result in probed:
        verdict = _probe_verdict(result, dialect)
        if verdict is None:
            continue
        deviation = DEVIATIONS_BY_ID[result.deviation]
        seen = known_counts.get(result.deviation, Counter())
        about = _PROBE_SENTENCES[verdict].format(dialect=dialect.name)
        yield Finding(
            VERB,
            result.deviation,
            deviation.endpoint,
            f"{about}the document says: {deviation.document}; "
            f"{deviation.where}: {deviation.server}",
            verdict,
            deviation=result.deviation,
            evidence="\n".join([f"it answered {result.answer}", *count_lines(seen)]),
            curl=result.curl,
            times=max(1, seen.total()),
            id=_probe_finding_id(verdict, result.deviation),
        )


def _probe_finding_id(verdict: Verdict, deviation: str) -> str:
    if verdict is Verdict.GONE:
        return gone_id(deviation)
    return f"{VERB} shows {deviation}" if verdict is Verdict.NEW else ""


def _probe_verdict(result: ProbeResult, dialect: Dialect) -> Verdict | None:
    """What a result means for this dialect; None if there is nothing to say."""
    deviation = DEVIATIONS_BY_ID[result.deviation]
    if deviation.in_spec and dialect == SPEC:  # a server that the document is of may show it or not
        return None
    if dialect.has(deviation):
        return Verdict.KNOWN if result.shows else Verdict.GONE
    return Verdict.NEW if result.shows else None
