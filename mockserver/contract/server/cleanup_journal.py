"""A journal on disk of what the kit created on a server, so that all of it can be deleted.

Invariant: only records that a reply said were created are deleted, each by its id and after the
server has shown it by that id. What a filter lists is never enough: a server that gets filters
wrong lists the records of others.

What a run cannot delete, because it was killed or the server did not answer, stays in its journal,
for `mockserver cleanup`. Flows' names are written before they are created, other records by their
path as soon as the reply has named it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import NamedTuple
from urllib.parse import quote
from uuid import uuid4

from ...errors import UsageError, to_single_line
from .target import PAGE, Answer, HTTPStatusError, Target, TargetError, id_of

FLOW_NAME_PREFIX = "mockserver-kit"
"""The prefix of the names of the kit's flows."""
_NO_ENDPOINT = (404, 501)


def default_folder(environment: Mapping[str, str]) -> Path:
    """The folder of the journals unless the user names one: below XDG_STATE_HOME, which is
    ~/.local/state by default (XDG Base Directory Specification).
    """
    state_home = environment.get("XDG_STATE_HOME")
    return (Path(state_home) if state_home else Path.home() / ".local" / "state") / "mockserver"


class Removal(NamedTuple):
    """What a clean-up did: how many flow runs it deleted, and a sentence for what it left."""

    flow_runs: int
    left: tuple[str, ...] = ()


@dataclass
class CleanupJournal:
    """What one run of the kit created on one server.

    `path` is the file. `names` are the names of the flows it created, `paths` the API paths of
    single records, such as /flow_runs/ID.

    As a context manager it deletes everything when the block ends, however it ends, and then
    the file. It raises TargetError if something is left.
    """

    target: Target
    path: Path
    names: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    _forgotten: set[str] = field(default_factory=set)

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
                left = self.delete_all().left
            if left:
                raise TargetError(f"{self.target.url}: {'; '.join(left)}")
        except TargetError:
            # The file stays, so the next run tries again. An error of the block itself matters
            # more than this one.
            if error is None:
                raise

    def create_flow(self) -> str:
        """Create a flow for flow runs to belong to; return its id.

        Raises TargetError, and creates nothing, where the server's filters do not hold.
        """
        require_sound_filters(self.target)
        return self.create_named_flow(f"{FLOW_NAME_PREFIX}-{uuid4().hex}")

    def create_named_flow(self, name: str, tags: Sequence[str] = ()) -> str:
        """Create a flow with a name that no other can have; return its id. Raises TargetError."""
        self._write({"flow": name})  # first, so that a killed run leaves no unknown flow
        self.names.append(name)
        body = {"name": name, **({"tags": list(tags)} if tags else {})}
        return id_of(self.target.request_json("POST", "/flows/", body))

    def forget_path(self, path: str) -> None:
        """The record was deleted: this run need not look for what it has left."""
        self._forgotten.add(path)

    def record_path(self, path: str) -> None:
        """Write down a created record by its path, such as /flow_runs/ID or /flows/ID."""
        self._write({"path": path})
        self.paths.append(path)

    def delete_all(self) -> Removal:
        """Delete everything from the server, then the journal file if nothing is left.

        Flow runs go first (their task runs go with them), then deployments, artifacts and flows.
        Raises TargetError, and may be called again then.
        """
        left_to_do = [path for path in self.paths if path not in self._forgotten]
        # Also those that were deleted, by a server that may only have said so.
        runs = _ids_of("flow_runs", self.paths)
        flow_runs = _remove_records(self.target, "flow_runs", runs)
        _remove_records(self.target, "deployments", _ids_of("deployments", left_to_do))
        for kind in ("flow_run", "task_run"):
            _remove_artifacts(self.target, kind, _ids_of(f"{kind}s", left_to_do))
        flows = [*_find_flows(self.target, self.names), *_ids_of("flows", self.paths)]
        left = list(_remove_flows(self.target, dict.fromkeys(flows)))
        if left:  # a server that gets filters wrong may have hidden some of the kit's own
            flow_runs += sum(_remove_by_path(self.target, one) for one in runs)
            left = list(_remove_flows(self.target, dict.fromkeys(flows)))
        if not left:
            self.path.unlink(missing_ok=True)
        return Removal(flow_runs, tuple(left))

    def _write(self, value: object) -> None:
        # Opened for each line, so that a killed process loses none that was written.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")


def require_sound_filters(
    target: Target, kind: str = "flow_runs", by: Sequence[str] = ("flows", "flow_runs")
) -> None:
    """Raise TargetError if the server lists records of a kind for an id that no record has.

    `by` are the filters that the id is put in. What the kit creates could not be told from the
    records of others there.
    """
    nobody = {"id": {"any_": [str(uuid4())]}}
    for name in by:
        body = {name: nobody}
        asked = json.dumps({**body, "limit": 1}).encode()
        if _ids_in(target.send("POST", f"/{kind}/filter", asked)):
            raise TargetError(
                f"{target.url} lists a {kind.removesuffix('s').replace('_', ' ')} for "
                f"{json.dumps(body)}, which none can match: its filters do not hold, so nothing "
                "was created"
            )


def _remove_records(target: Target, kind: str, ids: Sequence[str]) -> int:
    """Delete the records of a kind, such as `flow_runs`, that still exist; return how many."""
    removed = 0
    for batch in _batches(ids):
        there = _read_records(target, kind, batch)
        for record_id in there:
            target.delete(f"/{kind}/{record_id}")
        lied = there and _read_records(target, kind, there)
        if lied:
            raise TargetError(f"{target.url} still lists {lied[0]} after it said it was deleted")
        removed += len(there)
    return removed


def _remove_by_path(target: Target, flow_run_id: str) -> bool:
    """Delete a flow run if the server has it, whatever it lists; returns whether it had it."""
    there = _has_record(target, f"/flow_runs/{flow_run_id}", flow_run_id)
    if there:
        delete_flow_run(target, flow_run_id)
    return there


def _read_records(target: Target, kind: str, ids: Sequence[str]) -> list[str]:
    """Those of up to PAGE ids that the server still has."""
    body = {kind: {"id": {"any_": list(ids)}}, "limit": PAGE}
    answer = target.send("POST", f"/{kind}/filter", json.dumps(body).encode())
    listed = _ids_in(answer)
    if listed is not None and set(listed) <= set(ids):
        return listed
    # A server that gets the filter wrong: each is asked for by its path.
    return [one for one in ids if _has_record(target, f"/{kind}/{one}", one)]


def _ids_in(answer: Answer) -> list[str] | None:
    """The ids of the records in a list; None for any other answer."""
    try:
        records = answer.json if answer.status == 200 else None
        return None if records is None else [id_of(record) for record in records]
    except (ValueError, TypeError, TargetError):
        return None


def _has_record(target: Target, path: str, record_id: str) -> bool:
    answer = target.send("GET", path)
    return answer.status == 200 and _ids_in(replace(answer, body=b"[%b]" % answer.body)) == [
        record_id
    ]


def _find_flows(target: Target, names: Sequence[str]) -> Iterator[str]:
    """The ids of the flows with these names, of those that there are."""
    for name in names:
        try:
            flow = target.request_json("GET", f"/flows/name/{quote(name)}")
        except HTTPStatusError as refused:
            if refused.answer.status != 404:
                raise
            continue
        if not isinstance(flow, dict):
            came = to_single_line(json.dumps(flow))
            raise TargetError(f"GET /flows/name/{name} answered {came}; expected a flow, or 404")
        if flow.get("name") == name:
            yield id_of(flow)


def _remove_flows(target: Target, ids: Iterable[str]) -> Iterator[str]:
    """Delete flows that have no flow runs any more; yield a sentence for each that has some.

    A flow's runs and deployments go with it, and those that are left are not the kit's.
    """
    for flow_id in ids:
        body = json.dumps({**filter_by_flows([flow_id]), "limit": 1}).encode()
        for kind in ("flow_runs", "deployments"):
            answer = target.send("POST", f"/{kind}/filter", body)
            # Where it cannot be told, the flow is left, unless there is no such kind.
            if _ids_in(answer) != [] and answer.status not in _NO_ENDPOINT:
                noun = kind.replace("_", " ")
                yield f"the flow {flow_id} was left: it has {noun} of others"
                break
        else:
            target.delete(f"/flows/{flow_id}")


def _remove_artifacts(target: Target, kind: str, ids: Sequence[str]) -> None:
    """Delete the artifacts of the runs.

    A real server keeps the data of states as artifacts; they outlive the runs.
    """
    for batch in _batches(ids):
        artifact_filter = {f"{kind}_id": {"any_": batch}}
        try:
            artifacts = list(target.iter_records("/artifacts/filter", artifacts=artifact_filter))
        except HTTPStatusError as refused:
            if refused.answer.status in _NO_ENDPOINT:  # a server without artifacts
                return
            raise
        for artifact in artifacts:
            if artifact.get(f"{kind}_id") in batch:
                target.delete(f"/artifacts/{id_of(artifact)}")


def _ids_of(kind: str, paths: Sequence[str]) -> list[str]:
    """The ids of a kind's records."""
    return [path.rpartition("/")[2] for path in paths if path.startswith(f"/{kind}/")]


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """PAGE ids at a time, so that one reply can list all of a batch."""
    yield from (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))


def delete_flow_run(target: Target, flow_run_id: str) -> None:
    """Delete one flow run, unless it is gone already. Raises TargetError."""
    target.delete(f"/flow_runs/{flow_run_id}")


def filter_by_flows(flow_ids: list[str]) -> dict[str, object]:
    """The part of a request's body that restricts a listing to the flow runs of these flows."""
    return {"flows": {"id": {"any_": flow_ids}}}


def find_leftovers(target: Target, folder: Path) -> list[CleanupJournal]:
    """The journals of earlier runs of the kit that ended before all was deleted on this server."""
    return list(_leftover_journals(target, folder))


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

    Leftovers are looked for before this process starts a journal of its own, so a journal with
    its own id is of an earlier process that had the same id, as is usual in containers.
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
