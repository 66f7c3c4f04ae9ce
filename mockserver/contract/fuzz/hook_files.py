"""Files for a project that runs `st run` itself: the document, settings and hooks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile

from ...errors import UsageError
from ...resources import resource_path

_HERE = Path(__file__).parent


def copy_hooks(folder: Path) -> Sequence[Path]:
    """Copy openapi.yaml, schemathesis.toml and st_hooks.py into a folder; returns their paths.

    Raises UsageError if one of them exists already (then nothing is copied) and if the folder
    cannot be written to.
    """
    sources = (resource_path("openapi.yaml"), _HERE / "schemathesis.toml", _HERE / "st_hooks.py")
    copies = [folder / source.name for source in sources]
    existing = [copy for copy in copies if copy.exists()]
    if existing:
        raise UsageError(f"{existing[0]} exists already; name an empty folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source, copy in zip(sources, copies, strict=True):
            copyfile(source, copy)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror or error}") from None
    return copies
