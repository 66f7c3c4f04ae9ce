"""Put records with given ids and times into the database of a Prefect server.

    PYTHON insert_records.py < RECORDS

PYTHON has Prefect, and the environment its settings. RECORDS is JSON, lists of records as replies
show them: `{"flows": [...], "flow_runs": [...], ...}`. The API chooses ids and times itself, so
this writes with Prefect's own tables, which know the types and defaults of their columns in every
release. What is no column is left out.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from prefect.server.database.dependencies import provide_database_interface

Record = dict[str, Any]

# A record is inserted before what it refers to by these; they are set when all is there.
REFERENCES = ("default_queue_id", "parent_task_run_id", "state_id")
# Names of columns that replies have under other names.
RENAMED = {"deployments": {"job_variables": "infra_overrides"}}
TABLES = {
    "work_pools": "WorkPool",
    "work_queues": "WorkQueue",
    "flows": "Flow",
    "deployments": "Deployment",
    "flow_runs": "FlowRun",
    "task_runs": "TaskRun",
    "flow_run_states": "FlowRunState",
    "task_run_states": "TaskRunState",
}


def typed(column: sa.Column[Any], value: Any) -> Any:
    """A value of a reply as its column takes it."""
    if value is None:
        return None
    if "TIMESTAMP" in str(column.type):
        return datetime.fromisoformat(value)
    if "UUID" in type(column.type).__name__:
        return UUID(value)
    if isinstance(column.type, sa.Interval):
        return timedelta(seconds=value)
    return value


def row(table: sa.Table, record: Record) -> Record:
    """The columns of a table that a record has. A null that a column refuses is left out."""
    return {
        column.name: typed(column, record[column.name])
        for column in table.columns
        if column.name in record and (column.nullable or record[column.name] is not None)
    }


def states_of(runs: list[Record], owner: str) -> list[Record]:
    """The states of runs, as records of their own."""
    return [{**run["state"], owner: run["id"]} for run in runs if run.get("state")]


def with_timestamp(run: Record) -> Record:
    """A run with the time of its state, from which the estimates of a running one are counted."""
    at = (run.get("state") or {}).get("timestamp") or datetime.now(UTC).isoformat()
    return {**run, "state_timestamp": at}


async def insert(records: dict[str, list[Record]]) -> None:
    """Insert all records in one transaction."""
    db = provide_database_interface()
    for kind, owner in (("flow_run", "flow_run_id"), ("task_run", "task_run_id")):
        runs = records.get(f"{kind}s", [])
        records[f"{kind}_states"] = states_of(runs, owner)
        records[f"{kind}s"] = [with_timestamp(run) for run in runs]
    async with db.session_context(begin_transaction=True) as session:
        later = []
        for name, model in TABLES.items():
            table = getattr(db, model).__table__
            for record in records.get(name, ()):
                values = row(
                    table,
                    {RENAMED.get(name, {}).get(key, key): value for key, value in record.items()},
                )
                links = {key: values.pop(key) for key in REFERENCES if values.get(key)}
                await session.execute(sa.insert(table).values(values))
                if links:
                    later.append(sa.update(table).where(table.c.id == values["id"]).values(links))
        for statement in later:
            await session.execute(statement)


if __name__ == "__main__":
    asyncio.run(insert(json.load(sys.stdin)))
