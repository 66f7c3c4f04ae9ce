"""What filters on events select: as measured on a real server, Prefect 3.9.1 on SQLite."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mockserver.errors import Forbidden, ServerFailure, TooLarge
from mockserver.events import EventLog
from mockserver.operations.context import Context
from mockserver.operations.events import reading
from mockserver.operations.events.filtering import MAX_PATTERNS, compile_filter
from mockserver.operations.events.reading import filter_events, read_next_page
from mockserver.operations.events.receiving import create_events
from mockserver.operations.events.subscribing import read_subscription
from mockserver.prefect.deviations import SQLITE
from mockserver.prefect.dialects import PREFECT_SQLITE, SPEC, dialect_for
from mockserver.requests.objects import EventFilterRequest, Events
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FLOW, TAG_A, TAG_B = "prefect.flow.f", "prefect.tag.a", "prefect.tag.b"


def related(resource_id: str, role: str, **labels: str) -> dict[str, str]:
    return {"prefect.resource.id": resource_id, "prefect.resource.role": role, **labels}


def state_change(
    place: int, state: str, run: str, *tags: str, name: str = "f-flow"
) -> dict[str, Any]:
    flow = related(FLOW, "flow", **{"prefect.resource.name": name})
    return {
        "occurred": (NOW - timedelta(minutes=10 - place)).isoformat(),
        "event": f"prefect.flow-run.{state}",
        "resource": {
            "prefect.resource.id": f"prefect.flow-run.{run}",
            "prefect.state-type": state.upper(),
        },
        "related": [flow, *(related(f"prefect.tag.{tag}", "tag") for tag in tags)],
        "payload": {"n": place, "text": "All Quiet"},
        "id": f"44444444-0000-4000-8000-{place:012}",
    }


EVENTS = [
    state_change(1, "Pending", "r", "a", "b"),
    state_change(2, "Scheduled", "s"),
    state_change(3, "Running", "r", "a", "b"),
    state_change(4, "Cancelled", "r", "a", "b"),
    state_change(5, "Paused", "s"),
    {**state_change(0, "My", "x"), "event": "my.event", "resource": {"prefect.resource.id": "x.y"}},
]
ALL = ["Paused", "Cancelled", "Running", "Scheduled", "Pending", "event"]
RUNS = ALL[:-1]
OF_R = ["Cancelled", "Running", "Pending"]

# A filter, what a query selects, and what a subscriber is told of where that differs.
CASES: list[tuple[dict[str, Any], list[str], list[str] | None]] = [
    ({}, ALL, None),
    ({"event": {"prefix": ["prefect.flow-run.R", "my."]}}, ["Running", "event"], None),
    ({"event": {"exclude_prefix": ["prefect."]}}, ["event"], None),
    ({"event": {"name": ["my.event", "x"]}}, ["event"], None),
    ({"event": {"exclude_name": ["my.event"]}}, RUNS, None),
    ({"event": {"name": [], "prefix": []}}, ALL, None),
    ({"id": {"id": [EVENTS[2]["id"]]}}, ["Running"], None),
    ({"occurred": {"since": EVENTS[3]["occurred"]}}, ["Paused", "Cancelled"], None),
    ({"occurred": {"until": EVENTS[0]["occurred"]}}, ["Pending", "event"], None),
    ({"related": {"id": [FLOW]}}, ALL, None),
    ({"related": {"id": [TAG_A], "role": ["tag"]}}, OF_R, ALL),
    ({"related": {"id": [TAG_A], "role": ["flow"]}}, [], ALL),
    ({"related": [{"id": [TAG_A]}, {"id": [TAG_B]}, {}]}, OF_R, ALL),
    ({"related": {"resources_in_roles": [[TAG_B, "tag"]]}}, OF_R, ALL),
    ({"related": {"resources_in_roles": [[TAG_B, "flow"]]}}, [], ALL),
    ({"related": {"labels": {"prefect.resource.name": "f-*"}}}, ALL, None),
    ({"related": {"labels": {"prefect.resource.name": "!f-*"}}}, [], ALL),
    ({"related": {}}, ALL, None),
    ({"related": []}, ALL, None),
    ({"resource": {"id": ["prefect.flow-run.s"]}}, ["Paused", "Scheduled"], None),
    ({"resource": {"id_prefix": ["prefect.flow-run."]}}, RUNS, None),
    (
        {"resource": {"labels": {"prefect.state-type": ["RUNNING", "CANC*"]}}},
        ["Cancelled", "Running"],
        None,
    ),
    ({"resource": {"labels": {"prefect.state-type": "!RUNNING"}}},
     ["Paused", "Cancelled", "Scheduled", "Pending"], None),
    ({"resource": {"labels": {"prefect.state-type": ["R?NNING"]}}}, ["Running"], None),
    ({"resource": {"labels": {"prefect.state-type": ["[R]UNNING"]}}}, [], None),
    ({"resource": {"labels": {"prefect.resource.id": ["prefect.flow-run.*"]}}}, RUNS, None),
    ({"resource": {"labels": {"x": []}}}, [], None),
    ({"resource": {"labels": {"prefect.resource.id": []}}}, ALL, None),
    ({"any_resource": {"id": [TAG_A]}}, OF_R, None),
    ({"any_resource": {"id_prefix": ["x."]}}, ["event"], None),
    ({"any_resource": [{"id": [TAG_A]}, {"labels": {"prefect.state-type": "RUNNING"}}]},
     ["Running"], None),
    ({"any_resource": [{}]}, ALL, None),
    ({"text": {"query": "quiet -running"}}, [one for one in ALL if one != "Running"], None),
    ({"resource": {"distinct": True}}, ["Paused", "Cancelled", "event"], ALL),
    ({"order": "ASC"}, ALL[::-1], ALL),
    ({"order": "ASC", "resource": {"distinct": True}}, ["event", "Pending", "Scheduled"], ALL),
]  # fmt: skip


@pytest.fixture
def context() -> Context:
    """The context of a world that has got the events."""
    store = Store(Base([], loaded_at=NOW))
    made = Context(store, SPEC, NOW, lambda: "", events=EventLog(), url="http://mock/events/filter")
    create_events(made, Events.model_validate(EVENTS))
    return made


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"].rpartition(".")[2] for event in events]


def ask(context: Context, filter_: Any, **page: Any) -> Any:
    body = EventFilterRequest.model_validate({"filter": filter_, **page})
    return filter_events(context, body).value


@pytest.mark.parametrize(("filter_", "stored", "new"), CASES, ids=[json.dumps(c[0]) for c in CASES])
def test_a_filter_selects_what_a_real_server_selects(
    context: Context, filter_: dict[str, Any], stored: list[str], new: list[str] | None
) -> None:
    """Subscribers are also told of events whose related resources the filter would leave out."""
    page = ask(context, filter_)
    assert (names(page["events"]), page["total"]) == (stored, len(stored))
    told = compile_filter(EventFilterRequest.model_validate({"filter": filter_}).filter, NOW)  # type: ignore[arg-type]
    selected = [event for event in context.events if told.matches_new(event)]
    expected = sorted(stored if new is None else new)
    assert sorted(event.name.rpartition(".")[2] for event in selected) == expected


def test_pages_follow_one_another(context: Context) -> None:
    """The link of each leads to the next; the times of the filter are those of the first page."""
    page = ask(context, None, limit=4)
    assert (names(page["events"]), page["total"]) == (ALL[:4], 6)
    url, _, token = page["next_page"].partition("?page-token=")
    assert url == "http://mock/events/filter/next"
    later = context._replace(now=NOW + timedelta(days=400), url=page["next_page"])
    last = read_next_page(later, token).value
    assert (names(last["events"]), last["total"], last["next_page"]) == (ALL[4:], 6, None)
    assert ask(context, None, limit=0)["next_page"] is not None


def test_only_tokens_of_pages_lead_to_pages(context: Context) -> None:
    """Others are forbidden; a real server fails on those that are JSON and no page's."""
    real = context._replace(dialect=PREFECT_SQLITE)
    for token in ("x", "e30=", "/w=="):
        for asked in (context, real):
            with pytest.raises(Forbidden):
                read_next_page(asked, token)
    invalid: list[Any] = [{}, [], {"filter": 1, "page_size": 1, "offset": 0}]
    for said in invalid:
        token = reading._encode_token(said)
        with pytest.raises(Forbidden):
            read_next_page(context, token)
        with pytest.raises(ServerFailure):
            read_next_page(real, token)


@pytest.mark.parametrize(
    "filter_",
    [
        {"event": {"name": ["\ud800"]}},
        {"resource": {"labels": {"a": ["b", "\ud800"]}}},
        {"related": {"resources_in_roles": [["a", "\ud800"]]}},
        {"text": {"query": "error"}},
        {"occurred": {"since": "0001-01-01T00:00:00+00:01"}},
    ],
)
def test_a_filter_may_be_more_than_a_database_runs(
    context: Context, filter_: dict[str, Any]
) -> None:
    """SQLite before 3.44 lacks what a search in texts needs; other filters run there, too."""
    sqlite = context._replace(dialect=dialect_for(SQLITE, "3.9.1"))
    with pytest.raises(ServerFailure):
        ask(sqlite, filter_)
    allowed = {"text": {"query": "-"}, "resource": {"distinct": True, "id": ["x"]}}
    assert ask(sqlite, allowed)["total"] == 0


def test_patterns_are_bounded(context: Context) -> None:
    """A filter with too many of them would keep others waiting."""
    with pytest.raises(TooLarge, match="mockserver takes at most 100"):
        ask(context, {"event": {"prefix": ["x"] * (MAX_PATTERNS + 1)}})


@pytest.mark.parametrize("world_now", [NOW, datetime(2090, 1, 1, tzinfo=UTC)])
def test_the_times_of_a_subscriber_are_by_its_own_clock(
    context: Context, world_now: datetime
) -> None:
    """The world's clock may stand still years away; subscribers are told all the same."""
    context = context._replace(now=world_now, events=EventLog())
    moment = world_now.isoformat()
    create_events(context, Events.model_validate([{**EVENTS[0], "occurred": moment}]))
    now = datetime.now(UTC)
    for until in (now + timedelta(days=365), datetime.max.replace(tzinfo=UTC)):
        occurred = {"since": (now - timedelta(minutes=1)).isoformat(), "until": until.isoformat()}
        _, missed = read_subscription(context, {"occurred": occurred}, with_missed=True)
        assert len(missed) == 1  # a time near the year 9999 stays as it is


def test_a_running_clock_is_the_clients(context: Context) -> None:
    """A subscriber looks back no more than a quarter of an hour."""
    now = datetime.now(UTC)
    context = context._replace(now=now, events=EventLog())
    events = [
        {**EVENTS[0], "id": f"44444444-0000-4000-8000-{ago:012}",
         "occurred": (now - timedelta(minutes=ago)).isoformat()}
        for ago in (1, 14, 16)
    ]  # fmt: skip
    create_events(context, Events.model_validate(events))
    matcher, missed = read_subscription(context, {}, with_missed=True)
    assert len(missed) == 2
    assert read_subscription(context, {}, with_missed=False)[1] == []
    assert matcher.until == now
