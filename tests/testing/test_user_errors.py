"""Which errors are shown without the frames of this package."""

from types import SimpleNamespace
from typing import Any

import pytest

from mockserver.errors import UsageError
from mockserver.testing.user_errors import call_for_user, is_users


@pytest.mark.parametrize(
    ("info", "hidden"),
    [
        (SimpleNamespace(value=UsageError("a")), True),
        (SimpleNamespace(value=ZeroDivisionError()), False),
        (None, False),
    ],
)
def test_frames_are_hidden_for_errors_of_the_user(info: Any, *, hidden: bool) -> None:
    """Those of a bug are shown."""
    assert is_users(info) is hidden


def test_a_users_error_has_no_frames_of_what_was_called() -> None:
    """The first is that of the caller."""

    def fail() -> None:
        raise UsageError("a")

    with pytest.raises(UsageError) as caught:
        call_for_user(fail)
    assert [entry.name for entry in caught.traceback][-1] == "call_for_user"
