"""What a server says of itself, whatever it holds: health, versions, settings."""

from __future__ import annotations

from ...errors import OutOfBounds
from ...prefect import server_settings
from .. import Context, Outcome

API_VERSION = "0.8.4"  # the same in every release from 3.6.16 to 3.9.1


def health(_: Context) -> Outcome:
    """`true`, for probes."""
    return Outcome(True)


def ready(_: Context) -> Outcome:
    """That the database can be reached, in Prefect's words."""
    return Outcome({"message": "OK"})


def api_version(_: Context) -> Outcome:
    """The version of the API."""
    return Outcome(API_VERSION)


def server_version(context: Context) -> Outcome:
    """The release of Prefect: its client warns of one that is older than itself."""
    return Outcome(context.dialect.release)


def settings(context: Context) -> Outcome:
    """The settings of the release, as a fresh server without telemetry has them."""
    return Outcome(server_settings(context.dialect.release))


def hello(_: Context) -> Outcome:
    """A greeting."""
    return Outcome("\N{WAVING HAND SIGN}")


def csrf_token(_: Context, _client: str) -> Outcome:
    """Raises OutOfBounds: CSRF protection is off, as on a fresh server."""
    raise OutOfBounds("CSRF protection is disabled.")
