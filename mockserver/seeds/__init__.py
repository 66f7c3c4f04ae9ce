"""Seeds: the flow runs that a store starts with, read from files or made up.

Comes in: YAML, JSON, NDJSON and packed files (`load_seeds`), a value in memory (`read_seeds`),
or a number of runs to make up (`generate_population`).
Goes out: `Seeds`, complete and checked, or a `SeedError` that lists each problem with its place.

`record_fields` lists the fields of each kind of record, `field_types` what a field may hold.
`loading` reads records one by one and reports what is wrong. Large files take a faster path, the
`bulk_*` modules, which read valid records column by column; tests hold both to the same result.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .bounded_files import BoundedReader, InvalidYamlError, UnreadableFileError, open_regular
from .files import PACKED_SUFFIX, ProgressCallback, find_seed_files
from .loading import (
    MAX_PROBLEMS,
    Seeds,
    collector_paused,
    load_seeds,
    read_seeds,
    read_seeds_in_steps,
)
from .record_fields import COLLECTIONS, FLOW_RUN_FIELDS, OPEN_COLLECTIONS, build_record, json_schema
from .steps import Steps, finish
from .strict_json import InvalidJsonError, check_json, has_unique_keys

if TYPE_CHECKING:
    from .packed import pack_seeds
    from .population import generate_population
    from .strict_yaml import read_yaml

__getattr__ = lazy_exports(
    __name__,
    {
        "packed": ("pack_seeds",),
        "population": ("generate_population",),
        "strict_yaml": ("read_yaml",),
    },
)
