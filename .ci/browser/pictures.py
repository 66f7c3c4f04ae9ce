"""Pictures of the views, in the folder that SCREENSHOTS names."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

WIDE, NARROW = 1280, 400  # pixels
HEIGHT = 900


def take_picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page, if a folder is given."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
