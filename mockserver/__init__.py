"""A stand-in for Prefect's flow-run API: bulk_delete from seeded flow runs, exactly.

Light to import: each public name is loaded when it is first used; none but MockServer needs
aiohttp.
"""

from importlib import import_module

TYPE_CHECKING = False  # as typing says it; to import that takes longer than all else here
if TYPE_CHECKING:
    from .dialects import DIALECTS as DIALECTS
    from .dialects import Dialect as Dialect
    from .errors import FlowRunWarning as FlowRunWarning
    from .errors import MockServerError as MockServerError
    from .errors import SeedError as SeedError
    from .filters import FlowRunFilter as FlowRunFilter
    from .flow_run_api import FlowRunApi as FlowRunApi
    from .index import Base as Base
    from .journal import Exchange as Exchange
    from .mock_server import MockServer as MockServer
    from .operations import bulk_delete as bulk_delete
    from .parameters import BulkDeleteRequest as BulkDeleteRequest
    from .predicates import compile_filter as compile_filter
    from .runs import FlowRun as FlowRun
    from .runs import TaskRun as TaskRun
    from .seeds import load_seeds as load_seeds
    from .store import Store as Store

__version__ = "0.1.0"

_ROOMS = {
    "Base": "index",
    "BulkDeleteRequest": "parameters",
    "DIALECTS": "dialects",
    "Dialect": "dialects",
    "Exchange": "journal",
    "FlowRun": "runs",
    "FlowRunFilter": "filters",
    "FlowRunApi": "flow_run_api",
    "FlowRunWarning": "errors",
    "MockServer": "mock_server",
    "MockServerError": "errors",
    "SeedError": "errors",
    "Store": "store",
    "TaskRun": "runs",
    "bulk_delete": "operations",
    "compile_filter": "predicates",
    "load_seeds": "seeds",
}

__all__ = ["__version__", *_ROOMS]


def __getattr__(name: str) -> object:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module 'mockserver' has no attribute {name!r}")
    return getattr(import_module(f".{room}", __name__), name)
