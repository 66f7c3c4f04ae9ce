"""The lines of a YAML file in which problems are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import SeedProblem
from .bounded_files import BoundedReader, UnreadableFileError, open_regular
from .seed_files import MOST_BYTES

# As `Location` is written, before the key of a value.
_PLACE_IN_YAML = re.compile(r"(.+\.ya?ml(?:\.gz)?), (\w*)\[(\d+)\](?:\.(\w+))?", re.I)


def with_yaml_lines(problems: Iterable[SeedProblem]) -> Iterator[SeedProblem]:
    """Problems; those in records of YAML files also say in which line.

    Only now, for keeping the lines of all values would double the time of each load.
    """
    from .strict_yaml import find_line  # imported late, as in `_read_yaml`

    roots: dict[str, Any] = {}
    for problem in problems:
        place = _PLACE_IN_YAML.fullmatch(problem.where)
        if place is None:
            yield problem
            continue
        file, collection, index, key = place.groups()
        if file not in roots:
            roots[file] = _compose(Path(file))
        line = find_line(roots[file], collection, int(index), key or "")
        rest = problem.where.removeprefix(file)
        yield problem if line is None else replace(problem, where=f"{file}:{line}{rest}")


def _compose(path: Path) -> Any:
    """The nodes of a YAML file that was read before; None if it cannot be read any more."""
    from .strict_yaml import compose_yaml  # imported late, as in `_read_yaml`

    try:
        with open_regular(path) as raw:
            reader = BoundedReader(raw, compressed=path.suffix == ".gz")
            return compose_yaml(reader.read_all(MOST_BYTES[".yaml"]))
    except (OSError, UnreadableFileError):
        return None
