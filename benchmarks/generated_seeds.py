"""Seed files of generated runs; each file is written when it is first needed."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import yaml

from benchmarks.effort import log_progress
from benchmarks.paths import ROOT
from mockserver.seeds.loading import load_seeds
from mockserver.store.base import Base

NOW = "2026-01-31T08:00:00Z"


class GeneratedSeeds:
    """Seed files in a folder, by number of runs and format."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lines(self, runs: int, *, now: str | None = None) -> Path:
        """NDJSON as `mockserver seeds make` writes it.

        Times are relative (`now-1d`) unless `now`, an RFC 3339 time, is given.
        """
        path = self.folder / f"{runs}{'-at' if now else ''}.ndjson"
        if not path.exists():
            log_progress(f"making {runs:,} runs")
            command = ["mockserver", "seeds", "make", "--runs", str(runs), "--output", str(path)]
            at = ["--now", now] if now else []
            subprocess.run([sys.executable, "-m", *command, *at], check=True, cwd=ROOT)
        return path

    def base(self, runs: int) -> Base:
        """The runs loaded as `mockserver serve` loads them, with the collector's objects frozen."""
        file = self.lines(runs, now=NOW)
        log_progress(f"loading {runs:,} runs")
        base = load_seeds([file], datetime.now(UTC)).base()
        gc.freeze()
        return base

    def packed(self, runs: int) -> Path:
        """The same runs as `mockserver seeds pack` writes them."""
        path = self.folder / f"{runs}.packed"
        if not path.exists():
            lines = self.lines(runs, now=NOW)
            command = ["mockserver", "seeds", "pack", str(lines), "--output", str(path)]
            subprocess.run([sys.executable, "-m", *command], check=True, cwd=ROOT)
        return path

    def json(self, runs: int) -> Path:
        """The same runs as one JSON document."""
        return self._document(runs, "json", orjson.dumps)

    def yaml(self, runs: int) -> Path:
        """The same runs as one YAML document."""
        return self._document(runs, "yaml", lambda document: yaml.safe_dump(document).encode())

    def _document(self, runs: int, suffix: str, dump: Callable[[Any], bytes]) -> Path:
        path = self.folder / f"{runs}.{suffix}"
        if not path.exists():
            path.write_bytes(dump(_merge_lines(self.lines(runs))))
        return path


def _merge_lines(lines: Path) -> dict[str, list[Any]]:
    """The records of an NDJSON file as one document, by collection."""
    document: dict[str, list[Any]] = {}
    for collection, record in _records(lines):
        document.setdefault(collection, []).append(record)
    return document


def _records(lines: Path) -> Iterator[tuple[str, Any]]:
    """Each record with the name of its collection. A line is a flow run or a seed document."""
    for line in lines.read_bytes().splitlines():
        document = orjson.loads(line)
        if "state" in document:
            yield "flow_runs", document
            continue
        for collection, records in document.items():
            for record in records:
                yield collection, record
