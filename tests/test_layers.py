"""The house is what architecture says: rooms by rank, light to enter."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mockserver
from mockserver.endpoints import ENDPOINTS

PACKAGE = Path(mockserver.__file__).parent
RANKS = {
    "errors": 0, "runs": 0, "dialects": 0, "instants": 0, "resources": 0, "plain_yaml": 0,
    "unmodelled": 0, "prefect_settings": 0, "compact": 0,
    "fields": 1, "openapi": 1, "like": 1, "population": 1, "shelf": 1,
    "rules": 1, "columns": 1, "plain": 1, "rows": 1, "clock": 1, "faults": 1,
    "settings": 1, "sets": 1,
    "filters": 2, "seed_fields": 2, "names": 2, "orchestration": 2,
    "records": 3, "parameters": 3, "side_filters": 3, "predicates": 3,
    "bodies": 4, "drafts": 4, "decoding": 4, "bitmaps": 4, "cautions": 4, "packed": 4,
    "tables": 4,
    "grams": 5, "reading": 5, "seed_files": 5, "lines": 5,
    "index": 6, "bulk": 6,
    "layers": 7, "seeds": 7,
    "store": 8,
    "operations": 9, "joins": 9, "replies": 9, "context": 9, "journal": 9,
    "queries": 10, "states": 10, "leases": 10, "factory": 10, "bases": 10, "expectations": 10,
    "history": 11, "changes": 11, "documents": 11, "worlds": 11,
    "creation": 12, "flow_run_api": 12,
    "recorder": 13, "endpoints": 13,
    "events": 14, "guard": 14, "answers": 14, "progress": 14, "sessions": 14, "orders": 14,
    "log_lines": 14,
    "wire": 15, "control_worlds": 15,
    "control_journal": 16, "intake": 16,
    "control": 17,
    "app": 18,
    "server": 19,
    "serving": 20, "mock_server": 20,
    "contract/findings": 20, "contract/target": 20,
    "contract/permission": 21, "contract/census": 21,
    "contract/schemas": 20, "contract/changes": 20,
    "contract/bounds": 21, "contract/pairing": 21, "contract/known_drift": 21,
    "contract/documents": 21, "contract/comparison": 22, "contract/calls": 23,
    "contract/drift": 24,
    "contract/untrusted": 20, "contract/summary": 21,
    "contract/junit": 22, "contract/json_report": 22, "contract/github": 22,
    "contract/html_page": 22, "contract/console": 22,
    "contract/report": 23,
    "contract/words": 20, "contract/copying": 20, "contract/live": 20,
    "contract/search": 21, "contract/spawn": 21,
    "contract/vocabulary": 21, "contract/twin": 21, "contract/detect": 21,
    "contract/journal": 21, "contract/meanings": 22, "contract/planting": 22,
    "contract/opening": 22, "contract/drawing": 23, "contract/coverage": 23,
    "contract/differences": 23, "contract/selections": 24, "contract/deletions": 25,
    "contract/diff": 26,
    "contract/verify": 30, "contract/flags": 38, "contract/cli": 39,
    "contract/checks": 21, "contract/standins": 21, "contract/campaign": 21,
    "contract/crowd": 22, "contract/meeting": 22, "contract/expected": 22,
    "contract/watch": 23, "contract/probes": 23,
    "contract/gate": 24, "contract/drills": 24,
    "contract/fuzz": 25, "contract/st_hooks": 25,
    "pytest_plugin": 40, "commands": 40, "cli": 41, "__main__": 42,
}  # fmt: skip
FIRST_RANK_OF = {
    "aiohttp": 14, "typer": 38, "rich": 14, "requests": 20, "hypothesis": 20, "schemathesis": 20,
    "pytest": 40,
}  # fmt: skip
MODULES = sorted(file for file in PACKAGE.rglob("*.py") if file.stem != "__init__")


def room(file: Path) -> str:
    """A module by its name in the table of ranks."""
    return file.relative_to(PACKAGE).with_suffix("").as_posix()


def imports(file: Path) -> set[str]:
    """Modules that a file imports, wherever in it; its own package's as `room` names them."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            folder = file.parents[node.level - 1].relative_to(PACKAGE)
            found |= {(folder / name.replace(".", "/")).as_posix() for name in names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize("file", MODULES, ids=room)
def test_a_module_imports_only_lower_ranks(file: Path) -> None:
    """Arrows point down, and the core has no HTTP."""
    rank = RANKS[room(file)]
    for name in imports(file):
        if name in RANKS:
            assert RANKS[name] < rank, f"{room(file)} imports {name}"
        assert FIRST_RANK_OF.get(name, 0) <= rank, f"{room(file)} imports {name}"


def test_every_module_has_a_rank() -> None:
    """A new room is put on the map, and a room that is gone is taken off."""
    assert set(map(room, MODULES)) == set(RANKS)


def modules_after(program: str) -> set[str]:
    program += "; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = {"aiohttp", "jsonschema", "schemathesis", "pydantic", "yaml", "typer", "rich", "pendulum"}


def test_importing_the_package_is_light() -> None:
    """`import mockserver` brings in nothing heavy."""
    assert not modules_after("import mockserver") & HEAVY


def test_the_core_needs_no_web_server() -> None:
    """Deleting from a store in memory never imports aiohttp."""
    program = "from mockserver import Base, Store, bulk_delete, BulkDeleteRequest, DIALECTS"
    assert not modules_after(program) & {"aiohttp", "jsonschema", "typer", "rich", "pendulum"}


def test_serving_imports_no_more_than_it_needs() -> None:
    """What only tests, odd times and other commands need is not paid for at each start."""
    program = "import mockserver.cli, mockserver.serving"
    loaded = modules_after(program)
    assert not loaded & {"jsonschema", "schemathesis", "pendulum", "hypothesis", "msgspec"}
    assert not loaded & {
        f"mockserver.{room}" for room in ("bodies", "queries", "changes", "events", "control")
    }


def test_every_endpoint_finds_its_verb_and_body() -> None:
    """They are named in a table, and looked up when they are first asked for."""
    for endpoint in ENDPOINTS:
        assert callable(endpoint.call)
        assert (endpoint.model is None) == (endpoint.body is None)


def test_public_names_are_there() -> None:
    """Every name that the package says it has can be had; others are an AttributeError."""
    for name in mockserver.__all__:
        assert getattr(mockserver, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        mockserver.nonsense  # noqa: B018
