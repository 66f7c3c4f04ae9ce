"""The warnings about requests: their ids, and the sentence of each under a dialect.

Most are about a deviation: the request would be answered otherwise by the servers that have it. To
a user of a server that does not have it, the sentence is only a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from .deviations import DEVIATIONS
from .dialects import Dialect

LIMIT_REACHED = "limit-reached"
"""The warning of a reply after which runs are left. A drain earns it with every call but the last:
logs, tests and reports tell only of filters whose last call left some (see `find_unfinished`).
"""
# Warnings about requests that probably do something else than their author meant, on any server.
CLIENT_WARNINGS: Mapping[str, str] = MappingProxyType(
    {
        "no-filter": "no condition is left in the filter: it matches everything",
        "unknown-key": "a top-level key is unknown to the endpoint and was ignored",
        "date-read-as-unix": "a number or digits in place of a date-time are read as seconds (or "
        "milliseconds) since 1970",
        "empty-criterion-under-or": "a criterion without a condition is satisfied by all "
        "records: under or_ it makes the filter match everything",
        LIMIT_REACHED: "more match than the limit let be deleted; send the request again until "
        "`deleted` is empty",
        "null-values-skipped": "not_any_ left out flow runs only because their value is null",
    }
)
_WARNED = {deviation.id: deviation for deviation in DEVIATIONS if not deviation.silent}

WARNINGS: tuple[str, ...] = (*_WARNED, *CLIENT_WARNINGS)
"""Every id that the header `x-mockserver-warning` can hold, in the order of the header."""


def notes_of(dialect: Dialect) -> frozenset[str]:
    """The warnings that are only notes: other servers have the deviation, the dialect's do not.

    Under `spec` there are none: it stands for no server, so its user may have any of them.
    """
    return _notes(dialect.database, dialect.release)


def warning_sentence(warning: str, dialect: Dialect) -> str:
    """What a warning says under a dialect. A deviation is told with the releases that have it.

    Raises KeyError for an id that is not in `WARNINGS`.
    """
    return _sentences(dialect.database, dialect.release)[warning]


# Kept by two short texts: a drain asks with every call, and a dialect takes long to hash.
@lru_cache(256)
def _notes(database: str | None, release: str) -> frozenset[str]:
    if database is None:
        return frozenset()
    return frozenset(id_ for id_, one in _WARNED.items() if not one.is_in(database, release))


@lru_cache(256)
def _sentences(database: str | None, release: str) -> Mapping[str, str]:
    notes = _notes(database, release)
    said = dict(CLIENT_WARNINGS)
    for id_, deviation in _WARNED.items():
        who = "note: not this server, but others" if id_ in notes else "a real server"
        said[id_] = f"{who} ({deviation.where}): {deviation.server}"
    return MappingProxyType(said)
