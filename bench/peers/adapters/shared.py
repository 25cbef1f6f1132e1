"""What all adapters share: their two verbs, the records and the vectors. Needs wordllama, and nothing of apex.

A line of the file, made by `bench.peers.prepared`, is a record: `id`, `title`, `text`, its `chunks` (texts), `entities`
(`id`, `name`, `type`) and `facts` (`id`, `subject`, `predicate`, `object`, `sentence`, `valid_at`).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

DIMENSIONS = 256
BATCH = 250
"""Records of one call of a peer that takes lists; apex commits as many at once."""

Item = dict[str, Any]
Held = dict[str, dict[str, list[str]]]
"""Kind (`records`, `entities`, `facts`, `mentions`) → store → the keys of what it holds, each as often as it holds it.

Stores that agree hold the same keys. `vectors` has one list a collection, which need not be alike.
"""


def main(
    load: Callable[[Sequence[Item], Path], None],
    count: Callable[[Path], Held],
    recover: Callable[[Path], None] | None = None,
) -> None:
    """Run the verb of the command line. Whatever a library prints goes to stderr.

    `recover`: finish what a killed load left, without its records, where a peer can.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    verb, *paths = sys.argv[1:]
    if verb == "count":
        print(json.dumps(count(Path(paths[0]))), file=answers, flush=True)
        return
    if recover is not None and verb == "recover":
        recover(Path(paths[0]))
        return
    file, folder = (Path(path) for path in paths)
    items = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    print(json.dumps({"event": "start"}), file=answers, flush=True)
    load(items, folder)
    print(json.dumps({"event": "end", "records": len(items)}), file=answers, flush=True)


def entities(items: Sequence[Item]) -> list[Item]:
    """Each entity of all records once."""
    return list({entity["id"]: entity for item in items for entity in item["entities"]}.values())


def batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The records in lists of `BATCH`."""
    waiting = iter(items)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def embedder() -> Callable[[list[str]], Any]:
    """The model that apex embeds with: texts → an array of unit vectors, from weights in the wheel."""
    from wordllama import WordLlama  # type: ignore[import-untyped]

    spec = find_spec("wordllama")
    assert spec is not None
    assert spec.origin is not None
    model = WordLlama.load(dim=DIMENSIONS, cache_dir=Path(spec.origin).parent, disable_download=True)

    def embed(texts: list[str]) -> Any:
        return model.embed(texts, norm=True, batch_size=64)

    return embed
