"""What real servers answered to the requests of `endpoint_requests`, and how to ask another server.

tests/data/endpoints-prefect-3.8.8.json was recorded by `python -m measure 3.8.8` from real
servers without background services. It holds outcomes, one on a line, and for each group of
requests the numbers of their outcomes, in the order of the requests. Where the databases differ, an
outcome is an object with one for each.

An outcome is a status, the reply, and an object with what else counts: `allow`, `location`, and
`closes` where a connection is closed after a status other than 500 and 503, or kept after these.
Ids and times differ on each day, and many fields are always the same, so `ReplyNormalizer` shortens
replies:

- `<flow>`, `<run>`, ...: ids and texts of the workspace, or of an earlier request of the group.
  `<1>`, `<2>`, ...: other ids that no request has sent, in their order within a reply.
- `<release>`: the server's release of Prefect.
- `<checksum>`: of a schema. `<now>`: a time within an hour of now. `<name>`: a name that the server
  has generated.
- Left out are fields that change as time passes; in records, fields that are null, 0, false, empty
  or `<now>` (except `job_variables`), that the request sent, and `state_*` that agree with `state`;
  in errors, a `request_body` equal to the body sent, and their first line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http.client import HTTPConnection, HTTPException
from time import monotonic
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from mockserver.prefect.releases import NEWEST
from tests.support.endpoint_requests import GROUPS, ApiRequest
from tests.support.paths import DATA

Json = Any

CASES = DATA / "endpoints-prefect-3.8.8.json"
DATABASES = ("sqlite", "postgresql")


# --- The workspace that the requests need -----------------------------------------------------


def new_workspace_names(release: str = NEWEST) -> dict[str, str]:
    """The names that requests use, with new values; a real server brings its own ids."""
    unique = f"u{uuid4().hex[:12]}"
    return {
        "release": release,
        "u": unique,
        "flow name": f"flow {unique}",
        "deployment name": f"deployment {unique}",
        "pool": f"pool {unique}",
    } | {key: str(uuid4()) for key in ("flow", "deployment", "pool id", "default id", "second id")}


def create_workspace(server: Connection) -> dict[str, str]:
    """Create the workspace on a real server; returns the values of its names."""
    _, release, _ = server.send(ApiRequest("GET", "/admin/version"), {})
    names = {**new_workspace_names(), "release": json.loads(release)}

    def create(path: str, **values: Json) -> Json:
        status, reply, _ = server.send(ApiRequest("POST", path, values), {})
        assert status in (200, 201), reply
        return json.loads(reply)

    flow = create("/flows/", name=names["flow name"], labels={"team": "a"})
    deployment = create("/deployments/", name=names["deployment name"], flow_id=flow["id"])
    pool = create("/work_pools/", name=names["pool"], type="process")
    second = create(f"/work_pools/{quote(names['pool'])}/queues", name="second")
    return {
        **names,
        "flow": flow["id"],
        "deployment": deployment["id"],
        "pool id": pool["id"],
        "default id": pool["default_queue_id"],
        "second id": second["id"],
    }


def workspace_seed(names: Mapping[str, str]) -> Json:
    """The same workspace as a seed document."""
    return {
        "flows": [{"id": names["flow"], "name": names["flow name"], "labels": {"team": "a"}}],
        "deployments": [
            {
                "id": names["deployment"],
                "name": names["deployment name"],
                "flow_id": names["flow"],
                "labels": {"prefect.flow.id": names["flow"], "team": "a"},
            }
        ],
        "work_pools": [{"id": names["pool id"], "name": names["pool"], "type": "process"}],
        "work_queues": [
            {"id": names[f"{one} id"], "name": one, "work_pool_id": names["pool id"]}
            for one in ("default", "second")
        ],
    }


def delete_workspace(server: Connection, names: Mapping[str, str]) -> None:
    """Delete the workspace, and flows and task runs that requests created, from a real server."""
    filters = {"flows": {"name": {"like_": names["u"]}}}
    _, flows, _ = server.send(ApiRequest("POST", "/flows/filter", filters), {})
    for flow in json.loads(flows):
        server.send(ApiRequest("DELETE", f"/flows/{flow['id']}"), {})
    _, tasks, _ = server.send(ApiRequest("POST", "/task_runs/filter", {}), {})
    for task in json.loads(tasks):
        server.send(ApiRequest("DELETE", f"/task_runs/{task['id']}"), {})
    server.send(ApiRequest("DELETE", f"/work_pools/{quote(names['pool'])}"), {})


# --- Sending requests, and normalizing replies ------------------------------------------------


# uvicorn closes a connection that is idle for 5 seconds, which may be just as one sends.
_IDLE_SECONDS = 3


class Connection:
    """A keep-alive connection to the API at a URL.

    `flaky`: repeat a request that is answered with 503, as a real server on SQLite does at times.
    """

    def __init__(self, url: str, *, flaky: bool = False) -> None:
        self.prefix = urlsplit(url).path
        self.flaky = flaky
        self.http = HTTPConnection(urlsplit(url).netloc, timeout=60)
        self.used = monotonic()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self.http.close()

    def send(
        self, request: ApiRequest, names: Mapping[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body, and what else counts for an outcome (see the module)."""
        for _ in range(10 if self.flaky else 1):
            status, reply, more = self._send(request, names)
            if status != 503:
                break
        return status, reply, more

    def _send(
        self, request: ApiRequest, names: Mapping[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        path = self.prefix + request.rendered_path(names)
        content = None if request.body is ... else request.content(names)
        if monotonic() - self.used > _IDLE_SECONDS:
            self.http.close()
        try:
            self.http.request(request.method, path, content, dict(request.headers))
            response = self.http.getresponse()
            reply = response.read()
        except (HTTPException, OSError):
            self.http.close()  # or what is cleaned up would fail, and hide this error
            raise
        self.used = monotonic()
        closes = response.will_close or (response.status >= 500 and self._is_closed())
        more = {
            "allow": response.getheader("Allow"),
            "location": response.getheader("Location"),
            "closes": None if closes == (response.status in (500, 503)) else str(closes),
        }
        if more["location"]:
            url = urlsplit(more["location"])._replace(scheme="", netloc="")
            more["location"] = url.geturl().removeprefix(self.prefix)
        return response.status, reply, {key: value for key, value in more.items() if value}

    def _is_closed(self) -> bool:
        """Whether the server closes within a second, although its reply did not announce that."""
        assert self.http.sock
        self.http.sock.settimeout(1)
        try:
            return self.http.sock.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        finally:
            self.http.close()


_UUID_PATTERN = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_INSTANT_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_CHECKSUM_PATTERN = re.compile(r"sha256:[0-9a-f]{64}")
_GENERATED_NAME = re.compile(r"[a-z]+(?:-[a-z]+)+")
_TIME_DEPENDENT_FIELDS = frozenset(
    {
        *("estimated_run_time", "estimated_start_time_delta", "total_run_time"),
        *("sum_estimated_run_time", "sum_estimated_lateness", "duration", "lateness"),
    }
)
_DEFAULT_VALUES: Sequence[Json] = (None, 0, 0.0, False, "", [], {}, "<now>")
_LEFT_OUT = object()
"""In place of a field that an outcome does not show."""


@dataclass
class ReplyNormalizer:
    """Shortens the replies of one server to the requests of a group, as the module says."""

    names: dict[str, str]
    sent: str = ""
    id_labels: dict[str, str] = field(default_factory=dict)

    def outcome(self, server: Connection, request: ApiRequest) -> Json:
        """Send a request; returns its outcome."""
        content = request.content(self.names)
        self.sent += f"{request.rendered_path(self.names)} {content.decode(errors='replace')}"
        status, body, more = server.send(request, self.names)
        reply = self._normalize_reply(status, body, content)
        if request.save_id_as and isinstance(reply, dict) and status in (200, 201):
            record = json.loads(body)
            self.names[request.save_id_as] = record.get("lease_id") or record["id"]
            reply = self._normalize_reply(status, body, content)
        return [status, reply, *([self._normalize(more)] if more else [])]

    def _normalize_reply(self, status: int, body: bytes, content: bytes) -> Json:
        self.id_labels.clear()
        try:
            reply = json.loads(body)
        except ValueError:
            text = body.decode(errors="backslashreplace")
            page = text.lower().startswith("<!doctype html")
            return "<the page of the UI>" if page else self._text(text)
        if isinstance(reply, dict) and "exception_detail" in reply:
            try:
                as_sent = json.loads(content) == reply["request_body"]
            except ValueError:
                as_sent = content.decode(errors="replace") == reply["request_body"]
            if as_sent:
                reply = {"invalid": reply["exception_detail"]}
        if status < 300 and isinstance(reply, dict):
            _drop_redundant_fields(reply, content)
        normalized = self._normalize(reply, record=status < 300)
        text = json.dumps(normalized)
        return normalized if len(text) < 3000 else f"{len(text)} characters: {text[:200]}"

    def _normalize(self, value: Json, *, record: bool = False) -> Json:
        if isinstance(value, dict):
            fields = (
                (key, self._normalize_field(value, key, record=record)) for key in sorted(value)
            )
            return {self._text(key): inner for key, inner in fields if inner is not _LEFT_OUT}
        if isinstance(value, list):
            return [self._normalize(one, record=record) for one in value]
        return self._text(value) if isinstance(value, str) else value

    def _normalize_field(self, holder: Mapping[str, Json], key: str, *, record: bool) -> Json:
        """The value of one field, or `_LEFT_OUT`. `record`: as in the reply to a success."""
        if record and key in _TIME_DEPENDENT_FIELDS:
            return _LEFT_OUT
        value = self._normalize(holder[key], record=record)
        if key == "pause_keys" and isinstance(value, list):
            value = sorted(value)  # servers keep a set, in any order
        if key == "deleted" and isinstance(value, list):
            value = sorted(value)  # by ids, which differ on each day
        if key == "reason":
            value = value.partition("asyncpg.Error)")[0]  # then come the database's own words
        if record and key == "name" and "id" in holder and _GENERATED_NAME.fullmatch(str(value)):
            value = "<name>"
        default = any(value == one and type(value) is type(one) for one in _DEFAULT_VALUES)
        return _LEFT_OUT if record and default and key != "job_variables" else value

    def _text(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace(value, f"<{name}>").replace(_in_a_path(value), f"<{name}>")
        # Of schemas of blocks, in which there are names that differ on each day.
        text = _CHECKSUM_PATTERN.sub("<checksum>", text)
        return _INSTANT_PATTERN.sub(self._label_instant, _UUID_PATTERN.sub(self._label_id, text))

    def _label_id(self, found: re.Match[str]) -> str:
        if found[0] in self.sent:
            return found[0]
        return self.id_labels.setdefault(found[0], f"<{len(self.id_labels) + 1}>")

    def _label_instant(self, found: re.Match[str]) -> str:
        try:
            ago = datetime.now(UTC) - datetime.fromisoformat(found[0])
        except ValueError:
            return found[0]
        return "<now>" if abs(ago) < timedelta(hours=1) else found[0]


_in_a_path = lru_cache(1_000)(quote)  # asked for with each text of each reply


def _drop_redundant_fields(reply: dict[str, Json], content: bytes) -> None:
    """Remove from a record the fields that the request sent, and those that repeat its state."""
    state = reply.get("state")
    for key in ("id", "type", "name"):
        if isinstance(state, dict) and reply.get(f"state_{key}", ...) == state[key]:
            del reply[f"state_{key}"]
    try:
        given = json.loads(content)
    except ValueError:
        return
    for key, value in given.items() if isinstance(given, dict) else ():
        # In any order of keys: PostgreSQL's JSONB has its own.
        if key in reply and _as_sorted_json(reply[key]) == _as_sorted_json(value):
            del reply[key]


def _as_sorted_json(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def send_group(
    server: Connection,
    group: str,
    names: Mapping[str, str],
    groups: Mapping[str, Sequence[ApiRequest]] = GROUPS,
) -> list[Json]:
    """Send the requests of a group and return their outcomes; afterwards no flow run is left."""
    normalizer = ReplyNormalizer(dict(names))
    try:
        return [normalizer.outcome(server, request) for request in groups[group]]
    finally:
        delete_all_runs(server)


def delete_all_runs(server: Connection) -> None:
    """Delete every flow run."""
    deleted = [""]
    while deleted:
        status, reply, _ = server.send(ApiRequest("POST", "/flow_runs/bulk_delete", {}), {})
        assert status == 200, reply
        deleted = json.loads(reply)["deleted"]


def load_outcomes(database: str) -> dict[str, list[Json]]:
    """The recorded outcomes of the real server on a database, by group."""
    data = json.loads(CASES.read_text(encoding="utf-8"))
    outcomes = [one[database] if isinstance(one, dict) else one for one in data["outcomes"]]
    return {
        group: [outcomes[number] for number in numbers] for group, numbers in data["groups"].items()
    }
