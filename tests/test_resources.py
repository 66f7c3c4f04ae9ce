"""Shipped files are found, or the error says where they were expected."""

import pytest

from mockserver.resources import resource_path


def test_shipped_files_are_found() -> None:
    """The contract, the docs page and the fixtures come with the package."""
    assert resource_path("openapi.yaml").is_file()
    assert resource_path("http/docs.html").is_file()
    assert resource_path("fixtures").is_dir()


def test_the_error_for_a_missing_file_names_the_places() -> None:
    """With a broken installation, it says what was looked for, and where."""
    with pytest.raises(FileNotFoundError, match=r"nothing.yaml is missing: neither .* nor "):
        resource_path("nothing.yaml")
