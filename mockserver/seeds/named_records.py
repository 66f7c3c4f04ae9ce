"""From the names of flows and deployments to their records.

A record may give its flow and its deployment by name (`NamedRecords`). Where a flow or a deployment
of that name is described, in the seeds or in a store, it is the one that is meant; otherwise one is
created.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..errors import SeedError, SeedProblem
from ..prefect import UNKNOWN_FLOW, Deployment, Flow, FlowRun
from ..store import ColumnBuilder, FlowRunsById
from .loaded_seeds import Seeds
from .records import NamedRecords
from .steps import Steps, finish

Ids = tuple[str, str | None]
"""The ids of a flow run's flow and deployment."""


@dataclass(frozen=True, slots=True)
class FoundRecords:
    """What names stand for, by the ids derived from the names.

    `new` are those of the names of which nothing is described; `problems` says which names are
    unclear.
    """

    flow_ids: Mapping[str, str]
    deployments: Mapping[str, Deployment]
    new: NamedRecords
    problems: tuple[SeedProblem, ...]

    def ids_of(self, flow_id: str, deployment_id: str | None) -> Ids:
        """The ids that a flow run has where its record says these."""
        flow_id = self.flow_ids.get(flow_id, flow_id)
        found = self.deployments.get(deployment_id or "")
        if found is None:
            return flow_id, deployment_id
        return (found.flow_id if flow_id == UNKNOWN_FLOW.id else flow_id), found.id

    def with_flow(self, deployment: Deployment) -> Deployment:
        """A deployment that may have given its flow by name."""
        flow_id = self.flow_ids.get(deployment.flow_id)
        return deployment if flow_id is None else replace(deployment, flow_id=flow_id)


def find_named(
    named: NamedRecords, flows: Iterable[Flow], deployments: Iterable[Deployment]
) -> FoundRecords:
    """Look the names up among the flows and deployments that are described."""
    id_by_name = {flow.name: flow.id for flow in flows} if named.flows else {}
    flow_ids = {made: id_by_name.get(name, made) for made, name in named.flows.items()}
    new = NamedRecords({made: name for made, name in named.flows.items() if name not in id_by_name})
    described: defaultdict[str, list[Deployment]] = defaultdict(list)
    for one in deployments if named.deployments else ():
        flow_id = flow_ids.get(one.flow_id, one.flow_id)
        described[one.name].append(replace(one, flow_id=flow_id))
    found: dict[str, Deployment] = {}
    problems = []
    for made, (flow_id, name) in named.deployments.items():
        flow_id = flow_ids.get(flow_id, flow_id)
        fitting = [one for one in described[name] if flow_id in (UNKNOWN_FLOW.id, one.flow_id)]
        if len({one.flow_id for one in fitting}) > 1:
            came = f"the name of deployments of {len(fitting):,} flows"
            problems.append(SeedProblem(f"deployment {name!r}", came, "the flow of the run, too"))
        elif not fitting:
            new.deployments[made] = (flow_id, name)
        found[made] = fitting[0] if fitting else Deployment(made, name, flow_id)
    return FoundRecords(flow_ids, found, new, tuple(problems))


def _ids_in(runs: Mapping[str, FlowRun]) -> Iterator[Ids]:
    if isinstance(runs, FlowRunsById):
        columns = runs.columns
        return zip(columns.values("flow_id"), columns.values("deployment_id"), strict=True)
    return ((run.flow_id, run.deployment_id) for run in runs.values())


def change_runs(runs: Mapping[str, FlowRun], found: FoundRecords) -> Steps[Mapping[str, FlowRun]]:
    """The flow runs, with the flows and deployments that were found in the place of names.

    Flow runs in columns get other columns. It takes a step for each of the others.
    """
    if isinstance(runs, FlowRunsById):
        _change_columns(runs.columns, found)
        return runs
    changed = {}
    for run in runs.values():
        flow_id, deployment_id = ids = found.ids_of(run.flow_id, run.deployment_id)
        same = ids == (run.flow_id, run.deployment_id)
        changed[run.id] = (
            run if same else replace(run, flow_id=flow_id, deployment_id=deployment_id)
        )
        yield
    return changed


def _change_columns(columns: ColumnBuilder, found: FoundRecords) -> None:
    pairs = list(zip(columns.values("flow_id"), columns.values("deployment_id"), strict=True))
    ids = {pair: found.ids_of(*pair) for pair in set(pairs)}
    if pairs:
        flow_ids, deployment_ids = zip(*map(ids.__getitem__, pairs), strict=True)
        columns.by_name.update(flow_id=list(flow_ids), deployment_id=list(deployment_ids))


def describe_new(seeds: Seeds, found: FoundRecords) -> None:
    """Add the flows and deployments to seeds that are named and not described.

    A base creates the deployments that runs refer to only where seeds have none. Now they have
    some, so those that are referred to by id are added here.
    """
    for flow_id, name in found.new.flows.items():
        seeds.flows[flow_id] = Flow(flow_id, name)
    seeds.deployments = {key: found.with_flow(one) for key, one in seeds.deployments.items()}
    if found.new.deployments and not seeds.deployments:
        for flow_id, deployment_id in dict.fromkeys(_ids_in(seeds.flow_runs)):
            if deployment_id is not None and deployment_id not in found.new.deployments:
                name = f"deployment-{deployment_id[:8]}"
                seeds.deployments[deployment_id] = Deployment(deployment_id, name, flow_id)
    for deployment_id, (flow_id, name) in found.new.deployments.items():
        seeds.deployments[deployment_id] = Deployment(deployment_id, name, flow_id)
    seeds.named = found.new


def settle_names(seeds: Seeds, flows: Iterable[Flow], deployments: Iterable[Deployment]) -> Seeds:
    """The seeds, where flows and deployments of a store may be those that they give by name.

    Raises SeedError for a name that is unclear.
    """
    if not seeds.named:
        return seeds
    found = find_named(seeds.named, flows, deployments)
    if found.problems:
        raise SeedError(list(found.problems))
    known = (seeds.named.flows.keys() - found.new.flows.keys()) | (
        seeds.named.deployments.keys() - found.new.deployments.keys()
    )
    return replace(
        seeds,
        flow_runs=finish(change_runs(seeds.flow_runs, found)),
        flows={key: one for key, one in seeds.flows.items() if key not in known},
        deployments={
            key: found.with_flow(one) for key, one in seeds.deployments.items() if key not in known
        },
        named=found.new,
    )
