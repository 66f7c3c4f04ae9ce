"""The folders keep the rules of docs/architecture.md: their order, their exports, light imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import mockserver
from mockserver.operations.endpoints import ENDPOINTS
from tests.support import folder_rules as rules

# Top to bottom: a folder imports only from folders below it. The files in FILES count as folders
# of their own and are imported by name, because any folder may need them.
ORDER = (
    "__main__",
    "cli",
    "cli.reports",
    "cli.output",
    "cli.program",
    "contract.verify",
    "contract",
    "contract.merging",
    "contract.accepted",
    "contract.report",
    "contract.fuzz",
    "contract.explanations",
    "contract.exchanges",
    "contract.related",
    "contract.diff",
    "contract.drift",
    "contract.server",
    "contract.findings",
    "contract.shards",
    "rehearsal",
    "testing",
    "remote",
    "web",
    "web.views",
    "web.exchange",
    "http",
    "http.control",
    "http.sockets",
    "http.exchange",
    "worlds",
    "insight.deletion_report",
    "insight.related_explanation",
    "insight.explanation",
    "insight",
    "operations.endpoints",
    "operations.related_deletes",
    "operations.events",
    "operations.validation",
    "operations.limits",
    "operations.deployments",
    "operations.work_pools",
    "operations.logs",
    "operations.pauses",
    "operations.task_runs",
    "operations.variables",
    "operations.blocks",
    "operations.absent",
    "operations.artifacts",
    "operations.server",
    "operations.flows",
    "operations",
    "seeds",
    "seeds.bulk",
    "seeds.files",
    "seeds.records",
    "store",
    "store.indexes",
    "store.columns",
    "requests.objects",
    "requests",
    "orchestration",
    "background_tasks",
    "events",
    "filters",
    "parameters",
    "templates",
    "schedules",
    "prefect.objects",
    "prefect",
    "rendering",
    "errors",
    "resources",
    "",
    "lazy_exports",
)
FILES = ("contract.findings", "contract.shards", "errors", "lazy_exports", "resources")
# Users copy it into their projects, so it imports even its own folder as others do.
COPIED = "contract.fuzz.st_hooks"
# The folders that may import a package; packages that are not listed may be imported anywhere.
ALLOWED = {
    "aiohttp": {
        *("remote", "http", "http.control", "http.exchange", "http.sockets", "testing"),
        *("contract.fuzz", "web", "web.exchange", "web.views"),
    },
    "jinja2": {"templates", "web.exchange"},
    "typer": {"cli", "cli.program"},
    "rich": {
        "cli.output",
        "cli.program",
        "contract",
        "contract.report",
        "contract.verify",
        "rendering",
    },
    "requests": {"contract.server", "contract.fuzz"},
    "hypothesis": {"contract.diff"},
    "schemathesis": {"contract.fuzz"},
    "pytest": {"testing"},
    "jsonschema": {"prefect", "parameters", "contract.merging"},
    "msgspec": {"seeds.bulk", "seeds.files"},
    "pyroaring": {"store", "store.indexes"},
    "pydantic": {
        *("filters", "requests", "requests.objects", "operations", "operations.endpoints"),
        *("operations.task_runs", "web.views"),
    },
}
PACKAGE = rules.Package.read(Path(mockserver.__file__).parent)


def test_a_folder_uses_only_folders_below_it() -> None:
    """So the core has no HTTP, and nothing imports the command line."""
    assert list(rules.upward_imports(PACKAGE, ORDER)) == []


def test_every_folder_has_its_place_in_the_order() -> None:
    """A new folder must be added to the table, and a removed one taken out."""
    assert list(rules.unlisted_folders(PACKAGE, ORDER)) == []


def test_folders_are_imported_from_not_their_files() -> None:
    """Other folders import only what a folder's `__init__` exports."""
    assert list(rules.imports_past_init(PACKAGE, FILES)) == []


def test_no_files_import_each_other() -> None:
    """There is an import order of all files, even counting imports inside functions."""
    assert list(rules.import_cycles(PACKAGE)) == []


def test_no_folder_has_too_many_files() -> None:
    """A reader can grasp a folder at a glance."""
    assert list(rules.oversized_folders(PACKAGE)) == []


def test_every_folder_says_what_it_is() -> None:
    """Its `__init__` says in at least three lines what it is, what comes in, and what goes out."""
    assert list(rules.undocumented_folders(PACKAGE)) == []


@pytest.mark.parametrize("folder", [n for n, f in PACKAGE.files.items() if f.stem == "__init__"])
def test_lazy_exports_match_those_for_type_checkers(folder: str) -> None:
    """The names in `lazy_exports` are those that the TYPE_CHECKING block imports."""
    checked, listed = rules.lazy_names(PACKAGE, folder)
    assert checked == listed


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_other_packages_are_used_where_they_belong(name: str) -> None:
    """HTTP stays in http, the command line in cli, and so on."""
    users = {
        file if file in ORDER else PACKAGE.folder_of(file)
        for file in PACKAGE.files
        if name in PACKAGE.outside(file)
    }
    assert users <= ALLOWED[name]


def test_every_exported_name_is_used() -> None:
    """A folder exports only what another folder imports, or what the package makes public."""
    used = {
        (one.module, name)
        for file in PACKAGE.files
        for one in PACKAGE.imports(file, for_types=True)
        for name in (one.names or (one.module.rpartition(".")[2],))
        if PACKAGE.folder_of(file) != one.module or file == COPIED
    }
    modules = [one for file in PACKAGE.files for one in PACKAGE.imports(file) if not one.names]
    for one in modules:
        parent, _, module = one.module.rpartition(".")
        used |= {(parent, module), *((one.module, n) for n in PACKAGE.attributes(one.file, module))}
    for endpoint in ENDPOINTS:
        folder, _, model = f"requests.{endpoint.body}".rpartition(".")
        used.add((folder, model))
    public = rules.lazy_names(PACKAGE, "")[1]
    for folder in {PACKAGE.folder_of(name) for name in PACKAGE.files} - {""}:
        for name in PACKAGE.exports(folder):
            assert (folder, name) in used or f"{folder}.{name}" in public, f"{folder}: {name}"


Tree = dict[str, str]
DOCSTRING = '"""One.\n\nTwo.\n\nThree.\n"""\n'


def package(folder: Path, files: Tree) -> rules.Package:
    for name, text in files.items():
        file = folder / "made" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return rules.Package.read(folder / "made")


BROKEN: dict[str, tuple[Callable[[rules.Package], Iterable[str]], Tree, str]] = {
    "a step up": (
        lambda made: rules.upward_imports(made, ("top", "low", "")),
        {"__init__.py": "", "top/__init__.py": "X = 1", "low/__init__.py": "from ..top import X"},
        "low imports top, which is not below low",
    ),
    "a step up inside a function": (
        lambda made: rules.upward_imports(made, ("top", "low", "")),
        {
            "__init__.py": "",
            "top/__init__.py": "X = 1",
            "low/__init__.py": "",
            "low/a.py": "def f():\n    from ..top import X",
        },
        "low.a imports top, which is not below low",
    ),
    "a folder without a place": (
        lambda made: rules.unlisted_folders(made, ("",)),
        {"__init__.py": "", "new/__init__.py": ""},
        "new has no place in the order",
    ),
    "a place without a folder": (
        lambda made: rules.unlisted_folders(made, ("", "gone")),
        {"__init__.py": ""},
        "gone is in the order and does not exist",
    ),
    "an import from a file": (
        lambda made: rules.imports_past_init(made, ()),
        {
            "__init__.py": "",
            "top/__init__.py": "",
            "top/a.py": "from ..low.b import X",
            "low/__init__.py": "",
            "low/b.py": "X = 1",
        },
        "top.a imports from low.b, not from its folder",
    ),
    "a name that is not exported": (
        lambda made: rules.imports_past_init(made, ()),
        {"__init__.py": "", "top/__init__.py": "", "top/a.py": "from ..low import X",
         "low/__init__.py": "from .b import Y", "low/b.py": "X = Y = 1"},
        "top.a imports X, which low does not export",
    ),
    "a cycle": (
        rules.import_cycles,
        {"__init__.py": "", "a.py": "from .b import X", "b.py": "def f():\n    from .a import Y"},
        "a -> b -> a",
    ),
    "too many files": (
        lambda made: rules.oversized_folders(made, 2),
        {"__init__.py": "", "a.py": "", "b.py": "", "c.py": ""},
        "made holds 3 files",
    ),
    "too short a docstring": (
        rules.undocumented_folders,
        {"__init__.py": DOCSTRING, "low/__init__.py": '"""Low."""'},
        "low has a docstring of fewer than three lines",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_each_rule_can_fail(case: str, tmp_path: Path) -> None:
    """Each rule names what breaks it."""
    rule, files, complaint = BROKEN[case]
    assert complaint in list(rule(package(tmp_path, files)))


def modules_after(program: str) -> set[str]:
    """The modules that a Python process has loaded after running a program."""
    program += "; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = {"aiohttp", "jsonschema", "schemathesis", "pydantic", "yaml", "typer", "rich", "pendulum"}


def test_importing_the_package_is_light() -> None:
    """`import mockserver` loads no heavy package."""
    assert not modules_after("import mockserver") & HEAVY


def test_the_core_needs_no_web_server() -> None:
    """Deleting from a store in memory never imports aiohttp."""
    program = "from mockserver import Base, Store, bulk_delete, BulkDeleteRequest, DIALECTS"
    assert not modules_after(program) & {"aiohttp", "jsonschema", "typer", "rich", "pendulum"}


def test_serving_imports_no_more_than_it_needs() -> None:
    """Packages for tests, unusual times and other commands are not loaded at each start."""
    program = "import mockserver.cli.serve, mockserver.cli.run_server"
    loaded = modules_after(program)
    assert not loaded & {"jsonschema", "schemathesis", "pendulum", "hypothesis", "msgspec"}
    late = ("requests.query_bodies", "operations.queries", "operations.update", "http.control")
    assert not loaded & {f"mockserver.{file}" for file in late}


def test_every_endpoint_resolves_its_function_and_model() -> None:
    """A table names them, and they are imported when they are first used."""
    for endpoint in ENDPOINTS:
        assert callable(endpoint.call)
        assert (endpoint.model is None) == (endpoint.body is None)


def test_public_names_can_be_imported() -> None:
    """Every name in `__all__` can be imported; other names raise AttributeError."""
    for name in mockserver.__all__:
        assert getattr(mockserver, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        mockserver.nonsense  # noqa: B018
