"""The command line for all that is no flow run: deployments, pools, queues, variables, limits, ...

Claim: on both servers each command ends with the same exit code and prints the same, apart from
ids, times and ages. What a command leaves behind is seen by those after it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from terminal import ENVIRONMENT, Terminal

os.environ.update(ENVIRONMENT)

# The environment comes first; the commands of a group are in a module of its own.
import prefect.cli.block
import prefect.cli.deploy
import prefect.cli.deployment
import prefect.cli.events
import prefect.cli.shell
import prefect.cli.work_pool  # noqa: F401
from observations import Observations

UNKNOWN = str(UUID(int=0xDEAD, version=4))
FILES = {
    "flows.py": """
from prefect import flow

@flow(name="{token}")
def etl(n: int = 1, greeting: str = "hello") -> None:
    "Extracts."
""",
    "prefect.yaml": """
pull: []
deployments:
- name: nightly
  entrypoint: flows.py:etl
  tags: [a, b]
  version: "7"
  parameters: {{n: 5}}
  schedules:
  - {{cron: "0 2 * * *", timezone: Europe/Berlin, slug: night}}
  work_pool: {{name: "{token} pool", work_queue_name: fast, job_variables: {{env: {{A: b}}}}}}
  concurrency_limit: {{limit: 2, collision_strategy: CANCEL_NEW}}
""",
    "blocks.py": """
from prefect.blocks.core import Block

class Thing(Block):
    "A thing."
    _block_type_slug = "{token}"
    _block_type_name = "{token}"
    size: int = 1
""",
}


def variables(token: str) -> Iterator[str]:
    name = token.replace("-", "_")
    yield f"variable set {name} 1 --tag t1"
    yield f"variable set {name} 2"
    yield f'variable set {name} {{"x":[1,null,true]}} --overwrite --tag t2'
    yield "variable set Not.Good 1"
    yield "variable ls --limit 200"
    yield f"variable get {name}"
    yield f"variable inspect {name}"
    yield f"variable inspect {name} --output json"
    yield from (f"variable unset {name}" for _ in range(2))
    yield f"variable get {name}/x"


def pools(token: str) -> Iterator[str]:
    pool = f"{token}~pool"
    yield f"work-pool create {pool} --type process"
    yield f"work-pool create {pool} --type process"
    yield f"work-pool create {token}-docker --type docker --paused"
    yield f"work-pool create {token} --type nonsense"
    yield f"work-pool update {pool} --description d --concurrency-limit 3"
    yield f"work-pool update {pool} --concurrency-limit -1"
    yield f"work-pool inspect {pool} --output json"
    yield f"work-pool pause {pool}"
    yield f"work-pool inspect {pool}"
    yield f"work-pool resume {pool}"
    yield f"work-pool clear-concurrency-limit {pool}"
    yield f"work-queue create fast --pool {pool} --priority 1 --limit 5"
    yield f"work-queue create fast --pool {pool}"
    yield f"work-queue create a/b --pool {pool}"
    yield f"work-queue ls --pool {pool} --verbose"
    yield f"work-queue pause default --pool {pool}"
    yield f"work-queue inspect default --pool {pool}"
    yield f"work-queue set-concurrency-limit fast 7 --pool {pool}"
    yield f"work-queue preview fast --pool {pool}"
    yield f"work-queue read-runs fast --pool {pool}"
    yield f"work-queue inspect nope --pool {pool}"
    yield f"work-queue inspect {UNKNOWN}"
    yield f"work-pool delete {token}-docker"
    yield f"work-pool delete {token}-docker"


def limits(token: str) -> Iterator[str]:
    yield f"concurrency-limit create {token} 3"
    yield f"concurrency-limit create {token} -1"
    yield f"concurrency-limit inspect {token}"
    yield f"concurrency-limit reset {token}"
    yield f"global-concurrency-limit create {token} --limit 3 --active-slots 1"
    yield f"global-concurrency-limit create {token} --limit 3"
    yield f"global-concurrency-limit update {token} --limit 9 --disable"
    yield f"global-concurrency-limit inspect {token} --output json"
    yield "global-concurrency-limit ls"
    yield f"global-concurrency-limit enable {token}"
    yield f"global-concurrency-limit update {token} --limit -2"
    for group in ("concurrency-limit", "global-concurrency-limit"):
        yield from (f"{group} delete {token}" for _ in range(2))


def blocks_and_events(token: str) -> Iterator[str]:
    yield "block register --file blocks.py"
    yield f"block type inspect {token}"
    yield f"block inspect {token}/nope"
    yield f"block delete {token}/nope"
    yield f"block type delete {token}"
    yield f"block type delete {token}"
    yield "block type delete secret"
    yield f"events emit my.event --resource-id {token}"
    yield "events emit my.event"
    yield f"artifact inspect {token}"
    yield f"artifact delete --id {UNKNOWN}"
    yield f"automation inspect --id {UNKNOWN}"
    yield f"automation pause --id {UNKNOWN}"
    yield f"automation delete {token}"
    yield f"task-run inspect {UNKNOWN}"
    yield f"task-run logs {UNKNOWN}"


def deployments(token: str) -> Iterator[str]:
    nightly = f"{token}/nightly"
    yield from ("deploy --all" for _ in range(2))
    yield f"deploy flows.py:etl --name a/b --pool {token}~pool"
    yield f"deploy flows.py:etl --name cli --pool {token}~pool --interval 60 --param n=4 --tag one"
    yield f"deploy flows.py:etl --name bad --pool {token}~pool --cron nonsense"
    yield f"deployment ls {token}"
    yield f"deployment inspect {nightly}"
    yield f"deployment inspect {token}/nope"
    yield f"deployment schedule create {nightly} --rrule FREQ=DAILY --timezone Asia/Tokyo"
    yield f"deployment schedule create {nightly} --interval 0"
    yield f"deployment schedule ls {nightly}"
    yield f"deployment schedule delete {nightly} {UNKNOWN} --accept-yes"
    yield f"deployment schedule clear {nightly} --accept-yes"
    yield f"deployment run {nightly} --param n=7 --tag t --flow-run-name {token}-one"
    yield f"deployment run {nightly} --param n=many --flow-run-name {token}-two"
    yield f"deployment run {token}/cli --start-in 2~hours --flow-run-name {token}-three"
    yield f"work-pool preview {token}~pool --hours 5"
    yield f"flow-run ls --flow-name {token}"
    yield f"flow-run retry {token}-one"
    yield f"shell watch echo~hello --flow-name {token} --flow-run-name {token}-sh --tag a"
    yield f"deployment delete {nightly}"
    yield f"deployment delete {nightly}"
    yield f"deployment delete {token}/cli"
    yield f"work-pool delete {token}~pool"


def main() -> None:
    """Run the commands, and print what was observed."""
    seen = Observations("objects")
    for name, text in FILES.items():
        Path(name).write_text(text.format(token=seen.token))
    terminal = Terminal(seen)
    for commands in (variables, pools, limits, blocks_and_events, deployments):
        for line in commands(seen.token):
            # `~` is a space within a word.
            terminal.run(*(word.replace("~", " ") for word in line.split()))
    seen.print_all()


if __name__ == "__main__":
    main()
