"""What the kit has made on a server, on disk: what one run could not take away, the next one does.

Every flow run that `diff` makes is of a flow that it has made, and the name of the flow is written
down before it is made: the names are enough to find everything again. What `fuzz` makes is written
down by its path as soon as it is known.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import quote
from uuid import uuid4

from ...errors import UsageError
from .target import PAGE, HTTPStatusError, Target, TargetError, id_of

FLOW_NAME_PREFIX = "mockserver-kit"
"""How the names of the kit's flows begin."""


def default_folder(environment: Mapping[str, str]) -> Path:
    """Where journals are, unless the user says: the user's folder for what programs remember."""
    state_home = environment.get("XDG_STATE_HOME")
    return (Path(state_home) if state_home else Path.home() / ".local" / "state") / "mockserver"


@dataclass
class CleanupJournal:
    """One run of the kit against one server, and the flows it has made there.

    As a context manager it takes everything away at the end, whatever ended it, and is gone then.
    """

    target: Target
    path: Path
    names: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @classmethod
    def create(cls, target: Target, folder: Path) -> CleanupJournal:
        """A new one on disk. Raises UsageError where it cannot be written."""
        journal = cls(target, folder / f"{os.getpid()}-{uuid4().hex[:8]}.ndjson")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            journal._write({"url": target.url, "pid": os.getpid()})
        except OSError as error:
            raise UsageError(
                f"cannot keep a journal in {folder}: {error.strerror or error}; "
                "name another folder with --journal"
            ) from None
        return journal

    def __enter__(self) -> CleanupJournal:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        try:
            with self.target.without_limits():
                self.delete_all()
        except TargetError:
            # The journal stays, and the next run will try again. What ended this one comes first.
            if error is None:
                raise

    def create_flow(self) -> str:
        """Make a flow for runs to be of; returns its id. Raises TargetError."""
        name = f"{FLOW_NAME_PREFIX}-{uuid4().hex}"
        self._write({"flow": name})
        self.names.append(name)
        return id_of(self.target.request_json("POST", "/flows/", {"name": name}))

    def record_path(self, path: str) -> None:
        """Write down a record that was made, by its path, such as /flow_runs/ID or /flows/ID."""
        self._write({"path": path})
        self.paths.append(path)

    def delete_all(self) -> int:
        """Take everything away: task runs with their flow runs, then the flows, then what a server
        keeps of their states' data; then the journal.

        Returns how many flow runs there were. Raises TargetError, and can be called again.
        """
        flow_runs = sum(_delete_flow(self.target, name) for name in self.names)
        flow_runs += _remove_records(self.target, "flow_runs", self.paths)
        _remove_records(self.target, "flows", self.paths)
        for kind in ("flow_run", "task_run"):
            _remove_artifacts(self.target, kind, self.paths)
        self.path.unlink(missing_ok=True)
        return flow_runs

    def _write(self, value: object) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")


def _delete_flow(target: Target, name: str) -> int:
    """Take one flow away, with its flow runs, each by its own id and no filter."""
    try:
        flow = id_of(target.request_json("GET", f"/flows/name/{quote(name)}"))
    except HTTPStatusError as refused:
        if refused.answer.status == 404:
            return 0
        raise
    removed: set[str] = set()
    while page := target.request_json(
        "POST", "/flow_runs/filter", {**filter_by_flows([flow]), "limit": PAGE}
    ):
        for run in page:
            flow_run_id = id_of(run)
            if flow_run_id in removed:
                raise TargetError(f"{target.url} says it has deleted {flow_run_id}, and has not")
            delete_flow_run(target, flow_run_id)
            removed.add(flow_run_id)
    target.request_json("DELETE", f"/flows/{flow}")
    return len(removed)


def _remove_records(target: Target, kind: str, paths: Sequence[str]) -> int:
    """Take those of a kind away that are still there; returns how many that were."""
    removed = 0
    for ids in _id_batches(kind, paths):
        for record in target.request_json("POST", f"/{kind}/filter", {kind: {"id": {"any_": ids}}}):
            _delete_if_present(target, f"/{kind}/{id_of(record)}")
            removed += 1
    return removed


def _remove_artifacts(target: Target, kind: str, paths: Sequence[str]) -> None:
    """Take away what a real server keeps of the data of states, also when their runs are gone."""
    for ids in _id_batches(f"{kind}s", paths):
        artifact_filter = {f"{kind}_id": {"any_": ids}}
        try:
            artifacts = list(target.iter_records("/artifacts/filter", artifacts=artifact_filter))
        except HTTPStatusError as refused:
            if refused.answer.status in (404, 501):  # a server without any
                return
            raise
        for artifact in artifacts:
            _delete_if_present(target, f"/artifacts/{id_of(artifact)}")


def _id_batches(kind: str, paths: Sequence[str]) -> Iterator[list[str]]:
    """Ids of those of a kind, as many at a time as a page has."""
    ids = [path.rpartition("/")[2] for path in paths if path.startswith(f"/{kind}/")]
    yield from (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))


def delete_flow_run(target: Target, flow_run_id: str) -> None:
    """Delete one flow run; it may be gone already. Raises TargetError."""
    _delete_if_present(target, f"/flow_runs/{flow_run_id}")


def _delete_if_present(target: Target, path: str) -> None:
    try:
        target.request_json("DELETE", path)
    except HTTPStatusError as refused:
        if refused.answer.status != 404:
            raise


def filter_by_flows(flow_ids: list[str]) -> dict[str, object]:
    """What restricts a listing to the flow runs of these flows, beside any filter of flow runs."""
    return {"flows": {"id": {"any_": flow_ids}}}


def delete_leftovers(target: Target, folder: Path) -> int:
    """Take away what runs that were cut off have left on this server; returns how many flow runs.

    Raises TargetError.
    """
    return sum(journal.delete_all() for journal in _leftover_journals(target, folder))


def _leftover_journals(target: Target, folder: Path) -> Iterator[CleanupJournal]:
    for path in sorted(folder.glob("*.ndjson")) if folder.is_dir() else ():
        lines = []
        for line in path.read_text("utf-8", errors="replace").splitlines():
            with suppress(ValueError):  # a last line that was cut off
                lines.append(json.loads(line))
        if not all(isinstance(line, dict) for line in lines):
            continue  # somebody else's file
        head = lines[0] if lines else {}
        if head.get("url") == target.url and not _is_process_alive(head.get("pid")):
            names = [line["flow"] for line in lines if "flow" in line]
            yield CleanupJournal(
                target, path, names, [line["path"] for line in lines if "path" in line]
            )


def _is_process_alive(pid: object) -> bool:
    """Whether a process still is. Leftovers are looked for before this one begins a journal: one
    with its number is of another that had it, as in containers all have.
    """
    if not isinstance(pid, int) or pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
