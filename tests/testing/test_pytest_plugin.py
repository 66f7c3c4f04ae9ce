"""The pytest plugin, run by pytest in a process of its own, as users run it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable

import pytest

from tests.support.paths import TESTS

EXAMPLE = TESTS / "example_project"
OTHER_PLUGINS = frozenset({"anyio", "asyncio", "cov", "hypothesispytest", "schemathesis", "xdist"})


def run(pytester: pytest.Pytester, *options: str, with_: Iterable[str] = ()) -> pytest.RunResult:
    """Run the tests in pytester's folder, with only the other plugins named in `with_`."""
    disabled = [
        f"no:{name}" for name in ("cacheprovider", *sorted(OTHER_PLUGINS.difference(with_)))
    ]
    return pytester.runpytest_subprocess(*(f"-p{name}" for name in disabled), *options)


def test_the_example_project_passes(pytester: pytest.Pytester) -> None:
    """It uses files, made runs, the clock, faults and assertions, as a user writes them."""
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True)
    run(pytester).assert_outcomes(passed=8)


def test_every_kind_of_test_gets_its_own_api(pytester: pytest.Pytester) -> None:
    """Functions, asyncio, anyio and unittest tests each see only their own flow runs."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(
        """
        import asyncio, os, unittest
        import anyio, pytest

        def check(api):
            assert os.environ["PREFECT_API_URL"] == api.url
            assert os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
            assert api.add(name="mine").id == api.flow_runs[0].id
            api.post("/flow_runs/bulk_delete", {"flow_runs": {"name": {"any_": ["mine"]}}})
            api.assert_deleted({"mine"})

        @pytest.mark.parametrize("number", range(20))
        def test_sync(flow_run_api, number):
            check(flow_run_api)

        @pytest.mark.asyncio
        async def test_asyncio(flow_run_api):
            await asyncio.to_thread(check, flow_run_api)

        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_anyio(flow_run_api, anyio_backend):
            await anyio.to_thread.run_sync(check, flow_run_api)

        class TestUnittest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def api_of_this_test(self, flow_run_api):
                self.api = flow_run_api

            def test_it(self):
                check(self.api)

        @pytest.mark.usefixtures("flow_run_api")
        class TestUse(unittest.IsolatedAsyncioTestCase):
            async def test_it(self):
                assert "/sessions/" in os.environ["PREFECT_API_URL"]
        """
    )
    run(pytester, with_={"anyio", "asyncio"}).assert_outcomes(passed=24)


def test_the_environment_is_restored(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API URL, ephemeral mode and NO_PROXY are set for a test and restored after it."""
    monkeypatch.setenv("PREFECT_API_URL", "http://before.example/api")
    monkeypatch.delenv("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    monkeypatch.delenv("no_proxy", raising=False)
    pytester.makepyfile(
        """
        import os
        from urllib.request import urlopen

        def test_with(flow_run_api):
            assert os.environ["PREFECT_API_URL"] == flow_run_api.url
            assert os.environ["NO_PROXY"] == "intranet.example,127.0.0.1"
            assert urlopen(f"{flow_run_api.url}/health").read() == b"true"

        def test_without():
            assert os.environ["PREFECT_API_URL"] == "http://before.example/api"
            assert "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE" not in os.environ
            assert os.environ["NO_PROXY"] == "intranet.example"
            assert "no_proxy" not in os.environ
        """
    )
    run(pytester).assert_outcomes(passed=2)


def test_marks_and_fixtures_give_the_seeds(pytester: pytest.Pytester) -> None:
    """Marks of module, class and test add up; `reset` restores them; fixtures give settings."""
    pytester.path.joinpath("seeds").mkdir()
    pytester.path.joinpath("seeds", "runs.json").write_text('{"flow_runs": [{"name": "file"}]}')
    pytester.makepyfile(
        """
        from datetime import UTC, datetime
        import pytest

        pytestmark = pytest.mark.flow_runs("seeds/runs.json")
        NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)

        @pytest.fixture
        def flow_run_seeds():
            return [[{"name": "fixture"}]]

        @pytest.fixture
        def flow_run_dialect():
            return "prefect-sqlite@3.8.8"

        @pytest.fixture
        def flow_run_clock():
            return NOW

        @pytest.fixture
        def flow_run_settings():
            return {"max_body": 100, "journal": 2}

        def names(api):
            return {run.name for run in api.flow_runs}

        def test_module(flow_run_api):
            assert names(flow_run_api) == {"file", "fixture"}

        @pytest.mark.flow_runs({"flow_runs": [{"name": "document"}]}, [{"name": "list"}])
        class TestClass:
            @pytest.mark.flow_runs(lambda api: api.add(name=f"function-{len(api.flow_runs)}"))
            @pytest.mark.flow_runs(2, name="etl-{n}", state="Late")
            def test_all(self, flow_run_api):
                assert names(flow_run_api) == {
                    "file", "fixture", "document", "list", "etl-0", "etl-1", "function-4",
                }
                flow_run_api.post("/flow_runs/delete", {})
                flow_run_api.add(name="more")
                flow_run_api.reset()
                assert len(flow_run_api.flow_runs) == 7

        def test_settings(flow_run_api):
            assert flow_run_api.dialect.name == "prefect-sqlite@3.8.8"
            assert flow_run_api.now == NOW
            assert flow_run_api.add(ended="now-1d").end_time.day == 30
            assert flow_run_api.post("/flow_runs/count", {"limit": "1" * 100}).status == 413
            both = {"state": {"type": {"any_": ["FAILED"], "not_any_": ["FAILED"]}}}
            for _ in range(3):
                assert flow_run_api.post("/flow_runs/count", {"flow_runs": both}).reply == b"3"
            assert [one.number for one in flow_run_api.requests] == [3, 4]
        """
    )
    run(pytester).assert_outcomes(passed=3, warnings=1)


def test_ids_are_random_unless_a_fixture_gives_a_seed(pytester: pytest.Pytester) -> None:
    """Prefect keeps results by ids of runs: no test must meet those of another."""
    pytester.makepyfile(
        """
        import pytest

        SEEN = []

        @pytest.mark.parametrize("number", range(5))
        def test_random(flow_run_api, number):
            body = {"flow_id": flow_run_api.add().flow_id}
            SEEN.append(flow_run_api.post("/flow_runs/", body).reply_json["id"])
            assert len(set(SEEN)) == len(SEEN)

        class TestSeed:
            @pytest.fixture
            def flow_run_settings(self):
                return {"id_seed": "any text"}

            @pytest.mark.parametrize("number", range(2))
            def test_repeated(self, flow_run_api, number):
                SEEN.append(flow_run_api.add().id)
                assert SEEN[-1] == SEEN[5]
        """
    )
    run(pytester).assert_outcomes(passed=7)


def test_a_class_a_module_and_a_session_can_share_an_api(pytester: pytest.Pytester) -> None:
    """Each has the seeds of its marks; the variable is that of the narrowest one."""
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def flow_run_dialect():
            return "prefect-sqlite@3.8.8"
        """
    )
    pytester.makepyfile(
        test_one="""
        import os
        import pytest

        pytestmark = pytest.mark.flow_runs(name="module")

        def names(api):
            return sorted(run.name for run in api.flow_runs)

        @pytest.mark.flow_runs(name="class")
        class TestClass:
            @pytest.mark.flow_runs(name="test")
            def test_first(self, flow_run_api_class):
                assert names(flow_run_api_class) == ["class", "module"]
                flow_run_api_class.add(name="first")

            def test_second(self, flow_run_api_class, flow_run_api_module):
                assert names(flow_run_api_class) == ["class", "first", "module"]
                assert os.environ["PREFECT_API_URL"] == flow_run_api_class.url
                flow_run_api_class.reset()
                assert names(flow_run_api_class) == ["class", "module"]
                flow_run_api_module.add(name="second")

            def test_third(self, flow_run_api, flow_run_api_class):
                assert os.environ["PREFECT_API_URL"] == flow_run_api.url
                assert names(flow_run_api) == ["class", "module"]

        @pytest.mark.parametrize("number", range(20))  # sessions of tests are closed meanwhile
        def test_module(flow_run_api_module, flow_run_api_session, flow_run_api, number):
            assert os.environ["PREFECT_API_URL"] == flow_run_api.url
            assert names(flow_run_api_module) == ["module", "second"]
            flow_run_api_session.add(name="session")

        def test_session(flow_run_api_module, flow_run_api_session):
            assert os.environ["PREFECT_API_URL"] == flow_run_api_module.url
            assert flow_run_api_session.send("GET", "/health").reply == b"true"
        """,
        test_two="""
        import os

        def test_session(flow_run_api_session):
            assert os.environ["PREFECT_API_URL"] == flow_run_api_session.url
            assert flow_run_api_session.dialect.name == "prefect-sqlite@3.8.8"
            assert len(flow_run_api_session.flow_runs) == 20
        """,
    )
    run(pytester).assert_outcomes(passed=25)


def test_problems_of_a_shared_api_are_told_at_its_end(pytester: pytest.Pytester) -> None:
    """Its warnings, and what it cannot be made of, with the class, the module or the session."""
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.filterwarnings("error:no-filter:mockserver.FlowRunWarning")

        @pytest.mark.flow_runs(nmae="etl")
        class TestMisspelt:
            def test_it(self, flow_run_api_class): ...

        def test_module(flow_run_api_module):
            flow_run_api_module.post("/flow_runs/bulk_delete", {})

        def test_session(flow_run_api_session):
            flow_run_api_session.post("/flow_runs/bulk_delete", {})
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=2, errors=2)
    file = "test_problems_of_a_shared_api_are_told_at_its_end.py"
    result.stdout.fnmatch_lines(
        [
            f"{file}:1: TestMisspelt: flow_run_api_class cannot be made",
            "SeedError: add(nmae=...): an unknown field; expected name?",
            "*FlowRunWarning, which is an error here:",
            "*no-filter: *",
            "*FlowRunWarning, which is an error here:",
            "*no-filter: *",
        ]
    )


def test_requests_that_went_elsewhere_are_told(pytester: pytest.Pytester) -> None:
    """Code that keeps the URL of an earlier test sends its requests there."""
    pytester.makepyfile(
        """
        import os
        from functools import cache
        from urllib.request import urlopen

        @cache
        def api_url():
            return os.environ["PREFECT_API_URL"]

        def test_first(flow_run_api):
            assert urlopen(f"{api_url()}/health").read() == b"true"
            flow_run_api.assert_called("/health")

        def test_second(flow_run_api):
            urlopen(f"{api_url()}/health").close()
            flow_run_api.assert_called("/health")

        def test_third(flow_run_api):
            flow_run_api.add(name="a")
            flow_run_api.assert_deleted("a")

        def test_fourth(flow_run_api, monkeypatch):
            monkeypatch.setenv("PREFECT_API_URL", "http://else.example/api")
            flow_run_api.assert_called("/health")
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        [
            "E       no request came to http:*, but some came to http:*. Code that has read *",
            "E       no request came to http:*, which PREFECT_API_URL is now. Code that has read *",
            "E       no request came to http:*; PREFECT_API_URL is http://else.example/api",
        ]
    )


def test_warnings_are_shown_and_can_fail_a_test(pytester: pytest.Pytester) -> None:
    """Warnings are in pytest's summary, and errors where a filter says so."""
    pytester.makepyfile(
        """
        import pytest

        def delete(api):
            api.make(3, name="etl-{n}", state="COMPLETED")
            for _ in range(2):
                api.post("/flow_runs/bulk_delete", {"limit": 1})

        def test_shown(flow_run_api):
            delete(flow_run_api)

        @pytest.mark.filterwarnings("error::mockserver.FlowRunWarning")
        def test_failing(flow_run_api):
            delete(flow_run_api)

        @pytest.mark.filterwarnings("error:state-both-lists:mockserver.FlowRunWarning")
        @pytest.mark.filterwarnings("ignore:no-filter:mockserver.FlowRunWarning")
        def test_another(flow_run_api):
            delete(flow_run_api)

        @pytest.fixture
        def flow_run_settings():
            return {"id_seed": 2}  # etl-0 has the highest id, and etl-2 the next

        @pytest.mark.filterwarnings("ignore::mockserver.FlowRunWarning")
        def test_told(flow_run_api):
            delete(flow_run_api)
            flow_run_api.assert_deleted({"etl-0", "nope"})
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=3, failed=1, errors=1, warnings=3)
    result.stdout.fnmatch_lines(
        [
            "FlowRunWarning, which is an error here:",
            "no-filter: no condition is left in the filter: it matches everything (2 times)",
            "limit-reached: more match than the limit let be deleted; send the request *",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: the wrong flow runs were deleted",
            "E       expected, but no such flow run ever existed (1):",
            "E         'nope'",
            "E       deleted, but not expected (1):",
            "E         'etl-2' (*, Completed)",
            "E           by #2 POST /flow_runs/bulk_delete -> 200, because: every flow run",
        ]
    )
    result.stdout.fnmatch_lines(["*test_warnings_are*py:8: FlowRunWarning: no-filter: *"])
    assert "mockserver/flow_run_api.py" not in result.stdout.str()


def test_a_loop_until_nothing_is_deleted_earns_no_warning(pytester: pytest.Pytester) -> None:
    """A test warns of each filter whose last call left runs, and not of a drain that ended."""
    pytester.makepyfile(
        """
        import pytest

        pytestmark = [
            pytest.mark.filterwarnings("error::mockserver.FlowRunWarning"),
            pytest.mark.filterwarnings("ignore:no-filter:mockserver.FlowRunWarning"),
        ]

        def delete(api, **body):
            return api.post("/flow_runs/bulk_delete", {"limit": 1, **body}).reply_json["deleted"]

        def test_drain(flow_run_api):
            flow_run_api.make(3)
            while delete(flow_run_api):
                pass

        def test_moving_filter(flow_run_api):
            flow_run_api.make(3, ended="now-40d")
            for day in range(1, 4):
                end = {"before_": f"2020-01-0{day}T00:00:00Z"}
                either = {"operator": "or_", "end_time": end, "name": {"like_": "-"}}
                delete(flow_run_api, flow_runs=either)

        def test_two_drains_left(flow_run_api):
            flow_run_api.make(3, name="a")
            flow_run_api.make(3, name="b")
            for name in "abab":
                delete(flow_run_api, flow_runs={"name": {"any_": [name]}})
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["limit-reached: *is empty (2 times)", "ERROR *test_two_drains*"])


@pytest.mark.parametrize(
    ("dialect", "deleted", "outcome"),
    [
        ("prefect-sqlite@3.9.1", 1, {"passed": 1}),
        ("prefect-sqlite@3.8.8", 2, {"passed": 1, "errors": 1}),
        ("spec", 1, {"passed": 1, "errors": 1}),
    ],
)
def test_what_is_right_in_a_release_fails_no_test(
    dialect: str, deleted: int, outcome: dict[str, int], pytester: pytest.Pytester
) -> None:
    """A filter that only other releases misread is no warning; by id it is in the journal."""
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.fixture
        def flow_run_dialect():
            return "{dialect}"

        def test_it(flow_run_api):
            flow_run_api.add(state="COMPLETED")
            flow_run_api.add(state="FAILED")
            both = {{"state": {{"type": {{"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}}}}
            exchange = flow_run_api.post("/flow_runs/bulk_delete", {{"flow_runs": both}})
            assert len(exchange.deleted) == {deleted}
            assert "state-both-lists" in exchange.warnings
            assert "state-both-lists" in flow_run_api.warnings
            told = exchange.sentences["state-both-lists"]
            assert told.startswith("note: ") == ("{dialect}" == "prefect-sqlite@3.9.1")
        """
    )
    run(pytester, "-Werror").assert_outcomes(**outcome)


def test_a_release_that_was_not_measured_is_a_python_warning(pytester: pytest.Pytester) -> None:
    """It is served as the newest, and pytest's summary says so."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def flow_run_dialect():
            return "prefect-postgresql@3.12.0"

        def test_it(flow_run_api):
            version = flow_run_api.send("GET", "/admin/version").reply_json
            assert flow_run_api.dialect.name == f"prefect-postgresql@{version}"
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*UserWarning: Prefect 3.12.0 is newer than *"])


def test_an_exception_of_the_server_is_raised_in_the_test(pytester: pytest.Pytester) -> None:
    """The traceback has a note with the request that caused it."""
    pytester.makepyfile(
        """
        from mockserver.errors import NotFound

        def broken(*_):
            raise RuntimeError("broken")

        def test_it(flow_run_api, monkeypatch):
            monkeypatch.setattr(NotFound, "__init__", broken)
            flow_run_api.send("GET", "/flow_runs/00000000-0000-4000-8000-000000000000")
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["E*RuntimeError: broken", "E*while mockserver answered #1 GET /flow_runs/00000000-*-> 500"]
    )


def test_an_invalid_seed_is_an_error_of_its_test(pytester: pytest.Pytester) -> None:
    """The error has the place and what was expected; the next test is not affected."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.flow_runs(nmae="etl")
        def test_misspelt(flow_run_api): ...

        @pytest.mark.flow_runs("nope.yaml")
        def test_missing(flow_run_api): ...

        def test_good(flow_run_api):
            assert flow_run_api.flow_runs == ()
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, errors=2)
    file = "test_an_invalid_seed_is_an_error_of_its_test.py"
    result.stdout.fnmatch_lines(
        [
            "_* ERROR at setup of test_misspelt _*",
            f"{file}:3: test_misspelt: flow_run_api cannot be made",
            "SeedError: add(nmae=...): an unknown field; expected name?",
            "_* ERROR at setup of test_missing _*",
            f"{file}:6: test_missing: flow_run_api cannot be made",
            "SeedError: */nope.yaml: no such file; expected*",
        ],
        consecutive=True,
    )


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ('add(nmae="etl")', "SeedError: add(nmae=...): an unknown field"),
        ('load("nope.yaml")', "SeedError: nope.yaml: no such file"),
        ('advance("soon")', "UsageError: 'soon' is not a duration"),
        ('explain({"tags": {"not_any_": []}})', "FilterRefused: the filter is refused by spec"),
        ('fail("nope")', "UsageError: 'nope' is not a fault"),
        ('restore("nope")', "NotFound: no snapshot 'nope'"),
    ],
)
def test_the_traceback_of_a_users_error_ends_at_the_users_line(
    call: str, error: str, pytester: pytest.Pytester
) -> None:
    """What is below says nothing of it."""
    pytester.makepyfile(f"def test_it(flow_run_api):\n    flow_run_api.{call}")
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f">       flow_run_api.{call}", f"E *{error}*"], consecutive=True)


def test_a_bug_of_mockserver_is_shown_with_its_frames(pytester: pytest.Pytester) -> None:
    """It is no error of the user, who shall report it."""
    pytester.makepyfile("def test_it(flow_run_api):\n    flow_run_api._run(lambda: 1 / 0)")
    result = run(pytester)
    result.stdout.fnmatch_lines(["*flow_run_api.py:*", "*mock_server.py:*", "*ZeroDivisionError"])


def test_a_thousand_tests_on_two_workers(pytester: pytest.Pytester) -> None:
    """No test sees the flow runs or requests of another."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(1000))
        def test_it(flow_run_api, number):
            flow_run_api.make(3, name=f"etl-{number}", state="COMPLETED")
            flow_run_api.add(name=f"kept-{number}")
            done = {"state": {"type": {"any_": ["COMPLETED"]}}}
            deleted = flow_run_api.post("/flow_runs/bulk_delete", {"flow_runs": done}).deleted
            assert [run.name for run in deleted] == [f"etl-{number}"] * 3
            assert [run.name for run in flow_run_api.flow_runs] == [f"kept-{number}"]
            assert len(flow_run_api.requests) == 1
        """
    )
    run(pytester, "-n2", with_={"xdist"}).assert_outcomes(passed=1000)


def test_the_plugin_imports_nothing_before_a_fixture_is_used(pytester: pytest.Pytester) -> None:
    """A project that only has the package installed imports no aiohttp, pydantic or asyncio."""
    pytester.makepyfile(
        """
        import sys

        def test_it():
            heavy = {"aiohttp", "pydantic", "orjson", "pyroaring", "asyncio"}
            assert not heavy & set(sys.modules)
            found = {name for name in sys.modules if name.startswith("mockserver")}
            light = ("lazy_exports", "testing", "testing.pytest_plugin")
            assert found == {"mockserver", *(f"mockserver.{name}" for name in light)}
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_pytest_lists_the_marker_and_the_fixtures(pytester: pytest.Pytester) -> None:
    """`--markers` and `--fixtures` show each with its description."""
    shown = run(pytester, "--markers").stdout.str()
    assert "@pytest.mark.flow_runs(*seeds, **fields): what flow_run_api holds." in shown
    shown = run(pytester, "--fixtures").stdout.str()
    for fixture in (
        "api",
        "api_class",
        "api_module",
        "api_session",
        "seeds",
        "dialect",
        "clock",
        "settings",
        "server",
    ):
        assert re.search(rf"^flow_run_{fixture}\b.*\n +\w", shown, re.M), fixture
