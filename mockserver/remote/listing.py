"""Lists of a server that are read page by page, and held against its counts."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from .client import ReadClient, RefusedError
from .kinds import PAGE, Kind, Record
from .slicing import run_all

# A list that was short of the server's count is asked for again.
_LISTINGS = 3
# Not for this user, not in this server, and not modelled by the mock.
_NOT_SHOWN = frozenset({403, 404, 501})


class Listing:
    """The lists of one server.

    What differs from the server is added to `notes`, and what else a user should know to `remarks`.
    """

    def __init__(self, client: ReadClient, notes: list[str]) -> None:
        self.client, self.notes = client, notes
        self.remarks: list[str] = []

    async def all_of(self, kind: Kind, body: Mapping[str, Any] | None = None) -> list[Record]:
        """All records of a kind of which a server has few, as many as it counts."""
        given = dict(body or {})
        sort = {"sort": kind.sort} if kind.sort else {}
        for _ in range(_LISTINGS):
            records = await self.pages(kind.path, {**given, **sort})
            if not kind.counted:
                return records
            total = await self.client.count(kind.path.removeprefix("/"), given)
            if len(records) == total:
                return records
        self.notes.append(
            f"{kind.noun} change all the time: the server counts {total:,}, "
            f"and the copy has {len(records):,}"
        )
        return records

    async def pages(self, path: str, body: Mapping[str, Any]) -> list[Record]:
        """The records that a list has, page after page, each once."""
        found: dict[str, Record] = {}
        offset = 0
        while True:
            page = await self.client.page(path, {**body, "limit": PAGE, "offset": offset})
            found.update((record["id"], record) for record in page)
            if len(page) < PAGE:
                return list(found.values())
            offset += PAGE

    async def by_ids(self, kind: Kind, ids: Iterable[str], key: str = "id") -> list[Record]:
        """The records that have one of these ids, or of other values that no two of them share."""
        bodies = [{**body, "limit": PAGE} for body in _bodies(kind, ids, key)]
        found = await run_all(self.client.page(kind.path, body) for body in bodies)
        return [record for part in found for record in part]

    async def by_owners(self, kind: Kind, ids: Iterable[str], key: str) -> list[Record]:
        """The records of owners with these ids, each of which can have several."""
        found = await run_all(self.pages(kind.path, body) for body in _bodies(kind, ids, key))
        return [record for part in found for record in part]

    async def if_shown(
        self, noun: str, asked: Awaitable[Sequence[Record]], *, or_fails: bool = False
    ) -> list[Record]:
        """The records of a list; none, and a note, where the server does not show it.

        `or_fails`: or where it answers 500 each time.
        """
        try:
            return list(await asked)
        except RefusedError as refusal:
            if refusal.status not in _NOT_SHOWN and not (or_fails and refusal.status == 500):
                raise
            self.notes.append(f"no {noun} were copied: {refusal}")
            return []


def _bodies(kind: Kind, ids: Iterable[str], key: str) -> Iterator[dict[str, Any]]:
    sort = {"sort": kind.sort} if kind.sort else {}
    for chunk in chunks(sorted(ids)):
        yield {kind.filter_key: {key: {"any_": chunk}}, **sort}


def chunks(items: Iterable[str]) -> Iterator[list[str]]:
    """The items in lists of at most `PAGE`."""
    rest = iter(items)
    while chunk := list(islice(rest, PAGE)):
        yield chunk
