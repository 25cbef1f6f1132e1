"""The collection of a namespace and a model: made once, with its payload indexes; never used when it does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apex_cli.errors import StoreUnavailable
from apex_cli.stores.qdrant.points import KEYWORDS

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient

OLDEST = (1, 16)
_CONFLICT = 409


async def refuse_old(client: AsyncQdrantClient) -> str:
    """The server's version. Raises `StoreUnavailable` for one that is too old."""
    version = (await client.info()).version
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise StoreUnavailable(
            f"the vectors are on Qdrant {version}, and apex needs {OLDEST[0]}.{OLDEST[1]} or newer",
            hint="upgrade the server, or name another one in APEX_QDRANT_URL",
        )
    return version


async def ensure(client: AsyncQdrantClient, name: str, dimensions: int) -> None:
    """Make the collection and its indexes where they are not there. Idempotent, also with several processes at once.

    Raises `StoreUnavailable` when the collection has vectors of another kind.
    """
    from qdrant_client import models

    if not await client.collection_exists(name):
        await _create(client, name, dimensions)
    params = (await client.get_collection(name)).config.params.vectors
    if not isinstance(params, models.VectorParams):
        raise _unfit(name, "named vectors")
    if params.size != dimensions or params.distance != models.Distance.COSINE:
        raise _unfit(name, f"{params.size} dimensions and distance {params.distance.value}")
    for field in KEYWORDS:
        await client.create_payload_index(name, field, models.PayloadSchemaType.KEYWORD, wait=True)
    await client.create_payload_index(name, "visible", models.PayloadSchemaType.INTEGER, wait=True)


async def _create(client: AsyncQdrantClient, name: str, dimensions: int) -> None:
    from qdrant_client import models
    from qdrant_client.http.exceptions import UnexpectedResponse

    params = models.VectorParams(size=dimensions, distance=models.Distance.COSINE)
    try:
        await client.create_collection(name, vectors_config=params)
    except UnexpectedResponse as error:
        # Another process was quicker: its collection is looked at like any other.
        if error.status_code != _CONFLICT and not await client.collection_exists(name):
            raise


def _unfit(name: str, what: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"the Qdrant collection {name} has {what}, which is not what the embedding model makes",
        hint="another program may own it: use another APEX_NAMESPACE, or remove the collection",
    )
