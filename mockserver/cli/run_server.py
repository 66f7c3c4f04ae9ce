"""Load the seeds and serve them: what `mockserver serve` does once its options are read."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from ..http import create_sessions_app, preload_soon, serve
from ..http.exchange import log_to_stderr
from ..prefect import Dialect
from ..resources import resource_path
from ..store import Store
from ..web import make_page_handler
from ..worlds import Sessions, Settings, World, id_source
from .output import load_with_progress

_EXAMPLE_BODY = '{"flow_runs":{"state":{"type":{"any_":["COMPLETED"]}}},"limit":5}'
_log = logging.getLogger("mockserver")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of `mockserver serve`, as values.

    `paths`: none for the shipped fixtures. `now`: None for a running clock. `max_body`: bytes.
    `client_timeout`: seconds. `allowed_hosts`: besides loopback names; "*" is any. `journal`: how
    many exchanges are kept. `id_seed`: makes new ids repeatable; None for random ones. `notes`:
    what is to be logged about the options. `page`: answer `/` and `/page`; `open_page`: open it;
    `kit_report`: the folder of the kit's report that it shows.
    """

    paths: tuple[Path, ...]
    host: str
    port: int
    dialect: Dialect
    now: datetime | None
    json_log: bool
    access_log: bool
    max_body: int
    client_timeout: float
    allowed_hosts: tuple[str, ...]
    journal: int
    control_token: str | None
    id_seed: str | None = None
    notes: tuple[str, ...] = ()
    page: bool = True
    open_page: bool = False
    kit_report: Path | None = None


def run_server(options: ServeOptions) -> None:
    """Load the seeds and serve them until SIGINT or SIGTERM.

    Raises SeedError for seeds that cannot be loaded, UsageError if it cannot listen.
    """
    _open_standard_streams()
    # First: notes about the seeds are log lines, too.
    log_to_stderr(as_json=options.json_log)
    for note in options.notes:
        _log.warning("%s", note)
    now = _now_function(options.now)
    seeds = load_with_progress(options.paths or (resource_path("fixtures"),), now())
    for note in seeds.notes:
        _log.info("%s", note)
    world = World(
        Store(seeds.base()),
        Settings(
            dialect=options.dialect,
            now=now,
            new_id=id_source(options.id_seed),
            max_body=options.max_body,
            client_timeout=options.client_timeout,
            hosts=_allowed_hosts(options),
            journal=options.journal,
            control_token=options.control_token,
        ),
    )
    sessions = Sessions(world)
    page = make_page_handler(options.kit_report) if options.page else None
    app = create_sessions_app(sessions, page)
    gc.enable()  # __main__ disabled it
    gc.freeze()  # the loaded seeds stay, so no collection needs to scan them

    def ready(url: str) -> None:
        _print_banner(url, options, len(seeds.flow_runs))
        if options.open_page:
            _open_browser(f"{url}/")
        # Not before: it takes as long again as what the first reply needs.
        preload_soon(asyncio.get_running_loop())

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(
            serve(
                app,
                options.host,
                options.port,
                ready=ready,
                access_log=options.access_log,
            )
        )
    _log_report(sessions)


def _open_browser(address: str) -> None:
    """Open an address in a thread: a browser may take seconds, and there may be none."""
    import webbrowser  # imported late: few ask for it

    Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()


def _log_report(sessions: Sessions) -> None:
    """Tell what was deleted, if anything was."""
    from ..worlds import closing_lines  # imported late: nothing else needs a report

    for line in closing_lines(sessions):
        _log.info("%s", line)


def _now_function(frozen: datetime | None) -> Callable[[], datetime]:
    return (lambda: datetime.now(UTC)) if frozen is None else (lambda: frozen)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's, or None for asyncio's own where the extra `uvloop` is not installed."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _allowed_hosts(options: ServeOptions) -> frozenset[str] | None:
    """Return the host names to answer besides loopback ones; None for any.

    A server on a public address answers any name: only loopback is guarded against DNS rebinding.
    """
    if "*" in options.allowed_hosts or not _resolves_to_loopback(options.host):
        return None
    return frozenset(name.lower().rstrip(".") for name in options.allowed_hosts)


def _resolves_to_loopback(host: str) -> bool:
    """Whether all addresses of `host` are loopback addresses."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return True  # the server cannot listen on it either, and reports that
    # An IPv6 address may end in a zone, such as %eth0.
    # One public address is enough for others to reach it.
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def _describe_dialect(dialect: Dialect) -> str:
    """Return the name of a dialect with its release."""
    if dialect.database is None:
        return f"{dialect.name} (the document of Prefect {dialect.release})"
    return dialect.name


def _print_banner(url: str, options: ServeOptions, run_count: int) -> None:
    sources = ", ".join(map(str, options.paths)) or "the shipped fixtures"
    page = (f"look at it in a browser: {url}/",) if options.page else ()
    lines = (
        f"mockserver listens on {url} (docs: {url}/docs)",
        *page,
        f"{run_count:,} flow runs from {sources}, dialect {_describe_dialect(options.dialect)}",
        f"try: curl -H 'Content-Type: application/json' -d '{_EXAMPLE_BODY}' "
        f"{url}/flow_runs/bulk_delete",
    )
    _print_lines(lines)
    if not _resolves_to_loopback(options.host):
        _log.warning(
            "listening on %s, which is not loopback: anyone who can reach it can delete flow runs",
            options.host,
        )


def _open_standard_streams() -> None:
    """Open what is closed of the three, as after `>&-`: uvloop aborts if a socket is one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # becomes the lowest number that is free


def _print_lines(lines: Sequence[str]) -> None:
    """Print lines at once. It is no error if nobody reads them, as after `| head -1`."""
    try:
        # Python buffers a pipe, where a script waits for the first line.
        print("\n".join(lines), flush=True)  # noqa: T201
    except OSError as error:
        _log.warning("the server runs, but its standard output is closed: %s", error)
