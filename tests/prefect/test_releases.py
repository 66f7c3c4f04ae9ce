"""The releases of Prefect: their order, their names in short, and what they are installed with."""

from __future__ import annotations

import pytest

from mockserver.errors import UsageError
from mockserver.prefect.releases import (
    RELEASES,
    describe_range,
    is_within,
    list_releases,
    measured_release,
    release_key,
    requirements,
)


def test_releases_are_in_the_order_of_their_numbers() -> None:
    """Not in that of their letters: 3.6.9 is older than 3.6.16. None is there twice."""
    assert len(RELEASES) == len(set(RELEASES)) == 34
    assert sorted(RELEASES, key=release_key) == list(RELEASES)
    assert release_key("3.6.9") < release_key("3.6.16") < release_key("3.10.0")


@pytest.mark.parametrize(
    ("release", "measured"),
    [
        *((release, release) for release in RELEASES),
        ("3.8.9", "3.8.8"),
        ("3.7.20", "3.7.8"),
        ("3.9.2", "3.9.1"),
        ("4.0.0rc1", "3.9.1"),
        ("3.8.8.post1", "3.8.8"),
    ],
)
def test_a_release_behaves_like_the_last_measured_one(release: str, measured: str) -> None:
    """One that was measured is itself."""
    assert measured_release(release) == measured


@pytest.mark.parametrize("release", ["3.6.15", "2.20.3", "0.0.0", "", "3.9", "newest", "٣.٩.١"])
def test_what_is_no_release_with_bulk_delete_is_refused_with_the_list(release: str) -> None:
    """Whether it is older or no release at all."""
    with pytest.raises(UsageError, match=r"measured are 3\.6\.16 to 3\.6\.29, 3\.7\.0 to 3\.7\.8"):
        measured_release(release)


def test_ranges_hold_both_ends() -> None:
    """And without an end, all that are newer."""
    assert is_within("3.6.16", "3.6.16", "3.6.22")
    assert is_within("3.6.22", "3.6.16", "3.6.22")
    assert not is_within("3.6.23", "3.6.16", "3.6.22")
    assert is_within("3.10.0", "3.9.1")
    assert describe_range("3.6.16", "3.9.0") == "Prefect 3.6.16 to 3.9.0"
    assert describe_range("3.9.1", "3.9.1") == "Prefect 3.9.1"
    assert describe_range("3.9.1", None) == "Prefect 3.9.1 and later"


def test_releases_are_listed_in_short() -> None:
    """Each minor release once."""
    assert list_releases() == "3.6.16 to 3.6.29, 3.7.0 to 3.7.8, 3.8.0 to 3.8.8, 3.9.0 to 3.9.1"


def test_each_release_is_installed_with_what_it_works_with() -> None:
    """A release newer than all measured ones is installed as the newest was."""
    oldest = ("prefect==3.6.16", "fastapi<0.130", "importlib_metadata", "sqlalchemy<2.1")
    assert requirements("3.6.16") == oldest
    assert requirements("3.7.8") == ("prefect==3.7.8", "fastapi<0.145", "sqlalchemy<2.1")
    assert requirements("3.9.2")[1:] == requirements("3.9.1")[1:] == ("fastapi<0.151",)
