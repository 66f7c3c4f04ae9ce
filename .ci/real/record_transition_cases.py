"""Record what a real server does in every transition case: tests/data/transitions-*.json.

    .ci/with_prefect_servers.py PREFECT python .ci/real/record_transition_cases.py FILE

Uses the server on SQLite, which must run without background services; sends one request at a time.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conftest import DATABASES
from http_client import JSON_HEADERS, Request, Server
from tests.support.transition_cases import cases
from tests.support.transition_outcomes import iter_strings
from tests.support.transition_runner import Send, run_case

Json = Any


def main() -> None:
    """Write the file. Fails if something in it could not be explained."""
    parser = ArgumentParser()
    parser.add_argument("file", type=Path)
    for database in DATABASES:
        parser.add_argument(f"--{database}-url", required=True)
    options = parser.parse_args()
    send = http_sender(options.sqlite_url)
    outcomes = {name: run_case(case, send) for name, case in cases().items()}
    options.file.write_text(format_outcomes(outcomes))
    print(f"{len(outcomes)} cases, {sum(map(len, outcomes.values()))} outcomes")
    unexplained = unexplained_cases(outcomes)
    if unexplained:
        sys.exit("\n".join(f"not explained: {name}" for name in unexplained))


def http_sender(url: str) -> Send:
    """Sends requests to the API at a URL, each on a connection of its own.

    Real servers close a connection after a 5xx.
    """
    server = Server(url, flaky=True)

    def send(method: str, path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        content = b"" if body is None else json.dumps(body).encode()
        answer = server.send(Request(content, {**JSON_HEADERS, **headers}, path, method))
        return answer.status, json.loads(answer.reply) if answer.reply else None

    return send


def format_outcomes(found: Mapping[str, list[Json]]) -> str:
    """JSON with one outcome on a line."""

    def lines(outcomes: list[Json]) -> str:
        return ",\n".join(
            json.dumps(each, sort_keys=True, separators=(",", ":")) for each in outcomes
        )

    inner = ",\n".join(f"{json.dumps(name)}: [\n{lines(found[name])}\n]" for name in sorted(found))
    return f"{{\n{inner}\n}}\n"


def unexplained_cases(found: Mapping[str, list[Json]]) -> list[str]:
    """The cases that have a question mark in an outcome."""
    return [
        name for name, steps in found.items() if any(s.startswith("?") for s in iter_strings(steps))
    ]


if __name__ == "__main__":
    main()
