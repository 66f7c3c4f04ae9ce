"""The pictures of the documentation: made here, and kept in docs/images by whoever runs

SCREENSHOTS=docs/images .venv/bin/pytest .ci/browser/test_pictures.py
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MAX_BYTES = 150_000
MONTH_AGO = f"{datetime.now(UTC) - timedelta(days=30):%Y-%m-%dT00:00:00Z}"
FILTER = (
    '/page/filter?filter={"state":{"type":{"any_":["COMPLETED"]}},'
    f'"end_time":{{"before_":"{MONTH_AGO}"}}}}'
)


@pytest.fixture
def reader(browser: Browser) -> Iterator[Page]:
    """A page as a reader of the documentation has it: English, light, not too wide."""
    context = browser.new_context(
        viewport={"width": 1100, "height": 760}, locale="en-GB", timezone_id="UTC"
    )
    yield context.new_page()
    context.close()


def keep(page: Page, name: str, folder: Path) -> None:
    """Keep what is on the screen; the mouse and the blinking cursor are not on it."""
    picture = page.screenshot(path=folder / f"{name}.png", caret="hide", animations="disabled")
    assert len(picture) < MAX_BYTES


def test_the_pictures_of_the_documentation(reader: Page, server: str, tmp_path: Path) -> None:
    """The workspace, a filter with what it takes, and the report of a delete."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    reader.goto(server)
    expect(reader.locator("h1")).to_be_visible()
    keep(reader, "workspace", folder)
    reader.goto(f"{server}{FILTER}")
    expect(reader.locator("#count h2")).to_contain_text("flow runs are selected")
    keep(reader, "filter", folder)
    reader.get_by_role("button", name="Delete here, until nothing is left").click()
    expect(reader).to_have_url(re.compile(r"/page/report"))
    expect(reader.locator("h1")).to_contain_text("deleted")
    keep(reader, "report", folder)
    assert {file.name for file in folder.glob("*.png")} >= {file.name for file in IMAGES.iterdir()}
