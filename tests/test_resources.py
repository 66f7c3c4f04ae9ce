"""Shipped files are found, or their absence is told."""

import pytest

from mockserver.resources import resource_path


def test_shipped_files_are_there() -> None:
    """The contract, its page and the fixtures come with the package."""
    assert resource_path("openapi.yaml").is_file()
    assert resource_path("http/docs.html").is_file()
    assert resource_path("fixtures").is_dir()


def test_a_missing_file_is_told_with_its_places() -> None:
    """A broken installation says what it looked for, and where."""
    with pytest.raises(FileNotFoundError, match=r"nothing.yaml is missing: neither .* nor "):
        resource_path("nothing.yaml")
