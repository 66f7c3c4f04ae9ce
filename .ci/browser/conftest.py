"""A browser, a server with the page, and a page that must have no error.

Needs Debian's chromium and the extra `browser`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from pictures import HEIGHT, WIDE
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from mockserver.contract.findings import Finding, Outcome
from mockserver.contract.report import RunInfo, build_report, write_reports
from mockserver.contract.server import Ownership
from tests.support.servers import serve_in_process

expect.set_options(timeout=30_000)  # ms: the machine may be busy; what is right is right at once


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, driven by Playwright."""
    program = shutil.which("chromium")
    assert program is not None, "apt-get install chromium"
    with sync_playwright() as playwright:
        # As root, as in a container, chromium has no sandbox.
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


def write_report(folder: Path) -> None:
    """A report of the kit, as a run on a server that deletes too much writes it."""
    finding = Finding(
        "fuzz",
        "at-most-limit",
        "POST /flow_runs/bulk_delete",
        "51 flow runs were deleted; expected 50 at most",
        evidence='{"flow_runs": {}, "limit": 50}',
        id="fuzz at-most-limit",
    )
    run = RunInfo(
        "http://127.0.0.1:4200/api", "Prefect 3.9.1", "prefect-sqlite@3.9.1", Ownership.OURS,
        datetime(2026, 1, 31, 12, tzinfo=UTC), seconds=61.0, seed=7,
    )  # fmt: skip
    outcome = Outcome("fuzz", (finding,), holds=("every reply is one that the document has",))
    write_reports(folder, build_report(run, [outcome]))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server with the fixtures and a journal."""
    folder = tmp_path_factory.mktemp("server")
    report = folder / "report"
    write_report(report)
    with serve_in_process(folder / "log", "--journal", "100", "--kit-report", report) as url:
        yield url


@pytest.fixture
def prefect_python() -> str:
    """A Python that has Prefect, in an environment of its own."""
    assert "PREFECT_PYTHON" in os.environ, "PREFECT_PYTHON names a Python that has Prefect"
    return os.environ["PREFECT_PYTHON"]


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """The colours that the reader prefers."""
    return str(request.param)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that has no error: no failing script, no violation of the policy, no dialog."""
    yield from checked_page(browser, "light")


@pytest.fixture
def coloured(browser: Browser, scheme: str) -> Iterator[Page]:
    """The same in both colours."""
    yield from checked_page(browser, scheme)


def checked_page(browser: Browser, scheme: str) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": WIDE, "height": HEIGHT},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="de-DE",
        timezone_id="Europe/Berlin",
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            problems.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
    yield page
    context.close()
    assert problems == []


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
