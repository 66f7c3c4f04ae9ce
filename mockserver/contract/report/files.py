"""All reports of a run, written into a folder: for people, for CI servers, for programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile

from ...errors import UsageError
from .github import render_markdown
from .html_report import render_html
from .json_report import render_json
from .junit import render_junit
from .report import Report

RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "report.html": render_html,
    "report.json": render_json,
    "junit.xml": render_junit,
    "summary.md": render_markdown,
}


def ensure_writable_folder(folder: Path) -> None:
    """Make the folder of the reports, before a run is long under way. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"{folder}: {error.strerror or error}; expected a folder that can be written to"
        ) from None


def write_reports(folder: Path, report: Report) -> Sequence[Path]:
    """Write every form of a report into a folder, which is made where it is missing.

    Each file is there whole or not at all. Returns them; raises UsageError where that cannot be.
    """
    texts = {name: render(report) for name, render in RENDERERS.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _write_atomically(folder / name, text)
    except OSError as error:
        raise UsageError(
            f"{folder}: {error.strerror or error}; expected a folder that can be written to"
        ) from None
    return [folder / name for name in texts]


def _write_atomically(path: Path, text: str) -> None:
    """The file as it was stays until the new one is whole."""
    with NamedTemporaryFile(
        "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        made = Path(file.name)
        try:
            file.write(text)
            file.close()
            made.chmod(0o666 & ~_umask())
            made.replace(path)
        except BaseException:
            made.unlink(missing_ok=True)
            raise


def _umask() -> int:
    """What other files are made with; it can only be asked for by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
