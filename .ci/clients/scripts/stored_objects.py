"""Variables, blocks, artifacts and limits, as a user's script sets, reads and deletes them.

Claim: each call returns or raises the same on both servers, and leaves the same behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from observations import Observations, to_json
from prefect import flow, get_client, task
from prefect.artifacts import (
    Artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import concurrency
from prefect.filesystems import LocalFileSystem
from prefect.variables import Variable
from pydantic import SecretStr

seen = Observations("objects")
NAME = seen.token.replace("-", "_")  # what a variable may be called


class Credentials(Block):
    """Who is asked."""

    _block_type_name = f"Credentials {seen.token}"
    _block_type_slug = f"credentials-{seen.token}"
    key: SecretStr
    attempts: int = 1


class Source(Block):
    """What is read, and as whom."""

    _block_type_name = f"Source {seen.token}"
    _block_type_slug = f"source-{seen.token}"
    credentials: Credentials
    path: str = "/"


def note(what: str, call: Callable[[], Any]) -> None:
    """Keep what a call returns, or the type of what it raises."""
    try:
        seen.note(what, to_json(call()))
    except Exception as error:  # noqa: BLE001 - whatever it is, it has to be the same
        seen.note(what, {"raised": type(error).__name__})


def variables() -> None:
    note("variable: absent", lambda: Variable.get(f"{NAME}_none", default=7))
    note("variable: set", lambda: bool(Variable.set(NAME, {"a": [1, 2.5, None]})))
    note("variable: get", lambda: Variable.get(NAME))
    note("variable: set again", lambda: Variable.set(NAME, 2))
    note("variable: overwrite", lambda: bool(Variable.set(NAME, 10.5, overwrite=True)))
    note("variable: overwritten", lambda: Variable.get(NAME))
    note("variable: unset", lambda: [Variable.unset(NAME) for _ in range(2)])


def blocks() -> None:
    name = seen.token
    note("secret: absent", lambda: Secret.load(name))
    note("secret: save", lambda: bool(Secret(value="top").save(name)))
    note("secret: save again", lambda: Secret(value="two").save(name))
    note("secret: overwrite", lambda: bool(Secret(value={"a": 1}).save(name, overwrite=True)))
    note("secret: load", lambda: Secret.load(name).get())
    note("secret: delete", lambda: Secret.delete(name))
    note("secret: delete again", lambda: Secret.delete(name))
    note("files: save", lambda: bool(LocalFileSystem(basepath="/data").save(name)))
    note("files: load", lambda: LocalFileSystem.load(name).basepath)
    note("files: delete", lambda: LocalFileSystem.delete(name))
    note("nested: inner", lambda: bool(Credentials(key="k", attempts=3).save(name)))
    note("nested: save", lambda: bool(Source(credentials=Credentials.load(name)).save(name)))
    note("nested: load", load_nested)
    note("nested: by type and name", lambda: type(Block.load(f"source-{name}/{name}")).__name__)


def load_nested() -> Any:
    source = Source.load(seen.token)
    return source.credentials.key.get_secret_value(), source.credentials.attempts, source.path


@flow(name=f"shows-{seen.token}")
def show() -> int:
    key = seen.token
    create_markdown_artifact("# First", key=key, description="d")
    create_table_artifact([{"a": 1}, {"a": None}], key=key)
    create_link_artifact("https://example.org", key=f"{key}-link", link_text="there")
    progress = create_progress_artifact(10.0, key=f"{key}-progress")
    update_progress_artifact(progress, 51.5)
    return 4


def artifacts() -> None:
    note("artifacts: create", show)
    for suffix in ("", "-link", "-progress", "-none"):
        note(f"artifacts: get{suffix}", lambda: _shown(Artifact.get(f"{seen.token}{suffix}")))  # noqa: B023
    note(
        "artifacts: get or create",
        lambda: Artifact.get_or_create(f"{seen.token}-new", data={"a": 1})[1],
    )


def _shown(artifact: Artifact | None) -> Any:
    return artifact and [artifact.type, artifact.description, artifact.data]


@task(tags=[f"tag-{seen.token}"])
def limited() -> str:
    return "ran"


@flow(name=f"limits-{seen.token}")
def take_slots() -> str:
    with concurrency(seen.token, occupy=1):
        return limited()


async def limits(client: PrefectClient) -> None:
    created = GlobalConcurrencyLimitCreate(name=seen.token, limit=1)
    await client.create_global_concurrency_limit(created)
    await client.create_concurrency_limit(tag=f"tag-{seen.token}", concurrency_limit=1)
    seen.note("limits: a flow", await asyncio.to_thread(take_slots))
    limit = await client.read_global_concurrency_limit_by_name(seen.token)
    seen.note("limits: after it", [limit.limit, limit.active, limit.active_slots])
    tag = await client.read_concurrency_limit_by_tag(f"tag-{seen.token}")
    seen.note("limits: of a tag", [tag.concurrency_limit, tag.active_slots])
    await client.delete_global_concurrency_limit_by_name(seen.token)
    await client.delete_concurrency_limit_by_tag(f"tag-{seen.token}")


async def clean_up(client: PrefectClient) -> None:
    """Delete the types of blocks; their blocks go with them."""
    for slug in ("source", "credentials"):
        block_type = await client.read_block_type_by_slug(f"{slug}-{seen.token}")
        await client.delete_block_type(block_type.id)
    left = [one.name for one in await client.read_block_documents() if one.name == seen.token]
    seen.note("blocks: left", left)
    for name in (f"shows-{seen.token}", f"limits-{seen.token}"):
        await client.delete_flow((await client.read_flow_by_name(name)).id)


async def with_client() -> None:
    async with get_client() as client:
        await limits(client)
        await clean_up(client)


variables()
blocks()
artifacts()
asyncio.run(with_client())
seen.print_all()
