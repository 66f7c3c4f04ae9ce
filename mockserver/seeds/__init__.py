"""Seeds: the flow runs that a store starts with, read from files or made up.

Comes in: YAML, JSON, NDJSON and packed files (`load_seeds`), a value in memory (`read_seeds`),
or a number of runs to make up (`generate_population`).
Goes out: `Seeds`, complete and checked, or a `SeedError` that lists each problem with its place.

`files` reads files to raw records, and `records` says what a record may hold. `record_loader` reads
records one by one and reports what is wrong; large files take the faster path in `bulk`.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .files import (
    PACKED_SUFFIX,
    BoundedReader,
    InvalidJsonError,
    InvalidYamlError,
    ProgressCallback,
    UnreadableFileError,
    check_json,
    find_seed_files,
    has_unique_keys,
    open_regular,
)
from .loaded_seeds import Seeds
from .loading import collector_paused, load_seeds, read_seeds, read_seeds_in_steps
from .named_records import settle_names
from .record_loader import MAX_PROBLEMS
from .records import (
    COLLECTIONS,
    FLOW_RUN_FIELDS,
    OBJECT_CLASSES,
    OBJECT_FIELDS,
    OPEN_COLLECTIONS,
    SHOWN_ONLY,
    UNIQUE,
    build_record,
    count_records,
    json_schema,
    linking_id,
    write_object,
)
from .steps import Steps, finish

if TYPE_CHECKING:
    from .files import pack_seeds, read_yaml
    from .population import generate_population

__getattr__ = lazy_exports(
    __name__,
    {
        "files": ("pack_seeds", "read_yaml"),
        "population": ("generate_population",),
    },
)
