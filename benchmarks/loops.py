"""Event loops: which one a server takes, and how it is made to take the other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

DEFAULT, UVLOOP = "asyncio", "uvloop"


def factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """As `mockserver serve` does it: uvloop where it can be imported."""
    try:
        import uvloop
    except ImportError:
        return None
    made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return made


def names() -> list[str]:
    """The loops there are here, first the one that servers take by themselves."""
    return [UVLOOP, DEFAULT] if find_spec("uvloop") else [DEFAULT]


def environment(loop: str, folder: Path) -> Mapping[str, str]:
    """The environment in which a server takes `loop`; `folder` is for what hides uvloop."""
    if loop == UVLOOP:
        return os.environ
    hidden = folder / "without-uvloop"
    hidden.mkdir(exist_ok=True)
    (hidden / "uvloop.py").write_text("raise ImportError('hidden')\n")
    return {**os.environ, "PYTHONPATH": str(hidden)}
