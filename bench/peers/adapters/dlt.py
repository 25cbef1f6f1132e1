"""dlt into DuckDB: five tables merged by their keys in one run of a pipeline; vectors are a column of bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.peers.adapters import shared
from bench.peers.adapters.shared import Held, Item


def load(items: Sequence[Item], folder: Path) -> None:
    """Extract, normalize and load; a run that was killed is taken up by dlt itself."""
    import dlt

    embed = shared.embedder()

    def chunks() -> Iterator[list[Item]]:
        for batch in shared.batches(items):
            places = [(item["id"], place, text) for item in batch for place, text in enumerate(item["chunks"])]
            vectors = embed([text for _, _, text in places])
            yield [
                {"id": f"{record}:{place}", "record": record, "text": text, "vector": vector.tobytes()}
                for (record, place, text), vector in zip(places, vectors, strict=True)
            ]

    def table(name: str, rows: Any, *keys: str) -> Any:
        return dlt.resource(rows, name=name, primary_key=list(keys), write_disposition="merge")

    mentions = ({"record": item["id"], "entity": entity} for item in items for entity in _mentioned(item))
    _pipeline(folder).run(
        [
            table("records", ({name: item[name] for name in ("id", "title", "text")} for item in items), "id"),
            table("entities", shared.entities(items), "id"),
            table("facts", ({"record": item["id"], **fact} for item in items for fact in item["facts"]), "id"),
            table("mentions", mentions, "record", "entity"),
            table("chunks", chunks, "id"),
        ]
    )


def recover(folder: Path) -> None:
    """Load the packages that are on disk: dlt keeps what it has extracted."""
    pipeline = _pipeline(folder)
    pipeline.normalize()
    pipeline.load()


def _pipeline(folder: Path) -> Any:
    import dlt

    return dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "rows.duckdb")),
        dataset_name="bench",
    )


def _mentioned(item: Item) -> set[str]:
    return {entity["id"] for entity in item["entities"]}


def count(folder: Path) -> Held:
    """Read DuckDB by its own client. All tables are in one database, which is one store."""
    import duckdb

    rows = duckdb.connect(folder / "rows.duckdb")

    def column(query: str) -> list[str]:
        try:
            return [str(value) for (value,) in rows.execute(query).fetchall()]
        except duckdb.CatalogException:
            # The table is not there yet.
            return []

    return {
        "records": {
            "DuckDB records": column("SELECT id FROM bench.records"),
            "DuckDB chunks": column("SELECT record FROM bench.chunks"),
        },
        "entities": {"DuckDB": column("SELECT id FROM bench.entities")},
        "facts": {"DuckDB": column("SELECT id FROM bench.facts")},
        "mentions": {"DuckDB": column("SELECT record || ' ' || entity FROM bench.mentions")},
        "vectors": {"chunks": column("SELECT id FROM bench.chunks")},
    }


if __name__ == "__main__":
    shared.main(load, count, recover)
