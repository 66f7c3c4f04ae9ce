"""Operations that list events, page by page."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import orjson

from ...errors import Forbidden, InvalidRequest, ServerFailure
from ...events import event_reply
from ...prefect import Dialect
from ...requests import read_value
from ...requests.objects import EventFilter, EventFilterRequest, EventOrder
from .. import Context, Outcome
from .filtering import check_filter, compile_filter, select_events


def filter_events(context: Context, body: EventFilterRequest) -> Outcome:
    """The first page of the events that a filter selects, and a link to the next one.

    Raises TooLarge for a filter that takes too long; raises as `check_filter`.
    """
    filter_ = body.filter or EventFilter()
    return Outcome(_page(context, context.url, filter_, body.limit, 0))


def read_next_page(context: Context, page_token: str) -> Outcome:
    """The page that a link leads to. Raises Forbidden for a token that no link has.

    Raises ServerFailure for one that is JSON and no page's, in a dialect in which servers fail.
    """
    page = _read_token(page_token, context.dialect)
    return Outcome(_page(context, context.url.partition("/next")[0], *page))


def _page(
    context: Context, url: str, filter_: EventFilter, limit: int, offset: int
) -> dict[str, Any]:
    """A page. The filter's default times are those of the first page."""
    check_filter(context.dialect, filter_)
    matcher = compile_filter(filter_, context.now)
    found = select_events(context, filter_, matcher, ascending=filter_.order is EventOrder.ASC)
    next_page = None
    if offset + limit < len(found):
        occurred = {"since": matcher.since, "until": matcher.until}
        said = {**filter_.model_dump(exclude_unset=True), "occurred": occurred}
        token = _write_token(said, limit, offset + limit)
        next_page = f"{url.partition('?')[0]}/next?page-token={token}"
    events = [event_reply(event) for event in found[offset : offset + limit]]
    return {"events": events, "total": len(found), "next_page": next_page}


def _write_token(filter_: dict[str, Any], limit: int, offset: int) -> str:
    """The token of a page."""
    return _encode_token({"filter": filter_, "page_size": limit, "offset": offset})


def _encode_token(said: object) -> str:
    """JSON in base64, as a real server's, which writes that in base64 once more."""
    return b64encode(b64encode(orjson.dumps(said))).decode()


def _read_token(token: str, dialect: Dialect) -> tuple[EventFilter, int, int]:
    """What a token says: the filter, the size of a page, and where the page begins."""
    try:
        said = orjson.loads(b64decode(b64decode(token)))
    except ValueError:  # binascii.Error and JSONDecodeError are of this kind
        raise Forbidden("Forbidden") from None
    try:
        filter_ = read_value(EventFilter, said["filter"])
        return filter_, int(said["page_size"]), int(said["offset"])
    except (InvalidRequest, KeyError, TypeError, ValueError):
        if dialect.undocumented_5xx is None:
            raise Forbidden("Forbidden") from None
        raise ServerFailure("a token that is no page's", retryable=False) from None
