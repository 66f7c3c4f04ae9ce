"""Seeds: from files to the flow runs that a store starts with.

Comes in: YAML, JSON, NDJSON or packed files, or a number of runs to make up. Goes out: `Seeds`,
whole and checked, or a `SeedError` that lists every problem with its place.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .files import PACKED_SUFFIX, ProgressCallback, find_seed_files
from .loading import Seeds, load_seeds, read_seeds
from .records import COLLECTIONS, FLOW_RUN_FIELDS, OPEN_COLLECTIONS, build_record, json_schema
from .strict_yaml import InvalidYamlError, read_yaml

if TYPE_CHECKING:
    from .packed import pack
    from .population import generate_population

__getattr__ = lazy_exports(
    __name__,
    {
        "packed": ("pack",),
        "population": ("generate_population",),
    },
)
