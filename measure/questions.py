"""What a server is asked: for each kind of case, all of them, answered in comparable form."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from measure.documents import describe_server
from measure.http_client import JSON_HEADERS, NO_HEADERS, Request, Server
from measure.probes import ask_probes
from measure.servers import PrefectServer, ServerFailed
from tests.support import (
    endpoint_cases,
    list_cases,
    object_requests,
    recorded_cases,
    transition_cases,
)
from tests.support.endpoint_requests import GROUPS, ApiRequest
from tests.support.recorded_answers import load_filter_data
from tests.support.transition_runner import Send, run_case

Json = Any
Answers = dict[str, Json]
_INSERT_RECORDS = Path(__file__).with_name("insert_records.py")
_FILTER_FLOW = "f1f7e250-0000-4000-8000-000000000000"
_MOST_RUNS = 200
# Fields of runs that replies of some releases lack; the outcomes of transitions leave them out.
_RUN_FIELDS: Mapping[str, Json] = {
    **dict.fromkeys(("start_time", "end_time", "expected_start_time", "next_scheduled_start_time")),
    "total_run_time": 0,
    "run_count": 0,
}


Ask = Callable[[PrefectServer], Answers]


def insert_records(server: PrefectServer, records: Mapping[str, Json]) -> None:
    """Write records into the database of a server. Raises ServerFailed."""
    done = subprocess.run(
        [server.python, _INSERT_RECORDS],
        input=json.dumps(records),
        env=os.environ | server.settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerFailed(f"records could not be written:\n{done.stderr[-4000:]}")


def ask_lists(server: PrefectServer) -> Answers:
    """What is answered to bodies that list and count, with the base's records.

    The records are written into the database, which has to be empty, and stay there.
    """
    recorded = list_cases.load_cases()
    held = recorded["worlds"][f"prefect-{server.database}"]
    workspace = held["world"]
    insert_records(server, list_cases.workspace_seed(workspace, held["unnamed"]))
    http = Server(server.url, server.flaky)
    answers = {}
    for place, case in enumerate(recorded["cases"]):
        path, body = case["path"], list_cases.resolve_references(case["body"], workspace)
        found = http.send(Request(json.dumps(body).encode(), JSON_HEADERS, path))
        reply = _parsed(found.reply)
        answers[str(place)] = list_cases.normalize_reply(path, body, found.status, reply, workspace)
    return answers


def ask_filters(server: PrefectServer) -> Answers:
    """What each filter selects: places of flow runs, highest id first; or a status.

    All other flow runs are deleted before.
    """
    with closing(endpoint_cases.Connection(server.url, flaky=server.flaky)) as connection:
        endpoint_cases.delete_all_runs(connection)
    recorded = load_filter_data()
    insert_records(
        server,
        {
            "flows": [{"id": _FILTER_FLOW, "name": "filters"}],
            "flow_runs": [{**run, "flow_id": _FILTER_FLOW} for run in recorded["flow_runs"]],
            "task_runs": [
                {**run, "name": "", "task_key": "call", "dynamic_key": str(place)}
                for place, run in enumerate(recorded["task_runs"])
            ],
        },
    )
    place_of = {run["id"]: place for place, run in enumerate(recorded["flow_runs"])}
    http = Server(server.url, server.flaky)
    answers: Answers = {}
    for place, case in enumerate(recorded["cases"]):
        body = {"flow_runs": case["flow_runs"], "sort": "ID_DESC", "limit": _MOST_RUNS}
        found = http.send(Request(json.dumps(body).encode(), JSON_HEADERS, "/flow_runs/filter"))
        answers[str(place)] = (
            [place_of[run["id"]] for run in json.loads(found.reply)]
            if found.status == 200
            else f"status {found.status}"
        )
    return answers


def ask_requests(server: PrefectServer) -> Answers:
    """What is answered to raw requests of bulk_delete: status and reply."""
    http = Server(server.url, server.flaky)
    answers = {}
    for place, case in enumerate(recorded_cases.request_cases()):
        headers = {"Content-Type": case.content_type} if case.content_type else NO_HEADERS
        found = http.send(Request(case.body, headers))
        answers[str(place)] = [found.status, _parsed(found.reply)]
    return answers


def ask_endpoints(server: PrefectServer) -> Answers:
    """What is answered to the requests of the endpoints around bulk_delete."""
    return _ask_groups(server, GROUPS)


def ask_objects(server: PrefectServer) -> Answers:
    """What is answered to the requests of the endpoints of all other objects."""
    return _ask_groups(server, object_requests.GROUPS)


def _ask_groups(server: PrefectServer, groups: Mapping[str, Sequence[ApiRequest]]) -> Answers:
    with closing(endpoint_cases.Connection(server.url, flaky=server.flaky)) as connection:
        names = endpoint_cases.create_workspace(connection)
        return {
            f"{group}/{place}": outcome
            for group in groups
            for place, outcome in enumerate(
                endpoint_cases.send_group(connection, group, names, groups)
            )
        }


def ask_transitions(server: PrefectServer) -> Answers:
    """What becomes of runs in the cases of transitions."""
    send = complete_runs(http_sender(server))
    return {name: _outcomes(case, send) for name, case in transition_cases.cases().items()}


def _outcomes(case: transition_cases.Case, send: Send) -> list[Json]:
    """The outcomes of a case; a sentence if a release answers so that it cannot be run."""
    try:
        return run_case(case, send)
    except (AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        return [f"cannot be run: {error!r}"]


def http_sender(server: PrefectServer) -> Send:
    """Sends requests to a server, each on a connection of its own.

    Real servers close a connection after a 5xx.
    """
    http = Server(server.url, server.flaky)

    def send(method: str, path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        content = b"" if body is None else json.dumps(body).encode()
        answer = http.send(Request(content, {**JSON_HEADERS, **headers}, path, method))
        return answer.status, _parsed(answer.reply) if answer.reply else None

    return send


def complete_runs(send: Send) -> Send:
    """The same sender; runs in its replies have all fields that outcomes are made of."""

    def completed(
        method: str, path: str, body: Json, headers: Mapping[str, str]
    ) -> tuple[int, Json]:
        status, reply = send(method, path, body, headers)
        if method == "GET" and status == 200 and isinstance(reply, dict) and "state_id" in reply:
            return status, {**_RUN_FIELDS, **reply}
        return status, reply

    return completed


def _parsed(reply: str) -> Json:
    """The value of a JSON text; another text as it is."""
    try:
        return json.loads(reply)
    except ValueError:
        return reply


ON_RECORDED_RUNS: Mapping[str, Ask] = {
    "lists": ask_lists,
    "filters": ask_filters,
    "probes": ask_probes,
}
"""Asked first, of a server of their own: runs are written into its database, or deleted after."""
ON_OWN_RUNS: Mapping[str, Ask] = {
    "server": describe_server,
    "requests": ask_requests,
    "endpoints": ask_endpoints,
    "transitions": ask_transitions,
}
"""Asked of another server, which is empty: they make the runs that they need through the API."""
ON_OWN_OBJECTS: Mapping[str, Ask] = {"objects": ask_objects}
"""Asked of a third one: they list logs and the like, of which others would leave some."""
