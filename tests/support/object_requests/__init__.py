"""Requests to the endpoints of all other objects, in groups: one module for each family.

In: the requests of `endpoint_requests`, whose workspace these need, too.
Out: `GROUPS`. Each group is a story of its own; names with `<u>` are its own, too. What real
servers answered is in tests/data/releases/objects.json, as recorded_answers.py describes.
"""

from collections.abc import Mapping, Sequence
from types import ModuleType

from tests.support.endpoint_requests import ApiRequest
from tests.support.object_requests import (
    absent,
    artifacts,
    blocks,
    deployment_limits,
    deployments,
    events,
    flows,
    graphs,
    histories,
    limits,
    logs,
    pauses,
    related_deletes,
    scheduled_runs,
    schemas,
    server,
    task_cache,
    task_run_states,
    task_runs,
    templates,
    ui,
    variables,
    work_pools,
)

FAMILIES: Sequence[ModuleType] = (
    absent,
    artifacts,
    blocks,
    deployment_limits,
    deployments,
    events,
    flows,
    graphs,
    histories,
    limits,
    logs,
    pauses,
    related_deletes,
    scheduled_runs,
    schemas,
    server,
    task_cache,
    task_run_states,
    task_runs,
    templates,
    ui,
    variables,
    work_pools,
)
GROUPS: Mapping[str, Sequence[ApiRequest]] = {
    name: tuple(requests) for family in FAMILIES for name, requests in family.REQUESTS.items()
}
"""The requests of each group, in the order in which they are sent."""
GROUPS_BY_FAMILY: Sequence[Sequence[str]] = [tuple(family.REQUESTS) for family in FAMILIES]
"""The names of the groups, family by family."""
