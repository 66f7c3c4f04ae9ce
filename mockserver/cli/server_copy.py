"""What `dump` does: copy a server, and say how it went."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from ..errors import UsageError
from ..remote import (
    Anonymizer,
    Bounds,
    Copied,
    OutputFormat,
    PartialFile,
    Progress,
    ReadClient,
    RefusedError,
    RemoteError,
    Scope,
    WorkspaceCopy,
    build_headers,
    check_bounds,
    normalize_api_url,
    output_format,
    parse_scope,
    write_copy,
)
from ..seeds import count_records
from .output import copy_progress, print_note

_INTERRUPTED = 130  # as shells tell of a program that Ctrl-C ended


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """What the user asked for."""

    url: str | None
    output: Path
    where: str | None
    all_task_runs: bool
    logs: bool
    anonymize: bool
    headers: tuple[str, ...]
    concurrency: int
    per_second: float | None
    timeout: float
    patience: float
    restart: bool
    overwrite: bool

    @property
    def partial(self) -> Path:
        """The file that holds what is copied so far."""
        return self.output.with_name(f"{self.output.name}.partial")

    @property
    def bounds(self) -> Bounds:
        """The bounds of requests. Raises UsageError if nothing can be asked within them."""
        bounds = Bounds(self.concurrency, self.per_second, self.timeout, self.patience)
        check_bounds(bounds)
        return bounds


def copy_server(options: CopyOptions) -> None:
    """Copy a server and print what was copied.

    Raises UsageError, also if the server does not answer: that is no finding. After Ctrl-C it
    raises SystemExit.
    """
    if options.url is None:
        raise UsageError("which server? expected a URL such as http://127.0.0.1:4200/api")
    url, bounds = normalize_api_url(options.url), options.bounds
    headers = build_headers(options.headers, os.environ)
    form = output_format(options.output, overwrite=options.overwrite)
    scope = Scope() if options.where is None else parse_scope(_read_filter(options.where))
    if options.restart:
        options.partial.unlink(missing_ok=True)
    begun = time.monotonic()
    about = _about(url, scope, options)
    existed = options.partial.exists()
    with PartialFile(options.partial, about) as partial:
        if partial.resumed:
            print_note(f"going on with {options.partial}; --restart begins anew")
        try:
            with copy_progress() as progress:
                client = ReadClient(url, headers, bounds, on_retry=progress.retry)
                copied, release = asyncio.run(_copy(client, partial, scope, options, progress))
                write_copy(partial, options.output, form)
        except (KeyboardInterrupt, SystemExit) as stop:
            print(f"stopped; {_kept(partial, options)}", file=sys.stderr)  # noqa: T201
            raise SystemExit(_code(stop)) from None
        except RemoteError as error:
            if not partial.blocks and not existed:
                options.partial.unlink()
                raise UsageError(_with_reason(error, options)) from None
            raise UsageError(f"{error}\n{_kept(partial, options)}") from None
    options.partial.unlink()
    for note in (*copied.notes, *copied.remarks, *_notes(options)):
        print_note(note)
    _print_summary(options.output, form, copied, client.sent, time.monotonic() - begun)
    _print_next_step(options.output, release)


def _with_reason(error: RemoteError, options: CopyOptions) -> str:
    """An error at the first request: if the server refuses the filter, say so."""
    if isinstance(error, RefusedError) and error.status == 422 and options.where is not None:
        return f"the server refuses --where: {error}"
    return str(error)


def _read_filter(where: str) -> str:
    """The JSON of --where: the text itself, what a file holds, or stdin."""
    if where == "-":
        return sys.stdin.read()
    if where.lstrip().startswith(("{", "[")):
        return where
    try:
        return Path(where).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"--where {where}: {reason}; expected a filter as JSON, a file, or -"
        ) from None


def _about(url: str, scope: Scope, options: CopyOptions) -> dict[str, Any]:
    """What the partial file says that it is of."""
    return {
        "server": url,
        "filter": dict(scope.filters),
        "choice of task runs": "all" if options.all_task_runs else "links",
        "choice of logs": "copied" if options.logs else "left out",
        "choice of names": "made up" if options.anonymize else "as they are",
        # Drawn once for each copy; a copy that goes on takes that of the partial file.
        "key": token_hex(32) if options.anonymize else None,
    }


async def _copy(
    client: ReadClient,
    partial: PartialFile,
    scope: Scope,
    options: CopyOptions,
    progress: Progress,
) -> tuple[Copied, str | None]:
    """Copy to the partial file; also the server's release, if it tells."""
    key = partial.about.get("key")
    async with client:
        release = await client.version()
        copy = WorkspaceCopy(
            client,
            partial,
            scope=scope,
            all_task_runs=options.all_task_runs,
            logs=options.logs,
            anonymizer=Anonymizer(bytes.fromhex(key)) if key else None,
            progress=progress,
        )
        return await copy.run(), release


def _kept(partial: PartialFile, options: CopyOptions) -> str:
    kept = count_records("flow_runs", len(partial.spans("flow_runs")))
    return f"{options.partial} keeps {kept}, and the same command goes on from there"


def _code(stop: BaseException) -> int:
    code = stop.code if isinstance(stop, SystemExit) else None
    return code if isinstance(code, int) else _INTERRUPTED


def _notes(options: CopyOptions) -> tuple[str, ...]:
    if not options.anonymize:
        return ()
    return (
        "names, tags, parameters and other texts are made up: like_ finds nothing that it found "
        "before; ids, times, types of states and numbers are the server's",
    )


def _print_summary(
    output: Path, form: OutputFormat, copied: Copied, requests: int, seconds: float
) -> None:
    counts = [count_records(name, count) for name, count in copied.counts.items() if count]
    if form is OutputFormat.FOLDER:
        size = sum(file.stat().st_size for file in output.iterdir())
    else:
        size = output.stat().st_size
    agreed = "" if copied.notes else "; as many as the server counts"
    print(  # noqa: T201
        f"{output}: {', '.join(counts) or 'nothing'}\n"
        f"{size:,} bytes; {requests:,} requests in {seconds:.1f} s{agreed}"
    )


def _print_next_step(output: Path, release: str | None) -> None:
    """How the copy is served. The release is known, and the database only to the user."""
    at = f"@{release}" if release else ""
    print(  # noqa: T201
        f"next: mockserver serve {output} --dialect prefect-sqlite{at}  # or prefect-postgresql{at}"
    )
