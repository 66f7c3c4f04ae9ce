"""Shipped files are found, or their absence is told."""

import pytest

from mockserver.resources import shipped


def test_shipped_files_are_there() -> None:
    """The contract, its page and the fixtures come with the package."""
    assert shipped("openapi.yaml").is_file()
    assert shipped("http/docs.html").is_file()
    assert shipped("fixtures").is_dir()


def test_a_missing_file_is_told_with_its_places() -> None:
    """A broken installation says what it looked for, and where."""
    with pytest.raises(FileNotFoundError, match=r"nothing.yaml is missing: neither .* nor "):
        shipped("nothing.yaml")
