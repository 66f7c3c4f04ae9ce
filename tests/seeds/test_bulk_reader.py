"""The fast road of loading. For any seeds: what is read in bulk is what is read one by one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.errors import SeedError
from mockserver.prefect.instants import parse_seed_time
from mockserver.prefect.records import FlowRun
from mockserver.seeds import bulk_lines as line_readers
from mockserver.seeds import bulk_reader as bulk
from mockserver.seeds import bulk_values
from mockserver.seeds import files as seed_files
from mockserver.seeds import loading as seeds
from mockserver.seeds.fields import Field
from mockserver.seeds.files import LineChunk
from mockserver.seeds.loading import Seeds, load_seeds
from mockserver.seeds.records import COLLECTIONS
from mockserver.store.rows import DERIVED_COLUMNS, FlowRunsById, Rows
from tests.support.recorded_cases import NOW
from tests.support.strategies import scaled_max_examples

UUIDS = [f"{digit * 8}-aaaa-4000-8000-{digit * 12}" for digit in "0123456789abcdef"]
TEXTS = ["", "a", "etl", "straße", "x" * 36, *UUIDS[:3]]
MOMENTS = [
    *("2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000001Z", "2026-02-01T08:00:00.123456Z"),
    *("2026-01-31T08:00:00+02:00", "now", "now-90d", "now-1.5s", "now+1.000001s", "now-7s"),
]
ODD = [
    *(None, True, 1, -1, 1.5, 1e300, [], {}, [1], {"a": 1}, "nonsense", UUIDS[3].upper()),
    *("0123456789abcdef-0123456789abcdef-xyz", "2026-13-01T00:00:00Z", "2026-01-31T24:00:00Z"),
    *("2016-12-31T23:59:60Z", "2026-01-31 08:00:00Z", "0001-01-01T00:00:00+23:00", "now-9999999d"),
    *(f"{UUIDS[0][:-1]} ", f"{UUIDS[0][:-2]}  ", "now-999999999999s", "DONE", "now-1s\nnow-2s"),
]
STATES = [
    *({"type": "COMPLETED"}, {"type": "COMPLETED", "name": "Done"}, {"type": "SCHEDULED"}),
    *({"type": "FAILED", "data": 1}, {"type": "FAILED", "data": True}, {"type": "nonsense"}),
    *({"type": "RUNNING", "id": UUIDS[5]}, {"type": "RUNNING", "timestamp": MOMENTS[0]}),
    {"name": "Late", "type": "SCHEDULED", "state_details": {"scheduled_time": MOMENTS[3]}},
]
CREATORS = [{"id": UUIDS[1], "type": "USER"}, {"type": "USER"}, {"id": None}, {}, {"name": "x"}]
LIKELY: dict[str, list[Any]] = {
    **dict.fromkeys(("flow_id", "deployment_id", "parent_task_run_id", "flow_run_id"), UUIDS),
    **dict.fromkeys(("start_time", "end_time", "expected_start_time", "created"), MOMENTS),
    "tags": [[], ["a"], ["a", "b"], ["a", "a"]],
    "state": STATES,
    "created_by": CREATORS,
    "run_count": [0, 1, 2.0],
    "total_run_time": [0, 1.5],
    "auto_scheduled": [True, False],
    "state_type": ["COMPLETED", "FAILED"],
    "state_name": ["Completed", "Done"],
    "parameters": [{}, {"a": 1}],
    "job_variables": [None, {}, {"a": 1}],
    "name": TEXTS,
    "work_pool_name": ["k8s", None],
    "work_queue_name": ["fast", None],
    "flow_version": TEXTS,
    "idempotency_key": TEXTS,
    "work_queue_id": UUIDS[:2],
    "rumour": [1],
    "state_id": UUIDS,
}
TASK_RUN_KEYS = COLLECTIONS["task_runs"].keys() & LIKELY.keys()
RUN_KEYS = (COLLECTIONS["flow_runs"].keys() & LIKELY.keys()) | {"rumour"}


@st.composite
def records(draw: st.DrawFn, keys: frozenset[str], *, odd: bool) -> list[dict[str, Any]]:
    """A few records of one shape; where `odd`, some of their values may be anything."""
    shape = draw(st.lists(st.sampled_from(sorted(keys)), max_size=6, unique=True))
    values = {
        key: st.sampled_from(LIKELY[key]) | st.none() | (st.sampled_from(ODD) if odd else st.none())
        for key in shape
    }
    some = st.fixed_dictionaries({"id": st.sampled_from(UUIDS), **values})
    found = draw(st.lists(some, min_size=1, max_size=4))
    if draw(st.booleans()) and odd:
        del found[0]["id"]
    return found


@st.composite
def documents(draw: st.DrawFn) -> list[Any]:
    """Lines of a seed: records, lists of them, and documents of collections."""
    lines: list[Any] = []
    used: set[Any] = set()
    odd = draw(st.integers(0, 3)) == 0

    def fresh(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept = [one for one in found if odd or one["id"] not in used]
        used.update(one.get("id") for one in kept)
        return list({one.get("id"): one for one in kept}.values()) if not odd else kept

    for _ in range(draw(st.integers(1, 4))):
        runs = fresh(draw(records(frozenset(RUN_KEYS), odd=odd)))
        tasks = fresh(draw(records(frozenset(TASK_RUN_KEYS), odd=odd)))
        match draw(st.integers(0, 3)):
            case 0:
                lines += runs
            case 1:
                lines.append(runs)
            case 2:
                lines.append({"flow_runs": runs, "task_runs": tasks})
            case _:
                lines.append([*({**one, "flow_run_id": None} for one in tasks), *runs])
    return lines


def slowly(paths: list[Path], now: datetime) -> Seeds:
    loader = seeds._Loader(now)
    loader.load_files(paths, None)
    if loader.problems:
        raise SeedError(loader.problems, more=loader.unlisted)
    return loader.finish()


def told(load: Any, file: Path) -> Any:
    """What comes of a load: everything that was loaded, or every problem."""
    try:
        loaded = load([file], NOW)
    except SeedError as error:
        return [str(problem) for problem in error.problems]
    runs, tasks = dict(loaded.flow_runs), dict(loaded.task_runs)
    return sorted(map(repr, (*runs.items(), *tasks.items()))), loaded.notes, loaded.base().runs


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record by itself is read in bulk too, and a few lines are as many as need a LineReader."""
    monkeypatch.setattr(seeds, "MIN_BULK_BYTES", 0)
    monkeypatch.setattr(bulk, "MIN_BATCH", 1)
    monkeypatch.setattr(bulk, "CHUNK_BYTES", 1)
    monkeypatch.setattr(line_readers, "SAMPLED_BATCHES", 1)
    monkeypatch.setattr(line_readers, "MAX_LITERALS", 2)


def as_one_by_one(data: bytes) -> bool:
    """Whether a file is the same, or as wrong, in bulk as one by one."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "seed.ndjson")
        file.write_bytes(data)
        return bool(told(load_seeds, file) == told(slowly, file))


@settings(
    max_examples=scaled_max_examples(600),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    lines=documents(),
    at_once=st.sampled_from([1, 200, 10_000]),
    fewest=st.sampled_from([1, 4]),
)
def test_in_bulk_as_one_by_one(
    lines: list[Any], at_once: int, fewest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same records, notes and parents; or the same problems, in the same order."""
    monkeypatch.setattr(bulk, "MIN_BATCH", fewest)
    monkeypatch.setattr(seed_files, "CHUNK_BYTES", at_once)
    monkeypatch.setattr(bulk, "CHUNK_BYTES", at_once)
    assert as_one_by_one(b"\n".join(map(orjson.dumps, lines)))


PIECES = [b"", b" ", b"\n", b"\r", b"\0", b"\xff", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\"]
PIECES += [
    b"0",
    b"-",
    b"e5",
    b"null",
    b"true",
    b"\\ud800",
    "ß".encode(),
    b"{}",
    b"1e400",
    b"1" * 20,
]


@settings(
    max_examples=scaled_max_examples(600),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines=documents(), data=st.data())
def test_damaged_lines_are_told_as_one_by_one(
    lines: list[Any], data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is put in the place of some bytes, the problems are those of the careful road."""
    monkeypatch.setattr(seed_files, "CHUNK_BYTES", data.draw(st.sampled_from([1, 200])))
    whole = b"\n".join(map(orjson.dumps, lines))
    start = data.draw(st.integers(0, len(whole)))
    end = start + data.draw(st.integers(0, 3))
    assert as_one_by_one(whole[:start] + data.draw(st.sampled_from(PIECES)) + whole[end:])


def test_batches_of_many_and_of_few_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that come once, and values that come again, in this batch or in a later one."""
    monkeypatch.setattr(seed_files, "CHUNK_BYTES", 20_000)
    lines = [
        {
            "id": f"{at:08}-aaaa-4000-8000-{at:012}",
            "idempotency_key": f"key-{at if at % 150 else 0}",
            "name": f"name-{at // 7}",
            "flow_version": "ab"[at // 500],
        }
        for at in range(1000)
    ]
    file = tmp_path / "runs.ndjson"
    file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    assert told(load_seeds, file) == told(slowly, file)
    names = [run.name for run in load_seeds([file], NOW).flow_runs.values()]
    assert len(set(map(id, names))) == len(set(names))


def test_a_run_that_ends_before_it_starts_is_told(tmp_path: Path) -> None:
    """In bulk as one by one: a problem of a seed, and a note on a server's answer."""
    run = {"id": UUIDS[0], "start_time": MOMENTS[2], "end_time": MOMENTS[0]}
    for lines in ([run], [[run]]):
        file = tmp_path / "seed.ndjson"
        file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
        assert told(load_seeds, file) == told(slowly, file)
        assert "start" in str(told(load_seeds, file))


def test_a_null_is_no_text_though_an_absent_one_was_read_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By lines a name may be absent; of records that are read later, it may not be null."""
    monkeypatch.setattr(bulk, "MIN_BATCH", 4)
    monkeypatch.setattr(seed_files, "CHUNK_BYTES", 200)
    runs = [{"id": f"{at:08}-aaaa-4000-8000-{at:012}"} for at in range(40)]
    named: list[Any] = [{**one, "name": "a"} if at % 9 == 3 else one for at, one in enumerate(runs)]
    unnamed = [{"id": f"{at:08}-bbbb-4000-8000-{at:012}", "name": None} for at in range(4)]
    assert as_one_by_one(b"\n".join(map(orjson.dumps, [*named, {"flow_runs": unnamed}])))


def test_task_runs_that_stand_a_line_each_are_read_in_bulk() -> None:
    """Also where flow runs come after them."""
    tasks = [{"id": one, "flow_run_id": UUIDS[0]} for one in UUIDS[:4]]
    lines = LineChunk(Path("s.ndjson"), list(map(orjson.dumps, tasks)), 1)
    bulk_reader = bulk.BulkReader(NOW)

    def report(*problem: object) -> None:
        pytest.fail(str(problem))

    for _ in range(2):  # the second time by lines
        assert list(bulk_reader.read(lines, report)) == []
    assert bulk_reader.columns["task_runs"].count == 2 * len(tasks)


FIELDS = {
    f"{collection}.{key}": field
    for collection, fields in COLLECTIONS.items()
    for key, field in fields.items()
    if field.read_many is not None
}


def each(field: Field, values: list[Any]) -> Iterator[Any]:
    for value in values:
        yield None if value is None else field.read(value, NOW)


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_plain_is_read_as_carefully(field: Field, data: st.DataObject) -> None:
    """Wherever the plain reader reads, each value is what the careful one makes of it, or null."""
    assert field.read_many is not None
    numbers = st.integers(-1, 3) | st.floats(allow_nan=True)
    pool = st.sampled_from([*UUIDS, *TEXTS, *MOMENTS, *ODD]) | st.text(max_size=3) | numbers
    values = data.draw(st.lists(pool | st.none(), min_size=1, max_size=4))
    values = [value for value in values if value is None or type(value) in field.types]
    try:
        read = field.read_many(values, NOW)
    except (ValueError, OverflowError):
        return
    assert list(read) == list(each(field, values))


def test_a_number_that_json_lacks_is_left_to_the_careful_reader() -> None:
    """Which refuses it: YAML can write an infinity."""
    with pytest.raises(ValueError, match="finite"):
        bulk_values.read_numbers([1.0, float("inf")], NOW)


def test_a_plain_instant_is_the_careful_one() -> None:
    """Of instants as servers write them none is left to the careful reader, and all are in UTC."""
    values = ["2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000001Z", "now-1.5s"]
    read = bulk_values.read_moments(values, NOW)
    assert read[2] == NOW - timedelta(seconds=1.5)
    assert {moment and moment.utcoffset() for moment in read} == {timedelta(0)}


SECONDS = st.from_regex(r"now[+-][0-9]{1,9}(\.[0-9]{1,6})?s", fullmatch=True)


@given(
    texts=st.lists(SECONDS, min_size=1, max_size=4),
    now=st.datetimes(datetime(1970, 1, 1), datetime(2106, 1, 1), timezones=st.just(UTC)),
)
def test_seconds_from_now_are_exact(texts: list[str], now: datetime) -> None:
    """To the microsecond, though they are reckoned in floats; else they are left."""
    try:
        read = bulk_values.read_moments(texts, now)
    except ValueError:
        return
    assert read == [parse_seed_time(text, now) for text in texts]


@pytest.mark.parametrize("year", [1980, 2100])
def test_seconds_that_floats_do_not_tell_apart_are_left(year: int) -> None:
    """Before 1970 and after 2106 the careful reader reads them."""
    sign = "-" if year < 2000 else "+"
    with pytest.raises(ValueError, match="1970"):
        bulk_values.read_moments([f"now{sign}999999999.000001s"], datetime(year, 1, 1, tzinfo=UTC))


def test_a_line_in_a_text_is_none_of_two_texts() -> None:
    """Texts that are looked at together are told apart."""
    for texts in (["now-1s\nnow-2s"], ["now-1s", "now-1.5s\nnow-2s"]):
        with pytest.raises(ValueError, match="line"):
            bulk_values.read_moments(texts, NOW)


def test_rows_derive_what_runs_do(tmp_path: Path) -> None:
    """A column of rows holds what the runs that they make say under its name, and is in order."""
    file = tmp_path / "runs.ndjson"
    lines: list[dict[str, Any]] = [
        {
            "id": UUIDS[at],
            "state": STATES[at],
            "created_by": CREATORS[at],
            "start_time": MOMENTS[at],
        }
        for at in range(3)
    ]
    lines.append(
        {"id": UUIDS[3], "expected_start_time": MOMENTS[1], "parent_task_run_id": UUIDS[9]}
    )
    lines.append({"task_runs": [{"id": UUIDS[9], "flow_run_id": UUIDS[0]}]})
    file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    found = load_seeds([file], NOW).flow_runs
    assert isinstance(found, FlowRunsById)
    rows = found.rows.with_parent_flow_runs({})
    assert isinstance(rows, Rows)
    names = [*FlowRun.__dataclass_fields__, *DERIVED_COLUMNS]
    for name in names:
        assert list(rows.values(name)) == [getattr(run, name) for run in rows], name
    assert rows[1:3] == list(rows)[1:3]
    assert UUIDS[0] in found
    assert rows[0].id == UUIDS[3]
