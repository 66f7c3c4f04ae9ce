"""Seeds: what is valid, what it is loaded as, and which problem is reported for the rest."""

import gc
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from mockserver.errors import SeedError, UsageError
from mockserver.prefect.instants import is_rfc3339
from mockserver.prefect.openapi import UUID_PATTERN
from mockserver.prefect.records import CreatedBy, FlowRun, State, StateType
from mockserver.seeds import COLLECTIONS, Seeds, json_schema
from mockserver.seeds.loading import load_seeds, read_seeds
from mockserver.seeds.population import generate_population
from mockserver.seeds.record_loader import MAX_FIELDS, MAX_PROBLEMS
from tests.support.recorded_cases import NOW

ID = "0d9c9b1e-5a3c-4c7e-9f0a-2b1d3c4e5f60"
OTHER = "1d9c9b1e-5a3c-4c7e-9f0a-2b1d3c4e5f60"
_KINDS = ", ".join(COLLECTIONS)
TASK = "2d9c9b1e-5a3c-4c7e-9f0a-2b1d3c4e5f60"


def write(folder: Path, value: Any, name: str = "seed.json") -> Path:
    file = folder / name
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    return file


def load(*paths: Path) -> Seeds:
    return load_seeds(paths, NOW)


def problems(*paths: Path) -> list[str]:
    with pytest.raises(SeedError) as error:
        load(*paths)
    return [str(problem) for problem in error.value.problems]


def one(folder: Path, **fields: Any) -> FlowRun:
    (run,) = load(write(folder, {"flow_runs": [fields]})).flow_runs.values()
    return run


def test_every_field_of_a_filter_is_kept(tmp_path: Path) -> None:
    """Ids are in lower case, instants in UTC, and relative times count from the load."""
    run = one(
        tmp_path,
        id=ID.upper(),
        name="etl",
        flow_id=OTHER,
        tags=["b", "a"],
        state={"type": "SCHEDULED", "name": "Late", "message": "kept"},
        deployment_id=OTHER.upper(),
        work_queue_name="q",
        flow_version="1",
        start_time="now-2h",
        end_time="2026-01-31T13:00:00+01:00",
        expected_start_time="now-1d",
        next_scheduled_start_time=None,
        idempotency_key="k",
        created_by={"id": OTHER, "type": "DEPLOYMENT"},
        parameters={"x": 1},
    )
    assert run == FlowRun(
        id=ID,
        name="etl",
        flow_id=OTHER,
        tags=("b", "a"),
        state=State(StateType.SCHEDULED, "Late", message="kept"),
        deployment_id=OTHER,
        work_queue_name="q",
        flow_version="1",
        start_time=NOW - timedelta(hours=2),
        end_time=NOW,
        expected_start_time=NOW - timedelta(days=1),
        idempotency_key="k",
        created_by=CreatedBy(OTHER, "DEPLOYMENT"),
        parameters={"x": 1},
    )


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, None),
        ({"state_type": "COMPLETED"}, State(StateType.COMPLETED, "Completed")),
        ({"state_type": "SCHEDULED", "state_name": "Late"}, State(StateType.SCHEDULED, "Late")),
        ({"state": {"type": "CRASHED", "name": None}}, State(StateType.CRASHED, "Crashed")),
        ({"state": None, "state_type": None, "state_name": None}, None),
    ],
)
def test_a_state_has_two_forms(tmp_path: Path, fields: dict[str, Any], state: State | None) -> None:
    """It may be an object or two fields. A missing name is that of the type, as in Prefect."""
    assert one(tmp_path, **fields).state == state


def test_missing_ids_and_names_are_derived(tmp_path: Path) -> None:
    """The same file gives the same ones; all differ, also from those of another file."""
    runs: dict[str, Any] = {"flow_runs": [{}, {}]}
    first = load(write(tmp_path, runs)).flow_runs
    assert list(first) == list(load(write(tmp_path, runs)).flow_runs)
    assert len(first) == 2
    assert not first.keys() & load(write(tmp_path, runs, "other.json")).flow_runs.keys()
    assert all(run.name == f"flow-run-{run.id[:8]}" for run in first.values())


def test_all_formats_load_the_same(tmp_path: Path) -> None:
    """YAML, JSON, NDJSON and lists, gzipped or not, and folders of them give the same runs."""
    records = [{"id": ID, "name": "a", "start_time": "2026-01-01T00:00:00Z"}, {"id": OTHER}]
    yaml = f"flow_runs:\n- {{id: {ID}, name: a, start_time: 2026-01-01T00:00:00Z}}\n- id: {OTHER}\n"
    lines = "\n".join(map(json.dumps, records)) + "\n\n"
    files = {
        "a.json": json.dumps({"flow_runs": records}),
        "b.json": json.dumps(records),
        "c.ndjson": lines,
        "d.jsonl": "\n".join(json.dumps({"flow_runs": [record]}) for record in records),
        "e.yaml": yaml,
        "f.yml": yaml,
    }
    expected = load(write(tmp_path, files["a.json"], "a.json")).flow_runs
    for name, text in files.items():
        assert load(write(tmp_path, text, name)).flow_runs == expected, name
        gzipped = tmp_path / f"{name}.gz"
        gzipped.write_bytes(gzip.compress(text.encode()))
        assert load(gzipped).flow_runs == expected, name
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder, [records[0]], "1.json")
    write(folder, [records[1]], "2.json")
    write(folder, "not a seed", "README.md")
    write(folder, "hidden", ".hidden.json")
    assert load(folder).flow_runs == expected


def test_subflows_find_their_parents(tmp_path: Path) -> None:
    """A subflow is linked by the task run that started it, which may be in another file."""
    runs = write(tmp_path, [{"id": ID}, {"id": OTHER, "parent_task_run_id": TASK}], "r.json")
    tasks = write(tmp_path, [{"id": TASK, "flow_run_id": ID, "task_key": "t"}], "t.json")
    base = load(runs, tasks).base()
    assert base.runs[base.ordinal_by_id[OTHER]].parent_flow_run_id == ID


def test_pages_of_a_servers_answers_are_a_seed(tmp_path: Path) -> None:
    """An NDJSON file may have a list on each line, one for each page; and a byte order mark."""
    text = "\ufeff" + f'[{{"id": "{ID}"}}]\n[{{"id": "{OTHER}", "new_in_4": 1}}]\n[]\n'
    assert set(load(write(tmp_path, text, "pages.ndjson")).flow_runs) == {ID, OTHER}


def test_a_folder_that_cannot_be_read_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported like a file that cannot be read."""

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert problems(tmp_path) == [
        f"{tmp_path}: Permission denied; expected a folder that can be read"
    ]


def test_a_servers_answer_is_accepted_with_notes(tmp_path: Path) -> None:
    """A bare list may have fields of later versions, lack task runs, and have odd times."""
    answer = [
        {"id": ID, "name": "a", "parent_task_run_id": TASK, "new_in_4": 1},
        {"id": OTHER, "start_time": "2026-01-02T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"},
    ]
    loaded = load(write(tmp_path, answer))
    assert loaded.flow_runs[ID].rest == {"new_in_4": 1}
    assert [note.split(":")[0] for note in loaded.notes] == [
        "fields that Prefect 3.8 does not have were kept without a check",
        "1 subflows refer to a task run that is not in the seeds",
        "1 flow runs end before they start; kept as they are",
    ]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"flow_runs": [{"start_tme": None}]},
         ", flow_runs[0].start_tme: an unknown field; expected start_time?"),
        ({"flow_runs": [{"id": ID}, {"id": ID}]},
         f", flow_runs[1].id: {ID}, which is also the id of FILE, flow_runs[0]; expected a unique "
         "id"),
        ({"flow_runs": [{"id": ID, "parent_task_run_id": TASK}]},
         f", flow_runs[0].parent_task_run_id: {TASK}; expected the id of one of the task_runs"),
        ({"task_runs": [{"id": TASK, "flow_run_id": ID}]},
         f", task_runs[0].flow_run_id: {ID}; expected the id of one of the flow_runs"),
        ({"flow_runs": [{"flow_id": ID}], "flows": [{"id": OTHER, "name": "f"}]},
         f", flow_runs[0].flow_id: {ID}; expected the id of one of the flows"),
        ({"flow_runs": [{"deployment_id": ID}], "deployments": [{"id": OTHER}]},
         f", flow_runs[0].deployment_id: {ID}; expected the id of one of the deployments"),
        ({"flow_runs": [{"end_time": "2026-01-01T00:00:00Z", "start_time": "2026-01-02T00:00:00Z"}]
          },
         ", flow_runs[0].end_time: 2026-01-01T00:00:00Z; expected an instant not before start_time "
         "2026-01-02T00:00:00Z"),
        ({"flow_runs": [{"state_name": "Late"}]},
         ", flow_runs[0]: state_name 'Late' without a state_type; expected fields that agree"),
        ({"flow_runs": [{"state": {"type": "FAILED"}, "state_type": "COMPLETED"}]},
         ", flow_runs[0]: state_type COMPLETED but state.type FAILED; expected fields that agree"),
        ({"flow_runs": [{"state": {"type": "FAILED"}, "state_name": "x"}]},
         ", flow_runs[0]: state_name 'x' but state.name 'Failed'; expected fields that agree"),
        ({"flow_runs": [7]}, ", flow_runs[0]: 7; expected an object"),
        ({"flow_runs": {}}, ", flow_runs: {}; expected a list"),
        ({"runs": []}, f", runs: an unknown collection; expected an object of {_KINDS}, or a list "
                       "of one of these"),
        (7, f": 7; expected an object of {_KINDS}, or a list of one of these"),
    ],
)  # fmt: skip
def test_a_problem_says_where_it_is_what_was_found_and_what_was_expected(
    tmp_path: Path, document: Any, said: str
) -> None:
    """Each is one line with the file and the location in it."""
    file = write(tmp_path, document)
    assert problems(file) == [f"{file}{said}".replace("FILE", str(file))]


def test_problems_of_files_have_line_numbers(tmp_path: Path) -> None:
    """Invalid JSON or YAML is reported with line and column; other files are still read."""
    files = [
        write(tmp_path, '{"flow_runs": [}', "a.json"),
        write(tmp_path, '{"name": "a"}\n{bad\n{"tags": 1}\n', "b.ndjson"),
        write(tmp_path, "flow_runs:\n - {a: [}\n", "c.yaml"),
        write(tmp_path, "flow_runs: []\nflow_runs: []\n", "d.yaml"),
        write(tmp_path, "not gzip", "e.json.gz"),
        write(tmp_path, "x", "f.csv"),
        tmp_path / "missing.json",
    ]
    (tmp_path / "empty").mkdir()
    found = problems(*files, tmp_path / "empty")
    starts = [
        f"{files[0]}:1:16: ",
        f"{files[1]}:2:2: ",
        f"{files[1]}:3.tags: 1; expected a list of strings",
        f"{files[2]}:2:9: ",
        f"{files[3]}:2:1: the key 'flow_runs' occurs twice",
        f"{files[4]}: Not a gzipped file",
        f"{files[5]}: a file that ends in '.csv'",
        f"{files[6]}: no such file",
        f"{tmp_path / 'empty'}: a folder without a seed",
    ]
    assert len(found) == len(starts)
    for problem, start in zip(found, starts, strict=True):
        assert problem.startswith(start)


def test_files_of_the_same_name_get_different_ids(tmp_path: Path) -> None:
    """Two folders with a runs.json each load together, although neither has ids."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    runs: dict[str, Any] = {"flow_runs": [{}]}
    files = [write(tmp_path / folder, runs, "runs.json") for folder in "ab"]
    both = load(*files).flow_runs
    assert len(both) == 2
    assert both.keys() >= load(files[0]).flow_runs.keys()


def test_the_number_of_listed_problems_is_bounded(tmp_path: Path) -> None:
    """Further problems are counted."""
    with pytest.raises(SeedError, match="and 50 more") as error:
        load(write(tmp_path, {"flow_runs": [7] * (MAX_PROBLEMS + 50)}))
    assert len(error.value.problems) == MAX_PROBLEMS
    assert error.value.more == 50


def test_yaml_may_leave_times_unquoted_but_not_nest_too_deep(tmp_path: Path) -> None:
    """An unquoted time is read as a time. Very deep nesting is a problem, not a crash."""
    assert one_yaml(tmp_path, "end_time: 2026-01-31T12:00:00Z").end_time == NOW
    deep = write(tmp_path, "[" * 100_000, "deep.yaml")
    assert problems(deep)[0].startswith(str(deep))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- " * 300 + "a", "nested deeper than 200"),
        ("[" * 300 + "]" * 300, "nested deeper than 200"),
        ("\x01", "unacceptable character"),
        ("{[a]: b}", "a key that is not a string"),
        ("flow_runs: [{on: x}]", "a key that is not a string; quote it"),
        ("flow_runs: [{name: !!binary aGk=}]", "binary', which JSON does not have"),
        ("flow_runs: [&a {parameters: {a: *a}}]", "recursive"),
        ("flow_runs: [{total_run_time: .inf}]", "'.inf', which JSON does not have"),
        ("flow_runs: [{total_run_time: .nan}]", "'.nan', which JSON does not have"),
        ("flow_runs: [{name: 99999999999999999999}]", "99999999999999999999; expected a string"),
    ],
)
def test_yaml_beyond_json_is_a_problem(tmp_path: Path, text: str, said: str) -> None:
    """So is YAML that nests too deep or has unacceptable characters."""
    (problem,) = problems(write(tmp_path, text, "odd.yaml"))
    assert said in problem


def test_yaml_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    """They work in files of many records too."""
    records = "\n".join(f"- {{<<: *usual, name: run-{n}, tags: [a, b]}}" for n in range(150))
    text = f"flow_runs:\n- &usual {{state: {{type: FAILED}}}}\n{records}\n"
    runs = load(write(tmp_path, text, "many.yaml")).flow_runs.values()
    assert len(runs) == 151
    assert {run.state_name for run in runs} == {"Failed"}


def test_loading_leaves_the_garbage_collector_as_it_was(tmp_path: Path) -> None:
    """It stays off if it was off, and is on again if it was on."""
    gc.disable()
    try:
        load(write(tmp_path, []))
        assert not gc.isenabled()
    finally:
        gc.enable()
    load(write(tmp_path, []))
    assert gc.isenabled()


def one_yaml(folder: Path, line: str) -> FlowRun:
    (run,) = load(write(folder, f"flow_runs:\n- {line}\n", "one.yaml")).flow_runs.values()
    return run


def test_progress_adds_up_to_the_size_of_the_files(tmp_path: Path) -> None:
    """In the end, every byte has been reported as read."""
    lines = "\n".join(json.dumps({"name": "n" * 1000}) for n in range(9000))
    files = [write(tmp_path, lines, "a.ndjson"), write(tmp_path, [{}], "b.json")]
    read: list[int] = []
    load_seeds(files, NOW, progress=read.append)
    assert sum(read) == sum(file.stat().st_size for file in files)
    assert len(read) > 3


def test_a_population_loads_without_notes(tmp_path: Path) -> None:
    """What `seeds make` writes has neither problems nor notes."""
    lines = "\n".join(json.dumps(document) for document in generate_population(2000, seed=3))
    loaded = load(write(tmp_path, lines, "made.ndjson"))
    assert len(loaded.flow_runs) == 2000
    assert loaded.notes == []


checker = FormatChecker(formats=())
checker.checks("uuid")(
    lambda value: not isinstance(value, str) or bool(UUID_PATTERN.fullmatch(value))
)
checker.checks("date-time")(lambda value: not isinstance(value, str) or is_rfc3339(value))
validator = Draft202012Validator(json_schema(), format_checker=checker)

values = st.sampled_from(
    [None, True, 0, 1, -1, 1.0, 1.5, "", "a", ID, ID.upper(), ID.replace("-", ""), [], ["a"], [1],
     {}, {"type": "FAILED"}, {"type": "x"}, {"type": "FAILED", "name": 1}, {"name": "x"},
     {"id": ID}, {"id": "x"}, {"other": 1}, "COMPLETED", "completed", "now", "now-1d", "now-",
     "2026-01-31T12:00:00Z", "2026-01-31"],
)  # fmt: skip
fields = st.sampled_from(sorted(json_schema()["$defs"]["flow_runs"]["properties"]))


@given(field=fields, value=values)
@example(field="run_count", value=-1)
@example(field="run_count", value=1.5)
@example(field="run_count", value=2.0)
@example(field="created_by", value={"other": 1})
@example(field="state", value="FAILED")
@example(field="labels", value=3)
@example(field="labels", value={"a": [1]})
@example(field="labels", value={"a": None})
@example(field="labels", value={"a": "x", "b": 1.5, "c": True})
@example(field="empirical_policy", value=3)
@example(field="empirical_policy", value={"retries": "x"})
@example(field="empirical_policy", value={"retry_delay": 1.5})
@example(field="empirical_policy", value={"pause_keys": 3})
@example(field="empirical_policy", value={"retries": None, "pause_keys": ["a"], "resuming": True})
def test_readers_accept_what_the_schema_allows(
    tmp_path_factory: pytest.TempPathFactory, field: str, value: Any
) -> None:
    """For every field and value, the loader and the printed JSON Schema agree."""
    document = {"flow_runs": [{field: value}]}
    allowed = validator.is_valid(document)
    try:
        load(write(tmp_path_factory.getbasetemp(), document))
        problems_of_values = []
    except SeedError as error:
        # A schema cannot express references, or fields that contradict each other.
        problems_of_values = [
            problem
            for problem in error.problems
            if problem.expected != "fields that agree" and "id of one of" not in problem.expected
        ]
    assert allowed == (not problems_of_values), problems_of_values


def test_what_runs_refer_to_is_created(tmp_path: Path) -> None:
    """Flows, deployments, queues and pools that the seed does not describe get default values."""
    named = {"flow_id": OTHER, "deployment_id": TASK, "work_queue_id": OTHER}
    pooled = {"work_pool_name": "k8s", "work_queue_name": "high"}
    base = load(
        write(tmp_path, [{"id": ID, **named}, {"id": TASK, **pooled}, {"id": OTHER}])
    ).base()
    assert {flow.name for flow in base.flows.values()} == {f"flow-{OTHER[:8]}", "unknown-flow"}
    assert base.deployments[TASK].flow_id == OTHER
    assert {queue.name for queue in base.work_queues.values()} == {"default", "high"}
    assert [pool.name for pool in base.work_pools.values()] == ["k8s"]


def test_runs_refer_to_a_described_pool_by_name(tmp_path: Path) -> None:
    """They do whether the pool has an id or not."""
    runs = [{"id": ID, "work_pool_name": "k8s"}]
    for known in ({}, {"id": OTHER}):
        pools = [{"name": "k8s", "type": "kubernetes", **known}]
        deployments = [{"name": "d", "work_pool_name": "k8s", "work_queue_name": "high"}]
        document = {"flow_runs": runs, "work_pools": pools, "deployments": deployments}
        base = load(write(tmp_path, document)).base()
        ((pool_id, pool),) = base.work_pools.items()
        assert (pool.name, pool.type) == ("k8s", "kubernetes")
        assert {queue.name for queue in base.work_queues.values()} == {"default", "high"}
        assert {queue.work_pool_id for queue in base.work_queues.values()} == {pool_id}


def test_given_ids_of_pools_and_queues_are_kept(tmp_path: Path) -> None:
    """Only missing ids are derived."""
    partly = [{"id": ID, "work_pool_name": "k8s", "work_pool_id": OTHER}]
    (queue,) = load(write(tmp_path, partly)).base().work_queues.values()
    assert (queue.name, queue.work_pool_id) == ("default", OTHER)
    runs = [{"id": ID, "work_pool_name": "k8s", "work_pool_id": OTHER, "work_queue_id": TASK}]
    base = load(write(tmp_path, {"flow_runs": runs})).base()
    assert base.work_pools[OTHER].name == "k8s"
    assert list(base.work_queues) == [TASK]


def test_every_part_of_a_state_is_kept(tmp_path: Path) -> None:
    """Times among its details are read. Its id may be given as `state_id`."""
    state = {
        "type": "SCHEDULED",
        "timestamp": "now-1h",
        "data": {"a": 1},
        "state_details": {"scheduled_time": "now+1h", "cache_key": "k", "deferred": False},
        "new_in_4": 1,
    }
    run = load(write(tmp_path, [{"id": ID, "state": state, "state_id": OTHER}])).flow_runs[ID]
    assert run.state is not None
    assert (run.state.id, run.state.timestamp) == (OTHER, NOW - timedelta(hours=1))
    assert run.state.details == {"scheduled_time": NOW + timedelta(hours=1), "cache_key": "k"}
    assert (run.state.data, run.state.rest) == ({"a": 1}, {"new_in_4": 1})


@pytest.mark.parametrize("details", [7, [], {"scheduled_time": "soon"}])
def test_details_of_a_state_are_checked(tmp_path: Path, details: Any) -> None:
    """They are an object, and times among them are times."""
    state = {"type": "SCHEDULED", "state_details": details}
    (problem,) = problems(write(tmp_path, [{"id": ID, "state": state}]))
    assert "state" in problem


def test_one_path_or_several_are_loaded(tmp_path: Path) -> None:
    """As text or as a Path; without a time, relative times count from the clock."""
    one, other = tmp_path / "a.json", tmp_path / "b.yaml"
    one.write_text('[{"name": "a", "end_time": "now-1h"}]')
    other.write_text("flow_runs:\n- name: b\n")
    both: list[Any] = [str(tmp_path), (one, str(other)), iter([other, one])]
    assert [len(load_seeds(paths, NOW).flow_runs) for paths in both] == [2, 2, 2]
    assert len(load_seeds(str(one), NOW).flow_runs) == 1
    (recent,) = load_seeds(one).flow_runs.values()
    assert recent.end_time is not None
    assert datetime.now(UTC) - recent.end_time < timedelta(hours=2)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((7,), "a path of seeds is a int; expected a path or several, such as load_seeds("),
        ((b"runs.yaml",), "a path of seeds is a bytes; expected a path"),
        (({"flow_runs": []},), "a path of seeds is a dict; expected a path"),
        ((["runs.yaml", None],), "a path of seeds is a NoneType; expected a path"),
        (("runs.yaml", datetime(2026, 1, 1)), "now is datetime.datetime(2026, 1, 1, 0, 0)"),
        (("runs.yaml", "now"), "now is 'now'; expected a datetime with a time zone"),
    ],
)
def test_wrong_arguments_get_a_sentence(arguments: Any, expected: str) -> None:
    """What came, and what was expected."""
    with pytest.raises(UsageError) as caught:
        load_seeds(*arguments)
    assert expected in str(caught.value)


@pytest.mark.parametrize("records", [2, 2_000])
def test_a_state_is_given_as_the_factory_takes_it(tmp_path: Path, records: int) -> None:
    """By its type, or by a name that Prefect gives; few records or many, beside objects."""
    states = ["COMPLETED", "Late", {"type": "FAILED", "name": "Lost"}]
    file = tmp_path / "runs.json"
    file.write_text(
        json.dumps([{"name": f"{n}", "state": states[n % 3]} for n in range(3 * records)])
    )
    runs = load_seeds(file, NOW).flow_runs.values()
    assert len(runs) == 3 * records
    expected = [("COMPLETED", "Completed"), ("SCHEDULED", "Late"), ("FAILED", "Lost")]
    assert all((run.state_type, run.state_name) == expected[int(run.name) % 3] for run in runs)
    file.write_text('[{"name": "a", "state": "Lat"}]')
    with pytest.raises(SeedError, match=r'state: "Lat"; expected one of SCHEDULED, .*, Late, '):
        load_seeds(file, NOW)


def test_a_record_has_a_bounded_number_of_fields() -> None:
    """One with more is a problem, which says how many it has."""
    fields = {f"k{number}": 1 for number in range(MAX_FIELDS + 1)}
    with pytest.raises(SeedError, match="an object of 1,001 fields; expected up to 1,000 fields"):
        read_seeds({"flow_runs": [fields]}, datetime(2026, 1, 31, tzinfo=UTC), name="seed")
