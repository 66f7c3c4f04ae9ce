"""The same drain of the mock and of real Prefect servers, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from . import servers
from .effort import Effort, say
from .population import Population
from .servers import ROOT
from .table import Aim, Table

AIMED = 200
_CALL, _AT_ONCE = 50, 200
_AGAIN = 503


def measure(effort: Effort, _: Population) -> Iterator[Table | Aim]:
    """Drain each of them in one run; real servers run as `.ci/servers.py` starts them."""
    prefect = os.environ.get("BENCHMARK_PREFECT")
    if prefect is None:
        say("real: no --prefect PROGRAM given, left out")
        return
    runs = min(effort.most, 10_000)
    command = [sys.executable, str(ROOT / ".ci" / "servers.py"), prefect]
    command += [sys.executable, "-m", "benchmarks.real", str(runs)]
    say(f"real, {runs:,} runs")
    found = json.loads(_said(command).splitlines()[-1])
    table = Table(
        f"Drain {runs:,} runs, {_CALL} a call, one call after the other",
        ("server", "seconds", "calls", "replies of 503"),
        notes=("One client, one connection a call to the real servers and to the mock alike.",),
    )
    for name, one in found.items():
        table.add(name, f"{one['seconds']:.2f}", f"{one['calls']:,}", f"{one['again']:,}")
    yield table
    ours = found.pop("mockserver")["seconds"]
    for name, one in found.items():
        times = one["seconds"] / ours
        yield Aim(
            f"times faster than Prefect, {name}", f">= {AIMED}", f"{times:.0f}", times >= AIMED
        )


def _said(command: list[str]) -> str:
    """What a command prints; it is told to stop, and stops its servers, when we are."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return said


def _post(url: str, body: Any) -> Any:
    request = urllib.request.Request(  # noqa: S310 - of our own servers
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
        return json.loads(reply.read())


def _fill(url: str, runs: int) -> None:
    """Create runs of one flow."""
    flow = _post(f"{url}/flows/", {"name": "drained"})
    for _ in range(runs):
        while True:
            try:
                _post(f"{url}/flow_runs/", {"flow_id": flow["id"], "state": {"type": "COMPLETED"}})
                break
            except urllib.error.HTTPError as error:
                if error.code != _AGAIN:
                    raise


def _drain(url: str) -> dict[str, float]:
    calls = again = 0
    begun = time.perf_counter()
    while True:
        calls += 1
        try:
            if not _post(f"{url}/flow_runs/bulk_delete", {"limit": _CALL})["deleted"]:
                break
        except urllib.error.HTTPError as error:
            if error.code != _AGAIN:
                raise
            again += 1
    return {"seconds": time.perf_counter() - begun, "calls": calls, "again": again}


def main() -> None:
    """Fill and drain the servers of the environment, and the mock; print what it took as JSON."""
    runs = int(sys.argv[1])
    with ExitStack() as stack:
        mock = stack.enter_context(servers.running(servers.mock()))
        urls = {
            "mockserver": f"http://{mock.host}:{mock.port}",
            "SQLite": os.environ["SQLITE_URL"],
            "PostgreSQL": os.environ["POSTGRESQL_URL"],
        }
        for name, url in urls.items():
            say(f"real, filling {name}")
            _drain(url)
            _fill(url, runs)
        print(json.dumps({name: _drain(url) for name, url in urls.items()}))


if __name__ == "__main__":
    main()
