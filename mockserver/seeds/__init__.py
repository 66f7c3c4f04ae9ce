"""Seeds: from files to the flow runs that a store starts with.

Comes in: YAML, JSON, NDJSON or packed files, or a number of runs to make up. Goes out: `Seeds`,
whole and checked, or a `SeedError` that lists every problem with its place.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .files import SUFFIX, Progress, seed_files
from .loading import Seeds, load_seeds, read_seeds
from .records import COLLECTIONS, FLOW_RUN, OPEN, build, json_schema
from .strict_yaml import BadYaml, read_yaml

if TYPE_CHECKING:
    from .packed import pack
    from .population import population

__getattr__ = lazy_exports(
    __name__,
    {
        "packed": ("pack",),
        "population": ("population",),
    },
)
