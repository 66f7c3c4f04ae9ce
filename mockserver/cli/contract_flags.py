"""The flags of the contract kit's commands, in groups that several commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from .output import print_note
from .program import FlagGroup
from .shared_options import OUTPUT, FolderOption

if TYPE_CHECKING:
    from ..contract.diff import DiffSettings
    from ..contract.fuzz import FuzzSettings
    from ..contract.server import ServerOptions


_DETECTED = "auto"


@dataclass(frozen=True, slots=True)
class ServerFlags(FlagGroup):
    """Which server to test, whether it may be changed, and how many requests it gets."""

    TITLE = "Which server, and how it is asked"

    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="The API to test, such as http://127.0.0.1:4200/api."),
    ] = None
    spawn: Annotated[
        str | None,
        typer.Option(
            metavar="PROGRAM",
            help="Start a throw-away server instead of using a URL, stop it at the end: prefect, "
            "mockserver, or a release of Prefect that is installed for the run, prefect@3.9.1.",
        ),
    ] = None
    prefect_python: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON",
            help="With --spawn prefect: the Python to run Prefect with. Default: the prefect on "
            "the PATH. With --spawn prefect@RELEASE: the Python to install it for.",
        ),
    ] = None
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="With --spawn prefect: an empty PostgreSQL database. Default: SQLite in a "
            "temporary folder.",
        ),
    ] = None
    dialect: Annotated[
        str,
        typer.Option(
            metavar="NAME[@RELEASE]",
            help="The dialect to compare with, such as spec or prefect-sqlite@3.8.8; auto is that "
            "of the server's release and database, found out with requests that only read.",
        ),
    ] = _DETECTED
    disposable: Annotated[
        bool,
        typer.Option(
            "--disposable",
            help="Nobody needs what is on the server: flow runs may be created and deleted.",
        ),
    ] = False
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: VALUE'",
            help="Send this header with every request; repeatable. PREFECT_API_KEY and "
            "PREFECT_API_AUTH_STRING are read as Prefect's client reads them.",
        ),
    ] = None
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How long to wait for a reply.")
    ] = 30.0
    rate: Annotated[
        float | None, typer.Option(min=0.1, metavar="N", help="Send at most N requests a second.")
    ] = None
    max_requests: Annotated[
        int, typer.Option(min=1, metavar="N", help="Send at most N requests in all.")
    ] = 200_000
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where created records are noted, so that `mockserver cleanup` can delete what "
            "this run could not. Default: the user's state folder.",
        ),
    ] = None

    def options(self) -> ServerOptions:
        """Return these flags as the `ServerOptions` of the kit. Raises UsageError."""
        from ..contract.server import Limits, ServerOptions, parse_spawn
        from ..prefect import find_dialect

        program, release = parse_spawn(self.spawn) if self.spawn is not None else (None, None)
        return ServerOptions(
            self.url,
            program,
            release,
            self.prefect_python,
            self.database,
            None if self.dialect == _DETECTED else find_dialect(self.dialect, print_note),
            self.disposable,
            tuple(self.header or ()),
            Limits(self.timeout, self.max_requests, self.rate),
            self.journal,
        )


@dataclass(frozen=True, slots=True)
class CleanupFlags(FlagGroup):
    """Which server to clean up."""

    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="The API, such as http://127.0.0.1:4200/api."),
    ]
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME: VALUE'", help="Send this header with every request; repeatable."
        ),
    ] = None
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How long to wait for a reply.")
    ] = 30.0
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the journals are, as for the run. Default: the user's state folder.",
        ),
    ] = None

    def options(self) -> ServerOptions:
        """Return these flags as the `ServerOptions` of the kit."""
        from ..contract.server import Limits, ServerOptions

        return ServerOptions(
            self.url,
            headers=tuple(self.header or ()),
            limits=Limits(self.timeout),
            journals=self.journal,
        )


@dataclass(frozen=True, slots=True)
class RunFlags(FlagGroup):
    """Where reports go, which random requests are made, and which findings are accepted."""

    TITLE = OUTPUT

    report: FolderOption = None
    seed: Annotated[int, typer.Option(metavar="N", help="Another number gives other requests.")] = 1
    accept: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Show findings that FILE accepts, and do not fail for them. Each has a reason "
            "there. --write-accepted writes such a file.",
        ),
    ] = None
    write_accepted: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write what was found to FILE, for review; or bring it up to date: new findings "
            "are added, those no longer seen are dropped.",
        ),
    ] = None
    only: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Look for one finding, by the id that a report shows: what cannot find it is not "
            "run, and no other finding is reported.",
        ),
    ] = None
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="N/OF",
            help="Ask one part of so many, such as 2/8, which together ask everything; "
            "`mockserver report merge` makes one report of theirs.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class DiffFlags(FlagGroup):
    """How many filters and deletes `diff` compares, and on how many flow runs."""

    TITLE = "How much is tried"

    filters: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many filters to compare.")
    ] = 650
    deletes: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many deletes to compare.")
    ] = 150
    runs: Annotated[
        int, typer.Option(metavar="N", min=1, max=2000, help="How many flow runs to create.")
    ] = 120

    def settings(self, seed: int, *, existing: bool = False, delete: bool = False) -> DiffSettings:
        """Return these flags as the settings of `contract.diff.diff`."""
        from ..contract.diff import DiffSettings

        return DiffSettings(existing, delete, self.filters, self.deletes, self.runs, seed)


@dataclass(frozen=True, slots=True)
class VerifyFlags(FlagGroup):
    """How much of everything `verify` does."""

    TITLE = "How much is tried"

    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Only what matters most for bulk_delete, in place of --filters, --deletes, "
            "--runs and --max-examples: all known deviations, the fixed requests, and a few "
            "filters and deletes. Nothing is generated by schemathesis.",
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class DiffModeFlags(FlagGroup):
    """Which flow runs `diff` compares on, and whether it compares deletes."""

    TITLE = "What is tried"

    existing: Annotated[
        bool,
        typer.Option(
            "--existing", help="Compare on the flow runs that the server has; only reads."
        ),
    ] = False
    delete: Annotated[
        bool, typer.Option("--delete", help="Also compare what bulk_delete deletes.")
    ] = False


@dataclass(frozen=True, slots=True)
class FuzzFlags(FlagGroup):
    """How many requests `fuzz` sends, and for how long."""

    TITLE = "How much is tried"

    max_examples: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="Requests to each operation in each of schemathesis' phases; in its coverage "
            "phase, with each key of the request.",
        ),
    ] = 25
    seconds: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="Stop fuzzing after this many seconds.")
    ] = 600.0

    def settings(self, seed: int, **more: Any) -> FuzzSettings:
        """Return these flags, and `more` fields, as the settings of `contract.fuzz.fuzz`."""
        from ..contract.fuzz import FuzzSettings

        return FuzzSettings(self.max_examples, seed=seed, seconds=self.seconds, **more)


@dataclass(frozen=True, slots=True)
class FuzzModeFlags(FlagGroup):
    """Which operations and phases `fuzz` runs, and which reports of schemathesis it writes."""

    TITLE = "What is tried"

    operation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'METHOD PATH'",
            help="Fuzz only this operation, such as 'POST /flow_runs/bulk_delete'; repeatable.",
        ),
    ] = None
    phase: Annotated[
        list[str] | None,
        typer.Option(metavar="PHASE", help="Run only this phase of schemathesis; repeatable."),
    ] = None
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough",
            help="Send every way to write a filter to each endpoint that takes one: four times as "
            "many requests.",
        ),
    ] = False
    schemathesis_report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT",
            help="Also write schemathesis' own report to the folder of --report, as junit, vcr, "
            "har, ndjson, json, allure or html; repeatable.",
        ),
    ] = None
    copy_hooks: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Send nothing: copy openapi.yaml, schemathesis.toml and st_hooks.py to FOLDER, "
            "for a project that runs `st run` itself.",
        ),
    ] = None


# The packages that the extra `verify` installs.
_EXTRA_PACKAGES = frozenset({"hypothesis", "requests", "schemathesis"})


@contextmanager
def needs_extra(command: str) -> Iterator[None]:
    """In this context, a missing package of the extra `verify` is a UsageError about a command."""
    try:
        yield
    except ModuleNotFoundError as error:
        # Any other missing module is a bug.
        if (error.name or "").partition(".")[0] not in _EXTRA_PACKAGES:
            raise
        raise UsageError(
            f"{command} needs more packages ({error.name}): pip install 'mockserver[verify]'"
        ) from None
