"""Taking the events that clients send, over a websocket or together."""

from __future__ import annotations

import json
from typing import Any

import orjson

from ...errors import InvalidRequest, ServerFailure, refusal_sentence
from ...events import ClientEvent
from ...requests import read_value
from ...requests.objects import DocumentedEvent, EventCreate, Events
from .. import Context, Outcome
from .task_run_events import record_event


def create_events(context: Context, body: Events) -> Outcome:
    """Take events that a client sends together; raises as `_payload_json`."""
    for event in body.root:
        _keep(context, event)
        # A real server takes them first, and its recorder passes over what is wrong.
        try:
            record_event(context, event.model_dump(mode="json"))
        except InvalidRequest:
            continue
    return Outcome(None)


def receive_event(context: Context, event: Any) -> None:
    """Take an event that came over a websocket, a JSON value.

    Raises InvalidRequest for what is no event, and for one about a task run that says nothing of
    it.
    """
    try:
        read = read_value(EventCreate, event)
    except InvalidRequest as refusal:
        msg = f"not an event: {refusal_sentence(refusal)}"
        raise InvalidRequest([{**refusal.errors[0], "msg": msg}]) from None
    record_event(context, event)
    _keep(context, read)


def _payload_json(context: Context, event: DocumentedEvent) -> bytes:
    """The payload of an event as JSON.

    Raises ServerFailure for a lone surrogate anywhere in an event, with which a real server cannot
    write it; InvalidRequest in a dialect without server failures.
    """
    try:
        orjson.dumps([event.event, event.resource, event.related])
        try:
            return orjson.dumps(event.payload)
        except TypeError:  # an integer of more than 64 bits, or a lone surrogate
            return json.dumps(event.payload, ensure_ascii=False).encode()
    except (TypeError, UnicodeEncodeError):
        msg = "a text that UTF-8 cannot say"
        if context.dialect.undocumented_5xx:
            raise ServerFailure(msg, retryable=False) from None
        raise InvalidRequest([{"type": "event", "loc": ("body",), "msg": msg}], None) from None


def _keep(context: Context, event: DocumentedEvent) -> None:
    context.events.add(
        ClientEvent(
            event.id,
            event.event,
            event.occurred,
            context.now,
            event.follows,
            event.resource,
            tuple(event.related),
            _payload_json(context, event),
        )
    )
