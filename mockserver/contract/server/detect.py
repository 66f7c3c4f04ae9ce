"""Detecting which dialect a server speaks: its release and its database, without changing anything.

The release is what the server itself says. Where it was not measured, it is compared with the
release before it, and a difference may be a change in Prefect.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...errors import UsageError, to_single_line
from ...prefect import (
    NEWEST,
    POSTGRESQL,
    RELEASES,
    SPEC,
    SQLITE,
    Dialect,
    dialect_for,
    measured_release,
    release_key,
)
from .target import HTTPStatusError, Target, TargetError

# Real servers read "1" as 1 (deviation `lax-coercion`); the document allows no string there.
_LIMIT_AS_STRING = b'{"limit": "1"}'
_LONGEST_VERSION = 100  # characters; chosen
# PostgreSQL cannot store NUL and answers 503 (deviation `nul-in-text`); SQLite finds nothing.
_NUL_NAME_FILTER = {"flow_runs": {"name": {"any_": ["\0"]}}}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server seems to be, and the dialect that it is compared with.

    `version` is its own reply to /admin/version. `dialect_evidence` says how the dialect was
    recognised. `is_mock`: it sent a header that only mockserver sends. `is_chosen`: the user named
    the dialect. `notes` are sentences about it for the user.
    """

    dialect: Dialect
    version: str
    dialect_evidence: str
    is_mock: bool = False
    is_chosen: bool = False
    notes: tuple[str, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether the server is of a release that the dialects were measured on."""
        return self.version in RELEASES

    @property
    def is_exact(self) -> bool:
        """Whether the dialect was measured on this very release.

        Then a difference is the mock's mistake, unless somebody has changed the server.
        """
        return self.dialect.database is not None and self.version == self.dialect.release

    @property
    def changed_since(self) -> str | None:
        """The release after which Prefect may have changed what differs; None if it was measured,
        or is compared with what the user chose.
        """
        if self.measured or self.is_chosen or self.dialect.database is None:
            return None
        return measured_release(self.version)


def identify(target: Target, dialect: Dialect | None = None) -> Identity:
    """Identify a server. A given `dialect` is not checked, only whether it is a mock.

    Raises TargetError if it does not answer as a Prefect API, UsageError if its release is not one
    with bulk_delete and no dialect is given.
    """
    version = _version(target)
    answer = target.send("POST", "/flow_runs/filter", _LIMIT_AS_STRING)
    is_mock = "x-mockserver-warning" in answer.headers
    if dialect is not None:
        chosen_notes = tuple(_chosen_notes(version, dialect))
        return Identity(dialect, version, "chosen with --dialect", is_mock, True, chosen_notes)
    if answer.status == 422:
        return Identity(SPEC, version, 'it rejects the limit "1", as the document does', is_mock)
    if answer.status != 200:
        raise TargetError(f"POST /flow_runs/filter answered {answer}; is this a Prefect API?")
    database, evidence = _database(target)
    dialect, notes = _with_installed_fastapi(_dialect_of(database, version), target)
    evidence = f"by its version, and {evidence}"
    found = Identity(dialect, version, evidence, is_mock, notes=tuple(notes))
    return replace(found, notes=(*_unmeasured_notes(found), *found.notes))


def _version(target: Target) -> str:
    try:
        version = target.request_json("GET", "/admin/version")
    except HTTPStatusError as refused:
        raise TargetError(f"{target.url} is not a complete Prefect API: {refused}") from None
    if not isinstance(version, str) or len(version) > _LONGEST_VERSION:
        came = to_single_line(json.dumps(version))
        raise TargetError(f"GET /admin/version answered {came}; expected a version such as 3.9.1")
    return version


def _database(target: Target) -> tuple[str, str]:
    """The database of a real server, and how it was recognised."""
    answer = target.send("POST", "/flow_runs/count", json.dumps(_NUL_NAME_FILTER).encode())
    if answer.status == 503:
        return POSTGRESQL, "it answers 503 to NUL in a name"
    return SQLITE, "it accepts NUL in a name"


def _dialect_of(database: str, version: str) -> Dialect:
    """The dialect of the measured release that a version is, or comes after."""
    try:
        return dialect_for(database, measured_release(version))
    except UsageError as error:
        raise UsageError(
            f"the server says that its version is {to_single_line(version)!r}: {error}. "
            "--dialect names one to compare with all the same"
        ) from None


def _with_installed_fastapi(dialect: Dialect, target: Target) -> tuple[Dialect, list[str]]:
    """The dialect as it is with the FastAPI that the server has, and a note if that differs.

    Old releases of Prefect run with any of many releases of FastAPI, which decides whether a body
    of another type than JSON is ignored (see the deviation `body-ignored`).
    """
    if dialect.body_ignored:  # since then Prefect needs a FastAPI that does
        return dialect, []
    answer = target.send("POST", "/flow_runs/count", b"{}", {"Content-Type": "text/plain"})
    if answer.status != 200:
        return dialect, []
    note = (
        "the server ignores a body that is not JSON, as it does with FastAPI 0.135.2 and later; "
        f"Prefect {dialect.release} was measured with an older one, which refuses it"
    )
    return replace(dialect, body_ignored=True), [note]


def _chosen_notes(version: str, dialect: Dialect) -> Iterator[str]:
    if dialect.database is not None and version != dialect.release:
        yield (
            f"the server says it is Prefect {to_single_line(version)}, and is compared with "
            f"{dialect.release}, as --dialect says"
        )


def _unmeasured_notes(identity: Identity) -> Iterator[str]:
    since = identity.changed_since
    if since is None:
        return
    newer = release_key(identity.version) > release_key(NEWEST)
    why = f"is newer than {NEWEST}, the newest release that was" if newer else "was not"
    yield (
        f"the server is Prefect {to_single_line(identity.version)}, which {why} measured: it is "
        f"compared with {since}, and a difference may be a change in Prefect since then"
    )
