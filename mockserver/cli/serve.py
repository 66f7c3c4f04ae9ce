"""What `mockserver serve` does between its flags and its last request."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from ..http import create_app, serve
from ..http.exchange import log_to_stderr
from ..prefect import Dialect
from ..resources import resource_path
from ..store import Store
from ..worlds import Settings
from .progress import load_with_progress

_EXAMPLE = '{"flow_runs":{"state":{"type":{"any_":["COMPLETED"]}}},"limit":5}'


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve: what the flags of `mockserver serve` say."""

    paths: tuple[Path, ...]
    host: str
    port: int
    dialect: Dialect
    now: datetime | None
    json_log: bool
    access_log: bool
    max_body: int
    allowed_hosts: tuple[str, ...]
    journal: int
    control_token: str | None


def run_server(serving: ServeOptions) -> None:
    """Load the seeds and serve them until stopped. Raises SeedError and UsageError."""
    log_to_stderr(as_json=serving.json_log)
    _disable_unused_log_fields()
    log = logging.getLogger("mockserver")
    clock = _now_function(serving.now)
    loaded = load_with_progress(serving.paths or (resource_path("fixtures"),), clock())
    for note in loaded.notes:
        log.info("%s", note)
    app = create_app(
        Store(loaded.base()),
        Settings(
            dialect=serving.dialect,
            now=clock,
            max_body=serving.max_body,
            hosts=_hosts(serving),
            journal=serving.journal,
            control_token=serving.control_token,
        ),
    )
    gc.enable()
    gc.freeze()  # what was loaded stays: not to be looked through at every collection

    def ready(url: str) -> None:
        _announce(url, serving, len(loaded.flow_runs))

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(
            serve(app, serving.host, serving.port, ready=ready, access_log=serving.access_log)
        )


def _disable_unused_log_fields() -> None:
    """Do without what no line of ours says: it is a third of what a line costs (Python's HOWTO)."""
    logging._srcfile = None  # noqa: SLF001 - so the HOWTO says
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _now_function(frozen: datetime | None) -> Callable[[], datetime]:
    return (lambda: datetime.now(UTC)) if frozen is None else (lambda: frozen)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed (the extra `uvloop`)."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _hosts(serving: ServeOptions) -> frozenset[str] | None:
    """Which names of other hosts are answered: any, unless bound to loopback."""
    if "*" in serving.allowed_hosts or not _is_loopback(serving.host):
        return None
    return frozenset(name.lower().rstrip(".") for name in serving.allowed_hosts)


def _is_loopback(host: str) -> bool:
    """Whether all addresses that `host` stands for are this machine's own."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return True  # it cannot be listened on, and that is told then
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def _announce(url: str, serving: ServeOptions, runs: int) -> None:
    where = ", ".join(map(str, serving.paths)) or "the shipped fixtures"
    lines = (
        f"mockserver listens on {url} (docs: {url}/docs)",
        f"{runs:,} flow runs from {where}, dialect {serving.dialect.name}",
        f"try: curl -H 'Content-Type: application/json' -d '{_EXAMPLE}' "
        f"{url}/flow_runs/bulk_delete",
    )
    print("\n".join(lines), flush=True)  # noqa: T201
    if not _is_loopback(serving.host):
        logging.getLogger("mockserver").warning(
            "listening on %s, not on loopback: whoever reaches it can delete what it holds",
            serving.host,
        )
