"""Reads at once all files of the package that a running server may need.

Modules are imported when they are first used, so that a server answers sooner. But an upgrade of
the package replaces its files under the running server, and what it imports then fits nothing.
"""

from __future__ import annotations

import sys
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from threading import Thread

from ..resources import resource_path, resource_text

# What a server never imports.
_NOT_SERVED = frozenset({
    "__main__", "cli", "contract", "rehearsal", "remote", "testing", "rendering.terminal",
})  # fmt: skip
SERVED_FILES = (
    "openapi.yaml",
    "http/docs.html",
    "http/control/control.yaml",
    "prefect/server_settings.json",
    "rendering/page.html",
)
"""The files that replies are made of."""
# A moment for the first request, which often comes at once: with the thread beside it, a start took
# 11 ms longer (measured).
_AFTER_SECONDS = 0.05
# How long the loop waits for the thread when a request comes; Python's own are 5 ms.
_SWITCH_SECONDS = 0.0005


def preload() -> None:
    """Import every module that a server may use, and read the files that it serves."""
    for name in (*SERVED_FILES, *_page_files()):
        resource_text(name)
    for module in served_modules():
        import_module(module)


def _page_files() -> Iterator[str]:
    """The templates and the files of the page."""
    for folder in ("web/templates", "web/assets"):
        yield from (f"{folder}/{path.name}" for path in resource_path(folder).iterdir())


def preload_soon(loop: AbstractEventLoop) -> None:
    """Let a thread `preload` beside the server that runs on a loop, once that listens."""
    thread = Thread(target=_preload_beside, name="mockserver-preload", daemon=True)
    loop.call_later(_AFTER_SECONDS, thread.start)


def _preload_beside() -> None:
    """Preload, and let the loop's thread go on at once when it has something to do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        preload()
    except OSError:
        # Clients hold all the files that the process may open. The rest is read when it is needed.
        pass
    finally:
        sys.setswitchinterval(before)


def served_modules() -> Iterator[str]:
    """The names of the modules that a server may import, a package before what is in it."""
    for name in _modules_in(Path(__file__).parents[1], ""):
        yield f"mockserver.{name}"


def _modules_in(folder: Path, prefix: str) -> Iterator[str]:
    for found in iter_modules([str(folder)]):
        name = f"{prefix}{found.name}"
        if name not in _NOT_SERVED:
            yield name
            yield from _modules_in(folder / found.name, f"{name}.")
