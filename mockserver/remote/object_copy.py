"""Copying what no filter on runs knows: variables, blocks, artifacts, limits and logs.

Of a part of a server only those are copied that belong to its runs: artifacts and logs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any

from ..seeds import count_records
from ..store import MAX_LOGS
from .kinds import (
    ARTIFACTS,
    BLOCK_DOCUMENTS,
    BLOCK_SCHEMAS,
    BLOCK_TYPES,
    LATEST_ARTIFACTS,
    LIMITS,
    LOGS,
    PAGE,
    VARIABLES,
    Kind,
    Record,
)
from .listing import Listing, chunks

Found = list[tuple[Kind, list[Record]]]
# Prefect: utilities/names.py, obfuscate: what is shown of a secret, unless one asks for it.
_HIDDEN = "********"


async def list_objects(listing: Listing) -> Found:
    """Everything of these kinds but logs, in an order in which they can be put together again."""
    variables = await listing.if_shown(VARIABLES.noun, listing.all_of(VARIABLES))
    blocks = await _blocks(listing)
    artifacts = await _artifacts(listing, ARTIFACTS, listing.all_of(ARTIFACTS))
    latest = await _artifacts(listing, LATEST_ARTIFACTS, listing.all_of(LATEST_ARTIFACTS))
    limits = await listing.if_shown(LIMITS.noun, listing.all_of(LIMITS))
    return [
        (VARIABLES, variables),
        *blocks,
        *_with_latest(artifacts, latest),
        (LIMITS, limits),
    ]


async def list_artifacts(listing: Listing, flow_run_ids: Iterable[str]) -> Found:
    """The artifacts of flow runs, and which of them are the latest of their keys."""
    by_runs = listing.by_owners(ARTIFACTS, flow_run_ids, "flow_run_id")
    artifacts = await _artifacts(listing, ARTIFACTS, by_runs)
    ids = [one["id"] for one in artifacts if one.get("key") is not None]
    found = listing.by_ids(LATEST_ARTIFACTS, ids, "latest_id")
    return _with_latest(artifacts, await _artifacts(listing, LATEST_ARTIFACTS, found))


async def _artifacts(
    listing: Listing, kind: Kind, asked: Awaitable[Sequence[Record]]
) -> list[Record]:
    # Data that a real server keeps and cannot send, such as NaN in the result of a run, makes it
    # answer 500 to every list that has it (measured on 3.9.1). The flow runs can be copied.
    return await listing.if_shown(kind.noun, asked, or_fails=True)


def _with_latest(artifacts: list[Record], latest: list[Record]) -> Found:
    # An artifact that came between the two lists is in the second only.
    ids = {one["id"] for one in artifacts}
    kept = [one for one in latest if one.get("latest_id") in ids]
    return [(ARTIFACTS, artifacts), (LATEST_ARTIFACTS, kept)]


async def _blocks(listing: Listing) -> Found:
    """The blocks, also those without names, and what they are of. Secrets are never asked for."""
    every: dict[str, Any] = {"block_documents": {"is_anonymous": {}}}
    documents = await listing.if_shown("blocks", listing.all_of(BLOCK_DOCUMENTS, every))
    # In this order: what a block that was listed is of is listed, too.
    schemas = await listing.if_shown(BLOCK_SCHEMAS.noun, listing.all_of(BLOCK_SCHEMAS))
    types = await listing.if_shown(BLOCK_TYPES.noun, listing.all_of(BLOCK_TYPES))
    type_ids = {one["id"] for one in types}
    schemas = [one for one in schemas if one.get("block_type_id") in type_ids]
    ids = {one["id"] for one in schemas}
    documents = [one for one in documents if one.get("block_schema_id") in ids]
    hiding = sum(_hides(one.get("data")) for one in documents)
    if hiding:
        listing.remarks.append(
            f"not asked for, and so {_HIDDEN} in the copy: the secrets of "
            f"{count_records('block_documents', hiding)}"
        )
    return [(BLOCK_TYPES, types), (BLOCK_SCHEMAS, schemas), (BLOCK_DOCUMENTS, documents)]


def _hides(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_hides, value.values()))
    return bool(value == _HIDDEN)


async def list_logs(listing: Listing, flow_run_ids: Iterable[str] | None) -> list[Record]:
    """The latest logs of flow runs, or (None) of all: at most `MAX_LOGS`, and a note if it is so.

    An offset makes a database pass over all before it, so each page begins at the time at which
    the one before ended.
    """
    filters: Sequence[Mapping[str, Any]] = (
        [{}]
        if flow_run_ids is None
        else [{"flow_run_id": {"any_": chunk}} for chunk in chunks(sorted(flow_run_ids))]
    )
    found: dict[str, Record] = {}
    for given in filters:
        if not await _add_logs(listing, given, found):
            listing.remarks.append(
                f"there are more logs than a mock keeps: the copy has the latest {len(found):,}"
            )
            break
    return list(found.values())


async def _add_logs(listing: Listing, given: Mapping[str, Any], found: dict[str, Record]) -> bool:
    """Add the logs that a filter matches, the latest first. Returns whether these are all."""
    last, offset = None, 0
    while len(found) < MAX_LOGS:
        window: dict[str, Any] = {} if last is None else {"timestamp": {"before_": last}}
        page = await listing.client.page(
            LOGS.path,
            {"logs": {**given, **window}, "sort": LOGS.sort, "limit": PAGE, "offset": offset},
        )
        found.update((record["id"], record) for record in page)
        if len(page) < PAGE:
            return True
        ended = page[-1].get("timestamp")
        offset = offset + PAGE if ended == last else 0
        last = ended
    return False
