"""Artifacts: results that runs show, and the latest of each key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a run shows: a table, a text, a link. Several can have the same key, or none.

    Those without key and type hold the data of states, such as where a result was stored.
    """

    id: str
    key: str | None
    type: str | None
    description: str | None
    data: Any
    metadata_: Mapping[str, str] | None
    flow_run_id: str | None
    task_run_id: str | None
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class ArtifactCollection:
    """The artifacts with a key, as the latest of them is. There is one for each key."""

    id: str
    key: str
    latest_id: str
    type: str | None
    description: str | None
    data: Any
    metadata_: Mapping[str, str] | None
    flow_run_id: str | None
    task_run_id: str | None
    created: datetime
    updated: datetime
