"""The newest release of Prefect, from the package index that pip is configured for."""

from __future__ import annotations

import re
import subprocess
import sys

from mockserver.prefect.releases import NEWEST, release_key

_NEWEST_LINE = re.compile(r"prefect \((\d+\.\d+\.\d+)\)")
_TIMEOUT = 60


class IndexUnreachable(Exception):
    """The package index did not answer; the message says why."""


def newest_release() -> str:
    """The newest release that pip would install. Raises IndexUnreachable."""
    command = [sys.executable, "-m", "pip", "index", "versions", "prefect"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise IndexUnreachable(f"no answer within {_TIMEOUT} s") from None
    if done.returncode:
        raise IndexUnreachable(done.stderr.strip()[-500:] or "pip failed without a word")
    return read_newest(done.stdout)


def read_newest(listed: str) -> str:
    """The release that `pip index versions` names first. Raises IndexUnreachable for other text."""
    found = _NEWEST_LINE.match(listed)
    if found is None:
        raise IndexUnreachable(f"pip named no release: {listed.strip()[:200]!r}")
    return found[1]


def describe_newest(newest: str) -> str:
    """Whether the newest release was measured, for a reader; what to do if not."""
    if release_key(newest) <= release_key(NEWEST):
        return f"Prefect {newest} is the newest release, and was measured."
    return "\n".join((
        "!" * 78,
        f"!! Prefect {newest} was not measured. The newest that was is {NEWEST}.",
        f"!! Run `python -m measure {newest}`; CONTRIBUTING.md says what to do with its report.",
        "!" * 78,
    ))  # fmt: skip
