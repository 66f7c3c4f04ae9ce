"""The flags of the kit's commands, in groups: each field of a group is a flag or an argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError

if TYPE_CHECKING:
    from ..contract.diff import DiffSettings
    from ..contract.fuzz import FuzzSettings
    from ..contract.server import ServerOptions


class DialectChoice(StrEnum):
    """Which dialect a server is held against."""

    auto = "auto"
    spec = "spec"
    prefect_sqlite = "prefect-sqlite"
    prefect_postgresql = "prefect-postgresql"


class SpawnChoice(StrEnum):
    """What can be started to be tested."""

    prefect = "prefect"
    mockserver = "mockserver"


@dataclass(frozen=True, slots=True)
class ServerFlags:
    """Which server, whose it is, and how much it may be asked."""

    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="The API, such as http://127.0.0.1:4200/api."),
    ] = None
    spawn: Annotated[
        SpawnChoice | None,
        typer.Option(help="Instead of URL: start a throw-away server, and stop it afterwards."),
    ] = None
    prefect_python: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON",
            help="With --spawn prefect: a Python that has Prefect, not the prefect on the PATH.",
        ),
    ] = None
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="With --spawn prefect: an empty PostgreSQL database, not SQLite in a folder of "
            "its own.",
        ),
    ] = None
    dialect: Annotated[
        DialectChoice,
        typer.Option(help="What it is held against; auto: found out by requests that only read."),
    ] = DialectChoice.auto
    disposable: Annotated[
        bool,
        typer.Option(
            "--disposable",
            help="Nobody will miss what is on the server: flow runs may be created and deleted.",
        ),
    ] = False
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: VALUE'",
            help="Sent with every request. PREFECT_API_KEY and PREFECT_API_AUTH_STRING are read "
            "as Prefect's client reads them.",
        ),
    ] = None
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="For a reply.")] = 30.0
    rate: Annotated[
        float | None, typer.Option(min=0.1, metavar="N", help="So many requests a second at most.")
    ] = None
    max_requests: Annotated[
        int, typer.Option(min=1, metavar="N", help="So many requests in all at most.")
    ] = 200_000
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where what is created is written down, so that the next run can take away what "
            "this one could not. Default: the user's state folder.",
        ),
    ] = None

    def opening(self) -> ServerOptions:
        """What they say, for `opening.opened`."""
        from ..contract.server import Limits, Program, ServerOptions
        from ..prefect import DIALECTS

        return ServerOptions(
            self.url,
            Program(self.spawn.value) if self.spawn else None,
            self.prefect_python,
            self.database,
            DIALECTS.get(self.dialect.value),
            self.disposable,
            tuple(self.header or ()),
            Limits(self.timeout, self.max_requests, self.rate),
            self.journal,
        )


@dataclass(frozen=True, slots=True)
class RunFlags:
    """Where reports go, and which random requests are made."""

    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write the reports there: HTML, JSON, JUnit XML, markdown."
        ),
    ] = None
    seed: Annotated[int, typer.Option(help="Another number, other requests.")] = 1


@dataclass(frozen=True, slots=True)
class DiffFlags:
    """How much `diff` tries."""

    filters: Annotated[int, typer.Option(min=1, help="How many filters are compared.")] = 3000
    deletes: Annotated[int, typer.Option(min=1, help="How many deletes are compared.")] = 300
    runs: Annotated[
        int, typer.Option(min=1, max=2000, help="How many flow runs are made for it.")
    ] = 150

    def settings(self, seed: int, *, existing: bool = False, delete: bool = False) -> DiffSettings:
        """What they say, for `diff.diff`."""
        from ..contract.diff import DiffSettings

        return DiffSettings(existing, delete, self.filters, self.deletes, self.runs, seed)


@dataclass(frozen=True, slots=True)
class DiffModeFlags:
    """What `diff` does to a server."""

    existing: Annotated[
        bool,
        typer.Option(
            "--existing", help="Compare on the flow runs that are there: create nothing, only read."
        ),
    ] = False
    delete: Annotated[
        bool, typer.Option("--delete", help="Compare what bulk_delete deletes, too.")
    ] = False


@dataclass(frozen=True, slots=True)
class FuzzFlags:
    """How much `fuzz` sends."""

    max_examples: Annotated[
        int, typer.Option(min=1, help="Of each operation, in each of schemathesis' phases.")
    ] = 25
    seconds: Annotated[float, typer.Option(min=1, help="When fuzzing stops at the latest.")] = 600.0

    def settings(self, seed: int, **more: Any) -> FuzzSettings:
        """What they say, for `fuzz.fuzz`."""
        from ..contract.fuzz import FuzzSettings

        return FuzzSettings(self.max_examples, seed=seed, seconds=self.seconds, **more)


@dataclass(frozen=True, slots=True)
class FuzzModeFlags:
    """What `fuzz` sends it to, and whose reports it writes."""

    operation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'METHOD PATH'",
            help="Only this one, such as 'POST /flow_runs/bulk_delete'; can be said again.",
        ),
    ] = None
    phase: Annotated[
        list[str] | None,
        typer.Option(help="Only this of schemathesis' phases; can be said again."),
    ] = None
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough",
            help="Go through every way of saying a filter at each endpoint that takes one: four "
            "times as many requests.",
        ),
    ] = False
    schemathesis_report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT",
            help="A report of schemathesis' own into the folder of --report: junit, vcr, har, "
            "ndjson, json, allure or html; can be said again.",
        ),
    ] = None
    copy_hooks: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Send nothing: copy openapi.yaml, schemathesis.toml and st_hooks.py there, for a "
            "project that runs `st run` itself.",
        ),
    ] = None


# What the extra `verify` brings.
_EXTRA = frozenset({"hypothesis", "requests", "schemathesis"})


def register_command(app: typer.Typer, *groups: type) -> Callable[[Callable[..., None]], None]:
    """Make a function that takes such groups a command of `app` that takes their flags."""
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for group in groups
        for parameter in inspect.signature(group, eval_str=True).parameters.values()
    ]

    def register(function: Callable[..., None]) -> None:
        def called(**said: object) -> None:
            flags = (
                group(**{field.name: said[field.name] for field in fields(group)})
                for group in groups
            )
            try:
                function(*flags)
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] not in _EXTRA:
                    raise
                raise UsageError(
                    f"{function.__name__} needs more packages ({error.name}): "
                    "pip install 'mockserver[verify]'"
                ) from None

        called.__doc__ = function.__doc__
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        app.command(function.__name__)(called)

    return register
