"""Views of the registry of collections, which a real server fetches or has in files: all empty."""

from __future__ import annotations

from ...errors import NotFound
from .. import Context, Outcome

# Prefect: api/collections.py, KNOWN_VIEWS. Without workers in them, clients offer those that are
# installed beside them.
_VIEWS = frozenset(
    {
        "aggregate-block-metadata",
        "aggregate-flow-metadata",
        "aggregate-worker-metadata",
        "demo-flows",
    }
)


def read_view(_context: Context, view: str) -> Outcome:
    """Read a view: an empty object. Raises NotFound for one that no server has."""
    if view not in _VIEWS:
        raise NotFound(f"View {view} not found in registry")
    return Outcome({})
