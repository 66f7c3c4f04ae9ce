"""Files that come with the package: the contract, the docs page, the shipped fixtures."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def resource_path(name: str) -> Path:
    """Where a shipped file or folder is: inside the package (a wheel) or beside it (a checkout).

    Raises FileNotFoundError when it is in neither place.
    """
    places = (Path(str(files("mockserver"))) / name, Path(__file__).parents[1] / name)
    for place in places:
        if place.exists():
            return place
    looked = " nor ".join(str(place) for place in places)
    raise FileNotFoundError(f"{name} is missing: neither {looked} exists; install mockserver anew")
