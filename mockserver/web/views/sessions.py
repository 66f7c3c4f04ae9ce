"""The view of the sessions: worlds beside the server's own, which tests and the page use."""

from __future__ import annotations

from ...errors import NotFound, to_single_line
from ...http.exchange import SESSION_PREFIX, when_prepared
from ...worlds import session_settings
from ..exchange import Moved, PageRequest, View

MAX_SHOWN = 500


def list_sessions(request: PageRequest) -> View:
    """All sessions, the last used first; how many were dropped for new ones, or as idle."""
    sessions = [
        {
            "name": name,
            "dialect": world.settings.dialect.name,
            "flow_runs": len(world.store),
            "deleted": world.totals.deleted,
            "address": f"{SESSION_PREFIX}{name}/",
        }
        for name, world in list(request.sessions)[: -MAX_SHOWN - 1 : -1]
    ]
    value = {"sessions": sessions, "dropped": request.sessions.dropped}
    return View("sessions", value, {**value, "total": len(request.sessions)})


async def open_session(request: PageRequest) -> Moved:
    """Open a session, a copy of the world that is looked at; go there.

    Raises UsageError for a name that is none, Conflict for one that is taken.
    """
    world = request.world
    forked = await when_prepared(lambda: world.fork(session_settings(world.settings)))
    name = request.sessions.open(forked, request.field("name").strip() or None)
    return Moved(f"{SESSION_PREFIX}{name}/")


def drop_session(request: PageRequest) -> Moved:
    """Drop a session. Raises NotFound."""
    name = request.field("name")
    if not request.sessions.drop(name):
        raise NotFound(f"no session {to_single_line(name, 100)!r}")
    # From the server's own world: the session that is left may be the one that is gone.
    return Moved("/page/sessions")
