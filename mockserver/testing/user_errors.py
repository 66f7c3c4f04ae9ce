"""Errors that a user of the testing API makes: a traceback ends at the user's line.

pytest leaves out frames of a module whose `__tracebackhide__` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from ..errors import MockServerError

T = TypeVar("T")


class _ExceptionInfo(Protocol):
    value: BaseException


def is_users(info: _ExceptionInfo | None) -> bool:
    """Whether frames say nothing about an error; those of a bug in this package are shown."""
    return info is not None and isinstance(info.value, MockServerError)


def call_for_user(function: Callable[[], T]) -> T:
    """Call a function; an error of the user has no frames of what was called."""
    try:
        return function()
    except MockServerError as error:
        raise error.with_traceback(None)  # noqa: B904 - it is the same error


__tracebackhide__ = is_users
