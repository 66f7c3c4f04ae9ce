"""The view of the kit's last report: what `mockserver verify --report FOLDER` found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ...errors import NotFound, UsageError
from ...http.exchange import in_thread
from ...insight import count_of
from ...rendering import Entry, Page, Section, Tone
from ...seeds import UnreadableFileError, open_regular
from ..exchange import PageRequest, View

FILE_NAME = "report.json"
MAX_REPORT_BYTES = 8 << 20
"""Of a report; chosen. That of a server that fails everywhere has 0.2 MB."""

_TONES = {"new": Tone.BAD, "gone": Tone.WARNING, "known": Tone.NOTICE, "accepted": Tone.NOTICE}
_LABELS = {"gone": "fixed upstream"}
_NO_REPORT = "start the server with --kit-report FOLDER after `mockserver verify --report FOLDER`"


class _Run(BaseModel):
    server: str
    dialect: str
    started: str
    seconds: float


class _Finding(BaseModel):
    subject: str
    sentence: str
    verdict: str
    fails: bool
    evidence: str = ""
    curl: str = ""
    times: int = 1
    id: str = ""


class _Outcome(BaseModel):
    verb: str
    holds: list[str]
    notes: list[str]
    findings: list[_Finding]


class _Report(BaseModel):
    """What is shown of report.json; `mockserver/contract/report/report.schema.json` has it all."""

    headline: str
    fails: bool
    run: _Run
    outcomes: list[_Outcome]


async def show_kit_report(request: PageRequest) -> View:
    """The report as it is in its folder now.

    Raises NotFound where there is none, UsageError for a file that is no report.
    """
    folder = request.kit_report
    if folder is None:
        raise NotFound(f"this server was not told of a report of the kit: {_NO_REPORT}")
    report = await in_thread(_read, folder / FILE_NAME)
    value: dict[str, Any] = report.model_dump()
    return View("kit_report", value, {"page": _page(report)})


def _read(path: Path) -> _Report:
    try:
        with open_regular(path) as file:
            text = file.read(MAX_REPORT_BYTES + 1)
    except FileNotFoundError:
        raise NotFound(f"{path} is not there yet: {_NO_REPORT}") from None
    except (OSError, UnreadableFileError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    if len(text) > MAX_REPORT_BYTES:
        raise UsageError(f"{path} is larger than {MAX_REPORT_BYTES >> 20} MiB")
    try:
        return _Report.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the text"
        raise UsageError(f"{path} is no report of the kit: {where}: {first['msg']}") from None


def _page(report: _Report) -> Page:
    run = report.run
    facts = (
        ("server", run.server),
        ("compared with", run.dialect),
        ("run", f"{run.started}, {run.seconds:.0f} s"),
    )
    tone = Tone.BAD if report.fails else Tone.GOOD
    return Page(tone, report.headline, facts, tuple(map(_section, report.outcomes)))


def _section(outcome: _Outcome) -> Section:
    # What fails comes first.
    entries = sorted(outcome.findings, key=lambda finding: not finding.fails)
    return Section(
        outcome.verb, tuple(map(_entry, entries)), tuple(outcome.holds), tuple(outcome.notes)
    )


def _entry(finding: _Finding) -> Entry:
    return Entry(
        _TONES.get(finding.verdict, Tone.NOTICE),
        _LABELS.get(finding.verdict, finding.verdict),
        finding.sentence,
        finding.subject,
        tuple(_details(finding)),
        finding.evidence,
        opened=finding.fails,
    )


def _details(finding: _Finding) -> Iterator[tuple[str, str]]:
    if finding.times > 1:
        yield "seen", count_of(finding.times, "time")
    if finding.curl:
        yield "request", finding.curl
    if finding.id:
        yield "to see it again", f"mockserver verify URL --only {finding.id!r}"
