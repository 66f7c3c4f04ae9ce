"""The flow runs of a store, as a log-structured merge tree: segments and a write buffer.

* Added and changed runs go into a *write buffer*, where queries test them one by one.
* A full buffer is *flushed*: it becomes an immutable *segment* with an index of its own. The base
  is the first segment.
* A flush *merges* the last segments into the new one if they are not much larger, so that there
  are few. The base is never merged.
* A delete marks runs in the *deletion bitmap* of their segment.

Invariants: an id is that of one run at most, in one segment or in the buffer. A run in a segment
is as it was, an orphan (its parents are null now), without a work queue, or deleted. The time of a
fork or a reset depends on what has changed, not on the size of the base.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..filters import Predicate
from ..prefect import FlowRun
from .base import Base
from .flow_run_index import FlowRunIndex, id_of
from .segments import Segment, with_parent_nulled

# Each segment is left with 4 times the runs of the next, so that a million added runs lie in at
# most 6.
MERGE_FACTOR = 4
"""A flush merges a segment that has fewer than so many times the runs it has gathered so far."""


class MergeTree:
    """The flow runs, in segments and a write buffer. Not thread-safe."""

    def __init__(self, base: Base) -> None:
        self.base = base
        # Shared by all forks; no run of it is ever deleted (see `_writable_segments`).
        self._base_segments = [Segment(base)]

    def _reset_runs(self) -> None:
        """Undo every change: there are the runs of the base."""
        self._segments = self._base_segments
        # Deleted runs of the buffer whose cascade is pending (ids); segments have their own.
        # None: no cascade is pending, in the segments neither.
        self._pending_cascade: list[str] | None = None
        self._pending_count = 0
        self._buffer: dict[str, FlowRun] = {}

    def _copy_runs_to(self, other: MergeTree) -> None:
        """Give another store the same runs. No cascade may be pending."""
        other.base = self.base
        other._base_segments = segments = self._base_segments
        if self._segments is not segments:
            segments = [segment.copy() for segment in self._segments]
        other._segments = segments
        other._pending_cascade = None
        other._pending_count = 0
        other._buffer = self._buffer.copy()

    def _writable_segments(self) -> list[Segment]:
        """The segments, made anew if they are shared with other forks."""
        if self._segments is self._base_segments:
            self._segments = [Segment(self.base)]
        return self._segments

    @property
    def is_large(self) -> bool:
        """Whether something made of its runs may raise NotPrepared inside `deferring()`."""
        segments = self._segments
        return len(segments) > 1 or segments[0].index.prepared.is_large

    def __len__(self) -> int:
        return sum(map(len, self._segments)) + len(self._buffer)

    def __contains__(self, flow_run_id: object) -> bool:
        if not isinstance(flow_run_id, str):
            return False
        return flow_run_id in self._buffer or any(
            segment.ordinal_of(flow_run_id) is not None for segment in self._segments
        )

    def existing_ids(self, ids: Mapping[str, object]) -> list[str]:
        """Those of the ids that runs here have."""
        found = [run_id for run_id in self._buffer if run_id in ids]
        for segment in self._segments:
            held = segment.index.ordinal_by_id.keys() & ids.keys()
            found += [run_id for run_id in held if segment.ordinal_of(run_id) is not None]
        return sorted(found)

    def _match_buffer(self, predicate: Predicate) -> list[FlowRun]:
        """The runs of the buffer that satisfy a predicate, highest id first."""
        return sorted(filter(predicate, self._buffer.values()), key=id_of, reverse=True)

    def _drop(self, flow_run_ids: Collection[str]) -> list[str]:
        """Delete runs without a cascade. Returns the ids that existed, in the order given."""
        dropped = {run_id for run_id in flow_run_ids if self._buffer.pop(run_id, None)}
        dropped.update(*(segment.drop(flow_run_ids) for segment in self._writable_segments()))
        return [run_id for run_id in flow_run_ids if run_id in dropped]

    def _orphan_children(self, parents: set[str]) -> None:
        for segment in self._writable_segments():
            segment.orphan_children(parents)
        orphaned = [run for run in self._buffer.values() if run.parent_flow_run_id in parents]
        self._buffer.update((run.id, with_parent_nulled(run)) for run in orphaned)

    def _flush(self) -> None:
        """Make a segment of the buffer and of the last segments that are small beside it."""
        runs = list(self._buffer.values())
        segments = self._writable_segments()
        while len(segments) > 1 and len(segments[-1]) < MERGE_FACTOR * len(runs):
            segment = segments.pop()
            if self._pending_cascade is not None:  # as ids: the ordinals go with the segment
                self._pending_cascade += segment.pop_pending_cascade()
            runs.extend(segment)
        segments.append(Segment(FlowRunIndex(runs)))
        self._buffer = {}
