"""What a server says of itself, whatever it holds: health, versions, settings."""

from __future__ import annotations

from ..errors import OutOfBounds
from .context import Context, Outcome

API_VERSION = "0.8.4"  # of the API that Prefect 3.8.8 serves
SERVER_VERSION = "3.8.8"  # the release that this server stands in for


def health(_: Context) -> Outcome:
    """`true`, for probes."""
    return Outcome(True)


def ready(_: Context) -> Outcome:
    """That the database can be reached, in Prefect's words."""
    return Outcome({"message": "OK"})


def api_version(_: Context) -> Outcome:
    """The version of the API."""
    return Outcome(API_VERSION)


def server_version(_: Context) -> Outcome:
    """The release of Prefect: its client warns of one that is older than itself."""
    return Outcome(SERVER_VERSION)


def storage_settings(_: Context) -> Outcome:
    """Where results are stored by default: nowhere, as on a fresh server."""
    return Outcome({"default_result_storage_block_id": None})


def hello(_: Context) -> Outcome:
    """A greeting."""
    return Outcome("\N{WAVING HAND SIGN}")


def csrf_token(_: Context, _client: str) -> Outcome:
    """Raises OutOfBounds: CSRF protection is off, as on a fresh server."""
    raise OutOfBounds("CSRF protection is disabled.")
