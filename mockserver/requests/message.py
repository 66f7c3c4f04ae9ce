"""The message: a request's body as bytes, and the two headers that say how it is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from ..errors import InvalidRequest, UnsupportedApiVersion, UsageError, to_single_line
from ..prefect import Dialect, require_aware

JSON_MEDIA_TYPE = "application/json"
# `application/vnd.api+json` and the like, which FastAPI reads as JSON.
# A second slash makes it text/plain: FastAPI has Python's email.message take the type apart.
_JSON_SUFFIX = re.compile(r"application/[^/]*\+json", re.DOTALL)
MINIMUM_API_VERSION = (0, 8, 0)  # of Prefect 3.8.8; an older client is answered 400


class Message(NamedTuple):
    """What came over the wire. A header is decoded as Latin-1, as a real server does it, and is
    None where there was none.
    """

    body: bytes = b""
    content_type: str | None = None
    api_version: str | None = None
    user_agent: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it means what its body says, whatever the dialect: no header has a say.

        Prefect's own clients send their API version with each request.
        """
        return self.content_type == JSON_MEDIA_TYPE and (
            self.api_version is None or _is_good_version(self.api_version)
        )

    @property
    def renews_leases(self) -> bool:
        """Whether the client is a Prefect that renews the leases on slots of deployments."""
        # Prefect: api/dependencies.py, PREFECT_CLIENT_USER_AGENT_PATTERN; the first such client is
        # in orchestration/dependencies.py.
        found = _PREFECT_CLIENT.fullmatch(self.user_agent or "")
        return found is not None and tuple(map(int, found.groups())) >= _FIRST_TO_RENEW


_PREFECT_CLIENT = re.compile(r"prefect/(\d+)\.(\d+)\.(\d+)[a-z.+0-9]* \(API \S+\)")
_FIRST_TO_RENEW = (3, 4, 11)


def to_json_text(given: Mapping[str, Any], where: str) -> str:
    """A mapping with datetimes and UUIDs as JSON; `where` names it in errors. Raises UsageError."""

    def encode(value: object) -> str:
        if isinstance(value, datetime):
            return require_aware(value, f"a time in {where}").isoformat()
        if isinstance(value, UUID):
            return str(value)
        kind = type(value).__name__
        shown = to_single_line(repr(value), 60)
        raise UsageError(f"{where} has {shown}, a {kind}; expected a value that JSON can hold")

    return json.dumps(given, default=encode)


def media_type(content_type: str | None) -> str | None:
    """The type without its parameters, in lower case; None where there is no header."""
    return None if content_type is None else content_type.partition(";")[0].strip().lower()


def effective_body(message: Message, dialect: Dialect) -> bytes:
    """The bytes to read as JSON: empty where there are none, or where their type is another one.

    Raises InvalidRequest for a type that the document does not have (`spec`).
    """
    kind = media_type(message.content_type)
    # No header is JSON: Prefect adds one (api/server.py, default_content_type), because FastAPI
    # ignores such a body since 0.132 and clients before 3.6.19 send it.
    if not message.body or kind is None or kind == JSON_MEDIA_TYPE:
        return message.body
    if not dialect.lax_coercion:
        problem = {"type": "content_type", "loc": ("header", "content-type")}
        raise InvalidRequest([{**problem, "msg": f"{kind!r}, not {JSON_MEDIA_TYPE}"}], None)
    read = not message.content_type and not dialect.empty_type_unread
    return message.body if read or _JSON_SUFFIX.fullmatch(kind) else b""


def api_version_error(version: str | None) -> str | None:
    """What a real server says of the header `x-prefect-api-version`, in its own words.

    None where the header is absent, empty or good.
    """
    if not version:
        return None
    try:
        # int() as on a real server: it takes spaces, signs and underscores, too.
        major, minor, patch = (int(part) for part in version.split("."))
    except ValueError:
        return (
            # The space is missing in Prefect, too (api/dependencies.py).
            "Invalid X-PREFECT-API-VERSION header format."
            f"Expected header in format 'x.y.z' but received {version}"
        )
    if (major, minor, patch) < MINIMUM_API_VERSION:
        lowest = ".".join(map(str, MINIMUM_API_VERSION))
        return (
            f"The request specified API version {version} but this "
            f"server requires version {lowest} or higher."
        )
    return None


# Clients choose the text, so the cache is bounded.
@lru_cache(maxsize=64)
def _is_good_version(version: str) -> bool:
    return api_version_error(version) is None


def parse_api_version(version: str | None) -> tuple[int, ...] | None:
    """The API version that a client is written for, such as (0, 8, 4).

    None where the client does not say, or says it in a way that cannot be read.
    """
    if not version or api_version_error(version):
        return None
    return tuple(int(part) for part in version.split("."))


def check_api_version(version: str | None, dialect: Dialect) -> None:
    """Raises UnsupportedApiVersion where the dialect answers 400 to a version (`api-version-400`).

    A request with a body is checked by `read_request`, after the syntax of its JSON.
    """
    if dialect.api_version_400:
        problem = api_version_error(version)
        if problem:
            raise UnsupportedApiVersion(problem, warnings=("api-version-400",))
