"""Event loops: which one a server uses by default, and how to make it use another."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

DEFAULT, UVLOOP = "asyncio", "uvloop"


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loop factory if uvloop is installed, as `mockserver serve` chooses it; else None."""
    try:
        import uvloop
    except ImportError:
        return None
    made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return made


def loop_names() -> list[str]:
    """The available loops; the first is the one that servers use by default."""
    return [UVLOOP, DEFAULT] if find_spec("uvloop") else [DEFAULT]


def loop_environment(loop: str, folder: Path) -> Mapping[str, str]:
    """The environment in which a server uses `loop`.

    To make it use asyncio's loop, a module in `folder` hides uvloop.
    """
    if loop == UVLOOP:
        return os.environ
    hidden = folder / "without-uvloop"
    hidden.mkdir(exist_ok=True)
    (hidden / "uvloop.py").write_text("raise ImportError('hidden')\n")
    return {**os.environ, "PYTHONPATH": str(hidden)}
