"""A request to a server, its answer, and the flow runs before and after it.

What `observer` puts together and `invariants` checks. Ids are in lower case throughout.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...prefect import openapi
from ..server import Answer

VERB = "fuzz"
BULK_DELETE_PATH = "/flow_runs/bulk_delete"
BULK_DELETE_LIMIT = 50  # openapi.yaml: both the maximum and the default of `limit`
CREATE_FLOW_RUN = "POST /flow_runs/"
DELETE_FLOW_RUN = "DELETE /flow_runs/{id}"
READ_ONLY_VERBS = frozenset(
    {
        *("filter", "count", "paginate", "history", "lateness"),
        *("count-task-runs", "count-deployments", "concurrency_status", "next-runs", "counts"),
        "validate",
    }
)
"""Last segments of the paths of POST endpoints that change nothing."""

RunsById = Mapping[str, Mapping[str, Any]]


def is_read_only(method: str, path: str) -> bool:
    """Whether the document says that a request changes nothing."""
    if method != "POST":
        return method == "GET"
    return path.rpartition("/")[2] in READ_ONLY_VERBS or path.startswith("/events/count-by/")


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it was sent.

    `operation` is the method and the document's path (`DELETE /flow_runs/{id}`), `path` the actual
    path below the API's URL. `headers` are those of the request itself, without the client's.
    """

    operation: str
    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """The parsed body; None if there is none or it is not JSON."""
        try:
            return json.loads(self.body or b"null")
        except (ValueError, RecursionError):
            return None

    @property
    def is_json(self) -> bool:
        """Whether its content type is JSON or missing.

        Real servers ignore a body of any other type (deviation `body-ignored`).
        """
        named = {name.lower(): value for name, value in self.headers.items()}
        kind = named.get("content-type", "application/json").partition(";")[0].strip().lower()
        return kind == "application/json" or (kind.startswith("application/") and "+json" in kind)

    @property
    def limit(self) -> int | None:
        """How many runs a bulk_delete may delete; None if its body gives no valid limit."""
        # openapi.yaml: the body is optional, and so is `limit`.
        body: Any = (self.json if self.body else {}) if self.is_json else {}
        limit: Any = body.get("limit", BULK_DELETE_LIMIT) if isinstance(body, dict) else None
        if type(limit) not in (int, float):  # isinstance would let True pass for 1
            return None
        return int(limit) if 1 <= limit <= BULK_DELETE_LIMIT else None

    @property
    def is_read_only(self) -> bool:
        """Whether the document says that it changes nothing."""
        return is_read_only(self.method, self.path)


@dataclass(frozen=True, slots=True)
class ObservedExchange:
    """A request, its answer, and the server's flow runs before and after it.

    `before` and `after` are all flow runs by id; `list_error` is the answer to the list afterwards
    if that failed, else "". `earlier_unchecked` are the requests sent since `before` was read,
    besides this one.

    Of a bulk_delete: `matching` are the ids that /flow_runs/filter listed for its filter, highest
    first (None: unknown); `repeat_answer` answers the same request sent again; `expected_warnings`
    are the warnings that a mock must send (None: the server is no mock). Of any delete:
    `get_statuses` are the statuses of GET for some of the deleted ids.
    """

    sent: SentRequest
    answer: Answer
    before: RunsById
    after: RunsById
    matching: Sequence[str] | None = None
    repeat_answer: Answer | None = None
    get_statuses: Mapping[str, int] | None = None
    expected_warnings: frozenset[str] | None = None
    list_error: str = ""
    earlier_unchecked: Sequence[SentRequest] = ()

    @property
    def deleted(self) -> Sequence[str]:
        """The ids that the answer lists as deleted."""
        return parse_deleted_ids(self.answer)

    @property
    def deleted_by_repeat(self) -> Sequence[str]:
        """The ids that the answer to the repeated request lists as deleted."""
        return parse_deleted_ids(self.repeat_answer) if self.repeat_answer else ()

    @property
    def appeared(self) -> Sequence[str]:
        """The ids that are there only afterwards, sorted."""
        return sorted(set(self.after) - set(self.before))

    @property
    def disappeared(self) -> Sequence[str]:
        """The ids that are there only before, sorted."""
        return sorted(set(self.before) - set(self.after))

    @property
    def limit(self) -> int:
        """How many runs may be deleted; the maximum if the request gives no valid limit."""
        return self.sent.limit or BULK_DELETE_LIMIT


def parse_deleted_ids(answer: Answer) -> Sequence[str]:
    """The ids in a reply of bulk_delete, in lower case; none if it is no such reply."""
    try:
        deleted = answer.json["deleted"] if answer.status == 200 else ()
    except (ValueError, LookupError, TypeError):
        return ()
    # Rule M9: the case of a uuid's letters does not count.
    return [str(run_id).lower() for run_id in deleted] if isinstance(deleted, list) else ()


def refused_places(answer: Answer) -> Sequence[str]:
    """What a 422 says is wrong, each as `body.names too_short`; sorted.

    Empty if there is no list of errors, in the document's shape or in that of real servers.
    """
    try:
        reply = answer.json
        errors = reply.get("detail", reply.get("exception_detail"))
        return sorted({f"{format_place(error['loc'])} {error['type']}" for error in errors})
    except (ValueError, LookupError, TypeError, AttributeError):
        return ()


def format_place(steps: Sequence[str | int]) -> str:
    """A path into a JSON value that is the same for every request that leads there.

    An index becomes `[]`. A name that the document does not have becomes `*`: it is a key that the
    client chose, or pydantic's own name for one member of a union.
    """
    return ".".join(
        "[]" if isinstance(step, int) else step if step in _document_names() else "*"
        for step in steps
    )


@cache
def _document_names() -> frozenset[str]:
    """The names of all properties and parameters in the document, and the parts of a request."""
    return frozenset({"body", "query", "path", "header", *_names(openapi.document())})


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _names(item)
    elif isinstance(node, dict):
        properties = node.get("properties")
        if isinstance(properties, dict):
            yield from properties
        if "in" in node and isinstance(node.get("name"), str):
            yield node["name"]
        for item in node.values():
            yield from _names(item)
