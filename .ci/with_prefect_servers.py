"""Run a command while two real Prefect servers run: one on SQLite, one on PostgreSQL.

    with_prefect_servers.py PREFECT COMMAND...

PREFECT is the program `prefect` of an environment. The command gets the options --sqlite-url=URL
and --postgresql-url=URL, and the same URLs in the variables SQLITE_URL and POSTGRESQL_URL. Its exit
code is the exit code of this program. Servers and database are always stopped.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from measure.servers import ServerFailed, run_prefect, stop_after
from mockserver.errors import UsageError


def main() -> int:
    """Start the servers, run the command, stop the servers."""
    prefect, *command = sys.argv[1:]
    python = Path(prefect).absolute().with_name("python")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    started = time.monotonic()
    try:
        with run_prefect(python) as servers:
            seconds = time.monotonic() - started
            print(f"two real servers answer after {seconds:.0f} s", flush=True)
            urls = [f"--{server.database}-url={server.url}" for server in servers]
            variables = {f"{server.database.upper()}_URL": server.url for server in servers}
            process = subprocess.Popen(
                [*command, *urls], env=os.environ | variables, process_group=0
            )
            # On SIGINT pytest still tears its fixtures down.
            with stop_after(process, signal.SIGINT) as tests:
                return tests.wait()
    except (ServerFailed, UsageError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    sys.exit(main())
