"""Start real Prefect servers, each with a fresh database, and stop them again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from mockserver.errors import UsageError
from mockserver.prefect.deviations import DATABASES, POSTGRESQL

HOST = "127.0.0.1"
START_SECONDS = 240  # database migrations take about 12 of them, on a busy machine more
STOP_SECONDS = 20  # then a process is killed
# All background services but the one that records task runs from the events that clients send.
DISABLED_SERVICES = (
    *("CANCELLATION_CLEANUP", "CLEANUP_RECONCILER", "EVENT_LOGGER", "EVENT_PERSISTER", "FOREMAN"),
    *("LATE_RUNS", "PAUSE_EXPIRATIONS", "REPOSSESSOR", "SCHEDULER", "TRIGGERS"),
)
# PostgreSQL refuses to run as root; its Debian package creates the user `postgres`.
DROP_PRIVILEGES = (
    ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    if os.geteuid() == 0
    else []
)


class ServerFailed(Exception):
    """A server or database did not start; the message has the end of its log."""


@dataclass(frozen=True)
class Service:
    """A background process and its log file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ready. Raises ServerFailed if it ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                logged = self.log.read_text(errors="replace")[-4000:]
                raise ServerFailed(f"{self.name} did not start:\n{logged}")
            time.sleep(0.2)


@dataclass(frozen=True)
class PrefectServer:
    """A real server: the URL of its API, its Python, its database and the settings it runs with."""

    url: str
    python: Path
    database: str
    settings: Mapping[str, str]

    @property
    def flaky(self) -> bool:
        """Whether a 503 is worth another try: on SQLite one bulk_delete in ten is answered so."""
        return self.database != POSTGRESQL


@contextmanager
def run_prefect(
    python: Path, databases: Sequence[str] = DATABASES, options: Sequence[str] = ()
) -> Iterator[list[PrefectServer]]:
    """Run a server on each of the databases; yields them when they all answer.

    `python` has the release of Prefect. Raises ServerFailed, and UsageError where PostgreSQL is
    not installed.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="real-servers-")))
        folder.chmod(0o711)  # the database runs as another user
        started = [
            stack.enter_context(_start_server(python, database, folder, options))
            for database in databases
        ]
        for service, server in started:
            service.wait_until(partial(is_healthy, f"{server.url}/health"))
        yield [server for _, server in started]


@contextmanager
def _start_server(
    python: Path, database: str, folder: Path, options: Sequence[str]
) -> Iterator[tuple[Service, PrefectServer]]:
    """Start a server and its database, without waiting for the server."""
    database_port, port = free_ports(2)
    with ExitStack() as stack:
        url = f"sqlite+aiosqlite:///{folder}/prefect.db"
        if database == POSTGRESQL:
            url = stack.enter_context(run_postgresql(folder, database_port))
        settings = {
            "PREFECT_HOME": str(folder / f"{database}-home"),
            "PREFECT_PROFILES_PATH": str(folder / f"{database}-profiles.toml"),
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            **{f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in DISABLED_SERVICES},
        }
        command = [str(python), "-m", "prefect", "server", "start", *options]
        command += ["--host", HOST, "--port", str(port)]
        service = stack.enter_context(
            run_service(database, command, folder, signal.SIGTERM, os.environ | settings)
        )
        yield service, PrefectServer(f"http://{HOST}:{port}/api", python, database, settings)


@contextmanager
def run_postgresql(folder: Path, port: int) -> Iterator[str]:
    """Run a temporary PostgreSQL cluster; yields the SQLAlchemy URL of its database."""
    programs = find_postgresql_programs()
    data = folder / "cluster"
    data.mkdir()
    if DROP_PRIVILEGES:
        shutil.chown(data, "postgres", "postgres")
    initdb = [f"{programs}/initdb", "--pgdata", str(data), "--username=postgres", "--auth=trust"]
    initdb += ["--locale=C.UTF-8", "--encoding=UTF8", "--no-sync"]
    subprocess.run([*DROP_PRIVILEGES, *initdb], check=True, cwd="/", stdout=subprocess.DEVNULL)
    server = [f"{programs}/postgres", "-D", str(data), "-h", HOST, "-p", str(port)]
    server += ["-k", "", "-c", "fsync=off"]
    with run_service("the cluster", [*DROP_PRIVILEGES, *server], folder, signal.SIGINT) as started:
        started.wait_until(lambda: accepts_connections(programs, port))
        yield f"postgresql+asyncpg://postgres@{HOST}:{port}/postgres"


def find_postgresql_programs() -> Path:
    """The folder that has initdb. Debian does not put it on the PATH. Raises UsageError."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not installed:
        raise UsageError(
            "PostgreSQL's initdb is neither on the PATH nor below /usr/lib/postgresql: "
            "run `apt-get install postgresql`, or ask --database sqlite only"
        )
    return installed[-1].parent


@contextmanager
def run_service(
    name: str,
    command: Sequence[str],
    folder: Path,
    stop: signal.Signals,
    env: Mapping[str, str] | None = None,
) -> Iterator[Service]:
    """Run a process until the block ends; `stop` is the signal that ends it."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A Ctrl-C is for us: we stop it in order.
            process_group=0,
        )
    with stop_after(process, stop):
        yield Service(name, process, log)


@contextmanager
def stop_after(
    process: subprocess.Popen[bytes], stop: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    """Stop the process when the block ends; kill it if that takes too long.

    It has a process group of its own, to which the signal goes: a shell that got it alone would
    wait for its command first.
    """
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # it has ended
            os.killpg(process.pid, stop)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_healthy(url: str) -> bool:
    """Whether GET of a URL returns 200."""
    try:
        with urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def accepts_connections(programs: Path, port: int) -> bool:
    """Whether the cluster accepts connections."""
    command = [f"{programs}/pg_isready", "--host", HOST, "--port", str(port)]
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0


def free_ports(count: int) -> list[int]:
    """Different ports that are free now, and very likely still free when they are used."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in held]
