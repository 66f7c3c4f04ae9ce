"""The control API over HTTP; every reply is checked against its OpenAPI document."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import validate

from mockserver.http.app import create_app
from mockserver.http.control import app as control
from mockserver.http.control import insight_handlers as control_insight
from mockserver.http.control import journal_handlers as control_journal
from mockserver.http.control import world_handlers as control_worlds
from mockserver.http.control.app import CONTROL_ROUTES, document
from mockserver.http.exchange.control_access import is_loopback
from mockserver.prefect.dialects import DIALECTS, PREFECT_SQLITE
from mockserver.seeds.loading import load_seeds
from mockserver.seeds.records.record_fields import SHORT_FORMS
from mockserver.store.store import Store
from mockserver.worlds.faults import FAULT_FIELDS, PRESETS
from mockserver.worlds.settings import Settings
from tests.support.paths import FIXTURES
from tests.support.servers import Client, Reply, serve_store
from tests.support.strategies import scaled_max_examples

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DOCUMENT: Any = document()


class ControlClient:
    """A client of the control API; every reply must be one that the document describes."""

    def __init__(self, client: Client, prefix: str = "") -> None:
        self.client = client
        self.prefix = prefix

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        raw = sent.encode() if isinstance(sent, str) else sent
        reply = self.client.send(method, f"{self.prefix}/_mock{path}", raw, headers)
        assert_documented(method, path, reply)
        return reply

    def value(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of a successful reply, None for an empty one."""
        reply = self.ask(method, path, body)
        assert reply.status < 300, reply.body
        return reply.json if reply.body else None

    def complaint(self, path: str, body: Any) -> str:
        """Return why an assertion does not hold; it is 409, which `curl -f` takes for a failure."""
        reply = self.ask("POST", path, body)
        assert (reply.status, reply.json["holds"]) == (409, False)
        return str(reply.json["complaint"])

    def detail(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Return the status and the detail of a refusal."""
        reply = self.ask(method, path, body)
        assert reply.status >= 400
        return reply.status, reply.json["detail"]


def assert_documented(method: str, path: str, reply: Reply) -> None:
    here = urlsplit(f"/_mock{path}").path.removesuffix("/")
    for template, operations in DOCUMENT["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, here) and method.lower() in operations:
            responses = operations[method.lower()]["responses"]
            break
    else:
        responses = {"default": {"$ref": "#/components/responses/Refused"}}
        assert reply.status in (404, 405)
    response = responses.get(str(reply.status))
    if response is None:
        assert reply.status >= 400
        response = DOCUMENT["components"]["responses"]["Refused"]
    if "content" not in response:
        assert reply.body == b""
        return
    schema = {
        **response["content"]["application/json"]["schema"],
        "components": DOCUMENT["components"],
    }
    Draft202012Validator(schema).validate(reply.json)


@pytest.fixture
def client() -> Iterator[Client]:
    store = Store(load_seeds([FIXTURES], NOW).base())
    with serve_store(store, Settings(now=lambda: NOW)) as connected:
        connected.documented = False  # injected faults are in no document
        yield connected


@pytest.fixture
def server(client: Client) -> ControlClient:
    """A client of the server's own world."""
    return ControlClient(client)


@pytest.fixture
def session(server: ControlClient) -> ControlClient:
    """A client of a session that starts without flow runs."""
    opened = server.value("POST", "/sessions", {"empty": True, "name": "mine"})
    assert opened["control_url"].endswith("/sessions/mine/_mock")
    return ControlClient(server.client, "/sessions/mine")


def bulk_delete(control: ControlClient, body: Any, **headers: str) -> Reply:
    path = f"{control.prefix}/api/flow_runs/bulk_delete"
    named = {"Content-Type": "application/json", **headers}
    return control.client.send("POST", path, json.dumps(body).encode(), named)


def test_the_document_is_valid_and_complete() -> None:
    """It is valid OpenAPI and has exactly the served operations, with the handlers' names."""
    validate(DOCUMENT)
    documented = {
        (method.upper(), path.removeprefix("/_mock") or "/")
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert documented == set(CONTROL_ROUTES)
    for (method, path), handler in CONTROL_ROUTES.items():
        operation = DOCUMENT["paths"][f"/_mock{path}".removesuffix("/")][method.lower()]
        assert operation["operationId"] == handler.__name__.removeprefix("_")
    modules = (control, control_worlds, control_journal, control_insight)
    assert {handler.__module__ for handler in CONTROL_ROUTES.values()} == {
        module.__name__ for module in modules
    }


def test_the_document_lists_all_fields_of_faults_and_flow_runs() -> None:
    """It has every field and preset of a fault, and every short form of a flow run's field."""
    fault = DOCUMENT["components"]["schemas"]["Fault"]["properties"]
    rule = {"preset", "path", "method", "probability", "times"}
    assert fault.keys() == {*FAULT_FIELDS, *rule}
    assert fault["preset"]["enum"] == [*PRESETS, None]
    description = DOCUMENT["paths"]["/_mock/flow_runs"]["post"]["description"]
    assert all(f"`{short}`" in description for short in SHORT_FORMS["flow_runs"])


def test_the_index_lists_counts_and_paths(server: ControlClient) -> None:
    """The index is at /_mock with and without a slash, and not below /api."""
    index = server.value("GET", "")
    assert index["flow_runs"] == 60
    assert "POST /_mock/sessions" in index["paths"]
    assert server.value("GET", "/") == index
    assert server.value("GET", "/openapi.json") == DOCUMENT
    assert server.client.send("GET", "/api/_mock").status == 404


def test_sessions_are_opened_listed_and_dropped(server: ControlClient) -> None:
    """A session forks the server's world or is empty, with its own seeds, dialect and time."""
    first = server.value("POST", "/sessions")
    assert (first["flow_runs"], first["dialect"], first["requests"]) == (60, "spec", 0)
    assert first["url"] == f"http://{':'.join(map(str, server.client.address))}/sessions/" + (
        f"{first['name']}/api"
    )
    wanted = {
        "name": "mine",
        "empty": True,
        "dialect": "prefect-sqlite",
        "now": "2020-01-01T00:00:00Z",
        "seeds": {"flow_runs": [{"name": "old", "end_time": "now-1d"}]},
    }
    mine = server.value("POST", "/sessions", wanted)
    assert (mine["flow_runs"], mine["dialect"]) == (1, PREFECT_SQLITE.name)
    assert "note" not in mine
    inside = ControlClient(server.client, "/sessions/mine")
    assert inside.value("GET", "/clock") == {"now": "2020-01-01T00:00:00Z", "stands": True}
    assert inside.value("GET", "/seeds")["flow_runs"][0]["end_time"] == "2019-12-31T00:00:00Z"
    assert bulk_delete(inside, {"limit": "1"}).status == 200
    assert server.value("GET", "/sessions/mine")["requests"] == 1
    assert [one["name"] for one in server.value("GET", "/sessions")] == [first["name"], "mine"]
    assert server.detail("POST", "/sessions", {"name": "mine"})[0] == 409
    server.value("DELETE", "/sessions/mine")
    assert server.detail("GET", "/sessions/mine") == (404, "no session 'mine'")
    assert server.detail("DELETE", "/sessions/mine") == (404, "no session 'mine'")
    assert server.value("GET", "/clock")["now"] == "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("body", "detail_part"),
    [
        ({"dialect": "mysql"}, "no dialect 'mysql'; expected spec, prefect-sqlite"),
        ({"dialect": "spec@3.8.8"}, "no dialect 'spec@3.8.8'; expected spec, prefect-sqlite"),
        ({"dialect": "prefect-sqlite@3.6.2"}, "bulk_delete, which came with 3.6.16; measured are"),
        ({"dialect": "prefect-sqlite@new"}, "'new' is no release; expected one such as"),
        ({"dialects": "spec"}, "unknown field 'dialects'; expected some of name, dialect"),
        ({"now": 5}, "now is 5; expected a string"),
        ({"now": "soon"}, "'soon' is not a time"),
        ({"name": "a/b"}, "not a name for a session"),
        ([], "the body is a list; expected an object"),
        (b"{", "the body is not JSON"),
        ({"seeds": {"flow_runs": [{"nam": 1}]}}, "expected name?"),
    ],
)
def test_an_invalid_session_is_refused(server: ControlClient, body: Any, detail_part: str) -> None:
    """The reply is 422 with what came and what was expected; no session is opened."""
    status, detail = server.detail("POST", "/sessions", body)
    assert status == 422
    assert detail_part in detail
    assert server.value("GET", "/sessions") == []


@pytest.mark.parametrize(
    ("asked", "named", "deleted"),
    [
        ("prefect-sqlite@3.6.20", "prefect-sqlite@3.6.20", 50),
        ("prefect-postgresql@3.9.1", "prefect-postgresql@3.9.1", 40),
        ("spec", "spec", 40),
    ],
)
def test_a_session_can_have_the_dialect_of_a_release(
    server: ControlClient, asked: str, named: str, deleted: int
) -> None:
    """The session's document, version and deletes are those of the release."""
    session = server.value("POST", "/sessions", {"name": "it", "dialect": asked})
    assert session["dialect"] == named
    assert server.value("GET", "/sessions/it") == session
    inside = ControlClient(server.client, "/sessions/it")
    assert inside.value("GET", "")["dialect"] == named
    both = {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}
    reply = bulk_delete(inside, {"flow_runs": {"state": both}})
    assert len(reply.json["deleted"]) == deleted
    assert "state-both-lists" in reply.warnings
    (exchange,) = inside.value("GET", "/journal")["exchanges"]
    sentence = exchange["warnings"]["state-both-lists"]
    assert sentence.startswith("note: ") == named.endswith("3.9.1")
    assert "(Prefect 3.6.16 to 3.9.0)" in sentence


def test_a_session_of_a_release_that_was_not_measured_has_a_note(server: ControlClient) -> None:
    """It behaves like the newest release that was."""
    session = server.value("POST", "/sessions", {"dialect": "prefect-sqlite@3.12.0"})
    assert session["dialect"] == PREFECT_SQLITE.name
    assert session["note"].startswith("Prefect 3.12.0 is newer than ")
    assert "note" not in server.value("GET", f"/sessions/{session['name']}")


def test_sessions_with_one_id_seed_have_the_same_ids(server: ControlClient) -> None:
    """Others have ids of their own."""

    def first_id(body: dict[str, str]) -> str:
        name = server.value("POST", "/sessions", {"empty": True, **body})["name"]
        inside = ControlClient(server.client, f"/sessions/{name}")
        made = inside.value("POST", "/flow_runs", {})[0]["id"]
        return str(UUID(made))

    assert first_id({"id_seed": "a"}) == first_id({"id_seed": "a"})
    assert len({first_id(body) for body in ({"id_seed": "a"}, {"id_seed": "b"}, {}, {})}) == 4
    assert server.detail("POST", "/sessions", {"id_seed": 1})[0] == 422


def test_the_document_has_the_names_of_dialects() -> None:
    """Its pattern takes what can be looked up, and nothing that is refused by its form."""
    sent = DOCUMENT["paths"]["/_mock/sessions"]["post"]["requestBody"]["content"]
    schema = sent["application/json"]["schema"]["properties"]["dialect"]
    for name in (*DIALECTS, PREFECT_SQLITE.name, "prefect-postgresql@3.9.2rc1", None):
        Draft202012Validator(schema).validate(name)
    for name in ("mysql", "spec@3.8.8", "prefect-sqlite@", "prefect-sqlite@3.9"):
        with pytest.raises(ValidationError):
            Draft202012Validator(schema).validate(name)


def test_seeds_are_added_dumped_and_replaced(server: ControlClient, session: ControlClient) -> None:
    """A dump of one world loads into another; a seed with taken ids is refused."""
    seed = server.value("GET", "/seeds")
    assert session.value("POST", "/seeds", seed) == {"flow_runs": 60, "added": 60}
    assert session.value("GET", "/seeds") == seed
    reply = session.ask("POST", "/seeds", seed)
    assert (reply.status, len(reply.json["problems"])) == (422, 20)
    assert reply.json["detail"].endswith("... and 40 more")
    more = session.value("PUT", "/seeds", {"flow_runs": [{"name": "only"}]})
    assert more == {"flow_runs": 1, "added": 1}
    session.value("POST", "/seeds", {"flow_runs": [{"name": "more", "state": {"type": "FAILED"}}]})
    assert session.value("POST", "/reset") == {"flow_runs": 1}


def test_flow_runs_are_made_from_a_few_fields(session: ControlClient) -> None:
    """A request makes one, a list, or a number of flow runs and returns them as a server would."""
    made = session.value(
        "POST",
        "/flow_runs?number=3",
        {"name": "etl-{n}", "state": "COMPLETED", "started": "now-1d"},
    )
    assert [run["name"] for run in made] == ["etl-0", "etl-1", "etl-2"]
    assert made[0]["start_time"] == "2026-01-30T12:00:00Z"
    assert session.value("POST", "/flow_runs")[0]["state_type"] == "PENDING"
    child = session.value("POST", "/flow_runs", [{"parent": made[0]["id"], "flow": "f"}])
    assert child[0]["parent_task_run_id"]
    for path, body, told in (
        ("/flow_runs", [1], "expected the fields of a flow run"),
        ("/flow_runs", {"parent": str(UUID(int=1))}, "expected an existing flow run"),
        ("/flow_runs?number=x", {}, "number is 'x'; expected a whole number up to 100,000"),
        ("/flow_runs?number=100001", {}, "expected a whole number"),
        ("/flow_runs?number=60000", [{}, {}], "120,000 flow runs; expected up to 100,000"),
    ):
        status, detail = session.detail("POST", path, body)
        assert (status, told in detail) == (422, True), detail
    assert session.value("GET", "/sessions/mine")["flow_runs"] == 5


def test_snapshots_are_taken_and_restored(session: ControlClient) -> None:
    """Snapshots have names; an unknown name is 404."""
    session.value("POST", "/flow_runs", {"name": "a"})
    assert session.value("PUT", "/snapshots/one") == {"name": "one", "flow_runs": 1}
    bulk_delete(session, {})
    assert session.value("GET", "/snapshots") == [{"name": "one", "flow_runs": 1}]
    assert session.value("POST", "/snapshots/one/restore") == {"flow_runs": 1}
    session.value("DELETE", "/snapshots/one")
    for method, path in (("DELETE", "/snapshots/one"), ("POST", "/snapshots/one/restore")):
        assert session.detail(method, path)[0] == 404


def test_flow_runs_may_name_their_flow_and_deployment(session: ControlClient) -> None:
    """Those that the world has are taken; the same is refused as in a seed."""
    given = {"flow": "etl", "deployment": "nightly", "started": "now-1d"}
    first, second = (session.value("POST", "/flow_runs", given)[0] for _ in range(2))
    for key in ("flow_id", "deployment_id"):
        assert first[key] == second[key] is not None
    status, detail = session.detail("POST", "/flow_runs", {**given, "start_time": "now"})
    assert (status, "add(...): both started and start_time" in detail) == (422, True)


def test_the_journal_says_why_a_request_was_refused(session: ControlClient) -> None:
    """In one line of a bounded length, the same as in a failed assertion; null for others."""
    key = "k" * 1_000
    session.value("POST", "/flow_runs", {"name": "a"})
    bulk_delete(session, {"flow_runs": {key: {}}})
    bulk_delete(session, {"flow_runs": {"tags": {"not_any_": ["a"]}}})
    complaint = session.complaint("/assert/deleted", {"flow_runs": ["a"]})
    bulk_delete(session, {"limit": 1})
    reasons = [one["reason"] for one in session.value("GET", "/journal")["exchanges"]]
    assert reasons[0].startswith("flow_runs.kkk")
    assert len(reasons[0]) == 200
    assert reasons[1].startswith("flow_runs.tags.not_any_: ")
    assert reasons[2] is None
    assert reasons[1] in complaint


def test_the_journal_lists_requests_and_replies(session: ControlClient) -> None:
    """Exchanges have bodies, warnings, deleted runs and why; the query selects some of them."""
    session.value("POST", "/flow_runs?number=2", {"name": "etl-{n}", "state": "COMPLETED"})
    bulk_delete(session, {"limit": 1})
    session.client.send("GET", f"{session.prefix}/api/hello")
    journal = session.value("GET", "/journal")
    first, second = journal["exchanges"]
    assert journal["dropped"] == 0
    assert (first["number"], first["path"], first["body"]) == (
        1,
        "/flow_runs/bulk_delete",
        {"limit": 1},
    )
    assert first["reply"]["deleted"] == [first["deleted"][0]["id"]]
    assert first["why"] == "every flow run"
    assert set(first["warnings"]) == {"no-filter", "limit-reached"}
    assert (second["body"], second["reply"], second["why"]) == (None, "\N{WAVING HAND SIGN}", None)

    def numbers(query: str) -> list[int]:
        return [one["number"] for one in session.value("GET", f"/journal?{query}")["exchanges"]]

    assert numbers("path=/flow_runs/*") == [1]
    assert (numbers("method=GET"), numbers("after=1"), numbers("limit=1")) == ([2], [2], [1])
    assert session.detail("GET", "/journal?limit=1001")[0] == 422
    status, detail = session.detail("GET", "/journal?path=/flow_runs/bulk-delete")
    assert (status, detail.endswith("the nearest is /flow_runs/bulk_delete")) == (422, True)
    assert [run["name"] for run in session.value("GET", "/deleted")] == [
        first["deleted"][0]["name"]
    ]
    bulk_delete(session, b"not json".decode())
    session.value("DELETE", "/journal")
    assert session.value("GET", "/journal") == {"exchanges": [], "dropped": 0}


def test_a_body_that_is_not_json_is_shown_as_text(session: ControlClient) -> None:
    """Bytes that are not UTF-8 become replacement characters."""
    path = f"{session.prefix}/api/flow_runs/bulk_delete"
    session.client.send("POST", path, b"{\xff", {"Content-Type": "application/json"})
    (exchange,) = session.value("GET", "/journal")["exchanges"]
    assert (exchange["body"], exchange["status"]) == ("{\ufffd", 422)


def test_assertions_hold_or_explain(session: ControlClient) -> None:
    """An assertion that does not hold is explained in the same words as in Python."""
    session.value("POST", "/flow_runs?number=2", {"name": "etl-{n}"})
    bulk_delete(session, {"flow_runs": {"name": {"any_": ["etl-0"]}}})
    good = {"holds": True, "complaint": None}
    assert session.value("POST", "/assert/deleted", {"flow_runs": ["etl-0"]}) == good
    wrong = session.complaint("/assert/deleted", {"flow_runs": ["etl-1"]})
    assert "name is one of {etl-0}, but it is etl-1" in wrong
    called = {"path": "/flow_runs/*", "method": "POST", "status": 200, "times": 1}
    assert session.value("POST", "/assert/called", called) == good
    body = {"flow_runs": {"name": {"any_": ["etl-1"]}}}
    missed = session.complaint("/assert/called", {"json": body})
    assert 'body.flow_runs.name.any_[0]: "etl-0", not "etl-1"' in missed
    assert session.detail("POST", "/assert/deleted", {})[0] == 422
    refusal = session.detail("POST", "/assert/called", {"times": "twice"})
    assert refusal == (422, "times is 'twice'; expected a whole number")


def test_faults_are_added_and_cleared(session: ControlClient) -> None:
    """Rules affect Prefect's API and not the control API, in order, as often as they say."""
    wanted = {
        "preset": "rate-limited",
        "path": "/flow_runs/bulk_delete",
        "times": 1,
        "status": None,
    }
    rule = session.value("POST", "/faults", wanted)
    assert rule["fault"] == "status=429, retry_after=1, detail=Too Many Requests"
    session.value("POST", "/faults", {"latency": [0.001, 0.002], "probability": 1.0})
    session.value("POST", "/faults", {"status": 500, "path": "*"})
    assert bulk_delete(session, {}).status == 429
    assert bulk_delete(session, {}).status == 200
    rules = session.value("GET", "/faults")
    assert [rule["happened"] for rule in rules] == [1, 1, 0]
    assert session.detail("POST", "/faults", {"status": 200})[0] == 422
    assert session.detail("POST", "/faults", {"status": 500, "times": 0})[0] == 422
    status, detail = session.detail("POST", "/faults", {"status": 500, "path": "/flow_run/{id}"})
    assert (status, detail.endswith("the nearest is /flow_runs/{id}")) == (422, True)
    session.value("DELETE", "/faults?seed=3")
    assert session.value("GET", "/faults") == []


def test_the_clock_is_stopped_advanced_and_started(session: ControlClient) -> None:
    """A clock that runs again has forgotten where it was stopped."""
    assert session.value("PUT", "/clock", {"now": "2020-01-01T00:00:00Z"})["stands"]
    moved = session.value("POST", "/clock/advance", {"by": "1d12h"})
    assert moved == {"now": "2020-01-02T12:00:00Z", "stands": True}
    assert session.value("PUT", "/clock") == {"now": "2026-01-31T12:00:00Z", "stands": False}
    assert session.detail("POST", "/clock/advance", {"by": "x"})[0] == 422
    assert session.detail("POST", "/clock/advance", {})[0] == 422


def test_a_server_without_a_journal_says_so(server: ControlClient) -> None:
    """Its journal paths are 404 with what to do; faults work without a journal."""
    bulk_delete(server, {"limit": 1})
    for method, path in (("GET", "/journal"), ("DELETE", "/journal"), ("GET", "/deleted")):
        assert "keeps no journal" in server.detail(method, path)[1]
    assert server.value("POST", "/faults", {"status": 503, "times": 1})["happened"] == 0
    assert bulk_delete(server, {"limit": 1}).status == 503
    assert bulk_delete(server, {"limit": 1}, **{"x-mockserver-fault": "conflict"}).status == 409


def test_unknown_paths_and_methods_are_refused(server: ControlClient) -> None:
    """An unknown path is 404 with where to look, another method 405 with the allowed ones."""
    assert server.detail("GET", "/nope") == (
        404, "no /_mock/nope; /_mock/openapi.json lists all paths",
    )  # fmt: skip
    assert server.detail("GET", "/nope/")[0] == 404
    reply = server.ask("PATCH", "/clock")
    assert (reply.status, reply.headers["allow"]) == (405, "GET,PUT")


def test_only_this_machine_may_use_it(server: ControlClient) -> None:
    """A request that a web page could have sent is refused, whatever hosts are allowed."""
    reply = server.ask("GET", "", Host="evil.example")
    assert reply.status == 403
    store = Store(load_seeds([], NOW).base())
    with serve_store(store, Settings(hosts=None)) as connected:
        anywhere = ControlClient(connected)
        assert anywhere.ask("GET", "", Host="mock.internal").status == 403
        assert anywhere.ask("GET", "", Origin="http://evil.example").status == 403
        assert anywhere.ask("GET", "").status == 200


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("fe80::1%eth0", False),
     ("192.0.2.7", False), ("::ffff:192.0.2.7", False), (None, False), ("", False)],
)  # fmt: skip
def test_loopback_addresses_are_recognised(address: str | None, expected: bool) -> None:
    """IPv4, IPv6, IPv4 mapped into IPv6, and what is not an address."""
    assert is_loopback(address) is expected


def test_a_token_is_required_where_one_is_set() -> None:
    """Without it, even this machine is refused; with it, any host name is allowed."""
    settings = Settings(hosts=None, control_token="s3cret")  # noqa: S106 - of a test
    assert "s3cret" not in repr(settings)
    with serve_store(Store(load_seeds([], NOW).base()), settings) as connected:
        client = ControlClient(connected)
        for wrong in ({}, {"Authorization": "Bearer s3cre"}, {"Authorization": "Bearer s\xe9cret"}):
            reply = client.ask("GET", "/sessions", **wrong)
            assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
        accepted = {"Authorization": "Bearer s3cret", "Host": "mock.internal"}
        assert client.ask("GET", "/sessions", **accepted).status == 200


# Invariant: any JSON to any operation is answered as the document describes, and never with 5xx.
FIELD_NAMES = (
    *("name", "dialect", "now", "empty", "seeds", "flow_runs", "path", "method", "json", "status"),
    *("warning", "times", "preset", "probability", "by", "tags", "state", "parent", "flow"),
    *FAULT_FIELDS,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
    | st.sampled_from(["now-1d", "2026-01-31T12:00:00Z", "spec", "COMPLETED", *PRESETS]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(FIELD_NAMES), inner, max_size=4),
    max_leaves=6,
)  # fmt: skip
BODIES = VALUES | st.dictionaries(st.sampled_from(FIELD_NAMES), VALUES, max_size=5)


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[ControlClient]:
    with serve_store(Store(load_seeds([], NOW).base()), Settings(now=lambda: NOW)) as connected:
        connected.documented = False
        opened = ControlClient(connected)
        opened.value("POST", "/sessions", {"name": "mine"})
        yield ControlClient(connected, "/sessions/mine")


@settings(max_examples=scaled_max_examples(200))
@given(route=st.sampled_from([*CONTROL_ROUTES]), body=BODIES)
def test_any_body_is_answered_without_a_5xx(
    fuzzed: ControlClient, route: tuple[str, str], body: Any
) -> None:
    """A time outside the years 1-9999, a list for a name, a number for a seed are all 4xx."""
    method, path = route
    reply = fuzzed.ask(method, path.replace("{name}", "other"), json.dumps(body).encode())
    assert reply.status < 500, reply.body


def test_an_application_needs_no_settings() -> None:
    """`create_app` has defaults for all of them."""
    assert create_app(Store(load_seeds([], NOW).base()))


def test_many_flow_runs_are_made_and_listed(session: ControlClient) -> None:
    """Thousands become a part of the store at once; a subflow among them has its parent."""
    (parent,) = session.value("POST", "/flow_runs", {"name": "parent"})
    fields = {"name": "child-{n}", "parent": parent["id"]}
    made = session.value("POST", "/flow_runs?number=3000", [{"name": "a"}, fields])
    assert [run["name"] for run in made[:1] + made[-1:]] == ["a", "child-2999"]
    assert len({run["id"] for run in made}) == 6_000
    dumped = session.value("GET", "/seeds")
    assert len(dumped["flow_runs"]) == 6_001
    assert sum("parent_task_run_id" in run for run in dumped["flow_runs"]) == 3_000
    reply = session.ask("POST", "/seeds", {"flow_runs": [{"id": parent["id"]}]})
    assert reply.status == 422
    assert session.value("GET", "/")["flow_runs"] == 6_001


def test_a_seed_of_many_records_is_added_or_replaces(session: ControlClient) -> None:
    """Also where the world holds runs already."""
    seed: Any = {"flow_runs": [{} for _ in range(12_000)]}
    assert session.value("POST", "/seeds", seed) == {"flow_runs": 12_000, "added": 12_000}
    assert session.value("POST", "/seeds", seed) == {"flow_runs": 24_000, "added": 12_000}
    assert session.value("PUT", "/seeds", [{}]) == {"flow_runs": 1, "added": 1}


def test_a_name_of_many_runs_that_were_not_deleted(session: ControlClient) -> None:
    """They are counted; twenty are described."""
    session.value("POST", "/flow_runs?number=2500", {"name": "etl"})
    found = session.complaint("/assert/deleted", {"flow_runs": ["etl", "none"]})
    assert "expected, but not deleted (2,500):" in found
    assert "... and 2,480 more" in found


def test_a_report_tells_what_requests_deleted(session: ControlClient) -> None:
    """As JSON, and as a page for a browser; a world that nobody asked has one, too."""
    assert session.ask("GET", "/report").json["headline"] == "0 flow runs of 0 deleted; 0 left"
    session.ask("POST", "/flow_runs?number=3", {"state": "COMPLETED"})
    path = f"{session.prefix}/api/flow_runs/bulk_delete"
    session.client.send("POST", path, b'{"limit": 2}', {"Content-Type": "application/json"})
    value = session.ask("GET", "/report").json
    assert (value["deleted"], value["flow_runs_left"]) == (2, 1)
    assert value["deleting"][0]["calls"] == 1
    page = session.client.send(
        "GET", f"{session.prefix}/_mock/report", None, {"Accept": "text/html"}
    )
    assert page.headers["content-type"].startswith("text/html")
    assert b"2 flow runs of 3 deleted in 1 call" in page.body


def test_a_filter_on_flows_is_explained(session: ControlClient) -> None:
    """With what goes with them; a browser gets the page."""
    session.ask("POST", "/flow_runs?number=3", {"state": "COMPLETED"})
    body = {"filter": {"name": {"like_": ""}}, "of": "flows", "protect": [{"flow_runs": {}}]}
    value = session.ask("POST", "/explain", body).json
    assert (value["of"], value["deleted"], value["flow_runs"]) == ("flows", 1, 3)
    assert value["fails"]
    deployments = session.ask("POST", "/explain", {"filter": {}, "of": "deployments"}).json
    assert (deployments["of"], deployments["deleted"]) == ("deployments", 0)
    same = session.ask("POST", "/explain", {"filter": {}, "of": "flow_runs"}).json
    assert same["deleted"] == 3
    headers = {"Accept": "text/html", "Content-Type": "application/json"}
    page = session.client.send(
        "POST", f"{session.prefix}/_mock/explain", json.dumps(body).encode(), headers
    )
    assert b"1 flow goes in 1 call, with 3 flow runs" in page.body
    assert session.ask("GET", "").json["flow_runs"] == 3


def test_a_filter_is_explained(session: ControlClient) -> None:
    """Nothing is deleted; what is no filter is refused with a sentence."""
    session.ask("POST", "/flow_runs?number=3", {"state": "COMPLETED", "tags": ["keep"]})
    completed = {"state": {"type": {"any_": ["COMPLETED"]}}}
    body = {"filter": completed, "protect": [{"tags": {"any_": ["keep"]}}]}
    value = session.ask("POST", "/explain", body).json
    assert (value["deleted"], value["left"], value["fails"]) == (3, 0, True)
    assert session.ask("GET", "").json["flow_runs"] == 3
    for wrong, said in (
        ({}, "filter is missing"),
        ({"filter": {"tags": {"not_any_": ["x"]}}}, "not_any_"),
        ({"filter": {}, "runs": ["x"] * 21}, "runs is no list of up to 20"),
        ({"filter": {}, "protect": {}}, "protect is no list of up to 20"),
        ({"filter": {}, "runs": [1]}, "runs has a int; expected each to be text"),
        ({"filter": {}, "protect": ["x"]}, "protect has a str; expected each to be object"),
        ({"filter": {}, "of": 1}, "of is 1; expected a string"),
        ({"filter": {}, "of": "tasks"}, "expected one of flow_runs, flows, deployments"),
        ({"filter": {}, "of": "flows", "runs": ["x"]}, "one by one of flow_runs, not of flows"),
        ({"filter": {"tags": {"none_": []}}, "of": "flows"}, "a filter on flows has"),
    ):
        refused = session.ask("POST", "/explain", wrong)
        assert refused.status == 422
        assert said in refused.json["detail"]
