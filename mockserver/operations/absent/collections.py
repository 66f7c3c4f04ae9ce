"""Views of the registry of collections, which a real server fetches or has in files.

Only the workers' view says anything: which types of work pools there are.
"""

from __future__ import annotations

from typing import Any

from ...errors import NotFound
from .. import Context, Outcome

# Prefect: api/collections.py, KNOWN_VIEWS.
_VIEWS = frozenset(
    {
        "aggregate-block-metadata",
        "aggregate-flow-metadata",
        "aggregate-worker-metadata",
        "demo-flows",
    }
)
# Prefect: api/collections_data/views/aggregate-worker-metadata.json, without `process`, which
# every client has itself.
_WORKERS = {
    "prefect-aws": ("ecs",),
    "prefect-azure": ("azure-container-instance",),
    "prefect-docker": ("docker",),
    "prefect-gcp": ("cloud-run", "cloud-run-v2", "vertex-ai"),
    "prefect-kubernetes": ("kubernetes",),
}


def read_view(_context: Context, view: str) -> Outcome:
    """Read a view: an empty object, but for that of the workers.

    Raises NotFound for a view that no server has.
    """
    if view not in _VIEWS:
        raise NotFound(f"View {view} not found in registry")
    return Outcome(_workers() if view == "aggregate-worker-metadata" else {})


def _workers() -> dict[str, dict[str, dict[str, Any]]]:
    """The types of workers by the package that has them.

    Their job templates are empty: the first worker of a pool puts its own into an empty one
    (Prefect: workers/base.py, BaseWorker.sync_with_backend).
    """
    return {
        package: {
            kind: {
                "type": kind,
                "default_base_job_configuration": {},
                "install_command": f"pip install {package}",
                "is_beta": False,
            }
            for kind in kinds
        }
        for package, kinds in _WORKERS.items()
    }
