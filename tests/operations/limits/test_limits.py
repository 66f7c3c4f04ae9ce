"""Concurrency limits: their records, their slots, and leases on these."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mockserver.operations import slots
from mockserver.operations.limits import tags
from mockserver.prefect.deviations import SQLITE
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.prefect.objects import ConcurrencyLimit
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
RUN, OTHER = "11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"
V2, TAGS = "/v2/concurrency_limits", "/concurrency_limits"


class Moment:
    """The time of a world, which a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture(params=[SPEC, dialect_for(SQLITE, "3.9.1")], ids=["spec", "sqlite"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found: Dialect = request.param
    return found


@pytest.fixture
def store() -> Store:
    return Store(Base([], loaded_at=NOW))


@pytest.fixture
def client(store: Store, moment: Moment, dialect: Dialect) -> Iterator[Client]:
    with serve_store(store, Settings(now=moment, dialect=dialect)) as connected:
        yield connected


def create(client: Client, name: str = "db", limit: int = 2, **values: Any) -> str:
    reply = client.ask("POST", f"{V2}/", {"name": name, "limit": limit, **values})
    assert reply.status == 201
    return str(reply.json["id"])


def take(client: Client, slots: int = 1, *names: str, **values: Any) -> Any:
    body = {"names": names or ("db",), "slots": slots, **values}
    return client.ask("POST", f"{V2}/increment", body)


def taken(client: Client, name: str = "db") -> int:
    return int(client.ask("GET", f"{V2}/{name}").json["active_slots"])


def test_a_limit_is_found_by_id_and_by_name(client: Client) -> None:
    """Until it is deleted; a name is that of one limit."""
    limit = create(client)
    by_id, by_name = (client.ask("GET", f"{V2}/{one}").json for one in (limit.upper(), "db"))
    assert by_id == by_name
    assert client.ask("POST", f"{V2}/", {"name": "db", "limit": 1}).status == 409
    create(client, "other")
    assert client.ask("PATCH", f"{V2}/db", {"name": "other"}).status == 409
    assert client.ask("PATCH", f"{V2}/db", {"limit": None}).status == 409
    assert client.ask("PATCH", f"{V2}/db", {"name": "new", "limit": 7}).status == 204
    names = [one["name"] for one in client.ask("POST", f"{V2}/filter", {"limit": 5}).json]
    assert names == ["new", "other"]
    assert (
        client.ask("POST", f"{V2}/filter", {"limit": None, "offset": 1}).json[0]["name"] == "other"
    )
    assert client.ask("DELETE", f"{V2}/{limit}").status == 204
    assert client.ask("GET", f"{V2}/new").status == 404


def test_slots_are_taken_and_given_back(client: Client) -> None:
    """All that a request asks for, or none of them."""
    create(client)
    create(client, "small", 1)
    assert take(client, 1, "db", "small", "nobody's").status == 200
    refused = take(client, 1, "db", "small")
    assert (refused.status, refused.json) == (423, {"detail": "Locked"})
    # Two slots are waited for, and a slot is taken for two seconds on average.
    assert float(refused.headers["retry-after"]) == 4.0
    assert (taken(client), taken(client, "small")) == (1, 1)
    body = {"names": ["db", "small"], "slots": 5, "occupancy_seconds": 20.0}
    assert [one["name"] for one in client.ask("POST", f"{V2}/decrement", body).json] == [
        "db",
        "small",
    ]
    assert (taken(client), taken(client, "small")) == (0, 0)
    assert take(client, 3).json["detail"] == "Slots requested is greater than the limit"


def test_an_inactive_limit_limits_nothing(client: Client) -> None:
    """Nothing is taken of it, and nothing is refused."""
    create(client, active=False)
    assert take(client, 9).status == 200
    assert taken(client) == 0
    client.ask("POST", f"{V2}/decrement", {"names": ["db"], "slots": 1})
    assert client.ask("POST", f"{V2}/decrement", {"names": ["x"], "slots": 2**63}).json == []


def test_slots_of_a_rate_limit_decay(client: Client, moment: Moment) -> None:
    """As time goes by; only such a limit can be one of rates."""
    create(client, slot_decay_per_second=0.5)
    create(client, "lasting")
    assert take(client, 2, mode="rate_limit").status == 200
    refused = take(client, 2, mode="rate_limit")
    assert (refused.status, float(refused.headers["retry-after"])) == (423, 8.0)
    moment.now += timedelta(seconds=3)
    assert taken(client) == 1
    assert take(client, mode="rate_limit").status == 200
    refused = take(client, 1, "db", "lasting", mode="rate_limit")
    assert refused.json["detail"].endswith("do not have a decay configured: 'lasting'")


def test_an_older_release_tells_slots_that_have_decayed(store: Store, moment: Moment) -> None:
    """Before 3.7.0 a read shows the number as it was last stored."""
    settings = Settings(now=moment, dialect=dialect_for(SQLITE, "3.6.29"))
    with serve_store(store, settings) as client:
        create(client, slot_decay_per_second=0.5)
        take(client, 2)
        moment.now += timedelta(seconds=10)
        assert taken(client) == 2


def test_what_was_asked_for_in_vain_is_forgotten(client: Client, moment: Moment) -> None:
    """A client is told to wait longer the more others wait, half a minute at most."""
    create(client, limit=1)
    take(client)
    waits = [float(take(client).headers["retry-after"]) for _ in range(20)]
    assert (waits[0], waits[1], waits[-1]) == (4.0, 6.0, 30.0)
    moment.now += timedelta(hours=1)
    assert float(take(client).headers["retry-after"]) == 4.0


def test_a_rate_beyond_all_numbers_frees_everything() -> None:
    """It leaves no slot taken, and is no error."""
    limit = ConcurrencyLimit("1", "x", 1, True, 1, 0, 1e308, 2.0, NOW, NOW)
    assert limit.active_at(NOW + timedelta(days=400)) == 0


def lease(client: Client, name: str = "db", slots: int = 1, **values: Any) -> Any:
    body = {"names": [name], "slots": slots, **values}
    return client.ask("POST", f"{V2}/increment-with-lease", body)


def test_a_lease_holds_slots_until_it_ends(client: Client, moment: Moment) -> None:
    """By its release, or when it was not renewed in time."""
    create(client)
    first, second = (lease(client, lease_duration=60).json for _ in range(2))
    assert [one["name"] for one in first["limits"]] == ["db"]
    assert lease(client).status == 423
    body = {"lease_id": first["lease_id"]}
    for _ in range(2):
        assert client.ask("POST", f"{V2}/decrement-with-lease", body).status == 204
    assert taken(client) == 1
    renew = f"{V2}/leases/{second['lease_id']}/renew"
    moment.now += timedelta(seconds=50)
    assert client.ask("POST", renew, {"lease_duration": 60}).status == 204
    moment.now += timedelta(seconds=61)
    assert client.ask("POST", renew, {}).status == 410
    assert taken(client) == 0


def test_a_lease_that_is_dropped_gives_its_slots_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest goes for a new one; a limit may be gone by then."""
    monkeypatch.setattr(slots, "MAX_LEASES", 2)
    create(client, limit=5)
    for _ in range(4):
        lease(client)
    assert taken(client) == 2
    client.ask("DELETE", f"{V2}/db")
    assert [lease(client).status for _ in range(3)] == [200] * 3


def tag_slots(client: Client, verb: str, *names: str, run: str = RUN) -> Any:
    return client.ask("POST", f"{TAGS}/{verb}", {"names": names, "task_run_id": run})


def held(client: Client, tag: str = "etl") -> list[str]:
    found: list[str] = client.ask("GET", f"{TAGS}/tag/{tag}").json["active_slots"]
    return found


def test_a_tag_has_a_limit_of_task_runs(client: Client) -> None:
    """It is a limit with a name of its own, and tells who has its slots."""
    body = {"tag": "etl", "concurrency_limit": 1}
    made, again = (client.ask("POST", f"{TAGS}/", body) for _ in range(2))
    assert (made.status, again.status, made.json["id"]) == (201, 200, again.json["id"])
    by_id = client.ask("GET", f"{TAGS}/{made.json['id']}").json
    assert by_id == client.ask("GET", f"{TAGS}/tag/etl").json
    assert [one["name"] for one in tag_slots(client, "increment", "etl", "x").json] == ["etl"]
    assert held(client) == [RUN]
    full = tag_slots(client, "increment", "etl", run=OTHER)
    assert (full.status, full.headers["retry-after"]) == (423, "30.0")
    assert full.json["detail"] == "Concurrency limit for the etl tag has been reached"
    assert [one["name"] for one in tag_slots(client, "decrement", "etl").json] == ["tag:etl"]
    assert (held(client), taken(client, "tag:etl")) == ([], 0)
    assert tag_slots(client, "increment", "x").json == []
    assert tag_slots(client, "increment", "etl", "etl").status == 423
    client.ask("POST", f"{TAGS}/", {**body, "concurrency_limit": 0})
    assert "will deadlock" in tag_slots(client, "increment", "etl").json["detail"]
    assert client.ask("DELETE", f"{TAGS}/tag/etl").status == 200
    assert client.ask("DELETE", f"{TAGS}/tag/etl").status == 404


def test_a_reset_gives_slots_to_others(client: Client) -> None:
    """Those that were taken stay taken, as on a real server."""
    client.ask("POST", f"{TAGS}/", {"tag": "etl", "concurrency_limit": 5})
    tag_slots(client, "increment", "etl")
    tag_slots(client, "increment", "etl", run=OTHER)
    assert client.ask("POST", f"{TAGS}/tag/etl/reset", {"slot_override": [OTHER]}).status == 200
    assert (held(client), taken(client, "tag:etl")) == ([OTHER], 3)
    client.ask("POST", f"{TAGS}/tag/etl/reset", {})
    assert held(client) == []
    assert client.ask("POST", f"{TAGS}/tag/x/reset", {}).status == 404


def test_lists_of_tags_leave_other_limits_out(client: Client) -> None:
    """A page is cut before that, as on a real server."""
    for tag in "ab":
        client.ask("POST", f"{TAGS}/", {"tag": tag, "concurrency_limit": 1})
    other = create(client, "other")
    assert client.ask("GET", f"{TAGS}/{other}").status == 404
    pages: tuple[dict[str, Any], ...] = (
        {},
        {"limit": 1},
        {"limit": 2},
        {"limit": 2, "offset": 1},
        {"limit": None},
    )
    found = [[one["tag"] for one in client.ask("POST", f"{TAGS}/filter", page).json]
             for page in pages]  # fmt: skip
    assert found == [["a", "b"], [], ["a"], ["b"], ["a", "b"]]
    assert client.ask("DELETE", f"{TAGS}/{other}").status == 200
    assert client.ask("DELETE", f"{TAGS}/{other}").status == 404


@pytest.mark.parametrize("body", [{"tag": "a/b", "concurrency_limit": 1},
                                  {"tag": "etl", "concurrency_limit": -1}])  # fmt: skip
def test_some_tags_can_have_no_limit(client: Client, dialect: Dialect, body: Any) -> None:
    """A real server fails on them; in `spec`, where none does, they are refused."""
    client.ask("POST", f"{TAGS}/", {"tag": "etl", "concurrency_limit": 1})
    expected = 422 if dialect is SPEC else 500
    assert client.ask("POST", f"{TAGS}/", body).status == expected


def test_an_override_is_bounded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reset gives no more slots than there are leases."""
    monkeypatch.setattr(tags, "MAX_LEASES", 1)
    client.ask("POST", f"{TAGS}/", {"tag": "etl", "concurrency_limit": 5})
    client.ask("POST", f"{TAGS}/tag/etl/reset", {"slot_override": [RUN, OTHER]})
    assert held(client) == [RUN]
