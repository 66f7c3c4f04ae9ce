"""Seed files are read once, while they stay as they are."""

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mockserver.errors import SeedError
from mockserver.worlds.base_cache import BaseCache

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def seed(file: Path, **fields: str) -> Path:
    content = json.dumps({"flow_runs": [{"name": "a", **fields}]}).encode()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    return file


@pytest.mark.parametrize("name", ["runs.json", "runs.json.gz"])
def test_a_file_is_read_again_when_it_has_to_be(tmp_path: Path, name: str) -> None:
    """When it changed; and, if its times are relative, when it is another time."""
    bases = BaseCache()
    file = seed(tmp_path / name)
    first = bases.load([file], NOW)
    assert bases.load([file], LATER) is first
    assert bases.load([tmp_path], NOW) is not first
    os.utime(file, ns=(1, 1))
    assert bases.load([file], NOW) is not first
    seed(file, start_time="now-1d")
    relative = bases.load([file], NOW)
    assert bases.load([file], NOW) is relative
    assert bases.load([file], LATER).runs[0].start_time == LATER - timedelta(days=1)


def test_few_are_kept(tmp_path: Path) -> None:
    """The oldest goes first."""
    bases = BaseCache(most=1)
    files = [seed(tmp_path / f"{name}.json") for name in "ab"]
    first = bases.load([files[0]], NOW)
    bases.load([files[1]], NOW)
    assert bases.load([files[0]], NOW) is not first


def test_what_cannot_be_loaded_is_told_each_time(tmp_path: Path) -> None:
    """A file that is not there is no empty seed."""
    bases = BaseCache()
    for _ in range(2):
        with pytest.raises(SeedError, match="no such file"):
            bases.load([tmp_path / "nope.json"], NOW)
