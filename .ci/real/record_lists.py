"""Record what real servers answer to bodies that list and count: tests/data/lists-*.json.

    .ci/servers.py PREFECT python .ci/real/record_lists.py FILE

Both servers get the same world and the same bodies; see list_cases.py for how it is told.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from conftest import DATABASES
from exchange import JSON, Request, Server
from listing import draw_listing, reference, values_of
from tests.support.list_cases import DONE, Unnamed, World, resolve, told
from worlds import build, fetch, unnamed_in

SEED = 5
CASES = 420


@dataclass(frozen=True)
class Recorded:
    """A server with a world, and when it was fetched."""

    server: Server
    world: World
    unnamed: Unnamed
    now: str

    def answer(self, path: str, body: Any) -> Any:
        sent = resolve(body, self.world)
        found = self.server.send(Request(json.dumps(sent).encode(), JSON, path))
        return told(path, sent, found.status, json.loads(found.reply), self.world)


def main() -> None:
    """Write the file."""
    parser = ArgumentParser()
    parser.add_argument("file", type=Path)
    for database in DATABASES:
        parser.add_argument(f"--{database}-url", required=True)
    options = parser.parse_args()
    worlds = {
        f"prefect-{database}": recorded(getattr(options, f"{database}_url"), database)
        for database in DATABASES
    }
    shapes = [
        {name: len(records) for name, records in one.world.items()} for one in worlds.values()
    ]
    assert shapes[0] == shapes[1], "the worlds have to be the same"
    told_of = {
        dialect: {"now": one.now, "unnamed": one.unnamed, "world": one.world}
        for dialect, one in worlds.items()
    }
    options.file.write_text("\n".join(lines({"worlds": told_of, "cases": list(cases(worlds))})))


def recorded(url: str, database: str) -> Recorded:
    """A world on a server."""
    server = Server(url, flaky=database == "sqlite")
    build(server, SEED)
    world = fetch(server)
    return Recorded(server, world, unnamed_in(server, world), datetime.now(UTC).isoformat())


def cases(worlds: dict[str, Recorded]) -> Iterator[dict[str, Any]]:
    """Bodies, each with its answer; or with its answers, where the databases differ."""
    random = Random(SEED)
    values = values_of(worlds["prefect-sqlite"].world, reference)
    for _ in range(CASES):
        path, body = draw_listing(random, values)
        if path.endswith(("/lateness", "/history")):
            body["flow_runs"] = DONE  # what is told does not depend on when it is asked
        answers = {dialect: one.answer(path, body) for dialect, one in worlds.items()}
        first, second = answers.values()
        same = {"answer": first} if first == second else {"answers": answers}
        yield {"path": path, "body": body, **same}


def lines(document: dict[str, Any]) -> Iterator[str]:
    """JSON with a record, and a case, a line."""
    yield '{"worlds":{'
    for at, (dialect, one) in enumerate(document["worlds"].items()):
        yield f'{"," if at else ""}"{dialect}":{{"now":"{one["now"]}",'
        yield f'"unnamed":{compact(one["unnamed"])},"world":{{'
        for number, (name, records) in enumerate(one["world"].items()):
            yield f'{"," if number else ""}"{name}":['
            yield ",\n".join(map(compact, records)) + "]"
        yield "}}"
    yield '},"cases":['
    yield ",\n".join(map(compact, document["cases"])) + "]}\n"


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
