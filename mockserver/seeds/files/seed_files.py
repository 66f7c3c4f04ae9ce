"""Which files are seeds: those that are named, and those in folders; formats by suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from .bounded_files import MAX_FILES, other_kind

YAML = frozenset({".yaml", ".yml"})
JSON = frozenset({".json"})
LINES = frozenset({".ndjson", ".jsonl"})
PACKED_SUFFIX = ".packed"
PACKED = frozenset({PACKED_SUFFIX})
FORMATS = YAML | JSON | LINES | PACKED
# Bytes of a file that is read as a whole; chosen. YAML takes a hundred times its size in memory.
MOST_BYTES = {**dict.fromkeys(YAML, 16 << 20), **dict.fromkeys(JSON, 1 << 30)} | {
    PACKED_SUFFIX: 4 << 30
}
_EXPECTED_FILE = (
    "a seed: a file that ends in .yaml, .yml, .json, .ndjson or .jsonl (and .gz) or .packed, "
    "or a folder"
)
ReportProblem = Callable[[object, str, str], None]
"""Called with a problem: where it is, what was found there, what was expected."""


def find_seed_files(paths: Iterable[Path], report: ReportProblem) -> Iterator[Path]:
    """The seed files among the paths. A folder gives the seed files in it, sorted by name."""
    found = _iterate_seed_files(paths, report)
    yield from islice(found, MAX_FILES)
    if next(found, None) is not None:
        report("the seeds", f"more than {MAX_FILES:,} files", "fewer, larger files")


def _iterate_seed_files(paths: Iterable[Path], report: ReportProblem) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            children = _seed_files_in(path, report)
        elif path.exists() and format_suffix(path) not in FORMATS:
            report(path, f"a file that ends in {path.suffix!r}", _EXPECTED_FILE)
            continue
        else:
            children = [path]
        yield from (child for child in children if _is_regular(child, report))


def _seed_files_in(folder: Path, report: ReportProblem) -> Sequence[Path]:
    """What has the name of a seed file in a folder, sorted. Folders inside it are not entered."""
    try:
        found = sorted(child for child in folder.iterdir() if format_suffix(child) in FORMATS)
    except OSError as error:
        report(folder, error.strerror or str(error), "a folder that can be read")
        return ()
    if not found:
        report(folder, "a folder without a seed", _EXPECTED_FILE)
    return found


def _is_regular(path: Path, report: ReportProblem) -> bool:
    """Whether a path is a regular file, or leads to one; reports it if not."""
    try:
        kind = other_kind(path.stat().st_mode)
    except FileNotFoundError:
        kind = "no such file"
    except OSError as error:  # a link that leads to itself, a folder that may not be entered
        kind = error.strerror or str(error)
    if kind is not None:
        report(path, kind, _EXPECTED_FILE)
    return kind is None


def format_suffix(path: Path) -> str:
    """The suffix without `.gz`: `.ndjson` of `runs.ndjson.gz`. Empty for a hidden file."""
    if path.name.startswith("."):
        return ""
    stem = path.with_suffix("") if path.suffix == ".gz" else path
    return stem.suffix.lower()
