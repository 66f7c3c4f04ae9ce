"""Point Prefect's clients at another API, in this process and in those that it starts.

Invariant: the environment and Prefect's settings are afterwards as they were before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_HOST = "127.0.0.1"
# Background threads of Prefect's client that send logs and events; by module.
_WORKERS = {"prefect.logging.handlers": "APILogWorker", "prefect.events.worker": "EventsWorker"}
_DRAIN_SECONDS = 5.0  # how long to wait for what they have not sent yet


@contextmanager
def override_api_url(url: str) -> Iterator[None]:
    """Make Prefect's clients use the API at `url` inside the block.

    They start no server of their own and use no proxy for it. Prefect reads its environment once,
    when it is imported; if that has happened, its settings are overridden as well. Prefect may be
    imported before the block, in it, or after it.
    """
    overrides = client_environment(url)
    before = {name: os.environ.get(name) for name in overrides}
    was_imported = "prefect.context" in sys.modules
    os.environ.update(overrides)
    try:
        with ExitStack() as stack:
            if was_imported:
                stack.enter_context(_override_settings(url))
            yield
            _drain_workers()
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        context: Any = sys.modules.get("prefect.context")
        if not was_imported and context is not None:
            # Prefect was imported in the block and has read the overrides: let it read again.
            context.GLOBAL_SETTINGS_CONTEXT = context.root_settings_context()


class ApiUrls:
    """Points Prefect's clients at the narrowest of the APIs that are open.

    APIs are opened and closed in any order: that of a module may come after that of a class.
    """

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []
        self._override = ExitStack()

    @contextmanager
    def use(self, url: str, rank: int) -> Iterator[None]:
        """Have an API open inside the block; the highest rank is the narrowest."""
        opened = (rank, url)
        self._open.append(opened)
        self._apply()
        try:
            yield
        finally:
            self._open.remove(opened)
            self._apply()

    def _apply(self) -> None:
        self._override.close()
        if self._open:
            _, url = max(self._open, key=lambda one: one[0])
            self._override.enter_context(override_api_url(url))


def client_environment(url: str) -> Mapping[str, str]:
    """The variables that point Prefect's clients at the API at `url`, in any process."""
    overrides = {"PREFECT_API_URL": url, "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"}
    if any(os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXY_VARIABLES):
        # Clients read one or the other.
        for name in ("no_proxy", "NO_PROXY"):
            hosts = os.environ.get(name, "")
            overrides[name] = f"{hosts},{_HOST}" if hosts else _HOST
    return overrides


@contextmanager
def _override_settings(url: str) -> Iterator[None]:
    """Override the settings in the current context and in the global one.

    Threads and contexts without settings of their own use the global context.
    """
    settings: Any = import_module("prefect.settings")
    context: Any = import_module("prefect.context")
    updates = {
        settings.PREFECT_API_URL: url,
        settings.PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: False,
    }
    with settings.temporary_settings(updates=updates):
        before = context.GLOBAL_SETTINGS_CONTEXT
        context.GLOBAL_SETTINGS_CONTEXT = context.get_settings_context()
        try:
            yield
        finally:
            context.GLOBAL_SETTINGS_CONTEXT = before


def _drain_workers() -> None:
    """Make Prefect send the logs and events that it has queued, while the API still exists."""
    for name, worker in _WORKERS.items():
        module = sys.modules.get(name)
        if module is not None:
            getattr(module, worker).drain_all(timeout=_DRAIN_SECONDS)
