"""A journal on disk of what the kit created on a server, so that all of it can be deleted.

What a run cannot delete, because it was killed or the server did not answer, the next run deletes.

Every flow run that `diff` creates belongs to a flow that `diff` created. The flow's name is written
to the journal before the flow is created, so the names are enough to find everything again. What
`fuzz` creates is written by its path, as soon as the path is known.
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
"""The prefix of the names of the kit's flows."""


def default_folder(environment: Mapping[str, str]) -> Path:
    """The folder of the journals unless the user names one: below XDG_STATE_HOME, which is
    ~/.local/state by default (XDG Base Directory Specification).
    """
    state_home = environment.get("XDG_STATE_HOME")
    return (Path(state_home) if state_home else Path.home() / ".local" / "state") / "mockserver"


@dataclass
class CleanupJournal:
    """What one run of the kit created on one server.

    `path` is the file. `names` are the names of the flows it created, `paths` the API paths of
    single records, such as /flow_runs/ID.

    As a context manager it deletes everything when the block ends, however it ends, and then
    the file.
    """

    target: Target
    path: Path
    names: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @classmethod
    def create(cls, target: Target, folder: Path) -> CleanupJournal:
        """Start a new journal in `folder`. Raises UsageError if it cannot be written."""
        journal = cls(target, folder / f"{os.getpid()}-{uuid4().hex[:8]}.ndjson")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            journal._write({"url": target.url, "pid": os.getpid()})
        except OSError as error:
            raise UsageError(
                f"cannot write a journal to {folder}: {error.strerror or error}; "
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
            # The file stays, so the next run tries again. An error of the block itself matters
            # more than this one.
            if error is None:
                raise

    def create_flow(self) -> str:
        """Create a flow for flow runs to belong to; return its id. Raises TargetError."""
        name = f"{FLOW_NAME_PREFIX}-{uuid4().hex}"
        self._write({"flow": name})  # first, so that a killed run leaves no unknown flow
        self.names.append(name)
        return id_of(self.target.request_json("POST", "/flows/", {"name": name}))

    def record_path(self, path: str) -> None:
        """Write down a created record by its path, such as /flow_runs/ID or /flows/ID."""
        self._write({"path": path})
        self.paths.append(path)

    def delete_all(self) -> int:
        """Delete everything from the server, then the journal file.

        Flow runs go first (their task runs go with them), then flows, then artifacts.
        Returns how many flow runs were deleted. Raises TargetError, and may be called again then.
        """
        flow_runs = sum(_delete_flow(self.target, name) for name in self.names)
        flow_runs += _remove_records(self.target, "flow_runs", self.paths)
        _remove_records(self.target, "flows", self.paths)
        for kind in ("flow_run", "task_run"):
            _remove_artifacts(self.target, kind, self.paths)
        self.path.unlink(missing_ok=True)
        return flow_runs

    def _write(self, value: object) -> None:
        # Opened for each line, so that a killed process loses none that was written.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")


def _delete_flow(target: Target, name: str) -> int:
    """Delete one flow and its flow runs, each by its id; return how many runs there were.

    Never by a filter: a server that gets filters wrong would delete the runs of others.
    """
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
                raise TargetError(
                    f"{target.url} still lists {flow_run_id} after it said it was deleted"
                )
            delete_flow_run(target, flow_run_id)
            removed.add(flow_run_id)
    target.request_json("DELETE", f"/flows/{flow}")
    return len(removed)


def _remove_records(target: Target, kind: str, paths: Sequence[str]) -> int:
    """Delete the records of a kind, such as `flow_runs`, that still exist; return how many."""
    removed = 0
    for ids in _id_batches(kind, paths):
        for record in target.request_json("POST", f"/{kind}/filter", {kind: {"id": {"any_": ids}}}):
            _delete_if_present(target, f"/{kind}/{id_of(record)}")
            removed += 1
    return removed


def _remove_artifacts(target: Target, kind: str, paths: Sequence[str]) -> None:
    """Delete the artifacts of the runs.

    A real server keeps the data of states as artifacts; they outlive the runs.
    """
    for ids in _id_batches(f"{kind}s", paths):
        artifact_filter = {f"{kind}_id": {"any_": ids}}
        try:
            artifacts = list(target.iter_records("/artifacts/filter", artifacts=artifact_filter))
        except HTTPStatusError as refused:
            if refused.answer.status in (404, 501):  # a server without artifacts, such as the mock
                return
            raise
        for artifact in artifacts:
            _delete_if_present(target, f"/artifacts/{id_of(artifact)}")


def _id_batches(kind: str, paths: Sequence[str]) -> Iterator[list[str]]:
    """The ids of a kind's records, PAGE at a time, so that one reply can list all of a batch."""
    ids = [path.rpartition("/")[2] for path in paths if path.startswith(f"/{kind}/")]
    yield from (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))


def delete_flow_run(target: Target, flow_run_id: str) -> None:
    """Delete one flow run, unless it is gone already. Raises TargetError."""
    _delete_if_present(target, f"/flow_runs/{flow_run_id}")


def _delete_if_present(target: Target, path: str) -> None:
    try:
        target.request_json("DELETE", path)
    except HTTPStatusError as refused:
        if refused.answer.status != 404:
            raise


def filter_by_flows(flow_ids: list[str]) -> dict[str, object]:
    """The part of a request's body that restricts a listing to the flow runs of these flows."""
    return {"flows": {"id": {"any_": flow_ids}}}


def delete_leftovers(target: Target, folder: Path) -> int:
    """Delete what earlier runs of the kit left on this server; return how many flow runs that was.

    Raises TargetError.
    """
    return sum(journal.delete_all() for journal in _leftover_journals(target, folder))


def _leftover_journals(target: Target, folder: Path) -> Iterator[CleanupJournal]:
    for path in sorted(folder.glob("*.ndjson")) if folder.is_dir() else ():
        lines = []
        for line in path.read_text("utf-8", errors="replace").splitlines():
            with suppress(ValueError):  # the last line of a killed run may be cut
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
    """Whether a process still runs.

    Leftovers are deleted before this process starts a journal of its own, so a journal with its
    own id is of an earlier process that had the same id, as is usual in containers.
    """
    if not isinstance(pid, int) or pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, as another user
        return True
    return True
