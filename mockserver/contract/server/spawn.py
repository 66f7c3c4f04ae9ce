"""Starting a throw-away server for one run of the kit, a real Prefect or mockserver.

Invariant: the server runs only while the block of `running_server` does, however that ends, with
settings and (unless the user named one) a database of its own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

from ...errors import UsageError, to_single_line
from ...prefect import NEWEST, Dialect
from .environment import require_release
from .guarded_folder import guarded_folder
from .process import last_lines, running_process
from .target import TargetError

HOST = "127.0.0.1"
START_SECONDS = 300.0  # Prefect with a new database takes about 12 s on a small, idle machine
_POLL_SECONDS = 0.2
# No background services: they change runs by themselves, such as marking them late.
_START = ("server", "start", "--no-services")
_EMPTY_SEED_FILE = "none.json"

# The user's settings are about other servers.
_DROPPED_ENV_PREFIXES = ("PREFECT_", "MOCKSERVER_")
_ENVIRONMENT: Mapping[str, str] = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
}


class Program(StrEnum):
    """A program that can be started."""

    prefect = "prefect"
    mockserver = "mockserver"


def parse_spawn(text: str) -> tuple[Program, str | None]:
    """The program to start, and the release of it if one is named: `prefect@3.9.1`.

    Raises UsageError for another program, or for what is no release with bulk_delete.
    """
    name, separator, release = text.partition("@")
    if name not in list(Program) or (separator and name != Program.prefect):
        raise UsageError(
            f"--spawn is {to_single_line(text, 60)!r}; expected prefect, a release of it such as "
            f"prefect@{NEWEST}, or mockserver"
        )
    return Program(name), require_release(release) if separator else None


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """A command that starts a server once --host and --port are added.

    `database` is the URL of an existing database; None means SQLite in a new folder.
    `database_label` says where the data is, without a password.
    """

    command: tuple[str, ...]
    database_label: str = "in memory"
    database: str | None = None


def mock_command(dialect: Dialect) -> ServerCommand:
    """The command for mockserver without flow runs."""
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
    """The command for the Prefect that `python` has; None means the `prefect` on the PATH.

    Raises UsageError if there is no such program, or the database is of an unsupported kind.
    """
    url = None if database is None else _with_async_driver(database)
    database_label = "SQLite in a folder of its own" if url is None else _without_password(url)
    if python is None:
        executable = shutil.which("prefect")
        if executable is None:
            raise UsageError(
                "there is no prefect on the PATH: install it (pip install prefect), or name a "
                "Python that has it, with --prefect-python"
            )
        return ServerCommand((executable, *_START), database_label, url)
    return ServerCommand((find_python(python), "-m", "prefect", *_START), database_label, url)


def find_python(python: str) -> str:
    """The full path of a Python that the user named. Raises UsageError if there is none."""
    executable = shutil.which(python)
    if executable is None:
        raise UsageError(
            f"--prefect-python is {to_single_line(python)!r}: there is no such program"
        )
    # Links are kept: the path is what makes the Python of an environment one.
    return str(Path(executable).absolute())


def _with_async_driver(database: str) -> str:
    """A database's URL with the driver that Prefect uses. Raises UsageError for other databases."""
    scheme, separator, rest = database.partition("://")
    # Prefect: settings/models/server/database.py, connection_url takes these two drivers.
    drivers = {
        "postgresql": "postgresql+asyncpg",
        "postgres": "postgresql+asyncpg",
        "postgresql+asyncpg": "postgresql+asyncpg",
        "sqlite": "sqlite+aiosqlite",
        "sqlite+aiosqlite": "sqlite+aiosqlite",
    }
    if not separator or scheme not in drivers:
        raise UsageError(
            "--database expects the URL of a throw-away database, such as "
            "postgresql://user:password@127.0.0.1:5432/scratch"
        )
    return f"{drivers[scheme]}://{rest}"


@contextmanager
def running_server(
    server_command: ServerCommand, on_status: Callable[[str], None]
) -> Iterator[str]:
    """Start the server, stop it when the block ends; yield the URL of its API.

    Raises TargetError, with the last lines it printed, if it does not start.
    """
    with guarded_folder("mockserver-prefect-") as guarded:
        folder = str(guarded.path)
        # Another process may take it before the server does: the start then fails with its output.
        port = _free_port()
        # A file, no pipe: nobody reads while the server runs, and a full pipe would block it.
        log = Path(folder, "server.log")
        Path(folder, _EMPTY_SEED_FILE).write_text("[]")
        command = [*server_command.command, "--host", HOST, "--port", str(port)]
        environment = _environment(folder, server_command.database)
        with (
            log.open("wb") as output,
            running_process(command, environment, folder, output) as process,
            guarded.guard(process),
        ):
            url = f"http://{HOST}:{port}/api"
            on_status(
                f"starting {' '.join(server_command.command)} ({server_command.database_label})"
            )
            _wait_until_healthy(process, f"{url}/health", log)
            yield url


def _environment(folder: str, database: str | None) -> dict[str, str]:
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(_DROPPED_ENV_PREFIXES)
    }
    return {
        **kept,
        **_ENVIRONMENT,
        # Prefect reads the user's profiles from it.
        "PREFECT_HOME": folder,
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database
        or f"sqlite+aiosqlite:///{folder}/prefect.db",
    }


def _wait_until_healthy(process: subprocess.Popen[bytes], health: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_healthy(health):
        if process.poll() is not None or time.monotonic() > deadline:
            reason = (
                f"it took more than {START_SECONDS:.0f} s"
                if process.returncode is None
                else f"exit code {process.returncode}"
            )
            raise TargetError(f"the server did not start ({reason}){last_lines(log)}")
        time.sleep(_POLL_SECONDS)


def _is_healthy(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as reply:  # noqa: S310 - the server started here
            return bool(reply.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def _without_password(database: str) -> str:
    """A database's URL without user and password."""
    parts = urlsplit(database)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
