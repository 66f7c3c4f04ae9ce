"""The part `copy`: what a copy of a server costs, by the number of its flow runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.results import Table, Target
from benchmarks.servers import processes
from mockserver.remote import PartialFile, ReadClient, WorkspaceCopy

# A page holds 200 runs, so that a thousand need five; the others count.
MAX_REQUESTS = 12
MAX_GROWTH = 1.5


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """Copy mocks with more and more runs: the requests must grow with the runs, and no faster."""
    table = Table(
        "Copy: all that a mock holds, over HTTP",
        ("runs", "requests", "a thousand runs", "seconds", "runs/s"),
        left=0,
    )
    by_size: dict[int, float] = {}
    for runs in dict.fromkeys((effort.sizes[0], 10 * effort.sizes[0], effort.sizes[-1])):
        log_progress(f"copy, {runs:,} runs")
        requests, seconds = _copy(seeds.lines(runs))
        by_size[runs] = requests / runs * 1000
        table.add(
            f"{runs:,}",
            f"{requests:,}",
            f"{by_size[runs]:.1f}",
            f"{seconds:.1f}",
            f"{runs / seconds:,.0f}",
        )
    yield table
    largest, smallest = by_size[max(by_size)], by_size[min(by_size)]
    yield Target(
        "requests for a thousand runs of the largest server",
        f"at most {MAX_REQUESTS}",
        f"{largest:.1f}",
        largest <= MAX_REQUESTS,
    )
    if len(by_size) > 1:
        yield Target(
            "the same, beside the smallest server",
            f"at most {MAX_GROWTH} times",
            f"{largest / smallest:.2f} times",
            largest <= MAX_GROWTH * smallest,
        )


def _copy(lines: Path) -> tuple[int, float]:
    """Copy a mock that serves these runs; returns requests and seconds."""
    with (
        processes.run_server(processes.mock_command(lines)) as mock,
        TemporaryDirectory() as folder,
        PartialFile(Path(folder, "copy"), {}) as partial,
    ):
        client = ReadClient(f"http://{mock.host}:{mock.port}", {})
        begun = time.perf_counter()
        asyncio.run(_run(client, partial))
        return client.sent, time.perf_counter() - begun


async def _run(client: ReadClient, partial: PartialFile) -> None:
    async with client:
        await WorkspaceCopy(client, partial).run()
