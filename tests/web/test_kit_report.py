"""The view of the kit's last report: what it shows of it, and what it says of what is no report."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from mockserver.contract.findings import Finding, Outcome, Verdict
from mockserver.contract.report import RunInfo, build_report, write_reports
from mockserver.contract.server import Ownership
from mockserver.web.views.kit_report import MAX_REPORT_BYTES
from tests.web.page_client import NOW, PageClient, serve_page

ADDRESS = "/page/contract/report"
CURL = "curl http://127.0.0.1:4200/api/flow_runs/bulk_delete"


def finding(sentence: str, verdict: Verdict, **more: str) -> Finding:
    return Finding("fuzz", "at-most-limit", "POST /x", sentence, verdict, **more)  # type: ignore[arg-type]


def write(folder: Path, *findings: Finding, started: datetime = NOW) -> None:
    run = RunInfo(
        "http://127.0.0.1:4200/api",
        "Prefect 3.9.1",
        "prefect-sqlite",
        Ownership.DISPOSABLE,
        started,
        seconds=12.3,
        seed=7,
    )
    outcome = Outcome("fuzz", findings, holds=("every reply is documented",), notes=("a note",))
    write_reports(folder, build_report(run, [outcome]))


@pytest.fixture
def page(tmp_path: Path) -> Iterator[PageClient]:
    """A client of a server that was told of a folder, in which nothing is yet."""
    with serve_page(kit_report=tmp_path) as client:
        yield client


def test_the_last_report_is_shown(page: PageClient, tmp_path: Path) -> None:
    """As it is in the folder now: what fails first, with how to see it again."""
    write(
        tmp_path,
        finding("known of it", Verdict.KNOWN),
        finding("<b>too many", Verdict.NEW, id="fuzz at-most-limit", curl=CURL, evidence="a\nb"),
        finding("mended", Verdict.GONE),
    )
    text = page.html(ADDRESS)
    told = [
        "✗",
        "&lt;b&gt;too many",
        "mended",
        "known of it",
        "every reply is documented",
        "a note",
    ]
    assert sorted(told, key=text.index) == told
    for fact in ("Prefect 3.9.1", "12 s", CURL, "--only", "fixed upstream"):
        assert fact in text, fact
    assert page.json(ADDRESS)["fails"] is True
    write(tmp_path)
    assert "✓" in page.html(ADDRESS)
    assert page.json(ADDRESS)["outcomes"][0]["findings"] == []


def test_a_finding_that_was_seen_often_says_so(page: PageClient, tmp_path: Path) -> None:
    """One entry, and how often."""
    often = Finding("fuzz", "at-most-limit", "POST /x", "again", times=12)
    write(tmp_path, often)
    assert "12 times" in page.html(ADDRESS)


def test_where_no_report_is_the_page_says_how_to_get_one(page: PageClient) -> None:
    """Before the first run of the kit, and on a server that was told of no folder."""
    assert page.get(ADDRESS, "application/json").status == 404
    assert "verify --report FOLDER" in page.get(ADDRESS).body.decode()
    with serve_page() as plain:
        reply = plain.get(ADDRESS, "application/json")
    assert (reply.status, "--kit-report FOLDER" in reply.json["detail"]) == (404, True)
    assert f'href="{ADDRESS}"' in page.html("/page/contract")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "no report of the kit: the text"),
        (b'{"headline": "x"}', "no report of the kit: fails"),
        (b" " * (MAX_REPORT_BYTES + 1), "larger than 8 MiB"),
    ],
)
def test_what_is_no_report_is_told(
    page: PageClient, tmp_path: Path, content: bytes, told: str
) -> None:
    """By its path, and by what is wrong with it."""
    (tmp_path / "report.json").write_bytes(content)
    reply = page.get(ADDRESS, "application/json")
    assert (reply.status, told in reply.json["detail"]) == (422, True), reply.json


def test_a_named_pipe_is_no_report(page: PageClient, tmp_path: Path) -> None:
    """Reading it would wait for ever."""
    os.mkfifo(tmp_path / "report.json")
    reply = page.get(ADDRESS, "application/json")
    assert (reply.status, "a named pipe" in reply.json["detail"]) == (422, True)
