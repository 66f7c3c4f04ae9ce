"""Outcomes of transition cases, in a form in which two servers can be compared.

tests/data/transitions-prefect-3.8.8.json was recorded by `python -m measure 3.8.8` from a
real Prefect 3.8.8 on SQLite without background services. It holds an object from the name of a
case to its outcomes, one on a line. The first outcome is that of creating the case's runs, then
comes one for each step. A run that cannot be created ends its case.

Ids and times differ from server to server and from day to day, so they are labelled:

- `{run0}`, `{run1}`, ...: the case's runs in the order of creation; runs created by equal requests
  are ordered by id, highest first, as bulk_set_state takes them. `{task0}` is a task run and
  `{deployment}` a deployment created before. `<uuid>` is any other id that the case does not send.
- `@0`: the state that a run was created with, and its timestamp. `@3`: the state made by step 3. A
  state is shown in full once, under the key `is`. Later its label alone means the same state with
  equal fields; `is` with more keys means the same state with these fields changed.
- A time that the case sends is shown as the server writes it. A `scheduled_time` that the server
  chose is `~@3` if it is about the timestamp of the state it appears in (real servers take it a
  moment earlier), `~@3+3600` if it is that many seconds later, give or take five. Times equal to
  it, to the microsecond, are then `scheduled@3`.
- `total_run_time` is a sum of differences of timestamps, such as `@2-@1+@4-@3`, to a microsecond.
- A `delay_seconds` of about the scheduled time minus now is `scheduled-now`.

Whatever does not fit starts with `?`: also a new state whose timestamp is not later than all
before, a run's `state_id`, `state_type` or `state_name` (otherwise left out) that is not that of
its `state`, and results of bulk_set_state that are not ordered by id, highest first.

Left out are `message` and `data` of a state if null; defaults in `state_details` and
`empirical_policy`; fields of a run that are null, 0 (except `run_count`), empty or all defaults;
and fields that change as time passes, such as `updated` and `estimated_run_time`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any
from uuid import UUID

from tests.support.transition_cases import Case, Step

Json = Any

STATE_DEFAULTS: Mapping[str, Json] = {
    **dict.fromkeys(
        (
            *("flow_run_id", "task_run_id", "child_flow_run_id", "scheduled_time", "cache_key"),
            *("cache_expiration", "pause_timeout", "pause_key", "run_input_keyset", "retriable"),
            *("refresh_cache", "transition_id", "task_parameters_id", "traceparent"),
            "deployment_concurrency_lease_id",
        )
    ),
    **dict.fromkeys(("deferred", "untrackable_result", "pause_reschedule"), False),
}
POLICY_DEFAULTS: Mapping[str, Json] = {
    "max_retries": 0,
    "retry_delay_seconds": 0,
    "retries": None,
    "retry_delay": None,
    "pause_keys": [],
    "resuming": False,
    "retry_type": None,
}


def iter_strings(value: Json) -> Iterator[str]:
    """Every string in a JSON value, without keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from iter_strings(item)


def map_strings(value: Json, reword: Callable[[str], str]) -> Json:
    """The same JSON value with `reword` applied to each string, but not to keys."""
    if isinstance(value, str):
        return reword(value)
    if isinstance(value, Mapping):
        return {key: map_strings(item, reword) for key, item in value.items()}
    return [map_strings(item, reword) for item in value] if isinstance(value, list) else value


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def parse_instant(text: str) -> datetime | None:
    """The time that a text means, or None. Without an offset it is in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class _SeenState:
    """A state that has been shown before."""

    label: str
    at: datetime
    raw: Json


class OutcomeNormalizer:
    """Labels ids, states and times in the replies of a case.

    `state_histories` holds the states of each run and task run, in order.
    """

    def __init__(self, case: Case) -> None:
        texts = [*iter_strings([case.runs, [step.body for step in case.steps]])]
        self.given = frozenset(texts)
        self.given_instants = frozenset(found for found in map(parse_instant, texts) if found)
        self.ids: dict[str, str] = {}
        self.scheduled: dict[datetime, str] = {}
        self.state_histories: dict[str, list[_SeenState]] = {}

    def replace_ids(self, value: Json) -> Json:
        """The value with labels in place of ids."""
        return map_strings(value, self._named)

    def _named(self, text: str) -> str:
        for known, name in self.ids.items():
            text = text.replace(known, name)
        return "<uuid>" if text not in self.given and is_uuid(text) else text

    def state(self, owner: str, raw: Json, label: str) -> Json:
        """Describe a state of a run or task run; `label` is its label if it is new."""
        if raw is None:
            return None
        history = self.state_histories.setdefault(owner, [])
        seen = next((seen for seen in history if seen.raw["id"] == raw["id"]), None)
        if seen is None:
            return self._new_state(history, raw, label)
        changed = {key for key in raw.keys() | seen.raw.keys() if raw.get(key) != seen.raw.get(key)}
        if not changed:
            return seen.label
        return {"is": seen.label, **self._parts(seen, {key: raw.get(key) for key in changed})}

    def _new_state(self, history: list[_SeenState], raw: Json, label: str) -> Json:
        at = datetime.fromisoformat(raw["timestamp"])
        late = all(seen.at < at for seen in history)
        seen = _SeenState(label, at, raw)
        history.append(seen)
        shown = self._parts(seen, {key: raw[key] for key in raw if key not in ("id", "timestamp")})
        shown = {
            key: part
            for key, part in shown.items()
            if key not in _OMITTED_WHEN_NULL or part is not None
        }
        return {"is": label if late else f"? {label} is not later", **shown}

    def _parts(self, seen: _SeenState, raw: Json) -> Json:
        shown = {key: self.replace_ids(part) for key, part in raw.items() if key != "state_details"}
        if "state_details" in raw:
            shown["details"] = self._details(seen, raw["state_details"])
        return shown

    def _details(self, seen: _SeenState, raw: Json) -> Json:
        shown = self.replace_ids(_non_defaults(STATE_DEFAULTS, raw))
        if "scheduled_time" in shown:
            shown["scheduled_time"] = self._scheduled_time(seen, shown["scheduled_time"])
        return shown

    def _scheduled_time(self, seen: _SeenState, text: str) -> str:
        at = datetime.fromisoformat(text)
        if at in self.given_instants:
            return text
        if at in self.scheduled:
            return self.scheduled[at]
        self.scheduled[at] = seen.label.replace("@", "scheduled@")
        seconds = (at - seen.at).total_seconds()
        whole = round(seconds, -1)
        if abs(whole) > 10_000:  # the longest delay that a case asks for is an hour
            return f"? {text}"
        return f"~{seen.label}{whole:+.0f}" if whole else f"~{seen.label}"

    def label_instant(self, owner: str, text: str | None, *, planned: bool) -> str | None:
        """The label of a run's time; `planned` if it may also be a scheduled time."""
        if text is None:
            return None
        at = datetime.fromisoformat(text)
        if planned and at in self.given_instants:
            return text
        if planned and at in self.scheduled:
            return self.scheduled[at]
        labels = (seen.label for seen in self.state_histories[owner] if seen.at == at)
        return next(labels, f"? {text}")

    def describe_run_time(self, owner: str, seconds: float) -> str | int:
        """The total run time as a sum of times between successive states.

        Servers do not say which spans they add up, so all subsets of the first ten are tried, the
        spans in RUNNING first.
        """
        if not seconds:
            return 0
        spans = [*pairwise(self.state_histories[owner])]
        running = tuple(former.raw["type"] == "RUNNING" for former, _ in spans)
        for chosen in (running, *product((True, False), repeat=min(len(spans), 10))):
            kept = [span for span, keep in zip(spans, chosen, strict=False) if keep]
            time = sum(((b.at - a.at) for a, b in kept), timedelta())
            if abs(time.total_seconds() - seconds) < 1.5e-6:  # a microsecond, as a float
                return "+".join(f"{b.label}-{a.label}" for a, b in kept)
        return f"? {seconds}"

    def run(self, owner: str, raw: Json, label: str) -> Json:
        """Describe a run or task run from the reply of GET."""
        shown = {"state": self.state(owner, raw["state"], label)}
        if raw["state_id"] != (raw["state"] or {}).get("id"):
            shown["state_id"] = f"? {raw['state_id']}"
        shown["run_count"] = raw["run_count"]
        for key in ("type", "name"):
            if raw[f"state_{key}"] != (raw["state"] or {}).get(key):
                shown[f"state_{key}"] = f"? {raw[f'state_{key}']}"
        for key in ("start_time", "end_time"):
            shown[key] = self.label_instant(owner, raw[key], planned=False)
        for key in ("expected_start_time", "next_scheduled_start_time"):
            shown[key] = self.label_instant(owner, raw[key], planned=True)
        shown["total_run_time"] = self.describe_run_time(owner, raw["total_run_time"])
        if owner.startswith("{run"):
            shown["empirical_policy"] = self._policy(raw["empirical_policy"])
        return {key: part for key, part in shown.items() if key == "run_count" or part}

    def _policy(self, raw: Json) -> Json:
        shown = self.replace_ids(_non_defaults(POLICY_DEFAULTS, raw))
        if shown.get("pause_keys"):
            shown["pause_keys"].sort()  # servers keep a set, in any order
        return shown

    def result(self, owner: str, raw: Json, label: str) -> Json:
        """Describe the orchestration result of one run."""
        details = self.replace_ids(raw["details"])
        if "delay_seconds" in details:
            details["delay_seconds"] = self._delay(owner, details["delay_seconds"], raw["state"])
        state = self.state(owner, raw["state"], label)
        return {"status": raw["status"], "details": details, "state": state}

    def _delay(self, owner: str, seconds: Json, raw: Json) -> str:
        """`raw` is the state to wait for; the last state of the history was made a moment ago."""
        at = parse_instant(str(raw and raw["state_details"]["scheduled_time"]))
        if at and isinstance(seconds, int):
            expected = (at - self.state_histories[owner][-1].at).total_seconds()
            if abs(expected - seconds) < 30:  # whole seconds, on a busy machine
                return "scheduled-now"
        return f"? {seconds}"

    def results(self, raw: Json, label: str) -> Json:
        """Describe the results of bulk_set_state."""
        ids = [result["flow_run_id"] for result in raw]
        shown = [
            {"run": self.ids[result["flow_run_id"]]}
            | self.result(self.ids[result["flow_run_id"]], result, label)
            for result in raw
        ]
        shown.sort(key=lambda result: str(result["run"]))
        return shown if ids == sorted(ids, reverse=True) else ["? not highest first", *shown]

    def reply(self, status: int, raw: Json, label: str, step: Step) -> Json:
        """Describe the reply to a step."""
        if status < 300 and step.path.endswith("/bulk_set_state"):
            return self.results(raw["results"], label)
        if status < 300 and step.path.endswith("/set_state"):
            return self.result(step.path.split("/")[2].lower(), raw, label)
        return self.replace_ids(raw)


_OMITTED_WHEN_NULL = ("message", "data")


def _non_defaults(defaults: Mapping[str, Json], raw: Json) -> dict[str, Json]:
    return {
        key: value for key, value in raw.items() if key not in defaults or value != defaults[key]
    }
