"""Writing all reports of a run into a folder: for people, for CI servers, for programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile

from ...errors import UsageError
from .github import render_markdown
from .html_report import render_html
from .json_report import render_json
from .junit import render_junit
from .report import Report

JSON_REPORT = "report.json"
"""The file that a program reads, and that reports are merged from."""
HTML_REPORT, JUNIT_REPORT, MARKDOWN_REPORT = "report.html", "junit.xml", "summary.md"
RENDERERS: Mapping[str, Callable[[Report], str]] = {
    HTML_REPORT: render_html,
    JSON_REPORT: render_json,
    JUNIT_REPORT: render_junit,
    MARKDOWN_REPORT: render_markdown,
}
"""The forms of a report, by the names of their files."""


def ensure_writable_folder(folder: Path) -> None:
    """Create the folder and check that files can be written there; raises UsageError if not.

    A run may take minutes, so this is known before it starts.
    """
    with _created_folder(folder), TemporaryFile(dir=folder):
        pass


def write_reports(folder: Path, report: Report) -> Sequence[Path]:
    """Write every form of a report into a folder, which is created if it is missing.

    Each file is replaced as a whole. Returns their paths. Raises UsageError if the folder cannot
    be written to.
    """
    texts = {name: render(report) for name, render in RENDERERS.items()}
    with _created_folder(folder):
        for name, text in texts.items():
            write_atomically(folder / name, text)
    return [folder / name for name in texts]


def write_form(path: Path, name: str, report: Report) -> None:
    """Write one form of a report, named as in RENDERERS, into a file, which is replaced.

    Raises UsageError if it cannot be written.
    """
    with _created_folder(path.parent):
        write_atomically(path, RENDERERS[name](report))


@contextmanager
def _created_folder(folder: Path) -> Iterator[None]:
    """Create the folder; within the block, errors of the file system become UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UsageError(
            f"{folder}: {error.strerror or error}; expected a folder that can be written to"
        ) from None


def write_atomically(path: Path, text: str) -> None:
    """Write a file; readers see the old content until the new one is complete."""
    # In the same folder: a file is replaced at once only within one file system.
    with NamedTemporaryFile(
        "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.close()
            # A temporary file is for its owner alone; a report is a file like any other.
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        # Ctrl-C, too, must not leave a half-written file.
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _umask() -> int:
    """The umask of the process; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
