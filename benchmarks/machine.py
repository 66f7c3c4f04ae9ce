"""The versions and the machine that the results were measured with."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from benchmarks.results import Table

PACKAGES = (
    "mockserver",
    "aiohttp",
    "pydantic",
    "orjson",
    "pyroaring",
    "uvloop",
    "polars",
    "duckdb",
)


def versions_table() -> Table:
    """A table of versions, the system and the number of cores."""
    measured = Table("Measured with", ("what", "version"), left=2)
    for name, found in _version_rows():
        measured.add(name, found)
    return measured


def _version_rows() -> Iterator[tuple[str, str]]:
    yield platform.python_implementation(), platform.python_version()
    for package in PACKAGES:
        yield package, _version(package)
    yield "system", f"{platform.system()} {platform.machine()}"
    yield "cores", str(_cores())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cores() -> int:
    """Cores that this process may use, where the system can tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
