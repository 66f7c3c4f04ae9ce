"""A throw-away real server: started for a run of the kit, and gone after it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from urllib.request import urlopen

from ...errors import UsageError, to_single_line
from ...prefect import Dialect
from .target import TargetError

HOST = "127.0.0.1"
START_SECONDS = 180.0  # a new database takes about 12 of them on a small machine
STOP_SECONDS = 20.0
_PAUSE = 0.2
_START = ("server", "start", "--no-services")
_EMPTY_SEED_FILE = "none.json"

_DROPPED_ENV_PREFIXES = (
    "PREFECT_",
    "MOCKSERVER_",
)  # settings of the user's that are about other servers
_ENVIRONMENT: Mapping[str, str] = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
}


class Program(StrEnum):
    """What can be started."""

    prefect = "prefect"
    mockserver = "mockserver"


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """What to start: a command that the host, the port and the folder are added to.

    `database`: the URL of one that is there already; None for SQLite in a folder of its own.
    """

    command: tuple[str, ...]
    database_label: str = "in memory"
    database: str | None = None


def mock_command(dialect: Dialect) -> ServerCommand:
    """Our own server, without any flow run."""
    command = (
        sys.executable,
        "-m",
        "mockserver",
        "serve",
        _EMPTY_SEED_FILE,
        "--dialect",
        dialect.name,
    )
    return ServerCommand(command)


def prefect_command(python: str | None, database: str | None) -> ServerCommand:
    """The prefect of a Python, or the one on the PATH. Raises UsageError where there is none."""
    url = None if database is None else _with_async_driver(database)
    database_label = "SQLite in a folder of its own" if url is None else _without_password(url)
    if python is None:
        executable = shutil.which("prefect")
        if executable is None:
            raise UsageError(
                "there is no prefect on the PATH: install it (pip install prefect), or name a "
                "Python that has it with --prefect-python"
            )
        return ServerCommand((executable, *_START), database_label, url)
    executable = shutil.which(python)
    if executable is None:
        raise UsageError(
            f"--prefect-python is {to_single_line(python)!r}: there is no such program"
        )
    return ServerCommand((executable, "-m", "prefect", *_START), database_label, url)


def _with_async_driver(database: str) -> str:
    """A database's URL with the driver that Prefect uses. Raises UsageError for another kind."""
    scheme, separator, rest = database.partition("://")
    drivers = {
        "postgresql": "postgresql+asyncpg",
        "postgres": "postgresql+asyncpg",
        "postgresql+asyncpg": "postgresql+asyncpg",
        "sqlite": "sqlite+aiosqlite",
        "sqlite+aiosqlite": "sqlite+aiosqlite",
    }
    if not separator or scheme not in drivers:
        raise UsageError(
            "--database takes the URL of a throw-away database, such as "
            "postgresql://user:password@127.0.0.1:5432/scratch"
        )
    return f"{drivers[scheme]}://{rest}"


@contextmanager
def running_server(server_command: ServerCommand, say: Callable[[str], None]) -> Iterator[str]:
    """The server for as long as the block lasts; yields the URL of its API.

    Raises TargetError, with the end of what it printed, where it does not start.
    """
    with TemporaryDirectory(prefix="mockserver-prefect-") as folder:
        port = _free_port()
        log = Path(folder, "server.log")
        Path(folder, _EMPTY_SEED_FILE).write_text("[]")
        command = [*server_command.command, "--host", HOST, "--port", str(port)]
        environment = {
            **{
                key: value
                for key, value in os.environ.items()
                if not key.startswith(_DROPPED_ENV_PREFIXES)
            },
            **_ENVIRONMENT,
            "PREFECT_HOME": folder,
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": server_command.database
            or f"sqlite+aiosqlite:///{folder}/prefect.db",
        }
        with log.open("wb") as output, _process(command, environment, folder, output) as process:
            url = f"http://{HOST}:{port}/api"
            say(f"starting {' '.join(server_command.command)} ({server_command.database_label})")
            _wait_until_healthy(process, f"{url}/health", log)
            yield url


@contextmanager
def _process(
    command: list[str], environment: Mapping[str, str], folder: str, output: object
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, so that Ctrl-C reaches it only through us."""
    process = subprocess.Popen(  # noqa: S603 - the program that the user named
        command,
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,  # type: ignore[call-overload]
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(process: subprocess.Popen[bytes], health: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_healthy(health):
        if process.poll() is not None or time.monotonic() > deadline:
            log_tail = log.read_text(errors="replace").strip().splitlines()[-12:]
            lines = "".join(f"\n  {to_single_line(line)}" for line in log_tail)
            ended = process.returncode
            how = (
                f"it took more than {START_SECONDS:.0f} s"
                if ended is None
                else f"exit code {ended}"
            )
            raise TargetError(f"the server did not start ({how}){':' if log_tail else ''}{lines}")
        time.sleep(_PAUSE)


def _is_healthy(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as reply:  # noqa: S310 - of the server started here
            return bool(reply.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def _without_password(database: str) -> str:
    """A database without its password."""
    parts = urlsplit(database)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
