"""A shortage of file descriptors is told once when it begins and once when it is over."""

from __future__ import annotations

import asyncio
import errno
import logging

import pytest

from mockserver.http.accept_failures import AcceptFailures


def test_failures_to_accept_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many there are; a second shortage is told again."""

    async def main() -> None:
        loop, failures = asyncio.get_running_loop(), AcceptFailures()
        loop.set_exception_handler(failures)
        for _ in range(2):
            for _ in range(1000):
                error = OSError(errno.EMFILE, "Too many open files")
                loop.call_exception_handler({"message": "accept", "exception": error})
            assert failures.count == 1000
            failures.end()
            assert failures.count == 0

    with caplog.at_level(logging.INFO):
        asyncio.run(main())
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 4
    assert told[0].startswith("no connection can be accepted (Too many open files)")
    assert told[1] == "connections are accepted again, after 1000 failures"


@pytest.mark.parametrize("error", [RuntimeError("a bug"), OSError(errno.EIO, "?"), None])
def test_other_errors_are_logged_as_asyncio_does(
    error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    """They are not taken for a shortage."""

    async def main() -> None:
        context = {"message": "it went wrong"} | ({"exception": error} if error else {})
        AcceptFailures()(asyncio.get_running_loop(), context)

    asyncio.run(main())
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("asyncio", "it went wrong")
    ]
