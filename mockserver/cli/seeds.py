"""The commands `seeds check`, `schema`, `make` and `pack`.

What each needs besides the command line is imported when it runs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from .output import print_note
from .program import CommandApp
from .shared_options import NowOption, parse_now

commands = CommandApp()
seeds_commands = CommandApp(
    help="Check, generate and pack seed files, or print their schema.", no_args_is_help=True
)
commands.add_typer(seeds_commands, name="seeds")

PathsArgument = Annotated[list[Path], typer.Argument(metavar="PATH", help="Files or folders.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")]


@seeds_commands.command()
def check(paths: PathsArgument, now: NowOption = None) -> None:
    """Check seeds and list every problem: where it is, what is there, what was expected."""
    from ..seeds import COLLECTIONS, count_records
    from .output import load_with_progress

    seeds = load_with_progress(paths, parse_now(now) or datetime.now(UTC))
    for note in seeds.notes:
        print_note(note)
    held = {name: len(getattr(seeds, name)) for name in COLLECTIONS}
    summary = ", ".join(count_records(name, count) for name, count in held.items() if count)
    print(f"good: {summary or 'no records'}")  # noqa: T201


@seeds_commands.command()
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of the seed format."""
    import json

    from ..seeds import json_schema

    print(json.dumps(json_schema(), indent=2))  # noqa: T201


@seeds_commands.command()
def make(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="An .ndjson or .ndjson.gz file; - writes to stdout.",
        ),
    ],
    runs: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many flow runs to generate.")
    ] = 1000,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Another number gives other flow runs.")
    ] = 0,
    now: NowOption = None,
    force: ForceOption = False,
) -> None:
    """Generate the flow runs of a busy workspace; the same options give the same runs.

    Times are written relative to the load (now-90d), or as absolute times if --now is given.
    """
    from .output import write_population

    write_population(output, runs=runs, seed=seed, now=parse_now(now), overwrite=force)


@seeds_commands.command()
def pack(
    paths: PathsArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="A file name ending in .packed.")
    ],
    now: NowOption = None,
    force: ForceOption = False,
) -> None:
    """Check seeds and pack them into one file that loads many times faster.

    Relative times (now-90d) become absolute, counted from --now or from the current time. Keep
    the seeds: another version of mockserver may need them packed again.
    """
    from ..seeds import count_records
    from .output import load_with_progress, write_packed

    seeds = load_with_progress(paths, parse_now(now) or datetime.now(UTC))
    write_packed(output, seeds, overwrite=force)
    held = count_records("flow_runs", len(seeds.flow_runs))
    print(f"{held}, {output.stat().st_size:,} bytes")  # noqa: T201
