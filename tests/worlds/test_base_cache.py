"""The base cache: unchanged seed files are read once, and a cached base is never out of date."""

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mockserver.errors import SeedError
from mockserver.seeds.files import bounded_files
from mockserver.worlds.base_cache import BaseCache

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def write_seed(file: Path, **fields: str) -> Path:
    content = json.dumps({"flow_runs": [{"name": "a", **fields}]}).encode()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    return file


@pytest.mark.parametrize("name", ["runs.json", "runs.json.gz"])
def test_a_changed_file_or_new_relative_time_is_read_again(tmp_path: Path, name: str) -> None:
    """Relative times make a base valid for one `now` only."""
    bases = BaseCache()
    file = write_seed(tmp_path / name)
    first = bases.load([file], NOW)
    assert bases.load([file], LATER) is first
    assert bases.load([tmp_path], NOW) is not first
    os.utime(file, ns=(1, 1))
    assert bases.load([file], NOW) is not first
    write_seed(file, start_time="now-1d")
    relative = bases.load([file], NOW)
    assert bases.load([file], NOW) is relative
    assert bases.load([file], LATER).runs[0].start_time == LATER - timedelta(days=1)


def test_a_long_line_may_have_a_relative_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document may be one line; it is not read as a whole again to find out."""
    file = write_seed(tmp_path / "runs.json", start_time="now-1d")
    monkeypatch.setattr(bounded_files, "CHUNK_BYTES", 2)
    monkeypatch.setattr(bounded_files, "MAX_LINE_BYTES", 4)
    bases = BaseCache()
    bases.load([file], NOW)
    assert bases.load([file], LATER).runs[0].start_time == LATER - timedelta(days=1)


def test_the_cache_evicts_the_oldest_base(tmp_path: Path) -> None:
    """It holds at most `max_bases` bases."""
    bases = BaseCache(max_bases=1)
    files = [write_seed(tmp_path / f"{name}.json") for name in "ab"]
    first = bases.load([files[0]], NOW)
    bases.load([files[1]], NOW)
    assert bases.load([files[0]], NOW) is not first


def test_a_failed_load_is_not_cached(tmp_path: Path) -> None:
    """A missing file is an error each time, and never an empty seed."""
    bases = BaseCache()
    for _ in range(2):
        with pytest.raises(SeedError, match="no such file"):
            bases.load([tmp_path / "missing.json"], NOW)
