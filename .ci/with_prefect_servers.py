"""Run a command while two real Prefect servers run: one on SQLite, one on PostgreSQL.

    with_prefect_servers.py PREFECT COMMAND...

PREFECT is the program `prefect`. The command gets the options --sqlite-url=URL and
--postgresql-url=URL, and the same URLs in the variables SQLITE_URL and POSTGRESQL_URL. Its exit
code is the exit code of this program. Servers and database are always stopped.
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
START_SECONDS = 120  # database migrations take about 12 of them
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


@dataclass(frozen=True)
class Service:
    """A background process and its log file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ready. Exits with the end of the log if it ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                logged = self.log.read_text(errors="replace")[-4000:]
                sys.exit(f"{self.name} did not start:\n{logged}")
            time.sleep(0.2)


def main() -> int:
    """Start the servers, run the command, stop the servers."""
    prefect, *command = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    started = time.monotonic()
    ports = free_ports(3)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="real-servers-")))
        folder.chmod(0o711)  # the database runs as another user
        databases = {
            "sqlite": f"sqlite+aiosqlite:///{folder}/prefect.db",
            "postgresql": stack.enter_context(run_postgresql(folder, ports.pop())),
        }
        servers = [
            stack.enter_context(run_prefect_server(prefect, name, folder, database, ports.pop()))
            for name, database in databases.items()
        ]
        for server, url in servers:
            server.wait_until(partial(is_healthy, f"{url}/health"))
        print(f"two real servers answer after {time.monotonic() - started:.0f} s", flush=True)
        urls = [f"--{server.name}-url={url}" for server, url in servers]
        variables = {f"{server.name.upper()}_URL": url for server, url in servers}
        process = subprocess.Popen([*command, *urls], env=os.environ | variables)
        # On SIGINT pytest still tears its fixtures down.
        tests = stack.enter_context(stop_after(process, signal.SIGINT))
        return tests.wait()


@contextmanager
def run_prefect_server(
    prefect: str, name: str, folder: Path, database: str, port: int
) -> Iterator[tuple[Service, str]]:
    """Start a server without waiting for it; yields its process and the URL of its API."""
    settings = {
        "PREFECT_HOME": str(folder / f"{name}-home"),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        **{f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in DISABLED_SERVICES},
    }
    command = [prefect, "server", "start", "--host", HOST, "--port", str(port)]
    with run_service(name, command, folder, signal.SIGTERM, env=os.environ | settings) as started:
        yield started, f"http://{HOST}:{port}/api"


@contextmanager
def run_postgresql(folder: Path, port: int) -> Iterator[str]:
    """Run a temporary PostgreSQL cluster; yields the SQLAlchemy URL of its database."""
    data = folder / "cluster"
    data.mkdir()
    if DROP_PRIVILEGES:
        shutil.chown(data, "postgres", "postgres")
    programs = find_postgresql_programs()
    initdb = [f"{programs}/initdb", "--pgdata", str(data), "--username=postgres", "--auth=trust"]
    initdb += ["--locale=C.UTF-8", "--encoding=UTF8", "--no-sync"]
    subprocess.run([*DROP_PRIVILEGES, *initdb], check=True, cwd="/", stdout=subprocess.DEVNULL)
    server = [f"{programs}/postgres", "-D", str(data), "-h", HOST, "-p", str(port)]
    server += ["-k", "", "-c", "fsync=off"]
    with run_service("the cluster", [*DROP_PRIVILEGES, *server], folder, signal.SIGINT) as started:
        started.wait_until(lambda: accepts_connections(programs, port))
        yield f"postgresql+asyncpg://postgres@{HOST}:{port}/postgres"


def find_postgresql_programs() -> Path:
    """The folder that has initdb. Debian does not put it on the PATH."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else sys.exit("initdb is not installed")


@contextmanager
def run_service(
    name: str,
    command: Sequence[str],
    folder: Path,
    stop: signal.Signals,
    env: dict[str, str] | None = None,
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
        )
    with stop_after(process, stop):
        yield Service(name, process, log)


@contextmanager
def stop_after(
    process: subprocess.Popen[bytes], stop: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    """Stop the process when the block ends; kill it if that takes too long."""
    try:
        yield process
    finally:
        process.send_signal(stop)  # does nothing if it has ended
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


if __name__ == "__main__":
    sys.exit(main())
