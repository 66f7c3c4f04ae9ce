"""Packed seeds: unpacking returns what was packed, or a problem that says what is wrong."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given
from typer.testing import CliRunner

from mockserver.cli.app import app
from mockserver.cli.output.seed_writing import write_packed
from mockserver.errors import SeedError
from mockserver.resources import resource_path
from mockserver.seeds import loaded_seeds, loading
from mockserver.seeds.bulk import reader as bulk_reader
from mockserver.seeds.files import packed
from mockserver.seeds.files.packed import PackedSeedError, unpack
from mockserver.seeds.loading import load_seeds
from mockserver.store.columns.compact_columns import TimestampColumn
from mockserver.store.store import Store
from tests.seeds.loading_cases import load_one_by_one, seed_lines
from tests.support.recorded_cases import NOW


def all_records(loaded: loaded_seeds.Seeds) -> list[str]:
    """The repr of every record, sorted."""
    base = loaded.base()
    mappings = (base.task_runs, base.flows, base.deployments, base.work_pools, base.work_queues)
    records = (*base.runs, *(record for records in mappings for record in records.values()))
    # An empty mapping may be a dict or a mappingproxy.
    return sorted(repr(record).replace("mappingproxy({})", "{}") for record in records)


@given(lines=seed_lines())
def test_unpacking_returns_what_was_packed(lines: list[Any]) -> None:
    """Any seeds load the same from their packed file: in bulk, one by one, eagerly and lazily."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk_reader, "MIN_BATCH", 1)
        patch.setattr(loading, "MIN_BULK_BYTES", 0)
        file, packed_file = Path(folder, "seed.ndjson"), Path(folder, "seed.packed")
        file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
        try:
            loaded = load_seeds([file], NOW)
        except SeedError:
            return
        for max_eager_runs in (loaded_seeds.MAX_EAGER_RUNS, 0):
            patch.setattr(loaded_seeds, "MAX_EAGER_RUNS", max_eager_runs)
            try:
                write_packed(packed_file, loaded, overwrite=True)
            except SeedError as error:
                assert "up to 64 bits" in str(error)  # noqa: PT017 - most seeds can be packed
                return
            for load in (load_seeds, load_one_by_one):
                assert all_records(load([packed_file], NOW)) == all_records(loaded)


def pack_fixtures(folder: Path) -> Path:
    file = folder / "fixtures.packed"
    done = CliRunner().invoke(
        app, ["seeds", "pack", str(resource_path("fixtures")), "-o", str(file)]
    )
    assert done.exit_code == 0, done.output
    return file


def test_repeated_values_are_stored_once(tmp_path: Path) -> None:
    """A column of few distinct values has each of them once. Instants are unchanged."""
    file = tmp_path / "runs.ndjson"
    moment = "2026-01-31T08:00:00.000001Z"
    lines = [
        {"id": f"{at:08}-aaaa-4000-8000-{at:012}", "name": "n" * (at % 2), "start_time": moment}
        for at in range(40)
    ]
    file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    packed_file = tmp_path / "runs.packed"
    write_packed(packed_file, load_seeds([file], NOW), overwrite=False)
    count, columns = unpack(packed_file.read_bytes())[0]["flow_runs"]
    assert count == 40
    assert {*map(id, columns["name"])} == {id(columns["name"][0]), id(columns["name"][1])}
    times = columns["start_time"]
    assert isinstance(times, TimestampColumn)
    assert times[1] == next(iter(times))
    assert len(times) == 40


def test_many_runs_are_made_when_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers, task runs and parents are unchanged, and a delete takes task runs along."""
    monkeypatch.setattr(loaded_seeds, "MAX_EAGER_RUNS", 0)
    monkeypatch.setattr(loading, "MIN_BULK_BYTES", 0)
    ids = [f"{at:08}-aaaa-4000-8000-{at:012}" for at in range(40)]
    document = {
        "flow_runs": [
            {"id": one, "total_run_time": at + 0.5, "parent_task_run_id": ids[0] if at else None}
            for at, one in enumerate(ids)
        ],
        "task_runs": [{"id": one, "flow_run_id": one} for one in ids],
    }
    file, packed_file = tmp_path / "seed.json", tmp_path / "seed.packed"
    file.write_bytes(orjson.dumps(document))
    loaded = load_seeds([file], NOW)
    write_packed(packed_file, loaded, overwrite=False)
    _, columns = unpack(packed_file.read_bytes())[0]["flow_runs"]
    assert list(columns["total_run_time"]) == [at + 0.5 for at in reversed(range(40))]
    assert set(map(len, columns.values())) == {40}
    again = load_seeds([packed_file], NOW)
    assert all_records(again) == all_records(loaded)
    store = Store(again.base())
    assert [run.parent_flow_run_id for run in store] == [ids[0]] * 39 + [None]
    store.delete(ids[:1])
    assert [run.parent_flow_run_id for run in store] == [None] * 39
    assert store.task_runs.get(ids[0]) is None
    assert store.task_runs_of(ids[1]) == [store.task_runs.get(ids[1])]


def test_files_do_not_depend_on_byte_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A big-endian machine swaps the bytes of numbers when it writes and when it reads."""
    loaded = load_seeds([resource_path("fixtures")], NOW)
    monkeypatch.setattr(packed.sys, "byteorder", "big")
    file = tmp_path / "swapped.packed"
    write_packed(file, loaded, overwrite=False)
    assert all_records(load_seeds([file], NOW)) == all_records(loaded)


def test_a_large_column_is_read_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load does not read the values of each run of a million; they are the same all the same."""
    file = pack_fixtures(tmp_path)
    records = all_records(load_seeds([file], NOW))
    monkeypatch.setattr(packed, "_MAX_CHECKED", 0)
    assert all_records(load_seeds([file], NOW)) == records


@pytest.mark.parametrize("at", [0, 30, 60, 500, -40, -1])
def test_a_damaged_file_is_refused(tmp_path: Path, at: int) -> None:
    """A changed byte, or a missing end, is one problem, and nothing is loaded."""
    file = pack_fixtures(tmp_path)
    whole = bytearray(file.read_bytes())
    short = whole[:at]
    whole[at] ^= 1
    for bad in (whole, short):
        file.write_bytes(bad)
        with pytest.raises(SeedError, match=r"fixtures\.packed: .*pack the seeds again") as error:
            load_seeds([file], NOW)
        assert len(error.value.problems) == 1


def test_another_version_is_reported(tmp_path: Path) -> None:
    """A file of a later version is not called damaged."""
    file = pack_fixtures(tmp_path)
    with pytest.raises(PackedSeedError, match="version 3 of packed seeds"):
        unpack(file.read_bytes().replace(b"version 2\n", b"version 3\n", 1))


def test_an_integer_of_more_than_64_bits_cannot_be_packed(tmp_path: Path) -> None:
    """It is said, instead of another number being loaded."""
    file = tmp_path / "a.json"
    file.write_bytes(b'[{"run_count": 1e300}]')
    with pytest.raises(SeedError, match="expected integers of up to 64 bits"):
        write_packed(tmp_path / "a.packed", load_seeds([file], NOW), overwrite=False)
