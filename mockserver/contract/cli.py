"""The commands of the contract kit: verify, drift, fuzz, diff. The kit itself is imported late."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    pass


class Against(StrEnum):
    """Which dialect a server is held against."""

    auto = "auto"
    spec = "spec"
    prefect_sqlite = "prefect-sqlite"
    prefect_postgresql = "prefect-postgresql"


class Spawned(StrEnum):
    """What can be started to be tested."""

    prefect = "prefect"
    mockserver = "mockserver"


Url = Annotated[
    str | None,
    typer.Argument(metavar="URL", help="The API, such as http://127.0.0.1:4200/api."),
]
Spawn = Annotated[
    Spawned | None,
    typer.Option(help="Instead of a URL: start a throw-away server, and stop it afterwards."),
]
Python = Annotated[
    str | None,
    typer.Option(
        "--prefect-python",
        metavar="PYTHON",
        help="With --spawn prefect: a Python that has Prefect; else the prefect on the PATH.",
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="With --spawn prefect: an empty PostgreSQL database; else SQLite in a folder of its "
        "own.",
    ),
]
Dialect = Annotated[
    Against,
    typer.Option(help="What the server is held against; auto: found out by requests that read."),
]
Disposable = Annotated[
    bool,
    typer.Option(
        "--disposable",
        help="Nobody will miss what is on the server: flow runs may be created and deleted.",
    ),
]
Header = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME: VALUE",
        help="Sent with every request. PREFECT_API_AUTH_STRING and PREFECT_API_KEY are read as "
        "Prefect's client reads them.",
    ),
]
Timeout = Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="For one reply.")]
Rate = Annotated[
    float | None, typer.Option(min=0.1, metavar="N", help="At most so many requests a second.")
]
Ceiling = Annotated[
    int, typer.Option("--max-requests", min=1, metavar="N", help="At most so many requests in all.")
]
Journals = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FOLDER",
        help="Where what is created is written down, so that a run that was cut off is cleaned up "
        "by the next one. Default: the user's state folder.",
    ),
]
Seed = Annotated[int, typer.Option(help="Another number, other requests.")]
Reports = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FOLDER", help="Write JUnit XML, JSON and one HTML page there."
    ),
]
Filters = Annotated[int, typer.Option(min=1, help="diff: how many filters are tried.")]
Deletes = Annotated[int, typer.Option(min=1, help="diff: how many deletes are tried.")]
Runs = Annotated[int, typer.Option(min=1, max=2000, help="diff: how many flow runs are made.")]
Existing = Annotated[
    bool,
    typer.Option(
        "--existing", help="Compare on the flow runs that are there: create nothing, only read."
    ),
]
Delete = Annotated[bool, typer.Option("--delete", help="Also compare what bulk_delete deletes.")]
Examples = Annotated[
    int, typer.Option("--max-examples", min=1, help="fuzz: generated per operation.")
]
SchemathesisReports = Annotated[
    list[str] | None,
    typer.Option(
        "--schemathesis-report",
        metavar="FORMAT",
        help="fuzz: a report of schemathesis' own (junit, har, ndjson, allure, ...), into the "
        "folder of --report.",
    ),
]
