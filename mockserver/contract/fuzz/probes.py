"""Does a deviation show? One probe each: requests that have one outcome if it does, else another.

A probe makes a run or two of its own and asks about these alone, so that whatever else a server
holds plays no part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..server import JSON_HEADERS, Answer, Target
from .run_pool import RunPool

COUNT_PATH = "/flow_runs/count"
CREATE_PATH = "/flow_runs/"
PAUSE_BODY: Mapping[str, Any] = {
    "state": {"type": "PAUSED", "state_details": {"pause_key": "again"}}
}


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What came of a probe: whether the deviation shows, the command that shows it, the answer."""

    deviation: str
    shows: bool
    curl: str
    answer: str


@dataclass
class ProbeContext:
    """A server to try something on. Keeps the last request, which is what shows it."""

    target: Target
    crowd: RunPool
    curl: str = ""
    answer: str = ""

    def send(self, path: str, body: Any, method: str = "POST", **headers: str) -> Answer:
        """Send a request, as JSON unless it is bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {
            **JSON_HEADERS,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        self.curl = self.target.curl(method, path, content, named)
        answer = self.target.send(method, path, content, named)
        self.answer = str(answer)
        return answer

    def run(self, **values: Any) -> Answer:
        """The answer to a request to make a run."""
        answer = self.send(CREATE_PATH, {"flow_id": self.crowd.flow_id(), **values})
        if answer.status in (200, 201):
            self.crowd.created(f"/flow_runs/{answer.json['id']}")
        return answer

    def made(self, **values: Any) -> str:
        """The id of a run that was made."""
        return str(self.run(**values).json["id"])

    def count(self, run: str, **criteria: Any) -> Answer:
        """The answer to: is it this run that matches?"""
        return self.send(COUNT_PATH, {"flow_runs": {"id": {"any_": [run]}, **criteria}})


def _state_both_lists(on: ProbeContext) -> bool:
    run = on.made(name="probe", state={"type": "SCHEDULED"})
    both = {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}
    return bool(on.count(run, state={"type": both}).json == 1)


def _like_wildcards(on: ProbeContext) -> bool:
    return bool(on.count(on.made(name="100 percent"), name={"like_": "100%per"}).json == 1)


def _like_nul(on: ProbeContext) -> bool:
    answer = on.count(on.made(name="probe"), name={"like_": "\0"})
    return answer.status >= 500 or answer.json == 1


def _nul_in_text(on: ProbeContext) -> bool:
    return on.count(on.made(name="probe"), tags={"any_": ["a\0"]}).status >= 500


def _like_case(on: ProbeContext) -> bool:
    return bool(on.count(on.made(name="straße-ü"), name={"like_": "STRASSE-Ü"}).json == 0)


def _error_shape(on: ProbeContext) -> bool:
    return "exception_message" in on.send("/flow_runs/bulk_delete", {"limit": 0}).json


def _lax_coercion(on: ProbeContext) -> bool:
    wanted: Any = {"flow_runs": {"id": {"any_": []}}, "limit": "10"}
    return on.send("/flow_runs/bulk_delete", wanted).status == 200


def _body_ignored(on: ProbeContext) -> bool:
    wanted: Any = {"flow_runs": {"id": {"any_": []}}}
    return on.send(COUNT_PATH, wanted, Content_Type="text/plain").status == 200


def _api_version(on: ProbeContext) -> bool:
    return on.send(COUNT_PATH, {}, x_prefect_api_version="1.2").status == 400


def _unreadable(on: ProbeContext) -> bool:
    return on.send(COUNT_PATH, b'{"x":"\xff"}').status == 400


def _undocumented_5xx(on: ProbeContext) -> bool:
    body = b'{"flow_runs":{"id":{"any_":[]}},"limit":NaN}'
    return on.send("/flow_runs/bulk_delete", body).status >= 500


def _client_nulls(on: ProbeContext) -> bool:
    wanted: Any = {"flow_runs": {"id": {"any_": []}}, "sort": None, "limit": None}
    return on.send("/flow_runs/filter", wanted).status == 200


def _lateness(on: ProbeContext) -> bool:
    late = on.made(name="probe", state=_scheduled_state("2024-01-01T00:00:00.123456Z"))
    answers = [
        on.send("/flow_runs/lateness", {"flow_runs": {"id": {"any_": [late]}}}) for _ in range(2)
    ]
    return all(float(answer.json).is_integer() for answer in answers)


def _scheduled_state(time: str) -> dict[str, Any]:
    return {"type": "SCHEDULED", "state_details": {"scheduled_time": time}}


def _create_with_data(on: ProbeContext) -> bool:
    return on.run(state={"type": "COMPLETED", "data": 1}).status >= 500


def _shared_details(on: ProbeContext) -> bool:
    runs = [on.made(state=_scheduled_state("2024-01-01T00:00:00Z")) for _ in range(2)]
    wanted = {"flow_runs": {"id": {"any_": runs}}, "state": {"type": "PENDING"}}
    results = on.send("/flow_runs/bulk_set_state", wanted).json["results"]
    named = {result["state"]["state_details"]["flow_run_id"] for result in results}
    return len(named) == 1


def _null_pause_keys(on: ProbeContext) -> bool:
    run = on.made(state={"type": "RUNNING"}, empirical_policy={"pause_keys": None})
    return on.send(f"/flow_runs/{run}/set_state", PAUSE_BODY).status >= 500


def _deprecated_keys(on: ProbeContext) -> bool:
    made = on.run(empirical_policy={"max_retries": 3})
    return bool(made.json["empirical_policy"]["retries"] == 3)


def _no_policy_object(on: ProbeContext) -> bool:
    return on.run(empirical_policy=1).status >= 500


def _falsy_names(on: ProbeContext) -> bool:
    return on.run(name=[]).status == 201


def _empty_key(on: ProbeContext) -> bool:
    return [on.run(idempotency_key="").status for _ in range(2)][-1] == 409


def _state_not_stored(on: ProbeContext) -> bool:
    wanted = b'{"state":{"type":"RUNNING","name":"\\ud800"},"force":true}'
    answer = on.send(f"/flow_runs/{on.made(name='probe')}/set_state", wanted)
    return answer.status >= 500 or answer.json.get("status") == "ABORT"


def _small_levels(on: ProbeContext) -> bool:
    run = on.made(name="probe")
    log = {"name": "n", "message": "m", "timestamp": "2026-01-01T00:00:00Z", "flow_run_id": run}
    return any(on.send("/logs/", [{**log, "level": 2**bits}]).status >= 500 for bits in (15, 63))


def _unreadable_labels(on: ProbeContext) -> bool:
    run = on.made(name="probe")
    on.send(f"/flow_runs/{run}/labels", {"team": {"name": "data"}}, "PATCH")
    curl = on.curl
    unreadable = on.target.send("GET", f"/flow_runs/{run}", None, {}).status >= 500
    on.target.send("DELETE", f"/flow_runs/{run}", None, {})
    on.curl = curl
    return unreadable


def _huge_integers(on: ProbeContext) -> bool:
    run = on.made(name="probe", parameters={"n": 2**64})
    curl = on.curl
    wanted = {"flow_runs": {"id": {"any_": [run]}}}
    unlisted = on.send("/flow_runs/filter", wanted).status >= 500
    on.target.send("DELETE", f"/flow_runs/{run}", None, {})
    on.curl = curl
    return unlisted


PROBES: Mapping[str, Callable[[ProbeContext], bool]] = {
    "state-both-lists": _state_both_lists,
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


def run_probes(target: Target, crowd: RunPool, wanted: Sequence[str] = ()) -> Iterator[ProbeResult]:
    """Try deviations by their ids, or all of them. Raises TargetError.

    An answer of another kind than expected means that it does not show.
    """
    for deviation, shows in PROBES.items():
        if wanted and deviation not in wanted:
            continue
        ground = ProbeContext(target, crowd)
        try:
            shown = shows(ground)
        except (ValueError, LookupError, TypeError, AttributeError):
            shown = False
        yield ProbeResult(deviation, shown, ground.curl, ground.answer)
