# A command tells what it compared the server with, and what that is worth.

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from mockserver.contract import CommandOptions, run_verb
from mockserver.contract.server import ServerOptions
from mockserver.errors import UsageError
from mockserver.prefect import NEWEST, PREFECT_SQLITE
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.server_mutants import Handler, Mutant, read_json, serve_mutant


@contextmanager
def changed_server(version: str) -> Iterator[str]:
    """A server that says it is a version, and whose document has no `parameters` of a new run."""

    async def change(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.endswith("/admin/version"):
            return web.json_response(version)
        reply = await handler(request)
        if request.path.endswith("/openapi.json"):
            document = read_json(reply)
            document["info"]["version"] = version
            del document["components"]["schemas"]["FlowRunCreate"]["properties"]["parameters"]
            return web.json_response(document)
        return reply

    mutant = Mutant("changed", "has another document", change, ())
    settings = Settings(dialect=PREFECT_SQLITE)
    with serve_mutant(mutant, Store(Base(())), settings) as client:
        yield client.url


def report_on(url: str, folder: Path) -> Any:
    options = CommandOptions(ServerOptions(url, journals=folder / "journals"), 1, report=folder)
    assert run_verb("drift", options, {}) is True
    return json.loads((folder / "report.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("version", "begins", "told"),
    [
        (NEWEST, "is gone: ", False),
        ("3.9.5", "changed since 3.9.1? is gone: ", True),
    ],
)
def test_a_difference_on_an_unmeasured_release_asks_what_has_changed(
    tmp_path: Path, version: str, begins: str, told: bool
) -> None:
    """The report says which release it was compared with."""
    with changed_server(version) as url:
        report = report_on(url, tmp_path)
    (finding,) = [
        one for outcome in report["outcomes"] for one in outcome["findings"] if one["fails"]
    ]
    assert finding["sentence"].startswith(begins), finding["sentence"]
    notes = [note for outcome in report["outcomes"] for note in outcome["notes"]]
    newer = [note for note in notes if "is newer than 3.9.1, the newest release that was" in note]
    assert bool(newer) is told


def test_only_one_finding_is_looked_for(tmp_path: Path) -> None:
    """The commands that cannot find it are not run, and other findings are not reported."""
    with changed_server(NEWEST) as url:
        (found,) = [
            one["id"]
            for outcome in report_on(url, tmp_path)["outcomes"]
            for one in outcome["findings"]
            if one["fails"]
        ]
        server = ServerOptions(url, journals=tmp_path / "journals")
        for only, fails in ((found, True), ("drift removed Other 12345678", False)):
            options = CommandOptions(server, 1, report=tmp_path, only=only)
            assert run_verb("verify", options, {}) is fails
        report = json.loads((tmp_path / "report.json").read_text("utf-8"))
        assert [one["verb"] for one in report["outcomes"]] == ["drift"]
        assert report["outcomes"][0]["findings"] == []
        assert report["outcomes"][0]["notes"][0].endswith("was looked for, and it was not seen")
        with pytest.raises(UsageError, match="expected the id of a finding"):
            run_verb("verify", CommandOptions(server, 1, only="nonsense"), {})


def test_a_deviation_that_is_gone_is_probed_again_alone(tmp_path: Path) -> None:
    """As the report of a server that was started says; schemathesis generates nothing."""
    with serve_mutant(None, Store(Base(()))) as client:
        server = ServerOptions(
            client.url, dialect=PREFECT_SQLITE, disposable=True, journals=tmp_path / "journals"
        )
        options = CommandOptions(server, 1, report=tmp_path, only="gone like-wildcards")
        assert run_verb("verify", options, {}) is True
    (outcome,) = json.loads((tmp_path / "report.json").read_text("utf-8"))["outcomes"]
    assert [one["id"] for one in outcome["findings"]] == ["gone like-wildcards"]
    assert outcome["counts"]["cases"] == 0
