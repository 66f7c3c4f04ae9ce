"""Ids of records that a seed gives none: the same for the same place in a file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from uuid import uuid5

from .files import Location
from .records import NAMESPACE


class DerivedIds:
    """The ids of one load. Files are known by their names, without their folders.

    Further files of one name get numbers, in the order in which they are loaded.
    """

    def __init__(self) -> None:
        self._files_by_name: defaultdict[str, list[Path]] = defaultdict(list)

    def id_at(self, location: Location) -> str:
        """The id of a record at a place in a file."""
        files = self._files_by_name[location.file.name]
        if location.file not in files:
            files.append(location.file)
        number = files.index(location.file)
        name = f"{location.file.name}({number})" if number else location.file.name
        # A name that is not UTF-8 has lone surrogates, which uuid5 cannot encode.
        name = name.encode(errors="backslashreplace").decode()
        return str(uuid5(NAMESPACE, f"{name}{location.path_in_file}"))
