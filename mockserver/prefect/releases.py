"""The releases of Prefect that have bulk_delete, their order, and what each is installed with.

The list ends with the newest release that was measured. `python -m measure` adds the next one.
"""

from __future__ import annotations

import re

from ..errors import UsageError

RELEASES: tuple[str, ...] = (
    *(f"3.6.{patch}" for patch in range(16, 30)),
    *(f"3.7.{patch}" for patch in range(9)),
    *(f"3.8.{patch}" for patch in range(9)),
    "3.9.0",
    "3.9.1",
)
"""Every release with bulk_delete that was measured, the oldest first."""
OLDEST, NEWEST = RELEASES[0], RELEASES[-1]
_NUMBERS = re.compile(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})", re.ASCII)
# What pip would take today is newer than what a release was made for, and does not work or answers
# otherwise: FastAPI 0.144 serves no route of Prefect 3.7.1, 0.151 is refused by 3.9.1; before 3.9.1
# no runs of schedules are made with SQLAlchemy 2.1. The first entry whose release is not newer than
# the one to install counts.
_INSTALLED_WITH: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("3.9.1", ("fastapi<0.151",)),
    ("3.9.0", ("fastapi<0.151", "sqlalchemy<2.1")),
    ("3.7.8", ("fastapi<0.145", "sqlalchemy<2.1")),
    # It needs a Starlette that FastAPI before 0.130 refuses.
    ("3.7.3", ("fastapi==0.135.1", "sqlalchemy<2.1")),
    # It imports importlib_metadata without depending on it.
    ("3.6.16", ("fastapi<0.130", "importlib_metadata", "sqlalchemy<2.1")),
)


def release_key(release: str) -> tuple[int, int, int]:
    """A release as three numbers, such as (3, 8, 8). Raises ValueError for another text.

    What follows the numbers, as in `3.9.2.dev1` or `3.9.2rc1`, is not looked at.
    """
    match = _NUMBERS.match(release)
    if match is None:
        raise ValueError(f"{release!r} is no release; expected one such as {NEWEST}")
    major, minor, patch = map(int, match.groups())
    return major, minor, patch


def is_within(release: str, since: str, until: str | None = None) -> bool:
    """Whether a release is in a range of releases. Both ends belong to it; None is no end."""
    key = release_key(release)
    return release_key(since) <= key and (until is None or key <= release_key(until))


def measured_release(release: str) -> str:
    """The measured release that a release behaves like: itself, or the last one before it.

    Raises UsageError for one that is older than bulk_delete, and for a text that is no release;
    both say which there are.
    """
    try:
        key = release_key(release)
    except ValueError as error:
        raise UsageError(f"{error}; measured are {list_releases()}") from None
    found = [one for one in RELEASES if release_key(one) <= key]
    if not found:
        raise UsageError(
            f"Prefect {release} has no bulk_delete, which came with {OLDEST}; "
            f"measured are {list_releases()}"
        )
    return found[-1]


def list_releases() -> str:
    """All measured releases in short: `3.6.16 to 3.6.29, 3.7.0 to 3.7.8, ...`."""
    minors: dict[tuple[int, int], list[str]] = {}
    for release in RELEASES:
        minors.setdefault(release_key(release)[:2], []).append(release)
    return ", ".join(
        f"{group[0]} to {group[-1]}" if len(group) > 1 else group[0] for group in minors.values()
    )


def describe_range(since: str, until: str | None) -> str:
    """A range of releases for a reader: `Prefect 3.6.16 to 3.9.0`, `Prefect 3.9.1 and later`."""
    if until is None:
        return f"Prefect {since} and later"
    return f"Prefect {since}" if since == until else f"Prefect {since} to {until}"


def requirements(release: str) -> tuple[str, ...]:
    """What pip installs for a release: Prefect itself, and what it is held together with.

    One newer than all that were measured is installed as the newest was.
    """
    pins = next(pins for since, pins in _INSTALLED_WITH if is_within(release, since))
    return (f"prefect=={release}", *pins)
