"""Where Prefect's clients in this process, and in those it starts, look for their API."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_HOST = "127.0.0.1"
_WORKERS = {"prefect.logging.handlers": "APILogWorker", "prefect.events.worker": "EventsWorker"}
_DRAIN_SECONDS = 5.0


@contextmanager
def override_api_url(url: str) -> Iterator[None]:
    """Let clients use the API at `url`, start no server of their own, and ask no proxy for it.

    Prefect reads its environment once, when it is imported: where it was, its settings are
    overridden, too. All is as before after it, whatever was imported meanwhile.
    """
    changed = _environment_overrides(url)
    before = {name: os.environ.get(name) for name in changed}
    late = "prefect.context" not in sys.modules
    os.environ.update(changed)
    try:
        with ExitStack() as stack:
            if not late:
                stack.enter_context(_override_settings(url))
            yield
            _drain_workers()
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        context: Any = sys.modules.get("prefect.context")
        if late and context is not None:
            context.GLOBAL_SETTINGS_CONTEXT = context.root_settings_context()


def _environment_overrides(url: str) -> Mapping[str, str]:
    wanted = {"PREFECT_API_URL": url, "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"}
    if any(os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXY_VARIABLES):
        for name in ("no_proxy", "NO_PROXY"):
            hosts = os.environ.get(name, "")
            wanted[name] = f"{hosts},{_HOST}" if hosts else _HOST
    return wanted


@contextmanager
def _override_settings(url: str) -> Iterator[None]:
    """In the context of what runs now, and for threads and contexts that have none of their own."""
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
    """Let Prefect send what it keeps for later (logs, events), while there is who takes it."""
    for name, worker in _WORKERS.items():
        module = sys.modules.get(name)
        if module is not None:
            getattr(module, worker).drain_all(timeout=_DRAIN_SECONDS)
