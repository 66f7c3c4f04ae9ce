"""The fenced blocks of README.md, of the other pages and of docs/: what a reader copies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.paths import ROOT

PAGES: tuple[Path, ...] = (
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "fixtures/README.md")
    ),
    *sorted((ROOT / "docs").rglob("*.md")),
)
"""Every page that a user reads. All but the first four are files of the site."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, its language, and the mark in the line before it: `<!-- mark -->`."""

    page: Path
    mark: str
    kind: str
    text: str


BLOCKS: tuple[Block, ...] = tuple(
    Block(page, *found)
    for page in PAGES
    for found in re.findall(
        r"(?:<!-- ([^>]*) -->\n)?```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.S
    )
)


def block(mark: str) -> str:
    """The text of the block with this mark. Raises ValueError if it is not the only one."""
    (found,) = [one.text for one in BLOCKS if one.mark == mark]
    return found
