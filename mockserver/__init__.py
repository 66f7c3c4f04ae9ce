"""A stand-in for Prefect's flow-run API: bulk_delete from seeded flow runs, exactly.

The folders, each of which uses only those after it:

    cli            the command line
    contract       the contract kit: does a server keep the contract?
    testing        what a test sees: MockServer, FlowRunApi, the pytest plugin
    http           the aiohttp application, its one handler, the control API
    worlds         a store with its clock, journal and faults; sessions
    insight        what a filter would do and why: explanations, comparing releases
    operations     what each endpoint does, without HTTP; the table of endpoints
    seeds          from files to the records of a store
    store          flow runs in memory: columns, bitmaps, segments
    requests       from bytes to a request model, under a dialect
    orchestration  what becomes of a proposed state
    filters        filters and what they mean
    prefect        Prefect's own words: records, releases, dialects, deviations, the document
    rendering      how a report looks: on a terminal, as an HTML page

docs/architecture.md says more. The package is light to import: each public name is loaded when it
is first used, and none but MockServer needs aiohttp.
"""

from .lazy_exports import lazy_exports

TYPE_CHECKING = False  # as typing says it; importing that takes longer than all else here
if TYPE_CHECKING:
    from .errors import FlowRunWarning as FlowRunWarning
    from .errors import MockServerError as MockServerError
    from .errors import SeedError as SeedError
    from .filters import FlowRunFilter as FlowRunFilter
    from .filters import compile_filter as compile_filter
    from .insight.explanation import Explanation as Explanation
    from .insight.explanation import explain as explain
    from .operations import bulk_delete as bulk_delete
    from .prefect import DIALECTS as DIALECTS
    from .prefect import RELEASES as RELEASES
    from .prefect import Dialect as Dialect
    from .prefect import FlowRun as FlowRun
    from .prefect import TaskRun as TaskRun
    from .prefect import find_dialect as find_dialect
    from .requests import BulkDeleteRequest as BulkDeleteRequest
    from .seeds import load_seeds as load_seeds
    from .store import Base as Base
    from .store import Store as Store
    from .testing import FlowRunApi as FlowRunApi
    from .testing import MockServer as MockServer
    from .worlds import Exchange as Exchange

__version__ = "0.1.0"

_EXPORTS = {
    "errors": ("FlowRunWarning", "MockServerError", "SeedError"),
    "filters": ("FlowRunFilter", "compile_filter"),
    "insight.explanation": ("Explanation", "explain"),
    "operations": ("bulk_delete",),
    "prefect": ("DIALECTS", "RELEASES", "Dialect", "FlowRun", "TaskRun", "find_dialect"),
    "requests": ("BulkDeleteRequest",),
    "seeds": ("load_seeds",),
    "store": ("Base", "Store"),
    "testing": ("FlowRunApi", "MockServer"),
    "worlds": ("Exchange",),
}

__all__ = ["__version__", *(name for names in _EXPORTS.values() for name in names)]

__getattr__ = lazy_exports(__name__, _EXPORTS)
