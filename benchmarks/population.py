"""Seeds to measure with: made-up runs in files, each made when it is first asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import yaml

from .effort import say
from .servers import ROOT

NOW = "2026-01-31T08:00:00Z"


class Population:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lines(self, runs: int, *, now: str | None = None) -> Path:
        """NDJSON as `mockserver seeds make` writes it: with times that are relative, or are not."""
        path = self.folder / f"{runs}{'-at' if now else ''}.ndjson"
        if not path.exists():
            say(f"making {runs:,} runs")
            command = ["mockserver", "seeds", "make", "--runs", str(runs), "--output", str(path)]
            at = ["--now", now] if now else []
            subprocess.run([sys.executable, "-m", *command, *at], check=True, cwd=ROOT)
        return path

    def json(self, runs: int) -> Path:
        """The same as one JSON document."""
        return self._document(runs, "json", orjson.dumps)

    def yaml(self, runs: int) -> Path:
        """The same as one YAML document."""
        return self._document(runs, "yaml", lambda whole: yaml.safe_dump(whole).encode())

    def _document(self, runs: int, suffix: str, dump: Callable[[Any], bytes]) -> Path:
        path = self.folder / f"{runs}.{suffix}"
        if not path.exists():
            path.write_bytes(dump(_whole(self.lines(runs))))
        return path


def _whole(lines: Path) -> dict[str, list[Any]]:
    """One document of what the lines of an NDJSON file hold."""
    whole: dict[str, list[Any]] = {}
    for collection, record in _records(lines):
        whole.setdefault(collection, []).append(record)
    return whole


def _records(lines: Path) -> Iterator[tuple[str, Any]]:
    """Every record, with the name of its collection: a line is a run, or a document."""
    for line in lines.read_bytes().splitlines():
        document = orjson.loads(line)
        if "state" in document:
            yield "flow_runs", document
            continue
        for collection, records in document.items():
            for record in records:
                yield collection, record
