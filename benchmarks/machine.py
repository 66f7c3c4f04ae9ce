"""What the figures were measured with."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from .table import Table

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


def table() -> Table:
    """Versions, and the number of cores."""
    measured = Table("Measured with", ("what", "version"), left=2)
    for name, found in _facts():
        measured.add(name, found)
    return measured


def _facts() -> Iterator[tuple[str, str]]:
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
    """Those that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
