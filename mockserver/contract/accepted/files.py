"""The files of `--accept` and `--write-accepted` during a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ...errors import UsageError
from ..report import Report, ensure_writable_folder, write_atomically
from .entries import AcceptedList
from .reading import read_accepted
from .review import review
from .writing import update


@dataclass(frozen=True, slots=True)
class AcceptedFiles:
    """The list that is applied, and the one that is written, as they were before the run.

    Each is None if the user named no file.
    """

    accept: AcceptedList | None = None
    write: AcceptedList | None = None

    def review(self, report: Report, today: date) -> Report:
        """The report with what is accepted on this day."""
        return review(report, self.accept, today) if self.accept else report

    def write_list(self, report: Report) -> Iterator[str]:
        """Bring the list to be written up to date with a run; yield what to tell the user.

        Raises UsageError if it cannot be written.
        """
        if self.write is None:
            return
        path = self.write.path
        change = update(self.write, report, self.accept)
        if not change.entries and not self.write.text:
            yield f"{path} was not written: there is nothing to accept"
        elif not change.added and not change.dropped:
            yield f"{path} is up to date: {_count(len(change.entries))}"
        else:
            _write(path, change.text)
            yield f"wrote {path}: {_count(len(change.entries))}"
        yield from (f"  new: {one.id}" for one in change.added)
        for one in change.dropped:
            reason = f" (reason: {one.reason})" if one.reason else ""
            yield f"  dropped, no longer seen: {one.id}{reason}"
        for finding in report.findings:
            if finding.fails and not finding.id:
                yield f"  cannot be accepted: {finding.check}: {finding.sentence}"
        if any(not one.reason for one in change.entries):
            yield f"write a reason into each entry that has none, then use --accept {path}"


def open_accepted(accept: Path | None, write: Path | None) -> AcceptedFiles:
    """Read both files, if they are named; the one to be written need not exist yet.

    Raises UsageError for a file that is no list of accepted findings, for an entry without a reason
    in the one that is applied, and for a folder that cannot be written to.
    """
    applied = None if accept is None else read_accepted(accept, reasons_needed=True)
    if write is None:
        return AcceptedFiles(applied)
    # A run takes minutes, so this is known before it.
    ensure_writable_folder(write.parent)
    if not write.exists():
        return AcceptedFiles(applied, AcceptedList(write))
    return AcceptedFiles(applied, read_accepted(write, reasons_needed=False))


def _write(path: Path, text: str) -> None:
    try:
        # A link stays one: what it leads to is replaced.
        write_atomically(path.resolve(), text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}; it was not written") from None


def _count(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries} entries"
