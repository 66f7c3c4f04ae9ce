"""Run transition cases on any server; transition_outcomes.py says how outcomes are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from uuid import uuid4

from tests.support.paths import DATA
from tests.support.transition_cases import NO_HEADERS, Case, Json, Step
from tests.support.transition_outcomes import OutcomeNormalizer, map_strings

Send = Callable[[str, str, Json, Mapping[str, str]], tuple[int, Json]]
"""(method, path below /api, JSON body or None, headers) -> (status, JSON reply or None)."""

CASES = DATA / "transitions-prefect-3.8.8.json"


@cache
def load_outcomes() -> Mapping[str, list[Json]]:
    """The recorded outcomes by the names of the cases."""
    found: Mapping[str, list[Json]] = json.loads(CASES.read_text())
    return found


def run_case(case: Case, send: Send) -> list[Json]:
    """Run a case on a server: the outcome of creating its runs, and then of every step."""
    normalizer = OutcomeNormalizer(case)
    ids = _create_prerequisites(case, send, normalizer)
    created = _create_runs(case, send, ids)
    if any(status not in _SUCCESS_STATUSES for status, _ in created):
        return [{"http": [status for status, _ in created], "reply": [run for _, run in created]}]
    ids |= {f"{{run{number}}}": run["id"] for number, (_, run) in enumerate(created)}
    normalizer.ids |= {found: name for name, found in ids.items()}
    replies = [
        normalizer.run(f"{{run{n}}}", run, "@0")["state"] for n, (_, run) in enumerate(created)
    ]
    outcomes = [{"http": [status for status, _ in created], "reply": replies}]
    outcomes[0] |= _read_runs(ids, send, normalizer, "@0")
    for number, step in enumerate(case.steps, 1):
        outcomes.append(_run_step(step, ids, send, normalizer, f"@{number}"))
    return outcomes


def _create_prerequisites(case: Case, send: Send, normalizer: OutcomeNormalizer) -> dict[str, str]:
    """Create the flow, deployment and task runs that the runs refer to; returns ids by label."""
    ids = {"{flow}": _post(send, "/flows/", {"name": "transitions"})["id"]}
    if case.deployment is not None:
        body = {"name": str(uuid4()), "flow_id": ids["{flow}"], **case.deployment}
        ids["{deployment}"] = _post(send, "/deployments/", body)["id"]
    for number in range(case.tasks):
        body = {"flow_run_id": None, "task_key": "call", "dynamic_key": str(uuid4())}
        task = _post(send, "/task_runs/", body)
        ids[f"{{task{number}}}"] = task["id"]
        normalizer.state(f"{{task{number}}}", task["state"], "@made")
    return ids


_SUCCESS_STATUSES = (200, 201)


def _post(send: Send, path: str, body: Json) -> Json:
    status, reply = send("POST", path, body, NO_HEADERS)
    assert status in _SUCCESS_STATUSES, f"POST {path} is needed: {status} {reply}"
    return reply


def _create_runs(case: Case, send: Send, ids: Mapping[str, str]) -> list[tuple[int, Json]]:
    """Create the runs: status and reply of each. Runs of equal bodies come by id, highest first."""
    made = []
    for body in case.runs:
        sent = _substitute_ids({"flow_id": "{flow}", **body}, ids)
        made.append((case.runs.index(body), *send("POST", "/flow_runs/", sent, NO_HEADERS)))
    made.sort(key=lambda each: str(each[2].get("id")), reverse=True)
    made.sort(key=lambda each: each[0])
    return [(status, run) for _, status, run in made]


def _substitute_ids(value: Json, ids: Mapping[str, str]) -> Json:
    def fill(text: str) -> str:
        for name, found in ids.items():
            text = text.replace(name, found).replace(name.upper(), found.upper())
        return text

    return map_strings(value, fill)


def _run_step(
    step: Step, ids: Mapping[str, str], send: Send, normalizer: OutcomeNormalizer, label: str
) -> Json:
    path, body = _substitute_ids([step.path, step.body], ids)
    status, raw = send(step.method, path, body, step.headers)
    request = [step.method, step.path, step.body, *([dict(step.headers)] if step.headers else [])]
    reply = normalizer.reply(status, raw, label, step)
    return {
        "ask": request,
        "http": status,
        "reply": reply,
        **_read_runs(ids, send, normalizer, label),
    }


def _read_runs(
    ids: Mapping[str, str], send: Send, normalizer: OutcomeNormalizer, label: str
) -> dict[str, Json]:
    """Read all runs of the case, then its task runs."""
    found: dict[str, Json] = {}
    for kind, path in (("run", "/flow_runs/"), ("task", "/task_runs/")):
        for name in ids:
            if name.startswith(f"{{{kind}"):
                _, raw = send("GET", f"{path}{ids[name]}", None, NO_HEADERS)
                found[name] = normalizer.run(name, raw, label)
    return found
