"""Comparing a whole document with openapi.yaml as it is for a release of Prefect.

The release is the one that the caller names, else the one that the document names, else the one
whose openapi.yaml differs least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import UsageError
from ...prefect import measured_release, openapi, unmeasured_note
from .changes import Change, ChangeKind, Side
from .documents import Operation, find_path_prefix, operations_by_key, strip_path_prefix
from .known_drift import KNOWN_DRIFT, KnownDrift
from .operation_comparison import compare_operations
from .schema_comparison import Comparison


@dataclass(frozen=True, slots=True)
class DocumentComparison:
    """What came of comparing a document with openapi.yaml for `release`.

    `mine` and `theirs` are the operations of both documents, whose paths in theirs begin with
    `path_prefix`; `shared` is how many of mine both have. `expected` are the differences that are
    known for the release. `notes` are sentences about the choice of the release.
    """

    release: str
    comparison: Comparison
    mine: Mapping[str, Operation]
    theirs: Mapping[str, Operation]
    path_prefix: str
    shared: int
    expected: Sequence[KnownDrift]
    notes: tuple[str, ...] = ()

    def unknown_changes(self) -> list[Change]:
        """The changes that no known difference covers."""
        return [
            change
            for change in self.comparison.changes
            if not any(known.covers(change) for known in self.expected)
        ]


def compare_with_release(
    document: Mapping[str, Any], release: str | None = None
) -> DocumentComparison:
    """Compare a document that has `paths` with openapi.yaml for a release, or for the one it is of.

    Raises DocumentError if it cannot be understood.
    """
    release = release or _release_named_in(document)
    if release is not None:
        note = unmeasured_note(release)
        return _compare(document, measured_release(release), (note,) if note else ())
    # Of those that fit equally well, the newest; also if it has nothing in common with any.
    return min(
        (_compare(document, one, (_fit_note(one),)) for one in openapi.distinct_releases()),
        key=lambda compared: len(compared.unknown_changes()) if compared.shared else 0,
    )


def info_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `info` of a document; empty if it has none."""
    info = document.get("info")
    return info if isinstance(info, Mapping) else {}


def _release_named_in(document: Mapping[str, Any]) -> str | None:
    """The release of a document, None if it names none that has bulk_delete.

    Prefect: api/server.py, create_app has its own version as the version of the document.
    """
    version = str(info_of(document).get("version"))
    try:
        measured_release(version)
    except UsageError:
        return None
    return version


def _fit_note(release: str) -> str:
    return (
        "the document names no release of Prefect that has bulk_delete: it is compared with that "
        f"of {release}, which fits best"
    )


def _compare(
    document: Mapping[str, Any], release: str, notes: tuple[str, ...]
) -> DocumentComparison:
    ours = openapi.document(release)
    comparison = Comparison(ours, document)
    mine, theirs = operations_by_key(ours), operations_by_key(document)
    path_prefix = find_path_prefix(mine, theirs)
    shared = _compare_all(comparison, mine, strip_path_prefix(theirs, path_prefix))
    # Our own document, which a mock publishes, has none of the differences of Prefect's.
    is_ours = info_of(document).get("title") == info_of(ours).get("title")
    expected = () if is_ours else tuple(one for one in KNOWN_DRIFT if one.is_expected_in(release))
    return DocumentComparison(
        release, comparison, mine, theirs, path_prefix, shared, expected, notes
    )


def _compare_all(
    comparison: Comparison, mine: Mapping[str, Operation], theirs: Mapping[str, Operation]
) -> int:
    """Compare each of our operations with theirs; return how many both have."""
    for key, operation in mine.items():
        if key in theirs:
            compare_operations(comparison, operation, theirs[key])
        else:
            change = Change(
                ChangeKind.REMOVED, str(operation), "operation", "is not in the document"
            )
            comparison.add_change(change, Side.REQUEST)
    return len(mine.keys() & theirs.keys())
