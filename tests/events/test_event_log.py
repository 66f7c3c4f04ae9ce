"""The log of events: what it keeps, and whom it tells."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mockserver.events import ClientEvent, Event, EventLog, event_log
from mockserver.prefect.objects import Log

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def client_event(number: int, payload: bytes = b"{}") -> ClientEvent:
    return ClientEvent(
        str(number), "one", NOW, NOW, None, {"prefect.resource.id": "x"}, (), payload
    )


def test_the_oldest_events_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are bounds of their number and of their size; the newest always stays."""
    log = EventLog(3)
    for number in range(5):
        log.add(client_event(number))
    assert [event.id for event in log] == ["2", "3", "4"]
    monkeypatch.setattr(event_log, "MAX_BYTES", 1_000)
    log.add(client_event(5, b"x" * 2_000))
    assert [event.id for event in log] == ["5"]
    log.clear()
    assert len(log) == 0


def test_an_event_that_comes_again_is_told_and_not_kept() -> None:
    """Listeners are called with each event, until they leave; they may leave when called."""
    log, told = EventLog(), list[str]()

    def listen(event: Event) -> None:
        told.append(event.name)
        if len(told) == 2:
            log.listeners.discard(listen)

    log.listeners.add(listen)
    for _ in range(3):
        log.add(client_event(1))
    assert (told, len(log)) == (["one", "one"], 1)


def test_listeners_are_told_of_lines_of_logs() -> None:
    """Nothing is kept of them."""
    log, told = EventLog(), list[Log]()
    line = Log("1", 1, "n", 20, "m", NOW, None, None, NOW)
    log.tell_of_log(line)
    log.log_listeners.add(told.append)
    log.tell_of_log(line)
    assert (told, len(log)) == ([line], 0)
