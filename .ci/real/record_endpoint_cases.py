"""Record what real servers answer to every endpoint request: tests/data/endpoints-*.json.

    .ci/with_prefect_servers.py PREFECT python .ci/real/record_endpoint_cases.py FILE

The servers must run without background services; see endpoint_cases.py for what is recorded.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.endpoint_cases import (
    DATABASES,
    Connection,
    create_workspace,
    delete_workspace,
    send_group,
)
from tests.support.endpoint_requests import GROUPS

Json = Any


def main() -> None:
    """Send every group of requests to both servers, and write the file."""
    parser = ArgumentParser()
    parser.add_argument("file", type=Path)
    for database in DATABASES:
        parser.add_argument(f"--{database}-url", required=True)
    options = parser.parse_args()
    sqlite, postgresql = (
        record_groups(getattr(options, f"{database}_url"), flaky=database == "sqlite")
        for database in DATABASES
    )
    options.file.write_text(format_outcomes(sqlite, postgresql), encoding="utf-8")


def record_groups(url: str, *, flaky: bool) -> dict[str, list[Json]]:
    """The outcomes of each group on a server, in a workspace that is deleted afterwards."""
    with closing(Connection(url, flaky=flaky)) as server:
        names = create_workspace(server)
        try:
            return {group: send_group(server, group, names) for group in GROUPS}
        finally:
            delete_workspace(server, names)


def format_outcomes(
    sqlite: Mapping[str, Sequence[Json]], postgresql: Mapping[str, Sequence[Json]]
) -> str:
    """JSON with each different outcome on a line, and a line for each group."""
    numbers: dict[str, int] = {}

    def number(one: str, other: str) -> int:
        text = one if one == other else f'{{"sqlite": {one}, "postgresql": {other}}}'
        return numbers.setdefault(text, len(numbers))

    groups = {
        group: [
            number(json.dumps(one), json.dumps(other))
            for one, other in zip(outcomes, postgresql[group], strict=True)
        ]
        for group, outcomes in sqlite.items()
    }
    lines = ",\n".join(numbers)
    rows = ",\n".join(f"{json.dumps(group)}: {places}" for group, places in groups.items())
    return f'{{"outcomes": [\n{lines}\n],\n"groups": {{\n{rows}\n}}}}\n'


if __name__ == "__main__":
    main()
