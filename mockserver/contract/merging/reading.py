"""Reading reports as `json_report` writes them: report.json, alone or anywhere in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from ...errors import UsageError, to_single_line
from ...resources import resource_path
from ..findings import Acceptance, Finding, Outcome, Party, Table, Verdict
from ..report import (
    JSON_REPORT,
    Remark,
    RemarkKind,
    Report,
    RunInfo,
    build_report,
    sanitize_uncut_line,
)
from ..server import Ownership
from ..shards import parse_shard

Json = Any
MAX_REPORTS = 1_000
MAX_BYTES = 32_000_000  # chosen: the report of a whole run has 200 KB
_SCHEMA = "contract/report/report.schema.json"


def read_reports(paths: Sequence[Path]) -> list[Report]:
    """The reports of the files, and of all folders below the folders, in the order of their paths.

    Raises UsageError for a path without a report, and for a file that is none.
    """
    files = list(dict.fromkeys(file for path in paths for file in _report_files(path)))
    if len(files) > MAX_REPORTS:
        raise UsageError(f"there are more than {MAX_REPORTS:,} reports, which is the most")
    schema = json.loads(resource_path(_SCHEMA).read_text("utf-8"))
    validator = Draft202012Validator(schema)
    return [_read_report(file, validator) for file in files]


def _report_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise UsageError(f"{path}: there is no such file or folder; expected a folder of --report")
    # One more than is allowed tells that there are too many.
    files = sorted(islice(path.rglob(JSON_REPORT), MAX_REPORTS + 1))
    if not files:
        raise UsageError(
            f"{path}: neither it nor a folder below it has a {JSON_REPORT}; expected a folder of "
            "--report"
        )
    yield from files


def _read_report(path: Path, validator: Draft202012Validator) -> Report:
    value = _read_json(path)
    error = next(iter(validator.iter_errors(value)), None)
    if error is not None:
        place = ".".join(map(str, error.absolute_path)) or "the file"
        reason = to_single_line(error.message, 200)
        raise UsageError(f"{path}: it is no report of the kit: {place}: {reason}")
    try:
        return _to_report(value)
    except (ValueError, UsageError) as error:
        raise UsageError(f"{path}: it is no report of the kit: {error}") from None


def _read_json(path: Path) -> Json:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: it has more than {MAX_BYTES:,} bytes; a report has fewer")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path}: it is not JSON; expected a report of the kit") from None


def _to_report(value: Mapping[str, Json]) -> Report:
    """The report of a value that the schema allows. Raises ValueError, UsageError."""
    report = build_report(_to_run_info(value["run"]), [*map(_to_outcome, value["outcomes"])])
    return Report(report.run, report.outcomes, [*map(_to_remark, value["remarks"])])


def _to_remark(remark: Mapping[str, Json]) -> Remark:
    id_, sentence, path = (sanitize_uncut_line(remark[key]) for key in ("id", "sentence", "path"))
    return Remark(RemarkKind(remark["kind"]), id_, sentence, path, remark["line"])


def _to_run_info(run: Mapping[str, Json]) -> RunInfo:
    return RunInfo(
        run["url"],
        run["server"],
        run["dialect"],
        Ownership[run["ownership"].upper()],
        datetime.fromisoformat(run["started"]),
        run["seconds"],
        run["seed"],
        run["release"],
        run["database"],
        run["spawn"],
        run["flags"],
        run["command"],
        parse_shard(run["shard"]),
        run["budget"],
        run["mockserver"],
    )


def _to_outcome(outcome: Mapping[str, Json]) -> Outcome:
    verb = outcome["verb"]
    return Outcome(
        verb,
        [_to_finding(verb, finding) for finding in outcome["findings"]],
        outcome["holds"],
        outcome["notes"],
        outcome["counts"],
        [Table(**table) for table in outcome["tables"]],
        outcome["seconds"],
        outcome["is_complete"],
        outcome["cells"],
        outcome["undecided"],
        {name: (decided, tried) for name, (decided, tried) in outcome["coverage"].items()},
    )


def _to_finding(verb: str, finding: Mapping[str, Json]) -> Finding:
    party, acceptance = finding["party"], finding["acceptance"]
    return Finding(
        verb,
        finding["check"],
        finding["subject"],
        finding["sentence"],
        Verdict(finding["verdict"]),
        None if party is None else Party(party),
        finding["deviation"],
        finding["evidence"],
        finding["curl"],
        finding["times"],
        finding["id"],
        None if acceptance is None else _to_acceptance(acceptance),
    )


def _to_acceptance(acceptance: Mapping[str, Json]) -> Acceptance:
    expires = acceptance["expires"]
    return Acceptance(
        sanitize_uncut_line(acceptance["reason"]),
        None if expires is None else date.fromisoformat(expires),
        sanitize_uncut_line(acceptance["where"]),
        acceptance["is_expired"],
    )
