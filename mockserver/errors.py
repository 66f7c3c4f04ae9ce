"""What can go wrong, and the data that says what.

MockServerError
├── SeedError            seeds that cannot be loaded: every problem, with its place
├── UsageError           a command, flag or setting that makes no sense
└── RefusedRequest       a request that is answered with an error and changes nothing
    ├── InvalidRequest       its content is not what the document (or the real server) takes
    ├── OutOfBounds          its content is, but for a bound that the schema does not tell
    ├── NotThere             what it is about does not exist
    ├── Conflict             it refers to something that does not exist
    ├── Gone                 what it is about does not exist any more
    ├── NotNow               what it is about is not in a state for it
    ├── NotModelled          a real server has it, this one does not
    ├── UnreadableRequest    its bytes cannot be read at all
    ├── OutdatedClient       its x-prefect-api-version is malformed or too old
    └── ServerFailure        a real server gives up on it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


def to_single_line(text: str, most: int = 200) -> str:
    """A text as it may stand in a log or on a terminal: one line, nothing unprintable, bounded."""
    cut = text if len(text) <= most else f"{text[: most - 3]}..."
    if cut.isprintable():
        return cut
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in cut
    )


class FlowRunWarning(UserWarning):
    """What a request earned in a test: a warning's id and its sentence (see `dialects.WARNINGS`).

    A filter such as `error:limit-reached:mockserver.FlowRunWarning` makes it fail the test.
    """


class MockServerError(Exception):
    """The root: catch it to catch whatever this package raises on purpose."""


@dataclass(frozen=True, slots=True)
class SeedProblem:
    """One thing wrong with a seed: where it stands, what was found, what was expected."""

    where: str
    actual: str
    expected: str

    def __str__(self) -> str:
        where, actual = to_single_line(self.where, 400), to_single_line(self.actual, 400)
        return f"{where}: {actual}; expected {self.expected}"


class SeedError(MockServerError):
    """Seeds that cannot be loaded. `problems` holds every one found (up to a bound)."""

    def __init__(self, problems: Sequence[SeedProblem], *, more: int = 0) -> None:
        self.problems = tuple(problems)
        self.more = more
        lines = [str(problem) for problem in problems]
        if more:
            lines.append(f"... and {more:,} more")
        super().__init__("\n".join(lines))


class UsageError(MockServerError):
    """A command, flag or setting that makes no sense; the text says what would."""


class RefusedRequest(MockServerError):
    """A request that is answered with an error; nothing was changed.

    `warnings` are the ids of what is worth a warning about it (see `dialects.WARNINGS`).
    """

    def __init__(self, text: str, *, warnings: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.warnings = tuple(warnings)


class InvalidRequest(RefusedRequest):
    """`errors`, at least one, in pydantic's form (loc, msg, type, input, ctx); `body` as read."""

    def __init__(
        self, errors: Sequence[Mapping[str, Any]], body: object, *, warnings: Sequence[str] = ()
    ) -> None:
        first = to_single_line(str(errors[0]["msg"]))
        more = f" (and {len(errors) - 1:,} more)" if len(errors) > 1 else ""
        super().__init__(f"{first}{more}", warnings=warnings)
        self.errors = tuple(errors)
        self.body = body


class OutOfBounds(RefusedRequest):
    """A value past a bound that no schema tells; the text is the reply's detail."""


class NotFound(RefusedRequest):
    """No such flow run, flow, ...; the text is the reply's detail.

    `from_set_state`: the request was to change its state, which a real server answers differently.
    """

    def __init__(self, text: str, *, from_set_state: bool = False) -> None:
        super().__init__(text)
        self.from_set_state = from_set_state


class Conflict(RefusedRequest):
    """A reference to what does not exist, or a second one where there can be one."""


class Gone(RefusedRequest):
    """What it is about does not exist any more, if it ever did; the text is the reply's detail."""


class NotAllowedInState(RefusedRequest):
    """A change that what it is about does not allow as it is; the text is the reply's detail."""


class NotModelled(RefusedRequest):
    """An endpoint of a real server that this one does not have; the text says which it has."""


class UnreadableRequest(RefusedRequest):
    """A body that cannot be decoded at all; the text is the reply's detail."""


class UnsupportedApiVersion(RefusedRequest):
    """A malformed or too old x-prefect-api-version; the text is the reply's detail."""


class ServerFailure(RefusedRequest):
    """What a real server cannot answer; `retryable` where it says so (503, else 500)."""

    def __init__(self, text: str, *, retryable: bool, warnings: Sequence[str] = ()) -> None:
        super().__init__(text, warnings=warnings)
        self.retryable = retryable
