"""`Seeds`: the checked records of seed files, from which a store's base is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from ..prefect import Deployment, Flow, FlowRun, TaskRun, WorkPool, WorkQueue
from ..prefect.objects import (
    Artifact,
    ArtifactCollection,
    BlockDocument,
    BlockSchema,
    BlockType,
    ConcurrencyLimit,
    Log,
    Variable,
    Worker,
)
from ..store import Base, FlowRunsById, RecordsById
from .records import OBJECT_FIELDS, NamedRecords

# A record as an object takes 1.5 KB (measured).
MAX_EAGER_RUNS = 10_000
"""Up to so many records are made at once; of more, each is made when it is asked for."""
_OBJECTS = tuple(name for name in OBJECT_FIELDS if name != "logs")


@dataclass(slots=True)
class Seeds:
    """The checked records of seed files, by id.

    `notes` are sentences about what was accepted although it may surprise. `loaded_at` is the
    instant that relative times refer to. `named` are the flows and deployments that are known by
    nothing but the names that runs give.
    """

    flow_runs: Mapping[str, FlowRun] = field(default_factory=dict)
    task_runs: Mapping[str, TaskRun] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    work_pools: dict[str, WorkPool] = field(default_factory=dict)
    work_queues: dict[str, WorkQueue] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    block_types: dict[str, BlockType] = field(default_factory=dict)
    block_schemas: dict[str, BlockSchema] = field(default_factory=dict)
    block_documents: dict[str, BlockDocument] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    artifact_collections: dict[str, ArtifactCollection] = field(default_factory=dict)
    concurrency_limits: dict[str, ConcurrencyLimit] = field(default_factory=dict)
    workers: dict[str, Worker] = field(default_factory=dict)
    logs: dict[str, Log] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    loaded_at: datetime | None = None
    named: NamedRecords = field(default_factory=NamedRecords)

    def base(self) -> Base:
        """The base of a store that starts with these records."""
        runs, task_runs = self.flow_runs, self.task_runs
        large = task_runs if isinstance(task_runs, RecordsById) else None
        rows = runs.rows if isinstance(runs, FlowRunsById) else runs.values()
        return Base(
            rows if len(runs) > MAX_EAGER_RUNS else iter(rows),
            large if large and len(large) > MAX_EAGER_RUNS else task_runs.values(),
            flows=self.flows.values(),
            deployments=self.deployments.values(),
            work_pools=self.work_pools.values(),
            work_queues=self.work_queues.values(),
            objects=chain.from_iterable(getattr(self, name).values() for name in _OBJECTS),
            logs=self.logs.values(),
            loaded_at=self.loaded_at,
        )
