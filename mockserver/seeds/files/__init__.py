"""Seed files: found, opened within bounds, and read to records that are not checked yet.

Comes in: paths. Goes out: documents, chunks of large files and the columns of packed ones; or
problems, each with its place. `packed` writes packed files, too.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports
from .bounded_files import (
    CHUNK_BYTES,
    BoundedReader,
    InvalidYamlError,
    UnreadableFileError,
    open_regular,
)
from .chunks import ElementChunk, LineChunk
from .raw_records import Batch, Location, PackedColumns, RawRecord, is_record, json_excerpt
from .reading import ProgressCallback, read_batches
from .seed_files import PACKED_SUFFIX, ReportProblem, find_seed_files
from .strict_json import InvalidJsonError, check_json, has_unique_keys, read_json
from .yaml_lines import with_yaml_lines

if TYPE_CHECKING:
    from .packed import pack_seeds
    from .strict_yaml import read_yaml

__getattr__ = lazy_exports(__name__, {"packed": ("pack_seeds",), "strict_yaml": ("read_yaml",)})
