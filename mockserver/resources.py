"""Finding the files that come with the package: the contract, the docs page, the fixtures."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path


def resource_path(name: str) -> Path:
    """Return the path of a shipped file or folder, given relative to the package.

    In a wheel it is inside the package, in a checkout it can be beside it. Raises FileNotFoundError
    if it is in neither place.
    """
    places = (Path(str(files("mockserver"))) / name, Path(__file__).parents[1] / name)
    for place in places:
        if place.exists():
            return place
    looked = " nor ".join(str(place) for place in places)
    raise FileNotFoundError(f"{name} is missing: neither {looked} exists; reinstall mockserver")


@cache
def resource_text(name: str) -> str:
    """Return the text of a shipped file, which is read once. Raises as `resource_path` does."""
    return resource_path(name).read_text(encoding="utf-8")
