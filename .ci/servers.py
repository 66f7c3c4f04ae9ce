"""Run a command while two real Prefect servers run: one on SQLite, one on PostgreSQL.

    servers.py PREFECT COMMAND...

PREFECT is the program `prefect`. The command is given --sqlite-url=URL and --postgresql-url=URL
too, and the same in the variables SQLITE_URL and POSTGRESQL_URL; its exit code is the exit code.
Whatever happens, servers and database are stopped.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

HOST = "127.0.0.1"
START_SECONDS = 120  # migrations take about 12 of them
STOP_SECONDS = 20
# Of the background services one has to run: it records the task runs that clients tell of.
UNWANTED_SERVICES = (
    *("CANCELLATION_CLEANUP", "CLEANUP_RECONCILER", "EVENT_LOGGER", "EVENT_PERSISTER", "FOREMAN"),
    *("LATE_RUNS", "PAUSE_EXPIRATIONS", "REPOSSESSOR", "SCHEDULER", "TRIGGERS"),
)
# PostgreSQL refuses to run as root; the package brings a user.
UNPRIVILEGED = (
    ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    if os.geteuid() == 0
    else []
)


@dataclass(frozen=True)
class Service:
    """A process that runs in the background, and where it writes what it has to say."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait; exits with the end of the log when it ends or is not ready in time."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace")[-4000:]
                sys.exit(f"{self.name} did not start:\n{said}")
            time.sleep(0.2)


def main() -> int:
    """Run the command between the start and the stop of the servers."""
    prefect, *command = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    started = time.monotonic()
    ports = free_ports(3)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="real-servers-")))
        folder.chmod(0o711)  # a user of its own runs the database
        databases = {
            "sqlite": f"sqlite+aiosqlite:///{folder}/prefect.db",
            "postgresql": stack.enter_context(postgresql(folder, ports.pop())),
        }
        servers = [
            stack.enter_context(prefect_server(prefect, name, folder, database, ports.pop()))
            for name, database in databases.items()
        ]
        for server, url in servers:
            server.wait_until(partial(answers, f"{url}/health"))
        print(f"two real servers answer after {time.monotonic() - started:.0f} s", flush=True)
        urls = [f"--{server.name}-url={url}" for server, url in servers]
        variables = {f"{server.name.upper()}_URL": url for server, url in servers}
        process = subprocess.Popen([*command, *urls], env=os.environ | variables)
        # SIGINT lets pytest stop what its fixtures started.
        tests = stack.enter_context(stopping(process, signal.SIGINT))
        return tests.wait()


@contextmanager
def prefect_server(
    prefect: str, name: str, folder: Path, database: str, port: int
) -> Iterator[tuple[Service, str]]:
    """Start a server, and do not wait for it; yields it and the URL of its API."""
    settings = {
        "PREFECT_HOME": str(folder / f"{name}-home"),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        **{f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in UNWANTED_SERVICES},
    }
    command = [prefect, "server", "start", "--host", HOST, "--port", str(port)]
    with service(name, command, folder, signal.SIGTERM, env=os.environ | settings) as started:
        yield started, f"http://{HOST}:{port}/api"


@contextmanager
def postgresql(folder: Path, port: int) -> Iterator[str]:
    """A throw-away cluster that takes connections; yields the URL of its database."""
    data = folder / "cluster"
    data.mkdir()
    if UNPRIVILEGED:
        shutil.chown(data, "postgres", "postgres")
    programs = programs_of_postgresql()
    initdb = [f"{programs}/initdb", "--pgdata", str(data), "--username=postgres", "--auth=trust"]
    initdb += ["--locale=C.UTF-8", "--encoding=UTF8", "--no-sync"]
    subprocess.run([*UNPRIVILEGED, *initdb], check=True, cwd="/", stdout=subprocess.DEVNULL)
    server = [f"{programs}/postgres", "-D", str(data), "-h", HOST, "-p", str(port)]
    server += ["-k", "", "-c", "fsync=off"]
    with service("the cluster", [*UNPRIVILEGED, *server], folder, signal.SIGINT) as started:
        started.wait_until(lambda: takes_connections(programs, port))
        yield f"postgresql+asyncpg://postgres@{HOST}:{port}/postgres"


def programs_of_postgresql() -> Path:
    """Where initdb is; Debian keeps it out of the PATH."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else sys.exit("initdb is not installed")


@contextmanager
def service(
    name: str,
    command: Sequence[str],
    folder: Path,
    stop: signal.Signals,
    env: dict[str, str] | None = None,
) -> Iterator[Service]:
    """A process for as long as the block lasts; `stop` is the signal that ends it politely."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    with stopping(process, stop):
        yield Service(name, process, log)


@contextmanager
def stopping(
    process: subprocess.Popen[bytes], stop: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, which is not there after the block."""
    try:
        yield process
    finally:
        process.send_signal(stop)  # does nothing to one that has ended
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url: str) -> bool:
    """Whether a URL answers 200."""
    try:
        with urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def takes_connections(programs: Path, port: int) -> bool:
    """Whether the cluster is ready."""
    asked = [f"{programs}/pg_isready", "--host", HOST, "--port", str(port)]
    return subprocess.run(asked, check=False, stdout=subprocess.DEVNULL).returncode == 0


def free_ports(count: int) -> list[int]:
    """Different ports that are free now, and most likely a moment later."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in held]


if __name__ == "__main__":
    sys.exit(main())
