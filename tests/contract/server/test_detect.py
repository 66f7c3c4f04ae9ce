# The kit compares a server with the dialect of its own release and database, and asks by reading.

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web

from mockserver.contract.server.detect import Identity, identify
from mockserver.contract.server.snapshot import take_snapshot
from mockserver.contract.server.target import Target, TargetError
from mockserver.errors import UsageError
from mockserver.prefect.dialects import PREFECT_SQLITE, SPEC, Dialect, dialect_for, find_dialect
from mockserver.prefect.releases import NEWEST, OLDEST
from mockserver.resources import resource_path
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.server_mutants import Handler, Mutant, serve_mutant

SHIPPED = load_seeds([resource_path("fixtures")], datetime.now(UTC)).base()


@contextmanager
def serving(dialect: Dialect, version: str | None = None) -> Iterator[Target]:
    """Serve a mock that says it is a version; None is that of its dialect."""

    async def answer_version(request: web.Request, handler: Handler) -> web.StreamResponse:
        if version is None or not request.path.endswith("/admin/version"):
            return await handler(request)
        return web.json_response(version)

    mutant = Mutant("version", "says that it is another version", answer_version, ())
    with serve_mutant(mutant, Store(SHIPPED), Settings(dialect=dialect)) as client:
        yield Target(client.url)


def identity_of(dialect: Dialect, version: str | None = None) -> Identity:
    with serving(dialect, version) as target:
        return identify(target)


@pytest.mark.parametrize(
    "name",
    ["spec"]
    + [
        f"prefect-{database}@{release}"
        for database in ("sqlite", "postgresql")
        for release in (OLDEST, "3.6.22", "3.6.23", "3.7.8", "3.8.8", "3.9.0", NEWEST)
    ],
)
def test_a_dialect_is_recognised_by_reading(name: str) -> None:
    """Its release and database, in every era; nothing is changed."""
    dialect = find_dialect(name)
    with serving(dialect) as target:
        identity = identify(target)
        assert len(take_snapshot(target)) == 60
    assert identity.dialect is dialect
    assert identity.version == dialect.release
    assert identity.is_mock
    assert identity.measured
    assert identity.is_exact == (name != "spec")
    assert identity.changed_since is None
    assert identity.notes == ()


@pytest.mark.parametrize(
    ("version", "release", "note"),
    [
        ("3.9.5", "3.9.1", "the server is Prefect 3.9.5, which is newer than 3.9.1, the newest"),
        ("3.9.2.dev1", "3.9.1", "which is newer than 3.9.1"),
        ("4.0.0rc1", "3.9.1", "which is newer than 3.9.1"),
        ("3.9.1+1.gabc123.dirty", "3.9.1", "3.9.1+1.gabc123.dirty, which was not measured"),
        ("3.6.99", "3.6.29", "which was not measured: it is compared with 3.6.29"),
    ],
)
def test_an_unmeasured_version_is_compared_with_the_release_before(
    version: str, release: str, note: str
) -> None:
    """And the user is told, since a difference may be a change in Prefect."""
    identity = identity_of(dialect_for("postgresql", release), version)
    assert identity.dialect is dialect_for("postgresql", release)
    assert identity.version == version
    assert not identity.measured
    assert not identity.is_exact
    assert identity.changed_since == release
    (told,) = identity.notes
    assert note in told
    assert told.endswith("a difference may be a change in Prefect since then")


@pytest.mark.parametrize("version", ["3.4.0", "cloud\n"])
def test_a_version_without_bulk_delete_needs_a_dialect(version: str) -> None:
    """There is none to compare it with, unless the user names one."""
    with (
        serving(PREFECT_SQLITE, version) as target,
        pytest.raises(UsageError, match=r"says that its version is .*3\.6\.16 to.*--dialect"),
    ):
        identify(target)
    with serving(PREFECT_SQLITE, version) as target:
        identity = identify(target, PREFECT_SQLITE)
    assert identity.dialect is PREFECT_SQLITE
    assert identity.changed_since is None


def test_a_chosen_dialect_is_not_questioned() -> None:
    """But the user is told if the server says that it is another release."""
    chosen = dialect_for("postgresql", "3.8.8")
    with serving(PREFECT_SQLITE) as target:
        identity = identify(target, chosen)
        assert identify(target, PREFECT_SQLITE).notes == ()
        assert identify(target, SPEC).notes == ()
    assert identity.dialect is chosen
    assert identity.dialect_evidence == "chosen with --dialect"
    (told,) = identity.notes
    assert told == (
        "the server says it is Prefect 3.9.1, and is compared with 3.8.8, as --dialect says"
    )
    assert not identity.is_exact


def test_an_old_release_may_have_a_new_fastapi() -> None:
    """It decides what becomes of a body that is not JSON: neither server nor mock is wrong."""
    old = dialect_for("sqlite", "3.6.22")
    identity = identity_of(replace(old, body_ignored=True))
    assert identity.dialect == replace(old, body_ignored=True)
    (told,) = identity.notes
    assert "FastAPI 0.135.2 and later" in told


def test_a_url_without_a_prefect_api_is_an_error() -> None:
    """The error holds the answer that came."""
    with serving(SPEC) as target:
        wrong = Target(f"{target.url.removesuffix('/api')}/nowhere")
        with pytest.raises(TargetError, match=r"is not a complete Prefect API: .*404"):
            identify(wrong)
