"""Notes: what a user should know although the command goes on."""

from __future__ import annotations

import sys


def print_note(note: str) -> None:
    """Print a note on stderr, apart from the command's output."""
    print(f"note: {note}", file=sys.stderr)  # noqa: T201
