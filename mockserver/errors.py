"""The exceptions of this package, each with the data that explains it.

MockServerError
├── SeedError                  seeds that cannot be loaded: every problem, with its place
├── UsageError                 a command, flag or setting that is not valid
└── RefusedRequest             a request that is answered with an error and changes nothing
    ├── InvalidRequest         it is not valid by the document (or for a real server)
    ├── RefusedTemplate        it is a template that Prefect does not take
    ├── OutOfBounds            a value exceeds a bound that is not in the schema
    ├── TooLarge               it costs more than the mock spends on a request
    ├── Forbidden              nobody may do it
    ├── NotFound               its subject does not exist
    ├── Conflict               it refers to something that does not exist, or repeats a unique value
    ├── Locked                 others have taken what it asks for
    ├── Gone                   its subject no longer exists
    ├── NotAllowedInState      its subject's state does not allow it
    ├── NotModelled            a real server has the endpoint, the mock does not
    ├── UnreadableRequest      its body cannot be decoded
    ├── UnsupportedApiVersion  its x-prefect-api-version is malformed or too old
    └── ServerFailure          a real server fails to answer it

None of them knows HTTP: the folder `http` decides the status and the body of the reply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


def to_single_line(text: str, most: int = 200) -> str:
    """Make a text safe for a log or a terminal: one line of at most `most` characters (more once
    unprintable characters are escaped), nothing unprintable.
    """
    cut = text if len(text) <= most else f"{text[: most - 3]}..."
    if cut.isprintable():
        return cut
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in cut
    )


class FlowRunWarning(UserWarning):
    """A warning about a request in a test: its id and its sentence (see `prefect.warnings`).

    A warning filter such as `error:limit-reached:mockserver.FlowRunWarning` makes the test fail.
    """


class MockServerError(Exception):
    """The base of every exception that this package raises on purpose."""


@dataclass(frozen=True, slots=True)
class SeedProblem:
    """One problem in a seed: where it is, what is there, and what was expected."""

    where: str
    actual: str
    expected: str

    def __str__(self) -> str:
        where, actual = to_single_line(self.where, 400), to_single_line(self.actual, 400)
        return f"{where}: {actual}; expected {self.expected}"


class SeedError(MockServerError):
    """Seeds that cannot be loaded.

    `problems` are those found, up to a bound; `more` is how many were found beyond it.
    """

    def __init__(self, problems: Sequence[SeedProblem], *, more: int = 0) -> None:
        self.problems = tuple(problems)
        self.more = more
        lines = [str(problem) for problem in problems]
        if more:
            lines.append(f"... and {more:,} more")
        super().__init__("\n".join(lines))


class UsageError(MockServerError):
    """A command, flag or setting that is not valid; the text says what would be."""


class RefusedRequest(MockServerError):
    """A request that is answered with an error; nothing was changed.

    `warnings` are the ids of the warnings about the request (see `prefect.WARNINGS`).
    """

    def __init__(self, text: str, *, warnings: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.warnings = tuple(warnings)


class RefusedTemplate(RefusedRequest):
    """A template that Prefect does not take; the text says why, `line` where (0: as a whole)."""

    def __init__(self, text: str, line: int, source: str) -> None:
        super().__init__(text)
        self.line = line
        self.source = source


class InvalidRequest(RefusedRequest):
    """A request that is not valid.

    `errors`, at least one, have pydantic's form (loc, msg, type, input, ctx); `more` is how many
    there are beside them. `body` is the body as it was read, for a reply that repeats it; None
    where there is none to repeat.
    """

    def __init__(
        self,
        errors: Sequence[Mapping[str, Any]],
        body: object = None,
        *,
        more: int = 0,
        warnings: Sequence[str] = (),
    ) -> None:
        first = to_single_line(str(errors[0]["msg"]))
        others = len(errors) - 1 + more
        super().__init__(f"{first} (and {others:,} more)" if others else first, warnings=warnings)
        self.errors = tuple(errors)
        self.more = more
        self.body = body


def refusal_sentence(refusal: RefusedRequest) -> str:
    """Why a request was refused, with the place in the body where it is known."""
    if not isinstance(refusal, InvalidRequest):
        return to_single_line(str(refusal))
    # The place of an error in the JSON itself is an offset, which says nothing in a log.
    names = (part for part in refusal.errors[0]["loc"] if isinstance(part, str) and part != "body")
    where = ".".join(names)
    return to_single_line(f"{where}: {refusal}" if where else str(refusal))


class OutOfBounds(RefusedRequest):
    """A value beyond a bound that is in no schema; the text is the reply's detail."""


class TooLarge(RefusedRequest):
    """A request that costs too much to read or to carry out; the text is the reply's detail."""


class Forbidden(RefusedRequest):
    """What nobody may do, such as to create a work pool with a reserved name; the text says why."""


class NotFound(RefusedRequest):
    """The flow run, flow, ... that a request is about does not exist; the text is the detail.

    `from_set_state`: the request was to change its state; a real server has another reply for it.
    """

    def __init__(self, text: str, *, from_set_state: bool = False) -> None:
        super().__init__(text)
        self.from_set_state = from_set_state


class Conflict(RefusedRequest):
    """A reference to something that does not exist, or a second record with a unique value."""


class Gone(RefusedRequest):
    """The subject of a request no longer exists, if it ever did; the text is the detail."""


class Locked(RefusedRequest):
    """Something that others have taken; the text is the detail.

    `retry_after`: about how many seconds to wait before the next attempt; None: no attempt helps.
    """

    def __init__(self, text: str, *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class NotAllowedInState(RefusedRequest):
    """A change that the subject's current state does not allow; the text is the detail."""


class NotModelled(RefusedRequest):
    """An endpoint that a real server has and the mock does not; the text lists what it has."""


class UnreadableRequest(RefusedRequest):
    """A body that cannot be decoded; the text is the reply's detail."""


class UnsupportedApiVersion(RefusedRequest):
    """A malformed or too old x-prefect-api-version; the text is the reply's detail."""


class ServerFailure(RefusedRequest):
    """A request that a real server fails to answer: with 503 if `retryable`, else with 500."""

    def __init__(self, text: str, *, retryable: bool, warnings: Sequence[str] = ()) -> None:
        super().__init__(text, warnings=warnings)
        self.retryable = retryable
