"""What the documents of older releases of Prefect say differently from openapi.yaml, as data.

openapi.yaml follows the document of the newest release. An `Overlay` is a JSON Merge Patch
(RFC 7396) that makes an older one of it. Only differences of structure count: the texts of
openapi.yaml are its own, and name the releases that they are about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .releases import release_key


@dataclass(frozen=True, slots=True)
class Overlay:
    """A difference of all releases older than `since`, the first that says what openapi.yaml does.

    `patch` is merged into the document: null removes a key, a list replaces a list.
    """

    since: str
    patch: Mapping[str, Any]

    def applies_to(self, release: str) -> bool:
        """Whether the document of a release needs it. Raises ValueError for no release."""
        return release_key(release) < release_key(self.since)


_INCREMENT = (
    "Body_bulk_increment_active_slots_with_lease_v2_concurrency_limits_increment_with_lease_post"
)

OVERLAYS: Sequence[Overlay] = (
    # Prefect: schemas/sorting.py, TaskRunSort.
    Overlay(
        "3.9.1",
        {
            "components": {
                "schemas": {
                    "TaskRunSort": {
                        "enum": [
                            "ID_DESC",
                            "EXPECTED_START_TIME_ASC",
                            "EXPECTED_START_TIME_DESC",
                            "NAME_ASC",
                            "NAME_DESC",
                            "NEXT_SCHEDULED_START_TIME_ASC",
                            "END_TIME_DESC",
                        ]
                    }
                }
            }
        },
    ),
    # Prefect: api/concurrency_limits_v2.py. Older ones say `min_items`, which is no keyword.
    Overlay(
        "3.9.0",
        {"components": {"schemas": {_INCREMENT: {"properties": {"names": {"minItems": None}}}}}},
    ),
    # Prefect: api/admin.py.
    Overlay(
        "3.7.0",
        {
            "paths": {"/admin/storage": None},
            "components": {"schemas": {"ServerDefaultResultStorage": None}},
        },
    ),
    # Prefect: schemas/filters.py, TaskRunFilter.
    Overlay(
        "3.6.22",
        {
            "components": {
                "schemas": {
                    "TaskRunFilter": {"properties": {"end_time": None}},
                    "TaskRunFilterEndTime": None,
                }
            }
        },
    ),
)
"""Every difference between the documents of the measured releases, in the operations that
openapi.yaml has."""


def apply_overlays(document: Mapping[str, Any], release: str) -> Mapping[str, Any]:
    """The newest document as it is for a release. The given one is not changed; parts are shared.

    Raises ValueError for what is no release.
    """
    document = merge_patch(document, {"info": {"version": release}})
    for overlay in OVERLAYS:
        if overlay.applies_to(release):
            document = merge_patch(document, overlay.patch)
    return document


def merge_patch(target: Any, patch: Any) -> Any:
    """A JSON value with a JSON Merge Patch applied (RFC 7396, section 2); `target` stays as it is.

    Both are values as a JSON parser returns them.
    """
    if not isinstance(patch, Mapping):
        return patch
    kept = target if isinstance(target, Mapping) else {}
    merged = {key: value for key, value in kept.items() if patch.get(key, ...) is not None}
    for key, value in patch.items():
        if value is not None:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
